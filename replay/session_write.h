/* A request with values put in the places that a plan found. */
#ifndef TOLLGATE_REPLAY_SESSION_WRITE_H
#define TOLLGATE_REPLAY_SESSION_WRITE_H

#include "replay/session_private.h"

/* The value that goes into a slot, or NULL text: then the recorded one stays. */
typedef struct session_value session_value_of(const void *context, size_t slot);

/* Copies the exchange; what differs from it is in `arena`. False when out of memory. */
MUST_CHECK bool session_write_request(const struct exchange *exchange,
                                      const struct session_use *use, session_value_of *value_of,
                                      const void *context, struct arena *arena,
                                      struct exchange *out);

#endif
