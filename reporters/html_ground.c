/* What the figures rest on, and how to read them. */
#include "base/markup.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/provenance.h"
#include "reporters/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NOTES_MAX = 100 };

/* ---- passes ---------------------------------------------------------------------------------- */

static const char *word_of(enum pass_status status)
{
    switch (status) {
    case PASS_RAN:
        return "ran";
    case PASS_SKIPPED:
        return "skipped";
    case PASS_CUT:
        return "cut short";
    }
    BUG("no status %d", (int)status);
}

static void append_pass(struct buffer *out, const struct pass_result *pass)
{
    char text[FORMAT_SIZE];
    double unattributed = provenance_find_unattributed(pass);
    markup_open(out, "tr", NULL);
    html_append_cut(out, "th", NULL, pass->name, HTML_NAME_BYTES);
    markup_element(out, "td", word_of(pass->status), NULL);
    format_integer(pass->replicates, text);
    html_append_number(out, "number", text, (double)pass->replicates);
    format_integer(pass->requests, text);
    html_append_number(out, "number wide", text, (double)pass->requests);
    format_seconds(pass->seconds, true, text);
    html_append_number(out, "number wide", text, pass->seconds);
    format_share(unattributed, true, text);
    html_append_number(out, "number wide", isfinite(unattributed) ? text : "–", unattributed);
    format_integer(pass->dropped, text);
    html_append_number(out, "number wide", text, (double)pass->dropped);
    markup_close(out, "tr");
    if (pass->reason != NULL) {
        markup_open(out, "tr", "class", "remark", NULL);
        markup_open(out, "td", "colspan", "7", NULL);
        html_append_cut(out, "span", "quiet", pass->reason, HTML_WORDS_BYTES);
        markup_close(out, "td");
        markup_close(out, "tr");
    }
    buffer_append_char(out, '\n');
}

static void append_passes(struct buffer *out, const struct run *run)
{
    static const struct html_column columns[] = {
        {"Pass", NULL, NULL},
        {"State", NULL, NULL},
        {"Replicates", "number", NULL},
        {"Requests", "number wide", NULL},
        {"Time", "number wide", NULL},
        {"Unattributed", "number wide", NULL},
        {"Dropped", "number wide", NULL},
    };
    if (run->pass_count == 0)
        return;
    html_open_table(out, "list", "What was measured");
    html_append_columns(out, columns, COUNT_OF(columns));
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < run->pass_count; i++)
        append_pass(out, &run->passes[i]);
    markup_close(out, "tbody");
    html_close_table(out);
}

/* ---- machine and sides ----------------------------------------------------------------------- */

static void append_fact(struct buffer *out, const char *label, const char *text)
{
    if (text == NULL)
        return;
    markup_open(out, "div", NULL);
    markup_element(out, "dt", label, NULL);
    html_append_cut(out, "dd", NULL, text, HTML_WORDS_BYTES);
    markup_close(out, "div");
}

static void append_side(struct buffer *out, const char *label, const struct run_side *side)
{
    struct buffer text;
    buffer_init(&text, HTML_TEXT_MAX);
    html_append_side(&text, side);
    if (side->commit != NULL) {
        buffer_append_string(&text, ", commit ");
        words_append_cut(&text, side->commit, 80, false);
    }
    if (side->build_id != NULL) {
        buffer_append_string(&text, ", program ");
        words_append_cut(&text, side->build_id, 80, false);
    }
    append_fact(out, label, buffer_text(&text));
    flame_release_text(out, &text);
}

static void append_facts(struct buffer *out, const struct report *report)
{
    char number[64];
    const struct run *head = report->head;
    const struct fingerprint *machine = &head->fingerprint;
    const struct run_side *base = provenance_find_base(report);
    markup_open(out, "dl", "class", "about", NULL);
    append_side(out, "Head", &head->sides[SIDE_HEAD]);
    if (base != NULL)
        append_side(out, report->base == NULL ? "Base, of this run" : "Base, a stored run", base);
    if (report->base != NULL)
        append_fact(out, "Base made", report->base->created);
    append_fact(out, "Made", head->created);
    append_fact(out, "CPU", machine->cpu_model);
    snprintf(number, sizeof number, "%" PRId64, machine->cpus);
    append_fact(out, "CPUs", machine->cpus > 0 ? number : NULL);
    append_fact(out, "Virtualization", machine->virtualization);
    append_fact(out, "Kernel", machine->kernel);
    append_fact(out, "C library", machine->libc);
    append_fact(out, "Compiler", machine->compiler);
    append_fact(out, "Valgrind", machine->valgrind);
    append_fact(out, "Corpus", head->corpus_hash);
    snprintf(number, sizeof number, "%" PRIu64, head->seed);
    append_fact(out, "Seed", number);
    append_fact(out, "tollgate", head->tollgate_version);
    markup_close(out, "dl");
    buffer_append_char(out, '\n');
}

