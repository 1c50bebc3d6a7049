#include "reporters/fault.h"

#include "reporters/because.h"
#include "reporters/because_private.h"

#include <math.h>
#include <string.h>

enum { LINES_KEPT = 64 };

/* A place that makes up less of the growth is not worth a reader's ten seconds. */
static const double LEAST_SHARE = 0.05;

/* Whether the growth tells of the metric as well: where there are instructions by line, they stand
 * for all time that is spent. */
static bool tells_of(const struct growth *growth, enum metric metric)
{
    bool time = strcmp(metric_info(metric)->pass, "alloc") != 0;
    return growth->metric == metric ||
           (time && growth->measured != NULL && growth->measured->metric == METRIC_INSTRUCTIONS);
}

static bool is_counted(const struct fault *fault, enum metric metric)
{
    for (size_t i = 0; i < fault->count; i++)
        if (tells_of(&fault->growths[i], metric))
            return true;
    return false;
}

static void *copy(struct arena *arena, const void *items, size_t count, size_t size, bool *ok)
{
    void *kept = arena_alloc_array(arena, count > 0 ? count : 1, size);
    if (kept == NULL)
        *ok = false;
    else if (count > 0)
        memcpy(kept, items, count * size);
    return kept;
}

static const char *copy_text(struct arena *arena, const char *text, bool *ok)
{
    const char *kept = text != NULL ? arena_copy_string(arena, text) : NULL;
    *ok = *ok && (text == NULL || kept != NULL);
    return kept;
}

/* The lists are long, and few of their items are worth keeping. */
static bool keep(struct growth *growth, struct arena *arena)
{
    bool ok = true;
    if (growth->line_count > LINES_KEPT)
        growth->line_count = LINES_KEPT;
    growth->lines = copy(arena, growth->lines, growth->line_count, sizeof *growth->lines, &ok);
    growth->variants =
        copy(arena, growth->variants, growth->variant_count, sizeof *growth->variants, &ok);
    growth->stale = copy_text(arena, growth->stale, &ok);
    growth->missing = copy_text(arena, growth->missing, &ok);
    growth->functions = NULL;
    growth->function_count = 0;
    return ok;
}

static bool add_growth(struct fault *fault, const struct report *report,
                       const struct endpoint_verdict *endpoint, enum metric metric,
                       struct arena *arena)
{
    struct error ignored = {0};
    struct arena scratch;
    struct growth *growth = &fault->growths[fault->count];
    arena_init(&scratch);
    bool ok =
        because_find(growth, report, endpoint, metric, &scratch, &ignored) && keep(growth, arena);
    arena_release(&scratch);
    fault->count += ok;
    return ok;
}

static void sum_up(struct fault *fault)
{
    for (size_t i = 0; i < fault->count; i++) {
        const struct growth *growth = &fault->growths[i];
        if (fault->missing == NULL)
            fault->missing = growth->missing;
        if (fault->stale == NULL)
            fault->stale = growth->stale;
        fault->changes_known |= growth->changes_known;
    }
}

bool fault_same_place(const struct profile_frame *a, const struct profile_frame *b)
{
    if (a->file != NULL && b->file != NULL && (a->line > 0 || b->line > 0))
        return a->line == b->line && strcmp(a->file, b->file) == 0;
    return a->line == b->line && (a->function == NULL) == (b->function == NULL) &&
           (a->function == NULL || strcmp(a->function, b->function) == 0);
}

static bool is_worth_showing(const struct growth *growth, const struct growth_item *item)
{
    double share = because_share(growth, item);
    return item->grew > 0 && (isnan(share) || share >= LEAST_SHARE);
}

static void add_place(struct fault *fault, const struct growth_item *item)
{
    for (size_t i = 0; i < fault->place_count; i++)
        if (fault_same_place(&fault->places[i]->place, &item->place))
            return;
    if (fault->place_count < FAULT_PLACES)
        fault->places[fault->place_count++] = item;
}

static void choose_places(struct fault *fault)
{
    for (size_t rank = 0; rank < FAULT_PLACES; rank++)
        for (size_t i = 0; i < fault->count; i++) {
            const struct growth *growth = &fault->growths[i];
            if (rank < growth->line_count && is_worth_showing(growth, &growth->lines[rank]))
                add_place(fault, &growth->lines[rank]);
        }
}

