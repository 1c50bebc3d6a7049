/* How the stand-in of one upstream behaves beyond giving recorded answers at once. */
#ifndef TOLLGATE_REPLAY_STANDIN_SETTINGS_H
#define TOLLGATE_REPLAY_STANDIN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum standin_latency {
    STANDIN_LATENCY_NONE,
    STANDIN_LATENCY_RECORDED,
    STANDIN_LATENCY_LOGNORMAL,
};

enum standin_fault_kind {
    STANDIN_FAULT_STATUS, /* this status instead of the answer */
    STANDIN_FAULT_RESET,  /* the connection is reset instead */
    STANDIN_FAULT_SLOW,   /* the answer comes later by this much */
};

struct standin_fault {
    enum standin_fault_kind kind;
    int status;
    int64_t delay_ns;
    double share;   /* of the requests, above 0 and up to 1; 0: by `every` */
    uint64_t every; /* n-th time that an exchange is replayed */
};

struct standin_settings {
    const char *const *volatile_names; /* query keys and JSON fields that do not count */
    size_t volatile_count;
    bool templates; /* whether a request of the same kind with other values is answered */
    enum standin_latency latency;
    int64_t median_ns; /* of a log-normal latency */
    double sigma;      /* of its logarithm */
    const struct standin_fault *faults;
    size_t fault_count;
};

#endif
