/* URLs split, targets made fit for the wire. */
#include "replay/url.h"

#include "replay/query_keys.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(url, .timeout = 600);

Test(url, split)
{
    static const struct {
        const char *text;
        enum url_kind kind;
        const char *authority, *target, *user;
    } cases[] = {
        {"http://a.example/b?c=d#e", URL_HTTP, "a.example", "/b?c=d", NULL},
        {"https://a.example", URL_HTTP, "a.example", "", NULL},
        {"HTTPS://A.example?x", URL_HTTP, "A.example", "?x", NULL},
        {"http://a.example#f/g", URL_HTTP, "a.example", "", NULL},
        {"http://u:p@a.example:8080/", URL_HTTP, "a.example:8080", "/", "u:p"},
        {"http://u@x@a.example/", URL_HTTP, "a.example", "/", "u@x"},
        {"http://a.example/u@b", URL_HTTP, "a.example", "/u@b", NULL},
        {"http://a.example:80/", URL_HTTP, "a.example", "/", NULL},
        {"https://a.example:443/", URL_HTTP, "a.example", "/", NULL},
        {"https://a.example:80/", URL_HTTP, "a.example:80", "/", NULL},
        {"http://[::1]:8080/x", URL_HTTP, "[::1]:8080", "/x", NULL},
        {"ws://a.example/", URL_OTHER, "", "", NULL},
        {"data:text/plain,http://x", URL_OTHER, "", "", NULL},
        {"chrome-extension://abc/", URL_OTHER, "", "", NULL},
        {"http:///path", URL_BROKEN, "", "", NULL},
        {"http://u@/path", URL_BROKEN, "", "", NULL},
        {"http:/a.example/", URL_BROKEN, "", "", NULL},
        {"http://a b/", URL_BROKEN, "", "", NULL},
        {"/path", URL_BROKEN, "", "", NULL},
        {"://x", URL_BROKEN, "", "", NULL},
        {"", URL_BROKEN, "", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct url url;
        enum url_kind kind = url_split(cases[i].text, strlen(cases[i].text), &url);
        cr_expect_eq(kind, cases[i].kind, "%s", cases[i].text);
        if (kind != URL_HTTP)
            continue;
        cr_expect(url.authority_size == strlen(cases[i].authority) &&
                      memcmp(url.authority, cases[i].authority, url.authority_size) == 0,
                  "%s: %.*s", cases[i].text, (int)url.authority_size, url.authority);
        cr_expect(url.target_size == strlen(cases[i].target) &&
                      memcmp(url.target, cases[i].target, url.target_size) == 0,
                  "%s: %.*s", cases[i].text, (int)url.target_size, url.target);
        cr_expect_eq(url.user == NULL, cases[i].user == NULL, "%s", cases[i].text);
        if (cases[i].user != NULL)
            cr_expect(memcmp(url.user, cases[i].user, url.user_size) == 0);
    }
}

Test(url, targets_made_clean)
{
    static const struct {
        const char *text;
        bool ascii_only, was_clean;
        const char *clean;
    } cases[] = {
        {"/a?b=%20", false, true, "/a?b=%20"},
        {"/café", false, true, "/café"},
        {"/café", true, true, "/caf%C3%A9"},
        {"/caf\xe9", false, false, "/caf%E9"},
        {"/a b\x01\x7f", false, false, "/a%20b%01%7F"},
        {"?q", true, true, "/?q"},
        {"", true, true, "/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        cr_expect_eq(target_is_clean(cases[i].text, strlen(cases[i].text)), cases[i].was_clean,
                     "%s", cases[i].text);
        target_append_clean(&out, cases[i].text, strlen(cases[i].text), cases[i].ascii_only);
        cr_expect_str_eq(buffer_text(&out), cases[i].clean);
        cr_expect(target_is_clean(buffer_text(&out), out.length));
        buffer_release(&out);
    }
}

Test(url, query_keys_are_a_set)
{
    static const char *const cases[][2] = {
        {"/a", ""},
        {"/a?", ""},
        {"/a?b", "b"},
        {"/a?b=1&a=2&b=3", "a&b"},
        {"/a?&&=x&b", "b"},
        {"/a?ab=1&a=1&b=1", "a&ab&b"},
        {"/a?x=?y=1&z=%26", "x&z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        query_keys_append(&out, cases[i][0], strlen(cases[i][0]));
        cr_expect_str_eq(buffer_text(&out), cases[i][1], "%s", cases[i][0]);
        buffer_release(&out);
    }
}

Test(url, too_many_query_keys_are_one)
{
    char target[1000] = "/a?";
    struct buffer out;
    buffer_init(&out, 1000);
    for (int i = 0; i < 65; i++)
        snprintf(target + strlen(target), sizeof target - strlen(target), "&k%d", i);
    query_keys_append(&out, target, strlen(target));
    cr_expect_str_eq(buffer_text(&out), "…");
    buffer_release(&out);
}
