/* tollgate distill: a small corpus that stands for a large one. */
#include "rig/command.h"

#include "base/file.h"
#include "base/text.h"
#include "rig/config.h"
#include "rig/distill_keep.h"
#include "rig/distill_report.h"
#include "rig/distill_write.h"
#include "rig/output.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORT_MAX_BYTES = 64 << 20, BUDGET_MAX = 100000000 };

/* What the command holds. */
struct distilling {
    const struct arguments *arguments;
    struct config config;
    bool has_config;
    struct endpoint_map no_endpoints;
    const struct endpoint_map *endpoints;
    const char *path; /* of the full corpus */
    struct run run;   /* --run, and the full corpus's of --check */
    bool has_run;
    struct distill_corpus full;
    struct distill_keep keep;
    struct distillation chosen;
    struct distill_account account;
    struct buffer report;
    struct terminal terminal;
};

static bool read_config(struct distilling *self, struct error *err)
{
    const char *path = arguments_value(self->arguments, "config");
    self->endpoints = &self->no_endpoints;
    self->path = self->arguments->word_count > 0 ? self->arguments->words[0] : NULL;
    if (path == NULL && !file_exists("tollgate.json"))
        return self->path != NULL ||
               error_set(err, ERROR_USAGE, "name the corpus to distill, or a config that names it");
    if (!config_read(&self->config, path != NULL ? path : "tollgate.json", err))
        return false;
    self->has_config = true;
    self->endpoints = &self->config.endpoints;
    if (self->path == NULL)
        self->path = self->config.corpus_path;
    return true;
}

static bool read_run(struct distilling *self, const char *path, struct error *err)
{
    if (path == NULL)
        return true;
    self->has_run = run_read(&self->run, path, err);
    return self->has_run;
}

/* A number of exchanges, or a share of them; 0 = not given. */
static bool read_budget(const struct distilling *self, size_t count, size_t *budget,
                        struct error *err)
{
    const char *text = arguments_value(self->arguments, "budget");
    char *end;
    *budget = 0;
    if (text == NULL)
        return true;
    double number = strtod(text, &end);
    bool percent = end != text && strcmp(end, "%") == 0;
    bool whole = end != text && *end == '\0' && number == floor(number);
    if (!(number > 0) || !(percent ? number <= 100 : whole && number <= BUDGET_MAX))
        return error_set(err, ERROR_USAGE,
                         "--budget takes a number of exchanges or a share of them above 0 %%, as "
                         "in 500 or 5%%, not \"%s\"",
                         text);
    *budget = percent ? (size_t)(number / 100 * (double)count + 0.5) : (size_t)number;
    *budget = *budget > 0 ? *budget : 1;
    return true;
}

static bool read_seconds(const struct distilling *self, double *seconds, struct error *err)
{
    const char *text = arguments_value(self->arguments, "seconds");
    char *end;
    *seconds = INFINITY;
    if (text == NULL)
        return true;
    *seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(*seconds > 0) || isinf(*seconds))
        return error_set(err, ERROR_USAGE, "--seconds takes a time above 0, not \"%s\"", text);
    for (size_t i = 0; i < self->full.count; i++)
        if (self->full.items[i].replay_ns > 0)
            return true;
    return error_set(err, ERROR_USAGE,
                     "--seconds needs to know what a request takes, and the corpus has no "
                     "latencies of upstreams: give a run of the live pass with --run");
}

static bool read_options(struct distilling *self, struct distill_options *options,
                         struct error *err)
{
    long seed = 1;
    if (!arguments_int(self->arguments, "seed", 0, INT32_MAX, &seed, err) ||
        !read_budget(self, self->full.count, &options->budget, err) ||
        !read_seconds(self, &options->seconds, err))
        return false;
    if (options->budget == 0 && isinf(options->seconds))
        return error_set(err, ERROR_USAGE,
                         "say how small: --budget 500, --budget 5%% or --seconds 10");
    options->budget = options->budget > 0 ? options->budget : self->full.count;
    options->seed = (uint64_t)seed;
    options->endpoint_count = corpus_endpoint_count(self->full.corpus);
    return true;
}

