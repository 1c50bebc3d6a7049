#include "replay/import_log.h"

#include "base/text.h"
#include "replay/url.h"
#include "replay/wire.h"

#include <string.h>

enum { METHOD_MAX_BYTES = 32 };

static const char *const not_http = "the request line is not HTTP";

void log_scratch_init(struct log_scratch *scratch)
{
    *scratch = (struct log_scratch){0};
    /* No more than thrice a line: each byte may become %HH. */
    buffer_init(&scratch->request, 4 * LOG_LINE_MAX_BYTES);
    buffer_init(&scratch->target, 4 * LOG_LINE_MAX_BYTES);
}

void log_scratch_release(struct log_scratch *scratch)
{
    buffer_release(&scratch->request);
    buffer_release(&scratch->target);
}

/* Whether an odd number of backslashes stands before `at`, so that what is there is escaped. */
static bool is_escaped(const char *start, const char *at)
{
    size_t count = 0;
    while (at > start && at[-1] == '\\') {
        at--;
        count++;
    }
    return count % 2 == 1;
}

bool log_read_quoted(const char **at, const char *end, struct span *out)
{
    if (*at >= end || **at != '"')
        return false;
    const char *start = *at + 1, *from = start;
    for (;;) {
        const char *quote = memchr(from, '"', (size_t)(end - from));
        if (quote == NULL)
            return false;
        if (!is_escaped(start, quote)) {
            *out = (struct span){start, (size_t)(quote - start)};
            *at = quote + 1;
            return true;
        }
        from = quote + 1;
    }
}

bool log_read_word(const char **at, const char *end, struct span *out)
{
    if (*at >= end)
        return false;
    const char *space = memchr(*at, ' ', (size_t)(end - *at));
    const char *stop = space != NULL ? space : end;
    *out = (struct span){*at, (size_t)(stop - *at)};
    *at = space != NULL ? space + 1 : end;
    return out->size > 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that an escape stands for; moves `i`, which is at the backslash, to its last character.
 * An unknown escape is two characters of its own. */
static char unescape_one(struct span text, size_t *i)
{
    static const char letters[] = "bnrtv", bytes[] = "\b\n\r\t\v";
    size_t left = text.size - *i;
    char next = left > 1 ? text.data[*i + 1] : '\0';
    if (next == 'x' && left > 3) {
        int high = hex_digit(text.data[*i + 2]), low = hex_digit(text.data[*i + 3]);
        if (high >= 0 && low >= 0) {
            *i += 3;
            return (char)(high * 16 + low);
        }
    }
    const char *letter = next != '\0' ? strchr(letters, next) : NULL;
    if (next != '"' && next != '\\' && letter == NULL)
        return '\\';
    *i += 1;
    return letter != NULL ? bytes[letter - letters] : next;
}

bool log_unescape(struct span text, struct buffer *scratch, struct span *out)
{
    *out = text;
    if (text.size == 0 || memchr(text.data, '\\', text.size) == NULL)
        return true;
    buffer_clear(scratch);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        buffer_append_char(scratch, c == '\\' ? unescape_one(text, &i) : c);
    }
    *out = (struct span){buffer_text(scratch), scratch->length};
    return !scratch->failed;
}

