/* callgrind's profile format, for callgrind_annotate and KCachegrind: what the chosen endpoints
 * spent by line and in calls, over the requests that were measured. */
#include "reporters/export.h"

#include "base/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Names are spelt out once and numbered, each sort apart. */
enum name_group { NAME_OBJECT, NAME_FILE, NAME_FUNCTION };

struct callgrind {
    const struct report *report;
    const struct profile *profile;
    double *costs;              /* by frame, over all requests */
    uint32_t *order;            /* frames by object, file, function, line */
    uint32_t *ranks;            /* of the frames in that order */
    struct profile_call *calls; /* of all endpoints, over all requests, by the rank of the line */
    size_t call_count;
    struct name_table names;
    bool failed;
};

static const char *text_or_unknown(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "???";
}

/* Readers know a function by its file and name only: code without names is told apart by library.
 */
static int compare_functions(const struct profile_frame *a, const struct profile_frame *b)
{
    char left[256], right[256];
    int order = strcmp(text_or_unknown(a->object), text_or_unknown(b->object));
    if (order == 0)
        order = strcmp(text_or_unknown(a->file), text_or_unknown(b->file));
    if (order == 0)
        order = strcmp(export_name(a, left), export_name(b, right));
    return order;
}

static int compare_frames(const void *a, const void *b, void *context)
{
    const struct profile_frame *frames = context;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = compare_functions(&frames[left], &frames[right]);
    if (order != 0)
        return order;
    if (frames[left].line != frames[right].line)
        return frames[left].line < frames[right].line ? -1 : 1;
    return left < right ? -1 : left > right;
}

static int compare_calls(const void *a, const void *b, void *context)
{
    const uint32_t *ranks = context;
    const struct profile_call *left = a, *right = b;
    if (left->from != right->from)
        return ranks[left->from] < ranks[right->from] ? -1 : 1;
    return ranks[left->to] < ranks[right->to] ? -1 : ranks[left->to] > ranks[right->to];
}

static bool callgrind_allocate(struct callgrind *file, struct error *err)
{
    size_t frames = file->profile->frame_count + 1, calls = 1;
    for (size_t i = 0; i < file->profile->endpoint_count; i++)
        calls += file->profile->endpoints[i].call_count;
    file->costs = calloc(frames, sizeof *file->costs);
    file->order = calloc(frames, sizeof *file->order);
    file->ranks = calloc(frames, sizeof *file->ranks);
    file->calls = calloc(calls, sizeof *file->calls);
    if (file->costs == NULL || file->order == NULL || file->ranks == NULL || file->calls == NULL)
        return error_set_memory(err);
    return true;
}

static void add_endpoint(struct callgrind *file, const struct profile_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        const struct profile_cost *cost = &endpoint->costs[i];
        file->costs[file->profile->nodes[cost->node].frame] +=
            export_scale(endpoint, cost->values[LINES_INSTRUCTIONS]);
    }
    for (size_t i = 0; i < endpoint->call_count; i++) {
        struct profile_call call = endpoint->calls[i];
        call.calls = export_scale(endpoint, call.calls);
        call.instructions = export_scale(endpoint, call.instructions);
        file->calls[file->call_count++] = call;
    }
}

static void merge_calls(struct callgrind *file)
{
    size_t merged = 0;
    for (size_t i = 0; i < file->call_count; i++) {
        struct profile_call *last = merged > 0 ? &file->calls[merged - 1] : NULL;
        const struct profile_call *call = &file->calls[i];
        if (last != NULL && last->from == call->from && last->to == call->to) {
            last->calls += call->calls;
            last->instructions += call->instructions;
        } else {
            file->calls[merged++] = *call;
        }
    }
    file->call_count = merged;
}

static void collect(struct callgrind *file)
{
    const struct profile *profile = file->profile;
    for (size_t i = 0; i < profile->endpoint_count; i++)
        if (export_wants(file->report, profile->endpoints[i].name))
            add_endpoint(file, &profile->endpoints[i]);
    for (uint32_t i = 0; i < profile->frame_count; i++)
        file->order[i] = i;
    qsort_r(file->order, profile->frame_count, sizeof *file->order, compare_frames,
            (void *)(uintptr_t)profile->frames);
    for (uint32_t i = 0; i < profile->frame_count; i++)
        file->ranks[file->order[i]] = i;
    qsort_r(file->calls, file->call_count, sizeof *file->calls, compare_calls, file->ranks);
    merge_calls(file);
}

