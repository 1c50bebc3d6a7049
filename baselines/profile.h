/* A profile: where an endpoint's cost went, by place in the code. Part of a run; what it means is
 * for insights/.
 *
 *     frame   a place: function, file, line, program or library
 *     node    a place reached by a way: a frame and the node of its caller
 *     cost    what one endpoint spent at a node itself, per request
 *
 * Three kinds, one shape. PROFILE_LINES has no ways (every node is a root) and beside the costs the
 * calls that were seen; the others are trees, callers above callees. All strings and arrays live in
 * the run's arena. */
#ifndef TOLLGATE_BASELINES_PROFILE_H
#define TOLLGATE_BASELINES_PROFILE_H

#include "base/arena.h"
#include "base/error.h"
#include "baselines/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum profile_kind {
    PROFILE_LINES, /* instructions and executions by line, from the exact pass's instrument */
    PROFILE_CPU,   /* CPU time by stack, sampled */
    PROFILE_ALLOC, /* allocations by stack */
    PROFILE_KIND_COUNT,
};

enum { PROFILE_VALUES_MAX = 3 };

/* The columns of each kind, by index into `values`. */
enum { LINES_INSTRUCTIONS, LINES_HITS, LINES_INCLUSIVE };
enum { CPU_NS, CPU_SAMPLES };
enum { ALLOC_ALLOCATIONS, ALLOC_BYTES, ALLOC_RETAINED };

struct profile_value_info {
    const char *key;    /* in JSON and exports: "instructions" */
    const char *title;  /* "instructions" */
    enum metric metric; /* what it adds up to; METRIC_COUNT = nothing */
    enum metric_unit unit;
    const char *help;
};

struct profile_kind_info {
    const char *key;   /* "lines", "cpu", "alloc": in JSON and of --profile */
    const char *title; /* "instructions by line" */
    const struct profile_value_info *values;
    size_t value_count;
};

const struct profile_kind_info *profile_kind_info(enum profile_kind kind);

#define PROFILE_NONE UINT32_MAX

struct profile_frame {
    const char *function; /* as the program has it; NULL = unknown */
    const char *file;     /* of a source tree's own: relative to its root, with '/'; else as the
                             debug information has it; NULL = unknown */
    uint32_t line;        /* 0 = unknown, or the function as a whole */
    const char *object;   /* base name of the program or library; NULL = unknown ("[kernel]",
                             "[jit]" for those) */
    bool own;             /* `file` is one of the gateway's own sources: see struct source_file */
};

struct profile_node {
    uint32_t parent; /* index of an earlier node; PROFILE_NONE = a root */
    uint32_t frame;
};

/* Spent at the node itself, without what it called (but LINES_INCLUSIVE, which has it), a request:
 * the mean over the endpoint's exchanges by their share of its traffic. */
struct profile_cost {
    uint32_t node;
    double values[PROFILE_VALUES_MAX];
};

/* A call seen from a line to a function, a request. PROFILE_LINES only. */
struct profile_call {
    uint32_t from;       /* a frame: the line */
    uint32_t to;         /* a frame: the function, its line 0 or where it begins */
    double calls;        /* 0: it was inlined there, which nobody counts */
    double instructions; /* inclusive */
};

struct profile_endpoint {
    const char *name;
    int64_t requests;                 /* that it was measured on */
    const struct profile_cost *costs; /* by node, rising; no node twice */
    size_t cost_count;
    const struct profile_call *calls;
    size_t call_count;
};

struct profile {
    bool present;
    const char *missing; /* when not present: why, in words; NULL = not asked for */
    const struct profile_frame *frames;
    size_t frame_count;
    const struct profile_node *nodes; /* parents before children */
    size_t node_count;
    const struct profile_endpoint *endpoints;
    size_t endpoint_count;
    /* Whole numbers, not per request: what ran before the first request, and what no endpoint can
     * be charged with. */
    const struct profile_cost *start;
    size_t start_count;
    /* PROFILE_LINES: nodes executed in requests that were recorded with a status of 400 or more,
     * and in no other. */
    const uint32_t *error_nodes;
    size_t error_node_count;
    double rate_hz;     /* PROFILE_CPU: samples a second of CPU time, achieved; 0 = not sampled */
    int64_t lost;       /* PROFILE_CPU: samples that the kernel could not hand over */
    int64_t unresolved; /* PROFILE_CPU, PROFILE_ALLOC: stacks that were cut or not to be named */
    const char *const *notes; /* remarks for the reader: what could not be seen, and why */
    size_t note_count;
};

/* One of the gateway's own source files, as the debug information of its programs names it and the
 * source tree has it. */
struct source_function {
    const char *name;
    uint32_t line, last_line; /* as far as instructions reach */
};

struct source_file {
    const char *path;      /* relative to the root of the tree, with '/' */
    const char *hash;      /* git's object id of the content, hex; NULL = the file cannot be read */
    bool stale;            /* newer than the program that was built from it: lines may not fit */
    const uint32_t *lines; /* that instructions were generated for, rising */
    size_t line_count;
    const struct source_function *functions; /* by line, rising */
    size_t function_count;
};

/* Where lines of the base went in the head: `base_count` lines from `base_line` on became
 * `head_count` lines from `head_line` on (1-based; a count of 0: before that line). What lies
 * between hunks is the same text. */
struct source_hunk {
    uint32_t base_line, base_count, head_line, head_count;
};

struct source_change {
    const char *base_path;           /* NULL = the file is new */
    const char *head_path;           /* NULL = it was removed */
    const struct source_hunk *hunks; /* rising */
    size_t hunk_count;
};

struct source_tree {
    const struct source_file *files; /* by path */
    size_t file_count;
};

/* The values of nodes added up over all costs of the endpoint. */
double profile_endpoint_total(const struct profile_endpoint *endpoint, size_t value);

/* NULL when there is none. */
const struct profile_endpoint *profile_endpoint(const struct profile *profile, const char *name);
const struct source_file *source_tree_file(const struct source_tree *tree, const char *path);

#endif
