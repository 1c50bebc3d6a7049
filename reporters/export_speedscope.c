/* speedscope's own file format: the frames once, and a sampled profile for each endpoint (and each
 * figure of the kind). Weights are per request. */
#include "reporters/export.h"

#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 1 << 20, WEIGHT_DIGITS = 9 };

struct speedscope {
    const struct report *report;
    const struct profile *profile;
    const struct profile_kind_info *kind;
    json_t **numbers; /* of the frames: each is there once, for all stacks that it is in */
};

static json_t *make_text(const char *text)
{
    struct buffer safe;
    buffer_init(&safe, NAME_MAX_BYTES);
    text_append_safe(&safe, text, strlen(text), false);
    json_t *json = safe.failed ? NULL : json_string(buffer_text(&safe));
    buffer_release(&safe);
    return json;
}

static bool add_new(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static json_t *make_frame(const struct profile_frame *frame)
{
    char text[256];
    json_t *json = json_pack("{so}", "name", make_text(export_name(frame, text)));
    bool ok = json != NULL;
    if (ok && frame->file != NULL)
        ok = add_new(json, "file", make_text(frame->file));
    if (ok && frame->line > 0)
        ok = add_new(json, "line", json_integer(frame->line));
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *make_frames(const struct speedscope *scope)
{
    json_t *frames = json_array();
    for (size_t i = 0; frames != NULL && i < scope->profile->frame_count; i++) {
        scope->numbers[i] = json_integer((json_int_t)i);
        if (scope->numbers[i] == NULL ||
            json_array_append_new(frames, make_frame(&scope->profile->frames[i])) != 0) {
            json_decref(frames);
            return NULL;
        }
    }
    return frames;
}

static json_t *make_stack(const struct speedscope *scope, uint32_t node)
{
    uint32_t frames[EXPORT_DEPTH_MAX];
    size_t depth = export_path(scope->profile, node, frames);
    json_t *stack = json_array();
    for (size_t i = 0; stack != NULL && i < depth; i++) {
        if (json_array_append(stack, scope->numbers[frames[i]]) != 0) {
            json_decref(stack);
            return NULL;
        }
    }
    return stack;
}

static bool fill_samples(const struct speedscope *scope, const struct profile_endpoint *endpoint,
                         size_t value, json_t *samples, json_t *weights)
{
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        double weight = endpoint->costs[i].values[value];
        if (weight > 0 &&
            (json_array_append_new(samples, make_stack(scope, endpoint->costs[i].node)) != 0 ||
             json_array_append_new(weights, json_real(weight)) != 0))
            return false;
    }
    return true;
}

static const char *unit_of(enum metric_unit unit)
{
    switch (unit) {
    case UNIT_NS:
        return "nanoseconds";
    case UNIT_BYTES:
        return "bytes";
    case UNIT_COUNT:
        return "none";
    }
    BUG("no unit %d", (int)unit);
}

static json_t *make_profile(const struct speedscope *scope, const struct profile_endpoint *endpoint,
                            size_t value)
{
    char name[1024];
    const struct profile_value_info *info = &scope->kind->values[value];
    json_t *samples = json_array(), *weights = json_array();
    double total = 0;
    if (samples == NULL || weights == NULL ||
        !fill_samples(scope, endpoint, value, samples, weights)) {
        json_decref(samples);
        json_decref(weights);
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(weights); i++)
        total += json_real_value(json_array_get(weights, i));
    snprintf(name, sizeof name, "%.900s: %s a request", endpoint->name, info->title);
    return json_pack("{ss so ss sf sf so so}", "type", "sampled", "name", make_text(name), "unit",
                     unit_of(info->unit), "startValue", 0.0, "endValue", total, "samples", samples,
                     "weights", weights);
}

/* Of the further figures of a kind only those of which there is something. */
static bool wanted(const struct speedscope *scope, const struct profile_endpoint *endpoint,
                   size_t value)
{
    return export_wants(scope->report, endpoint->name) &&
           scope->kind->values[value].metric != METRIC_COUNT &&
           (value == 0 || profile_endpoint_total(endpoint, value) > 0);
}

static json_t *make_profiles(const struct speedscope *scope)
{
    json_t *profiles = json_array();
    for (size_t i = 0; profiles != NULL && i < scope->profile->endpoint_count; i++) {
        const struct profile_endpoint *endpoint = &scope->profile->endpoints[i];
        for (size_t value = 0; value < scope->kind->value_count; value++) {
            if (!wanted(scope, endpoint, value))
                continue;
            if (json_array_append_new(profiles, make_profile(scope, endpoint, value)) != 0) {
                json_decref(profiles);
                return NULL;
            }
        }
    }
    return profiles;
}

static json_t *make_file(const struct speedscope *scope)
{
    struct buffer origin;
    buffer_init(&origin, NAME_MAX_BYTES);
    export_append_origin(&origin, scope->report->head);
    json_t *frames = make_frames(scope);
    json_t *profiles = frames != NULL && !origin.failed ? make_profiles(scope) : NULL;
    json_t *file = json_pack("{ss ss ss si s{so} so}", "$schema",
                             "https://www.speedscope.app/file-format-schema.json", "exporter",
                             "tollgate", "name", buffer_text(&origin), "activeProfileIndex", 0,
                             "shared", "frames", frames, "profiles", profiles);
    buffer_release(&origin);
    return file;
}

static int append_bytes(const char *data, size_t size, void *out)
{
    struct buffer *buffer = out;
    buffer_append(buffer, data, size);
    return buffer->failed ? -1 : 0;
}

static bool write_file(const struct speedscope *scope, struct buffer *out, struct error *err)
{
    json_auto_t *file = make_file(scope);
    if (file == NULL)
        return error_set_memory(err);
    if (json_dump_callback(file, append_bytes, out,
                           JSON_COMPACT | JSON_REAL_PRECISION(WEIGHT_DIGITS)) != 0 &&
        !out->failed)
        return error_set_memory(err);
    buffer_append_char(out, '\n');
    return buffer_check(out, err);
}

static bool speedscope_write(const struct report *report, const struct report_style *style,
                             struct buffer *out, struct error *err)
{
    (void)style;
    enum profile_kind kind = export_choose_kind(report);
    struct speedscope scope = {report, export_find_profile(report, kind, err),
                               profile_kind_info(kind), NULL};
    if (scope.profile == NULL)
        return false;
    scope.numbers = calloc(scope.profile->frame_count + 1, sizeof *scope.numbers);
    if (scope.numbers == NULL)
        return error_set_memory(err);
    bool ok = write_file(&scope, out, err);
    for (size_t i = 0; i < scope.profile->frame_count; i++)
        json_decref(scope.numbers[i]);
    free(scope.numbers);
    return ok;
}

const struct reporter reporter_speedscope = {
    .name = "speedscope",
    .help = "a profile for each endpoint, for the viewer speedscope",
    .write = speedscope_write,
};
