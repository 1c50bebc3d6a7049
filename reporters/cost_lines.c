#include "reporters/cost_lines.h"

#include "reporters/cost_words.h"
#include "reporters/layout.h"

#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 20, INDENT = 2, NARROW_INDENT = 4 };

static void append_line(struct buffer *out, const struct report_style *style, const char *label,
                        const char *value, size_t title_columns)
{
    bool narrow = style->columns < LAYOUT_NARROW_COLUMNS;
    size_t title = INDENT + strlen(label);
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_format(out, "  %s", label);
    layout_pad(&text, title, narrow ? title + 1 : INDENT + title_columns);
    layout_append_safe(&text, value, style->utf8, false);
    out->failed = out->failed || text.failed;
    layout_append_wrapped(
        out, buffer_text(&text),
        (struct layout_paragraph){(size_t)style->columns, title,
                                  narrow ? NARROW_INDENT : INDENT + title_columns});
    buffer_release(&text);
}

/* An amount of money only: without a bill, the change in CPU time has been told already. */
static void append_cost(struct buffer *out, const struct report *report,
                        const struct report_style *style, const char *endpoint,
                        size_t title_columns)
{
    char text[COST_WORDS_SIZE];
    const struct endpoint_cost *cost = cost_endpoint(report->cost, endpoint);
    if (cost == NULL || !report->cost->has_money)
        return;
    cost_words_change(report->cost, &cost->change, style->utf8, text);
    if (*text != '\0')
        append_line(out, style, "cost", text, title_columns);
}

/* "team-feed (.github/CODEOWNERS:12)" */
static void append_owner(struct buffer *out, const struct report *report,
                         const struct report_style *style, const char *endpoint,
                         size_t title_columns)
{
    struct buffer text;
    const struct endpoint_owner *owner = owners_endpoint(report->owners, endpoint);
    if (owner == NULL)
        return;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_string(&text, owner->owner != NULL ? owner->owner : "unowned");
    if (owner->rule != NULL)
        buffer_append_format(&text, " (%s)", owner->rule);
    out->failed = out->failed || text.failed;
    append_line(out, style, "owner", buffer_text(&text), title_columns);
    buffer_release(&text);
}

void cost_lines_append(struct buffer *out, const struct report *report,
                       const struct report_style *style, const struct endpoint_verdict *endpoint,
                       size_t title_columns)
{
    append_cost(out, report, style, endpoint->name, title_columns);
    append_owner(out, report, style, endpoint->name, title_columns);
}
