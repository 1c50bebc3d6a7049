/* The first screen: the verdict, how much, how sure, what it costs, and whether the environment
 * changed. */
#include "base/markup.h"
#include "reporters/cost_words.h"
#include "reporters/fault.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/headline.h"
#include "reporters/html_private.h"
#include "reporters/provenance.h"
#include "reporters/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct html_word word_of(const struct comparison *comparison)
{
    static const struct html_word words[] = {
        [VERDICT_NONE] = {"none", "–", NULL},
        [VERDICT_PASSED] = {"passed", "✓", NULL},
        [VERDICT_IMPROVED] = {"improved", "▼", NULL},
        [VERDICT_INCONCLUSIVE] = {"inconclusive", "?", NULL},
        [VERDICT_REGRESSED] = {"regressed", "▲", NULL},
    };
    struct html_word word = words[comparison->verdict];
    word.text = headline_word(comparison);
    return word;
}

static void append_verdict(struct buffer *out, const struct html *html)
{
    struct buffer text;
    const struct comparison *comparison = html->report->comparison;
    bool invalid_only = comparison->invalid && comparison->verdict != VERDICT_REGRESSED;
    buffer_init(&text, HTML_TEXT_MAX);
    markup_open(out, "h1", NULL);
    if (comparison->invalid)
        html_append_word(out, (struct html_word){"invalid", "✕", "INVALID"});
    buffer_append_string(out, comparison->invalid && !invalid_only ? " " : "");
    if (!invalid_only)
        html_append_word(out, word_of(comparison));
    markup_close(out, "h1");
    if (comparison->invalid) {
        headline_append_invalid(&text, html->report, html->order, true);
        buffer_append_string(&text, ". ");
    }
    if (!invalid_only) {
        headline_append(&text, html->report, html->order, true);
        buffer_append_char(&text, '.');
    }
    markup_element(out, "p", buffer_text(&text), "class", "lead", NULL);
    flame_release_text(out, &text);
}

static void append_origin(struct buffer *out, const struct html *html)
{
    struct buffer text;
    const struct run *head = html->report->head;
    const struct run_side *base = provenance_find_base(html->report);
    buffer_init(&text, HTML_TEXT_MAX);
    buffer_append_string(&text, "tollgate · ");
    html_append_side(&text, &head->sides[SIDE_HEAD]);
    if (base != NULL) {
        buffer_append_string(&text, " against ");
        html_append_side(&text, base);
    }
    if (head->created != NULL) {
        buffer_append_string(&text, " · ");
        flame_append_short(&text, head->created, FLAME_NAME_MAX_BYTES);
    }
    markup_element(out, "p", buffer_text(&text), "class", "quiet", NULL);
    flame_release_text(out, &text);
}

/* ---- the facts ------------------------------------------------------------------------------- */

static void open_fact(struct buffer *out, const char *title)
{
    markup_open(out, "div", NULL);
    markup_element(out, "dt", title, NULL);
    markup_open(out, "dd", NULL);
}

static void close_fact(struct buffer *out)
{
    markup_close(out, "dd");
    markup_close(out, "div");
    buffer_append_char(out, '\n');
}

/* "1 regressed, 2 undecided, 13 passed", each in its colour, worst first. */
static void append_counts(struct buffer *out, const struct html *html)
{
    static const char *const classes[] = {"invalid",  "regressed", "inconclusive", "accepted",
                                          "improved", "passed",    "none"};
    markup_open(out, "ul", "class", "counts", NULL);
    for (size_t class = 0; class < COUNT_OF(classes); class ++) {
        struct html_word word = {0};
        size_t same = 0;
        char text[64];
        for (size_t i = 0; i < html->count; i++) {
            struct html_word each = html_word_endpoint(html->order[i]);
            if (strcmp(each.class, classes[class]) != 0)
                continue;
            word = each;
            same++;
        }
        if (same == 0)
            continue;
        snprintf(text, sizeof text, "%zu %s", same, word.text);
        word.text = text;
        markup_open(out, "li", NULL);
        html_append_word(out, word);
        markup_close(out, "li");
    }
    markup_close(out, "ul");
}

/* The largest change of what is to be acted on, else of what improved. */
static const struct endpoint_verdict *find_largest(const struct html *html, enum metric *metric)
{
    const struct endpoint_verdict *largest = NULL;
    double most = 0;
    enum verdict wanted = html->report->comparison->verdict;
    for (size_t i = 0; i < html->count; i++)
        for (unsigned m = 0; m < METRIC_COUNT; m++) {
            const struct metric_verdict *each = &html->order[i]->metrics[m];
            if (each->verdict != wanted || wanted == VERDICT_PASSED || wanted == VERDICT_NONE ||
                !(fabs(each->change) > most))
                continue;
            most = fabs(each->change);
            largest = html->order[i];
            *metric = (enum metric)m;
        }
    return largest;
}

/* The line to look at first, which is what most readers came for. */
static void append_fault(struct buffer *out, const struct html *html,
                         const struct endpoint_verdict *endpoint)
{
    struct arena arena;
    struct fault fault;
    struct buffer text, cut;
    arena_init(&arena);
    buffer_init(&text, HTML_TEXT_MAX);
    buffer_init(&cut, HTML_TEXT_MAX);
    bool found = fault_find(&fault, html->report, endpoint, &arena);
    if (found && fault.place_count > 0) {
        fault_append_place(&text, &fault, fault.places[0], true);
        words_append_cut(&cut, buffer_text(&text), HTML_NAME_BYTES, false);
        markup_open(out, "p", NULL);
        html_append_parted(out, buffer_text(&cut));
        markup_close(out, "p");
    }
    out->failed = out->failed || !found;
    flame_release_text(out, &cut);
    flame_release_text(out, &text);
    arena_release(&arena);
}

