/* A run from a JSON document. The document may come from anywhere: every type, range and count is
 * checked, and what is not known is refused. */
#include "baselines/run.h"

#include "baselines/json_reader.h"
#include "baselines/profile_json.h"
#include "baselines/signedrank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENDPOINTS_MAX = 10000,
    PASSES_MAX = 100,
    NOTES_MAX = 1000,
    CAPABILITIES_MAX = 100,
    SAMPLES_MAX = 100000,
    CPUS_MAX = 1 << 20,
    VARIANTS_MAX = 10000,
    UPSTREAMS_MAX = 256,
};

#define LOG_RATIO_LIMIT 100.0

/* One figure; null is a replicate without one. */
static bool read_sample(struct reader *reader, const json_t *value, double min, double max,
                        double *out, const struct json_place *place)
{
    *out = NAN;
    if (json_is_null(value))
        return true;
    if (!json_is_number(value))
        return json_fail(place, reader->err, "must be a number or null");
    *out = json_number_value(value);
    if (*out >= min && *out <= max)
        return true;
    return json_fail(place, reader->err, "is %g, must be from %g to %g", *out, min, max);
}

static bool read_samples(struct reader *reader, const json_t *object, const char *key, double min,
                         double max, struct samples *out, const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, key);
    *out = (struct samples){0};
    if (json_is_null(json_object_get(object, key)) || json_object_get(object, key) == NULL)
        return true;
    if (!reader_list(reader, object, key, SAMPLES_MAX, sizeof *out->values, &array, &room, place))
        return false;
    double *values = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_sample(reader, json_array_get(array, i), min, max, &values[i], &element))
            return false;
    }
    out->count = json_array_size(array);
    out->values = out->count > 0 ? values : NULL;
    return true;
}

static bool read_fingerprint(struct reader *reader, const json_t *object, struct fingerprint *out,
                             const struct json_place *place)
{
    static const char *const keys[] = {"cpu_model", "cpu_flags", "virtualization", "cpus", "kernel",
                                       "libc",      "compiler",  "valgrind",       NULL};
    return json_only_keys(object, keys, place, reader->err) &&
           reader_word(reader, object, "cpu_model", &out->cpu_model, place) &&
           reader_word(reader, object, "cpu_flags", &out->cpu_flags, place) &&
           reader_word(reader, object, "virtualization", &out->virtualization, place) &&
           json_get_int(object, "cpus", JSON_OPTIONAL, 0, CPUS_MAX, &out->cpus, place,
                        reader->err) &&
           reader_word(reader, object, "kernel", &out->kernel, place) &&
           reader_word(reader, object, "libc", &out->libc, place) &&
           reader_word(reader, object, "compiler", &out->compiler, place) &&
           reader_word(reader, object, "valgrind", &out->valgrind, place);
}

static bool read_side(struct reader *reader, const json_t *sides, const char *key,
                      enum json_need need, struct run_side *out, const struct json_place *place)
{
    static const char *const keys[] = {"ref",      "commit",         "dirty",
                                       "build_id", "peak_rss_bytes", NULL};
    const json_t *object = NULL;
    struct json_place at = json_place_key(place, key);
    if (!json_get_object(sides, key, need, &object, place, reader->err))
        return false;
    if (object == NULL)
        return true;
    out->present = true;
    return json_only_keys(object, keys, &at, reader->err) &&
           reader_text(reader, object, "ref", JSON_OPTIONAL, READER_LINE_MAX, &out->ref, &at) &&
           reader_hex(reader, object, "commit", &out->commit, &at) &&
           json_get_bool(object, "dirty", JSON_OPTIONAL, &out->dirty, &at, reader->err) &&
           reader_hex(reader, object, "build_id", &out->build_id, &at) &&
           read_samples(reader, object, "peak_rss_bytes", 0, READER_FIGURE_LIMIT,
                        &out->peak_rss_bytes, &at);
}

