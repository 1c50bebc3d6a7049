#include "reporters/junit.h"

#include "base/markup.h"
#include "reporters/commands.h"
#include "reporters/finding.h"
#include "reporters/order.h"
#include "reporters/provenance.h"
#include "reporters/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX_BYTES = 1 << 20,
    ACCEPTED_MAX_BYTES = 1 << 26,
    NAME_MAX_BYTES = 300,
    NUMBER_SIZE = 32
};

/* What became of a test case. */
enum outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_ERROR, OUTCOME_SKIPPED, OUTCOME_COUNT };

struct junit {
    struct buffer *out;
    const struct report *report;
    const struct endpoint_verdict **order;
    size_t suites;
    struct fault_book book;
    struct buffer accepted; /* of the suite: what passed only because it was; cases have no place */
};

struct tally {
    size_t outcomes[OUTCOME_COUNT];
};

static size_t tally_total(const struct tally *tally)
{
    size_t total = 0;
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        total += tally->outcomes[i];
    return total;
}

/* What is shown and never gated is no test, unless a budget made it one. */
static bool is_test(const struct metric_verdict *metric, const struct metric_info *info)
{
    return info->kind != METRIC_INFORMATIONAL || metric->verdict != VERDICT_NONE;
}

/* Undecided is an error, as it is for the exit code, unless that was allowed. */
static enum outcome find_outcome(const struct report *report, const struct metric_verdict *metric)
{
    switch (metric->verdict) {
    case VERDICT_REGRESSED:
        return OUTCOME_FAILED;
    case VERDICT_INCONCLUSIVE:
        return report->exit_code == 0 ? OUTCOME_SKIPPED : OUTCOME_ERROR;
    case VERDICT_PASSED:
    case VERDICT_IMPROVED:
        return OUTCOME_PASSED;
    case VERDICT_NONE:
        break;
    }
    return OUTCOME_SKIPPED;
}

static enum finding_level find_level(const struct metric_verdict *metric)
{
    if (metric->verdict == VERDICT_INCONCLUSIVE)
        return FINDING_WARNING;
    return metric->accepted != NULL ? FINDING_NOTICE : FINDING_ERROR;
}

/* ---- test cases ---------------------------------------------------------------------------- */

static void append_outcome(struct junit *junit, enum outcome outcome, const char *type,
                           const char *title, const char *text)
{
    struct buffer *out = junit->out;
    if (outcome == OUTCOME_SKIPPED)
        markup_empty(out, "skipped", "message", text, NULL);
    else if (outcome != OUTCOME_PASSED)
        markup_element(out, outcome == OUTCOME_FAILED ? "failure" : "error", text, "message", title,
                       "type", type, NULL);
    else if (*text != '\0')
        buffer_append_format(&junit->accepted, "%s: %s\n", title, text);
}

/* Reason and place, for those that have something to say. */
static bool append_metric_outcome(struct junit *junit, const struct finding *finding,
                                  enum outcome outcome)
{
    const struct metric_verdict *metric = &finding->endpoint->metrics[finding->metric];
    struct buffer title, text;
    struct fault own = {0};
    const struct fault *fault = NULL;
    bool dearer = metric->verdict == VERDICT_REGRESSED || metric->accepted != NULL;
    buffer_init(&title, TEXT_MAX_BYTES);
    buffer_init(&text, TEXT_MAX_BYTES);
    if (dearer && (fault = fault_book_find(&junit->book, finding->endpoint)) != NULL)
        fault_of_metric(&own, fault, finding->metric);
    bool ok = !dearer || fault != NULL;
    finding_append_title(&title, finding);
    if (outcome != OUTCOME_PASSED || metric->accepted != NULL)
        finding_append_reason(&text, finding);
    for (size_t i = 0; ok && i < own.place_count; i++) {
        buffer_append_char(&text, '\n');
        fault_append_place(&text, &own, own.places[i], true);
    }
    append_outcome(junit, outcome, verdict_name(metric->verdict), buffer_text(&title),
                   buffer_text(&text));
    ok = ok && !title.failed && !text.failed;
    buffer_release(&title);
    buffer_release(&text);
    return ok;
}

