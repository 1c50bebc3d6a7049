/* SARIF 2.1.0, for code scanning: a rule a metric, a result a finding, at the line at fault. */
#ifndef TOLLGATE_REPORTERS_SARIF_H
#define TOLLGATE_REPORTERS_SARIF_H

#include "reporters/reporter.h"

/* GitHub keeps so many results of a run; the rest it drops. */
enum { SARIF_RESULTS_MAX = 5000 };

extern const struct reporter reporter_sarif;

#endif
