#include "rig/lines_stubs.h"

#include <stdlib.h>
#include <string.h>

/* Callgrind names a stub by its address and this. */
static const char mark[] = " [PLT]";

static bool is_stub(const struct callgrind_profile *profile, uint32_t string)
{
    const char *name = callgrind_profile_string(profile, string);
    size_t length = name != NULL ? strlen(name) : 0;
    return length >= sizeof mark && strcmp(name + length - (sizeof mark - 1), mark) == 0;
}

static void add_call(struct lines_stubs *stubs, const struct callgrind_call_cost *call)
{
    struct lines_stub *from = &stubs->by_context[call->context];
    struct lines_stub *to = &stubs->by_context[call->to];
    if (to->is_stub)
        to->calls += call->calls;
    /* The first call through a stub also calls the linker, which finds the function. */
    if (from->is_stub && !to->is_stub &&
        (from->onward == NULL || call->calls > from->onward->calls))
        from->onward = call;
}

bool lines_stubs_find(struct lines_stubs *stubs, const struct lines_part *part,
                      const struct callgrind_profile *profile, struct error *err)
{
    size_t count;
    const struct callgrind_context *contexts = callgrind_profile_contexts(profile, &count);
    *stubs = (struct lines_stubs){.by_context = calloc(count + 1, sizeof *stubs->by_context),
                                  .count = count};
    if (stubs->by_context == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        stubs->by_context[i].is_stub = is_stub(profile, contexts[i].function);
    for (size_t i = 0; i < part->line_count; i++)
        stubs->by_context[part->lines[i].context].cost += part->lines[i].instructions;
    for (size_t i = 0; i < part->call_count; i++)
        add_call(stubs, &part->calls[i]);
    return true;
}

void lines_stubs_release(struct lines_stubs *stubs)
{
    free(stubs->by_context);
    *stubs = (struct lines_stubs){0};
}

const struct lines_stub *lines_stubs_at(const struct lines_stubs *stubs, uint32_t context)
{
    const struct lines_stub *stub = &stubs->by_context[context];
    return stub->is_stub && stub->calls > 0 && stub->onward != NULL ? stub : NULL;
}
