#include "reporters/csv.h"

#include "reporters/commands.h"
#include "reporters/fault.h"
#include "reporters/order.h"
#include "reporters/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 4000 }; /* of a field; the JSON report has all of it */

static void append_text(struct buffer *out, const char *text)
{
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    if (text != NULL)
        words_append_cut(&safe, text, TEXT_MAX_BYTES, false);
    const char *at = buffer_text(&safe);
    buffer_append_char(out, '"');
    if (*at != '\0' && strchr("=+-@", *at) != NULL)
        buffer_append_char(out, '\'');
    for (; *at != '\0'; at++) {
        buffer_append_char(out, *at);
        if (*at == '"')
            buffer_append_char(out, '"');
    }
    buffer_append_char(out, '"');
    out->failed |= safe.failed;
    buffer_release(&safe);
}

static void append_number(struct buffer *out, double value)
{
    if (isfinite(value))
        buffer_append_format(out, ",%.12g", value);
    else
        buffer_append_char(out, ',');
}

static void append_field(struct buffer *out, const char *text)
{
    buffer_append_char(out, ',');
    append_text(out, text);
}

static const char *unit_name(enum metric_unit unit)
{
    static const char *const names[] = {
        [UNIT_NS] = "ns", [UNIT_COUNT] = "count", [UNIT_BYTES] = "bytes"};
    return names[unit];
}

static const char *verdict_word(const struct endpoint_verdict *endpoint,
                                const struct metric_verdict *metric)
{
    if (endpoint->invalid != NULL)
        return "invalid";
    return metric->accepted != NULL ? "accepted" : verdict_name(metric->verdict);
}

/* The line that is most at fault for what got dearer. */
static bool append_place(struct buffer *out, struct fault_book *book,
                         const struct endpoint_verdict *endpoint, enum metric metric)
{
    struct fault own;
    const struct fault *fault = NULL;
    const struct profile_frame *place = NULL;
    bool dearer = endpoint->metrics[metric].verdict == VERDICT_REGRESSED ||
                  endpoint->metrics[metric].accepted != NULL;
    if (dearer && (fault = fault_book_find(book, endpoint)) == NULL)
        return false;
    if (dearer) {
        fault_of_metric(&own, fault, metric);
        place = fault_find_line(&own);
    }
    append_field(out, place != NULL ? place->file : NULL);
    if (place != NULL)
        buffer_append_format(out, ",%" PRIu32, place->line);
    else
        buffer_append_char(out, ',');
    return true;
}

/* Only CPU time has a price, or instructions where that was not measured. */
static void append_money(struct buffer *out, const struct report *report,
                         const struct endpoint_verdict *endpoint, enum metric metric)
{
    size_t number = (size_t)(endpoint - report->comparison->endpoints);
    const struct cost_report *cost = report->cost;
    const struct cost_change *change = NULL;
    if (cost != NULL && cost->has_money && number < cost->endpoint_count)
        change = &cost->endpoints[number].change;
    if (change != NULL && (!change->sure || change->metric != metric))
        change = NULL;
    append_number(out, change != NULL ? change->efficiency / MONEY_MICROS : NAN);
    append_number(out, change != NULL ? change->low / MONEY_MICROS : NAN);
    append_number(out, change != NULL ? change->high / MONEY_MICROS : NAN);
    append_field(out, change != NULL ? cost->currency : NULL);
}

static void append_owner(struct buffer *out, const struct report *report,
                         const struct endpoint_verdict *endpoint)
{
    size_t number = (size_t)(endpoint - report->comparison->endpoints);
    const struct owners *owners = report->owners;
    append_field(out,
                 owners != NULL && number < owners->count ? owners->endpoints[number].owner : NULL);
}

static bool append_row(struct buffer *out, struct fault_book *book,
                       const struct endpoint_verdict *endpoint, enum metric which)
{
    const struct report *report = book->report;
    const struct metric_info *info = metric_info(which);
    const struct metric_verdict *metric = &endpoint->metrics[which];
    append_text(out, endpoint->name);
    buffer_append_format(out, ",\"%s\",\"%s\",%" PRId64, info->key, unit_name(info->unit),
                         endpoint->requests);
    append_number(out, endpoint->weight);
    append_number(out, metric->head);
    append_number(out, metric->base);
    append_number(out, metric->head - metric->base);
    append_number(out, metric->change);
    append_number(out, metric->low);
    append_number(out, metric->high);
    append_field(out, verdict_word(endpoint, metric));
    append_field(out, endpoint->invalid != NULL ? endpoint->invalid : metric->reason);
    bool ok = append_place(out, book, endpoint, which);
    append_owner(out, report, endpoint);
    append_money(out, report, endpoint, which);
    buffer_append_string(out, "\r\n");
    return ok;
}

static bool csv_write(const struct report *report, const struct report_style *style,
                      struct buffer *out, struct error *err)
{
    (void)style;
    size_t begin = out->length;
    struct fault_book book;
    if (!fault_book_init(&book, report, err))
        return false;
    const struct endpoint_verdict **order = order_endpoints(report->comparison, err);
    bool ok = order != NULL;
    buffer_append_string(out,
                         "endpoint,metric,unit,requests,weight,head,base,delta,change,low,high,"
                         "verdict,reason,file,line,owner,month,month_low,month_high,currency"
                         "\r\n");
    for (size_t i = 0; ok && order[i] != NULL; i++)
        for (unsigned metric = 0; ok && metric < METRIC_COUNT; metric++)
            ok = append_row(out, &book, order[i], (enum metric)metric) || error_set_memory(err);
    free(order);
    fault_book_release(&book);
    commands_defuse_text(out, begin);
    return ok && buffer_check(out, err);
}

const struct reporter reporter_csv = {
    .name = "csv",
    .help = "a row an endpoint and metric, for spreadsheets",
    .write = csv_write,
};
