/* Source with what every line did written beside it, for a terminal. */
#ifndef TOLLGATE_REPORTERS_SOURCE_VIEW_H
#define TOLLGATE_REPORTERS_SOURCE_VIEW_H

#include "reporters/dead_report.h"

/* One file: its lines' numbers, states, executions a request, endpoints that reach them, and text.
 * Without the text, the executable lines alone. `cut` shortens lines to the terminal's width. */
MUST_CHECK bool source_view_append(struct buffer *out, const struct dead_file *file,
                                   const struct dead_text *text, const struct report_style *style,
                                   bool cut, struct error *err);

/* Goes through a text line by line: a line without its end, or NULL after the last. `at` begins
 * with 0. */
const char *source_view_next_line(const struct dead_text *text, size_t *at, size_t *size);

#endif
