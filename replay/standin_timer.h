/* Calls back at set times, from one thread for all that wait. */
#ifndef TOLLGATE_REPLAY_STANDIN_TIMER_H
#define TOLLGATE_REPLAY_STANDIN_TIMER_H

#include "base/error.h"

#include <stdint.h>

struct standin_timer;

typedef void standin_timer_call(void *context);

/* The thread starts here and inherits the caller's CPU. */
MUST_CHECK bool standin_timer_new(struct standin_timer **timer, standin_timer_call *call,
                                  struct error *err);

/* Calls for everything that still waits, at once and in order, then ends. */
void standin_timer_free(struct standin_timer *timer);

/* Calls with `context` once the monotonic clock has reached the time. False when out of memory:
 * then it does not call. */
MUST_CHECK bool standin_timer_add(struct standin_timer *timer, int64_t due_ns, void *context);

#endif
