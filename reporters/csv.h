/* A row an endpoint and metric, for spreadsheets: RFC 4180, UTF-8, lines end with CRLF. Figures are
 * plain numbers with a point; what was not measured is empty. Text is always quoted; where it
 * begins with what a spreadsheet takes for a formula ("=", "+", "-", "@"), an apostrophe stands
 * before it. Control characters are spelt out, so that a row is a line. */
#ifndef TOLLGATE_REPORTERS_CSV_H
#define TOLLGATE_REPORTERS_CSV_H

#include "reporters/reporter.h"

extern const struct reporter reporter_csv;

#endif
