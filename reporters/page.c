#include "reporters/page.h"

#include "base/markup.h"
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

/* So that a script is no markup for readers of XML either. Part of what the digest is of. */
static const char script_open[] = "//<![CDATA[\n";
static const char script_close[] = "//]]>\n";

static void append_script(struct buffer *out, const char *script)
{
    buffer_append_string(out, script_open);
    buffer_append_string(out, script);
    buffer_append_string(out, script_close);
}

static void append_policy(struct buffer *out, const struct page *page)
{
    char style[SHA256_POLICY_SIZE], script[SHA256_POLICY_SIZE + 2] = "'none'", policy[512];
    sha256_policy(page->style, strlen(page->style), style);
    if (page->script != NULL) {
        struct buffer text;
        char digest[SHA256_POLICY_SIZE];
        buffer_init(&text, out->max);
        append_script(&text, page->script);
        sha256_policy(buffer_text(&text), text.length, digest);
        snprintf(script, sizeof script, "'%s'", digest);
        if (text.failed)
            out->failed = true;
        buffer_release(&text);
    }
    snprintf(policy, sizeof policy,
             "default-src 'none'; style-src '%s'; script-src %s; base-uri 'none'; "
             "form-action 'none'",
             style, script);
    markup_empty(out, "meta", "http-equiv", "Content-Security-Policy", "content", policy, NULL);
}

void page_open(struct buffer *out, const struct page *page)
{
    buffer_append_string(out, "<!DOCTYPE html>\n");
    markup_open(out, "html", "lang", "en", NULL);
    markup_open(out, "head", NULL);
    markup_empty(out, "meta", "charset", "utf-8", NULL);
    append_policy(out, page);
    markup_empty(out, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1",
                 NULL);
    markup_element(out, "title", page->title, NULL);
    markup_open(out, "style", NULL);
    buffer_append_string(out, page->style);
    markup_close(out, "style");
    markup_close(out, "head");
    buffer_append_char(out, '\n');
    markup_open(out, "body", NULL);
    buffer_append_char(out, '\n');
}

void page_close(struct buffer *out, const struct page *page)
{
    if (page->script != NULL) {
        markup_open(out, "script", NULL);
        append_script(out, page->script);
        markup_close(out, "script");
    }
    markup_close(out, "body");
    markup_close(out, "html");
    buffer_append_char(out, '\n');
}
