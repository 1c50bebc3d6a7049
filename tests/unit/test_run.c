#include "baselines/run.h"

#include "base/file.h"
#include "base/json.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The fixtures lie in the source tree; the build tells where that is. */
#ifndef TOLLGATE_SOURCE_DIR
#define TOLLGATE_SOURCE_DIR "."
#endif
#define VALID   TOLLGATE_SOURCE_DIR "/fixtures/run/valid"
#define INVALID TOLLGATE_SOURCE_DIR "/fixtures/run/invalid"

static json_t *to_json(const struct run *run)
{
    struct error err = {0};
    json_t *json = run_to_json(run, &err);
    cr_assert_not_null(json, "%s", err.text);
    return json;
}

Test(run, reads_what_the_file_says, .timeout = 60)
{
    struct run run;
    struct error err = {0};
    cr_assert(run_read(&run, VALID "/full.json", &err), "%s: %s", err.where, err.text);
    cr_assert_eq(run.seed, UINT64_MAX);
    cr_assert_str_eq(run.corpus_hash, "c0ffee");
    cr_assert_null(run.config_hash);
    cr_assert_eq(run.fingerprint.cpus, 2);
    cr_assert(run.sides[SIDE_BASE].present && run.sides[SIDE_BASE].dirty);
    cr_assert_eq(run.sides[SIDE_HEAD].peak_rss_bytes.values[0], 1048576);
    cr_assert_eq(run.capability_count, 2);
    cr_assert(run.capabilities[0].present && !run.capabilities[1].present);
    cr_assert_str_eq(run.capabilities[1].name, "hardware counters");
    cr_assert_str_eq(run.capabilities[1].detail, "none: the host does not pass them on");
    cr_assert_eq(run.cpu_look_count, 3);
    cr_assert_eq(run.cpu_looks[2], 40);
    cr_assert_str_eq(run.notes[0], "measured on one CPU");
    const struct pass_result *exact = run_pass(&run, "exact");
    cr_assert_eq(exact->conserved, METRIC_INSTRUCTIONS);
    cr_assert_eq(exact->conservation[SIDE_HEAD].total, 2000);
    cr_assert_eq(run_pass(&run, "alloc")->status, PASS_SKIPPED);
    cr_assert_null(run_pass(&run, "lines"));
    const struct endpoint_result *users = run_endpoint(&run, "GET /v3/users/{id}");
    cr_assert_eq(users->weight, 120.5);
    cr_assert_eq(users->user_share, 0.62);
    cr_assert_eq(users->figures[METRIC_CPU_NS].side[SIDE_HEAD].count, 2);
    cr_assert(isnan(users->figures[METRIC_CPU_NS].side[SIDE_HEAD].values[1]));
    cr_assert_eq(users->figures[METRIC_CPU_NS].log_ratio.values[1], -0.0021);
    cr_assert_eq(users->figures[METRIC_RETAINED_BYTES].side[SIDE_HEAD].values[0], -16.25);
    cr_assert_str_eq(users->figures[METRIC_ALLOCATIONS].missing, "the agent is blind");
    cr_assert_null(users->figures[METRIC_SYSCALLS].side[SIDE_HEAD].values);
    cr_assert(isnan(run.endpoints[1].user_share));
    cr_assert_null(run_endpoint(&run, "GET /"));
    run_release(&run);
}

