#include "rig/symbols_private.h"

#include <stdlib.h>

bool symbols_ranges_add(struct symbols_ranges *ranges, uint64_t low, uint64_t high, uint32_t rank,
                        uint32_t value)
{
    if (low >= high)
        return true;
    if (ranges->count == ranges->capacity) {
        size_t capacity = ranges->capacity > 0 ? ranges->capacity * 2 : 64;
        struct symbols_range *grown = reallocarray(ranges->items, capacity, sizeof *ranges->items);
        if (grown == NULL)
            return false;
        ranges->items = grown;
        ranges->capacity = capacity;
    }
    ranges->items[ranges->count++] = (struct symbols_range){low, high, rank, value};
    return true;
}

static int by_low(const void *left, const void *right)
{
    const struct symbols_range *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

/* A heap of the ranges that have begun, the one that wins on top. */
struct open_ranges {
    const struct symbols_range **items;
    size_t count;
};

/* Ties are broken by the value: values are given out in rising order. */
static bool wins(const struct symbols_range *a, const struct symbols_range *b)
{
    return a->rank != b->rank ? a->rank > b->rank : a->value > b->value;
}

static void open_push(struct open_ranges *open, const struct symbols_range *range)
{
    size_t at = open->count++;
    while (at > 0 && wins(range, open->items[(at - 1) / 2])) {
        open->items[at] = open->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    open->items[at] = range;
}

static void open_pop(struct open_ranges *open)
{
    const struct symbols_range *last = open->items[--open->count];
    size_t at = 0;
    for (size_t child = 1; child < open->count; child = 2 * at + 1) {
        if (child + 1 < open->count && wins(open->items[child + 1], open->items[child]))
            child++;
        if (!wins(open->items[child], last))
            break;
        open->items[at] = open->items[child];
        at = child;
    }
    open->items[at] = last;
}

static void append(struct symbols_segments *segments, uint64_t start, uint32_t value)
{
    struct symbols_segment *last =
        segments->count > 0 ? &segments->items[segments->count - 1] : NULL;
    if (last != NULL ? last->value == value : value == SYMBOLS_NONE)
        return;
    segments->items[segments->count++] = (struct symbols_segment){start, value};
}

/* Goes up through the places where a range begins, or the winning one ends. */
static void sweep(struct symbols_segments *segments, const struct symbols_ranges *ranges,
                  struct open_ranges *open)
{
    size_t next = 0;
    while (next < ranges->count || open->count > 0) {
        uint64_t at = next < ranges->count ? ranges->items[next].low : UINT64_MAX;
        if (open->count > 0 && open->items[0]->high < at)
            at = open->items[0]->high;
        while (next < ranges->count && ranges->items[next].low == at)
            open_push(open, &ranges->items[next++]);
        while (open->count > 0 && open->items[0]->high <= at)
            open_pop(open);
        append(segments, at, open->count > 0 ? open->items[0]->value : SYMBOLS_NONE);
    }
}

bool symbols_segments_build(struct symbols_segments *segments, struct symbols_ranges *ranges)
{
    struct open_ranges open = {0};
    bool ok = true;
    *segments = (struct symbols_segments){0};
    if (ranges->count > 0) {
        /* A segment begins where a range does or where one ends. */
        segments->items = calloc(ranges->count, 2 * sizeof *segments->items);
        open.items = calloc(ranges->count, sizeof(struct symbols_range *));
        ok = segments->items != NULL && open.items != NULL;
    }
    if (ok && ranges->count > 0) {
        qsort(ranges->items, ranges->count, sizeof *ranges->items, by_low);
        sweep(segments, ranges, &open);
    }
    free(open.items);
    free(ranges->items);
    *ranges = (struct symbols_ranges){0};
    if (!ok)
        symbols_segments_release(segments);
    return ok;
}

void symbols_segments_release(struct symbols_segments *segments)
{
    free(segments->items);
    *segments = (struct symbols_segments){0};
}

uint32_t symbols_segments_find(const struct symbols_segments *segments, uint64_t address)
{
    size_t low = 0, high = segments->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segments->items[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? segments->items[low - 1].value : SYMBOLS_NONE;
}
