/* The report for programs. Values are per request; what was not measured is null with a reason. */
#include "reporters/json.h"

#include "baselines/statistics.h"
#include "reporters/commands.h"
#include "reporters/json_because.h"
#include "reporters/json_parts.h"
#include "reporters/provenance.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPORT_SCHEMA_VERSION = 1,
    REAL_DIGITS = 12, /* far beyond what is measured, and 0.061 stays 0.061 */
};

static json_t *make_verdict(enum verdict verdict)
{
    return verdict == VERDICT_NONE ? json_null() : json_string(verdict_name(verdict));
}

/* The objects below are put together by json_pack, which fails as a whole when a part is NULL and
 * then frees the others. */

static json_t *make_metric(const struct metric_verdict *metric, json_t *because)
{
    return json_pack("{so so so so so so so so so}", "head", json_parts_number(metric->head),
                     "base", json_parts_number(metric->base), "change",
                     json_parts_number(metric->change), "low", json_parts_number(metric->low),
                     "high", json_parts_number(metric->high), "verdict",
                     make_verdict(metric->verdict), "reason",
                     json_parts_text(metric->reason != NULL ? metric->reason : ""), "accepted",
                     json_parts_text(metric->accepted), "because", because);
}

static json_t *make_metrics(const struct report *report, const struct endpoint_verdict *endpoint)
{
    struct because because;
    struct error ignored = {0};
    if (!because_find_all(&because, report, endpoint, &ignored))
        return NULL;
    json_t *metrics = json_object();
    for (unsigned i = 0; metrics != NULL && i < METRIC_COUNT; i++) {
        json_t *why = json_because_make(&because, (enum metric)i);
        if (json_object_set_new(metrics, metric_info((enum metric)i)->key,
                                make_metric(&endpoint->metrics[i], why)) != 0) {
            json_decref(metrics);
            metrics = NULL;
        }
    }
    because_release(&because);
    return metrics;
}

static const char *presence_name(enum endpoint_presence presence)
{
    switch (presence) {
    case ENDPOINT_BOTH:
        return "both";
    case ENDPOINT_NEW:
        return "new";
    case ENDPOINT_REMOVED:
        return "removed";
    }
    BUG("no presence %d", (int)presence);
}

static json_t *make_endpoint(const struct report *report, const struct endpoint_verdict *endpoint)
{
    return json_pack(
        "{so sI so so ss so sb so so}", "endpoint", json_parts_text(endpoint->name), "requests",
        (json_int_t)endpoint->requests, "weight", json_parts_number(endpoint->weight), "verdict",
        make_verdict(endpoint->verdict), "presence", presence_name(endpoint->presence), "metrics",
        make_metrics(report, endpoint), "valid", (int)(endpoint->invalid == NULL), "invalid",
        json_parts_text(endpoint->invalid), "accepted", json_parts_text(endpoint->accepted));
}

static json_t *make_endpoints(const struct report *report)
{
    const struct comparison *comparison = report->comparison;
    json_t *endpoints = json_array();
    for (size_t i = 0; endpoints != NULL && i < comparison->endpoint_count; i++) {
        if (json_array_append_new(endpoints, make_endpoint(report, &comparison->endpoints[i])) !=
            0) {
            json_decref(endpoints);
            return NULL;
        }
    }
    return endpoints;
}

static json_t *make_conservation(const struct conservation *counter)
{
    return json_pack("{so so so}", "endpoints", json_parts_number(counter->endpoints),
                     "unattributed", json_parts_number(counter->unattributed), "total",
                     json_parts_number(counter->total));
}

static json_t *make_pass(const struct pass_result *pass)
{
    bool known = (unsigned)pass->conserved < METRIC_COUNT;
    return json_pack("{so ss so so sI sI sI so s{so so}}", "name", json_parts_text(pass->name),
                     "status", pass_status_name(pass->status), "reason",
                     json_parts_text(pass->reason), "seconds", json_parts_number(pass->seconds),
                     "replicates", (json_int_t)pass->replicates, "requests",
                     (json_int_t)pass->requests, "dropped", (json_int_t)pass->dropped, "conserved",
                     known ? json_string(metric_info(pass->conserved)->key) : json_null(),
                     "conservation", "head", make_conservation(&pass->conservation[SIDE_HEAD]),
                     "base", make_conservation(&pass->conservation[SIDE_BASE]));
}

