/* Figures for a monitoring system: OpenMetrics text, which Prometheus reads as well. All are
 * gauges: a run is over when it is reported, so that nothing in it counts on. Units are those of
 * the format: seconds, bytes, ratios. */
#ifndef TOLLGATE_REPORTERS_OPENMETRICS_H
#define TOLLGATE_REPORTERS_OPENMETRICS_H

#include "reporters/reporter.h"

extern const struct reporter reporter_openmetrics;

enum { OPENMETRICS_NAME_SIZE = 64 };

/* "tollgate_cpu_seconds": the metric's name with its unit. */
void openmetrics_name(enum metric metric, char name[static OPENMETRICS_NAME_SIZE]);

/* In the unit of the format. */
double openmetrics_value(enum metric metric, double value);

/* A label's value within its quotes: made safe, cut to some hundred bytes, and escaped. */
void openmetrics_append_label(struct buffer *out, const char *text);

#endif
