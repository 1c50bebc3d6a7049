/* What stands below the tables: how to accept a change, and what the report rests on. */
#include "reporters/markdown_private.h"
#include "reporters/markdown_text.h"
#include "reporters/provenance.h"
#include "reporters/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { GROUND_COLUMNS = 88, GROUND_MAX_BYTES = 12000, SHORT_COMMIT = 7, COMMAND_ENDPOINTS = 3 };

/* Run files come from outside: only what is a commit becomes part of a command. */
static bool is_commit(const char *text)
{
    return text != NULL && strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40;
}

static void append_side(struct buffer *out, const struct run_side *side)
{
    bool committed = is_commit(side->commit);
    bool named = side->ref != NULL &&
                 !(committed && strncmp(side->ref, side->commit, strlen(side->ref)) == 0);
    if (named)
        markdown_append_name(out, side->ref);
    if (committed)
        buffer_append_format(out, named ? " (`%.*s`)" : "`%.*s`", SHORT_COMMIT, side->commit);
    else
        buffer_append_string(out, named ? ", not in git" : "a tree that is not in git");
    if (side->dirty)
        buffer_append_string(out, " + changes");
}

void markdown_append_sides(struct buffer *out, const struct report *report)
{
    const struct run_side *base = provenance_find_base(report);
    append_side(out, &report->head->sides[SIDE_HEAD]);
    if (base == NULL)
        return;
    buffer_append_string(out, " against ");
    append_side(out, base);
    if (report->base != NULL)
        buffer_append_string(out, ", a stored run");
}

/* ---- accepting ----------------------------------------------------------------------------- */

static bool is_acceptable(const struct endpoint_verdict *endpoint, enum metric which)
{
    const struct metric_verdict *metric = &endpoint->metrics[which];
    double growth = metric->head - metric->base;
    return metric->verdict == VERDICT_REGRESSED && !metric->over_budget &&
           endpoint->invalid == NULL && growth > 0 && growth < 1e12 &&
           strlen(endpoint->name) <= MARKDOWN_NAME_MAX_BYTES;
}

/* A whole limit that covers it. */
static void append_trailer(struct buffer *out, const struct endpoint_verdict *endpoint,
                           enum metric which)
{
    static const char *const units[] = {[UNIT_NS] = " ns", [UNIT_COUNT] = "", [UNIT_BYTES] = " B"};
    const struct metric_verdict *metric = &endpoint->metrics[which];
    const struct metric_info *info = metric_info(which);
    double most = isfinite(metric->high) ? fmax(metric->high, metric->change) : metric->change;
    buffer_append_string(out, "Tollgate-Accept: ");
    words_append_cut(out, endpoint->name, MARKDOWN_NAME_MAX_BYTES, false);
    if (isfinite(most) && most < 1e6)
        buffer_append_format(out, " %s +%.0f%%", info->key, ceil(100 * most));
    else
        buffer_append_format(out, " %s +%.0f%s", info->key, ceil(metric->head - metric->base),
                             units[info->unit]);
    buffer_append_string(out, " because ...\n");
}

void markdown_append_accept(struct buffer *out, const struct markdown *markdown)
{
    size_t found = 0;
    struct buffer text;
    buffer_init(&text, MARKDOWN_TEXT_MAX);
    for (size_t i = 0; i < markdown->changed; i++)
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            if (is_acceptable(markdown->order[i], (enum metric)m) && ++found <= MARKDOWN_ACCEPTS)
                append_trailer(&text, markdown->order[i], (enum metric)m);
    if (found > 0) {
        buffer_append_string(out, "<details><summary>How to accept it</summary>\n\n"
                                  "If the cost is wanted, say so in a commit message of this "
                                  "change, with the reason:\n");
        markdown_append_block(out, buffer_text(&text));
    }
    if (found > MARKDOWN_ACCEPTS)
        buffer_append_format(out, "And so on for %zu more; a trailer's endpoint may hold `*`.\n\n",
                             found - MARKDOWN_ACCEPTS);
    if (found > 0)
        buffer_append_string(out, "</details>\n");
    out->failed |= text.failed;
    buffer_release(&text);
}

/* ---- what it rests on ---------------------------------------------------------------------- */

/* For a shell that has never seen the name. */
static void append_quoted(struct buffer *out, const char *text)
{
    buffer_append_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buffer_append_string(out, "'\\''");
        else
            buffer_append_char(out, *text);
    }
    buffer_append_char(out, '\'');
}

static void append_endpoints(struct buffer *out, const struct markdown *markdown)
{
    for (size_t i = 0; i < markdown->changed && i < COMMAND_ENDPOINTS; i++) {
        struct buffer safe;
        buffer_init(&safe, MARKDOWN_TEXT_MAX);
        words_append_cut(&safe, markdown->order[i]->name, 4 * MARKDOWN_NAME_MAX_BYTES, false);
        out->failed |= safe.failed;
        if (strlen(markdown->order[i]->name) <= MARKDOWN_NAME_MAX_BYTES) {
            buffer_append_string(out, " \\\n    --endpoint ");
            append_quoted(out, buffer_text(&safe));
        }
        buffer_release(&safe);
    }
}

/* How to see it again: the base's commit is built anew, whatever it was measured as here. */
static void append_command(struct buffer *out, const struct markdown *markdown)
{
    const struct run *head = markdown->report->head;
    const struct run_side *side = &head->sides[SIDE_HEAD];
    const struct run_side *base = provenance_find_base(markdown->report);
    struct buffer text;
    if (base == NULL || !is_commit(base->commit))
        return;
    buffer_init(&text, MARKDOWN_TEXT_MAX);
    if (is_commit(side->commit) && !side->dirty)
        buffer_append_format(&text, "git checkout %s\n", side->commit);
    buffer_append_format(&text, "tollgate bench --base %s --seed %" PRIu64, base->commit,
                         head->seed);
    append_endpoints(&text, markdown);
    buffer_append_string(out, "To measure it again");
    buffer_append_string(out, side->dirty ? ", in the tree with the changes:\n" : ":\n");
    markdown_append_block(out, buffer_text(&text));
    out->failed |= text.failed;
    buffer_release(&text);
}

void markdown_append_ground(struct buffer *out, const struct markdown *markdown)
{
    static const struct report_style style = {.columns = GROUND_COLUMNS, .utf8 = true};
    struct buffer text, cut;
    buffer_init(&text, MARKDOWN_TEXT_MAX);
    buffer_init(&cut, MARKDOWN_TEXT_MAX);
    provenance_append(&text, markdown->report, &style);
    words_append_cut(&cut, buffer_text(&text), GROUND_MAX_BYTES, true);
    out->failed |= text.failed || cut.failed;
    buffer_append_string(out, "<details><summary>What this rests on</summary>\n");
    markdown_append_block(out, buffer_text(&cut));
    append_command(out, markdown);
    buffer_append_string(out, "</details>\n");
    buffer_release(&text);
    buffer_release(&cut);
}
