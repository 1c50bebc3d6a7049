#include "reporters/gitlab.h"

#include "reporters/commands.h"
#include "reporters/finding.h"
#include "reporters/finding_json.h"
#include "reporters/openmetrics.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FINDINGS_MAX = 5000, NOISY_DIGITS = 2, EXACT_DIGITS = 4 };

/* ---- metrics ------------------------------------------------------------------------------- */

/* So many significant digits, never with an exponent: a person reads them, too. */
static void append_quantised(struct buffer *out, double value, int digits)
{
    char text[64];
    double size = fabs(value);
    int decimals = size > 0 ? digits - 1 - (int)floor(log10(size)) : 0;
    double step = decimals < 0 ? pow(10, -decimals) : 1;
    if (size > 1e15 || decimals > 30) {
        buffer_append_format(out, "%.*e\n", digits - 1, value);
        return;
    }
    if (decimals < 0)
        value = round(value / step) * step;
    snprintf(text, sizeof text, "%.*f", decimals > 0 ? decimals : 0, value);
    size_t length = strlen(text);
    while (strchr(text, '.') != NULL && strchr(".0", text[length - 1]) != NULL)
        text[--length] = '\0';
    buffer_append_format(out, "%s\n", text);
}

static void append_family(struct buffer *out, const struct comparison *comparison,
                          enum metric metric)
{
    char name[OPENMETRICS_NAME_SIZE];
    bool exact = metric_info(metric)->kind == METRIC_EXACT;
    openmetrics_name(metric, name);
    buffer_append_format(out, "# TYPE %s gauge\n# HELP %s A request: %s.\n", name, name,
                         metric_info(metric)->help);
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        double value = openmetrics_value(metric, comparison->endpoints[i].metrics[metric].head);
        if (!isfinite(value))
            continue;
        buffer_append_format(out, "%s{endpoint=\"", name);
        openmetrics_append_label(out, comparison->endpoints[i].name);
        buffer_append_string(out, "\"} ");
        append_quantised(out, value, exact ? EXACT_DIGITS : NOISY_DIGITS);
    }
}

static bool gitlab_metrics_write(const struct report *report, const struct report_style *style,
                                 struct buffer *out, struct error *err)
{
    (void)style;
    size_t begin = out->length;
    for (unsigned metric = 0; metric < METRIC_COUNT; metric++)
        if (metric_info((enum metric)metric)->kind != METRIC_INFORMATIONAL)
            append_family(out, report->comparison, (enum metric)metric);
    buffer_append_string(out, "# EOF\n");
    commands_replace(out, begin, "##[", "# #[");
    return buffer_check(out, err);
}

const struct reporter reporter_gitlab_metrics = {
    .name = "gitlab-metrics",
    .help = "the metrics report of a merge request on GitLab",
    .write = gitlab_metrics_write,
};

/* ---- code quality -------------------------------------------------------------------------- */

static const char *severity(const struct finding *finding)
{
    if (finding->metric == METRIC_COUNT)
        return "blocker";
    switch (finding->level) {
    case FINDING_ERROR:
        return "major";
    case FINDING_WARNING:
        return "minor";
    case FINDING_NOTICE:
        return "info";
    }
    BUG("no level %d", (int)finding->level);
}

static json_t *make_finding(const struct finding *finding)
{
    char print[FINDING_PRINT_SIZE];
    finding_print(finding, print);
    const struct profile_frame *place = finding->place;
    return json_pack("{so ss ss ss s{so s{sI}}}", "description", finding_json_message(finding),
                     "check_name", finding_key(finding), "fingerprint", print, "severity",
                     severity(finding), "location", "path",
                     finding_json_text(place != NULL ? place->file : FINDING_NOWHERE), "lines",
                     "begin", place != NULL ? (json_int_t)place->line : (json_int_t)1);
}

static json_t *make_left_off(size_t count)
{
    char text[128];
    snprintf(text, sizeof text, "and %zu findings more, which are in the full report", count);
    return json_pack("{ss ss ss ss s{ss s{si}}}", "description", text, "check_name", "left-off",
                     "fingerprint", "tollgate-left-off", "severity", "info", "location", "path",
                     FINDING_NOWHERE, "lines", "begin", 1);
}

static bool gitlab_quality_write(const struct report *report, const struct report_style *style,
                                 struct buffer *out, struct error *err)
{
    (void)style;
    struct finding_list findings;
    if (!finding_list_make(&findings, report, FINDINGS_MAX, err))
        return false;
    json_auto_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < findings.count; i++)
        ok = json_array_append_new(list, make_finding(&findings.items[i])) == 0;
    if (ok && findings.left_off > 0)
        ok = json_array_append_new(list, make_left_off(findings.left_off)) == 0;
    finding_list_release(&findings);
    return ok ? finding_json_dump(list, out, err) : error_set_memory(err);
}

const struct reporter reporter_gitlab_quality = {
    .name = "gitlab-quality",
    .help = "the code quality report of a merge request on GitLab",
    .write = gitlab_quality_write,
};
