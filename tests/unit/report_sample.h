/* Constructed reports for the tests of the reporters: small, whole, and with figures that a reader
 * can check by hand. Everything is static: a sample is changed in place by the test that wants
 * another case, each of which runs in a process of its own. */
#ifndef TOLLGATE_TESTS_REPORT_SAMPLE_H
#define TOLLGATE_TESTS_REPORT_SAMPLE_H

#include "reporters/reporter.h"

#include <math.h>
#include <string.h>

enum { SAMPLE_ENDPOINTS = 7 };

struct sample {
    struct run head;
    struct comparison comparison;
    struct gate gate;
    struct report report;
    struct endpoint_verdict endpoints[SAMPLE_ENDPOINTS];
    struct pass_result passes[3];
    const char *notes[2];
    double peak[2][3];
};

static inline struct metric_verdict sample_exact(double base, double head, enum verdict verdict,
                                                 const char *reason)
{
    double change = head / base - 1;
    return (struct metric_verdict){head,   base,    change, change,
                                   change, verdict, reason, .accepted = NULL};
}

static inline struct metric_verdict sample_noisy(double base, double change, double low,
                                                 double high, enum verdict verdict,
                                                 const char *reason)
{
    return (struct metric_verdict){base * (1 + change), base, change, low, high, verdict, reason,
                                   .accepted = NULL};
}

/* An endpoint that costs `cpu_ns` and passed in everything. */
static inline void sample_passed(struct endpoint_verdict *endpoint, const char *name,
                                 int64_t requests, double cpu_ns)
{
    *endpoint = (struct endpoint_verdict){.name = name,
                                          .requests = requests,
                                          .weight = 100.0 * (double)requests,
                                          .presence = ENDPOINT_BOTH,
                                          .verdict = VERDICT_PASSED};
    double instructions = floor(cpu_ns / 4);
    const char *same = "unchanged";
    struct metric_verdict *metrics = endpoint->metrics;
    metrics[METRIC_CPU_NS] = sample_noisy(cpu_ns, 0.002, -0.004, 0.008, VERDICT_PASSED,
                                          "+0.20 % (-0.40 to 0.80 %), within the 2 % margin");
    metrics[METRIC_WALL_P50_NS] =
        sample_noisy(cpu_ns * 3, 0.01, NAN, NAN, VERDICT_NONE, "shown, not gated");
    metrics[METRIC_WALL_P99_NS] =
        sample_noisy(cpu_ns * 5, -0.02, NAN, NAN, VERDICT_NONE, "shown, not gated");
    metrics[METRIC_INSTRUCTIONS] = sample_exact(instructions, instructions, VERDICT_PASSED, same);
    metrics[METRIC_SYSCALLS] = sample_exact(24, 24, VERDICT_PASSED, same);
    metrics[METRIC_ALLOCATIONS] = sample_exact(190, 190, VERDICT_PASSED, same);
    metrics[METRIC_ALLOC_BYTES] = sample_exact(12600, 12600, VERDICT_PASSED, same);
    metrics[METRIC_RETAINED_BYTES] =
        (struct metric_verdict){0, 0, 0, 0, 0, VERDICT_PASSED, same, .accepted = NULL};
}

static inline void sample_fill_endpoints(struct sample *sample)
{
    struct endpoint_verdict *each = sample->endpoints;
    sample_passed(&each[0], "GET /v3/users/{id}", 120, 182e3);
    sample_passed(&each[1], "GET /v3/boards/{id}/pins", 64, 640e3);
    sample_passed(&each[2], "GET /v3/feed", 90, 1.17e6);
    sample_passed(&each[3], "POST /v3/boards/{id}/pins/{pin}/reactions/batch", 12, 410e3);
    sample_passed(&each[4], "GET /v3/search", 40, 2.4e6);
    sample_passed(&each[5], "POST /v3/token/check", 48, 96e3);
    sample_passed(&each[6], "GET /v3/notifications", 31, 330e3);
}

