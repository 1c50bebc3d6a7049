/* The terminal reporter; used through the table of reporters. */
#ifndef TOLLGATE_REPORTERS_TERMINAL_H
#define TOLLGATE_REPORTERS_TERMINAL_H

#include "reporters/reporter.h"

extern const struct reporter reporter_terminal;

#endif
