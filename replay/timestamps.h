/* Times as recordings and logs write them, to nanoseconds since 1970, UTC. Each is false for what
 * is not of the form or lies outside the years 1970 to 2261. */
#ifndef TOLLGATE_REPLAY_TIMESTAMPS_H
#define TOLLGATE_REPLAY_TIMESTAMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 3339 and what is near it: 2024-05-17T10:05:03.123456789Z, +02:00, +0200; a space for the T;
 * no zone means UTC. */
bool timestamp_parse_iso(const char *text, size_t size, int64_t *ns);

/* As access logs have it: 17/May/2015:10:05:03 +0000. */
bool timestamp_parse_log(const char *text, size_t size, int64_t *ns);

/* Seconds since 1970 with an optional fraction; a number too large for seconds is taken for
 * milli-, micro- or nanoseconds. */
bool timestamp_parse_epoch(const char *text, size_t size, int64_t *ns);

/* Any of the three. */
bool timestamp_parse(const char *text, size_t size, int64_t *ns);

enum { TIMESTAMP_TEXT_SIZE = 24 };

/* "2015-05-17 10:05:03", UTC. */
void timestamp_format(int64_t ns, char text[static TIMESTAMP_TEXT_SIZE]);

#endif
