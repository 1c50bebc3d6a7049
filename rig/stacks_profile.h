/* From samples and the times of requests to a profile: CPU time by stack, a request. */
#ifndef TOLLGATE_RIG_STACKS_PROFILE_H
#define TOLLGATE_RIG_STACKS_PROFILE_H

#include "baselines/profile.h"
#include "rig/perf_records.h"
#include "rig/stacks_play.h"
#include "rig/symbols.h"

struct stacks_evidence {
    struct perf_records records;
    int64_t period_ns; /* CPU time between two samples */
    int64_t lost;      /* samples beside those that the records tell of */
    bool sees_kernel;  /* time in the kernel is sampled too */
    pid_t gateway;     /* the process that was started; it should still live, for its perf map */
    struct symbols *symbols;
    const struct stacks_play *play;
    int64_t warm_ns; /* from here to the first request samples are of nothing that is measured */
    const char *const *endpoint_names; /* in the order of the play's */
};

/* Into `arena`. */
MUST_CHECK bool stacks_profile_build(const struct stacks_evidence *evidence, struct arena *arena,
                                     struct profile *profile, struct error *err);

#endif
