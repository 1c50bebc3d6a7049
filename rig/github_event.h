/* The event that started a job, as GITHUB_EVENT_PATH has it: which pull request it is about. */
#ifndef TOLLGATE_RIG_GITHUB_EVENT_H
#define TOLLGATE_RIG_GITHUB_EVENT_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

enum { GITHUB_EVENT_MAX_BYTES = 32 << 20, GITHUB_EVENT_PULLS_MAX = 100 };

struct github_event {
    int64_t number;          /* of the pull request; 0 = to be looked for by the head */
    size_t number_count;     /* how many pull requests the event names; the first is taken */
    const char *head_commit; /* that was measured; NULL = unknown */
    const char *head_owner;  /* of the repository that the head lies in, which may be a fork; or */
    const char *head_branch; /* NULL */
    const char *head_repository;
    const char *url; /* of the run that measured, for a reader; NULL = unknown */
    bool foreign;    /* about no pull request: nothing is to be published */
};

/* `pull_request` and `workflow_run` events; any other is `foreign`. Names, numbers and commits that
 * GitHub does not have are ERROR_INPUT with the field. Strings live in `arena`. */
MUST_CHECK bool github_event_parse(struct github_event *event, const json_t *json, const char *name,
                                   struct arena *arena, struct error *err);

/* Of a file. */
MUST_CHECK bool github_event_read(struct github_event *event, const char *path, struct arena *arena,
                                  struct error *err);

#endif
