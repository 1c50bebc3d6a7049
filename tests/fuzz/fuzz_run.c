/* Whatever the bytes are: read or refused with a reason; what was read is written and read again,
 * and can be compared with itself. */
#include "base/json.h"
#include "baselines/compare.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct run *run)
{
    struct run again;
    struct gate gate;
    struct comparison comparison;
    struct error err = {0};
    json_t *json = run_to_json(run, &err);
    if (json == NULL || !run_from_json(&again, json, "again", &err))
        BUG("cannot read what was written: %s: %s", err.where, err.text);
    json_decref(json);
    gate_init(&gate);
    struct compare_options options = {.head = run, .base = &again, .gate = &gate};
    if (!compare_runs(&comparison, &options, &err))
        BUG("cannot compare: %s", err.text);
    comparison_release(&comparison);
    options.base = NULL;
    if (!compare_runs(&comparison, &options, &err))
        BUG("cannot compare its sides: %s", err.text);
    comparison_release(&comparison);
    run_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run;
    struct error err = {0};
    json_t *json = json_parse_text("fuzz", (const char *)data, size, &err);
    if (json == NULL)
        return 0;
    if (run_from_json(&run, json, "fuzz", &err))
        check_again(&run);
    else if (err.code == ERROR_NONE)
        BUG("refused without a reason");
    run_release(&run);
    json_decref(json);
    return 0;
}
