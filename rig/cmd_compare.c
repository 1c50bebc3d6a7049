/* tollgate compare and tollgate report: verdicts and reports from files alone. */
#include "rig/command.h"

#include "base/file.h"
#include "base/text.h"
#include "reporters/explain.h"
#include "rig/config.h"
#include "rig/insight.h"
#include "rig/output.h"
#include "rig/run_texts.h"
#include "rig/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPLANATION_MAX_BYTES = 16 << 20 };

/* What both commands hold. */
struct viewing {
    struct output output;
    struct config config;
    bool has_config;
    struct terms terms;
    struct arena arena;
    struct run head, base;
    const char *explained; /* --explain; NULL = the reports */
    const char *endpoint;  /* --endpoint of a report: what the exports hold; NULL = all */
};

/* The thresholds of the config that was named, or of the one that lies here; else the defaults. */
static bool viewing_read_config(struct viewing *viewing, const struct arguments *arguments,
                                struct error *err)
{
    const char *path = arguments_value(arguments, "config");
    if (path == NULL && !file_exists("tollgate.json"))
        return true;
    if (!config_read(&viewing->config, path != NULL ? path : "tollgate.json", err))
        return false;
    viewing->has_config = true;
    return true;
}

/* Whoever views a run names the config himself, so it is that one's gate and not the base's. */
static bool viewing_find_terms(struct viewing *viewing, bool two, struct error *err)
{
    const struct run_side *base =
        two ? &viewing->base.sides[SIDE_HEAD] : &viewing->head.sides[SIDE_BASE];
    struct terms_question question = {.head = viewing->has_config ? &viewing->config : NULL,
                                      .head_commit = viewing->head.sides[SIDE_HEAD].commit,
                                      .base_commit = base->commit};
    return terms_find(&viewing->terms, &question, &viewing->head, &viewing->arena, err);
}

