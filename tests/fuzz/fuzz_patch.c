/* Whatever the bytes are: ranges of lines, or a reason why not. */
#include "rig/github_base.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct github_range *ranges;
    size_t count;
    struct arena arena;
    struct error err = {0};
    struct buffer trailers;
    char next[GITHUB_URL_SIZE];
    arena_init(&arena);
    buffer_init(&trailers, 1 << 24);
    const char *text = arena_copy_bytes(&arena, data, size);
    if (text == NULL)
        BUG("no memory");
    if (!github_diff_parse_patch(text, &arena, &ranges, &count, &err)) {
        if (err.code == ERROR_NONE)
            BUG("refused without a reason");
    } else {
        for (size_t i = 0; i < count; i++)
            if (ranges[i].last < ranges[i].first)
                BUG("range %zu ends before it begins", i);
    }
    github_base_append_trailers(&trailers, text);
    github_find_next(text, next);
    const char *path = github_base_resolve(&arena, "a/b/c", text);
    if (path != NULL && (*path == '/' || strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 ||
                         strstr(path, "/../") != NULL))
        BUG("a path that leaves the tree");
    buffer_release(&trailers);
    arena_release(&arena);
    return 0;
}
