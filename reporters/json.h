/* The JSON reporter, as report.schema.json describes it; used through the table of reporters. */
#ifndef TOLLGATE_REPORTERS_JSON_H
#define TOLLGATE_REPORTERS_JSON_H

#include "reporters/reporter.h"

extern const struct reporter reporter_json;

#endif