static void open_case(struct junit *junit, const char *key, const char *title,
                      const struct endpoint_verdict *endpoint)
{
    struct buffer name;
    char class[80];
    buffer_init(&name, TEXT_MAX_BYTES);
    words_append_cut(&name, endpoint->name, NAME_MAX_BYTES, false);
    buffer_append_format(&name, ": %s", title);
    snprintf(class, sizeof class, "tollgate.%s", key);
    markup_open(junit->out, "testcase", "classname", class, "name", buffer_text(&name), "time", "0",
                NULL);
    junit->out->failed |= name.failed;
    buffer_release(&name);
}

static void close_case(struct junit *junit)
{
    markup_close(junit->out, "testcase");
    buffer_append_char(junit->out, '\n');
}

/* ---- suites -------------------------------------------------------------------------------- */

static bool is_of_pass(enum metric metric, const char *pass)
{
    return strcmp(metric_info(metric)->pass, pass) == 0;
}

static void count_pass(const struct junit *junit, const char *pass, struct tally *tally)
{
    for (size_t i = 0; junit->order[i] != NULL; i++)
        for (unsigned m = 0; m < METRIC_COUNT; m++) {
            const struct metric_verdict *metric = &junit->order[i]->metrics[m];
            if (is_of_pass((enum metric)m, pass) && is_test(metric, metric_info((enum metric)m)))
                tally->outcomes[find_outcome(junit->report, metric)]++;
        }
}

/* Run files come from outside: only what is a time is one. */
static const char *find_time(const struct run *run, char text[static 20])
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    const char *created = run->created != NULL ? run->created : "";
    bool ok = strlen(created) == strlen(shape);
    for (size_t i = 0; ok && i < strlen(shape); i++)
        ok = shape[i] == 'd' ? created[i] >= '0' && created[i] <= '9' : created[i] == shape[i];
    snprintf(text, 20, "%.19s", ok ? created : "1970-01-01T00:00:00");
    return text;
}

static void append_property(struct buffer *out, const char *name, const char *value)
{
    markup_empty(out, "property", "name", name, "value", value, NULL);
}

static void append_properties(struct junit *junit)
{
    char share[NUMBER_SIZE];
    const struct run *head = junit->report->head;
    const struct run_side *base = provenance_find_base(junit->report);
    struct buffer *out = junit->out;
    markup_open(out, "properties", NULL);
    if (head->tollgate_version != NULL)
        append_property(out, "tollgate_version", head->tollgate_version);
    if (head->sides[SIDE_HEAD].commit != NULL)
        append_property(out, "head", head->sides[SIDE_HEAD].commit);
    if (base != NULL && base->commit != NULL)
        append_property(out, "base", base->commit);
    if (isfinite(junit->report->comparison->smallest_cpu_change)) {
        snprintf(share, sizeof share, "%.6g", junit->report->comparison->smallest_cpu_change);
        append_property(out, "smallest_cpu_change", share);
    }
    markup_close(out, "properties");
    buffer_append_char(out, '\n');
}

static void open_suite(struct junit *junit, const char *name, const struct tally *tally,
                       double seconds)
{
    char tests[NUMBER_SIZE], failures[NUMBER_SIZE], errors[NUMBER_SIZE], skipped[NUMBER_SIZE];
    char time[NUMBER_SIZE], id[NUMBER_SIZE], created[20];
    snprintf(tests, sizeof tests, "%zu", tally_total(tally));
    snprintf(failures, sizeof failures, "%zu", tally->outcomes[OUTCOME_FAILED]);
    snprintf(errors, sizeof errors, "%zu", tally->outcomes[OUTCOME_ERROR]);
    snprintf(skipped, sizeof skipped, "%zu", tally->outcomes[OUTCOME_SKIPPED]);
    snprintf(time, sizeof time, "%.3f", seconds >= 0 && seconds < 1e9 ? seconds : 0);
    snprintf(id, sizeof id, "%zu", junit->suites++);
    markup_open(junit->out, "testsuite", "id", id, "package", "tollgate", "name", name, "timestamp",
                find_time(junit->report->head, created), "hostname", "localhost", "tests", tests,
                "failures", failures, "errors", errors, "skipped", skipped, "time", time, NULL);
    buffer_append_char(junit->out, '\n');
    append_properties(junit);
}