static void append_path(struct buffer *out, const char *path)
{
    text_append_safe(out, path, strlen(path), false);
}

static const char *where_costs_come_from(const struct distilling *self)
{
    if (!self->chosen.fitted)
        return "costs are guessed from bytes and upstream calls; a run tells more (--run)";
    return self->full.singly > 0 ? "costs are those of the run, exchange by exchange"
                                 : "costs are those of the run, variant by variant";
}

static bool report_distilled(struct distilling *self, const char *output, struct error *err)
{
    struct buffer *out = &self->report;
    struct distill_part small = {self->full.items, self->chosen.choices, self->chosen.count, NULL};
    if (!distill_account_make(&self->account, &self->full, &small, err))
        return false;
    for (size_t e = 0; e < self->account.row_count; e++)
        self->account.rows[e].predicted = self->chosen.endpoints[e].predicted;
    distill_account_sort(&self->account);
    append_path(out, output);
    buffer_append_format(out, ": %zu of %zu exchanges, for a weight of %.6g of %.6g\n",
                         self->chosen.count, self->full.count, self->account.small_weight,
                         self->account.full_weight);
    if (!distill_report_append(out, &self->account, NULL, &self->terminal, err))
        return false;
    distill_report_append_notes(out, &self->account);
    buffer_append_format(out, "%s\n", where_costs_come_from(self));
    distill_keep_append(out, &self->keep, &self->full, &self->chosen);
    return true;
}

/* The full corpus is not to be lost to a small one of its name. */
static bool check_output(const struct distilling *self, const char *output, struct error *err)
{
    struct stat there, corpus;
    if (stat(output, &there) == 0 && stat(self->path, &corpus) == 0 &&
        there.st_dev == corpus.st_dev && there.st_ino == corpus.st_ino)
        return error_set(err, ERROR_USAGE, "%s is the corpus itself; write to another file",
                         output);
    return output_check_path(output, err);
}

static bool make(struct distilling *self, const char *output, struct error *err)
{
    struct distill_options options = {0};
    char remark[128];
    if (!check_output(self, output, err) ||
        !read_run(self, arguments_value(self->arguments, "run"), err) ||
        !distill_corpus_read(&self->full, self->path, self->endpoints,
                             self->has_run ? &self->run : NULL, err) ||
        !read_options(self, &options, err) ||
        !distill_keep_find(&self->keep, &self->full, arguments_value(self->arguments, "keep-lines"),
                           err))
        return false;
    options.needs = self->keep.needs;
    if (!distill(&self->chosen, self->full.items, self->full.count, &options, err))
        return false;
    snprintf(remark, sizeof remark, "distilled to %zu of %zu exchanges, seed %llu",
             self->chosen.count, self->full.count, (unsigned long long)options.seed);
    return distill_write_chosen(&self->full, &self->chosen, remark, output, err) &&
           report_distilled(self, output, err);
}

static bool survey(struct distilling *self, const char *output, struct error *err)
{
    if (!check_output(self, output, err) ||
        !distill_corpus_read(&self->full, self->path, self->endpoints, NULL, err) ||
        !distill_write_survey(&self->full, output, err))
        return false;
    append_path(&self->report, output);
    buffer_append_format(&self->report, ": %zu exchanges, each a variant of its own\n",
                         self->full.count);
    return true;
}

/* By name, since two corpora number their endpoints each for itself. */
static size_t *match_endpoints(const struct distill_corpus *small,
                               const struct distill_corpus *full)
{
    size_t count = corpus_endpoint_count(small->corpus);
    size_t *matched = calloc(count, sizeof *matched);
    for (size_t e = 0; matched != NULL && e < count; e++) {
        const char *name = corpus_endpoint_name(small->corpus, e);
        matched[e] = SIZE_MAX;
        for (size_t f = 0; f < corpus_endpoint_count(full->corpus); f++)
            if (strcmp(corpus_endpoint_name(full->corpus, f), name) == 0)
                matched[e] = f;
    }
    return matched;
}

