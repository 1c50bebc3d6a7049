/* tollgate bench: build, measure, compare, report. */
#include "rig/command.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "baselines/store.h"
#include "rig/baseline_choice.h"
#include "rig/bench.h"
#include "rig/insight.h"
#include "rig/machine.h"
#include "rig/output.h"
#include "rig/probe.h"
#include "rig/run_texts.h"
#include "rig/session_selection.h"
#include "rig/source_diff.h"
#include "rig/standins.h"
#include "rig/terms.h"
#include "rig/variants.h"
#include "rig/version.h"
#include "rig/workspace.h"

#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { BUDGET_MOST_S = 86400 };

#define PASSES "alloc,exact,lines,sites,live,stacks"

/* Everything that one bench holds; released in one place. */
struct job {
    const struct arguments *arguments;
    struct arena arena;
    struct output output;
    struct config config;
    struct config base_config; /* as the base's own tree has it */
    bool has_config, has_base_config;
    bool childless; /* when we began: what is below us at the end is of our making */
    struct interrupt interrupt;
    struct corpus *corpus;
    struct selection selection;
    struct session_plan *session_plan;
    struct standin_set *standins;
    struct workspace workspace;
    struct progress progress;
    struct baseline_choice choice;
    struct terms terms;
    struct run run;
    pthread_mutex_t run_lock;
    struct bench bench;
};

static const struct option_row options[] = {
    {"config", 'c', "FILE", "the config; default: tollgate.json"},
    {"base", 0, "REF|DIR|RUN", "compare with a commit, another checkout or a stored run"},
    {"baseline", 0, "NAME|FILE", "compare with a saved baseline; none: with nothing"},
    {"save-baseline", 0, "NAME", "keep this run's head as a baseline"},
    {"passes", 0, "LIST", "which of " PASSES "; default: all that the config has"},
    {"endpoint", 'e', "GLOB", "only endpoints that match; repeatable"},
    {"budget", 0, "SECONDS", "end measuring when so much time is gone"},
    {"seed", 0, "N", "of the order of requests; default: 1"},
    {"output", 'o', "RUN.json", "write everything that was measured"},
    OUTPUT_OPTIONS,
    {"progress", 0, "WHEN", "auto, live, plain or none"},
    {"allow-inconclusive", 0, NULL, "exit 0 when nothing is worse than inconclusive"},
    {"verbose", 'v', NULL, "keep the gateways' logs and say where they are"},
    {0},
};

static const char *const examples[] = {
    "compare the work tree with its last commit",
    "tollgate bench --base HEAD",
    "in CI, on a pull request",
    "tollgate bench --base origin/main -O terminal -O json:report.json",
    "keep what main costs, then compare with it",
    "tollgate bench --save-baseline main && git add .tollgate/baselines",
    "one endpoint, exact counts only",
    "tollgate bench --base HEAD --endpoint 'GET /v3/feed' --passes exact",
    NULL,
};

/* The largest selection that a pass wants: they share one. */
static size_t exchanges_wanted(const struct config *config)
{
    size_t most = 1;
    for (size_t i = 0; pass_list()[i] != NULL; i++) {
        size_t wanted = (size_t)pass_list()[i]->settings(config)->exchanges;
        most = wanted > most ? wanted : most;
    }
    return most;
}

static bool job_read_progress(struct job *job, struct error *err)
{
    static const char *const names[] = {"auto", "live", "plain", "none"};
    const char *text = arguments_value(job->arguments, "progress");
    size_t mode = 0;
    while (text != NULL && mode < COUNT_OF(names) && strcmp(names[mode], text) != 0)
        mode++;
    if (mode == COUNT_OF(names))
        return error_set(err, ERROR_USAGE, "--progress takes auto, live, plain or none, not \"%s\"",
                         text);
    progress_init(&job->progress, (enum progress_mode)mode);
    return true;
}