Test(run, reads_profiles, .timeout = 60)
{
    struct run run;
    struct error err = {0};
    cr_assert(run_read(&run, VALID "/profiles.json", &err), "%s: %s", err.where, err.text);
    const struct profile *lines = &run.profiles[PROFILE_LINES][SIDE_HEAD];
    cr_assert(lines->present);
    cr_assert_str_eq(lines->frames[0].function, "rank");
    cr_assert_str_eq(lines->frames[0].file, "gateway/rank.c");
    cr_assert_eq(lines->frames[0].line, 71);
    cr_assert(lines->frames[0].own && !lines->frames[2].own);
    cr_assert_null(lines->frames[2].file);
    cr_assert_eq(lines->nodes[1].parent, PROFILE_NONE);
    cr_assert_eq(profile_endpoint_total(&lines->endpoints[0], LINES_INSTRUCTIONS), 112.5);
    cr_assert_eq(lines->endpoints[0].costs[1].node, 2);
    cr_assert_eq(lines->endpoints[0].calls[0].instructions, 100);
    cr_assert_eq(lines->error_nodes[0], 1);
    cr_assert_not(run.profiles[PROFILE_CPU][SIDE_HEAD].present);
    cr_assert_not_null(run.profiles[PROFILE_CPU][SIDE_HEAD].missing);
    const struct profile *alloc = &run.profiles[PROFILE_ALLOC][SIDE_HEAD];
    cr_assert_eq(alloc->nodes[1].parent, 0);
    cr_assert_eq(alloc->endpoints[0].costs[0].values[ALLOC_RETAINED], -16);
    cr_assert_eq(alloc->unresolved, 3);
    const struct source_file *rank = source_tree_file(&run.sources[SIDE_HEAD], "gateway/rank.c");
    cr_assert_eq(rank->line_count, 4);
    cr_assert_eq(rank->lines[2], 72);
    cr_assert_eq(rank->lines[3], 80);
    cr_assert(rank->stale);
    cr_assert_str_eq(rank->functions[0].name, "rank");
    cr_assert(run.source_changes_known);
    cr_assert_eq(run.source_changes[0].hunks[1].head_line, 83);
    cr_assert_null(run.source_changes[1].base_path);
    cr_assert_eq(run.endpoints[0].variant_count, 2);
    cr_assert_eq(run.endpoints[0].variants[0].figures[METRIC_INSTRUCTIONS][SIDE_HEAD], 1200.5);
    cr_assert(isnan(run.endpoints[0].variants[1].figures[METRIC_INSTRUCTIONS][SIDE_BASE]));
    run_release(&run);
}

/* Written and read again, a run says the same. */
Test(run, round_trip, .timeout = 60)
{
    static const char *const files[] = {VALID "/full.json", VALID "/small.json",
                                        VALID "/empty.json", VALID "/profiles.json",
                                        VALID "/upstreams.json"};
    char path[] = "/tmp/tollgate-run-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct run first, second;
        struct error err = {0};
        cr_assert(run_read(&first, files[i], &err), "%s: %s", err.where, err.text);
        cr_assert(run_write(&first, path, &err), "%s", err.text);
        cr_assert(run_read(&second, path, &err), "%s: %s", err.where, err.text);
        json_t *one = to_json(&first), *two = to_json(&second);
        cr_assert(json_equal(one, two), "%s", files[i]);
        json_decref(one);
        json_decref(two);
        run_release(&first);
        run_release(&second);
    }
    unlink(path);
}

/* What was in the file comes out, key by key: small.json is written as run_write writes. */
Test(run, writes_what_was_read, .timeout = 60)
{
    struct run run;
    struct error err = {0};
    json_t *file = json_parse_file(VALID "/small.json", 1 << 20, &err);
    cr_assert(run_from_json(&run, file, "small", &err), "%s: %s", err.where, err.text);
    json_t *json = to_json(&run);
    cr_assert(json_equal(file, json));
    json_decref(json);
    json_decref(file);
    run_release(&run);
}

static void make_run(struct run *run)
{
    static double times[] = {83123.456789, NAN, INFINITY};
    static double ratios[] = {0.0123456789, -1e-9};
    static double counts[] = {1094917.25334, 1094917};
    run_init(run);
    run->endpoints = arena_alloc_array(&run->arena, 1, sizeof *run->endpoints);
    run->endpoint_count = 1;
    run->sides[SIDE_HEAD].present = true;
    run->endpoints[0] = (struct endpoint_result){
        .name = "GET \xff\x1b", .weight = NAN, .user_share = NAN, .invalid = "\"quoted\""};
    run->endpoints[0].figures[METRIC_CPU_NS].side[SIDE_HEAD] = (struct samples){times, 3};
    run->endpoints[0].figures[METRIC_CPU_NS].log_ratio = (struct samples){ratios, 2};
    run->endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] = (struct samples){counts, 2};
}

Test(run, text_has_a_line_a_metric_and_rounded_figures, .timeout = 60)
{
    struct run run;
    struct error err = {0};
    struct buffer text;
    char path[] = "/tmp/tollgate-run-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    make_run(&run);
    run_add_note(&run, "a [1,\n 2] b");
    run_add_note(&run, "%d", 2);
    cr_assert(run_write(&run, path, &err), "%s", err.text);
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(path, &text, &err));
    cr_assert_not_null(strstr(text.data, "\"head\": [83123.5, null, null]"), "%s", text.data);
    cr_assert_not_null(strstr(text.data, "\"log_ratio\": [0.0123457, -1e-9]"), "%s", text.data);
    cr_assert_not_null(strstr(text.data, "\"head\": [1094917.2533, 1094917]"), "%s", text.data);
    cr_assert_not_null(strstr(text.data, "\"a [1,\\n 2] b\""));
    cr_assert_not_null(strstr(text.data, "\"GET \\\\xff\\\\x1b\""), "%s", text.data);
    cr_assert_not_null(strstr(text.data, "\"\\\"quoted\\\"\""));
    cr_assert_null(strstr(text.data, "nan"));
    cr_assert_null(strstr(text.data, "inf"));
    cr_assert_eq(text.data[text.length - 1], '\n');
    json_t *json = json_parse_text("written", text.data, text.length, &err);
    cr_assert_not_null(json, "%s", err.text);
    json_decref(json);
    buffer_release(&text);
    run_release(&run);
    unlink(path);
}

