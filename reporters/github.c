#include "reporters/github.h"

#include "reporters/commands.h"
#include "reporters/finding.h"
#include "reporters/github_files.h"
#include "reporters/words.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    FINDINGS_MAX = 100000, /* more than a run has */
    LINES_SHOWN = 8,       /* of an annotation */
    NAME_MAX_BYTES = 120,
    PATH_MAX_BYTES = 1000,
    TEXT_MAX_BYTES = 1 << 20,
};

/* Findings of one level in one place; where no line is known, of one endpoint. */
struct note {
    size_t first;
    size_t endpoints;
    const struct endpoint_verdict *last; /* one's findings follow each other */
};

static const char *level_name(enum finding_level level)
{
    static const char *const names[] = {
        [FINDING_ERROR] = "error", [FINDING_WARNING] = "warning", [FINDING_NOTICE] = "notice"};
    return names[level];
}

static bool belongs(const struct finding *to, const struct finding *finding)
{
    if (to->level != finding->level)
        return false;
    if (to->place == NULL || finding->place == NULL)
        return to->place == finding->place && to->endpoint == finding->endpoint;
    return fault_same_place(to->place, finding->place);
}

static struct note *collect_notes(const struct finding_list *findings, size_t *count)
{
    struct note *notes = calloc(findings->count + 1, sizeof *notes);
    *count = 0;
    for (size_t i = 0; notes != NULL && i < findings->count; i++) {
        size_t at = 0;
        while (at < *count && !belongs(&findings->items[notes[at].first], &findings->items[i]))
            at++;
        if (at == *count)
            notes[(*count)++] = (struct note){.first = i};
        notes[at].endpoints += notes[at].last != findings->items[i].endpoint;
        notes[at].last = findings->items[i].endpoint;
    }
    return notes;
}

static void append_title(struct buffer *text, const struct finding *finding, size_t endpoints)
{
    words_append_cut(text, finding->endpoint->name, NAME_MAX_BYTES, false);
    if (endpoints > 1)
        buffer_append_format(text, " and %zu more", endpoints - 1);
    buffer_append_string(text, finding->metric == METRIC_COUNT     ? " answered wrongly"
                               : finding->level == FINDING_WARNING ? " could not be decided"
                               : finding->level == FINDING_NOTICE  ? " got dearer, as accepted"
                               : finding->endpoint->metrics[finding->metric].over_budget
                                   ? " is over its budget"
                                   : " got dearer");
}

/* A line a finding, of one with its reason; then what is to blame. */
static void append_message(struct buffer *text, const struct finding_list *findings,
                           const struct note *note)
{
    const struct finding *first = &findings->items[note->first];
    size_t told = 0, left = 0;
    for (size_t i = note->first; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (!belongs(first, finding))
            continue;
        if (told == LINES_SHOWN) {
            left++;
            continue;
        }
        buffer_append_string(text, told++ > 0 ? "\n" : "");
        if (note->endpoints == 1 && finding->metric != METRIC_COUNT)
            buffer_append_format(text, "%s ", metric_info(finding->metric)->title);
        if (note->endpoints == 1)
            finding_append_reason(text, finding);
        else
            finding_append_title(text, finding);
    }
    if (left > 0)
        buffer_append_format(text, "\nand %zu more", left);
    if (first->because != NULL)
        buffer_append_format(text, "\n%s", first->because);
}

static void append_command(struct buffer *out, const struct finding_list *findings,
                           const struct note *note)
{
    const struct finding *first = &findings->items[note->first];
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_format(out, "::%s ", level_name(first->level));
    if (first->place != NULL) {
        words_append_cut(&text, first->place->file, PATH_MAX_BYTES, false);
        buffer_append_string(out, "file=");
        out->failed |= text.failed;
        commands_append_property(out, buffer_text(&text));
        buffer_append_format(out, ",line=%u,", first->place->line);
        buffer_clear(&text);
    }
    buffer_append_string(out, "title=");
    append_title(&text, first, note->endpoints);
    out->failed |= text.failed;
    commands_append_property(out, buffer_text(&text));
    buffer_clear(&text);
    buffer_append_string(out, "::");
    append_message(&text, findings, note);
    commands_append_data(out, buffer_text(&text));
    buffer_append_char(out, '\n');
    out->failed |= text.failed;
    buffer_release(&text);
}

/* The last of a level says how many there would be. */
static void append_level(struct buffer *out, const struct finding_list *findings,
                         const struct note *notes, size_t count, enum finding_level level)
{
    size_t total = 0, told = 0;
    for (size_t i = 0; i < count; i++)
        total += findings->items[notes[i].first].level == level;
    size_t shown = total > GITHUB_ANNOTATIONS_MAX ? GITHUB_ANNOTATIONS_MAX - 1 : total;
    for (size_t i = 0; i < count; i++)
        if (findings->items[notes[i].first].level == level && told++ < shown)
            append_command(out, findings, &notes[i]);
    if (total > shown)
        buffer_append_format(out,
                             "::%s title=tollgate::and %zu more such places; the summary of "
                             "the job has them\n",
                             level_name(level), total - shown);
}

bool github_append_annotations(struct buffer *out, const struct report *report, struct error *err)
{
    struct finding_list findings;
    size_t count, begin = out->length;
    if (!finding_list_make(&findings, report, FINDINGS_MAX, err))
        return false;
    struct note *notes = collect_notes(&findings, &count);
    for (unsigned level = FINDING_ERROR; notes != NULL && level <= FINDING_NOTICE; level++)
        append_level(out, &findings, notes, count, (enum finding_level)level);
    commands_replace(out, begin, "##[", "#\\#[");
    bool ok = notes != NULL ? buffer_check(out, err) : error_set_memory(err);
    free(notes);
    finding_list_release(&findings);
    return ok;
}

static void append_output(struct buffer *out, const char *name, const char *value,
                          const char *delimiter)
{
    buffer_append_format(out, "%s<<%s\n%s\n%s\n", name, delimiter, value, delimiter);
}

static void append_count(struct buffer *out, const char *name, size_t count, const char *delimiter)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", count);
    append_output(out, name, text, delimiter);
}

void github_append_outputs(struct buffer *out, const struct report *report, const char *delimiter)
{
    const struct comparison *comparison = report->comparison;
    size_t counts[VERDICT_REGRESSED + 1] = {0}, invalid = 0;
    char code[16];
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        invalid += comparison->endpoints[i].invalid != NULL;
        counts[comparison->endpoints[i].verdict] += comparison->endpoints[i].invalid == NULL;
    }
    snprintf(code, sizeof code, "%d", report->exit_code);
    append_output(out, "verdict",
                  comparison->invalid                   ? "invalid"
                  : comparison->verdict == VERDICT_NONE ? "measured"
                                                        : verdict_name(comparison->verdict),
                  delimiter);
    append_output(out, "exit_code", code, delimiter);
    append_count(out, "endpoints", comparison->endpoint_count, delimiter);
    append_count(out, "regressed", counts[VERDICT_REGRESSED], delimiter);
    append_count(out, "inconclusive", counts[VERDICT_INCONCLUSIVE], delimiter);
    append_count(out, "improved", counts[VERDICT_IMPROVED], delimiter);
    append_count(out, "invalid", invalid, delimiter);
}

static bool github_write(const struct report *report, const struct report_style *style,
                         struct buffer *out, struct error *err)
{
    (void)style;
    return github_append_annotations(out, report, err);
}

const struct reporter reporter_github = {
    .name = "github",
    .help = "annotations, and the files that a step of GitHub Actions has",
    .write = github_write,
    .deliver = github_deliver,
};
