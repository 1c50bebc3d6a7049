/* Compressed bodies of an exchange, opened so that they can be redacted. A secret in a compressed
 * body would otherwise pass unseen.
 *
 * Of the gateway's own answer a compressed body is left out, since no two compressors write the
 * same bytes: it is not checked on replay, its size is known. Requests and upstreams' answers are
 * opened and, once redacted, compressed again, so that the gateway has the same work to do. */
#ifndef TOLLGATE_REPLAY_RECORDING_CODING_H
#define TOLLGATE_REPLAY_RECORDING_CODING_H

#include "replay/corpus.h"

enum { RECORDING_OPENED_MAX_BYTES = 64 * 1024 * 1024 };

/* Opens gzip and deflate. ERROR_INPUT for any other coding, for what is not what it says, and for
 * what is larger than the maximum once opened. *left_out counts bodies that were left out. */
MUST_CHECK bool recording_decode(struct exchange *exchange, struct arena *arena, size_t *left_out,
                                 struct error *err);

/* The reverse, of what recording_decode opened. Content-Length is put right. */
MUST_CHECK bool recording_encode(struct exchange *exchange, struct arena *arena, struct error *err);

#endif
