/* What a review should hear of, one metric of one endpoint at a time, worst first: for reporters
 * that hand findings to somebody else's list. */
#ifndef TOLLGATE_REPORTERS_FINDING_H
#define TOLLGATE_REPORTERS_FINDING_H

#include "reporters/fault.h"

enum finding_level {
    FINDING_ERROR,   /* regressed, or a wrong answer */
    FINDING_WARNING, /* could not be decided */
    FINDING_NOTICE,  /* dearer, and accepted */
};

struct finding {
    enum finding_level level;
    const struct endpoint_verdict *endpoint;
    enum metric metric; /* METRIC_COUNT: the endpoint answered wrongly */
    /* The line at fault, one of the gateway's own sources; NULL = not known. Its path is below the
     * root of the tree, and as hostile as all that comes from a run. */
    const struct profile_frame *place;
    const char
        *because; /* "gateway/rank.c:71 in score_of: +50 k ...", safe, UTF-8; NULL = nothing */
};

struct finding_list {
    struct fault_book book;
    struct finding *items;
    size_t count;
    size_t left_off; /* beyond `most` */
};

/* At most `most`, by level, then as order_endpoints has them. On failure nothing needs release. */
MUST_CHECK bool finding_list_make(struct finding_list *list, const struct report *report,
                                  size_t most, struct error *err);
void finding_list_release(struct finding_list *list);

/* A word for the list of another program: "cpu_ns", or "wrong-answer". */
const char *finding_key(const struct finding *finding);

/* "GET /v3/feed: CPU +6.1 %", "GET /v3/search answered wrongly"; one line, safe, names shortened.
 */
void finding_append_title(struct buffer *out, const struct finding *finding);

/* "1.17 ms → 1.24 ms a request, +6.1 % (5.2 to 7.0 %), above the 2 % margin": figures and reason in
 * full, without the place; safe, lines kept. */
void finding_append_reason(struct buffer *out, const struct finding *finding);

enum { FINDING_PRINT_SIZE = 65 };

/* What stays the same while figures and lines move: SHA-256, in hex, of metric, endpoint and file.
 */
void finding_print(const struct finding *finding, char print[static FINDING_PRINT_SIZE]);

#endif
