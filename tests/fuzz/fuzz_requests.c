/* Whatever the bytes are: counts within their bounds, each endpoint once, or a reason why not that
 * names the file. Seeds: fixtures/requests. */
#include "insights/cost_counts.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cost_counts counts;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    if (cost_counts_parse(&counts, "x.csv", (const char *)data, size, &arena, &err)) {
        for (size_t i = 0; i < counts.count; i++) {
            const struct cost_count *row = &counts.rows[i];
            if (!(row->requests >= 0) || !isfinite(row->requests) || row->period_hours <= 0)
                BUG("row %zu is out of bounds", i);
            if (cost_counts_find(&counts, row->endpoint) != row)
                BUG("row %zu is not found", i);
        }
    } else if (err.code == ERROR_NONE) {
        BUG("refused without a reason");
    } else if (err.code == ERROR_INPUT && strncmp(err.where, "x.csv:", 6) != 0) {
        BUG("does not name the place: %s", err.where);
    }
    arena_release(&arena);
    return 0;
}
