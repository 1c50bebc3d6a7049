/* Whatever the bytes are: owners of operations, or a reason why not that names the file. Seeds:
 * fixtures/owners. */
#include "insights/owners_openapi.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owners_openapi openapi;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    if (owners_openapi_parse(&openapi, "api.json", (const char *)data, size, &arena, &err)) {
        for (size_t i = 0; i < openapi.count; i++) {
            const struct openapi_owner *row = &openapi.rows[i];
            if (row->owner[0] == '\0' || row->method[0] == '\0' ||
                strncmp(row->rule, "api.json: ", 10) != 0)
                BUG("row %zu is of nobody", i);
            char *endpoint = arena_format(&arena, "%s %s", row->method, row->path);
            if (endpoint != NULL && owners_openapi_find(&openapi, endpoint) == NULL)
                BUG("row %zu is not found", i);
        }
    } else if (err.code == ERROR_NONE) {
        BUG("refused without a reason");
    } else if (err.code == ERROR_INPUT && strncmp(err.where, "api.json", 8) != 0) {
        BUG("does not name the file: %s", err.where);
    }
    arena_release(&arena);
    return 0;
}
