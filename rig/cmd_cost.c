/* tollgate cost: what endpoints cost a month, and what a change adds to it. */
#include "rig/command.h"

#include "base/file.h"
#include "base/terminal.h"
#include "reporters/cost_json.h"
#include "reporters/cost_text.h"
#include "rig/insight.h"
#include "rig/plain_output.h"
#include "rig/terms.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_MAX_BYTES = 256 << 20, FILE_COLUMNS = 80 };

/* What the command holds. */
struct costing {
    const struct arguments *arguments;
    struct arena arena;
    struct config config;
    bool has_config;
    struct plain_output output;
    struct run head, base;
    bool two; /* runs */
    struct terms terms;
    struct cost_view view;
    const char *notes[1];
};

static bool parse_view(struct costing *costing, struct error *err)
{
    static const char *const names[] = {"cost", "requests", "ratio"};
    const char *by = arguments_value(costing->arguments, "by");
    struct cost_view *view = &costing->view;
    size_t order = 0;
    while (by != NULL && order < COUNT_OF(names) && strcmp(names[order], by) != 0)
        order++;
    if (order == COUNT_OF(names))
        return error_set(err, ERROR_USAGE, "--by takes cost, requests or ratio, not \"%s\"", by);
    view->order = (enum cost_order)order;
    view->by_owner = arguments_flag(costing->arguments, "owners");
    view->pull_request = arguments_flag(costing->arguments, "pull-request");
    view->all = arguments_flag(costing->arguments, "all");
    if (view->by_owner && view->pull_request)
        return error_set(err, ERROR_USAGE,
                         "--owners and --pull-request are two tables: sums by owner have a column "
                         "for the change");
    return true;
}

static bool read_config(struct costing *costing, struct error *err)
{
    const char *path = arguments_value(costing->arguments, "config");
    if (path == NULL && !file_exists("tollgate.json"))
        return true;
    if (!config_read(&costing->config, path != NULL ? path : "tollgate.json", err))
        return false;
    costing->has_config = true;
    return true;
}

static bool read_runs(struct costing *costing, struct error *err)
{
    const char *const *words = costing->arguments->words;
    costing->two = costing->arguments->word_count == 2;
    return run_read(&costing->head, words[costing->two ? 1 : 0], err) &&
           (!costing->two || run_read(&costing->base, words[0], err));
}

/* As for a report: whoever looks at runs names the config himself. */
static bool find_terms(struct costing *costing, struct error *err)
{
    const struct run_side *base =
        costing->two ? &costing->base.sides[SIDE_HEAD] : &costing->head.sides[SIDE_BASE];
    struct terms_question question = {.head = costing->has_config ? &costing->config : NULL,
                                      .head_commit = costing->head.sides[SIDE_HEAD].commit,
                                      .base_commit = base->commit};
    return terms_find(&costing->terms, &question, &costing->head, &costing->arena, err);
}

static bool write_target(const struct costing *costing, const struct plain_target *target,
                         struct error *err)
{
    struct report_style style = costing->output.style;
    struct buffer out;
    if (target->path != NULL)
        style = (struct report_style){.columns = FILE_COLUMNS, .utf8 = true};
    buffer_init(&out, REPORT_MAX_BYTES);
    bool ok = target->json ? cost_json_append(&out, &costing->view, err)
                           : cost_text_append(&out, &costing->view, &style, err);
    if (ok && target->path != NULL)
        ok = file_write_atomic(target->path, buffer_text(&out), out.length, err);
    else if (ok && fwrite(buffer_text(&out), 1, out.length, stdout) != out.length)
        ok = error_set_errno(err, "cannot write to standard output");
    buffer_release(&out);
    return ok;
}

static bool write_all(struct costing *costing, const struct insight *insight, struct error *err)
{
    struct cost_view *view = &costing->view;
    view->cost = &insight->cost;
    view->owners = insight->has_owners ? &insight->owners : NULL;
    costing->notes[0] = insight->note;
    view->notes = costing->notes;
    view->note_count = insight->note != NULL;
    if (view->pull_request && !insight->cost.has_change)
        return error_set(err, ERROR_USAGE,
                         "--pull-request needs two sides: give BASE.json RUN.json, or a run that "
                         "was made with --base");
    if (view->by_owner && view->owners == NULL)
        return error_set(err, ERROR_USAGE,
                         "--owners: nothing says whose the endpoints are; give \"owners\" in "
                         "tollgate.json, x-owner in the OpenAPI document, or CODEOWNERS");
    for (size_t i = 0; i < costing->output.count; i++)
        if (!write_target(costing, &costing->output.targets[i], err))
            return false;
    return true;
}

