/* A run with profiles of all kinds on both sides, small enough to be checked by hand: a gateway of
 * two source files, two libraries and the kernel, and two endpoints. Everything is static; a test
 * changes in place what it wants otherwise, each in a process of its own.
 *
 * In the head rank_score has grown, read_settings is gone and load_settings is new. */
#ifndef TOLLGATE_TESTS_PROFILE_SAMPLE_H
#define TOLLGATE_TESTS_PROFILE_SAMPLE_H

#include "baselines/run.h"
#include "reporters/reporter.h"

#define SAMPLE_FEED "GET /v3/feed"
#define SAMPLE_USER "GET /v3/users/{id}"

enum { SAMPLE_FEED_REQUESTS = 90, SAMPLE_USER_REQUESTS = 120 };

/* Frames of the stacks, of both kinds and sides. */
enum sample_frame {
    FRAME_MAIN,
    FRAME_SERVE,
    FRAME_FEED,
    FRAME_RANK_60, /* rank_score at two lines */
    FRAME_RANK_71,
    FRAME_USER,
    FRAME_DUMPS,
    FRAME_MALLOC,
    FRAME_WRITE,
    FRAME_READ_SETTINGS,
    FRAME_LOAD_SETTINGS,
    FRAME_NAMELESS,
    SAMPLE_FRAME_COUNT
};

static const struct profile_frame sample_frames[SAMPLE_FRAME_COUNT] = {
    [FRAME_MAIN] = {"main", "gateway/main.c", 118, "gateway", true},
    [FRAME_SERVE] = {"server_handle", "gateway/main.c", 77, "gateway", true},
    [FRAME_FEED] = {"feed_handle", "gateway/feed.c", 98, "gateway", true},
    [FRAME_RANK_60] = {"rank_score", "gateway/feed.c", 60, "gateway", true},
    [FRAME_RANK_71] = {"rank_score", "gateway/feed.c", 71, "gateway", true},
    [FRAME_USER] = {"users_handle", "gateway/main.c", 40, "gateway", true},
    [FRAME_DUMPS] = {"json_dumps", "dump.c", 0, "libjansson.so.4", false},
    [FRAME_MALLOC] = {"malloc", NULL, 0, "libc.so.6", false},
    [FRAME_WRITE] = {"ksys_write", NULL, 0, "[kernel]", false},
    [FRAME_READ_SETTINGS] = {"read_settings", "gateway/feed.c", 20, "gateway", true},
    [FRAME_LOAD_SETTINGS] = {"load_settings", "gateway/feed.c", 22, "gateway", true},
    [FRAME_NAMELESS] = {NULL, NULL, 0, "libz.so.1", false},
};

/* main > server_handle > (feed_handle > ..., users_handle > ..., ksys_write) */
enum sample_node {
    NODE_MAIN,
    NODE_SERVE,
    NODE_FEED,
    NODE_RANK_60,
    NODE_RANK_71,
    NODE_FEED_DUMPS,
    NODE_FEED_SETTINGS,
    NODE_USER,
    NODE_USER_DUMPS,
    NODE_WRITE,
    NODE_NAMELESS,
    NODE_RANK_MALLOC,
    NODE_DUMPS_MALLOC,
    SAMPLE_NODE_COUNT
};

