/* Whatever the bytes are: a gate, or a reason why not. */
#include "baselines/gate.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_limits(const struct gate *gate)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        struct limits limits = gate_limits(gate, "GET /v3/feed/{id}", (enum metric)i);
        if (!(limits.relative >= 0) || !(limits.absolute >= 0) || limits.max < 0)
            BUG("metric %u has no limits", i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate gate;
    struct arena arena;
    struct error err = {0};
    struct json_place place = json_place_root("fuzz");
    json_t *json = json_parse_text("fuzz", (const char *)data, size, &err);
    if (json == NULL)
        return 0;
    arena_init(&arena);
    if (gate_parse(&gate, json, &place, &arena, &err))
        check_limits(&gate);
    else if (err.code == ERROR_NONE)
        BUG("refused without a reason");
    arena_release(&arena);
    json_decref(json);
    return 0;
}