/* Every endpoint passed, against a base measured in the same run. */
static inline void sample_init(struct sample *sample)
{
    *sample = (struct sample){
        .notes = {"the baseline main is of another machine (the kernel: 6.1.0 there, 6.8.4 here); "
                  "its commit was built and measured as the base"},
        .peak = {{12.5e6, 12.6e6, 12.55e6}, {12.4e6, 12.4e6, 12.45e6}},
        .passes = {{.name = "live",
                    .seconds = 18.24,
                    .replicates = 24,
                    .requests = 12480,
                    .dropped = 1,
                    .conserved = METRIC_CPU_NS,
                    .conservation = {{96.8e9, 3.2e9, 100e9, 0}, {97e9, 3e9, 100e9, 0}}},
                   {.name = "exact",
                    .seconds = 9.1,
                    .replicates = 2,
                    .requests = 960,
                    .conserved = METRIC_INSTRUCTIONS,
                    .conservation = {{999e6, 1e6, 1e9, 0}, {999e6, 1e6, 1e9, 0}}},
                   {.name = "alloc",
                    .seconds = 1.2,
                    .replicates = 2,
                    .requests = 960,
                    .conserved = METRIC_ALLOCATIONS,
                    .conservation = {{500, 0, 500, 0}, {500, 0, 500, 0}}}},
        .gate = {.alpha = 0.01, .confidence = 0.95},
    };
    sample_fill_endpoints(sample);
    struct run *head = &sample->head;
    head->tollgate_version = "0.1.0";
    head->created = "2026-01-31T09:30:00Z";
    head->fingerprint = (struct fingerprint){.cpu_model = "AMD EPYC 7B13",
                                             .cpu_flags = "9c0a",
                                             .virtualization = "kvm",
                                             .cpus = 2,
                                             .kernel = "6.8.4-3",
                                             .libc = "glibc 2.36",
                                             .compiler = "gcc 12.2.0",
                                             .valgrind = "valgrind-3.19.0"};
    head->sides[SIDE_HEAD] = (struct run_side){.present = true,
                                               .ref = "HEAD",
                                               .commit = "4f2a9c1d5b6e7f80912a3b4c5d6e7f8091a2b3c4",
                                               .dirty = true,
                                               .build_id = "77aa",
                                               .peak_rss_bytes = {sample->peak[0], 3}};
    head->sides[SIDE_BASE] = (struct run_side){.present = true,
                                               .ref = "main",
                                               .commit = "1b22c30e5b6e7f80912a3b4c5d6e7f8091a2b3c4",
                                               .build_id = "66bb",
                                               .peak_rss_bytes = {sample->peak[1], 3}};
    head->passes = sample->passes;
    head->pass_count = 3;
    head->notes = sample->notes;
    head->note_count = 1;
    sample->comparison = (struct comparison){.has_base = true,
                                             .verdict = VERDICT_PASSED,
                                             .endpoints = sample->endpoints,
                                             .endpoint_count = SAMPLE_ENDPOINTS,
                                             .smallest_cpu_change = 0.021};
    sample->report =
        (struct report){.head = head, .comparison = &sample->comparison, .gate = &sample->gate};
}

/* The feed costs more CPU and instructions, the token check a system call more; search is
 * undecided, the users got cheaper. */
static inline void sample_make_regressed(struct sample *sample)
{
    struct endpoint_verdict *feed = &sample->endpoints[2], *search = &sample->endpoints[4];
    struct endpoint_verdict *token = &sample->endpoints[5], *users = &sample->endpoints[0];
    feed->verdict = token->verdict = VERDICT_REGRESSED;
    feed->metrics[METRIC_CPU_NS] =
        sample_noisy(1.17e6, 0.061, 0.052, 0.070, VERDICT_REGRESSED,
                     "+6.1 % (5.2 to 7.0 %), above the 2 % margin; p = 4.1e-06 over 7 endpoints");
    feed->metrics[METRIC_INSTRUCTIONS] =
        sample_exact(292500, 310050, VERDICT_REGRESSED,
                     "+6.0 % (292500 to 310050), above 0.5 % and 500 a request");
    token->metrics[METRIC_SYSCALLS] =
        sample_exact(24, 25, VERDICT_REGRESSED, "+4.2 % (24 to 25), above 0.5 % and 0.5 a request");
    search->verdict = VERDICT_INCONCLUSIVE;
    search->metrics[METRIC_CPU_NS] =
        sample_noisy(2.4e6, 0.016, -0.011, 0.043, VERDICT_INCONCLUSIVE,
                     "+1.6 % (-1.1 to 4.3 %), cannot be told from the 2 % margin: about 18 more "
                     "replicates would settle it");
    users->verdict = VERDICT_IMPROVED;
    users->metrics[METRIC_ALLOCATIONS] =
        sample_exact(190, 152, VERDICT_IMPROVED,
                     "-20.0 % (190 to 152), better by more than 0.5 % and 0.9 a request");
    sample->comparison.verdict = VERDICT_REGRESSED;
    sample->report.exit_code = 1;
}