static void append_how_much(struct buffer *out, const struct html *html)
{
    enum metric metric = METRIC_COUNT;
    const struct endpoint_verdict *largest = find_largest(html, &metric);
    open_fact(out, "How much");
    append_counts(out, html);
    if (largest != NULL) {
        char change[FORMAT_SIZE], interval[FORMAT_SIZE];
        const struct metric_verdict *each = &largest->metrics[metric];
        struct buffer text;
        buffer_init(&text, HTML_TEXT_MAX);
        format_change(each->change, true, change);
        buffer_append_format(&text, "At most %s %s", change, metric_info(metric)->title);
        format_interval(each->low, each->high, " to ", true, interval);
        if (each->low < each->high)
            buffer_append_format(&text, " (%s)", interval);
        buffer_append_string(&text, ", ");
        words_append_cut(&text, largest->name, HTML_NAME_BYTES, false);
        markup_element(out, "p", buffer_text(&text), NULL);
        flame_release_text(out, &text);
        append_fault(out, html, largest);
    }
    close_fact(out);
}

static size_t most_replicates(const struct html *html)
{
    size_t most = 0;
    for (size_t i = 0; i < html->count; i++)
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            if (html->order[i]->metrics[m].evidence.replicates > most)
                most = html->order[i]->metrics[m].evidence.replicates;
    return most;
}

static void append_how_sure(struct buffer *out, const struct html *html)
{
    char share[FORMAT_SIZE];
    const struct comparison *comparison = html->report->comparison;
    const struct gate *gate = html->report->gate;
    size_t replicates = most_replicates(html);
    open_fact(out, "How sure");
    if (isfinite(comparison->smallest_cpu_change)) {
        format_share(comparison->smallest_cpu_change, true, share);
        html_append_paragraph(out, NULL,
                              "A CPU slowdown of %s or more would have been seen, nine times in "
                              "ten.",
                              share);
    }
    if (replicates > 0 && gate != NULL)
        html_append_paragraph(out, NULL,
                              "CPU time: %zu pairs of fresh starts, intervals at %g %%; chance of "
                              "a false alarm in the whole run at most %g %%.",
                              replicates, 100 * gate->confidence, 100 * gate->alpha);
    if (comparison->cpu_note != NULL) {
        markup_element(out, "p", "CPU time is not gated:", NULL);
        html_append_cut(out, "p", NULL, comparison->cpu_note, HTML_WORDS_BYTES);
    }
    if (!comparison->has_base)
        html_append_paragraph(out, NULL, "There is no base to compare with: figures, no verdict.");
    else
        html_append_paragraph(out, NULL,
                              "Counts of instructions, system calls and allocations are "
                              "exact.");
    close_fact(out);
}

static void append_price(struct buffer *out, const struct html *html)
{
    char words[COST_WORDS_SIZE] = "";
    const struct cost_report *cost = html->report->cost;
    open_fact(out, "What it costs");
    if (cost == NULL) {
        html_append_paragraph(out, NULL,
                              "Not known here: `cost` in tollgate.json says what the "
                              "gateway costs a month, and this page what a change adds.");
    } else {
        if (cost->has_change)
            cost_words_total(cost, &cost->total, true, words);
        if (*words != '\0')
            html_append_paragraph(out, "big", "%s", words);
        if (cost->has_change && *words == '\0')
            html_append_paragraph(out, NULL, "No endpoint's cost surely changed.");
        else if (cost->has_change)
            html_append_paragraph(out, NULL, "From %zu endpoint%s whose cost surely changed.",
                                  cost->total.endpoints, cost->total.endpoints == 1 ? "" : "s");
        html_append_cut(out, "p", "quiet", cost->basis, HTML_WORDS_BYTES);
        if (cost->advice != NULL)
            html_append_cut(out, "p", "quiet", cost->advice, HTML_WORDS_BYTES);
    }
    close_fact(out);
}

static void append_environment(struct buffer *out, const struct html *html)
{
    char why[256];
    const struct report *report = html->report;
    const struct run_side *base = provenance_find_base(report);
    open_fact(out, "What changed around it");
    if (base == NULL)
        html_append_paragraph(out, NULL, "Nothing to hold against this run.");
    else if (report->base == NULL)
        html_append_paragraph(out, NULL,
                              "Nothing: both sides were measured in this run, in turn, "
                              "on one machine.");
    else if (fingerprint_difference(&report->head->fingerprint, &report->base->fingerprint, why) !=
             NULL)
        html_append_paragraph(out, "warn", "Since the stored run: %s", why);
    else
        html_append_paragraph(out, NULL, "Nothing: the stored base is of a machine like this one.");
    if (base != NULL && base->build_id != NULL && report->head->sides[SIDE_HEAD].build_id != NULL &&
        strcmp(base->build_id, report->head->sides[SIDE_HEAD].build_id) == 0)
        html_append_paragraph(out, NULL, "Both sides ran the same program.");
    if (report->head->note_count > 0) {
        markup_open(out, "p", NULL);
        char text[64];
        snprintf(text, sizeof text, "%zu note%s", report->head->note_count,
                 report->head->note_count == 1 ? "" : "s");
        markup_element(out, "a", text, "href", "#ground", NULL);
        markup_append_text(out, " on the measurement.");
        markup_close(out, "p");
    }
    close_fact(out);
}

void html_append_summary(struct buffer *out, const struct html *html)
{
    markup_open(out, "header", NULL);
    append_origin(out, html);
    append_verdict(out, html);
    markup_open(out, "dl", "class", "facts", NULL);
    append_how_much(out, html);
    append_how_sure(out, html);
    append_price(out, html);
    append_environment(out, html);
    markup_close(out, "dl");
    markup_close(out, "header");
    buffer_append_char(out, '\n');
}
