/* What HTTP/1.1 allows on the wire (RFC 9110, 9112), as far as a replay depends on it. */
#ifndef TOLLGATE_REPLAY_WIRE_H
#define TOLLGATE_REPLAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/* A method or a field name: one or more token characters. */
bool wire_is_token(const char *text);

/* Origin form, absolute form of http or https, or "*"; no spaces, no controls. Nothing is decoded
 * or resolved, so "/../../x" is one. */
bool wire_is_target(const char *text);

/* A field value: no controls but tabs. May be empty. */
bool wire_is_value(const char *text);

/* A host with an optional port, as far as spaces and controls go. May be empty. */
bool wire_is_authority(const char *text);

/* Field names and codings are compared without regard to case. */
bool wire_same_name(const char *a, const char *b);

/* Fields that belong to one connection and not to the message. */
bool wire_is_hop_by_hop(const char *name);

/* The path of a target: without scheme, authority and query. Borrowed from `target`. */
const char *wire_target_path(const char *target, size_t *size);

#endif
