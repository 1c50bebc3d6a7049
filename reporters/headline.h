/* The verdict in words, with the most important fact: what a reader of one line should know. */
#ifndef TOLLGATE_REPORTERS_HEADLINE_H
#define TOLLGATE_REPORTERS_HEADLINE_H

#include "reporters/reporter.h"

/* "REGRESSED", "IMPROVED", "PASSED", "INCONCLUSIVE", or "MEASURED" where nothing was gated. Never
 * NULL. An invalid measurement is the caller's to announce first. */
const char *headline_word(const struct comparison *comparison);

/* Appends the sentence behind the word, plain and safe: "2 of 16 endpoints got dearer: ...".
 * `order` is that of order_endpoints. */
void headline_append(struct buffer *out, const struct report *report,
                     const struct endpoint_verdict *const *order, bool utf8);

/* Appends which endpoints answered wrongly: "GET /v3/search answered wrongly". */
void headline_append_invalid(struct buffer *out, const struct report *report,
                             const struct endpoint_verdict *const *order, bool utf8);

/* The same two in UTF-8 with endpoints written by `name`, which makes them safe: for text that is
 * marked up. All else in them is plain: letters, figures and ":;,.()%+-". */
typedef void headline_name(struct buffer *out, const char *name);
void headline_append_marked(struct buffer *out, const struct report *report,
                            const struct endpoint_verdict *const *order, headline_name *name);
void headline_append_invalid_marked(struct buffer *out, const struct report *report,
                                    const struct endpoint_verdict *const *order,
                                    headline_name *name);

#endif
