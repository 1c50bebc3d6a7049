/* What tells a request from a recorded one, field by field: for whoever asks why it found no
 * answer.
 */
#ifndef TOLLGATE_REPLAY_ANSWER_DIFFERENCE_H
#define TOLLGATE_REPLAY_ANSWER_DIFFERENCE_H

#include "replay/normalise.h"

enum {
    DIFFERENCES_SHOWN = 6,
    DIFFERENCE_VALUE_BYTES = 60, /* of a value that is shown */
};

/* How far the two are apart, cheaply: bodies count only as equal or not. 0 = equal. */
size_t answer_difference_score(const struct request_parts *asked,
                               const struct request_parts *recorded);

/* Appends a line for each field that differs, "\n" and `indent` in front: the method, a path
 * segment (from 1), a query key, a JSON pointer into the body, else the first byte of the body that
 * differs. At most DIFFERENCES_SHOWN, then how many more there are. Volatile names are no
 * difference. */
void answer_difference_append(const struct normalise_rules *rules,
                              const struct request_parts *asked,
                              const struct request_parts *recorded, const char *indent,
                              struct buffer *out);

#endif