static bool read_sides(struct reader *reader, const json_t *root, struct run *run,
                       const struct json_place *place)
{
    static const char *const keys[] = {"head", "base", NULL};
    const json_t *sides = NULL;
    struct json_place at = json_place_key(place, "sides");
    return json_get_object(root, "sides", JSON_REQUIRED, &sides, place, reader->err) &&
           json_only_keys(sides, keys, &at, reader->err) &&
           read_side(reader, sides, "head", JSON_REQUIRED, &run->sides[SIDE_HEAD], &at) &&
           read_side(reader, sides, "base", JSON_OPTIONAL, &run->sides[SIDE_BASE], &at);
}

static bool read_conservation(struct reader *reader, const json_t *sides, const char *key,
                              struct conservation *out, const struct json_place *place)
{
    static const char *const keys[] = {"endpoints", "unattributed", "total", "between", NULL};
    const json_t *object = NULL;
    struct json_place at = json_place_key(place, key);
    if (!json_get_object(sides, key, JSON_OPTIONAL, &object, place, reader->err))
        return false;
    if (object == NULL)
        return true;
    return json_only_keys(object, keys, &at, reader->err) &&
           json_get_number(object, "endpoints", JSON_REQUIRED, -READER_FIGURE_LIMIT,
                           READER_FIGURE_LIMIT, &out->endpoints, &at, reader->err) &&
           json_get_number(object, "unattributed", JSON_REQUIRED, -READER_FIGURE_LIMIT,
                           READER_FIGURE_LIMIT, &out->unattributed, &at, reader->err) &&
           json_get_number(object, "total", JSON_REQUIRED, 0, READER_FIGURE_LIMIT, &out->total, &at,
                           reader->err) &&
           json_get_number(object, "between", JSON_OPTIONAL, 0, READER_FIGURE_LIMIT, &out->between,
                           &at, reader->err);
}

static bool read_pass_status(struct reader *reader, const json_t *object, struct pass_result *out,
                             const struct json_place *place)
{
    const char *status = NULL, *conserved = NULL;
    if (!json_get_string(object, "status", JSON_REQUIRED, &status, place, reader->err) ||
        !json_get_string(object, "conserved", JSON_REQUIRED, &conserved, place, reader->err))
        return false;
    struct json_place at = json_place_key(place, "status");
    if (strcmp(status, "ran") != 0 && strcmp(status, "skipped") != 0 && strcmp(status, "cut") != 0)
        return json_fail(&at, reader->err, "must be \"ran\" or \"skipped\"");
    out->status = PASS_RAN;
    while (out->status < PASS_CUT && strcmp(status, pass_status_name(out->status)) != 0)
        out->status++;
    out->conserved = metric_by_key(conserved);
    at = json_place_key(place, "conserved");
    return out->conserved != METRIC_COUNT || json_fail(&at, reader->err, "must name a metric");
}

static bool read_pass(struct reader *reader, const json_t *object, struct pass_result *out,
                      const struct json_place *place)
{
    static const char *const keys[] = {"name",         "status",   "reason",  "seconds",
                                       "replicates",   "requests", "dropped", "conserved",
                                       "conservation", NULL};
    static const char *const side_keys[] = {"head", "base", NULL};
    const json_t *conservation = NULL;
    struct json_place at = json_place_key(place, "conservation");
    return reader_object(reader, object, place) &&
           json_only_keys(object, keys, place, reader->err) &&
           reader_name(reader, object, "name", &out->name, place) &&
           read_pass_status(reader, object, out, place) &&
           reader_text(reader, object, "reason", JSON_OPTIONAL, READER_TEXT_MAX, &out->reason,
                       place) &&
           json_get_number(object, "seconds", JSON_REQUIRED, 0, READER_FIGURE_LIMIT, &out->seconds,
                           place, reader->err) &&
           reader_count(reader, object, "replicates", &out->replicates, place) &&
           reader_count(reader, object, "requests", &out->requests, place) &&
           reader_count(reader, object, "dropped", &out->dropped, place) &&
           json_get_object(object, "conservation", JSON_REQUIRED, &conservation, place,
                           reader->err) &&
           json_only_keys(conservation, side_keys, &at, reader->err) &&
           read_conservation(reader, conservation, "head", &out->conservation[SIDE_HEAD], &at) &&
           read_conservation(reader, conservation, "base", &out->conservation[SIDE_BASE], &at);
}