/* Reads all input and looks at all that could fail later, before minutes of measuring. */
static bool job_read(struct job *job, struct error *err)
{
    const struct arguments *arguments = job->arguments;
    const char *path = arguments_value(arguments, "config");
    const char *save = arguments_value(arguments, "save-baseline");
    if (path == NULL && !file_exists("tollgate.json"))
        return error_set(err, ERROR_USAGE,
                         "there is no tollgate.json here; give one with --config");
    if (!output_parse(&job->output, arguments, err) || !job_read_progress(job, err) ||
        !output_check_path(arguments_value(arguments, "output"), err) ||
        (save != NULL && !store_check_name(save, err)) ||
        !config_read(&job->config, path != NULL ? path : "tollgate.json", err))
        return false;
    job->has_config = true;
    return corpus_open(&job->corpus, job->config.corpus_path, &job->config.endpoints, err) &&
           selection_make(&job->selection, job->corpus, arguments_values(arguments, "endpoint"),
                          exchanges_wanted(&job->config), err) &&
           session_selection_plan(&job->session_plan, &job->config, job->corpus, &job->selection,
                                  err) &&
           workspace_open(&job->workspace, job->config.work_path, err);
}

static bool job_describe_run(struct job *job, struct error *err)
{
    struct run *run = &job->run;
    long seed = 1;
    char created[32];
    if (!arguments_int(job->arguments, "seed", 0, 2147483647, &seed, err))
        return false;
    clock_format_utc(clock_realtime_ns(), created);
    run->tollgate_version = version_text();
    run->created = arena_copy_string(&run->arena, created);
    run->seed = (uint64_t)seed;
    run->corpus_hash = arena_format(&run->arena, "%016llx", corpus_hash(job->corpus));
    run->config_hash = arena_format(&run->arena, "%016llx", job->config.workload_hash);
    machine_fingerprint(&run->fingerprint, &run->arena);
    if (!probe_describe_run(run, job->config.work_path, &job->interrupt, err))
        return false;
    run->endpoint_count = job->selection.endpoint_count;
    run->endpoints = arena_alloc_array(&run->arena, run->endpoint_count, sizeof *run->endpoints);
    run->passes = arena_alloc_array(&run->arena, 8, sizeof *run->passes);
    if (run->created == NULL || run->corpus_hash == NULL || run->config_hash == NULL ||
        run->endpoints == NULL || run->passes == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < run->endpoint_count; e++) {
        const struct selected_endpoint *chosen = &job->selection.endpoints[e];
        struct endpoint_result *result = &run->endpoints[e];
        result->name =
            arena_copy_string(&run->arena, corpus_endpoint_name(job->corpus, chosen->endpoint));
        result->requests = chosen->requests;
        result->weight = chosen->weight;
        result->user_share = NAN;
        if (result->name == NULL)
            return error_set_memory(err);
    }
    return variants_describe(run, &job->selection, err);
}

/* How the base is built and started is for its own config to say, where it has one. */
static void job_find_base_gateway(struct job *job)
{
    struct bench_side *base = &job->bench.sides[SIDE_BASE];
    struct error ignored = {0};
    char *copy = strdup(job->config.path);
    base->gateway = &job->config.gateway;
    if (copy == NULL)
        return;
    const char *path = arena_format(&job->arena, "%s/%s", base->source.folder, basename(copy));
    free(copy);
    if (path == NULL || !file_exists(path))
        return;
    job->has_base_config = config_read(&job->base_config, path, &ignored);
    if (job->has_base_config)
        base->gateway = &job->base_config.gateway;
    else
        run_add_note(&job->run, "the base's own config cannot be read (%.200s): the head's is used",
                     ignored.text);
}

