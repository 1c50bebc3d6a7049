/* What the lines pass found out about one side, on its way into the run. */
#ifndef TOLLGATE_RIG_LINES_RESULT_H
#define TOLLGATE_RIG_LINES_RESULT_H

#include "rig/bench.h"
#include "rig/lines_play.h"

struct lines_result;

/* Looks at the side's source tree. */
MUST_CHECK bool lines_result_new(struct lines_result **result, struct bench *bench, enum side side,
                                 struct error *err);
void lines_result_free(struct lines_result *result);

/* That parts are read into; all of them, so that their contexts are the same. */
struct callgrind_profile *lines_result_profile(const struct lines_result *result);

/* Before anything is added, while the process `pid` of the gateway lives. */
MUST_CHECK bool lines_result_begin(struct lines_result *result, pid_t pid, struct error *err);

/* What ran before the first request, or is no request's. */
MUST_CHECK bool lines_result_add_start(struct lines_result *result, const struct lines_part *part,
                                       struct error *err);

/* What was executed on the first requests of all, when connections are made and things are built on
 * first use: of it only what nothing else reaches counts, as the start's. */
MUST_CHECK bool lines_result_add_warm_up(struct lines_result *result, const struct lines_part *part,
                                         struct error *err);

/* What unmeasured requests of an endpoint executed: of it only the places count that no measured
 * one reached. They get executions, and cost nothing. */
MUST_CHECK bool lines_result_add_unmeasured(struct lines_result *result, size_t endpoint,
                                            const struct lines_part *part, struct error *err);

MUST_CHECK bool lines_result_add_group(struct lines_result *result, const struct lines_group *group,
                                       const struct lines_played *played, struct error *err);

/* Into the run: the profile of the side, and its sources. */
MUST_CHECK bool lines_result_finish(struct lines_result *result, const struct lines_play *play,
                                    struct error *err);

#endif
