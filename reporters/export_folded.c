/* Folded stacks: "endpoint;outer;inner 42" a line, what flame graph scripts read. Values are whole
 * numbers over the requests that were measured. */
#include "reporters/commands.h"
#include "reporters/export.h"

#include <inttypes.h>

/* A semicolon parts frames, a newline stacks. */
static void append_part(struct buffer *out, const char *text)
{
    export_append_text(out, text, ";\n", ':');
}

/* Lines have no stacks: the place is a frame of its own, so that a function's lines stay apart. */
static void append_line(struct buffer *out, const struct profile_frame *frame)
{
    if (frame->file == NULL)
        return;
    buffer_append_char(out, ';');
    append_part(out, frame->file);
    if (frame->line > 0)
        buffer_append_format(out, ":%" PRIu32, frame->line);
}

struct folded {
    const struct profile *profile;
    enum profile_kind kind;
    size_t value;
};

static void append_endpoint(struct buffer *out, const struct folded *folded,
                            const struct profile_endpoint *endpoint)
{
    uint32_t frames[EXPORT_DEPTH_MAX];
    char text[256];
    for (size_t i = 0; i < endpoint->cost_count && !out->failed; i++) {
        const struct profile_cost *cost = &endpoint->costs[i];
        uint64_t value = export_whole(endpoint, cost->values[folded->value]);
        if (value == 0)
            continue;
        append_part(out, endpoint->name);
        size_t depth = export_path(folded->profile, cost->node, frames);
        for (size_t at = 0; at < depth; at++) {
            const struct profile_frame *frame = &folded->profile->frames[frames[at]];
            buffer_append_char(out, ';');
            append_part(out, export_name(frame, text));
            if (folded->kind == PROFILE_LINES)
                append_line(out, frame);
        }
        buffer_append_format(out, " %" PRIu64 "\n", value);
    }
}

static bool folded_write(const struct report *report, const struct report_style *style,
                         struct buffer *out, struct error *err)
{
    (void)style;
    enum profile_kind kind = export_choose_kind(report);
    size_t begin = out->length;
    struct folded folded = {export_find_profile(report, kind, err), kind, report->choice.value};
    if (folded.profile == NULL)
        return false;
    for (size_t i = 0; i < folded.profile->endpoint_count; i++)
        if (export_wants(report, folded.profile->endpoints[i].name))
            append_endpoint(out, &folded, &folded.profile->endpoints[i]);
    commands_defuse_text(out, begin);
    return buffer_check(out, err);
}

const struct reporter reporter_folded = {
    .name = "folded",
    .help = "folded stacks, a line each, for flame graph scripts",
    .write = folded_write,
};
