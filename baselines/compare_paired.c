/* A noisy metric measured on both sides in one run: all endpoints are decided together, and what
 * the base against itself shows tells whether the host can be trusted. */
#include "baselines/compare_private.h"

#include "baselines/decide.h"
#include "baselines/power.h"
#include "baselines/signedrank.h"
#include "baselines/statistics.h"

#include <math.h>
#include <string.h>

/* A median endpoint that scatters more than this against itself: no verdict is worth having. */
#define SPREAD_LIMIT 0.03

/* Everything in the comparison's arena; one entry a row. */
struct panel {
    enum metric metric;
    struct sequential_plan plan;
    struct cpu_evidence *evidence;
    struct cpu_decision *decisions;
};

/* The finite ones in the order measured. */
static struct samples keep_finite(struct compare_context *context, struct samples samples)
{
    struct samples kept = {0};
    if (samples.count == 0)
        return kept;
    kept.values = arena_alloc_array(&context->out->arena, samples.count, sizeof *kept.values);
    if (kept.values == NULL) {
        context->failed = true;
        return kept;
    }
    for (size_t i = 0; i < samples.count; i++)
        if (isfinite(samples.values[i]))
            kept.values[kept.count++] = samples.values[i];
    return kept;
}

/* Rows that are not to be judged have no replicates and yet count in the family: its size is what
 * was planned, not what came of it. */
static void fill_evidence(struct compare_context *context, struct panel *panel, bool aa)
{
    for (size_t i = 0; i < context->row_count; i++) {
        const struct compare_row *row = &context->rows[i];
        struct cpu_evidence *evidence = &panel->evidence[i];
        *evidence = (struct cpu_evidence){
            .base_ns = row->out->metrics[panel->metric].base,
            .limits = gate_limits(context->options->gate, row->out->name, panel->metric),
        };
        if (row->head == NULL || row->out->invalid != NULL || row->out->presence != ENDPOINT_BOTH)
            continue;
        const struct figure *figure = &row->head->figures[panel->metric];
        struct samples kept = keep_finite(context, aa ? figure->aa_log_ratio : figure->log_ratio);
        evidence->log_ratio = kept.values;
        evidence->count = kept.count;
    }
}

/* The looks that were planned, or one at the end. */
static bool make_plan(struct compare_context *context, struct panel *panel, struct error *err)
{
    const struct run *run = context->options->head;
    size_t most = 1;
    for (size_t i = 0; i < context->row_count; i++)
        if (panel->evidence[i].count > most)
            most = panel->evidence[i].count;
    if (most > SIGNEDRANK_COUNT_MAX)
        most = SIGNEDRANK_COUNT_MAX;
    if (run->cpu_look_count > 0)
        return decide_plan(&panel->plan, context->options->gate, context->row_count, run->cpu_looks,
                           run->cpu_look_count, err);
    return decide_plan(&panel->plan, context->options->gate, context->row_count, &most, 1, err);
}

static bool decide_panel(struct compare_context *context, struct panel *panel, bool aa,
                         struct error *err)
{
    fill_evidence(context, panel, aa);
    return make_plan(context, panel, err) &&
           decide_all_looks(panel->evidence, &panel->plan, panel->decisions, err);
}

/* The base against itself, by the same code. Nothing is said when there was no such lane. */
static bool check_host(struct compare_context *context, struct panel *panel, struct error *err)
{
    double spread;
    if (!decide_panel(context, panel, true, err) ||
        !decide_find_spread(panel->evidence, context->row_count, &spread, err))
        return false;
    for (size_t i = 0; i < context->row_count; i++) {
        const struct cpu_decision *decision = &panel->decisions[i];
        if (decision->verdict != VERDICT_REGRESSED && decision->verdict != VERDICT_IMPROVED)
            continue;
        context->out->cpu_note =
            compare_say(context, "host too noisy: the base against itself shows %s for %s",
                        compare_interval(decision->change, decision->low, decision->high).text,
                        context->rows[i].out->name);
        return true;
    }
    if (spread > SPREAD_LIMIT)
        context->out->cpu_note = compare_say(
            context,
            "host too noisy: the base against itself scatters by %s a replicate (limit %s)",
            compare_limit(spread).text, compare_limit(SPREAD_LIMIT).text);
    return true;
}

/* "the 2 % margin", or where it comes from when the floor is the stricter one. */
static struct compare_words describe_margin(const struct cpu_evidence *evidence,
                                            const struct cpu_decision *decision)
{
    struct compare_words words;
    struct compare_words margin = compare_limit(decision->margin);
    if (decision->margin > evidence->limits.relative && evidence->limits.absolute > 0)
        snprintf(words.text, sizeof words.text, "the margin of %.16s (%.40s)", margin.text,
                 compare_value(evidence->limits.absolute, UNIT_NS).text);
    else
        snprintf(words.text, sizeof words.text, "the %.16s margin", margin.text);
    return words;
}

