#include "rig/cost_read.h"

#include "base/file.h"
#include "insights/cost_counts.h"

#include <string.h>

static const char *choose_path(const char *path, const char *otherwise)
{
    return otherwise == NULL || file_exists(path) ? path : otherwise;
}

/* As people would name it. */
static const char *short_name(const char *path)
{
    return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static bool read_counts(struct cost_terms *terms, const char *path, struct arena *arena,
                        struct error *err)
{
    struct buffer text;
    struct cost_counts *counts = arena_alloc(arena, sizeof *counts);
    if (counts == NULL)
        return error_set_memory(err);
    buffer_init(&text, COST_COUNTS_MAX_BYTES);
    bool ok =
        file_read(path, &text, err) &&
        cost_counts_parse(counts, short_name(path), buffer_text(&text), text.length, arena, err);
    buffer_release(&text);
    terms->counts = counts;
    return ok;
}

static bool keep_bill(struct cost_terms *terms, const struct focus_bill *bill, const char *path,
                      struct arena *arena, struct error *err)
{
    if (terms->currency != NULL && strcmp(terms->currency, bill->currency) != 0)
        return error_set_at(err, ERROR_INPUT, path,
                            "is in %s, and \"cost\": {\"currency\"} says %s", bill->currency,
                            terms->currency);
    terms->currency = bill->currency;
    terms->has_amount = true;
    terms->amount_micros = bill->month_micros;
    terms->amount_from =
        bill->scaled
            ? arena_format(arena, "%s, %zu of %zu rows over %.3g days, as a month of 730 hours",
                           path, bill->kept, bill->rows, bill->hours / 24)
            : arena_format(arena, "%s, %zu of %zu rows", path, bill->kept, bill->rows);
    return terms->amount_from != NULL || error_set_memory(err);
}

static bool read_focus(struct cost_terms *terms, const struct cost_config *from, const char *path,
                       struct arena *arena, struct error *err)
{
    struct buffer text;
    struct focus_bill bill;
    buffer_init(&text, FOCUS_MAX_BYTES);
    bool ok = file_read(path, &text, err);
    path = short_name(path);
    struct focus_question question = {.path = path,
                                      .text = buffer_text(&text),
                                      .size = text.length,
                                      .cost = from->focus_cost,
                                      .filters = from->focus_filters,
                                      .filter_count = from->focus_filter_count};
    ok =
        ok && focus_read(&bill, &question, arena, err) && keep_bill(terms, &bill, path, arena, err);
    buffer_release(&text);
    return ok;
}

bool cost_read(struct cost_terms *terms, const struct config *from, const struct config *otherwise,
               struct arena *arena, struct error *err)
{
    const struct cost_config *cost = &from->cost;
    const struct cost_config *spare = otherwise != NULL ? &otherwise->cost : cost;
    *terms = cost->terms;
    if (cost->requests_path != NULL &&
        !read_counts(terms, choose_path(cost->requests_path, spare->requests_path), arena, err))
        return false;
    return cost->focus_path == NULL ||
           read_focus(terms, cost, choose_path(cost->focus_path, spare->focus_path), arena, err);
}
