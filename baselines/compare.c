#include "baselines/compare.h"

#include "baselines/compare_private.h"
#include "baselines/statistics.h"

#include <math.h>
#include <string.h>

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASSED:
        return "passed";
    case VERDICT_IMPROVED:
        return "improved";
    case VERDICT_INCONCLUSIVE:
        return "inconclusive";
    case VERDICT_REGRESSED:
        return "regressed";
    case VERDICT_NONE:
        break;
    }
    return "";
}

/* The verdicts are ordered so that the larger one speaks for both. */
static enum verdict worse_of(enum verdict a, enum verdict b)
{
    return a > b ? a : b;
}

struct samples compare_side(const struct compare_context *context, const struct compare_row *row,
                            enum metric metric, enum side side)
{
    const struct endpoint_result *from = side == SIDE_HEAD ? row->head : row->base;
    if (from == NULL || !(side == SIDE_HEAD || context->out->has_base))
        return (struct samples){0};
    if (side == SIDE_BASE && context->stored)
        return from->figures[metric].side[SIDE_HEAD];
    return from->figures[metric].side[side];
}

struct samples compare_sorted(struct compare_context *context, struct samples samples)
{
    struct samples sorted = {0};
    if (samples.count == 0)
        return sorted;
    sorted.values = arena_alloc_array(&context->out->arena, samples.count, sizeof(double));
    if (sorted.values == NULL) {
        context->failed = true;
        return sorted;
    }
    for (size_t i = 0; i < samples.count; i++)
        if (isfinite(samples.values[i]))
            sorted.values[sorted.count++] = samples.values[i];
    statistics_sort_values(sorted.values, sorted.count);
    return sorted;
}

/* Exact: the lowest, since only more can be in the way. Else the median. */
static double find_figure(struct compare_context *context, const struct compare_row *row,
                          enum metric metric, enum side side)
{
    struct samples sorted = compare_sorted(context, compare_side(context, row, metric, side));
    if (sorted.count == 0)
        return NAN;
    if (metric_info(metric)->kind == METRIC_EXACT)
        return sorted.values[0];
    return statistics_find_median(sorted.values, sorted.count);
}

/* Why one side has no figure. */
static const char *explain_missing(struct compare_context *context, const struct run *run,
                                   const struct endpoint_result *endpoint, enum metric metric,
                                   const char *side)
{
    const struct pass_result *pass = run_pass(run, metric_info(metric)->pass);
    const char *why = endpoint == NULL ? NULL : endpoint->figures[metric].missing;
    if (why == NULL && pass != NULL && pass->status != PASS_RAN)
        why = pass->reason;
    if (why == NULL && pass == NULL)
        return compare_say(context, "not measured%s: the %s pass did not run", side,
                           metric_info(metric)->pass);
    return compare_say(context, "not measured%s%s%s", side, why == NULL ? "" : ": ",
                       why == NULL ? "" : why);
}

static const char *explain_refusal(struct compare_context *context, const struct compare_row *row,
                                   enum metric metric)
{
    const struct compare_options *options = context->options;
    const struct metric_verdict *figures = &row->out->metrics[metric];
    const struct run *base = context->stored ? options->base : options->head;
    if (row->out->invalid != NULL)
        return compare_say(context, "not judged: %s", row->out->invalid);
    if (row->out->presence == ENDPOINT_REMOVED)
        return "removed: only the base has this endpoint";
    if (isnan(figures->head) && (isnan(figures->base) || !context->out->has_base))
        return explain_missing(context, options->head, row->head, metric, "");
    if (!context->out->has_base)
        return "no base to compare with";
    if (row->out->presence == ENDPOINT_NEW)
        return "new: only the head has this endpoint";
    if (context->stored && row->base->invalid != NULL)
        return compare_say(context, "not judged: the base was invalid: %s", row->base->invalid);
    if (isnan(figures->head))
        return explain_missing(context, options->head, row->head, metric, " on the head side");
    if (isnan(figures->base))
        return explain_missing(context, base, row->base, metric, " on the base side");
    return context->incomparable;
}

/* What the time budget left unmeasured was to be gated: nobody may take that for a pass. */
static bool is_cut_short(const struct compare_context *context, const struct compare_row *row,
                         enum metric metric)
{
    const struct metric_info *info = metric_info(metric);
    const struct pass_result *pass = run_pass(context->options->head, info->pass);
    return context->out->has_base && row->out->presence == ENDPOINT_BOTH &&
           row->out->invalid == NULL && info->kind != METRIC_INFORMATIONAL && pass != NULL &&
           pass->status == PASS_CUT;
}