static const struct profile_node sample_nodes[SIDE_COUNT][SAMPLE_NODE_COUNT] = {
    [SIDE_HEAD] = {[NODE_MAIN] = {PROFILE_NONE, FRAME_MAIN},
                   [NODE_SERVE] = {NODE_MAIN, FRAME_SERVE},
                   [NODE_FEED] = {NODE_SERVE, FRAME_FEED},
                   [NODE_RANK_60] = {NODE_FEED, FRAME_RANK_60},
                   [NODE_RANK_71] = {NODE_FEED, FRAME_RANK_71},
                   [NODE_FEED_DUMPS] = {NODE_FEED, FRAME_DUMPS},
                   [NODE_FEED_SETTINGS] = {NODE_FEED, FRAME_LOAD_SETTINGS},
                   [NODE_USER] = {NODE_SERVE, FRAME_USER},
                   [NODE_USER_DUMPS] = {NODE_USER, FRAME_DUMPS},
                   [NODE_WRITE] = {NODE_SERVE, FRAME_WRITE},
                   [NODE_NAMELESS] = {NODE_WRITE, FRAME_NAMELESS},
                   [NODE_RANK_MALLOC] = {NODE_RANK_71, FRAME_MALLOC},
                   [NODE_DUMPS_MALLOC] = {NODE_FEED_DUMPS, FRAME_MALLOC}},
    [SIDE_BASE] = {[NODE_MAIN] = {PROFILE_NONE, FRAME_MAIN},
                   [NODE_SERVE] = {NODE_MAIN, FRAME_SERVE},
                   [NODE_FEED] = {NODE_SERVE, FRAME_FEED},
                   [NODE_RANK_60] = {NODE_FEED, FRAME_RANK_60},
                   [NODE_RANK_71] = {NODE_FEED, FRAME_RANK_71},
                   [NODE_FEED_DUMPS] = {NODE_FEED, FRAME_DUMPS},
                   [NODE_FEED_SETTINGS] = {NODE_FEED, FRAME_READ_SETTINGS},
                   [NODE_USER] = {NODE_SERVE, FRAME_USER},
                   [NODE_USER_DUMPS] = {NODE_USER, FRAME_DUMPS},
                   [NODE_WRITE] = {NODE_SERVE, FRAME_WRITE},
                   [NODE_NAMELESS] = {NODE_WRITE, FRAME_NAMELESS},
                   [NODE_RANK_MALLOC] = {NODE_RANK_71, FRAME_MALLOC},
                   [NODE_DUMPS_MALLOC] = {NODE_FEED_DUMPS, FRAME_MALLOC}},
};

/* CPU: nanoseconds and samples a request. The feed: 200 µs in the head, 150 µs in the base; a user:
 * 50 µs in both. */
static const struct profile_cost sample_cpu_feed[SIDE_COUNT][6] = {
    [SIDE_HEAD] = {{NODE_FEED, {10000, 2}},
                   {NODE_RANK_60, {20000, 4}},
                   {NODE_RANK_71, {100000, 20}},
                   {NODE_FEED_DUMPS, {40000, 8}},
                   {NODE_FEED_SETTINGS, {10000, 2}},
                   {NODE_WRITE, {20000, 4}}},
    [SIDE_BASE] = {{NODE_FEED, {10000, 2}},
                   {NODE_RANK_60, {20000, 4}},
                   {NODE_RANK_71, {50000, 10}},
                   {NODE_FEED_DUMPS, {40000, 8}},
                   {NODE_FEED_SETTINGS, {10000, 2}},
                   {NODE_WRITE, {20000, 4}}},
};
static const struct profile_cost sample_cpu_user[] = {{NODE_USER, {10000, 2}},
                                                      {NODE_USER_DUMPS, {25000, 5}},
                                                      {NODE_WRITE, {10000, 2}},
                                                      {NODE_NAMELESS, {5000, 1}}};

/* Allocations, bytes, retained bytes a request. One request in ten of a user's allocates. */
static const struct profile_cost sample_alloc_feed[SIDE_COUNT][2] = {
    [SIDE_HEAD] = {{NODE_RANK_MALLOC, {30, 1920, 64}}, {NODE_DUMPS_MALLOC, {10, 4096, 0}}},
    [SIDE_BASE] = {{NODE_RANK_MALLOC, {20, 1280, 0}}, {NODE_DUMPS_MALLOC, {10, 4096, 0}}},
};
static const struct profile_cost sample_alloc_user[] = {{NODE_USER_DUMPS, {0.1, 12.8, 0}}};

/* Lines: feed.c 50 to 73 and main.c. A node is a line. */
enum sample_line {
    LINE_MAIN_38, /* users_handle begins */
    LINE_MAIN_40,
    LINE_MAIN_70, /* server_handle begins */
    LINE_MAIN_77,
    LINE_FEED_58, /* rank_score begins */
    LINE_FEED_60,
    LINE_FEED_71,
    LINE_FEED_90, /* feed_handle begins */
    LINE_FEED_98,
    LINE_DUMP, /* of a library */
    SAMPLE_LINE_COUNT
};

