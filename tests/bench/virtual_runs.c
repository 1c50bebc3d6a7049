/* Virtual runs: replicates that were really measured, drawn anew and decided by the code that
 * decides real runs. From a pool of some hundred pairs an endpoint this gives thousands of runs,
 * and so how often an unchanged endpoint is called regressed and how often a slower one is found.
 *
 *   virtual_runs POOL.json RUNS BLOCK SEED [ENDPOINT|each [SHIFT]]
 *   virtual_runs interval HITS TRIALS
 *
 * The pool: {"endpoints": [...], "base_ns": [...], "change": [[...], ...], "noise": [[...], ...]},
 * log ratios of replicates in the order measured, one list an endpoint, all of one length.
 *
 * A run takes replicates without replacement in blocks of BLOCK that follow each other (1: each on
 * its own; more: slow drift stays in), the same ones for all endpoints, so that what endpoints of a
 * replicate have in common stays too. ENDPOINT is the one that is slower: a regression of it is a
 * find, of any other a false alarm. SHIFT makes it slower by that fraction beyond what was
 * measured; "each" takes the endpoints in turn. */
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "baselines/binomial.h"
#include "baselines/decide.h"
#include "rig/live_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLICATES = 40, /* as the live pass has it where the config says nothing */
    POOL_MAX_BYTES = 64 * 1024 * 1024,
    NOBODY = -1,
    EACH = -2,
};

/* A median endpoint that scatters more than this against itself: the limit of the comparison. */
#define SPREAD_LIMIT 0.03

/* [endpoint * count + replicate] */
struct matrix {
    double *values;
    size_t count;
};

struct pool {
    struct arena arena;
    size_t endpoints;
    const char **names;
    double *base_ns;
    struct matrix change, noise;
};

struct tally {
    size_t runs;
    size_t false_alarms;
    size_t revoked; /* alarms that the noise of the host took back */
    size_t noisy;
    size_t found[LIVE_LOOKS_MAX]; /* up to this look */
    size_t inconclusive;          /* unchanged endpoints, of all runs */
};

struct study {
    const struct pool *pool;
    struct gate gate;
    struct sequential_plan plan;
    size_t block;
    double shift;
    long slower; /* endpoint, NOBODY or EACH */
    struct random random;
    size_t *cells;
    double *drawn; /* [endpoint * REPLICATES + replicate] */
    struct cpu_evidence *evidence;
    struct cpu_decision *decisions;
    struct tally tally;
};

static bool read_matrix(struct pool *pool, const json_t *root, const char *key,
                        struct matrix *matrix, struct error *err)
{
    const json_t *rows = json_object_get(root, key);
    matrix->count = json_array_size(json_array_get(rows, 0));
    matrix->values =
        arena_alloc_array(&pool->arena, pool->endpoints * (matrix->count + 1), sizeof(double));
    if (matrix->values == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < pool->endpoints; e++) {
        const json_t *row = json_array_get(rows, e);
        if (json_array_size(row) != matrix->count || matrix->count == 0)
            return error_set(err, ERROR_INPUT, "\"%s\" of the pool has lists of unequal length",
                             key);
        for (size_t i = 0; i < matrix->count; i++)
            matrix->values[e * matrix->count + i] = json_number_value(json_array_get(row, i));
    }
    return true;
}

static bool pool_read(struct pool *pool, const char *path, struct error *err)
{
    json_auto_t *root = json_parse_file(path, POOL_MAX_BYTES, err);
    if (root == NULL)
        return false;
    const json_t *names = json_object_get(root, "endpoints");
    const json_t *base_ns = json_object_get(root, "base_ns");
    pool->endpoints = json_array_size(names);
    pool->names = arena_alloc_array(&pool->arena, pool->endpoints + 1, sizeof *pool->names);
    pool->base_ns = arena_alloc_array(&pool->arena, pool->endpoints + 1, sizeof *pool->base_ns);
    if (pool->names == NULL || pool->base_ns == NULL)
        return error_set_memory(err);
    if (pool->endpoints == 0 || json_array_size(base_ns) != pool->endpoints)
        return error_set(err, ERROR_INPUT, "%s: no endpoints, or not a cost for each", path);
    for (size_t e = 0; e < pool->endpoints; e++) {
        const char *name = json_string_value(json_array_get(names, e));
        pool->names[e] = arena_copy_string(&pool->arena, name != NULL ? name : "");
        if (pool->names[e] == NULL)
            return error_set_memory(err);
        pool->base_ns[e] = json_number_value(json_array_get(base_ns, e));
    }
    return read_matrix(pool, root, "change", &pool->change, err) &&
           read_matrix(pool, root, "noise", &pool->noise, err);
}