static bool weigh(struct costing *costing, struct error *err)
{
    struct comparison comparison;
    struct insight insight;
    const struct run *base = costing->two ? &costing->base : NULL;
    struct compare_options options = {.head = &costing->head,
                                      .base = base,
                                      .gate = &costing->terms.gate,
                                      .waivers = &costing->terms.waivers,
                                      .today = costing->terms.today};
    if (!compare_runs(&comparison, &options, err))
        return false;
    struct insight_question question = {.config = costing->has_config ? &costing->config : NULL,
                                        .head = &costing->head,
                                        .base = base,
                                        .comparison = &comparison,
                                        .gate = &costing->terms.gate};
    bool ok = insight_find(&insight, &question, err);
    if (ok) {
        ok = write_all(costing, &insight, err);
        insight_release(&insight);
    }
    comparison_release(&comparison);
    return ok;
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct costing costing = {.arguments = arguments};
    arena_init(&costing.arena);
    run_init(&costing.head);
    run_init(&costing.base);
    bool ok = parse_view(&costing, err) &&
              plain_output_parse(&costing.output, arguments, "", err) &&
              read_config(&costing, err) && read_runs(&costing, err) && find_terms(&costing, err) &&
              weigh(&costing, err);
    run_release(&costing.head);
    run_release(&costing.base);
    if (costing.has_config)
        config_release(&costing.config);
    arena_release(&costing.arena);
    return ok ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"by", 0, "ORDER",
     "cost (dearest first, the default), requests (most popular first) or ratio "
     "(worst cost for its popularity first)"},
    {"owners", 0, NULL, "sums and averages by owner"},
    {"pull-request", 0, NULL, "what the change adds, of two sides"},
    {"all", 0, NULL, "every endpoint, not only the first ones"},
    {"format", 'O', "FORMAT[:PATH]", "report as terminal or json, to a file when PATH is given"},
    {"color", 0, "WHEN", "auto, always or never"},
    {"config", 'c', "FILE", "for the bill and the owners; default: tollgate.json if it is here"},
    {0},
};

static const char *const examples[] = {
    "the dearest endpoints of a run, and what they cost a month",
    "tollgate cost run.json",
    "which cost more than their traffic explains",
    "tollgate cost run.json --by ratio",
    "what a change adds, from a bench with --base",
    "tollgate cost run.json --pull-request",
    "each team's part of the bill",
    "tollgate cost run.json --owners",
    NULL,
};

const struct command command_cost = {
    .name = "cost",
    .summary = "what endpoints cost a month, and what a change adds",
    .words = "[BASE.json] RUN.json",
    .words_least = 1,
    .words_most = 2,
    .options = options,
    .examples = examples,
    .details =
        "The bill is divided by what requests cost: production's requests times the CPU\n"
        "time of one as measured here. Without a bill there are shares and no money.\n"
        "What is known of production stands in tollgate.json; all of it may be left out:\n"
        "  \"cost\": {\"currency\": \"USD\",\n"
        "    \"bill\": {\"amount\": 3120, \"instance_hours\": 1460},\n"
        "    \"instance\": {\"price_per_hour\": 2.137, \"vcpus\": 4},\n"
        "    \"requests\": \"requests.csv\", \"period\": \"day\"}\n"
        "requests.csv has the columns endpoint, requests and perhaps period; without it\n"
        "the corpus's weights count. In place of an amount, \"focus\": {\"file\": \"bill.csv\",\n"
        "\"where\": {\"ServiceName\": \"Compute\"}} takes a bill in the FOCUS format.\n"
        "\n"
        "An endpoint's owner is who tollgate.json says, the last row that fits:\n"
        "  \"owners\": {\"GET /v3/*\": \"team-read\", \"*search*\": \"team-search\"}\n"
        "else x-owner, x-team or the tag of its operation in the OpenAPI document; else,\n"
        "of a run that knows lines, who has the files that it executes in CODEOWNERS.",
    .run = run,
};
