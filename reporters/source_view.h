/* Source with what every line did written beside it, for a terminal. */
#ifndef TOLLGATE_REPORTERS_SOURCE_VIEW_H
#define TOLLGATE_REPORTERS_SOURCE_VIEW_H

#include "reporters/dead_report.h"

/* One file: its lines' numbers, states, executions a request, endpoints that reach them, and text.
 * Without the text, the executable lines alone. `cut` shortens lines to the terminal's width. */
MUST_CHECK bool source_view_append(struct buffer *out, const struct dead_file *file,
                                   const struct measured_text *text,
                                   const struct report_style *style, bool cut, struct error *err);

#endif
