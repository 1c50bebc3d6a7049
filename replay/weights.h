/* How often production asked for what a corpus holds: counts of a log, put on the exchanges of a
 * corpus as weights. Counted by endpoint, and within it by the set of query keys where the corpus
 * has several. The exchanges of an endpoint share its requests; those with a set of keys share what
 * the log has of that set. What the log never shows counts as half a request, since a weight cannot
 * be 0. */
#ifndef TOLLGATE_REPLAY_WEIGHTS_H
#define TOLLGATE_REPLAY_WEIGHTS_H

#include "replay/endpoints.h"
#include "replay/import.h"

#define WEIGHTS_NEVER_SEEN 0.5

struct weights;

/* The templates are borrowed. */
MUST_CHECK bool weights_new(struct weights **weights, const struct endpoint_map *map,
                            struct error *err);
void weights_free(struct weights *weights);

/* First each exchange of the corpus, with the index of its template and the weight it has; */
MUST_CHECK bool weights_add_exchange(struct weights *weights, size_t endpoint, const char *target,
                                     double weight, struct error *err);

/* then each request of the logs; */
MUST_CHECK bool weights_count(struct weights *weights, const struct logged_request *request,
                              struct error *err);

/* then what each exchange shall weigh: above 0. It must have been added. */
MUST_CHECK bool weights_of(struct weights *weights, size_t endpoint, const char *target,
                           double weight, double *out, struct error *err);

struct weights_endpoint {
    uint64_t requests;   /* of the log */
    uint64_t other_keys; /* of those, with query keys that the corpus does not have */
    size_t exchanges;    /* of the corpus */
    double weight;       /* that they had before */
};

/* By index of the template. */
const struct weights_endpoint *weights_endpoints(const struct weights *weights);

/* Requests of the log that match no template: how many, and up to `most` of the most frequent
 * paths, by falling count. */
enum { WEIGHTS_UNMATCHED_KEPT = 1000, WEIGHTS_PATH_MAX_BYTES = 160 };

struct weights_unmatched {
    const char *request; /* "GET /path", perhaps cut; may hold anything */
    uint64_t count;
};

uint64_t weights_unmatched_total(const struct weights *weights);
size_t weights_unmatched_top(struct weights *weights, struct weights_unmatched *out, size_t most);

#endif
