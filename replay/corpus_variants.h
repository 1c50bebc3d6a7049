/* The variants of a corpus while it is indexed: recorded names stay; where there is none the
 * request gives one, and an endpoint of very many keeps the heaviest. */
#ifndef TOLLGATE_REPLAY_CORPUS_VARIANTS_H
#define TOLLGATE_REPLAY_CORPUS_VARIANTS_H

#include "base/names.h"
#include "replay/corpus.h"

enum { CORPUS_VARIANTS_MAX = 16 }; /* of an endpoint, where none is recorded */

struct corpus_variants {
    struct name_table names; /* by endpoint */
    bool *computed;          /* by number: no exchange has it recorded */
    size_t room;
};

void corpus_variants_init(struct corpus_variants *variants);
void corpus_variants_release(struct corpus_variants *variants);

/* The number of the exchange's variant. False when there is no memory. */
MUST_CHECK bool corpus_variants_add(struct corpus_variants *variants, uint32_t endpoint,
                                    const struct exchange *exchange, uint32_t *number);

/* Puts what an endpoint has more of into one variant, "others". False when there is no memory. */
MUST_CHECK bool corpus_variants_fold(struct corpus_variants *variants, struct corpus_entry *entries,
                                     size_t count);

#endif
