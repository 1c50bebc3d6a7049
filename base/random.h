/* A small seeded generator (xoshiro256**, Blackman and Vigna 2018): the same seed gives the same
 * run on every machine. Not for secrets. */
#ifndef TOLLGATE_BASE_RANDOM_H
#define TOLLGATE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* Uniform in [0, bound); bound > 0. */
uint64_t random_below(struct random *random, uint64_t bound);
/* Uniform in [0, 1). */
double random_unit(struct random *random);

#endif
