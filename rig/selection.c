#include "rig/selection.h"

#include "base/buffer.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Exchanges of one variant, in corpus order. */
struct stratum {
    uint32_t endpoint;
    uint32_t variant;
    size_t first; /* in the sorted order */
    size_t count;
    double weight;
    size_t quota;
};

struct ordering {
    const struct corpus_entry *entries;
};

static int compare_entries(const void *a, const void *b, void *context)
{
    const struct ordering *ordering = context;
    size_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const struct corpus_entry *x = &ordering->entries[left], *y = &ordering->entries[right];
    if (x->endpoint != y->endpoint)
        return x->endpoint < y->endpoint ? -1 : 1;
    if (x->variant != y->variant)
        return x->variant < y->variant ? -1 : 1;
    return left < right ? -1 : left > right;
}

static bool matches_any(const char *name, const char *const *globs)
{
    if (globs == NULL || globs[0] == NULL)
        return true;
    for (size_t i = 0; globs[i] != NULL; i++)
        if (text_matches_glob(globs[i], name))
            return true;
    return false;
}

static bool fail_no_match(const struct corpus *corpus, struct error *err)
{
    struct buffer names;
    buffer_init(&names, 4096);
    for (size_t i = 0; i < corpus_endpoint_count(corpus) && names.length < 3000; i++) {
        const char *name = corpus_endpoint_name(corpus, i);
        buffer_append_string(&names, "\n  ");
        text_append_safe(&names, name, strlen(name), false);
    }
    error_set(err, ERROR_USAGE, "no endpoint of the corpus matches --endpoint; there are:%s",
              buffer_text(&names));
    buffer_release(&names);
    return false;
}

/* Gives each stratum of one endpoint its quota: one each while there is room, heaviest first, then
 * the place where the weight per chosen exchange is highest. */
static void share_out(struct stratum *strata, size_t count, size_t most)
{
    for (size_t given = 0; given < most; given++) {
        struct stratum *best = NULL;
        double best_need = 0;
        for (size_t i = 0; i < count; i++) {
            struct stratum *one = &strata[i];
            /* An empty stratum comes before any other, among them the heaviest. */
            double need = one->quota == 0 ? 1e12 + one->weight : one->weight / (double)one->quota;
            if (one->quota < one->count && (best == NULL || need > best_need)) {
                best = one;
                best_need = need;
            }
        }
        if (best == NULL)
            return;
        best->quota++;
    }
}

static int compare_selected(const void *a, const void *b)
{
    const struct selected *x = a, *y = b;
    return x->exchange.index < y->exchange.index ? -1 : x->exchange.index > y->exchange.index;
}

struct maker {
    struct selection *selection;
    const struct corpus *corpus;
    const uint32_t *order;
    struct error *err;
};

/* Loads what one endpoint's strata were given, evenly spread over each stratum. */
static bool take_endpoint(const struct maker *maker, const struct stratum *strata, size_t count)
{
    struct selection *selection = maker->selection;
    struct selected_endpoint *endpoint = &selection->endpoints[selection->endpoint_count];
    double chosen_weight = 0;
    *endpoint =
        (struct selected_endpoint){.endpoint = strata[0].endpoint, .first = selection->count};
    for (size_t i = 0; i < count; i++) {
        const struct stratum *one = &strata[i];
        endpoint->requests += (int64_t)one->count;
        endpoint->weight += one->weight;
        chosen_weight += one->quota > 0 ? one->weight : 0;
    }
    for (size_t i = 0; i < count; i++) {
        const struct stratum *one = &strata[i];
        size_t first = selection->count;
        double taken = 0;
        for (size_t k = 0; k < one->quota; k++) {
            size_t index = maker->order[one->first + k * one->count / one->quota];
            struct selected *item = &selection->items[selection->count];
            if (!corpus_load(maker->corpus, index, &selection->arena, &item->exchange, maker->err))
                return false;
            taken += item->exchange.weight;
            selection->count++;
            endpoint->count++;
        }
        /* Those of a stratum are of one shape, but each may weigh differently. */
        for (size_t k = first; k < selection->count; k++)
            selection->items[k].share =
                one->weight / chosen_weight * (selection->items[k].exchange.weight / taken);
    }
    qsort(selection->items + endpoint->first, endpoint->count, sizeof *selection->items,
          compare_selected);
    selection->endpoint_count++;
    return true;
}

/* Finds the runs of equal (endpoint, variant) in the sorted order. */
static size_t find_strata(const struct corpus_entry *entries, const uint32_t *order, size_t count,
                          struct stratum *strata)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct corpus_entry *entry = &entries[order[i]];
        struct stratum *last = found > 0 ? &strata[found - 1] : NULL;
        if (last == NULL || last->endpoint != entry->endpoint || last->variant != entry->variant) {
            last = &strata[found++];
            *last = (struct stratum){entry->endpoint, entry->variant, i, 0, 0, 0};
        }
        last->count++;
        last->weight += entry->weight;
    }
    return found;
}

static bool select_all(const struct maker *maker, struct stratum *strata, size_t strata_count,
                       const char *const *globs, size_t most)
{
    for (size_t i = 0; i < strata_count;) {
        size_t next = i;
        while (next < strata_count && strata[next].endpoint == strata[i].endpoint)
            next++;
        const char *name = corpus_endpoint_name(maker->corpus, strata[i].endpoint);
        if (matches_any(name, globs)) {
            share_out(&strata[i], next - i, most);
            if (!take_endpoint(maker, &strata[i], next - i))
                return false;
        }
        i = next;
    }
    return maker->selection->count > 0 || fail_no_match(maker->corpus, maker->err);
}

bool selection_make(struct selection *selection, const struct corpus *corpus,
                    const char *const *globs, size_t most, struct error *err)
{
    size_t count = corpus_count(corpus), endpoints = corpus_endpoint_count(corpus);
    size_t variants = corpus_variant_count(corpus), items;
    struct ordering ordering = {corpus_entries(corpus)};
    bool ok = false;
    uint32_t *order = calloc(count, sizeof *order);
    struct stratum *strata = calloc(variants + 1, sizeof *strata);
    *selection = (struct selection){0};
    arena_init(&selection->arena);
    if (order == NULL || strata == NULL || __builtin_mul_overflow(endpoints, most, &items)) {
        error_set_memory(err);
        goto out;
    }
    items = items < count ? items : count;
    selection->items = arena_alloc_array(&selection->arena, items, sizeof *selection->items);
    selection->endpoints =
        arena_alloc_array(&selection->arena, endpoints, sizeof *selection->endpoints);
    if (selection->items == NULL || selection->endpoints == NULL) {
        error_set_memory(err);
        goto out;
    }
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, count, sizeof *order, compare_entries, &ordering);
    struct maker maker = {selection, corpus, order, err};
    ok = select_all(&maker, strata, find_strata(ordering.entries, order, count, strata), globs,
                    most);
out:
    free(order);
    free(strata);
    if (!ok)
        selection_release(selection);
    return ok;
}

void selection_release(struct selection *selection)
{
    arena_release(&selection->arena);
    *selection = (struct selection){0};
}
