/* References inside an OpenAPI document: JSON pointers (RFC 6901) in a URL's fragment. */
#include "replay/openapi_private.h"

#include <stdlib.h>
#include <string.h>

enum { FOLLOWED_MAX = 16, POINTER_MAX_BYTES = 4096 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %HH of the whole pointer, in place. */
static void decode_percent(char *text)
{
    char *out = text;
    for (; *text != '\0'; text++) {
        int high = *text == '%' ? hex_digit(text[1]) : -1;
        int low = high >= 0 ? hex_digit(text[2]) : -1;
        if (low >= 0 && (high | low) != 0) {
            *out++ = (char)(high * 16 + low);
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}

/* Undoes ~1 and ~0 of one step, in place. */
static void decode_tilde(char *text)
{
    char *out = text;
    for (; *text != '\0'; text++) {
        if (text[0] == '~' && (text[1] == '0' || text[1] == '1'))
            *out++ = *++text == '0' ? '~' : '/';
        else
            *out++ = *text;
    }
    *out = '\0';
}

/* Whole numbers as they stand in a pointer: no sign, no zero in front. */
static const json_t *array_item(const json_t *array, const char *step)
{
    char *end;
    if (*step < '0' || *step > '9' || (step[0] == '0' && step[1] != '\0'))
        return NULL;
    unsigned long index = strtoul(step, &end, 10);
    return *end == '\0' ? json_array_get(array, index) : NULL;
}

static const json_t *find(const json_t *root, char *pointer)
{
    const json_t *at = root;
    char *rest = NULL;
    decode_percent(pointer);
    if (*pointer == '\0')
        return root;
    if (*pointer != '/')
        return NULL;
    for (char *step = pointer + 1; step != NULL && at != NULL; step = rest) {
        rest = strchr(step, '/');
        if (rest != NULL)
            *rest++ = '\0';
        decode_tilde(step);
        at = json_is_array(at) ? array_item(at, step) : json_object_get(at, step);
    }
    return at;
}

const json_t *openapi_follow(const json_t *root, const json_t *item, const struct json_place *place,
                             struct error *err)
{
    struct json_place at = json_place_key(place, "$ref");
    for (int i = 0; i < FOLLOWED_MAX; i++) {
        const char *reference = json_string_value(json_object_get(item, "$ref"));
        char pointer[POINTER_MAX_BYTES];
        if (reference == NULL)
            return item;
        if (reference[0] != '#') {
            json_fail(&at, err,
                      "leads to another file, which is not followed; bundle the document "
                      "into one file");
            return NULL;
        }
        if (strlen(reference) >= sizeof pointer) {
            json_fail(&at, err, "is too long");
            return NULL;
        }
        memcpy(pointer, reference + 1, strlen(reference));
        item = find(root, pointer);
        if (!json_is_object(item)) {
            json_fail(&at, err, "\"%.200s\" is no path item of this document", reference);
            return NULL;
        }
    }
    json_fail(&at, err, "leads on and on, perhaps in a circle");
    return NULL;
}