static void close_suite(struct junit *junit)
{
    markup_element(junit->out, "system-out", buffer_text(&junit->accepted), NULL);
    junit->out->failed |= junit->accepted.failed;
    buffer_clear(&junit->accepted);
    markup_element(junit->out, "system-err", "", NULL);
    markup_close(junit->out, "testsuite");
    buffer_append_char(junit->out, '\n');
}

static bool append_pass(struct junit *junit, const char *pass)
{
    struct tally tally = {0};
    const struct pass_result *result = run_pass(junit->report->head, pass);
    count_pass(junit, pass, &tally);
    open_suite(junit, pass, &tally, result != NULL ? result->seconds : 0);
    bool ok = true;
    for (size_t i = 0; ok && junit->order[i] != NULL; i++)
        for (unsigned m = 0; ok && m < METRIC_COUNT; m++) {
            const struct metric_info *info = metric_info((enum metric)m);
            const struct metric_verdict *metric = &junit->order[i]->metrics[m];
            struct finding finding = {
                .level = find_level(metric), .endpoint = junit->order[i], .metric = (enum metric)m};
            if (!is_of_pass((enum metric)m, pass) || !is_test(metric, info))
                continue;
            open_case(junit, info->key, info->title, junit->order[i]);
            ok = append_metric_outcome(junit, &finding, find_outcome(junit->report, metric));
            close_case(junit);
        }
    close_suite(junit);
    return ok;
}

static void append_answers(struct junit *junit)
{
    struct tally tally = {0};
    for (size_t i = 0; junit->order[i] != NULL; i++)
        tally.outcomes[junit->order[i]->invalid != NULL ? OUTCOME_ERROR : OUTCOME_PASSED]++;
    open_suite(junit, "answers", &tally, 0);
    for (size_t i = 0; junit->order[i] != NULL; i++) {
        open_case(junit, "answers", "answers as recorded", junit->order[i]);
        if (junit->order[i]->invalid != NULL) {
            struct finding finding = {.endpoint = junit->order[i], .metric = METRIC_COUNT};
            struct buffer text;
            buffer_init(&text, TEXT_MAX_BYTES);
            finding_append_reason(&text, &finding);
            append_outcome(junit, OUTCOME_ERROR, "wrong-answer", "answered wrongly",
                           buffer_text(&text));
            junit->out->failed |= text.failed;
            buffer_release(&text);
        }
        close_case(junit);
    }
    close_suite(junit);
}

/* Passes in the order in which metrics name them. */
static bool append_passes(struct junit *junit)
{
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        bool first = true;
        for (unsigned before = 0; before < m; before++)
            first = first && !is_of_pass((enum metric)before, metric_info((enum metric)m)->pass);
        if (first && !append_pass(junit, metric_info((enum metric)m)->pass))
            return false;
    }
    return true;
}

static bool junit_write(const struct report *report, const struct report_style *style,
                        struct buffer *out, struct error *err)
{
    (void)style;
    size_t begin = out->length;
    struct junit junit = {.out = out, .report = report};
    if (!fault_book_init(&junit.book, report, err))
        return false;
    junit.order = order_endpoints(report->comparison, err);
    if (junit.order == NULL) {
        fault_book_release(&junit.book);
        return false;
    }
    buffer_init(&junit.accepted, ACCEPTED_MAX_BYTES);
    buffer_append_string(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    markup_open(out, "testsuites", NULL);
    buffer_append_char(out, '\n');
    append_answers(&junit);
    bool ok = append_passes(&junit) || error_set_memory(err);
    markup_close(out, "testsuites");
    buffer_append_char(out, '\n');
    free(junit.order);
    buffer_release(&junit.accepted);
    fault_book_release(&junit.book);
    commands_defuse_xml(out, begin);
    return ok && buffer_check(out, err);
}

const struct reporter reporter_junit = {
    .name = "junit",
    .help = "JUnit XML: a test case an endpoint and metric",
    .write = junit_write,
};