/* One endpoint's verdict and its CPU figure undecided. */
static inline void sample_make_inconclusive(struct sample *sample)
{
    struct endpoint_verdict *search = &sample->endpoints[4];
    search->verdict = VERDICT_INCONCLUSIVE;
    search->metrics[METRIC_CPU_NS] =
        sample_noisy(2.4e6, 0.016, -0.011, 0.043, VERDICT_INCONCLUSIVE,
                     "+1.6 % (-1.1 to 4.3 %), cannot be told from the 2 % margin");
    sample->comparison.verdict = VERDICT_INCONCLUSIVE;
    sample->report.exit_code = 3;
}

/* Two endpoints dearer, as their authors said: the whole passed. */
static inline void sample_make_accepted(struct sample *sample)
{
    static const char by_trailer[] = "accepted up to +8 % by commit 1a2b3c4d5e6f by Ada until "
                                     "2027-01-31 because the feed ranks by affinity now";
    static const char by_list[] = "accepted up to +2 by the accept list because a copy is kept";
    struct endpoint_verdict *feed = &sample->endpoints[2], *token = &sample->endpoints[5];
    feed->metrics[METRIC_CPU_NS] =
        sample_noisy(1.17e6, 0.061, 0.052, 0.070, VERDICT_PASSED,
                     "+6.1 % (5.2 to 7.0 %), above the 2 % margin; p = 0.00012 over 7 endpoints; "
                     "accepted up to +8 % by commit 1a2b3c4d5e6f by Ada until 2027-01-31 because "
                     "the feed ranks by affinity now");
    feed->metrics[METRIC_CPU_NS].accepted = feed->accepted = by_trailer;
    token->metrics[METRIC_ALLOCATIONS] =
        sample_exact(190, 192, VERDICT_PASSED,
                     "+1.1 % (190 to 192), above 0.5 % and 0.9 a request; accepted up to +2 by the "
                     "accept list because a copy is kept");
    token->metrics[METRIC_ALLOCATIONS].accepted = token->accepted = by_list;
}

/* Nothing to compare with, and a machine without valgrind. */
static inline void sample_make_alone(struct sample *sample)
{
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++) {
        struct endpoint_verdict *endpoint = &sample->endpoints[i];
        endpoint->verdict = VERDICT_NONE;
        endpoint->presence = ENDPOINT_NEW;
        for (size_t metric = 0; metric < METRIC_COUNT; metric++) {
            struct metric_verdict *each = &endpoint->metrics[metric];
            bool exact = metric == METRIC_INSTRUCTIONS || metric == METRIC_SYSCALLS;
            *each = (struct metric_verdict){exact ? NAN : each->head,
                                            NAN,
                                            NAN,
                                            NAN,
                                            NAN,
                                            VERDICT_NONE,
                                            exact ? "valgrind is not installed"
                                                  : "no base to compare with",
                                            .accepted = NULL};
        }
    }
    sample->passes[1] = (struct pass_result){.name = "exact",
                                             .status = PASS_SKIPPED,
                                             .reason = "valgrind is not installed",
                                             .conserved = METRIC_INSTRUCTIONS};
    sample->head.sides[SIDE_BASE] = (struct run_side){0};
    sample->notes[0] = "no baseline yet; `tollgate bench --save-baseline main` keeps this run";
    sample->comparison.has_base = false;
    sample->comparison.verdict = VERDICT_NONE;
    sample->comparison.smallest_cpu_change = NAN;
}

