/* tollgate.json: how to build, start and know ready the gateway; the corpus; the gate. */
#ifndef TOLLGATE_RIG_CONFIG_H
#define TOLLGATE_RIG_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "baselines/gate.h"
#include "baselines/waiver.h"
#include "insights/codeowners.h"
#include "insights/cost_terms.h"
#include "insights/dead_keep.h"
#include "insights/focus.h"
#include "insights/owners_map.h"
#include "replay/check.h"
#include "replay/endpoints.h"
#include "replay/redact.h"
#include "replay/session_rules.h"
#include "replay/standin_settings.h"
#include "replay/openapi.h"

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

/* Where templates come from besides the config's own; paths are usable as they are. */
struct endpoint_sources {
    const char *openapi_path; /* NULL = none */
    struct openapi openapi;   /* what was read, and what was left out */
    const char *map_path;     /* NULL = none; the file may have still to be made */
};

/* What "cost" says; the files it names are read by whoever needs them. Paths are usable as they
 * are. */
struct cost_config {
    bool given;                /* there is such a section */
    struct cost_terms terms;   /* without counts, and without what the FOCUS file says */
    const char *requests_path; /* NULL = the corpus's weights */
    const char *focus_path;    /* NULL = no such bill */
    const char *focus_cost;    /* its column of the amount */
    const struct focus_filter *focus_filters;
    size_t focus_filter_count;
};

/* Where owners come from besides the OpenAPI document of the endpoints. */
struct owners_config {
    bool has_map;
    struct owners_map map;
    const char *codeowners_path; /* usable as it is; NULL = where the dialects look */
    bool has_dialect;
    enum codeowners_dialect dialect;
};

struct redact_config {
    const char *const *names; /* more names to redact; NULL = none */
    const char *const *keep;  /* names never to redact; NULL = none */
    const char *key_env;      /* variable that holds the pseudonyms' key; NULL = none */
};

struct config {
    struct arena arena;
    const char *path;   /* as given */
    const char *folder; /* that the config lies in; paths in it are relative to this */
    struct gateway_config gateway;
    const char *corpus_path;       /* usable as it is */
    struct endpoint_map endpoints; /* of all sources */
    struct endpoint_sources endpoint_sources;
    const char *const *upstreams; /* names */
    size_t upstream_count;
    const struct standin_settings *upstream_settings; /* one a name; NULL without upstreams */
    struct check_rules check;
    bool inject_traceparent;
    bool inject_request_id;
    struct session_rules session; /* values that are carried from answers into requests */
    struct redact_config redact;
    struct pass_settings live, exact, alloc;
    struct pass_settings lines, sites, stacks; /* that explain: one start a side */
    struct gate gate;
    struct waiver_list accept;  /* regressions that may be */
    struct dead_keep_list keep; /* dead code that may be */
    struct cost_config cost;
    struct owners_config owners;
    const char *store_path; /* of the baselines; usable as it is */
    const char *baseline;   /* the configured baseline's name; NULL = none */
    const char *work_path;  /* logs, worktrees and what passes need: <folder>/.tollgate/work */
    unsigned long long workload_hash; /* of what decides the workload: not gate, not store */
    unsigned long long terms_hash;    /* of what decides the verdict: gate and accept */
};

enum { CONFIG_MAX_BYTES = 4 * 1024 * 1024 };

/* Errors name the file and the field. On failure nothing needs release. */
MUST_CHECK bool config_read(struct config *config, const char *path, struct error *err);

/* The same before the endpoint map that the config names is made: it may be missing. */
MUST_CHECK bool config_read_before_map(struct config *config, const char *path, struct error *err);
void config_release(struct config *config);

/* What the config says about redaction, borrowed from it; the key comes from the variable that it
 * names, and is none when that is not set. ERROR_INPUT when the key is too short. */
MUST_CHECK bool config_redaction_options(const struct config *config, struct redaction_options *out,
                                         struct error *err);

/* Adds more names that are never redacted to `options`; the list lives as long as the config. */
MUST_CHECK bool config_redaction_keep(struct config *config, const char *const *more,
                                      struct redaction_options *options, struct error *err);

/* The passes as they are where the config says nothing about them; leaves the rest alone. */
void config_set_default_passes(struct config *config);

#endif
