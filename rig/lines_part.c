#include "rig/lines_part.h"

#include <stdlib.h>
#include <string.h>

static int order(uint64_t one, uint64_t other)
{
    return (one > other) - (one < other);
}

static int compare_lines(const void *left, const void *right)
{
    const struct callgrind_line_cost *a = left, *b = right;
    int by_context = order(a->context, b->context);
    int by_address = order(a->address, b->address);
    return by_context != 0 ? by_context : by_address != 0 ? by_address : order(a->line, b->line);
}

static int compare_calls(const void *left, const void *right)
{
    const struct callgrind_call_cost *a = left, *b = right;
    int by_context = order(a->context, b->context);
    int by_address = order(a->address, b->address);
    int by_line = order(a->line, b->line);
    return by_context != 0   ? by_context
           : by_address != 0 ? by_address
           : by_line != 0    ? by_line
                             : order(a->to, b->to);
}

/* A copy of at least one element, so that NULL says that memory ran out. */
static void *copy_array(const void *from, size_t count, size_t size)
{
    void *copy = calloc(count + 1, size);
    if (copy != NULL && count > 0)
        memcpy(copy, from, count * size);
    return copy;
}

bool lines_part_copy(struct lines_part *part, const struct callgrind_profile *profile,
                     struct error *err)
{
    *part = (struct lines_part){.sum = callgrind_profile_sum(profile)};
    const struct callgrind_line_cost *lines = callgrind_profile_lines(profile, &part->line_count);
    const struct callgrind_call_cost *calls = callgrind_profile_calls(profile, &part->call_count);
    part->lines = copy_array(lines, part->line_count, sizeof *lines);
    part->calls = copy_array(calls, part->call_count, sizeof *calls);
    if (part->lines == NULL || part->calls == NULL) {
        lines_part_release(part);
        return error_set_memory(err);
    }
    qsort(part->lines, part->line_count, sizeof *part->lines, compare_lines);
    qsort(part->calls, part->call_count, sizeof *part->calls, compare_calls);
    return true;
}

void lines_part_release(struct lines_part *part)
{
    free(part->lines);
    free(part->calls);
    *part = (struct lines_part){0};
}

static uint64_t less(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

static void subtract_lines(struct lines_part *part, const struct lines_part *other)
{
    size_t kept = 0, at = 0;
    part->sum = 0;
    for (size_t i = 0; i < part->line_count; i++) {
        struct callgrind_line_cost line = part->lines[i];
        while (at < other->line_count && compare_lines(&other->lines[at], &line) < 0)
            at++;
        if (at < other->line_count && compare_lines(&other->lines[at], &line) == 0)
            line.instructions = less(line.instructions, other->lines[at].instructions);
        if (line.instructions > 0)
            part->lines[kept++] = line;
        part->sum += line.instructions;
    }
    part->line_count = kept;
}

static void subtract_calls(struct lines_part *part, const struct lines_part *other)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < part->call_count; i++) {
        struct callgrind_call_cost call = part->calls[i];
        while (at < other->call_count && compare_calls(&other->calls[at], &call) < 0)
            at++;
        if (at < other->call_count && compare_calls(&other->calls[at], &call) == 0) {
            call.calls = less(call.calls, other->calls[at].calls);
            call.instructions = less(call.instructions, other->calls[at].instructions);
        }
        if (call.calls > 0 || call.instructions > 0)
            part->calls[kept++] = call;
    }
    part->call_count = kept;
}

void lines_part_subtract(struct lines_part *part, const struct lines_part *other)
{
    subtract_lines(part, other);
    subtract_calls(part, other);
}
