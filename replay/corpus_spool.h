/* Exchanges on their way into a corpus file, put in order of time. They go to a nameless file as
 * they come; what stays in memory is 24 bytes an exchange. Equal times keep the order of arrival;
 * exchanges without a time (0) come first. */
#ifndef TOLLGATE_REPLAY_CORPUS_SPOOL_H
#define TOLLGATE_REPLAY_CORPUS_SPOOL_H

#include "replay/corpus.h"

struct corpus_spool;

/* The file lies where `path` will: there must be room for the corpus twice. */
MUST_CHECK bool corpus_spool_new(struct corpus_spool **spool, const char *path, struct error *err);
void corpus_spool_free(struct corpus_spool *spool);

/* `endpoint` may be NULL. *too_long is set when the exchange cannot be a line of a corpus, and so
 * was not added. */
MUST_CHECK bool corpus_spool_add(struct corpus_spool *spool, const struct exchange *exchange,
                                 const char *endpoint, bool *too_long, struct error *err);

struct corpus_spool_state {
    size_t exchanges;
    size_t out_of_order;       /* that came after one of a later time */
    int64_t first_ns, last_ns; /* of those with a time; 0 when there are none */
};

struct corpus_spool_state corpus_spool_state(const struct corpus_spool *spool);

/* Writes the lines, in order; the header is the caller's. */
MUST_CHECK bool corpus_spool_write(struct corpus_spool *spool, FILE *out, struct error *err);

#endif
