/* Whatever the bytes are: templates that fit together and each match requests, or a reason why not
 * that names the document. Seeds: fixtures/openapi. */
#include "replay/openapi.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct openapi out;
    struct endpoint_map map;
    struct error err = {0};
    arena_init(&arena);
    if (openapi_parse(&out, "fuzz", (const char *)data, size, &arena, &err)) {
        if (out.count == 0 || (out.unusable > 0) != (out.example != NULL))
            BUG("%zu rows, %zu unusable", out.count, out.unusable);
        if (!endpoint_map_build(&map, out.rows, out.count, &arena, &err))
            BUG("do not fit together: %s", err.text);
    } else if (err.code == ERROR_NONE || err.text[0] == '\0') {
        BUG("refused without a reason");
    } else if (err.code == ERROR_INPUT && strncmp(err.where, "fuzz", 4) != 0) {
        BUG("does not name the document: %s", err.where);
    }
    arena_release(&arena);
    return 0;
}
