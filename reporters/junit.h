/* JUnit XML: a suite a pass, a test case an endpoint and gated metric; and a suite of the answers.
 */
#ifndef TOLLGATE_REPORTERS_JUNIT_H
#define TOLLGATE_REPORTERS_JUNIT_H

#include "reporters/reporter.h"

extern const struct reporter reporter_junit;

#endif