static const struct profile_frame sample_line_frames[SAMPLE_LINE_COUNT] = {
    [LINE_MAIN_38] = {"users_handle", "gateway/main.c", 38, "gateway", true},
    [LINE_MAIN_40] = {"users_handle", "gateway/main.c", 40, "gateway", true},
    [LINE_MAIN_70] = {"server_handle", "gateway/main.c", 70, "gateway", true},
    [LINE_MAIN_77] = {"server_handle", "gateway/main.c", 77, "gateway", true},
    [LINE_FEED_58] = {"rank_score", "gateway/feed.c", 58, "gateway", true},
    [LINE_FEED_60] = {"rank_score", "gateway/feed.c", 60, "gateway", true},
    [LINE_FEED_71] = {"rank_score", "gateway/feed.c", 71, "gateway", true},
    [LINE_FEED_90] = {"feed_handle", "gateway/feed.c", 90, "gateway", true},
    [LINE_FEED_98] = {"feed_handle", "gateway/feed.c", 98, "gateway", true},
    [LINE_DUMP] = {"json_dumps", NULL, 0, "libjansson.so.4", false},
};

static const struct profile_node sample_line_nodes[SAMPLE_LINE_COUNT] = {
    {PROFILE_NONE, LINE_MAIN_38}, {PROFILE_NONE, LINE_MAIN_40}, {PROFILE_NONE, LINE_MAIN_70},
    {PROFILE_NONE, LINE_MAIN_77}, {PROFILE_NONE, LINE_FEED_58}, {PROFILE_NONE, LINE_FEED_60},
    {PROFILE_NONE, LINE_FEED_71}, {PROFILE_NONE, LINE_FEED_90}, {PROFILE_NONE, LINE_FEED_98},
    {PROFILE_NONE, LINE_DUMP},
};

/* Instructions, executions, instructions with calls: 2,000 a feed, of which rank_score 1,500 in 25
 * calls; 300 a user. Line 71 ran in one of the 90 feeds only. */
static const struct profile_cost sample_lines_feed[] = {
    {LINE_MAIN_70, {20, 1, 20}},
    {LINE_MAIN_77, {30, 1, 1980}},
    {LINE_FEED_58, {400, 25, 400}},
    {LINE_FEED_60, {1090, 25, 1090}},
    {LINE_FEED_71, {10, 1.0 / SAMPLE_FEED_REQUESTS, 10}},
    {LINE_FEED_90, {50, 1, 50}},
    {LINE_FEED_98, {100, 25, 1900}},
    {LINE_DUMP, {300, 12, 300}},
};
static const struct profile_cost sample_lines_user[] = {
    {LINE_MAIN_38, {20, 1, 20}},  {LINE_MAIN_40, {30, 1, 230}}, {LINE_MAIN_70, {20, 1, 20}},
    {LINE_MAIN_77, {30, 1, 280}}, {LINE_DUMP, {200, 8, 200}},
};
static const struct profile_call sample_calls_feed[] = {
    {LINE_MAIN_77, LINE_FEED_90, 1, 1950},
    {LINE_FEED_98, LINE_FEED_58, 25, 1500},
    {LINE_FEED_98, LINE_DUMP, 1, 300},
};
static const struct profile_call sample_calls_user[] = {
    {LINE_MAIN_77, LINE_MAIN_38, 1, 250},
    {LINE_MAIN_40, LINE_DUMP, 1, 200},
};

/* The gateway's sources. Lines 72, 73 and 25 were never executed. */
static const uint32_t sample_feed_lines[] = {22, 25, 58, 60, 71, 72, 73, 90, 98};
static const uint32_t sample_main_lines[] = {38, 40, 70, 77, 118};
static const struct source_function sample_feed_functions[] = {
    {"load_settings", 22, 25}, {"rank_score", 58, 73}, {"feed_handle", 90, 98}};
static const struct source_function sample_main_functions[] = {
    {"users_handle", 38, 40}, {"server_handle", 70, 77}, {"main", 118, 118}};
