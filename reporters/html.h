/* The page to dig in: everything that a run and its comparison say, in one file that loads nothing;
 * used through the table of reporters. */
#ifndef TOLLGATE_REPORTERS_HTML_H
#define TOLLGATE_REPORTERS_HTML_H

#include "reporters/reporter.h"

extern const struct reporter reporter_html;

#endif