Test(run, refuses_to_write_where_it_cannot, .timeout = 60)
{
    struct run run;
    struct error err = {0};
    make_run(&run);
    cr_assert_not(run_write(&run, "/nonexistent/run.json", &err));
    cr_assert_eq(err.code, ERROR_IO);
    run_release(&run);
}

struct refusal {
    char file[48];
    char words[96]; /* of "where: text" */
};

static struct refusal refusals[] = {
    {"version-newer", "is of schema version 7, this tollgate reads version 1: measure and save it"},
    {"version-text", "schema_version: is a string"},
    {"version-missing", "\"schema_version\" is missing"},
    {"unknown-root", "did you mean \"endpoints\""},
    {"unknown-metric", "endpoints[0].metrics: unknown key \"instruction\"; did you mean"},
    {"unknown-figure", "instructions: unknown key \"log_ratio\""},
    {"unknown-fingerprint", "did you mean \"kernel\""},
    {"seed-negative", "seed: must be a whole number"},
    {"seed-word", "seed: must be a whole number"},
    {"hash-not-hex", "corpus_hash: must be hex"},
    {"commit-option", "sides.head.commit: must be hex"},
    {"head-missing", "sides.head: is null"},
    {"side-array", "sides.base: is an array"},
    {"cpus-huge", "fingerprint.cpus: is 1000000000000"},
    {"pass-status", "passes[0].status: must be"},
    {"pass-metric", "passes[0].conserved: must name"},
    {"pass-text", "passes[0]: must be an object"},
    {"pass-seconds", "passes[0].seconds: is -1"},
    {"conservation-partial", "conservation.head: \"total\" is missing"},
    {"endpoint-number", "endpoints[0]: must be an object"},
    {"endpoint-empty-name", "endpoints[0].endpoint: is empty"},
    {"endpoint-twice", "\"GET /v3/users/{id}\" is there twice"},
    {"requests-negative", "endpoints[0].requests: is -1"},
    {"requests-fraction", "endpoints[0].requests: is a number, must be a whole number"},
    {"weight-negative", "endpoints[0].weight: is -0.5"},
    {"share-above-one", "endpoints[0].cpu_user_share: is 1.01"},
    {"sample-text", "metrics.instructions.head[1]: must be a number"},
    {"sample-huge", "metrics.instructions.head[0]: is 1e+200"},
    {"samples-object", "metrics.instructions.head: is an object"},
    {"cpu-negative", "metrics.cpu_ns.head[0]: is -1"},
    {"log-ratio-huge", "metrics.cpu_ns.log_ratio[0]: is 1000"},
    {"looks-falling", "cpu_looks[1]: must be a whole number from 15"},
    {"looks-huge", "cpu_looks[0]: must be"},
    {"capability-text", "capabilities[0]: must be an object"},
    {"capability-unknown-key", "capabilities[0]: unknown key \"presents\"; did you mean"},
    {"capability-present-text", "capabilities[0].present: is a string"},
    {"capability-nameless", "capabilities[0].name: is empty"},
    {"capabilities-object", "capabilities: is an object"},
    {"note-number", "notes[0]: must be a text"},
    {"nul-in-name", "must be a string without NUL"},
    {"nan", "not valid JSON"},
    {"overflow", "not valid JSON"},
    {"truncated", "not valid JSON"},
    {"duplicate-key", "duplicate object key"},
    {"root-array", "must be an object"},
    {"nothing", "not valid JSON"},
    {"deep", "not valid JSON"},
    {"not-utf8", "not valid UTF-8"},
    {"profile-frame-string", "profiles.head.lines.frames[0][0]: must be a whole number"},
    {"profile-parent-later", "nodes[0][0]: must be a whole number from -1 to -1"},
    {"profile-cost-node-twice", "endpoints[0].costs[1]: must begin with a node's number"},
    {"profile-cost-short", "endpoints[0].costs[0]: must be an array of 4 numbers"},
    {"profile-calls-in-alloc", "only a profile of lines has calls"},
    {"profile-call-frame", "calls[0][1]: must be a frame's number"},
    {"profile-error-node", "error_nodes[0]: must be a node's number"},
    {"source-path-leaves-tree", "path: must be a path below the tree's root"},
    {"source-path-absolute", "path: must be a path below the tree's root"},
    {"source-lines-overlap", "lines[1]: must lie behind the lines before it"},
    {"source-lines-many", "lines: are more than"},
    {"source-hunks-overlap", "hunks[1]: must lie behind the hunk before it"},
    {"variant-share", "variants[0].share: is 2"},
    {"upstream-negative", "upstreams[0].exact: is -1"},
    {"upstream-without-missed", "upstreams[0]: \"missed\" is missing"},
    {"upstreams-object", "upstreams: is an object"},
};

