/* Why an endpoint got dearer: which functions, source lines and allocation sites grew, by how much
 * a request; and which of its variants.
 *
 * Base and head are matched by place. Functions: by name and file; what has no partner is matched
 * to one that has none either when most of its lines went there (a rename), or when it has the same
 * name in another file (a move). Lines: through the hunks of their file; a line that the change
 * wrote has no partner and is new. Where it only removed lines, those beside count as touched.
 *
 * Every unit of cost is charged once: to the deepest changed line on the way to it; where there is
 * none, to the deepest line of the gateway's own sources; else to where it was spent. So a line
 * that only calls a dearer one is not blamed for it, and no growth is told twice. With stacks this
 * is exact. Calls seen from lines (PROFILE_LINES) do not tell
 * which caller a callee's own calls belong to: there its cost is split as its calls are. */
#ifndef TOLLGATE_INSIGHTS_GROWTH_H
#define TOLLGATE_INSIGHTS_GROWTH_H

#include "baselines/compare.h"
#include "baselines/profile.h"

enum growth_kind {
    GROWTH_GREW,
    GROWTH_NEW, /* on the head's side only */
    GROWTH_SHRANK,
    GROWTH_GONE,  /* on the base's side only */
    GROWTH_MOVED, /* renamed, or in another file: the same function elsewhere */
};

/* One function or line. `head` and `base` are per request; NAN where that side has none. */
struct growth_item {
    enum growth_kind kind;
    struct profile_frame place;            /* the head's; the base's when it is gone */
    struct profile_frame base_place;       /* as it was in the base; zeroed when new */
    double head, base;                     /* spent there itself */
    double head_inclusive, base_inclusive; /* with what it called; NAN = unknown */
    double grew;  /* a line: what is charged to it, see above; a function: head less base */
    bool changed; /* a line that the change touched, or a function with one */
};

struct growth_variant {
    const char *name;
    double share; /* of the endpoint's traffic */
    double head, base;
    bool grew; /* by more than the limits; of a metric that improved: shrank by more */
};

struct growth {
    enum metric metric;
    bool improved;                             /* what shrank is ranked, not what grew */
    const struct profile_value_info *measured; /* what the figures count, which for CPU time may be
                                                  instructions; NULL = there is no profile */
    double head, base; /* of the endpoint, as its profile has it; NAN = that side has none */
    const struct growth_item *lines; /* see growth_explain: the first is the line to look at */
    size_t line_count;
    const struct growth_item *functions; /* by what they spent themselves, dearest growth first */
    size_t function_count;
    double changed; /* of the growth: charged to lines that the change touched */
    double moved;   /* is spent in, or called from, another function than it was: no regression */
    bool leak;      /* retained bytes grow with requests */
    bool changes_known; /* else lines were matched without the difference of the source trees */
    const char
        *stale; /* a file of the lines that is newer than the program: its lines may not fit */
    enum metric variant_metric; /* what the variants' figures are: instructions for CPU time */
    const struct growth_variant *variants; /* none when the endpoint has but one */
    size_t variant_count;
    bool one_variant;    /* only some variants grew: a costly request, not a costly handler */
    const char *missing; /* why nothing can be said of lines; NULL = `lines` is what there is, or
                            nobody asked for a profile */
};

struct growth_question {
    const struct run *head;
    const struct run *base; /* a stored run, of which the head is meant; NULL: head's own base */
    const char *endpoint;
    enum metric metric;
    bool improved;
    struct limits limits; /* of the endpoint and metric: a variant grew when it passes both */
};

/* Explains one metric of one endpoint. Arrays live in `arena`; names are borrowed from the runs and
 * as hostile as those.
 *
 * Lines come in the order in which to look at them. First those that the change touched, dearest
 * growth first. A line that replaced another is charged only with what it costs more: the cost of
 * removed lines is taken off added ones, off those first that cost the same, in their hunk or in
 * another, and no line is charged with more than its hunk costs more in all. Then the gateway's
 * other lines; then all else. When touched lines make up less than a fifth of the growth, the
 * others come before them. What went the other way is at the end. */
MUST_CHECK bool growth_explain(struct growth *growth, const struct growth_question *question,
                               struct arena *arena, struct error *err);

/* The same for another metric of an endpoint of which `known` is known already: where the same
 * figures explain both, lines and functions are taken from there, which `arena` must outlive. */
MUST_CHECK bool growth_explain_another(struct growth *growth,
                                       const struct growth_question *question,
                                       const struct growth *known, size_t count,
                                       struct arena *arena, struct error *err);

#endif
