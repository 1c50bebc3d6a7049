#include "reporters/sarif.h"

#include "reporters/finding_json.h"
#include "reporters/json_parts.h"
#include "reporters/markdown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { URI_MAX_BYTES = 6000 };

/* ---- rules --------------------------------------------------------------------------------- */

static json_t *make_rule(const char *id, const char *title, const char *help)
{
    char full[512];
    snprintf(full, sizeof full,
             "%s. A finding says by how much it grew, how sure that is, and "
             "which line is most at fault.",
             help);
    return json_pack("{ss ss s{ss} s{ss} s{ss} s{s[s]}}", "id", id, "name", title,
                     "shortDescription", "text", help, "fullDescription", "text", full, "help",
                     "text", full, "properties", "tags", "performance");
}

/* By metric, and the wrong answers last: the index of a rule is its metric. */
static json_t *make_rules(void)
{
    json_t *rules = json_array();
    for (unsigned i = 0; rules != NULL && i <= METRIC_COUNT; i++) {
        char help[300] = "The gateway answers other than was recorded", title[100] = "WrongAnswer";
        const char *id = "wrong-answer";
        if (i < METRIC_COUNT) {
            const struct metric_info *info = metric_info((enum metric)i);
            id = info->key;
            snprintf(title, sizeof title, "Costs more: %s", info->title);
            snprintf(help, sizeof help, "An endpoint costs more a request: %s", info->help);
        }
        if (json_array_append_new(rules, make_rule(id, title, help)) != 0) {
            json_decref(rules);
            return NULL;
        }
    }
    return rules;
}

/* ---- results ------------------------------------------------------------------------------- */

/* A path from the root of the tree as a relative URI. */
static json_t *make_uri(const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    struct buffer uri;
    buffer_init(&uri, URI_MAX_BYTES);
    for (size_t i = 0; path[i] != '\0' && uri.length + 3 <= URI_MAX_BYTES; i++) {
        if (strchr(plain, path[i]) != NULL)
            buffer_append_char(&uri, path[i]);
        else
            buffer_append_format(&uri, "%%%02X", (unsigned)(unsigned char)path[i]);
    }
    json_t *json = uri.failed ? NULL : json_string(buffer_text(&uri));
    buffer_release(&uri);
    return json;
}

static json_t *make_location(const struct finding *finding)
{
    const struct profile_frame *place = finding->place;
    return json_pack(
        "{s{s{so ss} s{sI}} s[{so ss}]}", "physicalLocation", "artifactLocation", "uri",
        make_uri(place != NULL ? place->file : FINDING_NOWHERE), "uriBaseId", "%SRCROOT%", "region",
        "startLine", place != NULL ? (json_int_t)place->line : (json_int_t)1, "logicalLocations",
        "fullyQualifiedName", finding_json_text(finding->endpoint->name), "kind", "resource");
}

static json_t *make_properties(const struct finding *finding)
{
    if (finding->metric == METRIC_COUNT)
        return json_pack("{so}", "endpoint", finding_json_text(finding->endpoint->name));
    const struct metric_verdict *metric = &finding->endpoint->metrics[finding->metric];
    return json_pack(
        "{so ss so so so so so}", "endpoint", finding_json_text(finding->endpoint->name), "metric",
        finding_key(finding), "head", json_parts_number(metric->head), "base",
        json_parts_number(metric->base), "change", json_parts_number(metric->change), "low",
        json_parts_number(metric->low), "high", json_parts_number(metric->high));
}

/* The fingerprint is of what stays while lines move: a finding keeps its history. */
static json_t *make_result(const struct finding *finding)
{
    static const char *const levels[] = {
        [FINDING_ERROR] = "error", [FINDING_WARNING] = "warning", [FINDING_NOTICE] = "note"};
    char print[FINDING_PRINT_SIZE];
    finding_print(finding, print);
    return json_pack("{ss si ss s{so} s[o] s{ss ss} so}", "ruleId", finding_key(finding),
                     "ruleIndex", (int)finding->metric, "level", levels[finding->level], "message",
                     "text", finding_json_message(finding), "locations", make_location(finding),
                     "partialFingerprints", "tollgateFinding/v1", print, "primaryLocationLineHash",
                     print, "properties", make_properties(finding));
}

static json_t *make_results(const struct finding_list *findings)
{
    json_t *results = json_array();
    for (size_t i = 0; results != NULL && i < findings->count; i++) {
        if (json_array_append_new(results, make_result(&findings->items[i])) != 0) {
            json_decref(results);
            return NULL;
        }
    }
    return results;
}

/* ---- the run ------------------------------------------------------------------------------- */

static json_t *make_invocation(const struct report *report, const struct finding_list *findings)
{
    char text[128];
    json_t *notices = json_array();
    snprintf(text, sizeof text, "%zu more findings, of lesser rank, are left off",
             findings->left_off);
    if (notices != NULL && findings->left_off > 0 &&
        json_array_append_new(
            notices, json_pack("{ss s{ss}}", "level", "warning", "message", "text", text)) != 0) {
        json_decref(notices);
        notices = NULL;
    }
    return json_pack("{sb si so}", "executionSuccessful", (int)!report->comparison->invalid,
                     "exitCode", report->exit_code, "toolExecutionNotifications", notices);
}

static json_t *make_log(const struct report *report, const struct finding_list *findings)
{
    const char *version = report->head->tollgate_version;
    const char *key = report->choice.key;
    char category[MARKDOWN_KEY_MAX_BYTES + 16];
    snprintf(category, sizeof category, "tollgate/%s/",
             key != NULL && markdown_is_key(key) ? key : "default");
    return json_pack("{ss ss s[{s{s{ss so so}} s{ss} s[o] s{s{s{ss}}} ss so}]}", "$schema",
                     "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
                     "tool", "driver", "name", "tollgate", "version",
                     finding_json_text(version != NULL ? version : ""), "rules", make_rules(),
                     "automationDetails", "id", category, "invocations",
                     make_invocation(report, findings), "originalUriBaseIds", "%SRCROOT%",
                     "description", "text", "The root of the repository", "columnKind",
                     "unicodeCodePoints", "results", make_results(findings));
}

static bool sarif_write(const struct report *report, const struct report_style *style,
                        struct buffer *out, struct error *err)
{
    (void)style;
    struct finding_list findings;
    if (!finding_list_make(&findings, report, SARIF_RESULTS_MAX, err))
        return false;
    json_auto_t *log = make_log(report, &findings);
    finding_list_release(&findings);
    return log != NULL ? finding_json_dump(log, out, err) : error_set_memory(err);
}

const struct reporter reporter_sarif = {
    .name = "sarif",
    .help = "SARIF 2.1.0, for code scanning",
    .write = sarif_write,
};
