/* What a corpus says of each endpoint, to hold a small one against a full one. */
#ifndef TOLLGATE_RIG_DISTILL_ACCOUNT_H
#define TOLLGATE_RIG_DISTILL_ACCOUNT_H

#include "rig/distill_read.h"

/* Sums over the exchanges of an endpoint, each by its weight. */
struct distill_sums {
    size_t exchanges;
    double weight;
    double sent_bytes; /* target and body */
    double received_bytes;
    double calls;
    double call_bytes;
};

struct distill_row {
    const char *name; /* borrowed from the full corpus */
    struct distill_sums full, small;
    size_t variants, variants_kept;
    double predicted; /* NAN = not known */
};

/* The targets that the full corpus has most of, and what they are of each. */
enum { DISTILL_HOT_TARGETS = 10 };

struct distill_account {
    struct distill_row *rows; /* by endpoint of the full corpus, until sorted */
    size_t row_count;
    size_t full_count, small_count;
    double full_weight, small_weight;
    double full_hot, small_hot; /* share of the weight */
    size_t targets;             /* different ones in the full corpus */
};

/* A small corpus as items with weights of their own. `endpoint_of` takes their endpoints to those
 * of the full one, SIZE_MAX where that has none; NULL = they are the same. */
struct distill_part {
    const struct distill_item *items;
    const struct distill_choice *choices; /* which items; NULL = all of `count`, as they weigh */
    size_t count;
    const size_t *endpoint_of;
};

MUST_CHECK bool distill_account_make(struct distill_account *out, const struct distill_corpus *full,
                                     const struct distill_part *small, struct error *err);
/* By falling weight. */
void distill_account_sort(struct distill_account *account);
void distill_account_release(struct distill_account *account);

/* (small - full) / full of the means by weight; 0 when both are nothing, NAN when only one is. */
double distill_mean_error(double small_sum, double small_weight, double full_sum,
                          double full_weight);

#endif
