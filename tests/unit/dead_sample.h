/* Runs with executed lines, put together fact by fact. */
#ifndef TOLLGATE_TESTS_DEAD_SAMPLE_H
#define TOLLGATE_TESTS_DEAD_SAMPLE_H

#include "insights/dead.h"

#include <criterion/criterion.h>
#include <string.h>

enum { DEAD_SAMPLE_MAX = 64 };

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* That a line was executed. */
struct dead_fact {
    const char *endpoint; /* NULL = at start */
    const char *file;
    const char *function;
    uint32_t line;
    double hits;
    bool error; /* only in requests that failed */
};

/* What a run is made of; all of it borrowed. */
struct dead_sample {
    const char *created;
    const struct source_file *files;
    size_t file_count;
    const struct dead_fact *facts;          /* ends with one without a file */
    const char *endpoints[DEAD_SAMPLE_MAX]; /* NULL-terminated */
    double weights[DEAD_SAMPLE_MAX];        /* of the endpoints; 0 = as many as requests */
    int64_t requests;                       /* of each endpoint; 0 = 10 */
};

/* The static parts of one made run. */
struct dead_made {
    struct run run;
    struct profile_frame frames[DEAD_SAMPLE_MAX];
    struct profile_node nodes[DEAD_SAMPLE_MAX];
    struct profile_cost costs[DEAD_SAMPLE_MAX][DEAD_SAMPLE_MAX];
    struct profile_endpoint endpoints[DEAD_SAMPLE_MAX];
    struct profile_cost start[DEAD_SAMPLE_MAX];
    struct endpoint_result results[DEAD_SAMPLE_MAX];
    uint32_t errors[DEAD_SAMPLE_MAX];
};

static inline size_t dead_sample_endpoint(const struct dead_sample *sample, const char *name)
{
    size_t at = 0;
    while (strcmp(sample->endpoints[at], name) != 0)
        at++;
    return at;
}

/* A fact is a node of its own, so the nodes of an endpoint rise. */
static inline void dead_sample_add(struct dead_made *made, const struct dead_sample *sample,
                                   const struct dead_fact *fact, uint32_t node)
{
    struct profile *profile = &made->run.profiles[PROFILE_LINES][SIDE_HEAD];
    struct profile_cost cost = {
        .node = node, .values = {[LINES_INSTRUCTIONS] = fact->hits * 5, [LINES_HITS] = fact->hits}};
    made->frames[node] =
        (struct profile_frame){fact->function, fact->file, fact->line, "gateway", true};
    made->nodes[node] = (struct profile_node){PROFILE_NONE, node};
    if (fact->error)
        made->errors[profile->error_node_count++] = node;
    if (fact->endpoint == NULL) {
        made->start[profile->start_count++] = cost;
        return;
    }
    size_t endpoint = dead_sample_endpoint(sample, fact->endpoint);
    made->costs[endpoint][made->endpoints[endpoint].cost_count++] = cost;
}

/* Lives as long as the test, each of which is a process of its own. */
static inline struct run *dead_sample_make(const struct dead_sample *sample)
{
    static struct dead_made all[8];
    static size_t used;
    cr_assert_lt(used, COUNT_OF(all));
    struct dead_made *made = &all[used++];
    struct run *run = &made->run;
    struct profile *profile = &run->profiles[PROFILE_LINES][SIDE_HEAD];
    run->created = sample->created;
    run->sides[SIDE_HEAD] = (struct run_side){.present = true};
    run->sources[SIDE_HEAD] = (struct source_tree){sample->files, sample->file_count};
    size_t count = 0, nodes = 0;
    for (; sample->endpoints[count] != NULL; count++) {
        int64_t requests = sample->requests > 0 ? sample->requests : 10;
        made->endpoints[count] = (struct profile_endpoint){
            .name = sample->endpoints[count], .requests = requests, .costs = made->costs[count]};
        made->results[count] = (struct endpoint_result){.name = sample->endpoints[count],
                                                        .weight = sample->weights[count]};
    }
    for (; sample->facts != NULL && sample->facts[nodes].file != NULL; nodes++)
        dead_sample_add(made, sample, &sample->facts[nodes], (uint32_t)nodes);
    run->endpoints = made->results;
    run->endpoint_count = count;
    profile->present = true;
    profile->frames = made->frames;
    profile->nodes = made->nodes;
    profile->frame_count = profile->node_count = nodes;
    profile->endpoints = made->endpoints;
    profile->endpoint_count = count;
    profile->start = made->start;
    profile->error_nodes = made->errors;
    return run;
}

#endif