/* Draws `wanted` replicates of each endpoint into study->drawn. */
static void draw(struct study *study, const struct matrix *from, size_t wanted)
{
    size_t block = study->block, cells = from->count / block;
    size_t offset = random_below(&study->random, from->count % block + 1);
    for (size_t i = 0; i < cells; i++)
        study->cells[i] = i;
    for (size_t i = 0; i * block < wanted; i++) {
        size_t other = i + random_below(&study->random, cells - i);
        size_t cell = study->cells[other];
        study->cells[other] = study->cells[i];
        study->cells[i] = cell;
    }
    for (size_t e = 0; e < study->pool->endpoints; e++)
        for (size_t i = 0; i < wanted; i++)
            study->drawn[e * REPLICATES + i] =
                from->values[e * from->count + offset + study->cells[i / block] * block +
                             i % block];
}

static bool decide(struct study *study, size_t count, struct error *err)
{
    for (size_t e = 0; e < study->pool->endpoints; e++)
        study->evidence[e] = (struct cpu_evidence){
            .log_ratio = study->drawn + e * REPLICATES,
            .count = count,
            .base_ns = study->pool->base_ns[e],
            .limits = gate_limits(&study->gate, study->pool->names[e], METRIC_CPU_NS),
        };
    return decide_all_looks(study->evidence, &study->plan, study->decisions, err);
}

/* The base against itself, as a run has it: as many replicates as the first look. */
static bool check_host(struct study *study, bool *noisy, struct error *err)
{
    double spread;
    size_t count = study->plan.looks[0];
    draw(study, &study->pool->noise, count);
    if (!decide(study, count, err) ||
        !decide_find_spread(study->evidence, study->pool->endpoints, &spread, err))
        return false;
    *noisy = spread > SPREAD_LIMIT;
    for (size_t e = 0; e < study->pool->endpoints; e++)
        *noisy = *noisy || study->decisions[e].verdict == VERDICT_REGRESSED ||
                 study->decisions[e].verdict == VERDICT_IMPROVED;
    return true;
}

static void count_run(struct study *study, long slower, bool noisy)
{
    struct tally *tally = &study->tally;
    bool alarm = false;
    tally->runs++;
    tally->noisy += noisy;
    for (size_t e = 0; e < study->pool->endpoints; e++) {
        const struct cpu_decision *decision = &study->decisions[e];
        bool regressed = decision->verdict == VERDICT_REGRESSED;
        if ((long)e != slower) {
            alarm = alarm || regressed;
            tally->inconclusive += decision->verdict == VERDICT_INCONCLUSIVE;
            continue;
        }
        for (size_t look = 0; regressed && !noisy && look < study->plan.look_count; look++)
            tally->found[look] += decision->state.looks_taken <= look + 1;
    }
    tally->false_alarms += alarm && !noisy;
    tally->revoked += alarm && noisy;
}

static bool run_once(struct study *study, struct error *err)
{
    bool noisy;
    size_t endpoints = study->pool->endpoints;
    long slower = study->slower == EACH ? (long)(study->tally.runs % endpoints) : study->slower;
    if (!check_host(study, &noisy, err))
        return false;
    draw(study, &study->pool->change, REPLICATES);
    for (size_t i = 0; slower >= 0 && i < REPLICATES; i++)
        study->drawn[(size_t)slower * REPLICATES + i] += log1p(study->shift);
    if (!decide(study, REPLICATES, err))
        return false;
    count_run(study, slower, noisy);
    return true;
}

