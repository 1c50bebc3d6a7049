/* A run: everything measured in one bench, and its JSON. Raw figures only; what they mean is for
 * the comparison. All strings and arrays live in the run's arena. */
#ifndef TOLLGATE_BASELINES_RUN_H
#define TOLLGATE_BASELINES_RUN_H

#include "base/arena.h"
#include "base/error.h"
#include "baselines/metric.h"
#include "baselines/profile.h"

#include <jansson.h>
#include <stdint.h>

enum {
    RUN_SCHEMA_VERSION = 1,
    RUN_MAX_BYTES = 256 * 1024 * 1024, /* a larger file is refused */
    RUN_LOOKS_MAX = 16,
};

enum side { SIDE_HEAD, SIDE_BASE, SIDE_COUNT };

/* One value a replicate. `values` is NULL and `count` 0 when not measured. */
struct samples {
    double *values;
    size_t count;
};

/* One metric of one endpoint. */
struct figure {
    struct samples side[SIDE_COUNT]; /* per request, in the metric's unit */
    struct samples log_ratio;        /* METRIC_PAIRED with two sides: ln(head / base) a replicate */
    struct samples aa_log_ratio;     /* the same for base against base: what noise alone does */
    const char *missing;             /* why nothing was measured; NULL when something was */
};

/* A shape of request that an endpoint gets, with what one costs. */
struct variant_result {
    const char *name;                         /* "" = those that the corpus gives none */
    double share;                             /* of the endpoint's traffic, 0 to 1 */
    double figures[METRIC_COUNT][SIDE_COUNT]; /* per request; NAN = not measured apart */
};

struct endpoint_result {
    const char *name;
    int64_t requests;    /* exchanges of the corpus */
    double weight;       /* production requests that they stand for */
    const char *invalid; /* why its figures cannot be trusted, with both answers; NULL = valid */
    double user_share;   /* of the head's CPU time, 0 to 1; NAN = unknown (sampled by the kernel) */
    struct figure figures[METRIC_COUNT];
    struct variant_result *variants; /* none when the endpoint has but one */
    size_t variant_count;
};

enum pass_status {
    PASS_RAN,
    PASS_SKIPPED, /* not wanted, or it does not apply to this gateway or machine */
    PASS_CUT,     /* the time budget ended before there was a figure: inconclusive */
};

/* Where the pass's main counter went: endpoints + unattributed = total, for one side. */
struct conservation {
    double endpoints;
    double unattributed;
    double total;   /* of the process tree, read independently */
    double between; /* of `unattributed`, while requests were measured: background work, not start,
                       warm-up and end. With one side alone there is no such time, and it is 0 */
};

/* "ran", "skipped", "cut". */
const char *pass_status_name(enum pass_status status);

struct pass_result {
    const char *name;
    enum pass_status status;
    const char *reason; /* why it was skipped, or a remark on what ran; NULL = none */
    double seconds;
    int64_t replicates;
    int64_t requests;      /* replayed and measured, both sides */
    int64_t dropped;       /* replicates dropped for stolen time */
    enum metric conserved; /* which metric the next field counts */
    struct conservation conservation[SIDE_COUNT];
};

/* What a machine is: exact figures are compared only between equal ones. NULL = unknown. */
struct fingerprint {
    const char *cpu_model;
    const char *cpu_flags; /* hash of the flags, hex */
    const char *virtualization;
    int64_t cpus;
    const char *kernel;
    const char *libc;
    const char *compiler;
    const char *valgrind;
};

/* What the machine lets the passes do, as probed before the run. */
struct capability {
    const char *name;
    bool present;
    const char *detail; /* what was found, in words; NULL = nothing more to say */
};

struct run_side {
    bool present;
    const char *ref;               /* as asked for: "HEAD", "main", a folder */
    const char *commit;            /* 40 hex digits; NULL = not in git */
    bool dirty;                    /* the work tree differed from the commit */
    const char *build_id;          /* hash of the gateway's program file, hex; NULL = unknown */
    struct samples peak_rss_bytes; /* a replicate of the live pass, whole process tree */
};

/* How the requests to one upstream's stand-in found their answers. */
struct upstream_result {
    const char *name;
    int64_t exact, normalised, templated, missed;
    int64_t faulted; /* of them, so many were given a fault, as the config asked for */
};

struct run {
    struct arena arena;
    const char *tollgate_version;
    const char *created; /* UTC, "2026-01-31T09:30:00Z" */
    uint64_t seed;
    const char *corpus_hash; /* hex */
    const char *config_hash; /* hex, of what decides the workload: not thresholds */
    struct fingerprint fingerprint;
    const struct capability *capabilities;
    size_t capability_count;
    struct run_side sides[SIDE_COUNT];
    struct endpoint_result *endpoints;
    size_t endpoint_count;
    struct pass_result *passes;
    size_t pass_count;
    struct upstream_result *upstreams; /* none in runs of before there was such a count */
    size_t upstream_count;
    /* Replicates at which the live pass looked whether endpoints are clear, rising, as planned
     * before it began; NULL and 0: it looked once, at the end. */
    const size_t *cpu_looks;
    size_t cpu_look_count;
    const char **notes; /* remarks for the reader, in order */
    size_t note_count;
    struct profile profiles[PROFILE_KIND_COUNT][SIDE_COUNT];
    struct source_tree sources[SIDE_COUNT];     /* the gateway's own; no files: not known */
    const struct source_change *source_changes; /* between the two sides' trees */
    size_t source_change_count;
    bool source_changes_known; /* else lines of the two sides are matched by number */
};

void run_init(struct run *run);
void run_release(struct run *run);

/* Read and written whole or not at all. What is read into needs no run_init before; when reading
 * fails it is left empty, and run_release is harmless. A file of another schema version is
 * ERROR_INPUT and says which version it is and what to do. Content is hostile: types, ranges and
 * sizes are checked. */
MUST_CHECK bool run_read(struct run *run, const char *path, struct error *err);
MUST_CHECK bool run_write(const struct run *run, const char *path, struct error *err);

/* From and to a JSON document; the caller owns the result. NULL on error. */
MUST_CHECK bool run_from_json(struct run *run, const json_t *json, const char *name,
                              struct error *err);
MUST_CHECK json_t *run_to_json(const struct run *run, struct error *err);

/* NULL when there is none. */
const struct endpoint_result *run_endpoint(const struct run *run, const char *name);
const struct pass_result *run_pass(const struct run *run, const char *name);

/* Appends a remark. Out of memory: the remark is lost. */
void run_add_note(struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);

/* What differs, in words ("the kernel: 6.1 there, 6.8 here"), or NULL when a stored figure of
 * `there` may be held against `here`. Written into `why`. */
const char *fingerprint_difference(const struct fingerprint *here, const struct fingerprint *there,
                                   char why[256]);

#endif
