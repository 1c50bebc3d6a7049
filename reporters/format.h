/* Figures as people read them: few digits, a unit, always a sign on a change. */
#ifndef TOLLGATE_REPORTERS_FORMAT_H
#define TOLLGATE_REPORTERS_FORMAT_H

#include "baselines/metric.h"

#include <stdint.h>

enum { FORMAT_SIZE = 48 };

/* "1.24 ms", "318.2 k", "12.3 KiB"; a dash for NAN. Never more than 9 columns for any figure below
 * 10^15. `utf8` decides between "µs" and "us". */
void format_value(double value, enum metric_unit unit, bool utf8, char out[static FORMAT_SIZE]);

/* A fraction: "+6.1 %", "-0.4 %", "+310 %", "x124" from a hundredfold on, "=" for no change at all;
 * a dash for NAN. */
void format_change(double change, bool utf8, char out[static FORMAT_SIZE]);

/* Two fractions: "+5.2…+7.0 %" with the "…" being `between`; a dash when either is NAN. */
void format_interval(double low, double high, const char *between, bool utf8,
                     char out[static FORMAT_SIZE]);

/* A share without a sign: "2.1 %". */
void format_share(double share, bool utf8, char out[static FORMAT_SIZE]);

/* "12,480". */
void format_integer(int64_t value, char out[static FORMAT_SIZE]);

/* "18.2 s", "3 min 20 s". */
void format_seconds(double seconds, bool utf8, char out[static FORMAT_SIZE]);

/* What stands where nothing was measured. */
const char *format_nothing(bool utf8);

#endif