static bool read_passes(struct reader *reader, const json_t *root, struct run *run,
                        const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "passes");
    if (!reader_list(reader, root, "passes", PASSES_MAX, sizeof *run->passes, &array, &room, place))
        return false;
    run->passes = room;
    run->pass_count = json_array_size(array);
    for (size_t i = 0; i < run->pass_count; i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_pass(reader, json_array_get(array, i), &run->passes[i], &element))
            return false;
    }
    return true;
}

static bool read_figure(struct reader *reader, const json_t *object, enum metric_kind kind,
                        struct figure *out, const struct json_place *place)
{
    static const char *const plain_keys[] = {"head", "base", "missing", NULL};
    static const char *const paired_keys[] = {"head",         "base",    "log_ratio",
                                              "aa_log_ratio", "missing", NULL};
    const char *const *keys = kind == METRIC_PAIRED ? paired_keys : plain_keys;
    /* Only what is counted can be negative: memory given back. */
    double min = kind == METRIC_EXACT ? -READER_FIGURE_LIMIT : 0;
    return json_only_keys(object, keys, place, reader->err) &&
           read_samples(reader, object, "head", min, READER_FIGURE_LIMIT, &out->side[SIDE_HEAD],
                        place) &&
           read_samples(reader, object, "base", min, READER_FIGURE_LIMIT, &out->side[SIDE_BASE],
                        place) &&
           read_samples(reader, object, "log_ratio", -LOG_RATIO_LIMIT, LOG_RATIO_LIMIT,
                        &out->log_ratio, place) &&
           read_samples(reader, object, "aa_log_ratio", -LOG_RATIO_LIMIT, LOG_RATIO_LIMIT,
                        &out->aa_log_ratio, place) &&
           reader_text(reader, object, "missing", JSON_OPTIONAL, READER_TEXT_MAX, &out->missing,
                       place);
}

static bool read_figures(struct reader *reader, const json_t *endpoint, struct figure *figures,
                         const struct json_place *place)
{
    const char *keys[METRIC_COUNT + 1] = {0};
    const json_t *metrics = NULL;
    struct json_place at = json_place_key(place, "metrics");
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        keys[i] = metric_info((enum metric)i)->key;
    if (!json_get_object(endpoint, "metrics", JSON_REQUIRED, &metrics, place, reader->err) ||
        !json_only_keys(metrics, keys, &at, reader->err))
        return false;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const json_t *object = NULL;
        struct json_place figure = json_place_key(&at, keys[i]);
        if (!json_get_object(metrics, keys[i], JSON_OPTIONAL, &object, &at, reader->err))
            return false;
        if (object != NULL &&
            !read_figure(reader, object, metric_info((enum metric)i)->kind, &figures[i], &figure))
            return false;
    }
    return true;
}

static bool read_variant_figures(struct reader *reader, const json_t *variant,
                                 struct variant_result *out, const struct json_place *place)
{
    static const char *const keys[] = {"head", "base", NULL};
    const char *metric_keys[METRIC_COUNT + 1] = {0};
    const json_t *metrics = NULL;
    struct json_place at = json_place_key(place, "metrics");
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        metric_keys[i] = metric_info((enum metric)i)->key;
    if (!json_get_object(variant, "metrics", JSON_REQUIRED, &metrics, place, reader->err) ||
        !json_only_keys(metrics, metric_keys, &at, reader->err))
        return false;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const json_t *figure = NULL;
        struct json_place figure_at = json_place_key(&at, metric_keys[i]);
        for (size_t side = 0; side < SIDE_COUNT; side++)
            out->figures[i][side] = NAN;
        if (!json_get_object(metrics, metric_keys[i], JSON_OPTIONAL, &figure, &at, reader->err) ||
            (figure != NULL && !json_only_keys(figure, keys, &figure_at, reader->err)))
            return false;
        for (size_t side = 0; side < SIDE_COUNT && figure != NULL; side++) {
            struct json_place side_at = json_place_key(&figure_at, keys[side]);
            if (!read_sample(reader, json_object_get(figure, keys[side]), -READER_FIGURE_LIMIT,
                             READER_FIGURE_LIMIT, &out->figures[i][side], &side_at))
                return false;
        }
    }
    return true;
}