static uint64_t whole(double value)
{
    return (uint64_t)(value + 0.5);
}

/* fl=(3) rank.c the first time, fl=(3) from then on. */
static void append_name(struct callgrind *file, struct buffer *out, const char *key,
                        enum name_group group, const char *name)
{
    uint32_t number = 0;
    size_t known = file->names.count;
    name = text_or_unknown(name);
    if (!name_table_add(&file->names, group, name, &number))
        file->failed = true;
    buffer_append_format(out, "%s=(%" PRIu32 ")", key, number + 1);
    if (file->names.count > known) {
        buffer_append_char(out, ' ');
        export_append_text(out, name, "", ' ');
    }
    buffer_append_char(out, '\n');
}

static void append_function(struct callgrind *file, struct buffer *out, const char *key,
                            const struct profile_frame *frame)
{
    char text[256];
    append_name(file, out, key, NAME_FUNCTION, export_name(frame, text));
}

static void append_call(struct callgrind *file, struct buffer *out, const struct profile_call *call)
{
    const struct profile_frame *from = &file->profile->frames[call->from];
    const struct profile_frame *to = &file->profile->frames[call->to];
    uint64_t calls = whole(call->calls);
    append_name(file, out, "cob", NAME_OBJECT, to->object);
    append_name(file, out, "cfi", NAME_FILE, to->file);
    append_function(file, out, "cfn", to);
    buffer_append_format(out, "calls=%" PRIu64 " %" PRIu32 "\n%" PRIu32 " %" PRIu64 "\n",
                         calls > 0 ? calls : 1, to->line, from->line, whole(call->instructions));
}

/* The lines in order, and at each the calls from it. Returns what the lines spent. */
static uint64_t append_lines(struct callgrind *file, struct buffer *out)
{
    uint64_t total = 0;
    size_t next_call = 0;
    const struct profile_frame *before = NULL;
    for (size_t i = 0; i < file->profile->frame_count && !out->failed; i++) {
        uint32_t number = file->order[i];
        const struct profile_frame *frame = &file->profile->frames[number];
        uint64_t cost = whole(file->costs[number]);
        bool calls = next_call < file->call_count && file->calls[next_call].from == number;
        if (cost == 0 && !calls)
            continue;
        if (before == NULL || compare_functions(before, frame) != 0) {
            append_name(file, out, "ob", NAME_OBJECT, frame->object);
            append_name(file, out, "fl", NAME_FILE, frame->file);
            append_function(file, out, "fn", frame);
            before = frame;
        }
        if (cost > 0)
            buffer_append_format(out, "%" PRIu32 " %" PRIu64 "\n", frame->line, cost);
        for (; next_call < file->call_count && file->calls[next_call].from == number; next_call++)
            append_call(file, out, &file->calls[next_call]);
        total += cost;
    }
    return total;
}

static void append_head(const struct callgrind *file, struct buffer *out)
{
    const struct profile *profile = file->profile;
    buffer_append_string(out, "# callgrind format\nversion: 1\ncreator: ");
    export_append_origin(out, file->report->head);
    buffer_append_char(out, '\n');
    for (size_t i = 0; i < profile->endpoint_count; i++) {
        if (!export_wants(file->report, profile->endpoints[i].name))
            continue;
        buffer_append_string(out, "desc: Endpoint: ");
        export_append_text(out, profile->endpoints[i].name, "", ' ');
        buffer_append_format(out, " (%" PRId64 " requests)\n", profile->endpoints[i].requests);
    }
    buffer_append_string(out, "positions: line\nevents: Ir\n\n");
}

static bool callgrind_write(const struct report *report, const struct report_style *style,
                            struct buffer *out, struct error *err)
{
    (void)style;
    struct callgrind file = {.report = report,
                             .profile = export_find_profile(report, PROFILE_LINES, err)};
    if (file.profile == NULL)
        return false;
    name_table_init(&file.names);
    bool ok = callgrind_allocate(&file, err);
    if (ok) {
        collect(&file);
        append_head(&file, out);
        uint64_t total = append_lines(&file, out);
        buffer_append_format(out, "\ntotals: %" PRIu64 "\n", total);
        ok = file.failed ? error_set_memory(err) : buffer_check(out, err);
    }
    name_table_release(&file.names);
    free(file.calls);
    free(file.ranks);
    free(file.order);
    free(file.costs);
    return ok;
}

const struct reporter reporter_callgrind = {
    .name = "callgrind",
    .help = "instructions by line and calls, for callgrind_annotate",
    .write = callgrind_write,
};
