#include "replay/standin_noise.h"

#include "base/clock.h"
#include "base/random.h"

#include <math.h>

/* What is drawn apart, so that one more fault in the config does not shift the latencies. */
enum purpose { DRAW_LATENCY, DRAW_FAULT };

static uint64_t mix(uint64_t state, uint64_t value)
{
    state = (state ^ value) * 0x9e3779b97f4a7c15ULL;
    return state ^ (state >> 29);
}

static struct random lot_random(const struct standin_lot *lot, enum purpose purpose, uint64_t which)
{
    const uint64_t parts[] = {lot->upstream, lot->exchange, lot->replay, lot->call, purpose, which};
    uint64_t state = mix(0x746f6c6c67617465ULL, lot->seed);
    struct random random;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        state = mix(state, parts[i]);
    random_seed(&random, state);
    return random;
}

bool standin_settings_are_noisy(const struct standin_settings *settings)
{
    return settings->latency != STANDIN_LATENCY_NONE || settings->fault_count > 0;
}

/* Box and Muller's. */
static double draw_normal(struct random *random)
{
    double radius = sqrt(-2 * log(1 - random_unit(random)));
    return radius * cos(2 * acos(-1) * random_unit(random));
}

static int64_t draw_latency(const struct standin_settings *settings, const struct standin_lot *lot,
                            int64_t recorded_ns)
{
    const double most = (double)STANDIN_DELAY_MAX_S * (double)NS_PER_SECOND;
    if (settings->latency == STANDIN_LATENCY_NONE)
        return 0;
    if (settings->latency == STANDIN_LATENCY_RECORDED)
        return recorded_ns < 0 ? 0 : recorded_ns < (int64_t)most ? recorded_ns : (int64_t)most;
    struct random random = lot_random(lot, DRAW_LATENCY, 0);
    double drawn = (double)settings->median_ns * exp(settings->sigma * draw_normal(&random));
    return (int64_t)fmin(drawn, most);
}

static bool strikes(const struct standin_fault *fault, const struct standin_lot *lot,
                    uint64_t which)
{
    if (fault->every == 0) {
        struct random random = lot_random(lot, DRAW_FAULT, which);
        return random_unit(&random) < fault->share;
    }
    /* Each exchange begins elsewhere in the cycle, so that not all are struck in the same round. */
    struct standin_lot start = *lot;
    start.replay = 0;
    struct random random = lot_random(&start, DRAW_FAULT, which);
    return (lot->replay + random_below(&random, fault->every)) % fault->every == 0;
}

struct standin_noise standin_noise_draw(const struct standin_settings *settings,
                                        const struct standin_lot *lot, int64_t recorded_ns,
                                        bool with_faults)
{
    struct standin_noise noise = {.delay_ns = draw_latency(settings, lot, recorded_ns)};
    for (size_t i = 0; with_faults && i < settings->fault_count && noise.fault == NULL; i++)
        if (strikes(&settings->faults[i], lot, i))
            noise.fault = &settings->faults[i];
    if (noise.fault != NULL && noise.fault->kind == STANDIN_FAULT_SLOW)
        noise.delay_ns += noise.fault->delay_ns;
    return noise;
}