static bool study_init(struct study *study, struct arena *arena, struct error *err)
{
    const struct pool *pool = study->pool;
    size_t looks[LIVE_LOOKS_MAX], look_count = live_plan_looks(REPLICATES, looks);
    size_t most = pool->change.count > pool->noise.count ? pool->change.count : pool->noise.count;
    size_t room = REPLICATES + study->block;
    if (study->block == 0 || pool->change.count < room ||
        pool->noise.count < looks[0] + study->block)
        return error_set(err, ERROR_INPUT, "the pool is too small for blocks of %zu", study->block);
    gate_init(&study->gate);
    study->cells = arena_alloc_array(arena, most, sizeof *study->cells);
    study->drawn = arena_alloc_array(arena, pool->endpoints * REPLICATES, sizeof *study->drawn);
    study->evidence = arena_alloc_array(arena, pool->endpoints, sizeof *study->evidence);
    study->decisions = arena_alloc_array(arena, pool->endpoints, sizeof *study->decisions);
    if (study->cells == NULL || study->drawn == NULL || study->evidence == NULL ||
        study->decisions == NULL)
        return error_set_memory(err);
    return decide_plan(&study->plan, &study->gate, pool->endpoints, looks, look_count, err);
}

static void print_study(const struct study *study)
{
    const struct tally *tally = &study->tally;
    printf("{\"runs\": %zu, \"false_alarms\": %zu, \"revoked\": %zu, \"noisy\": %zu, "
           "\"inconclusive\": %zu, \"endpoints\": %zu, \"pairs\": %zu, \"looks\": [",
           tally->runs, tally->false_alarms, tally->revoked, tally->noisy, tally->inconclusive,
           study->pool->endpoints, study->pool->change.count);
    for (size_t i = 0; i < study->plan.look_count; i++)
        printf("%s%zu", i > 0 ? ", " : "", study->plan.looks[i]);
    printf("], \"found\": [");
    for (size_t i = 0; i < study->plan.look_count; i++)
        printf("%s%zu", i > 0 ? ", " : "", tally->found[i]);
    printf("]}\n");
}

static bool find_slower(struct study *study, const char *name, struct error *err)
{
    study->slower = NOBODY;
    if (name == NULL)
        return true;
    if (strcmp(name, "each") == 0)
        study->slower = EACH;
    for (size_t e = 0; e < study->pool->endpoints; e++)
        if (strcmp(study->pool->names[e], name) == 0)
            study->slower = (long)e;
    return study->slower != NOBODY ||
           error_set(err, ERROR_USAGE, "the pool has no endpoint %s", name);
}

static bool run_study(char **words, int count, struct error *err)
{
    struct pool pool = {0};
    struct study study = {.pool = &pool};
    size_t runs = strtoul(words[1], NULL, 10);
    arena_init(&pool.arena);
    study.block = strtoul(words[2], NULL, 10);
    study.shift = count > 5 ? strtod(words[5], NULL) : 0;
    random_seed(&study.random, strtoull(words[3], NULL, 10));
    bool ok = pool_read(&pool, words[0], err) && study_init(&study, &pool.arena, err) &&
              find_slower(&study, count > 4 ? words[4] : NULL, err);
    while (ok && study.tally.runs < runs)
        ok = run_once(&study, err);
    if (ok)
        print_study(&study);
    arena_release(&pool.arena);
    return ok;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    if (argc == 4 && strcmp(argv[1], "interval") == 0) {
        struct binomial_interval interval =
            binomial_find_interval(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), 0.95);
        printf("[%.6f, %.6f]\n", interval.low, interval.high);
        return 0;
    }
    if (argc < 5 || argc > 7) {
        fprintf(stderr, "usage: virtual_runs POOL RUNS BLOCK SEED [ENDPOINT|each [SHIFT]]\n"
                        "       virtual_runs interval HITS TRIALS\n");
        return 2;
    }
    if (run_study(argv + 1, argc - 1, &err))
        return 0;
    fprintf(stderr, "virtual_runs: %s\n", err.text);
    return 4;
}