static bool read_variants(struct reader *reader, const json_t *endpoint,
                          struct endpoint_result *out, const struct json_place *place)
{
    static const char *const keys[] = {"variant", "share", "metrics", NULL};
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "variants");
    if (json_object_get(endpoint, "variants") == NULL)
        return true;
    if (!reader_list(reader, endpoint, "variants", VARIANTS_MAX, sizeof *out->variants, &array,
                     &room, place))
        return false;
    out->variants = room;
    out->variant_count = json_array_size(array);
    for (size_t i = 0; i < out->variant_count; i++) {
        const json_t *one = json_array_get(array, i);
        struct variant_result *variant = &out->variants[i];
        struct json_place element = json_place_index(&at, i);
        if (!reader_object(reader, one, &element) ||
            !json_only_keys(one, keys, &element, reader->err) ||
            !reader_text(reader, one, "variant", JSON_REQUIRED, READER_LINE_MAX, &variant->name,
                         &element) ||
            !json_get_number(one, "share", JSON_REQUIRED, 0, 1, &variant->share, &element,
                             reader->err) ||
            !read_variant_figures(reader, one, variant, &element))
            return false;
    }
    return true;
}

static bool read_endpoint(struct reader *reader, const json_t *object, struct endpoint_result *out,
                          const struct json_place *place)
{
    static const char *const keys[] = {"endpoint",       "requests", "weight",   "invalid",
                                       "cpu_user_share", "metrics",  "variants", NULL};
    out->user_share = NAN;
    return reader_object(reader, object, place) &&
           json_only_keys(object, keys, place, reader->err) &&
           reader_name(reader, object, "endpoint", &out->name, place) &&
           reader_count(reader, object, "requests", &out->requests, place) &&
           json_get_number(object, "weight", JSON_REQUIRED, 0, READER_FIGURE_LIMIT, &out->weight,
                           place, reader->err) &&
           reader_text(reader, object, "invalid", JSON_OPTIONAL, READER_TEXT_MAX, &out->invalid,
                       place) &&
           json_get_number(object, "cpu_user_share", JSON_OPTIONAL, 0, 1, &out->user_share, place,
                           reader->err) &&
           read_figures(reader, object, out->figures, place) &&
           read_variants(reader, object, out, place);
}

static int compare_names(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;
    return strcmp(*a, *b);
}

/* Endpoints are matched by name, so a name that comes twice means nothing. */
static bool check_names_differ(struct reader *reader, const struct run *run,
                               const struct json_place *place)
{
    const char **names = arena_alloc_array(reader->arena, run->endpoint_count, sizeof *names);
    if (names == NULL)
        return error_set_memory(reader->err);
    for (size_t i = 0; i < run->endpoint_count; i++)
        names[i] = run->endpoints[i].name;
    if (run->endpoint_count > 0)
        qsort(names, run->endpoint_count, sizeof *names, compare_names);
    for (size_t i = 1; i < run->endpoint_count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return json_fail(place, reader->err, "\"%s\" is there twice", names[i]);
    return true;
}

static bool read_endpoints(struct reader *reader, const json_t *root, struct run *run,
                           const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "endpoints");
    if (!reader_list(reader, root, "endpoints", ENDPOINTS_MAX, sizeof *run->endpoints, &array,
                     &room, place))
        return false;
    run->endpoints = room;
    run->endpoint_count = json_array_size(array);
    for (size_t i = 0; i < run->endpoint_count; i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_endpoint(reader, json_array_get(array, i), &run->endpoints[i], &element))
            return false;
    }
    return check_names_differ(reader, run, &at);
}