static json_t *make_passes(const struct run *run)
{
    json_t *passes = json_array();
    for (size_t i = 0; passes != NULL && i < run->pass_count; i++) {
        if (json_array_append_new(passes, make_pass(&run->passes[i])) != 0) {
            json_decref(passes);
            return NULL;
        }
    }
    return passes;
}

static json_t *make_peak(const struct samples *samples)
{
    if (samples->count == 0)
        return json_null();
    double *sorted = calloc(samples->count, sizeof *sorted);
    if (sorted == NULL)
        return NULL;
    memcpy(sorted, samples->values, samples->count * sizeof *sorted);
    statistics_sort_values(sorted, samples->count);
    json_t *peak = json_parts_number(statistics_find_median(sorted, samples->count));
    free(sorted);
    return peak;
}

/* `stored` is when a stored run was taken; NULL = measured in this run. */
static json_t *make_side(const struct run_side *side, const char *stored)
{
    if (side == NULL)
        return json_null();
    return json_pack("{so so sb so so so}", "ref", json_parts_text(side->ref), "commit",
                     json_parts_text(side->commit), "dirty", (int)side->dirty, "build_id",
                     json_parts_text(side->build_id), "stored", json_parts_text(stored),
                     "peak_rss_bytes", make_peak(&side->peak_rss_bytes));
}

static json_t *make_fingerprint(const struct fingerprint *machine)
{
    return json_pack("{so so so sI so so so so}", "cpu_model", json_parts_text(machine->cpu_model),
                     "cpu_flags", json_parts_text(machine->cpu_flags), "virtualization",
                     json_parts_text(machine->virtualization), "cpus", (json_int_t)machine->cpus,
                     "kernel", json_parts_text(machine->kernel), "libc",
                     json_parts_text(machine->libc), "compiler", json_parts_text(machine->compiler),
                     "valgrind", json_parts_text(machine->valgrind));
}

static json_t *make_notes(const struct run *run)
{
    json_t *notes = json_array();
    for (size_t i = 0; notes != NULL && i < run->note_count; i++) {
        if (json_array_append_new(notes, json_parts_text(run->notes[i])) != 0) {
            json_decref(notes);
            return NULL;
        }
    }
    return notes;
}

static json_t *make_report(const struct report *report)
{
    const struct run *head = report->head;
    const struct comparison *comparison = report->comparison;
    const char *stored = NULL;
    if (report->base != NULL)
        stored = report->base->created != NULL ? report->base->created : "";
    return json_pack(
        "{si so si sb so so so so so so so so so so}", "schema_version", REPORT_SCHEMA_VERSION,
        "verdict", make_verdict(comparison->verdict), "exit_code", report->exit_code, "invalid",
        (int)comparison->invalid, "base", make_side(provenance_find_base(report), stored), "head",
        make_side(&head->sides[SIDE_HEAD], NULL), "endpoints", make_endpoints(report), "passes",
        make_passes(head), "fingerprint", make_fingerprint(&head->fingerprint),
        "smallest_cpu_change", json_parts_number(comparison->smallest_cpu_change), "cpu_note",
        json_parts_text(comparison->cpu_note), "notes", make_notes(head), "tollgate_version",
        json_parts_text(head->tollgate_version), "created", json_parts_text(head->created));
}

static int append_bytes(const char *data, size_t size, void *out)
{
    struct buffer *buffer = out;
    buffer_append(buffer, data, size);
    return buffer->failed ? -1 : 0;
}

/* ASCII only, so that hostile names do nothing to a terminal either. */
static bool json_write(const struct report *report, const struct report_style *style,
                       struct buffer *out, struct error *err)
{
    (void)style;
    size_t begin = out->length;
    json_auto_t *json = make_report(report);
    if (json == NULL)
        return error_set_memory(err);
    size_t flags = JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(REAL_DIGITS);
    if (json_dump_callback(json, append_bytes, out, flags) != 0 && !out->failed)
        return error_set_memory(err);
    buffer_append_char(out, '\n');
    commands_replace(out, begin, "\x7f", "\\u007f"); /* which jansson takes for ASCII */
    commands_defuse_json(out, begin);
    return buffer_check(out, err);
}

const struct reporter reporter_json = {
    .name = "json",
    .help = "every figure, for programs; described by report.schema.json",
    .write = json_write,
};
