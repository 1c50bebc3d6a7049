/* What every part of a JSON report is put together from. NULL when out of memory, which json_pack
 * passes on. */
#ifndef TOLLGATE_REPORTERS_JSON_PARTS_H
#define TOLLGATE_REPORTERS_JSON_PARTS_H

#include "base/macros.h"

#include <jansson.h>

/* Text from outside may be no UTF-8; then its bytes are spelt out. NULL becomes null. */
MUST_CHECK json_t *json_parts_text(const char *text);

/* JSON knows neither NaN nor infinity: those become null. */
MUST_CHECK json_t *json_parts_number(double value);

#endif