bool compare_refuse(struct compare_context *context, const struct compare_row *row,
                    enum metric metric)
{
    const char *reason = explain_refusal(context, row, metric);
    if (reason == NULL)
        return false;
    row->out->metrics[metric].verdict =
        is_cut_short(context, row, metric) ? VERDICT_INCONCLUSIVE : VERDICT_NONE;
    row->out->metrics[metric].reason = reason;
    return true;
}

static void compare_informational(struct compare_context *context, const struct compare_row *row,
                                  enum metric metric)
{
    struct metric_verdict *out = &row->out->metrics[metric];
    if (compare_refuse(context, row, metric))
        return;
    if (out->base > 0)
        out->change = out->head / out->base - 1;
    out->reason = "shown, not gated";
}

/* A value above the budget fails whatever the base is. A figure that is not to be trusted, for a
 * wrong answer or a noisy host, fails nothing. */
static void check_budget(struct compare_context *context, const struct compare_row *row,
                         enum metric metric)
{
    struct metric_verdict *out = &row->out->metrics[metric];
    const struct metric_info *info = metric_info(metric);
    double max = gate_limits(context->options->gate, row->out->name, metric).max;
    bool noisy = info->kind == METRIC_PAIRED && context->out->cpu_note != NULL &&
                 context->options->cpu_not_gated == NULL && !context->stored;
    if (isnan(max) || row->out->invalid != NULL || row->head == NULL || noisy)
        return;
    struct compare_words budget = compare_value(max, info->unit);
    if (isnan(out->head)) {
        out->reason =
            compare_say(context, "%s; its budget of %s was not checked", out->reason, budget.text);
    } else if (out->head > max) {
        out->reason =
            compare_say(context, "%s a request, over the budget of %s; %s",
                        compare_value(out->head, info->unit).text, budget.text, out->reason);
        out->verdict = VERDICT_REGRESSED;
        out->over_budget = true;
    }
}

static void start_row(struct compare_context *context, const struct compare_row *row)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        struct metric_verdict *out = &row->out->metrics[i];
        *out = (struct metric_verdict){
            .change = NAN, .low = NAN, .high = NAN, .verdict = VERDICT_NONE, .reason = ""};
        out->head = find_figure(context, row, (enum metric)i, SIDE_HEAD);
        out->base = find_figure(context, row, (enum metric)i, SIDE_BASE);
    }
}

static bool has_figures(const struct compare_context *context, const struct compare_row *row,
                        enum side side)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (compare_side(context, row, (enum metric)i, side).count > 0)
            return true;
    return false;
}

/* Beside each other both sides have every endpoint; which one answered at all tells. */
static enum endpoint_presence find_presence(const struct compare_context *context,
                                            const struct compare_row *row)
{
    if (row->head == NULL)
        return ENDPOINT_REMOVED;
    if (!context->out->has_base)
        return ENDPOINT_BOTH;
    if (row->base == NULL)
        return ENDPOINT_NEW;
    if (context->stored || row->head->invalid != NULL)
        return ENDPOINT_BOTH;
    bool head = has_figures(context, row, SIDE_HEAD);
    bool base = has_figures(context, row, SIDE_BASE);
    return head == base ? ENDPOINT_BOTH : head ? ENDPOINT_NEW : ENDPOINT_REMOVED;
}

static void add_row(struct compare_context *context, const struct endpoint_result *head,
                    const struct endpoint_result *base)
{
    const struct endpoint_result *shown = head != NULL ? head : base;
    struct compare_row *row = &context->rows[context->row_count];
    *row = (struct compare_row){head, base, &context->out->endpoints[context->row_count]};
    context->row_count++;
    row->out->name = arena_copy_string(&context->out->arena, shown->name);
    if (row->out->name == NULL) {
        context->failed = true;
        row->out->name = "";
    }
    row->out->requests = shown->requests;
    row->out->weight = shown->weight;
    row->out->presence = find_presence(context, row);
    if (head != NULL && head->invalid != NULL)
        row->out->invalid = compare_say(context, "%s", head->invalid);
    start_row(context, row);
}

