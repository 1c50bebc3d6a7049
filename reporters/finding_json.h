/* Findings in the JSON of others. What returns JSON is NULL when out of memory, which json_pack
 * passes on. */
#ifndef TOLLGATE_REPORTERS_FINDING_JSON_H
#define TOLLGATE_REPORTERS_FINDING_JSON_H

#include "reporters/finding.h"

#include <jansson.h>

/* Where a finding is placed whose line is not known, but must be somewhere. */
#define FINDING_NOWHERE "tollgate.json"

/* Title, reason and what is to blame. */
MUST_CHECK json_t *finding_json_message(const struct finding *finding);

/* Text from outside, made safe. */
MUST_CHECK json_t *finding_json_text(const char *text);

/* ASCII, indented, with a line's end behind it. */
MUST_CHECK bool finding_json_dump(const json_t *json, struct buffer *out, struct error *err);

#endif