static bool job_choose_sides(struct job *job, struct error *err)
{
    struct bench *bench = &job->bench;
    struct baseline_question question = {.config = &job->config,
                                         .base = arguments_value(job->arguments, "base"),
                                         .baseline = arguments_value(job->arguments, "baseline"),
                                         .here = &job->run,
                                         .interrupt = &job->interrupt};
    bench->sides[SIDE_HEAD].present = true;
    bench->sides[SIDE_HEAD].gateway = &job->config.gateway;
    if (!source_head(&job->config, &job->interrupt, &job->arena, &bench->sides[SIDE_HEAD].source,
                     err) ||
        !baseline_choose(&job->choice, &question, &job->arena, err))
        return false;
    if (job->choice.note != NULL)
        run_add_note(&job->run, "%s", job->choice.note);
    if (job->choice.kind == BASELINE_SOURCE) {
        bench->sides[SIDE_BASE].present = true;
        bench->sides[SIDE_BASE].source = job->choice.source;
        job_find_base_gateway(job);
    }
    return true;
}

static bool job_find_terms(struct job *job, struct error *err)
{
    const struct baseline_choice *choice = &job->choice;
    bool stored = choice->kind == BASELINE_STORED;
    struct terms_question question = {
        .head = &job->config,
        .base = job->has_base_config ? &job->base_config : NULL,
        .head_commit = job->bench.sides[SIDE_HEAD].source.commit,
        .base_commit = stored ? choice->stored.sides[SIDE_HEAD].commit : choice->source.commit,
        .interrupt = &job->interrupt,
    };
    return terms_find(&job->terms, &question, &job->run, &job->arena, err);
}

static bool job_build(struct job *job, struct error *err)
{
    static const char *const names[SIDE_COUNT] = {"head", "base"};
    for (size_t side = 0; side < SIDE_COUNT; side++) {
        struct bench_side *one = &job->bench.sides[side];
        struct run_side *out = &job->run.sides[side];
        if (!one->present)
            continue;
        const char *log =
            arena_format(&job->arena, "%s/%s-build.log", job->workspace.logs, names[side]);
        if (log == NULL)
            return error_set_memory(err);
        progress_begin(&job->progress,
                       side == SIDE_HEAD ? "building the head" : "building the base");
        if (!source_build(&one->source, one->gateway, log, &job->interrupt, err))
            return false;
        progress_end(&job->progress, NULL);
        out->present = true;
        out->ref = arena_copy_string(&job->run.arena, one->source.ref);
        out->commit = one->source.commit != NULL
                          ? arena_copy_string(&job->run.arena, one->source.commit)
                          : NULL;
        out->dirty = one->source.dirty;
        out->build_id = source_program_id(&one->source, one->gateway, &job->run.arena);
    }
    return true;
}

