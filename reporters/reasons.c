#include "reporters/reasons.h"

#include "base/terminal.h"
#include "reporters/because.h"
#include "reporters/cost_lines.h"
#include "reporters/format.h"
#include "reporters/layout.h"
#include "reporters/table.h"

#include <math.h>
#include <string.h>

enum {
    INVALID_SHOWN = 3,    /* endpoints whose wrong answers are shown */
    REGRESSED_SHOWN = 20, /* endpoints explained */
    OTHERS_SHOWN = 5,
    TITLE_COLUMNS = 9, /* of a metric */
    TEXT_MAX_BYTES = 1 << 20,
};

void reasons_append_invalid(struct buffer *out, const struct report_style *style,
                            const struct endpoint_verdict *const *order)
{
    size_t found = 0;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    struct layout_paragraph indented = {(size_t)style->columns, 0, 2};
    for (size_t i = 0; order[i] != NULL; i++) {
        if (order[i]->invalid == NULL || ++found > INVALID_SHOWN)
            continue;
        buffer_append_char(out, '\n');
        buffer_clear(&text);
        layout_append_short(&text, order[i]->name, indented.width, style->utf8);
        out->failed = out->failed || text.failed;
        terminal_append_styled(out, style->color, (struct text_style){.bold = true},
                               buffer_text(&text));
        buffer_append_char(out, '\n');
        buffer_clear(&text);
        layout_append_safe(&text, order[i]->invalid, style->utf8, true);
        out->failed = out->failed || text.failed;
        layout_append_wrapped(out, buffer_text(&text), indented);
    }
    if (found > INVALID_SHOWN) {
        buffer_clear(&text);
        buffer_append_format(&text, "\nand %zu more; -O json has every answer",
                             found - INVALID_SHOWN);
        layout_append_wrapped(out, buffer_text(&text),
                              (struct layout_paragraph){indented.width, 0, 0});
    }
    buffer_release(&text);
}

/* The reason tells the change, and for what is compared exactly the figures too. */
void reasons_append_metric(struct buffer *text, const struct metric_info *info,
                           const struct metric_verdict *metric, bool utf8)
{
    char number[FORMAT_SIZE];
    bool reasoned = metric->reason != NULL && *metric->reason != '\0';
    if (info->kind != METRIC_EXACT || !reasoned) {
        if (isfinite(metric->base)) {
            format_value(metric->base, info->unit, utf8, number);
            buffer_append_format(text, "%s %s ", number, utf8 ? "→" : "->");
        }
        format_value(metric->head, info->unit, utf8, number);
        buffer_append_format(text, "%s%s", number, reasoned ? ", " : "");
    }
    if (reasoned)
        layout_append_safe(text, metric->reason, utf8, true);
}

static void append_metrics(struct buffer *out, const struct report_style *style,
                           const struct endpoint_verdict *endpoint)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    bool narrow = style->columns < LAYOUT_NARROW_COLUMNS;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const struct metric_verdict *metric = &endpoint->metrics[i];
        bool silent = metric->verdict == VERDICT_PASSED || metric->verdict == VERDICT_NONE;
        if (silent && metric->accepted == NULL)
            continue;
        const struct metric_info *info = metric_info((enum metric)i);
        size_t title = 2 + strlen(info->title);
        buffer_append_format(out, "  %s", info->title);
        struct layout_paragraph place = {(size_t)style->columns, title,
                                         narrow ? 4 : 2 + TITLE_COLUMNS};
        buffer_clear(&text);
        layout_pad(&text, title, narrow ? title + 1 : 2 + TITLE_COLUMNS);
        reasons_append_metric(&text, info, metric, style->utf8);
        out->failed = out->failed || text.failed;
        layout_append_wrapped(out, buffer_text(&text), place);
    }
    buffer_release(&text);
}

void reasons_append_endpoint(struct buffer *out, const struct report *report,
                             const struct report_style *style,
                             const struct endpoint_verdict *endpoint, uint64_t *told)
{
    struct buffer name;
    buffer_init(&name, TEXT_MAX_BYTES);
    struct text_style look;
    const char *verdict = table_verdict_word(endpoint, &look);
    size_t room = (size_t)style->columns - strlen(verdict) - 1; /* at least 20 columns in all */
    layout_append_short(&name, endpoint->name, room, style->utf8);
    out->failed = out->failed || name.failed;
    terminal_append_styled(out, style->color, (struct text_style){.bold = true},
                           buffer_text(&name));
    buffer_append_char(out, ' ');
    terminal_append_styled(out, style->color, look, verdict);
    buffer_append_char(out, '\n');
    buffer_release(&name);
    append_metrics(out, style, endpoint);
    cost_lines_append(out, report, style, endpoint, TITLE_COLUMNS);
    because_append(out, report, style, endpoint, told);
}

/* The endpoints whose verdict is shown as `word`. */
static void append_verdict(struct buffer *out, const struct report *report,
                           const struct report_style *style,
                           const struct endpoint_verdict *const *order, const char *word,
                           size_t shown)
{
    size_t found = 0;
    uint64_t told = 0;
    struct text_style ignored;
    for (size_t i = 0; order[i] != NULL; i++) {
        if (order[i]->invalid != NULL || strcmp(table_verdict_word(order[i], &ignored), word) != 0)
            continue;
        if (++found > shown)
            continue;
        if (found == 1)
            buffer_append_char(out, '\n');
        reasons_append_endpoint(out, report, style, order[i], &told);
    }
    if (found <= shown)
        return;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_format(&text, "and %zu more %s; -O json has every reason", found - shown, word);
    layout_append_wrapped(out, buffer_text(&text),
                          (struct layout_paragraph){(size_t)style->columns, 0, 0});
    buffer_release(&text);
}

void reasons_append(struct buffer *out, const struct report *report,
                    const struct report_style *style, const struct endpoint_verdict *const *order)
{
    append_verdict(out, report, style, order, "regressed", REGRESSED_SHOWN);
    append_verdict(out, report, style, order, "inconclusive", OTHERS_SHOWN);
    append_verdict(out, report, style, order, "accepted", REGRESSED_SHOWN);
    append_verdict(out, report, style, order, "improved", OTHERS_SHOWN);
}
