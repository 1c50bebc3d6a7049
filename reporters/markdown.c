#include "reporters/markdown.h"

#include "insights/place.h"
#include "reporters/format.h"
#include "reporters/headline.h"
#include "reporters/markdown_private.h"
#include "reporters/markdown_text.h"
#include "reporters/order.h"
#include "reporters/provenance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_MAX_BYTES = 400, REASON_MAX_BYTES = 300, PLACE_SIZE = 1024, AMOUNTS_MAX_BYTES = 400 };

/* ---- the first line ------------------------------------------------------------------------ */

bool markdown_is_key(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= MARKDOWN_KEY_MAX_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

void markdown_append_marker_start(struct buffer *out, const struct report *report)
{
    const char *key = report->choice.key;
    bool known = key != NULL && markdown_is_key(key);
    buffer_append_format(out, "<!-- tollgate:{\"key\":\"%s\"", known ? key : "default");
}

/* Our own words and hexadecimal digits only, so that nothing ends the comment early: two hyphens of
 * a key do not, without a ">" behind them. */
static void append_marker(struct buffer *out, const struct report *report)
{
    const struct comparison *comparison = report->comparison;
    const char *commit = report->head->sides[SIDE_HEAD].commit;
    const char *verdict = comparison->invalid                   ? "invalid"
                          : comparison->verdict == VERDICT_NONE ? "measured"
                                                                : verdict_name(comparison->verdict);
    markdown_append_marker_start(out, report);
    buffer_append_format(out, ",\"verdict\":\"%s\"", verdict);
    if (commit != NULL && strlen(commit) <= 64 &&
        strspn(commit, "0123456789abcdef") == strlen(commit))
        buffer_append_format(out, ",\"head\":\"%s\"", commit);
    buffer_append_string(out, "} -->\n");
}

/* ---- the verdict --------------------------------------------------------------------------- */

static const char *verdict_mark(const struct comparison *comparison)
{
    switch (comparison->verdict) {
    case VERDICT_REGRESSED:
        return "❌ ";
    case VERDICT_INCONCLUSIVE:
        return "❔ ";
    case VERDICT_IMPROVED:
    case VERDICT_PASSED:
        return "✅ ";
    case VERDICT_NONE:
        break;
    }
    return "";
}

/* "### ❌ tollgate: REGRESSED", with the key where there is one. */
static void append_heading(struct buffer *out, const struct report *report, const char *mark,
                           const char *word)
{
    const char *key = report->choice.key;
    bool keyed = key != NULL && markdown_is_key(key);
    buffer_append_format(out, "### %stollgate%s", mark, keyed ? " " : "");
    if (keyed)
        markdown_append_name(out, key);
    buffer_append_format(out, ": %s\n\n", word);
}

static void append_verdict(struct buffer *out, const struct markdown *markdown)
{
    const struct report *report = markdown->report;
    const struct comparison *comparison = report->comparison;
    if (comparison->invalid) {
        append_heading(out, report, "⛔ ", "INVALID");
        headline_append_invalid_marked(out, report, markdown->order, markdown_append_name);
        buffer_append_string(out, ".\n\n");
    }
    if (comparison->invalid && comparison->verdict != VERDICT_REGRESSED)
        return;
    append_heading(out, report, verdict_mark(comparison), headline_word(comparison));
    headline_append_marked(out, report, markdown->order, markdown_append_name);
    buffer_append_string(out, ".\n\n");
}

/* "CPU slowdowns of 4.5 % or more would have been seen, nine times in ten" */
static void append_sight(struct buffer *out, const struct comparison *comparison)
{
    char share[FORMAT_SIZE];
    if (isfinite(comparison->smallest_cpu_change)) {
        format_share(comparison->smallest_cpu_change, true, share);
        buffer_append_format(
            out, "; CPU slowdowns of %s or more would have been seen, nine times in ten", share);
    }
    if (comparison->cpu_note != NULL) {
        buffer_append_string(out, "; CPU is not gated: ");
        markdown_append_words(out, comparison->cpu_note, NOTE_MAX_BYTES);
    }
}

/* Nothing a reviewer would do anything about. */
static bool is_unchanged(const struct markdown *markdown)
{
    const struct comparison *comparison = markdown->report->comparison;
    bool same = comparison->has_base && !comparison->invalid && markdown->changed == 0 &&
                comparison->verdict == VERDICT_PASSED;
    for (size_t i = 0; i < markdown->count && same; i++)
        same = markdown->order[i]->presence == ENDPOINT_BOTH;
    return same;
}

static void append_one_line(struct buffer *out, const struct markdown *markdown)
{
    const struct report *report = markdown->report;
    const char *key = report->choice.key;
    bool keyed = key != NULL && markdown_is_key(key);
    buffer_append_format(out, "%s**%s** ", verdict_mark(report->comparison),
                         headline_word(report->comparison));
    if (keyed)
        markdown_append_name(out, key);
    buffer_append_string(out, keyed ? ": " : "");
    headline_append_marked(out, report, markdown->order, markdown_append_name);
    buffer_append_string(out, ": ");
    markdown_append_sides(out, report);
    append_sight(out, report->comparison);
    buffer_append_string(out, ".\n");
}

/* ---- the lines at fault -------------------------------------------------------------------- */

static void append_line(struct buffer *out, const struct markdown_line *line)
{
    char where[PLACE_SIZE];
    const struct profile_frame *place = &line->item->place;
    place_text(place, where, sizeof where);
    buffer_append_string(out, "- ");
    markdown_append_code(out, where, MARKDOWN_NAME_MAX_BYTES);
    if (place->line > 0 && place->file != NULL && place->function != NULL) {
        buffer_append_string(out, " in ");
        markdown_append_name(out, place->function);
    }
    buffer_append_string(out, line->changed ? ", a changed line: " : ": ");
    markdown_append_words(out, line->text, AMOUNTS_MAX_BYTES);
    buffer_append_string(out, "; ");
    markdown_append_name(out, line->endpoint->name);
    if (line->others > 0)
        buffer_append_format(out, " and %zu more endpoint%s", line->others,
                             line->others == 1 ? "" : "s");
    buffer_append_char(out, '\n');
}

static void append_lines(struct buffer *out, const struct markdown *markdown)
{
    if (markdown->line_count > 0)
        buffer_append_string(out, "\n**Lines most at fault**\n\n");
    for (size_t i = 0; i < markdown->line_count; i++)
        append_line(out, &markdown->lines[i]);
    if (markdown->line_count == 0 && markdown->missing != NULL) {
        buffer_append_string(out, "\nNo lines can be named: ");
        markdown_append_words(out, markdown->missing, REASON_MAX_BYTES);
        buffer_append_char(out, '\n');
    }
}

/* ---- what is folded ------------------------------------------------------------------------ */

static void append_explanations(struct buffer *out, const struct markdown *markdown, size_t shown)
{
    struct buffer text;
    size_t left = markdown->changed - shown;
    if (markdown->changed == 0)
        return;
    if (shown == 0) {
        buffer_append_format(out, "The reasons for %zu endpoint%s are in the full report.\n\n",
                             left, left == 1 ? "" : "s");
        return;
    }
    buffer_init(&text, MARKDOWN_TEXT_MAX);
    for (size_t i = 0; i < shown; i++)
        buffer_append_string(&text, markdown->explanations[i]);
    buffer_append_string(out, "<details><summary>Why, in full</summary>\n");
    markdown_append_block(out, buffer_text(&text));
    if (left > 0)
        buffer_append_format(out, "And %zu more in the full report.\n\n", left);
    buffer_append_string(out, "</details>\n");
    out->failed |= text.failed;
    buffer_release(&text);
}

static void append_all(struct buffer *out, const struct markdown *markdown, size_t rows)
{
    if (rows == 0) {
        buffer_append_format(out, "The table of %zu endpoint%s is in the full report.\n\n",
                             markdown->count, markdown->count == 1 ? "" : "s");
        return;
    }
    buffer_append_format(out, "<details><summary>All %zu endpoint%s, figures a request</summary>\n",
                         markdown->count, markdown->count == 1 ? "" : "s");
    markdown_append_all(out, markdown, rows);
    if (rows < markdown->count)
        buffer_append_format(out, "\nAnd %zu more in the full report.\n", markdown->count - rows);
    buffer_append_string(out, "\n</details>\n");
}

/* ---- fitting ------------------------------------------------------------------------------- */

static void render(struct buffer *out, const struct markdown *markdown,
                   const struct markdown_plan *plan)
{
    if (markdown->options->comment)
        append_marker(out, markdown->report);
    if (markdown->options->comment && is_unchanged(markdown)) {
        append_one_line(out, markdown);
        return;
    }
    append_verdict(out, markdown);
    markdown_append_money(out, markdown);
    markdown_append_changed(out, markdown, plan->changed);
    if (plan->changed > 0)
        append_lines(out, markdown);
    buffer_append_string(out, markdown->changed > 0 ? "\n" : "");
    append_explanations(out, markdown, plan->explained);
    append_all(out, markdown, plan->rows);
    if (plan->rest) {
        markdown_append_accept(out, markdown);
        markdown_append_ground(out, markdown);
    }
    buffer_append_char(out, '\n');
    markdown_append_sides(out, markdown->report);
    append_sight(out, markdown->report->comparison);
    buffer_append_string(out, ".\n");
}

static bool fits(const struct markdown *markdown, const struct markdown_plan *plan,
                 struct buffer *text)
{
    buffer_clear(text);
    render(text, markdown, plan);
    return text->length <= markdown->options->max_bytes || text->failed;
}

/* The most of one list that fits; 0 when nothing of it does. */
static bool reduce(const struct markdown *markdown, struct markdown_plan *plan, size_t *part,
                   struct buffer *text)
{
    size_t low = 0, high = *part; /* `high` does not fit */
    while (low + 1 < high) {
        *part = low + (high - low) / 2;
        if (fits(markdown, plan, text))
            low = *part;
        else
            high = *part;
    }
    *part = low;
    return fits(markdown, plan, text);
}

/* What is folded goes first, the last rank of it before the first; then what is below the tables,
 * then rows of what changed. The verdict stays. */
static bool fit(const struct markdown *markdown, struct buffer *text)
{
    struct markdown_plan plan = {.changed = MARKDOWN_CHANGED,
                                 .explained = markdown->explained,
                                 .rows = markdown->count,
                                 .rest = true};
    if (plan.changed > markdown->changed)
        plan.changed = markdown->changed;
    if (fits(markdown, &plan, text) || reduce(markdown, &plan, &plan.rows, text) ||
        reduce(markdown, &plan, &plan.explained, text))
        return true;
    plan.rest = false;
    return fits(markdown, &plan, text) || reduce(markdown, &plan, &plan.changed, text);
}

bool markdown_append(struct buffer *out, const struct report *report,
                     const struct markdown_options *options, struct error *err)
{
    struct markdown markdown = {.report = report, .options = options};
    struct buffer text;
    buffer_init(&text, SIZE_MAX / 2);
    if (!fault_book_init(&markdown.book, report, err))
        return false;
    arena_init(&markdown.arena);
    markdown.order = order_endpoints(report->comparison, err);
    bool ok = markdown.order != NULL && markdown_find(&markdown, err);
    if (ok && fit(&markdown, &text))
        buffer_append(out, buffer_text(&text), text.length);
    ok = ok && buffer_check(&text, err) && buffer_check(out, err);
    free(markdown.order);
    arena_release(&markdown.arena);
    fault_book_release(&markdown.book);
    buffer_release(&text);
    return ok;
}

static bool markdown_write(const struct report *report, const struct report_style *style,
                           struct buffer *out, struct error *err)
{
    (void)style;
    struct markdown_options options = {.max_bytes = MARKDOWN_COMMENT_MAX_BYTES, .comment = true};
    return markdown_append(out, report, &options, err);
}

const struct reporter reporter_markdown = {
    .name = "markdown",
    .help = "the comment on a pull request",
    .write = markdown_write,
};
