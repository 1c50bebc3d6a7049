#include "reporters/explain.h"

#include "base/terminal.h"
#include "reporters/because.h"
#include "reporters/commands.h"
#include "reporters/format.h"
#include "reporters/layout.h"
#include "reporters/table.h"

#include <math.h>
#include <string.h>

enum {
    MIN_COLUMNS = 20,
    DEFAULT_COLUMNS = 80,
    LABEL_COLUMNS = 13, /* with the two spaces before it */
    VALUES_SHOWN = 40,
    TEXT_MAX_BYTES = 1 << 20,
};

struct explaining {
    struct buffer *out;
    struct buffer text; /* of the item being written */
    const struct report *report;
    struct report_style style;
    const struct endpoint_verdict *endpoint;
};

/* Writes the collected text behind its label, and empties it. */
static void end_item(struct explaining *explaining, const char *label)
{
    bool narrow = explaining->style.columns < LAYOUT_NARROW_COLUMNS;
    size_t used = 2 + strlen(label);
    struct buffer line;
    buffer_init(&line, TEXT_MAX_BYTES);
    buffer_append_format(explaining->out, "  %s", label);
    layout_pad(&line, used, narrow ? used + 1 : LABEL_COLUMNS);
    buffer_append_string(&line, buffer_text(&explaining->text));
    layout_append_wrapped(explaining->out, buffer_text(&line),
                          (struct layout_paragraph){(size_t)explaining->style.columns, used,
                                                    narrow ? 4 : LABEL_COLUMNS});
    buffer_release(&line);
    buffer_clear(&explaining->text);
}

static void say_value(struct explaining *explaining, double value, enum metric_unit unit)
{
    char text[FORMAT_SIZE];
    format_value(value, unit, explaining->style.utf8, text);
    buffer_append_string(&explaining->text, text);
}

static void explain_figures(struct explaining *explaining, const struct metric_info *info,
                            const struct metric_verdict *metric)
{
    char text[FORMAT_SIZE];
    bool utf8 = explaining->style.utf8;
    buffer_append_string(&explaining->text, "head ");
    say_value(explaining, metric->head, info->unit);
    if (explaining->report->comparison->has_base) {
        buffer_append_string(&explaining->text, ", base ");
        say_value(explaining, metric->base, info->unit);
    }
    buffer_append_string(&explaining->text, " a request");
    end_item(explaining, "figures");
    if (isnan(metric->change))
        return;
    format_change(metric->change, utf8, text);
    buffer_append_string(&explaining->text, text);
    if (isfinite(metric->low) && isfinite(metric->high) && metric->low < metric->high) {
        format_interval(metric->low, metric->high, " to ", utf8, text);
        buffer_append_format(&explaining->text, "; interval %s", text);
        if (info->kind == METRIC_PAIRED)
            buffer_append_format(&explaining->text, " at %g %% confidence",
                                 100 * explaining->report->gate->confidence);
        else
            buffer_append_string(&explaining->text, " between the extremes of the starts");
    }
    end_item(explaining, "change");
}