ParameterizedTestParameters(run_refusal, names_the_place)
{
    return cr_make_param_array(struct refusal, refusals, COUNT_OF(refusals));
}

ParameterizedTest(struct refusal *each, run_refusal, names_the_place, .timeout = 60)
{
    char path[512], said[sizeof(struct error)];
    struct run run;
    struct error err = {0};
    snprintf(path, sizeof path, INVALID "/%s.json", each->file);
    cr_assert_not(run_read(&run, path, &err), "%s was read", each->file);
    snprintf(said, sizeof said, "%s: %s", err.where, err.text);
    cr_assert_eq(err.code, ERROR_INPUT, "%s", said);
    cr_assert_not_null(strstr(said, each->words), "%s: %s", each->file, said);
    cr_assert_not_null(strstr(said, each->file));
    cr_assert_eq(run.endpoint_count, 0);
    cr_assert_null(run.arena.blocks);
    run_release(&run);
}

Test(run, every_invalid_file_is_in_the_table, .timeout = 60)
{
    size_t files = 0;
    DIR *folder = opendir(INVALID);
    cr_assert_not_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        files += entry->d_name[0] != '.';
    closedir(folder);
    cr_assert_eq(files, COUNT_OF(refusals));
}

Test(run, too_many_of_anything, .timeout = 60)
{
    static const char *const lists[] = {"endpoints", "passes", "notes", "capabilities"};
    struct run run;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct error err = {0};
        json_t *json = json_parse_file(VALID "/small.json", 1 << 20, &err);
        json_t *array = json_object_get(json, lists[i]);
        for (int k = 0; k < 10001; k++)
            json_array_append_new(array, json_null());
        cr_assert_not(run_from_json(&run, json, "many", &err));
        cr_assert_not_null(strstr(err.text, "must have at most"), "%s", err.text);
        json_decref(json);
    }
}

/* ---- the n-th allocation fails, for every n ---- */

static long allocations_left;

static void *failing_malloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    allocations_left--;
    return malloc(size);
}

static bool read_with(const char *text, size_t size, struct error *err)
{
    struct run run;
    json_t *json = json_parse_text("text", text, size, err);
    if (json == NULL)
        return false;
    bool ok = run_from_json(&run, json, "text", err);
    run_release(&run);
    json_decref(json);
    return ok;
}

Test(run, reading_survives_failed_allocations, .timeout = 60)
{
    struct buffer text;
    struct error err = {0};
    bool ok = false;
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(VALID "/full.json", &text, &err));
    json_set_alloc_funcs(failing_malloc, free);
    long n = 0;
    for (; !ok && n < 100000; n++) {
        error_clear(&err);
        allocations_left = n;
        ok = read_with(text.data, text.length, &err);
        cr_assert(ok || err.code != ERROR_NONE);
    }
    cr_assert(ok);
    cr_assert_gt(n, 100);
    buffer_release(&text);
}

Test(run, writing_survives_failed_allocations, .timeout = 60)
{
    struct run run;
    struct error err = {0};
    bool ok = false;
    char path[] = "/tmp/tollgate-run-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    make_run(&run);
    json_set_alloc_funcs(failing_malloc, free);
    for (long n = 0; !ok && n < 100000; n++) {
        error_clear(&err);
        allocations_left = n;
        ok = run_write(&run, path, &err);
        cr_assert(ok || err.code == ERROR_MEMORY, "%ld: %s", n, err.text);
    }
    cr_assert(ok);
    allocations_left = -1;
    run_release(&run);
    unlink(path);
}
