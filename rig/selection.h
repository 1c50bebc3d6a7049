/* Which exchanges of the corpus are replayed: a few of each endpoint, of every variant at least one
 * where there is room, the rest in proportion to the weight. Memory does not grow with the
 * corpus. */
#ifndef TOLLGATE_RIG_SELECTION_H
#define TOLLGATE_RIG_SELECTION_H

#include "replay/corpus.h"

struct selected {
    struct exchange exchange;
    double share; /* of its endpoint's weight that it stands for; the shares of one add up to 1 */
};

/* The chosen exchanges of one endpoint: `count` from `first` on, in corpus order. */
struct selected_endpoint {
    size_t endpoint; /* index in the corpus */
    size_t first;
    size_t count;
    int64_t requests; /* in the whole corpus */
    double weight;    /* in the whole corpus */
};

struct selection {
    struct arena arena;
    struct selected *items;
    size_t count;
    struct selected_endpoint *endpoints;
    size_t endpoint_count;
};

/* `globs` is NULL-terminated, or NULL for all endpoints; none that match is ERROR_USAGE naming the
 * endpoints there are. At most `most` exchanges an endpoint. */
MUST_CHECK bool selection_make(struct selection *selection, const struct corpus *corpus,
                               const char *const *globs, size_t most, struct error *err);
void selection_release(struct selection *selection);

#endif
