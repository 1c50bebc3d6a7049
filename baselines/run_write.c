/* A run as a JSON document. */
#include "baselines/run.h"

#include "baselines/json_writer.h"
#include "baselines/profile_json.h"

#include <math.h>
#include <stdio.h>

static json_t *make_samples(struct writer *writer, const struct samples *samples, bool exact)
{
    if (samples->count == 0)
        return json_null();
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < samples->count && !writer->failed; i++) {
        double value = samples->values[i];
        writer_append(writer, array,
                      exact ? writer_exact(writer, value) : writer_ratio(writer, value));
    }
    return array;
}

static json_t *make_fingerprint(struct writer *writer, const struct fingerprint *fingerprint)
{
    json_t *object = writer_keep(writer, json_object());
    writer_put(writer, object, "cpu_model", writer_text(writer, fingerprint->cpu_model));
    writer_put(writer, object, "cpu_flags", writer_text(writer, fingerprint->cpu_flags));
    writer_put(writer, object, "virtualization", writer_text(writer, fingerprint->virtualization));
    writer_put(writer, object, "cpus", writer_integer(writer, fingerprint->cpus));
    writer_put(writer, object, "kernel", writer_text(writer, fingerprint->kernel));
    writer_put(writer, object, "libc", writer_text(writer, fingerprint->libc));
    writer_put(writer, object, "compiler", writer_text(writer, fingerprint->compiler));
    writer_put(writer, object, "valgrind", writer_text(writer, fingerprint->valgrind));
    return object;
}

static json_t *make_side(struct writer *writer, const struct run_side *side)
{
    if (!side->present)
        return json_null();
    json_t *object = writer_keep(writer, json_object());
    writer_put(writer, object, "ref", writer_text(writer, side->ref));
    writer_put(writer, object, "commit", writer_text(writer, side->commit));
    writer_put(writer, object, "dirty", json_boolean(side->dirty));
    writer_put(writer, object, "build_id", writer_text(writer, side->build_id));
    writer_put(writer, object, "peak_rss_bytes", make_samples(writer, &side->peak_rss_bytes, true));
    return object;
}

static json_t *make_capability(struct writer *writer, const struct capability *capability)
{
    json_t *object = writer_keep(writer, json_object());
    writer_put(writer, object, "name", writer_text(writer, capability->name));
    writer_put(writer, object, "present", json_boolean(capability->present));
    writer_put(writer, object, "detail", writer_text(writer, capability->detail));
    return object;
}

/* A total of 0 is a side that the pass did not count. */
static json_t *make_conservation(struct writer *writer, const struct conservation *counted)
{
    if (!(counted->total > 0))
        return json_null();
    json_t *object = writer_keep(writer, json_object());
    writer_put(writer, object, "endpoints", writer_exact(writer, counted->endpoints));
    writer_put(writer, object, "unattributed", writer_exact(writer, counted->unattributed));
    writer_put(writer, object, "total", writer_exact(writer, counted->total));
    if (counted->between > 0)
        writer_put(writer, object, "between", writer_exact(writer, counted->between));
    return object;
}

static json_t *make_pass(struct writer *writer, const struct pass_result *pass)
{
    json_t *object = writer_keep(writer, json_object());
    json_t *conservation = writer_keep(writer, json_object());
    writer_put(writer, conservation, "head",
               make_conservation(writer, &pass->conservation[SIDE_HEAD]));
    writer_put(writer, conservation, "base",
               make_conservation(writer, &pass->conservation[SIDE_BASE]));
    writer_put(writer, object, "name", writer_text(writer, pass->name));
    writer_put(writer, object, "status", writer_text(writer, pass_status_name(pass->status)));
    writer_put(writer, object, "reason", writer_text(writer, pass->reason));
    writer_put(writer, object, "seconds", writer_quantity(writer, pass->seconds));
    writer_put(writer, object, "replicates", writer_integer(writer, pass->replicates));
    writer_put(writer, object, "requests", writer_integer(writer, pass->requests));
    writer_put(writer, object, "dropped", writer_integer(writer, pass->dropped));
    writer_put(writer, object, "conserved", writer_text(writer, metric_info(pass->conserved)->key));
    writer_put(writer, object, "conservation", conservation);
    return object;
}

