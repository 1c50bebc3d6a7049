/* Whatever the bytes are: read or refused with a reason, and what was read holds together. */
#include "rig/callgrind_dump.h"
#include "rig/callgrind_text.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const struct callgrind_profile *profile, uint32_t index)
{
    if (index != CALLGRIND_NO_STRING && callgrind_profile_string(profile, index) == NULL)
        BUG("no string %u", index);
}

/* No two lines are the same place: their sum is the sum over what was read only then. */
static void check_profile(const struct callgrind_profile *profile)
{
    size_t contexts, lines, calls;
    uint64_t sum = 0;
    const struct callgrind_context *context = callgrind_profile_contexts(profile, &contexts);
    const struct callgrind_line_cost *line = callgrind_profile_lines(profile, &lines);
    const struct callgrind_call_cost *call = callgrind_profile_calls(profile, &calls);
    for (size_t i = 0; i < contexts; i++) {
        check_string(profile, context[i].object);
        check_string(profile, context[i].file);
        check_string(profile, context[i].function);
        check_string(profile, context[i].function_file);
    }
    for (size_t i = 0; i < lines; i++) {
        if (line[i].context >= contexts || line[i].instructions == 0)
            BUG("line %zu is nowhere or without cost", i);
        sum += line[i].instructions;
    }
    for (size_t i = 0; i < calls; i++)
        if (call[i].context >= contexts || call[i].to >= contexts)
            BUG("call %zu is from or to nowhere", i);
    if (sum != callgrind_profile_sum(profile))
        BUG("the lines do not add up to their sum");
}

/* Read once more behind itself the places stay as many. */
static void check_twice(struct callgrind_profile *profile, const char *text, size_t size)
{
    size_t before, after;
    bool cut;
    struct error err = {0};
    callgrind_profile_lines(profile, &before);
    if (!callgrind_profile_parse(profile, "again", text, size, &cut, &err))
        return; /* the sum may be too large now */
    callgrind_profile_lines(profile, &after);
    if (before != after)
        BUG("%zu places became %zu", before, after);
    check_profile(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct callgrind_profile *profile;
    struct callgrind_cost cost;
    struct error err = {0};
    bool cut;
    (void)!callgrind_text_dump("fuzz", text, size, &cost, NULL);
    (void)!callgrind_text_status("fuzz", text, size, &cost, NULL);
    if (!callgrind_profile_new(&profile, &err))
        return 0;
    if (callgrind_profile_parse(profile, "fuzz", text, size, &cut, &err)) {
        check_profile(profile);
        check_twice(profile, text, size);
    } else if (err.code == ERROR_NONE) {
        BUG("refused without a reason");
    }
    check_profile(profile);
    callgrind_profile_free(profile);
    return 0;
}
