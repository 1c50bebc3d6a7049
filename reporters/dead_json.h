/* Dead code for programs; its shape is described by dead.schema.json. */
#ifndef TOLLGATE_REPORTERS_DEAD_JSON_H
#define TOLLGATE_REPORTERS_DEAD_JSON_H

#include "reporters/dead_report.h"

MUST_CHECK bool dead_json_append(struct buffer *out, const struct dead_report *report,
                                 struct error *err);

#endif
