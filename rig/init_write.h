/* The files that tollgate init writes, as text. */
#ifndef TOLLGATE_RIG_INIT_WRITE_H
#define TOLLGATE_RIG_INIT_WRITE_H

#include "base/buffer.h"
#include "rig/init_look.h"

/* The config, which config_read takes. */
MUST_CHECK bool init_append_config(struct buffer *out, const struct init_guess *guess,
                                   struct error *err);

/* The workflow that measures, and the one that publishes. `action` is "OWNER/NAME@COMMIT", where
 * the actions of tollgate lie. */
void init_append_measure(struct buffer *out, const struct init_guess *guess, const char *action);
void init_append_publish(struct buffer *out, const char *action);

/* "owner/name@" and a commit of 40 digits, or a tag. */
bool init_is_action(const char *text);

/* What stands in its place until somebody says it. */
#define INIT_ACTION_OPEN "OWNER/tollgate@COMMIT"

#endif
