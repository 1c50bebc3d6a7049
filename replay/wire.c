#include "replay/wire.h"

#include "base/macros.h"

#include <string.h>
#include <strings.h>

static bool is_token_character(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

bool wire_is_token(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (!is_token_character((unsigned char)*text))
            return false;
    }
    return true;
}

static bool has_no_spaces_or_controls(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == ' ' || is_control((unsigned char)*text))
            return false;
    }
    return true;
}

/* The size of "http://" or "https://" at the start, or 0. */
static size_t scheme_size(const char *target)
{
    if (strncasecmp(target, "http://", 7) == 0)
        return 7;
    if (strncasecmp(target, "https://", 8) == 0)
        return 8;
    return 0;
}

bool wire_is_target(const char *text)
{
    if (!has_no_spaces_or_controls(text))
        return false;
    size_t scheme = scheme_size(text);
    bool absolute = scheme > 0 && text[scheme] != '\0' && strchr("/?", text[scheme]) == NULL;
    return text[0] == '/' || strcmp(text, "*") == 0 || absolute;
}

bool wire_is_value(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text != '\t' && is_control((unsigned char)*text))
            return false;
    }
    return true;
}

bool wire_is_authority(const char *text)
{
    return has_no_spaces_or_controls(text);
}

bool wire_same_name(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

bool wire_is_hop_by_hop(const char *name)
{
    static const char *const names[] = {"Connection", "Keep-Alive",        "Proxy-Connection", "TE",
                                        "Trailer",    "Transfer-Encoding", "Upgrade"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (wire_same_name(names[i], name))
            return true;
    }
    return false;
}

const char *wire_target_path(const char *target, size_t *size)
{
    const char *path = target;
    size_t scheme = scheme_size(target);
    if (scheme > 0)
        path = target + scheme + strcspn(target + scheme, "/?");
    *size = strcspn(path, "?");
    if (*size == 0 && scheme > 0) {
        *size = 1; /* "http://host" asks for the root */
        return "/";
    }
    return path;
}
