/* The table of endpoints for a terminal: a row each, as many columns as the width allows. */
#ifndef TOLLGATE_REPORTERS_TABLE_H
#define TOLLGATE_REPORTERS_TABLE_H

#include "base/terminal.h"
#include "reporters/reporter.h"

/* Appends the table in the order given; where the terminal is too narrow for one, a short paragraph
 * an endpoint. */
void table_append(struct buffer *out, const struct report *report, const struct report_style *style,
                  const struct endpoint_verdict *const *order);

/* How a verdict looks, wherever it is shown. */
struct text_style table_verdict_style(enum verdict verdict);
struct text_style table_accepted_style(void);

/* The endpoint's verdict as shown: "accepted" where it passed only because its regressions were. */
const char *table_verdict_word(const struct endpoint_verdict *endpoint, struct text_style *style);

#endif
