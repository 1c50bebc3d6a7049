#include "rig/distill_account.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How much of a target there is. */
struct target_weight {
    uint32_t target;
    double full, small;
};

double distill_mean_error(double small_sum, double small_weight, double full_sum,
                          double full_weight)
{
    double small = small_sum / small_weight, full = full_sum / full_weight;
    if (small == full)
        return 0;
    return full != 0 ? small / full - 1 : NAN;
}

static void add(struct distill_sums *sums, const struct distill_item *item, double weight)
{
    const float *traits = item->traits;
    sums->exchanges++;
    sums->weight += weight;
    sums->sent_bytes +=
        weight * ((double)traits[DISTILL_SENT] + (double)traits[DISTILL_SENT_REFUSED]);
    sums->received_bytes += weight * (double)traits[DISTILL_RECEIVED];
    sums->calls += weight * (double)traits[DISTILL_CALLS];
    sums->call_bytes += weight * (double)traits[DISTILL_CALL_BYTES];
}

/* The n-th exchange of the small corpus, and what it weighs. */
static const struct distill_item *small_item(const struct distill_part *small, size_t n,
                                             double *weight)
{
    const struct distill_item *item =
        &small->items[small->choices != NULL ? small->choices[n].item : n];
    *weight = small->choices != NULL ? small->choices[n].weight : item->weight;
    return item;
}

static void add_all(struct distill_account *out, const struct distill_corpus *full,
                    const struct distill_part *small)
{
    for (size_t i = 0; i < full->count; i++) {
        const struct distill_item *item = &full->items[i];
        add(&out->rows[item->endpoint].full, item, item->weight);
        out->full_weight += item->weight;
    }
    for (size_t n = 0; n < small->count; n++) {
        double weight;
        const struct distill_item *item = small_item(small, n, &weight);
        size_t endpoint =
            small->endpoint_of != NULL ? small->endpoint_of[item->endpoint] : item->endpoint;
        out->small_weight += weight;
        if (endpoint != SIZE_MAX)
            add(&out->rows[endpoint].small, item, weight);
    }
    out->full_count = full->count;
    out->small_count = small->count;
}

/* Variants are numbered within one corpus, so those that are kept are known for choices alone. */
static bool count_variants(struct distill_account *out, const struct distill_corpus *full,
                           const struct distill_part *small, struct error *err)
{
    size_t variants = corpus_variant_count(full->corpus);
    unsigned char *seen = calloc(variants, sizeof *seen);
    if (seen == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < full->count; i++) {
        const struct distill_item *item = &full->items[i];
        out->rows[item->endpoint].variants += (seen[item->variant] & 1) == 0;
        seen[item->variant] |= 1;
    }
    for (size_t n = 0; small->choices != NULL && n < small->count; n++) {
        const struct distill_item *item = &small->items[small->choices[n].item];
        out->rows[item->endpoint].variants_kept += (seen[item->variant] & 2) == 0;
        seen[item->variant] |= 2;
    }
    free(seen);
    return true;
}

static int compare_targets(const void *a, const void *b)
{
    const struct target_weight *x = a, *y = b;
    return x->target < y->target ? -1 : x->target > y->target;
}

static int compare_popularity(const void *a, const void *b)
{
    const struct target_weight *x = a, *y = b;
    if (x->full != y->full)
        return x->full > y->full ? -1 : 1;
    return compare_targets(a, b);
}

/* Adds up what is of the same target; how many there are. */
static size_t merge_targets(struct target_weight *targets, size_t count)
{
    size_t merged = 0;
    qsort(targets, count, sizeof *targets, compare_targets);
    for (size_t i = 0; i < count; i++) {
        if (merged > 0 && targets[merged - 1].target == targets[i].target) {
            targets[merged - 1].full += targets[i].full;
            targets[merged - 1].small += targets[i].small;
        } else {
            targets[merged++] = targets[i];
        }
    }
    return merged;
}

static bool find_hot(struct distill_account *out, const struct distill_corpus *full,
                     const struct distill_part *small, struct error *err)
{
    struct target_weight *targets = calloc(full->count + small->count, sizeof *targets);
    if (targets == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < full->count; i++)
        targets[i] = (struct target_weight){full->items[i].target, full->items[i].weight, 0};
    for (size_t n = 0; n < small->count; n++) {
        double weight;
        uint32_t target = small_item(small, n, &weight)->target;
        targets[full->count + n] = (struct target_weight){target, 0, weight};
    }
    out->targets = merge_targets(targets, full->count + small->count);
    qsort(targets, out->targets, sizeof *targets, compare_popularity);
    for (size_t t = 0; t < out->targets && t < DISTILL_HOT_TARGETS; t++) {
        out->full_hot += targets[t].full / out->full_weight;
        out->small_hot += targets[t].small / out->small_weight;
    }
    free(targets);
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct distill_row *x = a, *y = b;
    if (x->full.weight != y->full.weight)
        return x->full.weight > y->full.weight ? -1 : 1;
    return strcmp(x->name, y->name);
}

bool distill_account_make(struct distill_account *out, const struct distill_corpus *full,
                          const struct distill_part *small, struct error *err)
{
    *out = (struct distill_account){.row_count = corpus_endpoint_count(full->corpus)};
    out->rows = calloc(out->row_count, sizeof *out->rows);
    if (out->rows == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < out->row_count; e++) {
        out->rows[e].name = corpus_endpoint_name(full->corpus, e);
        out->rows[e].predicted = NAN;
    }
    add_all(out, full, small);
    if (!count_variants(out, full, small, err) || !find_hot(out, full, small, err)) {
        distill_account_release(out);
        return false;
    }
    return true;
}

void distill_account_sort(struct distill_account *account)
{
    qsort(account->rows, account->row_count, sizeof *account->rows, compare_rows);
}

void distill_account_release(struct distill_account *account)
{
    free(account->rows);
    *account = (struct distill_account){0};
}
