/* Why a metric changed, as text: the lines, functions and variants that insights/growth.h finds. */
#ifndef TOLLGATE_REPORTERS_BECAUSE_H
#define TOLLGATE_REPORTERS_BECAUSE_H

#include "insights/growth.h"
#include "reporters/reporter.h"

#include <stdint.h>

/* Whether there is something to explain: it regressed, also when that was accepted, or improved. */
bool because_asked(const struct metric_verdict *metric);

/* Explains one metric of an endpoint of the report's comparison; ranks what shrank where it
 * improved. */
MUST_CHECK bool because_find(struct growth *growth, const struct report *report,
                             const struct endpoint_verdict *endpoint, enum metric metric,
                             struct arena *arena, struct error *err);

/* Why all metrics of an endpoint changed, of those where there is something to explain. */
struct because {
    struct growth growths[METRIC_COUNT]; /* by metric, rising */
    size_t count;
    struct arena arena;
};

/* On failure nothing needs release. */
MUST_CHECK bool because_find_all(struct because *because, const struct report *report,
                                 const struct endpoint_verdict *endpoint, struct error *err);
void because_release(struct because *because);

/* The short form, for a report: at most three places of all that regressed, and the variants that
 * did. Nothing where there is no profile; where one was asked for and is not there, why, unless
 * `told` has it: a hash of the reason that was told, 0 at first. */
void because_append(struct buffer *out, const struct report *report,
                    const struct report_style *style, const struct endpoint_verdict *endpoint,
                    uint64_t *told);

/* The long form, without labels: lines of text, wrapped by who calls. Each appends nothing where
 * there is nothing to say. */
void because_append_lines(struct buffer *text, const struct growth *growth, bool utf8);
void because_append_functions(struct buffer *text, const struct growth *growth, bool utf8);
void because_append_moved(struct buffer *text, const struct growth *growth, bool utf8);
void because_append_variants(struct buffer *text, const struct growth *growth, bool utf8);

/* What the lines of a profile are called: "lines", or "sites" of allocations. */
const char *because_lines_word(const struct growth *growth);

#endif
