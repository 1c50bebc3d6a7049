/* Whatever the bytes are: an event of a pull request, or a reason why not. */
#include "base/json.h"
#include "rig/github_event.h"
#include "rig/github_http.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct github_event event;
    struct arena arena;
    struct error err = {0};
    json_t *json = json_parse_text("event.json", (const char *)data, size, &err);
    arena_init(&arena);
    if (json != NULL && !github_event_parse(&event, json, "event.json", &arena, &err)) {
        if (err.code == ERROR_NONE)
            BUG("refused without a reason");
    } else if (json != NULL && !event.foreign) {
        if (event.head_commit == NULL || !github_is_commit(event.head_commit))
            BUG("an event without a commit");
        if (event.head_repository != NULL && !github_is_repository(event.head_repository))
            BUG("a repository that is none");
    }
    json_decref(json);
    arena_release(&arena);
    return 0;
}
