/* A counting pass: fresh starts, each request read before and after; an exchange is repeated until
 * its least count was seen twice. */
#ifndef TOLLGATE_RIG_COUNTED_H
#define TOLLGATE_RIG_COUNTED_H

#include "rig/bench.h"
#include "rig/sampler.h"

MUST_CHECK bool counted_run(struct bench *bench, const struct sampler *sampler,
                            const struct pass_settings *settings, struct pass_result *result,
                            char skipped[512], struct error *err);

#endif