static json_t *make_figure(struct writer *writer, const struct figure *figure,
                           const struct metric_info *info)
{
    bool exact = info->kind == METRIC_EXACT;
    json_t *object = writer_keep(writer, json_object());
    writer_put(writer, object, "head", make_samples(writer, &figure->side[SIDE_HEAD], exact));
    writer_put(writer, object, "base", make_samples(writer, &figure->side[SIDE_BASE], exact));
    if (info->kind == METRIC_PAIRED) {
        writer_put(writer, object, "log_ratio", make_samples(writer, &figure->log_ratio, false));
        writer_put(writer, object, "aa_log_ratio",
                   make_samples(writer, &figure->aa_log_ratio, false));
    }
    writer_put(writer, object, "missing", writer_text(writer, figure->missing));
    return object;
}

static bool is_worth_writing(const struct figure *figure)
{
    return figure->side[SIDE_HEAD].count > 0 || figure->side[SIDE_BASE].count > 0 ||
           figure->log_ratio.count > 0 || figure->aa_log_ratio.count > 0 || figure->missing != NULL;
}

static json_t *make_variant(struct writer *writer, const struct variant_result *variant)
{
    json_t *object = writer_keep(writer, json_object());
    json_t *metrics = writer_keep(writer, json_object());
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const double *figures = variant->figures[i];
        if (isnan(figures[SIDE_HEAD]) && isnan(figures[SIDE_BASE]))
            continue;
        json_t *figure = writer_keep(writer, json_object());
        writer_put(writer, figure, "head", writer_exact(writer, figures[SIDE_HEAD]));
        writer_put(writer, figure, "base", writer_exact(writer, figures[SIDE_BASE]));
        writer_put(writer, metrics, metric_info((enum metric)i)->key, figure);
    }
    writer_put(writer, object, "variant", writer_text(writer, variant->name));
    writer_put(writer, object, "share", writer_ratio(writer, variant->share));
    writer_put(writer, object, "metrics", metrics);
    return object;
}

static void put_variants(struct writer *writer, json_t *object,
                         const struct endpoint_result *endpoint)
{
    if (endpoint->variant_count == 0)
        return;
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < endpoint->variant_count && !writer->failed; i++)
        writer_append(writer, array, make_variant(writer, &endpoint->variants[i]));
    writer_put(writer, object, "variants", array);
}

static json_t *make_endpoint(struct writer *writer, const struct endpoint_result *endpoint)
{
    json_t *object = writer_keep(writer, json_object());
    json_t *metrics = writer_keep(writer, json_object());
    for (unsigned i = 0; i < METRIC_COUNT && !writer->failed; i++) {
        const struct metric_info *info = metric_info((enum metric)i);
        if (is_worth_writing(&endpoint->figures[i]))
            writer_put(writer, metrics, info->key,
                       make_figure(writer, &endpoint->figures[i], info));
    }
    writer_put(writer, object, "endpoint", writer_text(writer, endpoint->name));
    writer_put(writer, object, "requests", writer_integer(writer, endpoint->requests));
    writer_put(writer, object, "weight", writer_quantity(writer, endpoint->weight));
    writer_put(writer, object, "invalid", writer_text(writer, endpoint->invalid));
    writer_put(writer, object, "cpu_user_share", writer_ratio(writer, endpoint->user_share));
    writer_put(writer, object, "metrics", metrics);
    put_variants(writer, object, endpoint);
    return object;
}

static json_t *make_looks(struct writer *writer, const struct run *run)
{
    if (run->cpu_look_count == 0)
        return json_null();
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < run->cpu_look_count; i++)
        writer_append(writer, array, writer_integer(writer, (json_int_t)run->cpu_looks[i]));
    return array;
}

