/* Request bodies of forms that a HAR only has as a list of fields. */
#ifndef TOLLGATE_REPLAY_IMPORT_HAR_FORM_H
#define TOLLGATE_REPLAY_IMPORT_HAR_FORM_H

#include "base/buffer.h"

#include <jansson.h>

/* Appends the fields of "params" as the content type has them: application/x-www-form-urlencoded,
 * or multipart/form-data with the boundary that it names. False, with nothing appended, for other
 * types. */
bool har_form_append(struct buffer *out, const char *content_type, const json_t *params);

#endif
