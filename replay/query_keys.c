#include "replay/query_keys.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 64, QUERY_MAX_BYTES = 8192 };

struct key {
    const char *text;
    size_t size;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *one = a, *other = b;
    size_t shared = one->size < other->size ? one->size : other->size;
    int order = shared > 0 ? memcmp(one->text, other->text, shared) : 0;
    return order != 0 ? order : (one->size > other->size) - (one->size < other->size);
}

/* Splits at the ampersands; KEYS_MAX + 1 when there are more than fit. */
static size_t split(const char *query, const char *end, struct key keys[KEYS_MAX])
{
    size_t count = 0;
    while (query < end) {
        const char *stop = memchr(query, '&', (size_t)(end - query));
        if (stop == NULL)
            stop = end;
        const char *equals = memchr(query, '=', (size_t)(stop - query));
        size_t size = (size_t)((equals != NULL ? equals : stop) - query);
        if (size > 0 && count == KEYS_MAX)
            return KEYS_MAX + 1;
        if (size > 0)
            keys[count++] = (struct key){query, size};
        query = stop + 1;
    }
    return count;
}

void query_keys_append(struct buffer *out, const char *target, size_t size)
{
    struct key keys[KEYS_MAX];
    const char *mark = memchr(target, '?', size);
    const char *end = target + size;
    if (mark == NULL)
        return;
    size_t count = end - mark > QUERY_MAX_BYTES ? KEYS_MAX + 1 : split(mark + 1, end, keys);
    if (count > KEYS_MAX) {
        buffer_append_string(out, "…");
        return;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_keys(&keys[i - 1], &keys[i]) == 0)
            continue;
        if (i > 0)
            buffer_append_char(out, '&');
        buffer_append(out, keys[i].text, keys[i].size);
    }
}