/* The head's endpoints in their order, then those that only the stored base has. */
static bool make_rows(struct compare_context *context, struct error *err)
{
    const struct run *head = context->options->head;
    const struct run *base = context->options->base;
    size_t most = head->endpoint_count + (base == NULL ? 0 : base->endpoint_count);
    struct arena *arena = &context->out->arena;
    context->rows = arena_alloc_array(arena, most, sizeof *context->rows);
    context->out->endpoints = arena_alloc_array(arena, most, sizeof *context->out->endpoints);
    if (context->rows == NULL || context->out->endpoints == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < head->endpoint_count; i++)
        add_row(context, &head->endpoints[i],
                base == NULL ? &head->endpoints[i] : run_endpoint(base, head->endpoints[i].name));
    for (size_t i = 0; base != NULL && i < base->endpoint_count; i++)
        if (run_endpoint(head, base->endpoints[i].name) == NULL)
            add_row(context, NULL, &base->endpoints[i]);
    context->out->endpoint_count = context->row_count;
    return !context->failed || error_set_memory(err);
}

static bool differs(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

/* What makes a stored run's figures no measure for ours. */
static const char *find_incomparable(struct compare_context *context)
{
    char why[256];
    const struct run *head = context->options->head;
    const struct run *base = context->options->base;
    if (base == NULL)
        return NULL;
    if (differs(head->corpus_hash, base->corpus_hash))
        return "not compared: the corpus changed since the base was measured";
    if (differs(head->config_hash, base->config_hash))
        return "not compared: the workload's configuration changed since the base was measured";
    if (fingerprint_difference(&head->fingerprint, &base->fingerprint, why) != NULL)
        return compare_say(context, "not compared: the base was measured elsewhere: %s", why);
    return NULL;
}

static bool judge_metrics(struct compare_context *context, struct error *err)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = (enum metric)i;
        enum metric_kind kind = metric_info(metric)->kind;
        if (kind == METRIC_PAIRED && context->row_count > 0 &&
            !compare_paired(context, metric, err))
            return false;
        for (size_t row = 0; row < context->row_count; row++) {
            if (kind == METRIC_EXACT && !compare_refuse(context, &context->rows[row], metric))
                compare_exact(context, &context->rows[row], metric);
            if (kind == METRIC_INFORMATIONAL)
                compare_informational(context, &context->rows[row], metric);
            check_budget(context, &context->rows[row], metric);
        }
    }
    return !context->failed || error_set_memory(err);
}

/* The worst of its parts; what was answered wrongly is no pass, whatever was measured. */
static void conclude(struct comparison *out)
{
    for (size_t i = 0; i < out->endpoint_count; i++) {
        struct endpoint_verdict *endpoint = &out->endpoints[i];
        for (unsigned metric = 0; metric < METRIC_COUNT; metric++)
            endpoint->verdict = worse_of(endpoint->verdict, endpoint->metrics[metric].verdict);
        if (endpoint->invalid != NULL) {
            endpoint->verdict = VERDICT_INCONCLUSIVE;
            out->invalid = true;
        }
        out->verdict = worse_of(out->verdict, endpoint->verdict);
    }
}

bool compare_runs(struct comparison *comparison, const struct compare_options *options,
                  struct error *err)
{
    *comparison = (struct comparison){.smallest_cpu_change = NAN};
    arena_init(&comparison->arena);
    struct compare_context context = {
        .options = options,
        .out = comparison,
        .stored = options->base != NULL,
    };
    comparison->has_base = context.stored || options->head->sides[SIDE_BASE].present;
    context.incomparable = find_incomparable(&context);
    if (!make_rows(&context, err) || !judge_metrics(&context, err))
        goto fail;
    compare_accept(&context);
    if (context.failed) {
        error_set_memory(err);
        goto fail;
    }
    conclude(comparison);
    return true;
fail:
    comparison_release(comparison);
    return false;
}

void comparison_release(struct comparison *comparison)
{
    arena_release(&comparison->arena);
    *comparison = (struct comparison){.smallest_cpu_change = NAN};
}

int comparison_exit_code(const struct comparison *comparison, bool allow_inconclusive)
{
    if (comparison->invalid)
        return 3;
    if (comparison->verdict == VERDICT_REGRESSED)
        return 1;
    if (comparison->verdict == VERDICT_INCONCLUSIVE)
        return allow_inconclusive ? 0 : 3;
    return 0;
}
