/* tollgate compare and tollgate report: verdicts and reports from files alone. */
#include "rig/command.h"

#include "base/file.h"
#include "rig/config.h"
#include "rig/output.h"

#include <string.h>

/* What both commands hold. */
struct viewing {
    struct output output;
    struct config config;
    bool has_config;
    struct gate gate;
    struct run head, base;
};

/* The thresholds of the config that was named, or of the one that lies here; else the defaults. */
static bool viewing_find_gate(struct viewing *viewing, const struct arguments *arguments,
                              struct error *err)
{
    const char *path = arguments_value(arguments, "config");
    gate_init(&viewing->gate);
    if (path == NULL && !file_exists("tollgate.json"))
        return true;
    if (!config_read(&viewing->config, path != NULL ? path : "tollgate.json", err))
        return false;
    viewing->has_config = true;
    viewing->gate = viewing->config.gate;
    return true;
}

static bool viewing_report(struct viewing *viewing, const struct run *base,
                           const struct arguments *arguments, enum exit_code *code,
                           struct error *err)
{
    struct comparison comparison;
    struct compare_options question = {
        .head = &viewing->head, .base = base, .gate = &viewing->gate};
    if (!compare_runs(&comparison, &question, err))
        return false;
    *code = (enum exit_code)comparison_exit_code(&comparison,
                                                 arguments_flag(arguments, "allow-inconclusive"));
    struct report report = {.head = &viewing->head,
                            .base = base,
                            .comparison = &comparison,
                            .gate = &viewing->gate,
                            .exit_code = (int)*code};
    bool ok = output_write(&viewing->output, &report, err);
    comparison_release(&comparison);
    return ok;
}

/* Two files: the first is the base. One: the run's own two sides. */
static bool view(struct viewing *viewing, const struct arguments *arguments, enum exit_code *code,
                 struct error *err)
{
    bool two = arguments->word_count == 2;
    if (!output_parse(&viewing->output, arguments, err) ||
        !viewing_find_gate(viewing, arguments, err) ||
        !run_read(&viewing->head, arguments->words[two ? 1 : 0], err) ||
        (two && !run_read(&viewing->base, arguments->words[0], err)))
        return false;
    return viewing_report(viewing, two ? &viewing->base : NULL, arguments, code, err);
}

static enum exit_code run_view(const struct arguments *arguments, struct error *err)
{
    struct viewing viewing = {0};
    enum exit_code code = EXIT_PASSED;
    run_init(&viewing.head);
    run_init(&viewing.base);
    bool ok = view(&viewing, arguments, &code, err);
    run_release(&viewing.head);
    run_release(&viewing.base);
    if (viewing.has_config)
        config_release(&viewing.config);
    return ok ? code : exit_code_of(err);
}

/* A report only shows: it never fails a build. */
static enum exit_code run_report(const struct arguments *arguments, struct error *err)
{
    run_view(arguments, err);
    return err->code == ERROR_NONE ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"config", 'c', "FILE", "for the gate's thresholds; default: tollgate.json if it is here"},
    OUTPUT_OPTIONS,
    {"allow-inconclusive", 0, NULL, "exit 0 when nothing is worse than inconclusive"},
    {0},
};

static const char *const compare_examples[] = {
    "two stored runs; CPU time of different runs informs and does not gate",
    "tollgate compare base.json head.json",
    "the two sides of one run, under other thresholds",
    "tollgate compare run.json -c strict.json",
    NULL,
};

const struct command command_compare = {
    .name = "compare",
    .summary = "two runs, or the two sides of one, to verdicts",
    .words = "[BASE.json] RUN.json",
    .words_least = 1,
    .words_most = 2,
    .options = options,
    .examples = compare_examples,
    .run = run_view,
};

static const char *const report_examples[] = {
    "what a run of last week said",
    "tollgate report run.json",
    "as JSON, for another program",
    "tollgate report run.json -O json | jq .verdict",
    NULL,
};

const struct command command_report = {
    .name = "report",
    .summary = "a stored run to any report",
    .words = "[BASE.json] RUN.json",
    .words_least = 1,
    .words_most = 2,
    .options = options,
    .examples = report_examples,
    .run = run_report,
};
