#include "base/buffer.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(buffer, .timeout = 60);

Test(buffer, is_text_from_the_start)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    cr_assert_str_eq(buffer_text(&buffer), "");
    buffer_append(&buffer, NULL, 0);
    cr_assert_str_eq(buffer_text(&buffer), "");
    buffer_append_string(&buffer, "one");
    buffer_append_char(&buffer, ' ');
    buffer_append_format(&buffer, "%d-%s", 2, "two");
    buffer_append_repeat(&buffer, '.', 3);
    buffer_append_repeat(&buffer, 'x', 0);
    cr_assert_str_eq(buffer_text(&buffer), "one 2-two...");
    cr_assert_eq(buffer.length, 12);
    buffer_release(&buffer);
}

Test(buffer, keeps_nul_bytes)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append(&buffer, "a\0b", 3);
    cr_assert_eq(buffer.length, 3);
    cr_assert_arr_eq(buffer.data, "a\0b", 4);
    buffer_release(&buffer);
}

Test(buffer, grows_byte_by_byte)
{
    struct buffer buffer;
    buffer_init(&buffer, 100000);
    for (int i = 0; i < 70000; i++)
        buffer_append_char(&buffer, (char)('a' + i % 26));
    cr_assert_eq(buffer.length, 70000);
    cr_assert_eq(strlen(buffer_text(&buffer)), 70000);
    for (size_t i = 0; i < buffer.length; i++)
        cr_assert_eq(buffer.data[i], (char)('a' + i % 26));
    buffer_release(&buffer);
}

Test(buffer, never_passes_its_maximum)
{
    struct buffer buffer;
    struct error err = {0};
    buffer_init(&buffer, 4);
    buffer_append_string(&buffer, "1234");
    cr_assert(buffer_check(&buffer, &err));
    buffer_append_char(&buffer, '5');
    cr_assert(buffer.failed);
    cr_assert_str_eq(buffer_text(&buffer), "1234");
    /* A later append that would fit must not make a text with a hole in it. */
    buffer_append(&buffer, NULL, 0);
    cr_assert(!buffer_check(&buffer, &err));
    cr_assert_eq(err.code, ERROR_MEMORY);
    cr_assert_not_null(strstr(err.text, "4 bytes"));
    buffer_clear(&buffer);
    buffer_append_string(&buffer, "ok");
    cr_assert_str_eq(buffer_text(&buffer), "ok");
    buffer_release(&buffer);
}

Test(buffer, sizes_that_overflow_are_refused)
{
    struct buffer buffer;
    buffer_init(&buffer, (size_t)-1);
    buffer_append_string(&buffer, "12");
    buffer_append_repeat(&buffer, 'x', (size_t)-1);
    cr_assert(buffer.failed);
    cr_assert_str_eq(buffer_text(&buffer), "12");
    buffer_release(&buffer);
}

Test(buffer, can_be_used_after_release)
{
    struct buffer buffer;
    buffer_init(&buffer, 8);
    buffer_append_string(&buffer, "123456789");
    buffer_release(&buffer);
    buffer_append_string(&buffer, "12345678");
    cr_assert_str_eq(buffer_text(&buffer), "12345678");
    buffer_release(&buffer);
}
