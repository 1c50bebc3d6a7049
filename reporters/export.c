#include "reporters/export.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A thousand of them still fit into a signed 64-bit number. */
#define WHOLE_MOST 9e15

/* The pass that makes such a profile. */
static const char *pass_of(enum profile_kind kind)
{
    switch (kind) {
    case PROFILE_LINES:
        return "lines";
    case PROFILE_CPU:
        return "stacks";
    case PROFILE_ALLOC:
        return "sites";
    case PROFILE_KIND_COUNT:
        break;
    }
    BUG("no kind of profile %d", (int)kind);
}

enum profile_kind export_choose_kind(const struct report *report)
{
    static const enum profile_kind order[] = {PROFILE_CPU, PROFILE_ALLOC, PROFILE_LINES};
    if (report->choice.profile != PROFILE_KIND_COUNT)
        return report->choice.profile;
    for (size_t i = 0; i < COUNT_OF(order); i++)
        if (report->head->profiles[order[i]][SIDE_HEAD].present)
            return order[i];
    return PROFILE_CPU;
}

bool export_wants(const struct report *report, const char *endpoint)
{
    const char *glob = report->choice.endpoint;
    return glob == NULL || text_matches_glob(glob, endpoint);
}

static bool fail_missing(const struct run *run, enum profile_kind kind, struct error *err)
{
    const char *name = pass_of(kind);
    const struct pass_result *pass = run_pass(run, name);
    const char *reason = run->profiles[kind][SIDE_HEAD].missing;
    if (reason == NULL && pass != NULL)
        reason = pass->reason;
    return error_set(err, ERROR_INPUT,
                     "this run has no %s%s%s; the pass \"%s\" makes them: "
                     "tollgate bench --passes %s -o RUN.json, then report that run",
                     profile_kind_info(kind)->title, reason != NULL ? ": " : "",
                     reason != NULL ? reason : "", name, name);
}

static bool fail_unmatched(const struct profile *profile, const char *glob, struct error *err)
{
    const char **names = calloc(profile->endpoint_count + 1, sizeof *names);
    if (names == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < profile->endpoint_count; i++)
        names[i] = profile->endpoints[i].name;
    const char *nearest = text_nearest(glob, names);
    error_set(err, ERROR_USAGE, "--endpoint: no endpoint of the profile matches \"%s\"%s%s%s", glob,
              nearest != NULL ? "; did you mean \"" : "; a report lists them",
              nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    free(names);
    return false;
}

const struct profile *export_find_profile(const struct report *report, enum profile_kind kind,
                                          struct error *err)
{
    const struct profile *profile = &report->head->profiles[kind][SIDE_HEAD];
    if (!profile->present) {
        fail_missing(report->head, kind, err);
        return NULL;
    }
    for (size_t i = 0; i < profile->endpoint_count; i++)
        if (export_wants(report, profile->endpoints[i].name))
            return profile;
    if (report->choice.endpoint == NULL)
        return profile;
    fail_unmatched(profile, report->choice.endpoint, err);
    return NULL;
}

size_t export_path(const struct profile *profile, uint32_t node,
                   uint32_t frames[static EXPORT_DEPTH_MAX])
{
    size_t depth = 0;
    for (uint32_t at = node; at != PROFILE_NONE && depth < EXPORT_DEPTH_MAX;
         at = profile->nodes[at].parent)
        frames[depth++] = profile->nodes[at].frame;
    for (size_t i = 0; i < depth / 2; i++) {
        uint32_t swapped = frames[i];
        frames[i] = frames[depth - 1 - i];
        frames[depth - 1 - i] = swapped;
    }
    return depth;
}

double export_scale(const struct profile_endpoint *endpoint, double per_request)
{
    double requests = endpoint->requests > 0 ? (double)endpoint->requests : 1;
    double value = per_request * requests;
    if (!(value > 0))
        return 0;
    return value < WHOLE_MOST ? value : WHOLE_MOST;
}

uint64_t export_whole(const struct profile_endpoint *endpoint, double per_request)
{
    return (uint64_t)(export_scale(endpoint, per_request) + 0.5);
}

const char *export_name(const struct profile_frame *frame, char text[static 256])
{
    if (frame->function != NULL && frame->function[0] != '\0')
        return frame->function;
    if (frame->object == NULL || frame->object[0] == '\0')
        return "?";
    if (frame->object[0] == '[')
        return frame->object;
    snprintf(text, 256, "[%s]", frame->object);
    return text;
}

void export_append_text(struct buffer *out, const char *text, const char *forbidden, char instead)
{
    size_t start = out->length;
    text_append_safe(out, text, strlen(text), false);
    for (size_t i = start; !out->failed && i < out->length; i++)
        if (strchr(forbidden, out->data[i]) != NULL)
            out->data[i] = instead;
}

void export_append_origin(struct buffer *out, const struct run *run)
{
    const struct run_side *head = &run->sides[SIDE_HEAD];
    buffer_append_string(out, "tollgate ");
    export_append_text(out, run->tollgate_version != NULL ? run->tollgate_version : "", "", ' ');
    if (head->ref != NULL) {
        buffer_append_string(out, "; head ");
        export_append_text(out, head->ref, "", ' ');
    }
    if (head->commit != NULL) {
        buffer_append_char(out, ' ');
        export_append_text(out, head->commit, "", ' ');
    }
    if (run->created != NULL) {
        buffer_append_string(out, ", ");
        export_append_text(out, run->created, "", ' ');
    }
}
