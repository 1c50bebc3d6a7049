/* tollgate.json: how to build, start and know ready the gateway; the corpus; the gate. */
#ifndef TOLLGATE_RIG_CONFIG_H
#define TOLLGATE_RIG_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "baselines/gate.h"
#include "baselines/waiver.h"
#include "insights/dead_keep.h"
#include "replay/check.h"
#include "replay/endpoints.h"

/* NULL-terminated vectors of strings. */
struct command_line {
    const char *const *arguments;
};

struct environment_entry {
    const char *name;
    const char *value; /* NULL: passed on from our own environment */
};

struct gateway_config {
    const struct command_line *build; /* run in order; may be none */
    size_t build_count;
    const char *const *start; /* with ${port} and ${upstream.NAME.url} still in it */
    const struct environment_entry *environment;
    size_t environment_count;
    const char *folder;     /* to build and start in, relative to the config's folder; "." */
    const char *ready_path; /* NULL: ready once the port accepts a connection */
    int ready_status;
    int ready_timeout_ms;
    int stop_timeout_ms;
    int request_timeout_ms;
};

struct pass_settings {
    bool enabled;
    int replicates; /* fresh starts */
    int rounds;     /* live: request pairs an endpoint; else: repeats of an exchange at most */
    int exchanges;  /* of each endpoint that are replayed at most */
};

struct config {
    struct arena arena;
    const char *path;   /* as given */
    const char *folder; /* that the config lies in; paths in it are relative to this */
    struct gateway_config gateway;
    const char *corpus_path; /* usable as it is */
    struct endpoint_map endpoints;
    const char *const *upstreams; /* names */
    size_t upstream_count;
    struct check_rules check;
    bool inject_traceparent;
    bool inject_request_id;
    struct pass_settings live, exact, alloc;
    struct pass_settings lines, sites, stacks; /* that explain: one start a side */
    struct gate gate;
    struct waiver_list accept; /* regressions that may be */
    struct dead_keep_list keep; /* dead code that may be */
    const char *store_path; /* of the baselines; usable as it is */
    const char *baseline;   /* the configured baseline's name; NULL = none */
    const char *work_path;  /* logs, worktrees and what passes need: <folder>/.tollgate/work */
    unsigned long long workload_hash; /* of what decides the workload: not gate, not store */
    unsigned long long terms_hash;    /* of what decides the verdict: gate and accept */
};

enum { CONFIG_MAX_BYTES = 4 * 1024 * 1024 };

/* Errors name the file and the field. On failure nothing needs release. */
MUST_CHECK bool config_read(struct config *config, const char *path, struct error *err);
void config_release(struct config *config);

/* The passes as they are where the config says nothing about them; leaves the rest alone. */
void config_set_default_passes(struct config *config);

#endif