static bool account_check(struct distilling *self, const char *path, struct error *err)
{
    struct distill_corpus small;
    if (!distill_corpus_read(&self->full, self->path, self->endpoints, NULL, err) ||
        !distill_corpus_read(&small, path, self->endpoints, NULL, err))
        return false;
    size_t *matched = match_endpoints(&small, &self->full);
    struct distill_part part = {small.items, NULL, small.count, matched};
    bool ok = matched != NULL ? distill_account_make(&self->account, &self->full, &part, err)
                              : error_set_memory(err);
    free(matched);
    distill_corpus_release(&small);
    return ok;
}

/* --within as a fraction; INFINITY when it is not given. */
static bool read_within(const struct distilling *self, double *within, struct error *err)
{
    const char *text = arguments_value(self->arguments, "within");
    char *end;
    *within = INFINITY;
    if (text == NULL)
        return true;
    *within = strtod(text, &end) / 100;
    if (end == text || (*end != '\0' && strcmp(end, "%") != 0) || !(*within > 0) || isinf(*within))
        return error_set(err, ERROR_USAGE, "--within takes a share, as in 5%%, not \"%s\"", text);
    return arguments_value(self->arguments, "small-run") != NULL ||
           error_set(err, ERROR_USAGE, "--within needs --full-run and --small-run");
}

static bool judge(const struct distilling *self, const struct distill_runs *runs, double within,
                  struct error *err)
{
    const char *endpoint = NULL;
    double worst = 0;
    enum metric metric = METRIC_COUNT;
    if (!distill_report_worst(&self->account, runs, &worst, &endpoint, &metric))
        return error_set(err, ERROR_INPUT, "the two runs have no endpoint that both measured");
    if (worst <= within)
        return true;
    if (isinf(worst))
        return error_set(err, ERROR_MEASUREMENT, "%s: the small corpus's run does not tell its %s",
                         endpoint, metric_info(metric)->title);
    return error_set(err, ERROR_MEASUREMENT,
                     "%s: its %s is told %.1f %% wrong, which is more than %g %%; give more "
                     "exchanges or another --seed",
                     endpoint, metric_info(metric)->title, worst * 100, within * 100);
}

static bool check(struct distilling *self, const char *path, struct error *err)
{
    const char *full = arguments_value(self->arguments, "full-run");
    const char *small = arguments_value(self->arguments, "small-run");
    struct run small_run;
    double within;
    if ((full == NULL) != (small == NULL))
        return error_set(err, ERROR_USAGE, "--full-run and --small-run go together");
    if (!read_within(self, &within, err) || !account_check(self, path, err))
        return false;
    distill_account_sort(&self->account);
    append_path(&self->report, path);
    buffer_append_format(&self->report, ": %zu exchanges for %zu, a weight of %.6g for %.6g\n",
                         self->account.small_count, self->account.full_count,
                         self->account.small_weight, self->account.full_weight);
    if (full == NULL)
        return distill_report_append(&self->report, &self->account, NULL, &self->terminal, err);
    if (!read_run(self, full, err) || !run_read(&small_run, small, err))
        return false;
    struct distill_runs runs = {&self->run, &small_run};
    bool ok = distill_report_append(&self->report, &self->account, &runs, &self->terminal, err) &&
              judge(self, &runs, within, err);
    run_release(&small_run);
    distill_report_append_notes(&self->report, &self->account);
    return ok;
}

static bool act(struct distilling *self, struct error *err)
{
    const char *output = arguments_value(self->arguments, "output");
    const char *checked = arguments_value(self->arguments, "check");
    const char *surveyed = arguments_value(self->arguments, "survey");
    if ((output != NULL) + (checked != NULL) + (surveyed != NULL) != 1)
        return error_set(err, ERROR_USAGE,
                         "say what to do: -o FILE writes a small corpus, --check FILE looks at "
                         "one, --survey FILE writes one for a run to be taken of");
    if (!read_config(self, err))
        return false;
    if (output != NULL)
        return make(self, output, err);
    return checked != NULL ? check(self, checked, err) : survey(self, surveyed, err);
}

