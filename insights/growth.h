/* Why an endpoint got dearer: which functions, source lines and allocation sites grew, by how much
 * a request; and which of its variants.
 *
 * Base and head are matched by place. Functions: by name and file; what has no partner is matched
 * to one that has none either when most of its lines went there (a rename, a move; `source_change`
 * says where lines went). Lines: through the hunks of their file; a line that the change touched
 * has no partner and is new. */
#ifndef TOLLGATE_INSIGHTS_GROWTH_H
#define TOLLGATE_INSIGHTS_GROWTH_H

#include "baselines/compare.h"
#include "baselines/profile.h"

enum growth_kind {
    GROWTH_GREW,
    GROWTH_NEW,   /* on the head's side only */
    GROWTH_SHRANK,
    GROWTH_GONE,  /* on the base's side only */
    GROWTH_MOVED, /* renamed, or in another file: the same function elsewhere */
};

/* One function or line. `head` and `base` are per request; NAN where that side has none. */
struct growth_item {
    enum growth_kind kind;
    struct profile_frame place;      /* the head's; the base's when it is gone */
    struct profile_frame base_place; /* as it was in the base; zeroed when new */
    double head, base;           /* spent there itself */
    double head_inclusive, base_inclusive; /* with what it called; NAN = unknown */
    double grew; /* what ranks it: see growth_explain */
    bool changed; /* a line that the change touched, or a function with one */
};

struct growth_variant {
    const char *name;
    double share; /* of the endpoint's traffic */
    double head, base;
    bool grew; /* by more than the endpoint's limit for the metric */
};

struct growth {
    enum metric metric;
    double head, base; /* of the endpoint, as its profile has it */
    const struct growth_item *lines; /* dearest growth first: the first is the line to look at */
    size_t line_count;
    const struct growth_item *functions; /* by what they spent themselves */
    size_t function_count;
    double moved; /* grew here and shrank there within the endpoint: moved, no regression */
    bool leak;    /* retained bytes grow with requests */
    const struct growth_variant *variants; /* none when the endpoint has but one */
    size_t variant_count;
    bool one_variant; /* only some variants grew: a costly request, not a costly handler */
    const char *missing; /* why nothing can be said of lines; NULL = `lines` is what there is */
};

/* What made `metric` of the endpoint grow (or shrink) between the sides of `head`, or between
 * `head`'s head and the stored run `base`. Into `arena`.
 *
 * Lines are ranked so that the first names the cause, not its effects: of the lines that the change
 * touched (or added) the one whose inclusive cost grew most, the deepest of those that call each
 * other; after it the other touched ones; then those of the gateway's own sources by what grew at
 * them and below them in code that is not the gateway's own; then all else. Whoever only calls a
 * line that is named before is left out. */
MUST_CHECK bool growth_explain(struct growth *growth, const struct run *head,
                               const struct run *base, const char *endpoint, enum metric metric,
                               struct arena *arena, struct error *err);

#endif