bool fault_find(struct fault *fault, const struct report *report,
                const struct endpoint_verdict *endpoint, struct arena *arena)
{
    *fault = (struct fault){0};
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const struct metric_verdict *metric = &endpoint->metrics[i];
        if (because_asked(metric) && metric->verdict != VERDICT_IMPROVED &&
            !is_counted(fault, (enum metric)i) &&
            !add_growth(fault, report, endpoint, (enum metric)i, arena))
            return false;
    }
    sum_up(fault);
    choose_places(fault);
    return true;
}

void fault_of_growths(struct fault *fault, const struct growth *growths, size_t count)
{
    *fault = (struct fault){0};
    for (size_t i = 0; i < count; i++)
        if (!growths[i].improved && !is_counted(fault, growths[i].metric))
            fault->growths[fault->count++] = growths[i];
    sum_up(fault);
    choose_places(fault);
}

void fault_of_metric(struct fault *fault, const struct fault *whole, enum metric metric)
{
    *fault = (struct fault){0};
    for (size_t i = 0; i < whole->count && fault->count == 0; i++)
        if (tells_of(&whole->growths[i], metric))
            fault->growths[fault->count++] = whole->growths[i];
    sum_up(fault);
    choose_places(fault);
    if (fault->place_count == 0)
        *fault = *whole;
}

bool fault_book_init(struct fault_book *book, const struct report *report, struct error *err)
{
    *book = (struct fault_book){.report = report};
    arena_init(&book->arena);
    book->faults = arena_alloc_array(&book->arena, report->comparison->endpoint_count + 1,
                                     sizeof(struct fault *));
    return book->faults != NULL || error_set_memory(err);
}

void fault_book_release(struct fault_book *book)
{
    arena_release(&book->arena);
}

const struct fault *fault_book_find(struct fault_book *book,
                                    const struct endpoint_verdict *endpoint)
{
    size_t number = (size_t)(endpoint - book->report->comparison->endpoints);
    if (book->faults[number] != NULL)
        return book->faults[number];
    struct fault *fault = arena_alloc(&book->arena, sizeof *fault);
    if (fault == NULL || !fault_find(fault, book->report, endpoint, &book->arena))
        return NULL;
    book->faults[number] = fault;
    return fault;
}

static void append_share(struct buffer *text, double share)
{
    if (share >= 0.995)
        buffer_append_string(text, " (all of the growth)");
    else if (isfinite(share))
        buffer_append_format(text, " (%.0f %% of the growth)", 100 * share);
}

void fault_append_amounts(struct buffer *text, const struct fault *fault,
                          const struct profile_frame *place, bool utf8)
{
    bool more = false;
    for (size_t i = 0; i < fault->count; i++) {
        const struct growth *growth = &fault->growths[i];
        for (size_t line = 0; line < growth->line_count; line++) {
            const struct growth_item *item = &growth->lines[line];
            if (!fault_same_place(&item->place, place) || !is_worth_showing(growth, item))
                continue;
            buffer_append_string(text, more ? ", " : "");
            if (growth->leak)
                buffer_append_string(text, "a leak: ");
            because_append_amount(text, growth, item->grew, utf8);
            if (!more)
                buffer_append_string(text, " a request");
            append_share(text, because_share(growth, item));
            more = true;
            break;
        }
    }
}

void fault_append_place(struct buffer *text, const struct fault *fault,
                        const struct growth_item *item, bool utf8)
{
    because_append_place(text, &item->place, utf8);
    if (item->changed && fault->changes_known)
        buffer_append_string(text, ", a changed line");
    buffer_append_string(text, ": ");
    fault_append_amounts(text, fault, &item->place, utf8);
}

/* Run files come from outside: a path that leaves the tree is none of its files. */
static bool is_within_tree(const char *path)
{
    if (*path == '\0' || *path == '/')
        return false;
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

const struct profile_frame *fault_find_line(const struct fault *fault)
{
    for (size_t i = 0; i < fault->place_count; i++) {
        const struct profile_frame *place = &fault->places[i]->place;
        if (place->own && place->file != NULL && place->line > 0 && is_within_tree(place->file))
            return place;
    }
    return NULL;
}
