/* Whose an endpoint is, and which rule says so. Pure: whoever has read the files hands them in.
 *
 * Asked in this order, and the first that answers decides: the map of the config, the OpenAPI
 * document, CODEOWNERS over the files that the endpoint executes. */
#ifndef TOLLGATE_INSIGHTS_OWNERS_H
#define TOLLGATE_INSIGHTS_OWNERS_H

#include "baselines/compare.h"
#include "insights/codeowners.h"
#include "insights/owners_map.h"
#include "insights/owners_openapi.h"

enum owner_source { OWNER_UNKNOWN, OWNER_CONFIG, OWNER_OPENAPI, OWNER_CODEOWNERS };

struct endpoint_owner {
    const char *endpoint;
    /* "team-feed", or several with ", " between: one name for the group. NULL = unowned. From
     * outside: not safe for a terminal or a page, and may begin with '@'. */
    const char *owner;
    enum owner_source source; /* what decided; with `owner` NULL: what cleared it */
    /* The place of the rule: "tollgate.json: owners[2]", "openapi.json:
     * paths./v3/feed.get.x-owner",
     * ".github/CODEOWNERS:12". NULL = no rule fits. */
    const char *rule;
    const char *file;  /* that CODEOWNERS was asked about; NULL = it was not */
    double file_share; /* of the endpoint's cost in its own sources that the owner's files have */
    const char *why;   /* unowned: why, in words; else NULL */
};

struct owners {
    struct endpoint_owner *endpoints; /* in the comparison's order */
    size_t count;
    const char *const *notes; /* what the reader should know: invalid lines and the like */
    size_t note_count;
};

/* What is known; any may be NULL. */
struct owners_question {
    const struct run *head; /* for its profile */
    const struct run *base; /* whose profile is asked of endpoints that the head has none of */
    const struct comparison *comparison;
    const struct owners_map *map;
    const struct owners_openapi *openapi;
    const struct codeowners *codeowners;
};

/* All lives in `arena` and in what was asked about. */
MUST_CHECK bool owners_find(struct owners *owners, const struct owners_question *question,
                            struct arena *arena, struct error *err);

/* NULL when there is no such endpoint, or `owners` is NULL. */
const struct endpoint_owner *owners_endpoint(const struct owners *owners, const char *endpoint);

/* "config", "openapi", "codeowners"; "" for OWNER_UNKNOWN. */
const char *owner_source_key(enum owner_source source);

#endif