static const struct source_file sample_files[] = {
    {"gateway/feed.c", "1111111111111111111111111111111111111111", false, sample_feed_lines, 9,
     sample_feed_functions, 3},
    {"gateway/main.c", "2222222222222222222222222222222222222222", false, sample_main_lines, 5,
     sample_main_functions, 3},
};

struct profile_sample {
    struct run head;
    struct report report;
    struct endpoint_result results[2];
    struct profile_endpoint endpoints[PROFILE_KIND_COUNT][SIDE_COUNT][2];
};

static inline void profile_sample_fill(struct profile_sample *sample, enum profile_kind kind,
                                       enum side side)
{
    struct profile *profile = &sample->head.profiles[kind][side];
    struct profile_endpoint *feed = &sample->endpoints[kind][side][0];
    struct profile_endpoint *user = &sample->endpoints[kind][side][1];
    *feed = (struct profile_endpoint){.name = SAMPLE_FEED, .requests = SAMPLE_FEED_REQUESTS};
    *user = (struct profile_endpoint){.name = SAMPLE_USER, .requests = SAMPLE_USER_REQUESTS};
    *profile = (struct profile){.present = true,
                                .frames = sample_frames,
                                .frame_count = SAMPLE_FRAME_COUNT,
                                .nodes = sample_nodes[side],
                                .node_count = SAMPLE_NODE_COUNT,
                                .endpoints = feed,
                                .endpoint_count = 2};
    if (kind == PROFILE_CPU) {
        feed->costs = sample_cpu_feed[side];
        feed->cost_count = COUNT_OF(sample_cpu_feed[side]);
        user->costs = sample_cpu_user;
        user->cost_count = COUNT_OF(sample_cpu_user);
        profile->rate_hz = 997;
    } else if (kind == PROFILE_ALLOC) {
        feed->costs = sample_alloc_feed[side];
        feed->cost_count = COUNT_OF(sample_alloc_feed[side]);
        user->costs = sample_alloc_user;
        user->cost_count = COUNT_OF(sample_alloc_user);
    } else {
        profile->frames = sample_line_frames;
        profile->frame_count = SAMPLE_LINE_COUNT;
        profile->nodes = sample_line_nodes;
        profile->node_count = SAMPLE_LINE_COUNT;
        feed->costs = sample_lines_feed;
        feed->cost_count = COUNT_OF(sample_lines_feed);
        feed->calls = sample_calls_feed;
        feed->call_count = COUNT_OF(sample_calls_feed);
        user->costs = sample_lines_user;
        user->cost_count = COUNT_OF(sample_lines_user);
        user->calls = sample_calls_user;
        user->call_count = COUNT_OF(sample_calls_user);
    }
}

/* All kinds, both sides; the feed stands for three times as much traffic as a user. */
static inline void profile_sample_init(struct profile_sample *sample)
{
    *sample = (struct profile_sample){0};
    struct run *head = &sample->head;
    sample->results[0] = (struct endpoint_result){
        .name = SAMPLE_FEED, .requests = SAMPLE_FEED_REQUESTS, .weight = 9000};
    sample->results[1] = (struct endpoint_result){
        .name = SAMPLE_USER, .requests = SAMPLE_USER_REQUESTS, .weight = 3000};
    head->endpoints = sample->results;
    head->endpoint_count = 2;
    head->tollgate_version = "0.1.0";
    head->created = "2026-01-31T09:30:00Z";
    head->sides[SIDE_HEAD] = (struct run_side){
        .present = true, .ref = "HEAD", .commit = "4f2a9c1d5b6e7f80912a3b4c5d6e7f8091a2b3c4"};
    head->sides[SIDE_BASE] = (struct run_side){
        .present = true, .ref = "main", .commit = "1b22c30e5b6e7f80912a3b4c5d6e7f8091a2b3c4"};
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++)
        for (unsigned side = 0; side < SIDE_COUNT; side++)
            profile_sample_fill(sample, (enum profile_kind)kind, (enum side)side);
    for (unsigned side = 0; side < SIDE_COUNT; side++)
        head->sources[side] = (struct source_tree){sample_files, COUNT_OF(sample_files)};
    sample->report = (struct report){.head = head, .choice = {.profile = PROFILE_KIND_COUNT}};
}

#endif