bool log_read_text(struct span text, bool is_escaped, struct buffer *scratch, struct span *out)
{
    struct span plain = text;
    *out = (struct span){0};
    if (text.size > LOG_TEXT_MAX_BYTES || span_equals(text, "-"))
        return true;
    if (is_escaped && !log_unescape(text, scratch, &plain))
        return false;
    for (size_t i = 0; i < plain.size; i++) {
        unsigned char c = (unsigned char)plain.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    if (text_is_utf8(plain.data, plain.size))
        *out = plain;
    return true;
}

const char *log_protocol(struct span text)
{
    if (!span_begins(text, "HTTP/") || text.size < 6)
        return NULL;
    if (span_equals(text, "HTTP/1.0"))
        return "HTTP/1.0";
    if (text.data[5] == '1')
        return "HTTP/1.1";
    /* The corpus does not tell HTTP/3 from HTTP/2: both are replayed as HTTP/1.1. */
    return text.data[5] == '2' || text.data[5] == '3' ? "HTTP/2" : NULL;
}

bool log_is_method(struct span text)
{
    char copy[METHOD_MAX_BYTES + 1];
    if (text.size == 0 || text.size > METHOD_MAX_BYTES ||
        memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return wire_is_token(copy);
}

int log_read_status(struct span text)
{
    int status = 0;
    if (text.size != 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        status = status * 10 + (text.data[i] - '0');
    }
    return status >= 100 && status <= 599 ? status : 0;
}

int64_t log_read_size(struct span text)
{
    int64_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' ||
            __builtin_mul_overflow(size, (int64_t)10, &size) ||
            __builtin_add_overflow(size, (int64_t)(text.data[i] - '0'), &size))
            return -1;
    }
    return text.size > 0 ? size : -1;
}

/* Splits an absolute URL. NULL, or why it cannot be replayed. */
static const char *split_url(struct span *target, struct logged_request *out)
{
    struct url url;
    switch (url_split(target->data, target->size, &url)) {
    case URL_HTTP:
        break;
    case URL_OTHER:
        return "the URL is not of http or https";
    case URL_BROKEN:
        return not_http;
    }
    out->authority = (struct span){url.authority, url.authority_size};
    *target = (struct span){url.target, url.target_size};
    return NULL;
}

/* An absolute form or "*" is checked as a whole, with a NUL behind it. */
static const char *read_other_target(struct log_scratch *scratch, struct span target,
                                     struct logged_request *out)
{
    buffer_clear(&scratch->target);
    buffer_append(&scratch->target, target.data, target.size);
    if (scratch->target.failed)
        return NULL;
    const char *text = buffer_text(&scratch->target);
    if (memchr(target.data, '\0', target.size) != NULL || !wire_is_target(text) ||
        !text_is_utf8(text, target.size))
        return not_http;
    out->target = (struct span){text, target.size};
    return NULL;
}

const char *log_read_target(struct log_scratch *scratch, struct span target, bool split,
                            struct logged_request *out)
{
    bool is_path = target.size > 0 && target.data[0] == '/';
    if (split && !is_path && !span_equals(target, "*")) {
        const char *problem = split_url(&target, out);
        if (problem != NULL)
            return problem;
        is_path = true;
    }
    if (!is_path)
        return target.size > 0 ? read_other_target(scratch, target, out) : not_http;
    out->target = target;
    if (target.size > 0 && target.data[0] == '/' && target_is_clean(target.data, target.size))
        return NULL;
    buffer_clear(&scratch->target);
    target_append_clean(&scratch->target, target.data, target.size, false);
    out->target = (struct span){buffer_text(&scratch->target), scratch->target.length};
    return NULL;
}

const char *log_read_request_line(struct log_scratch *scratch, struct span text,
                                  struct logged_request *out)
{
    if (text.size == 0 || span_equals(text, "-"))
        return "the log has no request line";
    const char *first = memchr(text.data, ' ', text.size);
    const char *last = memrchr(text.data, ' ', text.size);
    if (first == last) /* one or none */
        return not_http;
    const char *end = text.data + text.size;
    out->method = (struct span){text.data, (size_t)(first - text.data)};
    out->proto = log_protocol((struct span){last + 1, (size_t)(end - last - 1)});
    if (out->proto == NULL || !log_is_method(out->method) || span_equals(out->method, "CONNECT") ||
        span_equals(out->method, "PRI"))
        return not_http;
    struct span target = {first + 1, (size_t)(last - first - 1)};
    return log_read_target(scratch, target, false, out);
}

bool log_scratch_failed(const struct log_scratch *scratch, struct error *err)
{
    bool failed = scratch->request.failed || scratch->target.failed;
    if (failed)
        error_set_memory(err);
    return failed;
}
