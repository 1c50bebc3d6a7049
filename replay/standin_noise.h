/* What chance does to an answer of a stand-in. Nothing is remembered: the same request of the same
 * replay gets the same lot, whatever was asked for before, so that two gateways under comparison
 * and every replicate meet the same. */
#ifndef TOLLGATE_REPLAY_STANDIN_NOISE_H
#define TOLLGATE_REPLAY_STANDIN_NOISE_H

#include "replay/standin_settings.h"

enum { STANDIN_DELAY_MAX_S = 600 }; /* a longer latency is cut to this */

/* Which request it is. */
struct standin_lot {
    uint64_t seed;
    uint64_t upstream; /* a number of its own for each upstream */
    uint64_t exchange; /* index in the corpus */
    uint64_t replay;   /* how many times the exchange was replayed at this gateway, from 1 */
    uint64_t call;     /* how many requests of this replay reached the upstream before */
};

struct standin_noise {
    const struct standin_fault *fault; /* NULL = none; the first of the settings that strikes */
    int64_t delay_ns;
};

/* Whether answers may come late or be replaced at all. */
bool standin_settings_are_noisy(const struct standin_settings *settings);

/* `recorded_ns` is the answer's recorded latency, 0 = unknown; `with_faults` false draws none. */
struct standin_noise standin_noise_draw(const struct standin_settings *settings,
                                        const struct standin_lot *lot, int64_t recorded_ns,
                                        bool with_faults);

#endif
