/* What the exports of profiles share: which profile and which endpoints they hold, and how figures
 * and names are put into the formats of others. Each is a reporter of its own. */
#ifndef TOLLGATE_REPORTERS_EXPORT_H
#define TOLLGATE_REPORTERS_EXPORT_H

#include "reporters/reporter.h"

extern const struct reporter reporter_folded, reporter_pprof, reporter_speedscope,
    reporter_callgrind, reporter_lcov;

enum { EXPORT_DEPTH_MAX = 512 }; /* of a stack; a deeper one loses its outermost frames */

/* The kind that was chosen, else the first that the head has of: CPU, allocations, lines; CPU when
 * it has none. */
enum profile_kind export_choose_kind(const struct report *report);

/* The head's profile of the kind, for endpoints of which at least one is wanted. NULL: ERROR_INPUT
 * says which pass makes such a profile and how to run it, or ERROR_USAGE that no endpoint
 * matches. */
MUST_CHECK const struct profile *export_find_profile(const struct report *report,
                                                     enum profile_kind kind, struct error *err);

/* Whether the endpoint is one of those that --endpoint chose. */
bool export_wants(const struct report *report, const char *endpoint);

/* The frames from the root to the node, at most EXPORT_DEPTH_MAX. */
size_t export_path(const struct profile *profile, uint32_t node,
                   uint32_t frames[static EXPORT_DEPTH_MAX]);

/* What is per request, as a whole number over the requests that were measured. Nothing below 0, and
 * nothing that a signed 64-bit number would not hold a thousand of. */
double export_scale(const struct profile_endpoint *endpoint, double per_request);
uint64_t export_whole(const struct profile_endpoint *endpoint, double per_request);

/* The function, else the object in brackets, else "?". Borrowed, or written into `text`. */
const char *export_name(const struct profile_frame *frame, char text[static 256]);

/* Text from outside: control characters and all that is no UTF-8 spelt out, and each character of
 * `forbidden` replaced. */
void export_append_text(struct buffer *out, const char *text, const char *forbidden, char instead);

/* "tollgate 0.1.0; head main 1b22c30e5b6e, 2026-01-31T09:30:00Z" */
void export_append_origin(struct buffer *out, const struct run *run);

#endif
