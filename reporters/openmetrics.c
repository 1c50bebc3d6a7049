#include "reporters/openmetrics.h"

#include "reporters/commands.h"
#include "reporters/provenance.h"
#include "reporters/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_MAX_BYTES = 500 };

void openmetrics_name(enum metric metric, char name[static OPENMETRICS_NAME_SIZE])
{
    const struct metric_info *info = metric_info(metric);
    size_t size = strlen(info->key);
    bool time = info->unit == UNIT_NS && size > 3 && strcmp(info->key + size - 3, "_ns") == 0;
    snprintf(name, OPENMETRICS_NAME_SIZE, "tollgate_%.*s%s", (int)(time ? size - 3 : size),
             info->key, time ? "_seconds" : "");
}

double openmetrics_value(enum metric metric, double value)
{
    return metric_info(metric)->unit == UNIT_NS ? value / 1e9 : value;
}

void openmetrics_append_label(struct buffer *out, const char *text)
{
    struct buffer safe;
    buffer_init(&safe, LABEL_MAX_BYTES);
    words_append_cut(&safe, text, LABEL_MAX_BYTES, false);
    for (const char *at = buffer_text(&safe); *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            buffer_append_char(out, '\\');
        buffer_append_char(out, *at);
    }
    out->failed |= safe.failed;
    buffer_release(&safe);
}

static void begin_family(struct buffer *out, const char *name, const char *unit, const char *help)
{
    buffer_append_format(out, "# TYPE %s gauge\n", name);
    if (unit != NULL)
        buffer_append_format(out, "# UNIT %s %s\n", name, unit);
    buffer_append_format(out, "# HELP %s %s.\n", name, help);
}

static void append_label(struct buffer *out, const char *before, const char *name,
                         const char *value)
{
    buffer_append_format(out, "%s%s=\"", before, name);
    openmetrics_append_label(out, value);
    buffer_append_char(out, '"');
}

static void append_value(struct buffer *out, double value)
{
    buffer_append_format(out, "} %.12g\n", value);
}

static const char *unit_of(enum metric metric)
{
    static const char *const units[] = {
        [UNIT_NS] = "seconds", [UNIT_COUNT] = NULL, [UNIT_BYTES] = "bytes"};
    return units[metric_info(metric)->unit];
}

/* One family a metric: both sides of all endpoints. */
static void append_metric(struct buffer *out, const struct comparison *comparison,
                          enum metric metric)
{
    char name[OPENMETRICS_NAME_SIZE], help[256];
    openmetrics_name(metric, name);
    snprintf(help, sizeof help, "A request: %s", metric_info(metric)->help);
    begin_family(out, name, unit_of(metric), help);
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        const struct endpoint_verdict *endpoint = &comparison->endpoints[i];
        const double values[] = {endpoint->metrics[metric].head, endpoint->metrics[metric].base};
        for (unsigned side = SIDE_HEAD; side < SIDE_COUNT; side++) {
            if (!isfinite(values[side]))
                continue;
            buffer_append_format(out, "%s{", name);
            append_label(out, "", "endpoint", endpoint->name);
            append_label(out, ",", "side", side == SIDE_HEAD ? "head" : "base");
            append_value(out, openmetrics_value(metric, values[side]));
        }
    }
}

/* Which of the three figures of a change. */
struct change_row {
    const char *name, *help;
    size_t offset;
};

static const struct change_row changes[] = {
    {"tollgate_change_ratio", "Change against the base, a fraction of it",
     offsetof(struct metric_verdict, change)},
    {"tollgate_change_low_ratio", "Lower end of the interval of the change",
     offsetof(struct metric_verdict, low)},
    {"tollgate_change_high_ratio", "Upper end of the interval of the change",
     offsetof(struct metric_verdict, high)},
};

static void append_changes(struct buffer *out, const struct comparison *comparison,
                           const struct change_row *row)
{
    begin_family(out, row->name, "ratio", row->help);
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        for (unsigned m = 0; m < METRIC_COUNT; m++) {
            double value;
            memcpy(&value, (const char *)&comparison->endpoints[i].metrics[m] + row->offset,
                   sizeof value);
            if (!isfinite(value))
                continue;
            buffer_append_format(out, "%s{", row->name);
            append_label(out, "", "endpoint", comparison->endpoints[i].name);
            append_label(out, ",", "metric", metric_info((enum metric)m)->key);
            append_value(out, value);
        }
}

/* All states of each endpoint, one of them 1: a state that is left does not stay behind. */
static void append_verdicts(struct buffer *out, const struct comparison *comparison)
{
    static const enum verdict states[] = {VERDICT_PASSED, VERDICT_IMPROVED, VERDICT_INCONCLUSIVE,
                                          VERDICT_REGRESSED};
    begin_family(out, "tollgate_verdict", NULL,
                 "1 for the verdict that the endpoint has; 0 for the others");
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        const struct endpoint_verdict *endpoint = &comparison->endpoints[i];
        for (size_t state = 0; state <= COUNT_OF(states); state++) {
            bool last = state == COUNT_OF(states), invalid = endpoint->invalid != NULL;
            buffer_append_string(out, "tollgate_verdict{");
            append_label(out, "", "endpoint", endpoint->name);
            append_label(out, ",", "verdict", last ? "invalid" : verdict_name(states[state]));
            append_value(out, last ? invalid : !invalid && endpoint->verdict == states[state]);
        }
    }
}

static void append_run(struct buffer *out, const struct report *report)
{
    const struct run *head = report->head;
    const struct run_side *side = &head->sides[SIDE_HEAD], *base = provenance_find_base(report);
    begin_family(out, "tollgate_run_info", NULL, "What was measured; the value is always 1");
    buffer_append_string(out, "tollgate_run_info{");
    append_label(out, "", "version", head->tollgate_version != NULL ? head->tollgate_version : "");
    append_label(out, ",", "created", head->created != NULL ? head->created : "");
    append_label(out, ",", "head", side->commit != NULL ? side->commit : "");
    append_label(out, ",", "base", base != NULL && base->commit != NULL ? base->commit : "");
    append_value(out, 1);
    begin_family(out, "tollgate_exit_code", NULL,
                 "0 passed; 1 regressed; 3 invalid or inconclusive");
    buffer_append_format(out, "tollgate_exit_code %d\n", report->exit_code);
    if (!isfinite(report->comparison->smallest_cpu_change))
        return;
    begin_family(out, "tollgate_smallest_cpu_change_ratio", "ratio",
                 "The smallest slowdown that the run would have caught nine times in ten");
    buffer_append_format(out, "tollgate_smallest_cpu_change_ratio %.12g\n",
                         report->comparison->smallest_cpu_change);
}

static bool openmetrics_write(const struct report *report, const struct report_style *style,
                              struct buffer *out, struct error *err)
{
    (void)style;
    size_t begin = out->length;
    for (unsigned metric = 0; metric < METRIC_COUNT; metric++)
        append_metric(out, report->comparison, (enum metric)metric);
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        append_changes(out, report->comparison, &changes[i]);
    append_verdicts(out, report->comparison);
    append_run(out, report);
    buffer_append_string(out, "# EOF\n");
    commands_replace(out, begin, "##[", "# #[");
    return buffer_check(out, err);
}

const struct reporter reporter_openmetrics = {
    .name = "openmetrics",
    .help = "gauges, for Prometheus and its like",
    .write = openmetrics_write,
};