static void explain_limits(struct explaining *explaining, enum metric metric)
{
    const struct metric_info *info = metric_info(metric);
    struct limits limits =
        gate_limits(explaining->report->gate, explaining->endpoint->name, metric);
    if (info->kind != METRIC_INFORMATIONAL) {
        buffer_append_format(&explaining->text, "%.3g %% and ", 100 * limits.relative);
        say_value(explaining, limits.absolute, info->unit);
        buffer_append_string(&explaining->text, " a request: more than both fails");
    }
    if (!isnan(limits.max)) {
        buffer_append_string(&explaining->text,
                             explaining->text.length > 0 ? "; budget " : "budget ");
        say_value(explaining, limits.max, info->unit);
    }
    if (explaining->text.length > 0)
        end_item(explaining, "gate");
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void explain_paired(struct explaining *explaining, const struct metric_evidence *evidence)
{
    double alpha = explaining->report->gate->alpha;
    buffer_append_format(&explaining->text,
                         "one-sided exact Wilcoxon signed-rank test of %zu replicate%s against a "
                         "margin of %.3g %%; Holm over %zu endpoint%s",
                         evidence->replicates, plural(evidence->replicates), 100 * evidence->margin,
                         evidence->endpoints, plural(evidence->endpoints));
    end_item(explaining, "test");
    if (isnan(evidence->p))
        buffer_append_format(&explaining->text, "no change shown (at most %g shows one)", alpha);
    else
        buffer_append_format(&explaining->text, "%.2g (at most %g shows a change)", evidence->p,
                             alpha);
    end_item(explaining, "p");
    buffer_append_format(&explaining->text, "%zu of %zu planned", evidence->looks,
                         evidence->looks_planned);
    end_item(explaining, "looks");
    if (evidence->settles != NULL) {
        buffer_append_string(&explaining->text, evidence->settles);
        end_item(explaining, "to settle");
    }
}

/* The replicates in the order measured: of one side, or as changes when `unit` does not count. */
static void list_values(struct explaining *explaining, const char *label, struct samples samples,
                        bool ratios, enum metric_unit unit)
{
    char text[FORMAT_SIZE];
    if (samples.count == 0)
        return;
    buffer_append_format(&explaining->text, "%zu: ", samples.count);
    for (size_t i = 0; i < samples.count && i < VALUES_SHOWN; i++) {
        if (ratios)
            format_change(expm1(samples.values[i]), explaining->style.utf8, text);
        else
            format_value(samples.values[i], unit, explaining->style.utf8, text);
        buffer_append_format(&explaining->text, "%s%s", i > 0 ? ", " : "", text);
    }
    if (samples.count > VALUES_SHOWN)
        buffer_append_format(&explaining->text, " and %zu more", samples.count - VALUES_SHOWN);
    end_item(explaining, label);
}

/* A stored base's replicates are those of its head. */
static void explain_replicates(struct explaining *explaining, enum metric metric)
{
    const struct report *report = explaining->report;
    const char *name = explaining->endpoint->name;
    enum metric_unit unit = metric_info(metric)->unit;
    const struct endpoint_result *head = run_endpoint(report->head, name);
    const struct endpoint_result *base =
        report->base != NULL ? run_endpoint(report->base, name) : head;
    enum side side = report->base != NULL ? SIDE_HEAD : SIDE_BASE;
    bool paired = head != NULL && report->base == NULL && head->figures[metric].log_ratio.count > 0;
    if (paired) {
        list_values(explaining, "pairs", head->figures[metric].log_ratio, true, unit);
        list_values(explaining, "noise", head->figures[metric].aa_log_ratio, true, unit);
        return;
    }
    if (head != NULL)
        list_values(explaining, "head", head->figures[metric].side[SIDE_HEAD], false, unit);
    if (base != NULL && report->comparison->has_base)
        list_values(explaining, "base", base->figures[metric].side[side], false, unit);
}

static void end_part(struct explaining *explaining, const char *label)
{
    if (explaining->text.length > 0)
        end_item(explaining, label);
}

/* Whether the same lines are told under the endpoint's instructions. */
static bool is_told_there(const struct explaining *explaining, const struct growth *growth)
{
    return growth->measured != NULL && growth->measured->metric == METRIC_INSTRUCTIONS &&
           growth->metric != METRIC_INSTRUCTIONS &&
           because_asked(&explaining->endpoint->metrics[METRIC_INSTRUCTIONS]);
}

static void explain_growth(struct explaining *explaining, const struct growth *growth)
{
    struct buffer *text = &explaining->text;
    bool utf8 = explaining->style.utf8, told = is_told_there(explaining, growth);
    if (told)
        buffer_append_string(text, "those of the instructions");
    else
        because_append_lines(text, growth, utf8);
    end_part(explaining, because_lines_word(growth));
    if (told)
        return;
    because_append_functions(text, growth, utf8);
    end_part(explaining, "functions");
    because_append_variants(text, growth, utf8);
    end_part(explaining, "variants");
    because_append_moved(text, growth, utf8);
    end_part(explaining, "moved");
}

/* Where the cost went, of what changed; of the others, whether as much moved as would have failed
 * had it been added. */
static void explain_because(struct explaining *explaining, enum metric metric)
{
    struct growth growth;
    struct arena arena;
    struct error ignored = {0};
    const struct metric_verdict *verdict = &explaining->endpoint->metrics[metric];
    arena_init(&arena);
    if (!because_find(&growth, explaining->report, explaining->endpoint, metric, &arena,
                      &ignored)) {
        explaining->out->failed = true;
    } else if (because_asked(verdict)) {
        explain_growth(explaining, &growth);
    } else if (growth.measured != NULL && growth.measured->metric == metric &&
               growth.moved > metric_info(metric)->absolute) {
        because_append_moved(&explaining->text, &growth, explaining->style.utf8);
        end_part(explaining, "moved");
    }
    arena_release(&arena);
}

static void explain_metric(struct explaining *explaining, enum metric metric)
{
    const struct metric_info *info = metric_info(metric);
    const struct metric_verdict *verdict = &explaining->endpoint->metrics[metric];
    struct text_style look =
        verdict->accepted != NULL ? table_accepted_style() : table_verdict_style(verdict->verdict);
    const char *word = verdict->accepted != NULL          ? "accepted"
                       : verdict->verdict == VERDICT_NONE ? "not judged"
                                                          : verdict_name(verdict->verdict);
    buffer_append_char(explaining->out, '\n');
    terminal_append_styled(explaining->out, explaining->style.color,
                           (struct text_style){.bold = true}, info->title);
    buffer_append_char(explaining->out, ' ');
    terminal_append_styled(explaining->out, explaining->style.color, look, word);
    buffer_append_char(explaining->out, '\n');
    layout_append_safe(&explaining->text, verdict->reason, explaining->style.utf8, true);
    end_item(explaining, "why");
    if (isnan(verdict->head) && isnan(verdict->base))
        return;
    explain_figures(explaining, info, verdict);
    explain_limits(explaining, metric);
    if (verdict->evidence.replicates > 0)
        explain_paired(explaining, &verdict->evidence);
    explain_replicates(explaining, metric);
    explain_because(explaining, metric);
}

static void explain_head(struct explaining *explaining)
{
    const struct endpoint_verdict *endpoint = explaining->endpoint;
    struct text_style look;
    const char *word = table_verdict_word(endpoint, &look);
    word = endpoint->invalid != NULL ? "INVALID" : *word == '\0' ? "not judged" : word;
    size_t room = (size_t)explaining->style.columns - strlen(word) - 1;
    layout_append_short(&explaining->text, endpoint->name, room, explaining->style.utf8);
    terminal_append_styled(explaining->out, explaining->style.color,
                           (struct text_style){.bold = true}, buffer_text(&explaining->text));
    buffer_append_char(explaining->out, ' ');
    terminal_append_styled(explaining->out, explaining->style.color, look, word);
    buffer_append_char(explaining->out, '\n');
    buffer_clear(&explaining->text);
    if (endpoint->invalid == NULL)
        return;
    layout_append_safe(&explaining->text, endpoint->invalid, explaining->style.utf8, true);
    end_item(explaining, "why");
}

const struct endpoint_verdict *explain_find(const struct comparison *comparison, const char *name)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        if (strcmp(comparison->endpoints[i].name, name) == 0)
            return &comparison->endpoints[i];
    return NULL;
}

bool explain_append(struct buffer *out, const struct report *report,
                    const struct report_style *style, const struct endpoint_verdict *endpoint,
                    struct error *err)
{
    struct explaining explaining = {
        .out = out, .report = report, .style = *style, .endpoint = endpoint};
    if (explaining.style.columns <= 0)
        explaining.style.columns = DEFAULT_COLUMNS;
    if (explaining.style.columns < MIN_COLUMNS)
        explaining.style.columns = MIN_COLUMNS;
    size_t begin = out->length;
    buffer_init(&explaining.text, TEXT_MAX_BYTES);
    explain_head(&explaining);
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        explain_metric(&explaining, (enum metric)i);
    if (explaining.text.failed)
        out->failed = true;
    buffer_release(&explaining.text);
    commands_defuse_text(out, begin);
    return buffer_check(out, err);
}
