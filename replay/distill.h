/* Distilling: which exchanges of a corpus stand for all of it, and how much each weighs.
 *
 *     stratum  exchanges alike: same variant, status, number of upstream calls, sizes within a
 *              factor of two
 *     cell     neighbouring strata, or a part of one; one exchange stands for each
 *
 * What an exchange costs is guessed from what it has to be read and written (its traits), at prices
 * that are a rule of thumb or were fitted to a run. The exchanges of an endpoint are chosen so that
 * their weighted mean is that of all, as a whole and in each trait; among those that are about as
 * good, what is asked for often comes first. Their weights add up to that of all of them, and by
 * variant too where each variant of the endpoint has cells of its own. Deterministic for a seed. */
#ifndef TOLLGATE_REPLAY_DISTILL_H
#define TOLLGATE_REPLAY_DISTILL_H

#include "base/error.h"
#include "replay/corpus.h"

enum distill_trait {
    DISTILL_ANSWERED,     /* 1 when the status is below 400 */
    DISTILL_REFUSED,      /* 1 when it is not */
    DISTILL_SENT,         /* bytes of target and body, of one that was answered */
    DISTILL_SENT_REFUSED, /* the same of one that was refused, perhaps unread */
    DISTILL_RECEIVED,     /* bytes of the response's body */
    DISTILL_CALLS,        /* upstream calls */
    DISTILL_CALL_BYTES,   /* of their requests' and responses' bodies */
    DISTILL_TRAITS
};

struct distill_item {
    double weight;
    double cost;      /* measured, of this exchange or as the mean of its variant; NAN = unknown */
    double cpu_ns;    /* measured, mean of its endpoint; NAN = unknown */
    double replay_ns; /* what replaying it takes */
    float traits[DISTILL_TRAITS];
    uint32_t endpoint, variant; /* as the corpus numbers them */
    uint32_t target;            /* hash of the target: equal ones ask for the same thing */
    uint16_t status;
    uint16_t shape; /* number of calls and orders of magnitude, mixed */
};

/* All but `cost` and `cpu_ns`, which are NAN; `replay_ns` is what the upstreams took. */
void distill_describe(struct distill_item *item, const struct exchange *exchange,
                      const struct corpus_entry *entry);

/* What must be there as far as there is room, by endpoint. */
enum { DISTILL_NEED_ANSWERED = 1, DISTILL_NEED_REFUSED = 2 };

struct distill_options {
    size_t budget;  /* exchanges at most */
    double seconds; /* of replay at most; INFINITY = no matter */
    uint64_t seed;
    size_t endpoint_count;      /* of the corpus */
    const unsigned char *needs; /* by endpoint; NULL = none */
};

struct distill_choice {
    size_t item;
    double weight;
};

struct distill_endpoint {
    size_t count, kept;
    double weight;    /* of all its exchanges */
    double predicted; /* how far off its cost may be, a fraction; NAN when nothing is kept */
};

struct distillation {
    struct distill_choice *choices; /* in the order of the items */
    size_t count;
    struct distill_endpoint *endpoints;
    double replay_ns; /* of what is kept, about */
    bool fitted;      /* the prices are of a run */
};

/* The items are those of the whole corpus, in its order. A budget too small for all endpoints
 * leaves out the lightest; one that has room for none is ERROR_USAGE. On failure there is nothing
 * to release. */
MUST_CHECK bool distill(struct distillation *out, const struct distill_item *items, size_t count,
                        const struct distill_options *options, struct error *err);
void distillation_release(struct distillation *distillation);

#endif
