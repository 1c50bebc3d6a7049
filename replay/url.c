#include "replay/url.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

/* The size of "scheme:" at the start, or 0. */
static size_t scheme_size(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == ':')
            return i > 0 ? i + 1 : 0;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && !(other && i > 0))
            return 0;
    }
    return 0;
}

static bool is_scheme(const char *text, size_t size, const char *scheme)
{
    return size == strlen(scheme) && strncasecmp(text, scheme, size) == 0;
}

static size_t span_until(const char *text, size_t size, const char *stops)
{
    size_t i = 0;
    while (i < size && strchr(stops, text[i]) == NULL)
        i++;
    return i;
}

/* Takes "name:password@" off the front of the authority. */
static void split_user(struct url *url)
{
    const char *at = memrchr(url->authority, '@', url->authority_size);
    if (at == NULL)
        return;
    url->user = url->authority;
    url->user_size = (size_t)(at - url->authority);
    url->authority_size -= url->user_size + 1;
    url->authority = at + 1;
}

static void drop_default_port(struct url *url, bool secure)
{
    const char *port = secure ? ":443" : ":80";
    size_t size = strlen(port);
    if (url->authority_size > size &&
        memcmp(url->authority + url->authority_size - size, port, size) == 0)
        url->authority_size -= size;
}

enum url_kind url_split(const char *text, size_t size, struct url *out)
{
    *out = (struct url){0};
    size_t scheme = scheme_size(text, size);
    bool secure = is_scheme(text, scheme, "https:");
    if (scheme == 0)
        return URL_BROKEN;
    if (!secure && !is_scheme(text, scheme, "http:"))
        return URL_OTHER;
    text += scheme;
    size -= scheme;
    if (size < 3 || memcmp(text, "//", 2) != 0)
        return URL_BROKEN;
    out->authority = text + 2;
    out->authority_size = span_until(text + 2, size - 2, "/?#");
    out->target = out->authority + out->authority_size;
    out->target_size = size - 2 - out->authority_size;
    out->target_size = span_until(out->target, out->target_size, "#");
    split_user(out);
    drop_default_port(out, secure);
    if (out->authority_size == 0 || !target_is_clean(out->authority, out->authority_size))
        return URL_BROKEN;
    return URL_HTTP;
}

static bool is_forbidden(unsigned char c)
{
    return c <= ' ' || c == 0x7f;
}

bool target_is_clean(const char *text, size_t size)
{
    unsigned char seen = 0;
    for (size_t i = 0; i < size; i++) {
        if (is_forbidden((unsigned char)text[i]))
            return false;
        seen |= (unsigned char)text[i];
    }
    return seen < 0x80 || text_is_utf8(text, size);
}

void target_append_clean(struct buffer *out, const char *text, size_t size, bool ascii_only)
{
    static const char hex[] = "0123456789ABCDEF";
    bool encode_high = ascii_only || !text_is_utf8(text, size);
    if (size == 0 || text[0] != '/')
        buffer_append_char(out, '/');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_forbidden(c) || (c >= 0x80 && encode_high)) {
            char coded[3] = {'%', hex[c >> 4], hex[c & 15]};
            buffer_append(out, coded, sizeof coded);
        } else {
            buffer_append_char(out, (char)c);
        }
    }
}
