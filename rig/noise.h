/* How noisy CPU time is on this machine, measured with a load of our own in the arrangement of the
 * live pass: two processes of the same code on one CPU take turns request by request in random
 * order, and a replicate starts both afresh. What they differ by is noise, all of it. A gateway's
 * own is larger, often two or three times, since it has more state than this load: what is found
 * here is the least that a run must reckon with. */
#ifndef TOLLGATE_RIG_NOISE_H
#define TOLLGATE_RIG_NOISE_H

#include "base/interrupt.h"
#include "rig/progress.h"

#include <stddef.h>
#include <stdint.h>

/* Standard deviation of a replicate's log ratio that calls for no remark. */
#define NOISE_GOOD_SD 0.01

struct noise_options {
    int cpu;                           /* everything is pinned to it; -1 = not pinned */
    int pairs;                         /* of requests a replicate */
    double seconds;                    /* to measure for */
    const struct interrupt *interrupt; /* may be NULL */
    struct progress *progress;         /* may be NULL */
};

struct noise {
    int cpu;
    size_t replicates;   /* fresh pairs of processes */
    double sd;           /* of their log ratios; NAN for fewer than two */
    double mean;         /* of their log ratios: nothing but noise, either */
    double unit_ns;      /* CPU time of one request */
    double stolen_share; /* of the time, by the host */
    double seconds;      /* that it took */
};

/* ERROR_INTERRUPTED when the user stops it. No process is left behind, whatever happens. */
MUST_CHECK bool noise_measure(struct noise *noise, const struct noise_options *options,
                              struct error *err);

/* What a run is to decide. */
struct noise_question {
    size_t replicates;
    size_t endpoints;
    double alpha;  /* of the run at its last look */
    double margin; /* a fraction */
};

/* The smallest slowdown, as a fraction, that such a run on such a machine finds nine times in ten.
 * Infinity when so few replicates can find none; NAN when the noise is not known. */
double noise_find_smallest(const struct noise *noise, const struct noise_question *question);

#endif
