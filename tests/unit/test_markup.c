#include "base/markup.h"

#include <criterion/criterion.h>
#include <string.h>

static struct buffer out;

static void setup(void)
{
    buffer_init(&out, 1 << 20);
}

static void teardown(void)
{
    buffer_release(&out);
}

TestSuite(markup, .init = setup, .fini = teardown, .timeout = 60);

Test(markup, text_is_text_whatever_it_holds)
{
    markup_append_text(&out, "<script>alert(\"1\") & 'x'</script>");
    cr_assert_str_eq(buffer_text(&out), "&lt;script&gt;alert(&quot;1&quot;) &amp; &#39;x&#39;"
                                        "&lt;/script&gt;");
}

Test(markup, control_and_bidirectional_characters_are_made_visible)
{
    markup_append_text(&out, "a\x1b[31m\xe2\x80\xaegnp.exe\xff");
    cr_assert_null(strchr(buffer_text(&out), 0x1b));
    cr_assert_null(strstr(buffer_text(&out), "\xe2\x80\xae"));
    cr_assert_null(strchr(buffer_text(&out), (char)0xff));
}

Test(markup, attributes_are_quoted_and_null_ones_left_out)
{
    markup_open(&out, "a", "href", "#x\" onclick=\"y", "title", NULL, "id", "1", NULL);
    markup_close(&out, "a");
    markup_empty(&out, "br", NULL);
    markup_element(&out, "b", "1 < 2", "class", "c", NULL);
    cr_assert_str_eq(buffer_text(&out), "<a href=\"#x&quot; onclick=&quot;y\" id=\"1\"></a><br/>"
                                        "<b class=\"c\">1 &lt; 2</b>");
}

/* A runner would obey a line that begins with two colons; within a line they are a name's. */
Test(markup, no_line_begins_with_a_command)
{
    markup_append_text(&out, "::a\n \t::b\nstd::vector ::c\n:d\n");
    markup_append_text(&out, "::e");
    cr_assert_str_eq(buffer_text(&out), "&#58;:a\n \t&#58;:b\nstd::vector ::c\n:d\n&#58;:e");
}

Test(markup, json_cannot_end_its_script)
{
    markup_append_json(&out, "{\"a\":\"</script><!--\xe2\x80\xa8&\"}");
    cr_assert_str_eq(buffer_text(&out),
                     "{\"a\":\"\\u003c/script\\u003e\\u003c!--\\u2028\\u0026\"}");
}

Test(markup, a_full_buffer_is_told)
{
    buffer_release(&out);
    buffer_init(&out, 8);
    markup_append_text(&out, "more than eight bytes");
    cr_assert(out.failed);
}
