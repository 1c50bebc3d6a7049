/* The files of the page of dead code: their list, and each with its lines. */
#ifndef TOLLGATE_REPORTERS_DEAD_HTML_SOURCE_H
#define TOLLGATE_REPORTERS_DEAD_HTML_SOURCE_H

#include "reporters/dead_report.h"

enum { DEAD_ANCHOR_SIZE = 48 };

/* Names a line of a file (by its index) within the page; line 0 = the file itself. */
void dead_html_anchor(size_t file, uint32_t line, char out[static DEAD_ANCHOR_SIZE - 1]);

/* A link with a path in it, which may break behind each '/'. */
void dead_html_append_link(struct buffer *out, const char *target, const char *path);

void dead_html_append_sources(struct buffer *out, const struct dead_report *report);

#endif
