/* tollgate corpus list: what a corpus has of each endpoint. */
#ifndef TOLLGATE_RIG_CORPUS_LIST_H
#define TOLLGATE_RIG_CORPUS_LIST_H

#include "base/buffer.h"
#include "replay/corpus.h"

/* A row an endpoint, by falling weight. `columns` wide at most where that is possible; 0: as wide
 * as it must be. */
MUST_CHECK bool corpus_list_append(struct buffer *out, const struct corpus *corpus, int columns,
                                   struct error *err);

#endif