static bool read_upstream(struct reader *reader, const json_t *object, struct upstream_result *out,
                          const struct json_place *place)
{
    static const char *const keys[] = {"name",   "exact",   "normalised", "template",
                                       "missed", "faulted", NULL};
    return reader_object(reader, object, place) &&
           json_only_keys(object, keys, place, reader->err) &&
           reader_name(reader, object, "name", &out->name, place) &&
           reader_count(reader, object, "exact", &out->exact, place) &&
           reader_count(reader, object, "normalised", &out->normalised, place) &&
           reader_count(reader, object, "template", &out->templated, place) &&
           reader_count(reader, object, "missed", &out->missed, place) &&
           reader_count(reader, object, "faulted", &out->faulted, place);
}

static bool read_upstreams(struct reader *reader, const json_t *root, struct run *run,
                           const struct json_place *place)
{
    const json_t *array = NULL;
    struct json_place at = json_place_key(place, "upstreams");
    if (!json_get_array(root, "upstreams", JSON_OPTIONAL, &array, place, reader->err))
        return false;
    if (array == NULL)
        return true;
    size_t count = json_array_size(array);
    if (count > UPSTREAMS_MAX)
        return json_fail(&at, reader->err, "must not have more than %d entries", UPSTREAMS_MAX);
    run->upstreams = arena_alloc_array(reader->arena, count + 1, sizeof *run->upstreams);
    if (run->upstreams == NULL)
        return error_set_memory(reader->err);
    for (; run->upstream_count < count; run->upstream_count++) {
        struct json_place one = json_place_index(&at, run->upstream_count);
        if (!read_upstream(reader, json_array_get(array, run->upstream_count),
                           &run->upstreams[run->upstream_count], &one))
            return false;
    }
    return true;
}

static bool read_notes(struct reader *reader, const json_t *root, struct run *run,
                       const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "notes");
    if (!reader_list(reader, root, "notes", NOTES_MAX, sizeof *run->notes, &array, &room, place))
        return false;
    run->notes = room;
    run->note_count = json_array_size(array);
    for (size_t i = 0; i < run->note_count; i++) {
        const json_t *text = json_array_get(array, i);
        struct json_place element = json_place_index(&at, i);
        if (!json_is_string(text) || json_string_length(text) > READER_TEXT_MAX)
            return json_fail(&element, reader->err, "must be a text of at most %d bytes",
                             READER_TEXT_MAX);
        run->notes[i] = arena_copy_string(reader->arena, json_string_value(text));
        if (run->notes[i] == NULL)
            return error_set_memory(reader->err);
    }
    return true;
}

static bool read_capability(struct reader *reader, const json_t *object, struct capability *out,
                            const struct json_place *place)
{
    static const char *const keys[] = {"name", "present", "detail", NULL};
    return reader_object(reader, object, place) &&
           json_only_keys(object, keys, place, reader->err) &&
           reader_name(reader, object, "name", &out->name, place) &&
           json_get_bool(object, "present", JSON_REQUIRED, &out->present, place, reader->err) &&
           reader_text(reader, object, "detail", JSON_OPTIONAL, READER_LINE_MAX, &out->detail,
                       place);
}

/* Runs of before the probe was kept have none. */
static bool read_capabilities(struct reader *reader, const json_t *root, struct run *run,
                              const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "capabilities");
    if (json_object_get(root, "capabilities") == NULL)
        return true;
    if (!reader_list(reader, root, "capabilities", CAPABILITIES_MAX, sizeof *run->capabilities,
                     &array, &room, place))
        return false;
    struct capability *list = room;
    run->capabilities = list;
    run->capability_count = json_array_size(array);
    for (size_t i = 0; i < run->capability_count; i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_capability(reader, json_array_get(array, i), &list[i], &element))
            return false;
    }
    return true;
}

static bool read_looks(struct reader *reader, const json_t *root, struct run *run,
                       const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "cpu_looks");
    const json_t *looks_json = json_object_get(root, "cpu_looks");
    if (looks_json == NULL || json_is_null(looks_json))
        return true;
    if (!reader_list(reader, root, "cpu_looks", RUN_LOOKS_MAX, sizeof *run->cpu_looks, &array,
                     &room, place))
        return false;
    size_t *looks = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        struct json_place element = json_place_index(&at, i);
        json_int_t least = i == 0 ? 1 : (json_int_t)looks[i - 1] + 1;
        if (!json_is_integer(value) || json_integer_value(value) < least ||
            json_integer_value(value) > SIGNEDRANK_COUNT_MAX)
            return json_fail(&element, reader->err, "must be a whole number from %lld to %d",
                             (long long)least, SIGNEDRANK_COUNT_MAX);
        looks[i] = (size_t)json_integer_value(value);
    }
    run->cpu_look_count = json_array_size(array);
    run->cpu_looks = run->cpu_look_count > 0 ? looks : NULL;
    return true;
}

