/* Dollars and owners, where they are known. */
#include "reporters/markdown_private.h"
#include "reporters/markdown_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BASIS_MAX_BYTES = 600, OWNERS_SHOWN = 3 };

bool markdown_has_money(const struct report *report)
{
    return report->cost != NULL && report->cost->has_money && report->cost->has_change;
}

bool markdown_has_owners(const struct report *report)
{
    return report->owners != NULL && report->owners->count > 0;
}

static void append_amount(struct buffer *out, const struct cost_report *cost, double micros)
{
    char text[MONEY_SIZE];
    double most = (double)MONEY_MAX_MICROS;
    money_text_change((int64_t)fmax(-most, fmin(most, micros)), cost->currency, true, text);
    buffer_append_string(out, text);
}

/* "+$52.00 to +$78.00" between two texts; nothing for an interval that is none. */
static void append_interval(struct buffer *out, const struct cost_report *cost,
                            const double ends[2], const char *before, const char *after)
{
    if (!isfinite(ends[0]) || !isfinite(ends[1]) || !(ends[0] < ends[1]))
        return;
    buffer_append_string(out, before);
    append_amount(out, cost, ends[0]);
    buffer_append_string(out, "\xc2\xa0to\xc2\xa0");
    append_amount(out, cost, ends[1]);
    buffer_append_string(out, after);
}

void markdown_append_money(struct buffer *out, const struct markdown *markdown)
{
    const struct cost_report *cost = markdown->report->cost;
    if (!markdown_has_money(markdown->report) || cost->total.endpoints == 0)
        return;
    const struct cost_total *total = &cost->total;
    buffer_append_string(out, "**");
    append_amount(out, cost, total->efficiency);
    append_interval(out, cost, (const double[]){total->low, total->high}, " (", ")");
    buffer_append_string(out, " a month**");
    buffer_append_format(out, " from %zu endpoint%s whose cost surely changed.", total->endpoints,
                         total->endpoints == 1 ? "" : "s");
    buffer_append_string(out, " <sub>");
    markdown_append_words(out, cost->basis, BASIS_MAX_BYTES);
    buffer_append_string(out, "</sub>\n\n");
}

void markdown_append_money_cell(struct buffer *out, const struct report *report,
                                const struct endpoint_verdict *endpoint)
{
    size_t number = (size_t)(endpoint - report->comparison->endpoints);
    const struct endpoint_cost *cost =
        number < report->cost->endpoint_count ? &report->cost->endpoints[number] : NULL;
    buffer_append_char(out, ' ');
    if (cost == NULL || !cost->change.sure) {
        buffer_append_string(out, "–");
    } else {
        append_amount(out, report->cost, cost->change.efficiency);
        append_interval(out, report->cost, (const double[]){cost->change.low, cost->change.high},
                        "<br>", "");
    }
    buffer_append_string(out, " |");
}

/* "@team", "@org/team": what may be written so that it calls somebody. */
static bool is_handle(const char *text, size_t size)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
    return size > 1 && size <= 100 && text[0] == '@' && strspn(text + 1, allowed) >= size - 1;
}

static void append_owner(struct buffer *out, const char *owner, size_t size, bool mention)
{
    if (mention && is_handle(owner, size)) {
        buffer_append(out, owner, size);
        return;
    }
    char *copy = strndup(owner, size);
    if (copy == NULL)
        out->failed = true;
    else
        markdown_append_name(out, copy);
    free(copy);
}

/* Named as code, which calls nobody, unless that was asked for. Of several the first. */
void markdown_append_owner(struct buffer *out, const struct report *report,
                           const struct endpoint_verdict *endpoint)
{
    size_t number = (size_t)(endpoint - report->comparison->endpoints), told = 0;
    const char *owner =
        number < report->owners->count ? report->owners->endpoints[number].owner : NULL;
    if (owner == NULL)
        buffer_append_string(out, "unowned");
    while (owner != NULL && told < OWNERS_SHOWN) {
        const char *comma = strstr(owner, ", ");
        size_t size = comma != NULL ? (size_t)(comma - owner) : strlen(owner);
        buffer_append_string(out, told++ > 0 ? ", " : "");
        append_owner(out, owner, size, report->choice.mention);
        owner = comma != NULL ? comma + 2 : NULL;
    }
    buffer_append_string(out, owner != NULL ? " and more" : "");
}