/* A corpus that goes to a pipe may go to where the report goes. */
static FILE *choose_stream(const struct arguments *arguments)
{
    const char *output = arguments_value(arguments, "output");
    struct stat info;
    bool special = output != NULL && stat(output, &info) == 0 && !S_ISREG(info.st_mode);
    return special ? stderr : stdout;
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct distilling self = {.arguments = arguments};
    FILE *stream = choose_stream(arguments);
    buffer_init(&self.report, REPORT_MAX_BYTES);
    terminal_probe(&self.terminal, fileno(stream), COLOR_NEVER);
    bool ok = act(&self, err);
    /* What was found is shown although it is not good enough. */
    if (ok || err->code == ERROR_MEASUREMENT) {
        if (!buffer_check(&self.report, err))
            ok = false;
        else if (fputs(buffer_text(&self.report), stream) < 0)
            ok = error_set_errno(err, "cannot write the report");
    }
    buffer_release(&self.report);
    distill_account_release(&self.account);
    distillation_release(&self.chosen);
    distill_keep_release(&self.keep);
    distill_corpus_release(&self.full);
    if (self.has_run)
        run_release(&self.run);
    if (self.has_config)
        config_release(&self.config);
    return ok ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"output", 'o', "FILE", "the small corpus to write; it is there whole or not at all"},
    {"budget", 'n', "N", "exchanges that it has at most, or a share of them: 500, 5%"},
    {"seconds", 0, "S", "time that replaying it once may take, one request after another"},
    {"seed", 0, "N", "of the choice between exchanges that are as good; default: 1"},
    {"run", 0, "RUN", "what requests cost, from a run of the full corpus"},
    {"keep-lines", 0, "RUN", "keep what reaches lines that nothing else reaches"},
    {"survey", 0, "FILE", "write the full corpus so that a run tells each exchange's cost"},
    {"check", 0, "FILE", "hold this small corpus against the full one"},
    {"full-run", 0, "RUN", "check: a run of the full corpus"},
    {"small-run", 0, "RUN", "check: a run of the small one"},
    {"within", 0, "SHARE", "check: fail when CPU or instructions are told worse than this"},
    {"config", 'c', "FILE", "names the corpus and the templates; default: tollgate.json"},
    {0},
};

static const char *const examples[] = {
    "one exchange in twenty",
    "tollgate distill big.jsonl -o small.jsonl --budget 5%",
    "by what each exchange costs: measure all of them once",
    "tollgate distill big.jsonl --survey survey.jsonl",
    "... and, after a bench of that, choose by it",
    "tollgate distill big.jsonl -o small.jsonl -n 500 --run survey-run.json",
    "what the small one says against the full one",
    "tollgate distill --check small.jsonl --full-run a.json --small-run b.json",
    NULL,
};

const struct command command_distill = {
    .name = "distill",
    .summary = "make a small corpus that stands for a large one",
    .words = "[CORPUS]",
    .words_least = 0,
    .words_most = 1,
    .options = options,
    .examples = examples,
    .details = "Every endpoint keeps one exchange at least, the heaviest ones where there is\n"
               "not room for all. Then those get more whose cost is told worst, and what is\n"
               "left goes by traffic. Weights add up to those of the full corpus, by endpoint,\n"
               "and by variant where each has exchanges of its own. Lines stay as they were,\n"
               "in their order, but for the weight. An exchange is chosen without those before\n"
               "it on its connection.\n"
               "\n"
               "What an exchange costs is guessed from its bytes and upstream calls, or taken\n"
               "from --run: by variant, or, of a run of what --survey wrote, one by one. For\n"
               "--seconds a request takes what the run's live pass measured for its endpoint\n"
               "(the median), else what its recorded upstream calls took together.\n"
               "\n"
               "For --check and --survey, a run measures all of the full corpus where the\n"
               "\"exchanges\" of its passes, in the config, are no fewer than the largest\n"
               "endpoint has.",
    .run = run,
};
