/* What the importers of access logs share: quoted fields, request lines, times. */
#ifndef TOLLGATE_REPLAY_IMPORT_LOG_H
#define TOLLGATE_REPLAY_IMPORT_LOG_H

#include "replay/import_private.h"

enum { LOG_LINE_MAX_BYTES = 1024 * 1024, LOG_DATE_SIZE = 26, LOG_TEXT_MAX_BYTES = 1024 };

/* Room that is used anew for each line, so that none is allocated. */
struct log_scratch {
    struct buffer request; /* unescaped */
    struct buffer target;  /* made clean */
    char date[LOG_DATE_SIZE];
    int64_t date_ns; /* of `date`: lines of one second come in a row */
};

void log_scratch_init(struct log_scratch *scratch);
void log_scratch_release(struct log_scratch *scratch);

/* What stands between the quotes that begin at `at`, still escaped; moves behind the closing one.
 * False when there is no quote, or no closing one. */
bool log_read_quoted(const char **at, const char *end, struct span *out);

/* Up to the next space or the end; moves behind the space. False when nothing is there. */
bool log_read_word(const char **at, const char *end, struct span *out);

/* Undoes \", \\, \xHH and C's own; without a backslash the text itself is given back. False when
 * memory ran out. */
MUST_CHECK bool log_unescape(struct span text, struct buffer *scratch, struct span *out);

/* A field of a log as a header's value: without the log's escapes, without "-" for none; empty when
 * it is too long or is not fit for one. */
MUST_CHECK bool log_read_text(struct span text, bool is_escaped, struct buffer *scratch,
                              struct span *out);

/* Each gives NULL, or why the request cannot be replayed. When memory runs out that is NULL as
 * well, and log_scratch_failed tells. */

/* Method, target and protocol of "GET /path HTTP/1.1". */
const char *log_read_request_line(struct log_scratch *scratch, struct span text,
                                  struct logged_request *out);

/* With `split` an absolute URL gives the authority as well; else it stays as it is. */
const char *log_read_target(struct log_scratch *scratch, struct span target, bool split,
                            struct logged_request *out);

/* Sets ERROR_MEMORY when something did not fit since the last line. */
bool log_scratch_failed(const struct log_scratch *scratch, struct error *err);

/* A known protocol as the corpus spells it; NULL for others. */
const char *log_protocol(struct span text);
bool log_is_method(struct span text);

/* 100 to 599, or 0. */
int log_read_status(struct span text);

/* Digits, or -1 for "-" and all else. */
int64_t log_read_size(struct span text);

#endif