/* What a signed 64-bit integer cannot hold is written as text. */
static json_t *make_seed(struct writer *writer, uint64_t seed)
{
    char text[32];
    if (seed <= INT64_MAX)
        return writer_integer(writer, (json_int_t)seed);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return writer_text(writer, text);
}

static json_t *make_upstream(struct writer *writer, const struct upstream_result *upstream)
{
    json_t *object = writer_keep(writer, json_object());
    writer_put(writer, object, "name", writer_text(writer, upstream->name));
    writer_put(writer, object, "exact", writer_integer(writer, upstream->exact));
    writer_put(writer, object, "normalised", writer_integer(writer, upstream->normalised));
    writer_put(writer, object, "template", writer_integer(writer, upstream->templated));
    writer_put(writer, object, "missed", writer_integer(writer, upstream->missed));
    writer_put(writer, object, "faulted", writer_integer(writer, upstream->faulted));
    return object;
}

static void put_upstreams(struct writer *writer, json_t *root, const struct run *run)
{
    if (run->upstream_count == 0)
        return;
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < run->upstream_count && !writer->failed; i++)
        writer_append(writer, array, make_upstream(writer, &run->upstreams[i]));
    writer_put(writer, root, "upstreams", array);
}

static void put_lists(struct writer *writer, json_t *root, const struct run *run)
{
    json_t *capabilities = writer_keep(writer, json_array());
    json_t *passes = writer_keep(writer, json_array());
    json_t *endpoints = writer_keep(writer, json_array());
    json_t *notes = writer_keep(writer, json_array());
    for (size_t i = 0; i < run->capability_count && !writer->failed; i++)
        writer_append(writer, capabilities, make_capability(writer, &run->capabilities[i]));
    for (size_t i = 0; i < run->pass_count && !writer->failed; i++)
        writer_append(writer, passes, make_pass(writer, &run->passes[i]));
    for (size_t i = 0; i < run->endpoint_count && !writer->failed; i++)
        writer_append(writer, endpoints, make_endpoint(writer, &run->endpoints[i]));
    for (size_t i = 0; i < run->note_count && !writer->failed; i++)
        writer_append(writer, notes, writer_text(writer, run->notes[i]));
    writer_put(writer, root, "capabilities", capabilities);
    writer_put(writer, root, "passes", passes);
    writer_put(writer, root, "endpoints", endpoints);
    writer_put(writer, root, "notes", notes);
}

json_t *run_to_json(const struct run *run, struct error *err)
{
    struct writer writer = {0};
    json_t *root = writer_keep(&writer, json_object());
    json_t *sides = writer_keep(&writer, json_object());
    writer_put(&writer, sides, "head", make_side(&writer, &run->sides[SIDE_HEAD]));
    writer_put(&writer, sides, "base", make_side(&writer, &run->sides[SIDE_BASE]));
    writer_put(&writer, root, "sides", sides);
    writer_put(&writer, root, "schema_version",
               writer_keep(&writer, json_integer(RUN_SCHEMA_VERSION)));
    writer_put(&writer, root, "tollgate_version", writer_text(&writer, run->tollgate_version));
    writer_put(&writer, root, "created", writer_text(&writer, run->created));
    writer_put(&writer, root, "seed", make_seed(&writer, run->seed));
    writer_put(&writer, root, "corpus_hash", writer_text(&writer, run->corpus_hash));
    writer_put(&writer, root, "config_hash", writer_text(&writer, run->config_hash));
    writer_put(&writer, root, "fingerprint", make_fingerprint(&writer, &run->fingerprint));
    writer_put(&writer, root, "cpu_looks", make_looks(&writer, run));
    put_lists(&writer, root, run);
    put_upstreams(&writer, root, run);
    profile_json_put(&writer, root, run);
    if (!writer.failed)
        return root;
    json_decref(root);
    error_set_memory(err);
    return NULL;
}
