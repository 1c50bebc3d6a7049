/* What is to blame for an endpoint: the growth of all its metrics that got dearer, and the places
 * in the code to look at first. */
#ifndef TOLLGATE_REPORTERS_FAULT_H
#define TOLLGATE_REPORTERS_FAULT_H

#include "insights/growth.h"
#include "reporters/reporter.h"

enum { FAULT_PLACES = 3 };

struct fault {
    struct growth growths[METRIC_COUNT]; /* one a profile: instructions explain several metrics */
    size_t count;
    /* The first lines of all metrics, then the second; none that makes up little of the growth. */
    const struct growth_item *places[FAULT_PLACES];
    size_t place_count;
    bool changes_known;  /* else nobody knows which lines the change touched */
    const char *stale;   /* a file of the lines that is newer than the program; NULL = none is */
    const char *missing; /* why nothing can be said of lines; NULL = something can, or no profile
                            was asked for */
};

/* All that regressed, also what was accepted. Of the growths the first lines and no functions.
 * Arrays live in `arena`. False when out of memory. */
MUST_CHECK bool fault_find(struct fault *fault, const struct report *report,
                           const struct endpoint_verdict *endpoint, struct arena *arena);

/* Of growths that are known already: those of what got dearer. They are copied, their lists are
 * not.
 */
void fault_of_growths(struct fault *fault, const struct growth *growths, size_t count);

/* What of it is of one metric; where that has no place of its own, all. Its places are not to be
 * used when `whole` is gone. */
void fault_of_metric(struct fault *fault, const struct fault *whole, enum metric metric);

/* The faults of all endpoints, each found when it is first asked for: finding one takes long. */
struct fault_book {
    const struct report *report;
    struct arena arena;
    const struct fault **faults; /* by the comparison's order */
};

/* On failure nothing needs release. */
MUST_CHECK bool fault_book_init(struct fault_book *book, const struct report *report,
                                struct error *err);
void fault_book_release(struct fault_book *book);

/* Of an endpoint of the report's comparison; NULL when out of memory. */
MUST_CHECK const struct fault *fault_book_find(struct fault_book *book,
                                               const struct endpoint_verdict *endpoint);

/* "+50.3 k instructions a request (97 % of the growth), +38 allocations (all of the growth)": what
 * the place has of all growths. */
void fault_append_amounts(struct buffer *text, const struct fault *fault,
                          const struct profile_frame *place, bool utf8);

/* "gateway/rank.c:71 in score_of, a changed line: +50.3 k instructions a request (...)"; safe. */
void fault_append_place(struct buffer *text, const struct fault *fault,
                        const struct growth_item *item, bool utf8);

/* Whether the two are the same line; without lines, the same function. */
bool fault_same_place(const struct profile_frame *a, const struct profile_frame *b);

/* The first of the places that is a line of the gateway's own sources, in a file below the root of
 * its tree: what a review can be annotated at. NULL when there is none. */
const struct profile_frame *fault_find_line(const struct fault *fault);

#endif