static bool fail_unknown_endpoint(const struct comparison *comparison, const char *name,
                                  struct error *err)
{
    const char **names = calloc(comparison->endpoint_count + 1, sizeof *names);
    if (names == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        names[i] = comparison->endpoints[i].name;
    const char *nearest = text_nearest(name, names);
    error_set(err, ERROR_USAGE, "--explain: this run has no endpoint \"%s\"%s%s%s", name,
              nearest != NULL ? "; did you mean \"" : "; a report lists them",
              nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    free(names);
    return false;
}

static bool viewing_explain(const struct viewing *viewing, const struct report *report,
                            struct error *err)
{
    struct buffer text;
    const struct endpoint_verdict *endpoint = explain_find(report->comparison, viewing->explained);
    if (endpoint == NULL)
        return fail_unknown_endpoint(report->comparison, viewing->explained, err);
    buffer_init(&text, EXPLANATION_MAX_BYTES);
    bool ok = explain_append(&text, report, &viewing->output.style, endpoint, err);
    if (ok && fwrite(buffer_text(&text), 1, text.length, stdout) != text.length)
        ok = error_set_errno(err, "cannot write to standard output");
    buffer_release(&text);
    return ok;
}

static bool viewing_report(struct viewing *viewing, const struct run *base,
                           const struct arguments *arguments, enum exit_code *code,
                           struct error *err)
{
    struct comparison comparison;
    struct compare_options question = {.head = &viewing->head,
                                       .base = base,
                                       .gate = &viewing->terms.gate,
                                       .waivers = &viewing->terms.waivers,
                                       .today = viewing->terms.today};
    if (!compare_runs(&comparison, &question, err))
        return false;
    *code = (enum exit_code)comparison_exit_code(&comparison,
                                                 arguments_flag(arguments, "allow-inconclusive"));
    struct report report = {.head = &viewing->head,
                            .base = base,
                            .comparison = &comparison,
                            .gate = &viewing->terms.gate,
                            .exit_code = (int)*code,
                            .choice = viewing->output.choice};
    report.choice.endpoint = viewing->endpoint;
    struct insight insight;
    struct insight_question insight_question = {
        .config = viewing->has_config ? &viewing->config : NULL,
        .head = &viewing->head,
        .base = base,
        .comparison = &comparison,
        .gate = &viewing->terms.gate,
        .wants_history = output_has_history(&viewing->output)};
    insight_attach(&insight, &insight_question, &viewing->head, &report);
    struct run_texts texts;
    run_texts_init(&texts, &viewing->head, viewing->has_config ? viewing->config.folder : ".");
    report.texts = &texts.texts;
    bool ok = viewing->explained != NULL ? viewing_explain(viewing, &report, err)
                                         : output_write(&viewing->output, &report, err);
    run_texts_release(&texts);
    insight_release(&insight);
    comparison_release(&comparison);
    return ok;
}

/* Two files: the first is the base. One: the run's own two sides. */
static bool view(struct viewing *viewing, const struct arguments *arguments, enum exit_code *code,
                 struct error *err)
{
    bool two = arguments->word_count == 2;
    if (!output_parse(&viewing->output, arguments, err) ||
        !viewing_read_config(viewing, arguments, err) ||
        !run_read(&viewing->head, arguments->words[two ? 1 : 0], err) ||
        (two && !run_read(&viewing->base, arguments->words[0], err)) ||
        !viewing_find_terms(viewing, two, err))
        return false;
    return viewing_report(viewing, two ? &viewing->base : NULL, arguments, code, err);
}

static enum exit_code run_view(struct viewing viewing, const struct arguments *arguments,
                               struct error *err)
{
    enum exit_code code = EXIT_PASSED;
    arena_init(&viewing.arena);
    run_init(&viewing.head);
    run_init(&viewing.base);
    bool ok = view(&viewing, arguments, &code, err);
    run_release(&viewing.head);
    run_release(&viewing.base);
    if (viewing.has_config)
        config_release(&viewing.config);
    arena_release(&viewing.arena);
    return ok ? code : exit_code_of(err);
}

static enum exit_code run_compare(const struct arguments *arguments, struct error *err)
{
    struct viewing viewing = {.explained = arguments_value(arguments, "explain")};
    return run_view(viewing, arguments, err);
}

/* A report only shows: it never fails a build. */
static enum exit_code run_report(const struct arguments *arguments, struct error *err)
{
    struct viewing viewing = {.endpoint = arguments_value(arguments, "endpoint")};
    run_view(viewing, arguments, err);
    return err->code == ERROR_NONE ? EXIT_PASSED : exit_code_of(err);
}

#define VIEW_OPTIONS                                                                               \
    {"config", 'c', "FILE", "for the gate; default: tollgate.json if it is here"}, OUTPUT_OPTIONS, \
    {                                                                                              \
        "allow-inconclusive", 0, NULL, "exit 0 when nothing is worse than inconclusive"            \
    }

static const struct option_row compare_options[] = {
    {"explain", 0, "ENDPOINT", "the reasons for one endpoint's verdicts, in full"},
    VIEW_OPTIONS,
    {0},
};

static const struct option_row report_options[] = {
    {"endpoint", 'e', "GLOB", "only these endpoints in flame and the exports"},
    VIEW_OPTIONS,
    {0},
};

static const char *const compare_examples[] = {
    "two stored runs; CPU time of different runs informs and does not gate",
    "tollgate compare base.json head.json",
    "the two sides of one run, under other thresholds",
    "tollgate compare run.json -c strict.json",
    "why an endpoint got its verdict: figures, test, replicates",
    "tollgate compare run.json --explain 'GET /v3/feed'",
    NULL,
};

const struct command command_compare = {
    .name = "compare",
    .summary = "two runs, or the two sides of one, to verdicts",
    .words = "[BASE.json] RUN.json",
    .words_least = 1,
    .words_most = 2,
    .options = compare_options,
    .examples = compare_examples,
    .run = run_compare,
};

static const char *const report_examples[] = {
    "what a run of last week said",
    "tollgate report run.json",
    "as JSON, for another program",
    "tollgate report run.json -O json | jq .verdict",
    "the comment on a pull request, of a run that another job made",
    "tollgate report run.json -O markdown:comment.md",
    "annotations, summary and outputs of a step of GitHub Actions",
    "tollgate report run.json -O github",
    "where the allocations of some endpoints come from, as a page",
    "tollgate report run.json -O flame:a.html --profile alloc -e 'GET /v3/*'",
    "which lines the corpus reached, for genhtml",
    "tollgate report run.json -O lcov:run.info",
    NULL,
};

const struct command command_report = {
    .name = "report",
    .summary = "a stored run to any report",
    .words = "[BASE.json] RUN.json",
    .words_least = 1,
    .words_most = 2,
    .options = report_options,
    .examples = report_examples,
    .run = run_report,
};
