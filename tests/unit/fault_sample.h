/* The constructed report of report_sample.h with lines at fault, and one of many endpoints. As
 * there all is static and changed in place. */
#ifndef TOLLGATE_TESTS_FAULT_SAMPLE_H
#define TOLLGATE_TESTS_FAULT_SAMPLE_H

#include "tests/unit/report_sample.h"

#include <stdio.h>
#include <stdlib.h>

enum { FAULT_FEED = 2, FAULT_TOKEN = 5, FAULT_FRAMES = 3 };

static struct profile_frame fault_frames[FAULT_FRAMES];
static struct profile_endpoint fault_endpoints[SIDE_COUNT][2];
static struct source_file fault_sources[FAULT_FRAMES];

/* 17,550 instructions more on a changed line of the feed, 900 on one of the token check; a third
 * line costs what it did. */
static inline void sample_add_lines(struct sample *sample)
{
    static const struct profile_node nodes[] = {
        {PROFILE_NONE, 0}, {PROFILE_NONE, 1}, {PROFILE_NONE, 2}};
    static const struct profile_cost feed[SIDE_COUNT][2] = {
        [SIDE_HEAD] = {{0, {37550, 40, 37550}}, {2, {272500, 90, 272500}}},
        [SIDE_BASE] = {{0, {20000, 20, 20000}}, {2, {272500, 90, 272500}}}};
    static const struct profile_cost token[SIDE_COUNT][2] = {
        [SIDE_HEAD] = {{1, {1900, 3, 1900}}, {2, {22100, 9, 22100}}},
        [SIDE_BASE] = {{1, {1000, 2, 1000}}, {2, {22100, 9, 22100}}}};
    static const struct source_hunk rank_hunk = {71, 1, 71, 1}, token_hunk = {17, 0, 17, 1};
    static const struct source_change changes[] = {
        {"gateway/rank.c", "gateway/rank.c", &rank_hunk, 1},
        {"gateway/token.c", "gateway/token.c", &token_hunk, 1}};
    struct run *run = &sample->head;
    fault_frames[0] = (struct profile_frame){"rank_score", "gateway/rank.c", 71, "gateway", true};
    fault_frames[1] = (struct profile_frame){"token_check", "gateway/token.c", 17, "gateway", true};
    fault_frames[2] = (struct profile_frame){"feed_handle", "gateway/feed.c", 98, "gateway", true};
    static const uint32_t lines[FAULT_FRAMES] = {71, 17, 98};
    for (size_t i = 0; i < FAULT_FRAMES; i++)
        fault_sources[i] =
            (struct source_file){.path = fault_frames[i].file, .lines = &lines[i], .line_count = 1};
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        run->sources[side] = (struct source_tree){fault_sources, FAULT_FRAMES};
        fault_endpoints[side][0] =
            (struct profile_endpoint){.name = sample->endpoints[FAULT_FEED].name,
                                      .requests = 90,
                                      .costs = feed[side],
                                      .cost_count = 2};
        fault_endpoints[side][1] =
            (struct profile_endpoint){.name = sample->endpoints[FAULT_TOKEN].name,
                                      .requests = 48,
                                      .costs = token[side],
                                      .cost_count = 2};
        run->profiles[PROFILE_LINES][side] = (struct profile){.present = true,
                                                              .frames = fault_frames,
                                                              .frame_count = FAULT_FRAMES,
                                                              .nodes = nodes,
                                                              .node_count = 3,
                                                              .endpoints = fault_endpoints[side],
                                                              .endpoint_count = 2};
    }
    run->source_changes = changes;
    run->source_change_count = 2;
    run->source_changes_known = true;
}

static inline void sample_make_faulty(struct sample *sample)
{
    sample_make_regressed(sample);
    sample_add_lines(sample);
}

enum { MANY_MAX = 500 };

/* `count` endpoints, of which the first `regressed` got dearer, each a little more than the one
 * before it; names take `width` bytes. */
static inline void sample_make_many(struct sample *sample, size_t count, size_t regressed,
                                    int width)
{
    static struct endpoint_verdict endpoints[MANY_MAX];
    static char names[MANY_MAX][300];
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "GET /v3/many/%03zu/%0*d", i, width - 17, 0);
        sample_passed(&endpoints[i], names[i], 10, 1e6);
        if (i >= regressed)
            continue;
        double change = 0.05 + 0.0001 * (double)i;
        endpoints[i].weight = (double)i;
        endpoints[i].verdict = VERDICT_REGRESSED;
        endpoints[i].metrics[METRIC_CPU_NS] =
            sample_noisy(1e6, change, change - 0.01, change + 0.01, VERDICT_REGRESSED,
                         "above the 2 % margin; p = 4.1e-06 over 500 endpoints");
    }
    sample->comparison.endpoints = endpoints;
    sample->comparison.endpoint_count = count;
    sample->comparison.verdict = regressed > 0 ? VERDICT_REGRESSED : VERDICT_PASSED;
    sample->report.exit_code = regressed > 0;
}

#endif
