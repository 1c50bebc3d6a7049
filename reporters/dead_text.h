/* Dead code on a terminal: shares, the ranked lists, what they rest on. */
#ifndef TOLLGATE_REPORTERS_DEAD_TEXT_H
#define TOLLGATE_REPORTERS_DEAD_TEXT_H

#include "reporters/dead_report.h"

MUST_CHECK bool dead_text_append(struct buffer *out, const struct dead_report *report,
                                 const struct report_style *style, struct error *err);

/* How a state looks, wherever it is shown on a terminal. */
struct text_style dead_state_style(enum dead_state state);

/* The style with a width that lines can be set in. */
struct report_style dead_fit_style(const struct report_style *style);

/* A labelled paragraph: `label` dim before `text`, which is made safe. */
void dead_text_append_remark(struct buffer *out, const struct report_style *style,
                             const char *label, const char *text);

#endif
