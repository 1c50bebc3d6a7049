/* Parts of sentences that several reporters have. */
#ifndef TOLLGATE_REPORTERS_WORDS_H
#define TOLLGATE_REPORTERS_WORDS_H

#include "base/buffer.h"
#include "baselines/compare.h"

/* " CPU +6.1 %", " retained from 0 to 48 B", " CPU 1.24 ms" without a base, " CPU -1.0 to +4.2 %"
 * where it is undecided: the metric's title and what is to be known of it, a space before. */
void words_append_figure(struct buffer *out, const struct metric_info *info,
                         const struct metric_verdict *metric, bool utf8);

/* Text from outside made safe, as text_append_safe does, in no more than `most` bytes of UTF-8 (at
 * least 3): of what is longer the start, and an ellipsis. Columns do not bound bytes: marks that
 * combine take none. */
void words_append_cut(struct buffer *out, const char *text, size_t most, bool keep_lines);

#endif
