/* Whatever the bytes are: hunks in order, or a reason why not. */
#include "rig/source_hunks.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_change(const struct source_change *change)
{
    uint32_t base = 1, head = 1;
    if (change->base_path == NULL && change->head_path == NULL)
        BUG("a change of no file");
    for (size_t i = 0; i < change->hunk_count; i++) {
        const struct source_hunk *hunk = &change->hunks[i];
        if (i > 0 && (hunk->base_line < base || hunk->head_line < head))
            BUG("hunk %zu lies before the one in front of it", i);
        if (hunk->base_line > SOURCE_LINES_MAX || hunk->head_line > SOURCE_LINES_MAX ||
            hunk->base_count > SOURCE_LINES_MAX || hunk->head_count > SOURCE_LINES_MAX)
            BUG("hunk %zu is too far down", i);
        base = hunk->base_line + hunk->base_count;
        head = hunk->head_line + hunk->head_count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source_hunks hunks;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    if (!source_hunks_parse(&hunks, (const char *)data, size, &arena, &err)) {
        if (err.code == ERROR_NONE)
            BUG("refused without a reason");
    } else {
        for (size_t i = 0; i < hunks.count; i++)
            check_change(&hunks.changes[i]);
    }
    arena_release(&arena);
    return 0;
}
