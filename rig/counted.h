/* A counting pass: fresh starts, several rounds over the selection, each request read before and
 * after, and the least of an exchange's rounds taken. */
#ifndef TOLLGATE_RIG_COUNTED_H
#define TOLLGATE_RIG_COUNTED_H

#include "rig/bench.h"
#include "rig/sampler.h"

MUST_CHECK bool counted_run(struct bench *bench, const struct sampler *sampler,
                            const struct pass_settings *settings, struct pass_result *result,
                            char skipped[512], struct error *err);

#endif