static bool check_version(struct reader *reader, const json_t *root, const struct json_place *place)
{
    int64_t version = 0;
    if (!json_get_int(root, "schema_version", JSON_REQUIRED, INT64_MIN, INT64_MAX, &version, place,
                      reader->err))
        return false;
    if (version == RUN_SCHEMA_VERSION)
        return true;
    return json_fail(place, reader->err,
                     "is of schema version %lld, this tollgate reads version %d: measure and save "
                     "it anew with this tollgate, or use the version that wrote it",
                     (long long)version, RUN_SCHEMA_VERSION);
}

/* A number, or text for what a signed 64-bit integer cannot hold. */
static bool read_seed(struct reader *reader, const json_t *root, uint64_t *out,
                      const struct json_place *place)
{
    const json_t *seed = json_object_get(root, "seed");
    struct json_place at = json_place_key(place, "seed");
    if (json_is_integer(seed) && json_integer_value(seed) >= 0) {
        *out = (uint64_t)json_integer_value(seed);
        return true;
    }
    if (json_is_string(seed)) {
        const char *text = json_string_value(seed);
        size_t length = json_string_length(seed);
        char *end;
        *out = strtoull(text, &end, 10);
        /* 20 digits hold 2^64 - 1; what is above comes back as just that. */
        if (length > 0 && length <= 20 && strspn(text, "0123456789") == length)
            return true;
    }
    return json_fail(&at, reader->err, "must be a whole number of 0 or more");
}

static bool read_head_of_file(struct reader *reader, const json_t *root, struct run *run,
                              const struct json_place *place)
{
    const json_t *fingerprint = NULL;
    struct json_place at = json_place_key(place, "fingerprint");
    return reader_word(reader, root, "tollgate_version", &run->tollgate_version, place) &&
           reader_word(reader, root, "created", &run->created, place) &&
           read_seed(reader, root, &run->seed, place) &&
           reader_hex(reader, root, "corpus_hash", &run->corpus_hash, place) &&
           reader_hex(reader, root, "config_hash", &run->config_hash, place) &&
           json_get_object(root, "fingerprint", JSON_REQUIRED, &fingerprint, place, reader->err) &&
           read_fingerprint(reader, fingerprint, &run->fingerprint, &at) &&
           read_capabilities(reader, root, run, place);
}

bool run_from_json(struct run *run, const json_t *json, const char *name, struct error *err)
{
    static const char *const keys[] = {"schema_version", "tollgate_version",
                                       "created",        "seed",
                                       "corpus_hash",    "config_hash",
                                       "fingerprint",    "sides",
                                       "passes",         "endpoints",
                                       "notes",          "cpu_looks",
                                       "capabilities",   "profiles",
                                       "sources",        "source_changes",
                                       "upstreams",      NULL};
    run_init(run);
    struct reader reader = {.arena = &run->arena, .err = err};
    struct json_place place = json_place_root(name);
    /* The version comes first: another one may well have other keys. */
    if (reader_object(&reader, json, &place) && check_version(&reader, json, &place) &&
        json_only_keys(json, keys, &place, err) && read_head_of_file(&reader, json, run, &place) &&
        read_sides(&reader, json, run, &place) && read_passes(&reader, json, run, &place) &&
        read_endpoints(&reader, json, run, &place) && read_notes(&reader, json, run, &place) &&
        read_upstreams(&reader, json, run, &place) && read_looks(&reader, json, run, &place) &&
        profile_json_read(&reader, json, run, &place) &&
        sources_json_read(&reader, json, run, &place))
        return true;
    run_release(run);
    return false;
}
