/* The text of a run's JSON: sorted keys, indented, an array of figures on one line, so that a diff
 * shows a line a metric. */
#ifndef TOLLGATE_BASELINES_RUN_TEXT_H
#define TOLLGATE_BASELINES_RUN_TEXT_H

#include "base/buffer.h"

#include <jansson.h>

/* Appends the document and a newline. */
MUST_CHECK bool run_append_text(struct buffer *out, const json_t *json, struct error *err);

#endif
