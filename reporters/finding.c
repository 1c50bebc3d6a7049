#include "reporters/finding.h"

#include "base/sha256.h"
#include "reporters/order.h"
#include "reporters/reasons.h"
#include "reporters/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 20, NAME_MAX_BYTES = 200, REASON_MAX_BYTES = 4000 };

/* ---- collecting ---------------------------------------------------------------------------- */

static bool is_level(const struct metric_verdict *metric, enum finding_level level)
{
    switch (level) {
    case FINDING_ERROR:
        return metric->verdict == VERDICT_REGRESSED;
    case FINDING_WARNING:
        return metric->verdict == VERDICT_INCONCLUSIVE;
    case FINDING_NOTICE:
        return metric->accepted != NULL;
    }
    BUG("no level %d", (int)level);
}

static bool add(struct finding_list *list, size_t most, const struct finding *finding)
{
    if (list->count == most) {
        list->left_off++;
        return true;
    }
    if ((list->count & (list->count - 1)) == 0) {
        struct finding *items =
            reallocarray(list->items, list->count > 0 ? 2 * list->count : 1, sizeof *items);
        if (items == NULL)
            return false;
        list->items = items;
    }
    list->items[list->count++] = *finding;
    return true;
}

static bool collect(struct finding_list *list, const struct endpoint_verdict *const *order,
                    enum finding_level level, size_t most)
{
    for (size_t i = 0; order[i] != NULL; i++) {
        struct finding finding = {.level = level, .endpoint = order[i], .metric = METRIC_COUNT};
        if (order[i]->invalid != NULL) {
            if (level == FINDING_ERROR && !add(list, most, &finding))
                return false;
            continue;
        }
        for (unsigned m = 0; m < METRIC_COUNT; m++) {
            finding.metric = (enum metric)m;
            if (is_level(&order[i]->metrics[m], level) && !add(list, most, &finding))
                return false;
        }
    }
    return true;
}

static bool explain(struct finding *finding, struct fault_book *book)
{
    struct fault fault;
    struct buffer text;
    if (finding->metric == METRIC_COUNT || finding->level == FINDING_WARNING)
        return true;
    const struct fault *whole = fault_book_find(book, finding->endpoint);
    if (whole == NULL)
        return false;
    fault_of_metric(&fault, whole, finding->metric);
    if (fault.place_count == 0)
        return true;
    finding->place = fault_find_line(&fault);
    buffer_init(&text, TEXT_MAX_BYTES);
    fault_append_place(&text, &fault, fault.places[0], true);
    finding->because = text.failed ? NULL : arena_copy_string(&book->arena, buffer_text(&text));
    buffer_release(&text);
    return finding->because != NULL;
}

bool finding_list_make(struct finding_list *list, const struct report *report, size_t most,
                       struct error *err)
{
    *list = (struct finding_list){0};
    if (!fault_book_init(&list->book, report, err))
        return false;
    const struct endpoint_verdict **order = order_endpoints(report->comparison, err);
    bool ok = order != NULL;
    for (unsigned level = FINDING_ERROR; ok && level <= FINDING_NOTICE; level++)
        ok = collect(list, order, (enum finding_level)level, most);
    for (size_t i = 0; ok && i < list->count; i++)
        ok = explain(&list->items[i], &list->book);
    free(order);
    if (ok)
        return true;
    finding_list_release(list);
    return error_set_memory(err);
}

void finding_list_release(struct finding_list *list)
{
    free(list->items);
    fault_book_release(&list->book);
    *list = (struct finding_list){0};
}

/* ---- words --------------------------------------------------------------------------------- */

const char *finding_key(const struct finding *finding)
{
    return finding->metric == METRIC_COUNT ? "wrong-answer" : metric_info(finding->metric)->key;
}

void finding_append_title(struct buffer *out, const struct finding *finding)
{
    words_append_cut(out, finding->endpoint->name, NAME_MAX_BYTES, false);
    if (finding->metric == METRIC_COUNT) {
        buffer_append_string(out, " answered wrongly");
        return;
    }
    buffer_append_char(out, ':');
    words_append_figure(out, metric_info(finding->metric),
                        &finding->endpoint->metrics[finding->metric], true);
    if (finding->level == FINDING_WARNING)
        buffer_append_string(out, ", undecided");
    else if (finding->level == FINDING_NOTICE)
        buffer_append_string(out, ", accepted");
}

void finding_append_reason(struct buffer *out, const struct finding *finding)
{
    struct buffer reason;
    if (finding->metric == METRIC_COUNT) {
        words_append_cut(out, finding->endpoint->invalid, REASON_MAX_BYTES, true);
        return;
    }
    const struct metric_verdict *metric = &finding->endpoint->metrics[finding->metric];
    buffer_init(&reason, TEXT_MAX_BYTES);
    reasons_append_metric(&reason, metric_info(finding->metric), metric, true);
    if (reason.failed)
        out->failed = true;
    words_append_cut(out, buffer_text(&reason), REASON_MAX_BYTES, true);
    buffer_release(&reason);
}

/* Of the parts' own digests, so that no part runs into the next. */
void finding_print(const struct finding *finding, char print[static FINDING_PRINT_SIZE])
{
    unsigned char digest[SHA256_SIZE], parts[3][SHA256_SIZE];
    const char *file = finding->place != NULL ? finding->place->file : "";
    const char *texts[] = {finding_key(finding), finding->endpoint->name, file};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        sha256(texts[i], strlen(texts[i]), parts[i]);
    sha256(parts, sizeof parts, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(print + 2 * i, 3, "%02x", digest[i]);
}
