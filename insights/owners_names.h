/* Owners' names as JSON has them. */
#ifndef TOLLGATE_INSIGHTS_OWNERS_NAMES_H
#define TOLLGATE_INSIGHTS_OWNERS_NAMES_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

enum { OWNERS_NAMES_MAX = 32, OWNERS_NAME_MAX_BYTES = 256 };

/* Whether it is a name, or a list of 1 to OWNERS_NAMES_MAX names. */
bool owners_names_valid(const json_t *json);

/* "team-feed, team-core" of what is valid; NULL when out of memory. */
MUST_CHECK const char *owners_names_join(const json_t *json, struct arena *arena);

#endif