static struct compare_words describe_missing(const struct panel *panel, size_t row)
{
    struct compare_words words;
    const struct cpu_decision *decision = &panel->decisions[row];
    /* A look too early to reject anything was given no alpha at all. */
    double alpha = panel->plan.alpha[panel->plan.look_count - 1];
    if (!(alpha > 0))
        alpha = panel->plan.family_alpha;
    size_t fewest = sequential_find_fewest(panel->plan.endpoints, alpha);
    if (decision->count < fewest) {
        snprintf(words.text, sizeof words.text, "%zu replicate%s, at least %zu are needed",
                 decision->count, decision->count == 1 ? "" : "s", fewest);
        return words;
    }
    size_t missing = decide_find_missing(&panel->evidence[row], &panel->plan, decision);
    if (missing == POWER_NEVER)
        snprintf(words.text, sizeof words.text, "no practical number of replicates settles it");
    else if (missing == 0)
        snprintf(words.text, sizeof words.text,
                 "a run of that size settles it more often than not");
    else
        snprintf(words.text, sizeof words.text, "about %zu more replicate%s would settle it",
                 missing, missing == 1 ? "" : "s");
    return words;
}

static const char *explain_decision(struct compare_context *context, const struct panel *panel,
                                    size_t row)
{
    const struct cpu_decision *decision = &panel->decisions[row];
    struct compare_words change = compare_interval(decision->change, decision->low, decision->high);
    struct compare_words margin = describe_margin(&panel->evidence[row], decision);
    const char *plural = panel->plan.endpoints == 1 ? "" : "s";
    switch (decision->verdict) {
    case VERDICT_REGRESSED:
        return compare_say(context, "%s, above %s; p = %.2g over %zu endpoint%s", change.text,
                           margin.text, decision->p, panel->plan.endpoints, plural);
    case VERDICT_IMPROVED:
        return compare_say(context, "%s, better by more than %s; p = %.2g over %zu endpoint%s",
                           change.text, margin.text, decision->p, panel->plan.endpoints, plural);
    case VERDICT_PASSED:
        if (decision->high < 0)
            return compare_say(context, "%s, cheaper, if not surely by more than %s", change.text,
                               margin.text);
        return compare_say(context, "%s, within %s", change.text, margin.text);
    case VERDICT_INCONCLUSIVE:
    case VERDICT_NONE:
        break;
    }
    return compare_say(context, "%s, cannot be told from %s: %s", change.text, margin.text,
                       context->rows[row].out->metrics[panel->metric].evidence.settles);
}

static struct metric_evidence show_evidence(const struct panel *panel, size_t row)
{
    const struct cpu_decision *decision = &panel->decisions[row];
    return (struct metric_evidence){
        .replicates = decision->count,
        .looks = decision->state.looks_taken,
        .looks_planned = panel->plan.look_count,
        .margin = decision->margin,
        .p = decision->p,
        .endpoints = panel->plan.endpoints,
    };
}

static void fill_verdict(struct compare_context *context, const struct panel *panel, size_t row)
{
    const struct cpu_decision *decision = &panel->decisions[row];
    struct metric_verdict *out = &context->rows[row].out->metrics[panel->metric];
    if (decision->verdict == VERDICT_NONE) {
        compare_unpaired(context, &context->rows[row], panel->metric);
        return;
    }
    out->change = decision->change;
    out->low = decision->low;
    out->high = decision->high;
    out->evidence = show_evidence(panel, row);
    if (context->out->cpu_note != NULL) {
        out->verdict = VERDICT_NONE;
        out->reason = context->out->cpu_note;
        return;
    }
    out->verdict = decision->verdict;
    if (decision->verdict == VERDICT_INCONCLUSIVE)
        out->evidence.settles = compare_say(context, "%s", describe_missing(panel, row).text);
    out->reason = explain_decision(context, panel, row);
}

static bool judge_rows(struct compare_context *context, struct panel *panel, struct error *err)
{
    if (!decide_panel(context, panel, false, err) ||
        !decide_find_smallest(panel->evidence, &panel->plan, &context->out->smallest_cpu_change,
                              err))
        return false;
    for (size_t i = 0; i < context->row_count; i++)
        if (!compare_refuse(context, &context->rows[i], panel->metric))
            fill_verdict(context, panel, i);
    return true;
}

static bool has_pairs(const struct compare_context *context, enum metric metric)
{
    for (size_t i = 0; i < context->row_count; i++)
        if (context->rows[i].head != NULL &&
            context->rows[i].head->figures[metric].log_ratio.count > 0)
            return true;
    return false;
}

bool compare_paired(struct compare_context *context, enum metric metric, struct error *err)
{
    struct panel panel = {.metric = metric};
    size_t count = context->row_count;
    if (context->options->cpu_not_gated != NULL)
        context->out->cpu_note = compare_say(context, "%s", context->options->cpu_not_gated);
    if (context->stored || !has_pairs(context, metric)) {
        for (size_t i = 0; i < count; i++)
            if (!compare_refuse(context, &context->rows[i], metric))
                compare_unpaired(context, &context->rows[i], metric);
        if (context->stored && context->out->cpu_note == NULL)
            context->out->cpu_note = "the base was measured in another run";
        return true;
    }
    panel.evidence = arena_alloc_array(&context->out->arena, count, sizeof *panel.evidence);
    panel.decisions = arena_alloc_array(&context->out->arena, count, sizeof *panel.decisions);
    if (panel.evidence == NULL || panel.decisions == NULL)
        return error_set_memory(err);
    if (context->out->cpu_note == NULL && !check_host(context, &panel, err))
        return false;
    return judge_rows(context, &panel, err);
}
