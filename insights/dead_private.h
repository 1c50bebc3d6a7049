/* What the merge of runs holds, between its parts. */
#ifndef TOLLGATE_INSIGHTS_DEAD_PRIVATE_H
#define TOLLGATE_INSIGHTS_DEAD_PRIVATE_H

#include "base/names.h"
#include "insights/dead.h"

#define DEAD_NONE UINT32_MAX

enum { DEAD_STARTUP = 0x7fffffff }; /* as an endpoint: what is charged to none */

/* That a line was executed by an endpoint. */
struct dead_hit {
    uint32_t line;
    uint32_t endpoint;
    bool good;         /* in a request that was answered with a status below 400 */
    double weight;     /* traffic, over the runs */
    double executions; /* a request, times weight */
};

struct dead_executable {
    uint32_t line;
    uint32_t runs; /* that had instructions for it */
};

/* A file's content as runs saw it. */
struct dead_content {
    uint32_t path;    /* number in paths */
    const char *hash; /* NULL = unknown: like no other */
    bool stale;
    uint32_t next;  /* another one of the path; DEAD_NONE = none */
    uint32_t *runs; /* numbers, rising */
    size_t run_count, run_capacity;
    struct dead_executable *lines; /* rising */
    size_t line_count;
    struct dead_hit *hits; /* by line, then endpoint; no two of both alike */
    size_t hit_count;
    struct source_function *functions; /* by line, then name; no two alike */
    size_t function_count;
};

struct dead_run {
    int64_t created_s; /* 0 = unknown */
    const char *commit;
    int64_t requests;
    const uint32_t *endpoints; /* numbers */
    size_t endpoint_count;
};

struct dead_merge {
    struct arena arena;
    struct name_table paths, endpoints;
    uint32_t *first_content; /* by path */
    size_t first_capacity;
    struct dead_content *contents;
    size_t content_count, content_capacity;
    struct dead_run *runs;
    size_t run_count, run_capacity;
};

/* Room for one more element: the array, perhaps elsewhere. NULL when out of memory; then it is as
 * it was. */
MUST_CHECK void *dead_grow(void *items, size_t *capacity, size_t count, size_t size);

/* Fills units and idle_keeps of `dead`, whose files are there. */
MUST_CHECK bool dead_find_units(struct dead *dead, const struct dead_question *question,
                                struct arena *arena, struct error *err);

/* Fills unseen. */
MUST_CHECK bool dead_find_unseen(struct dead *dead, const struct dead_merge *merge,
                                 const struct dead_question *question, struct arena *arena,
                                 struct error *err);

/* Whether --path lets the file through. */
bool dead_path_is_wanted(const struct dead_question *question, const char *path);

#endif