/* Search answers wrongly, and fast. */
static inline void sample_make_invalid(struct sample *sample)
{
    struct endpoint_verdict *search = &sample->endpoints[4];
    search->invalid = "corpus.jsonl:212: expected status 200, got 500\n"
                      "expected: {\"pins\":[{\"id\":9,\"title\":\"Oak table\"}],\"total\":1}\n"
                      "got:      {\"error\":\"internal\"}";
    search->verdict = VERDICT_NONE;
    for (size_t metric = 0; metric < METRIC_COUNT; metric++)
        search->metrics[metric] = (struct metric_verdict){NAN,
                                                          NAN,
                                                          NAN,
                                                          NAN,
                                                          NAN,
                                                          VERDICT_NONE,
                                                          "the endpoint answered wrongly",
                                                          .accepted = NULL};
    sample->comparison.invalid = true;
    sample->report.exit_code = 3;
}

/* Names, notes and reasons that would do harm: escape sequences, bidirectional overrides, bytes
 * that are not UTF-8, line breaks, and no end. */
static inline void sample_make_hostile(struct sample *sample)
{
    static char endless[5000];
    memset(endless, 'x', sizeof endless - 1);
    sample->endpoints[0].name = "GET /\033[2J\033]0;owned\007/v3";
    sample->endpoints[1].name = "GET /\xe2\x80\xae"
                                "drawkcab\xe2\x80\xac/\xff\xfe";
    sample->endpoints[2].name = "GET /line\nbreak\r\ttab\xc2\x9b"
                                "31m";
    sample->endpoints[3].name = endless;
    sample->endpoints[5].name = "GET /caf\xc3\xa9/\xe6\x9d\xb1\xe4\xba\xac";
    sample->endpoints[3].verdict = VERDICT_REGRESSED;
    sample->endpoints[3].metrics[METRIC_CPU_NS].verdict = VERDICT_REGRESSED;
    sample->endpoints[3].metrics[METRIC_CPU_NS].reason = endless;
    sample->endpoints[2].invalid = "wrong\033[31m\nexpected: \xff\ngot: \xe2\x80\xaexyz";
    sample->notes[0] = "note \033[31mred\033[0m \xe2\x81\xa6";
    sample->notes[1] = endless;
    sample->head.note_count = 2;
    sample->head.sides[SIDE_HEAD].ref = "\033[31mref";
    sample->head.fingerprint.cpu_model = "CPU\033[31m";
    sample->passes[1].reason = "because\033[31m";
    sample->comparison.cpu_note = "cpu\033[31m";
    sample->comparison.invalid = true;
    sample->comparison.verdict = VERDICT_REGRESSED;
}

/* Figures at the edges: infinite, not a number, huge, negative, from zero. */
static inline void sample_make_extreme(struct sample *sample)
{
    struct endpoint_verdict *each = sample->endpoints;
    each[0].metrics[METRIC_RETAINED_BYTES] = (struct metric_verdict){
        4096, 0, NAN, NAN, NAN, VERDICT_REGRESSED, "a leak", .accepted = NULL};
    each[0].verdict = VERDICT_REGRESSED;
    each[1].metrics[METRIC_CPU_NS] = (struct metric_verdict){
        1e300, 1, 1e300, 1e299, 1e301, VERDICT_REGRESSED, "huge", .accepted = NULL};
    each[1].verdict = VERDICT_REGRESSED;
    each[2].metrics[METRIC_INSTRUCTIONS] =
        (struct metric_verdict){-5, -4, -0.25, NAN, 7, VERDICT_NONE, "", .accepted = NULL};
    each[3].weight = NAN;
    each[3].requests = INT64_MAX;
    each[6].presence = ENDPOINT_REMOVED;
    each[6].verdict = VERDICT_NONE;
    sample->passes[0].seconds = NAN;
    sample->passes[1].conservation[SIDE_HEAD] = (struct conservation){NAN, INFINITY, 0, 0};
    sample->comparison.verdict = VERDICT_REGRESSED;
    sample->comparison.smallest_cpu_change = INFINITY;
}

#endif
