/* A run as a JSON document. */
#include "baselines/run.h"

#include "base/buffer.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX_BYTES = 64 * 1024, /* of one text, after escaping; longer ones are cut */
    RATIO_DIGITS = 6,           /* significant ones of times and ratios: far below their noise */
};

#define EXACT_STEP    10000.0           /* exact figures keep four decimals */
#define WHOLE_MAX     9007199254740992.0 /* 2^53: whole doubles up to here are written as integers */

/* The first failure is remembered, so that a document is built without a check a line. */
struct writer {
    bool failed;
};

static json_t *keep(struct writer *writer, json_t *value)
{
    if (value == NULL)
        writer->failed = true;
    return value;
}

static void put(struct writer *writer, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        writer->failed = true;
}

static void append(struct writer *writer, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        writer->failed = true;
}

/* The longest piece of UTF-8 that is no longer than `max`. */
static size_t cut_utf8(const char *text, size_t size, size_t max)
{
    if (size <= max)
        return size;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

/* Bytes that are not UTF-8, as a wrong answer may hold, become visible escapes. */
static json_t *make_text(struct writer *writer, const char *text)
{
    if (text == NULL)
        return json_null();
    size_t size = strlen(text);
    if (text_is_utf8(text, size))
        return keep(writer, json_stringn(text, cut_utf8(text, size, TEXT_MAX_BYTES)));
    struct buffer safe;
    buffer_init(&safe, 5 * TEXT_MAX_BYTES);
    text_append_safe(&safe, text, size < TEXT_MAX_BYTES ? size : TEXT_MAX_BYTES, true);
    const char *escaped = buffer_text(&safe);
    json_t *value = json_stringn(escaped, cut_utf8(escaped, safe.length, TEXT_MAX_BYTES));
    buffer_release(&safe);
    return keep(writer, value);
}

static json_t *make_number(struct writer *writer, double value)
{
    if (!isfinite(value))
        return json_null();
    if (fabs(value) <= WHOLE_MAX && value == rint(value))
        return keep(writer, json_integer((json_int_t)value));
    return keep(writer, json_real(value));
}

static double round_ratio(double value)
{
    char text[64];
    if (!isfinite(value))
        return value;
    snprintf(text, sizeof text, "%.*g", RATIO_DIGITS, value);
    return strtod(text, NULL);
}

static double round_exact(double value)
{
    if (!(fabs(value) < WHOLE_MAX / EXACT_STEP))
        return value;
    return rint(value * EXACT_STEP) / EXACT_STEP;
}

/* Where the format has no null. */
static json_t *make_quantity(struct writer *writer, double value)
{
    return make_number(writer, isfinite(value) ? round_ratio(value) : 0);
}

static json_t *make_ratio(struct writer *writer, double value)
{
    return make_number(writer, round_ratio(value));
}

static json_t *make_samples(struct writer *writer, const struct samples *samples, bool exact)
{
    if (samples->count == 0)
        return json_null();
    json_t *array = keep(writer, json_array());
    for (size_t i = 0; i < samples->count && !writer->failed; i++) {
        double value = samples->values[i];
        append(writer, array, make_number(writer, exact ? round_exact(value) : round_ratio(value)));
    }
    return array;
}

static json_t *make_fingerprint(struct writer *writer, const struct fingerprint *fingerprint)
{
    json_t *object = keep(writer, json_object());
    put(writer, object, "cpu_model", make_text(writer, fingerprint->cpu_model));
    put(writer, object, "cpu_flags", make_text(writer, fingerprint->cpu_flags));
    put(writer, object, "virtualization", make_text(writer, fingerprint->virtualization));
    put(writer, object, "cpus", keep(writer, json_integer(fingerprint->cpus)));
    put(writer, object, "kernel", make_text(writer, fingerprint->kernel));
    put(writer, object, "libc", make_text(writer, fingerprint->libc));
    put(writer, object, "compiler", make_text(writer, fingerprint->compiler));
    put(writer, object, "valgrind", make_text(writer, fingerprint->valgrind));
    return object;
}

static json_t *make_side(struct writer *writer, const struct run_side *side)
{
    if (!side->present)
        return json_null();
    json_t *object = keep(writer, json_object());
    put(writer, object, "ref", make_text(writer, side->ref));
    put(writer, object, "commit", make_text(writer, side->commit));
    put(writer, object, "dirty", json_boolean(side->dirty));
    put(writer, object, "build_id", make_text(writer, side->build_id));
    put(writer, object, "peak_rss_bytes", make_samples(writer, &side->peak_rss_bytes, true));
    return object;
}

static json_t *make_capability(struct writer *writer, const struct capability *capability)
{
    json_t *object = keep(writer, json_object());
    put(writer, object, "name", make_text(writer, capability->name));
    put(writer, object, "present", json_boolean(capability->present));
    put(writer, object, "detail", make_text(writer, capability->detail));
    return object;
}

/* A total of 0 is a side that the pass did not count. */
static json_t *make_conservation(struct writer *writer, const struct conservation *counted)
{
    if (!(counted->total > 0))
        return json_null();
    json_t *object = keep(writer, json_object());
    put(writer, object, "endpoints", make_number(writer, round_exact(counted->endpoints)));
    put(writer, object, "unattributed", make_number(writer, round_exact(counted->unattributed)));
    put(writer, object, "total", make_number(writer, round_exact(counted->total)));
    return object;
}

static json_t *make_pass(struct writer *writer, const struct pass_result *pass)
{
    json_t *object = keep(writer, json_object());
    json_t *conservation = keep(writer, json_object());
    put(writer, conservation, "head", make_conservation(writer, &pass->conservation[SIDE_HEAD]));
    put(writer, conservation, "base", make_conservation(writer, &pass->conservation[SIDE_BASE]));
    put(writer, object, "name", make_text(writer, pass->name));
    put(writer, object, "status",
        make_text(writer, pass_status_name(pass->status)));
    put(writer, object, "reason", make_text(writer, pass->reason));
    put(writer, object, "seconds", make_quantity(writer, pass->seconds));
    put(writer, object, "replicates", keep(writer, json_integer(pass->replicates)));
    put(writer, object, "requests", keep(writer, json_integer(pass->requests)));
    put(writer, object, "dropped", keep(writer, json_integer(pass->dropped)));
    put(writer, object, "conserved", make_text(writer, metric_info(pass->conserved)->key));
    put(writer, object, "conservation", conservation);
    return object;
}

static json_t *make_figure(struct writer *writer, const struct figure *figure,
                           const struct metric_info *info)
{
    bool exact = info->kind == METRIC_EXACT;
    json_t *object = keep(writer, json_object());
    put(writer, object, "head", make_samples(writer, &figure->side[SIDE_HEAD], exact));
    put(writer, object, "base", make_samples(writer, &figure->side[SIDE_BASE], exact));
    if (info->kind == METRIC_PAIRED) {
        put(writer, object, "log_ratio", make_samples(writer, &figure->log_ratio, false));
        put(writer, object, "aa_log_ratio", make_samples(writer, &figure->aa_log_ratio, false));
    }
    put(writer, object, "missing", make_text(writer, figure->missing));
    return object;
}

static bool is_worth_writing(const struct figure *figure)
{
    return figure->side[SIDE_HEAD].count > 0 || figure->side[SIDE_BASE].count > 0 ||
           figure->log_ratio.count > 0 || figure->aa_log_ratio.count > 0 ||
           figure->missing != NULL;
}

static json_t *make_endpoint(struct writer *writer, const struct endpoint_result *endpoint)
{
    json_t *object = keep(writer, json_object());
    json_t *metrics = keep(writer, json_object());
    for (unsigned i = 0; i < METRIC_COUNT && !writer->failed; i++) {
        const struct metric_info *info = metric_info((enum metric)i);
        if (is_worth_writing(&endpoint->figures[i]))
            put(writer, metrics, info->key, make_figure(writer, &endpoint->figures[i], info));
    }
    put(writer, object, "endpoint", make_text(writer, endpoint->name));
    put(writer, object, "requests", keep(writer, json_integer(endpoint->requests)));
    put(writer, object, "weight", make_quantity(writer, endpoint->weight));
    put(writer, object, "invalid", make_text(writer, endpoint->invalid));
    put(writer, object, "cpu_user_share", make_ratio(writer, endpoint->user_share));
    put(writer, object, "metrics", metrics);
    return object;
}

static json_t *make_looks(struct writer *writer, const struct run *run)
{
    if (run->cpu_look_count == 0)
        return json_null();
    json_t *array = keep(writer, json_array());
    for (size_t i = 0; i < run->cpu_look_count; i++)
        append(writer, array, keep(writer, json_integer((json_int_t)run->cpu_looks[i])));
    return array;
}

/* What a signed 64-bit integer cannot hold is written as text. */
static json_t *make_seed(struct writer *writer, uint64_t seed)
{
    char text[32];
    if (seed <= INT64_MAX)
        return keep(writer, json_integer((json_int_t)seed));
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return make_text(writer, text);
}

static void put_lists(struct writer *writer, json_t *root, const struct run *run)
{
    json_t *capabilities = keep(writer, json_array());
    json_t *passes = keep(writer, json_array());
    json_t *endpoints = keep(writer, json_array());
    json_t *notes = keep(writer, json_array());
    for (size_t i = 0; i < run->capability_count && !writer->failed; i++)
        append(writer, capabilities, make_capability(writer, &run->capabilities[i]));
    for (size_t i = 0; i < run->pass_count && !writer->failed; i++)
        append(writer, passes, make_pass(writer, &run->passes[i]));
    for (size_t i = 0; i < run->endpoint_count && !writer->failed; i++)
        append(writer, endpoints, make_endpoint(writer, &run->endpoints[i]));
    for (size_t i = 0; i < run->note_count && !writer->failed; i++)
        append(writer, notes, make_text(writer, run->notes[i]));
    put(writer, root, "capabilities", capabilities);
    put(writer, root, "passes", passes);
    put(writer, root, "endpoints", endpoints);
    put(writer, root, "notes", notes);
}

json_t *run_to_json(const struct run *run, struct error *err)
{
    struct writer writer = {0};
    json_t *root = keep(&writer, json_object());
    json_t *sides = keep(&writer, json_object());
    put(&writer, sides, "head", make_side(&writer, &run->sides[SIDE_HEAD]));
    put(&writer, sides, "base", make_side(&writer, &run->sides[SIDE_BASE]));
    put(&writer, root, "sides", sides);
    put(&writer, root, "schema_version", keep(&writer, json_integer(RUN_SCHEMA_VERSION)));
    put(&writer, root, "tollgate_version", make_text(&writer, run->tollgate_version));
    put(&writer, root, "created", make_text(&writer, run->created));
    put(&writer, root, "seed", make_seed(&writer, run->seed));
    put(&writer, root, "corpus_hash", make_text(&writer, run->corpus_hash));
    put(&writer, root, "config_hash", make_text(&writer, run->config_hash));
    put(&writer, root, "fingerprint", make_fingerprint(&writer, &run->fingerprint));
    put(&writer, root, "cpu_looks", make_looks(&writer, run));
    put_lists(&writer, root, run);
    if (!writer.failed)
        return root;
    json_decref(root);
    error_set_memory(err);
    return NULL;
}