/* After the builds, which may use every CPU. */
static bool job_prepare_measuring(struct job *job, struct error *err)
{
    struct bench *bench = &job->bench;
    long budget = 0;
    if (!arguments_int(job->arguments, "budget", 1, BUDGET_MOST_S, &budget, err))
        return false;
    bench->config = &job->config;
    bench->selection = &job->selection;
    bench->interrupt = &job->interrupt;
    bench->progress = &job->progress;
    bench->log_folder = job->workspace.logs;
    bench->scratch_folder = job->workspace.scratch;
    bench->run = &job->run;
    bench->gate = &job->terms.gate;
    bench->explains_all = arguments_value(job->arguments, "passes") != NULL;
    bench->run_lock = &job->run_lock;
    if (budget > 0) {
        bench->deadline_ns = clock_monotonic_ns() + budget * NS_PER_SECOND;
        bench->counting_deadline_ns = bench->deadline_ns - budget * NS_PER_SECOND / 2;
    }
    bench->cpu_count = machine_choose_cpus(bench->cpus);
    bench->cpu = bench->cpu_count > 0 ? bench->cpus[bench->cpu_count - 1] : -1;
    if (bench->cpu < 0 || !machine_pin(bench->cpu)) {
        bench->cpu = -1;
        bench->cpu_count = 0;
        run_add_note(&job->run, "this machine does not allow pinning to a CPU: CPU time is noisy");
    }
    /* Else the shortest sleep, of which settling is made, lasts 50 microseconds. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    bench->session_plan = job->session_plan;
    if (!standins_start(&job->standins, bench, err))
        return false;
    bench->standins = job->standins;
    return true;
}

static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ','), at = at != NULL ? at + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* Whether a pass that explains is to run. */
static bool job_explains(const struct job *job)
{
    static const struct pass *const explaining[] = {&pass_lines, &pass_sites, &pass_stacks};
    const char *list = arguments_value(job->arguments, "passes");
    for (size_t i = 0; i < COUNT_OF(explaining); i++)
        if ((list == NULL || listed(list, explaining[i]->name)) &&
            explaining[i]->settings(&job->config)->enabled)
            return true;
    return false;
}

/* Before anything is built: the tree may be edited while it is measured. */
static bool job_find_changes(struct job *job, struct error *err)
{
    struct bench_side *sides = job->bench.sides;
    return !sides[SIDE_BASE].present || !job_explains(job) ||
           source_diff_read(&job->run, &sides[SIDE_HEAD].source, &sides[SIDE_BASE].source,
                            &job->interrupt, err);
}

/* Every word of the list must name a pass. */
static bool check_pass_list(const char *list, struct error *err)
{
    for (const char *at = list; at != NULL; at = strchr(at, ','), at = at != NULL ? at + 1 : NULL) {
        int length = (int)strcspn(at, ",");
        bool known = false;
        for (size_t i = 0; pass_list()[i] != NULL; i++)
            known = known || (strlen(pass_list()[i]->name) == (size_t)length &&
                              strncmp(pass_list()[i]->name, at, (size_t)length) == 0);
        if (!known)
            return error_set(err, ERROR_USAGE, "--passes: \"%.*s\" is no pass; there are " PASSES,
                             length, at);
    }
    return true;
}

static bool job_measure(struct job *job, struct error *err)
{
    const char *list = arguments_value(job->arguments, "passes");
    for (size_t i = 0; pass_list()[i] != NULL; i++)
        if (!bench_run_pass(&job->bench, pass_list()[i],
                            list == NULL || listed(list, pass_list()[i]->name), err))
            return false;
    standins_stop(&job->standins, &job->bench);
    return true;
}

static bool job_save(struct job *job, struct error *err)
{
    const char *path = arguments_value(job->arguments, "output");
    const char *name = arguments_value(job->arguments, "save-baseline");
    if (path != NULL && !run_write(&job->run, path, err))
        return false;
    if (name == NULL)
        return true;
    if (!file_make_directories(job->config.store_path, err) ||
        !store_save(job->config.store_path, name, &job->run, err))
        return false;
    fprintf(stderr, "tollgate: saved as baseline \"%s\" in %s\n", name, job->config.store_path);
    return true;
}

static bool job_report(struct job *job, enum exit_code *code, struct error *err)
{
    struct comparison comparison;
    const struct run *stored = job->choice.kind == BASELINE_STORED ? &job->choice.stored : NULL;
    struct compare_options question = {
        .head = &job->run,
        .base = stored,
        .gate = &job->terms.gate,
        .waivers = &job->terms.waivers,
        .today = job->terms.today,
    };
    if (!compare_runs(&comparison, &question, err))
        return false;
    *code = (enum exit_code)comparison_exit_code(
        &comparison, arguments_flag(job->arguments, "allow-inconclusive"));
    struct report report = {.head = &job->run,
                            .base = stored,
                            .comparison = &comparison,
                            .gate = &job->terms.gate,
                            .exit_code = (int)*code,
                            .choice = job->output.choice};
    struct insight insight;
    struct insight_question insight_question = {.config = &job->config,
                                                .base_config =
                                                    job->has_base_config ? &job->base_config : NULL,
                                                .head = &job->run,
                                                .base = stored,
                                                .comparison = &comparison,
                                                .gate = &job->terms.gate,
                                                .wants_history = output_has_history(&job->output)};
    insight_attach(&insight, &insight_question, &job->run, &report);
    struct run_texts texts;
    run_texts_init(&texts, &job->run, job->config.folder);
    report.texts = &texts.texts;
    progress_clear(&job->progress);
    bool ok = output_write(&job->output, &report, err);
    run_texts_release(&texts);
    insight_release(&insight);
    comparison_release(&comparison);
    return ok;
}

static bool job_run(struct job *job, enum exit_code *code, struct error *err)
{
    const char *list = arguments_value(job->arguments, "passes");
    if ((list != NULL && !check_pass_list(list, err)) || !job_read(job, err) ||
        !interrupt_open(&job->interrupt, err) || !job_describe_run(job, err) ||
        !job_choose_sides(job, err) || !job_find_changes(job, err) || !job_find_terms(job, err) ||
        !job_build(job, err) || !job_prepare_measuring(job, err) || !job_measure(job, err))
        return false;
    /* The report comes even when a file cannot be written: minutes of measuring are in it. */
    bool reported = job_report(job, code, err);
    return job_save(job, err) && reported;
}

/* What a keeper that was killed could not end has become our own child. A shell that exec'ed us may
 * have left us children of its own: then nothing is touched. */
static void job_begin_processes(struct job *job)
{
    struct process_tree tree;
    process_tree_read(&tree, getpid());
    job->childless = tree.count == 0;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* The logs of a failure are kept for its reader; nobody reads those of an interrupted run. */
static void job_release(struct job *job, bool ok, const struct error *err)
{
    bool keep_logs =
        (!ok && err->code != ERROR_INTERRUPTED) || arguments_flag(job->arguments, "verbose");
    if (job->childless)
        process_kill_tree(getpid());
    progress_clear(&job->progress);
    if (job->standins != NULL)
        standin_set_free(job->standins);
    if (arguments_flag(job->arguments, "verbose") && job->workspace.logs != NULL)
        fprintf(stderr, "tollgate: the gateways' logs are in %s\n", job->workspace.logs);
    workspace_close(&job->workspace, keep_logs);
    session_plan_free(job->session_plan);
    selection_release(&job->selection);
    if (job->corpus != NULL)
        corpus_free(job->corpus);
    if (job->has_base_config)
        config_release(&job->base_config);
    if (job->has_config)
        config_release(&job->config);
    baseline_choice_release(&job->choice);
    run_release(&job->run);
    interrupt_close(&job->interrupt);
    arena_release(&job->arena);
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct job job = {
        .arguments = arguments, .interrupt = {.fd = -1}, .run_lock = PTHREAD_MUTEX_INITIALIZER};
    enum exit_code code = EXIT_PASSED;
    arena_init(&job.arena);
    run_init(&job.run);
    run_init(&job.choice.stored);
    job_begin_processes(&job);
    bool ok = job_run(&job, &code, err);
    job_release(&job, ok, err);
    return ok ? code : exit_code_of(err);
}

const struct command command_bench = {
    .name = "bench",
    .summary = "replay the corpus, measure each endpoint, compare, report",
    .words = "",
    .options = options,
    .examples = examples,
    .details = "Builds the gateway, replays the corpus at it in passes that each measure one\n"
               "thing well, and says for each endpoint: passed, improved, regressed or\n"
               "inconclusive. Where a base is measured beside it and no count changed, there is\n"
               "nothing to explain: lines and sites then run only when --passes names them.\n"
               "Without --base and --baseline it compares with the baseline of the config. A\n"
               "regression may be accepted, in \"accept\" of the base's config or by a trailer\n"
               "of a commit that is measured:\n"
               "  Tollgate-Accept: GET /v3/feed cpu +8% until 2027-01-31 because it ranks",
    .run = run,
};
