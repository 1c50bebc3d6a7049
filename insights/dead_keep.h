/* Dead code that is kept on purpose, and until when: "dead" in tollgate.json. */
#ifndef TOLLGATE_INSIGHTS_DEAD_KEEP_H
#define TOLLGATE_INSIGHTS_DEAD_KEEP_H

#include "base/arena.h"
#include "base/json.h"

struct dead_keep {
    const char *path;     /* a glob over the file's path, from the config's folder */
    const char *function; /* a glob over the function's name; NULL = the whole file */
    const char *until;    /* the last day it holds, "2027-01-31" in UTC */
    const char *because;
};

/* Empty: nothing is kept. */
struct dead_keep_list {
    const struct dead_keep *items;
    size_t count;
};

/* {"keep": [{"path": "gateway/admin.c", "function": "health_get", "until": "2027-01-31",
 *   "because": "..."}]}. The day is not optional: what is kept without an end is never looked at
 * again. */
MUST_CHECK bool dead_keep_parse(struct dead_keep_list *list, const json_t *json,
                                const struct json_place *place, struct arena *arena,
                                struct error *err);

/* Whether it speaks of this function; `path` from the config's folder, `function` may be NULL. */
bool dead_keep_matches(const struct dead_keep *keep, const char *path, const char *function);

/* Whether its last day is over. `today` as "2026-11-22". */
bool dead_keep_is_over(const struct dead_keep *keep, const char *today);

#endif
