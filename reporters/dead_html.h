/* Dead code as one HTML file that needs nothing else: shares, the ranked lists, every file with
 * what each line did. No script; its policy lets nothing be loaded. */
#ifndef TOLLGATE_REPORTERS_DEAD_HTML_H
#define TOLLGATE_REPORTERS_DEAD_HTML_H

#include "reporters/dead_report.h"

/* `report->texts` must be there. A page that grows too large leaves sources out and says so; those
 * with dead lines come first. */
MUST_CHECK bool dead_html_append(struct buffer *out, const struct dead_report *report,
                                 struct error *err);

#endif