static void append_standins(struct buffer *out, const struct run *run)
{
    static const struct html_column columns[] = {
        {"Stand-in", NULL, NULL},       {"As recorded", "number", NULL},
        {"Normalised", "number", NULL}, {"By template", "number wide", NULL},
        {"No answer", "number", NULL},  {"Faults asked for", "number wide", NULL},
    };
    if (run->upstream_count == 0)
        return;
    html_open_table(out, "list", "How requests to upstreams were answered");
    html_append_columns(out, columns, COUNT_OF(columns));
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < run->upstream_count; i++) {
        const struct upstream_result *one = &run->upstreams[i];
        const int64_t counts[] = {one->exact, one->normalised, one->templated, one->missed,
                                  one->faulted};
        markup_open(out, "tr", NULL);
        html_append_cut(out, "th", NULL, one->name, HTML_NAME_BYTES);
        for (size_t c = 0; c < COUNT_OF(counts); c++) {
            char text[FORMAT_SIZE];
            format_integer(counts[c], text);
            html_append_number(out, columns[c + 1].class, text, (double)counts[c]);
        }
        markup_close(out, "tr");
    }
    markup_close(out, "tbody");
    html_close_table(out);
}

static void append_notes(struct buffer *out, const struct run *run)
{
    if (run->note_count == 0)
        return;
    markup_element(out, "h3", "Notes", NULL);
    markup_open(out, "ul", NULL);
    for (size_t i = 0; i < run->note_count && i < NOTES_MAX; i++)
        html_append_cut(out, "li", NULL, run->notes[i], HTML_WORDS_BYTES);
    markup_close(out, "ul");
    if (run->note_count > NOTES_MAX)
        html_append_paragraph(out, "left-out", "%zu more notes are in the run's JSON.",
                              run->note_count - NOTES_MAX);
}

void html_append_ground(struct buffer *out, const struct html *html)
{
    const struct report *report = html->report;
    html_open_section(out, "ground", "What this rests on");
    append_notes(out, report->head);
    append_passes(out, report->head);
    append_facts(out, report);
    append_standins(out, report->head);
    markup_close(out, "section");
    buffer_append_char(out, '\n');
}

/* ---- how to read this ------------------------------------------------------------------------ */

static void explain(struct buffer *out, struct html_word word, const char *text)
{
    markup_open(out, "div", NULL);
    markup_open(out, "dt", NULL);
    if (word.class != NULL)
        html_append_word(out, word);
    else
        markup_append_text(out, word.text);
    markup_close(out, "dt");
    markup_element(out, "dd", text, NULL);
    markup_close(out, "div");
}

static void explain_verdicts(struct buffer *out)
{
    static const struct {
        struct html_word word;
        const char *text;
    } words[] = {
        {{"regressed", "▲", "regressed"},
         "Dearer than the gate allows, and that is no noise. The change may not pass."},
        {{"inconclusive", "?", "undecided"},
         "Might be dearer than the gate allows: this run cannot tell. It has not passed."},
        {{"accepted", "△", "accepted"},
         "Dearer than the gate allows, and somebody said that this is meant."},
        {{"improved", "▼", "improved"}, "Surely cheaper, by more than the gate's margin."},
        {{"passed", "✓", "passed"}, "Surely not dearer by more than the gate's margin."},
        {{"invalid", "✕", "wrong answer"},
         "Answered otherwise than was recorded: what it cost then says nothing."},
        {{"none", "–", "not judged"}, "Not measured, or shown without being gated."},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        explain(out, words[i].word, words[i].text);
}

void html_append_guide(struct buffer *out, const struct html *html)
{
    char text[512];
    double confidence = html->report->gate != NULL ? 100 * html->report->gate->confidence : 95;
    html_open_section(out, "guide", "How to read this");
    markup_open(out, "dl", "class", "guide", NULL);
    explain_verdicts(out);
    explain(out, (struct html_word){.text = "A request"},
            "All figures are what one request costs. An endpoint's are the mean over its requests "
            "in the corpus, by their share of its traffic.");
    snprintf(text, sizeof text,
             "\"+6.1 %% (+5.2 to +7.0 %%)\": the best guess, and between what the truth lies with "
             "%g %% confidence. Exact counts have no interval. \"=\" is no change at all.",
             confidence);
    explain(out, (struct html_word){.text = "Change"}, text);
    explain(out, (struct html_word){.text = "Replicates"},
            "Each dot is one fresh start of the gateway. \"Pairs\": head against base, started and "
            "asked side by side. \"Base against itself\": what noise alone does.");
    explain(out, (struct html_word){.text = "Changed line"},
            "Touched by this change, as git has it. A line is charged with what it costs and what "
            "it calls, each unit of cost once.");
    explain(out, (struct html_word){.text = "Unattributed"},
            "Spent by the gateway while no endpoint was asked: start, warm-up, background work. It "
            "is told, and never spread over endpoints.");
    explain(out, (struct html_word){.text = "Dear for its traffic"},
            "An endpoint's share of the cost over its share of the requests: above 1 it is dearer "
            "than it is popular.");
    markup_close(out, "dl");
    markup_close(out, "section");
    buffer_append_char(out, '\n');
}
