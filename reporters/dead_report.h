/* What the reports of dead code hold, and the words that they share. */
#ifndef TOLLGATE_REPORTERS_DEAD_REPORT_H
#define TOLLGATE_REPORTERS_DEAD_REPORT_H

#include "insights/dead.h"
#include "reporters/format.h"
#include "reporters/measured_text.h"
#include "reporters/reporter.h"

enum { DEAD_ROWS_SHOWN = 20, DEAD_NAMES_SHOWN = 3 };

/* Everything that a report of dead code may say. Borrowed. */
struct dead_report {
    const struct dead *dead;           /* ranked */
    bool states[DEAD_STATE_COUNT];     /* those that are listed */
    bool all;                          /* every row and name, however many */
    bool ages;                         /* git was asked for them */
    const struct measured_text *texts; /* by file of `dead`; NULL = not wanted */
    const char *const *notes;          /* what else the reader should know; hostile */
    size_t note_count;
    const char *today; /* "2026-11-22" */
};

/* Units of the state that are not kept, and their lines. */
struct dead_tally {
    size_t units, lines;
};
struct dead_tally dead_report_tally(const struct dead_report *report, enum dead_state state);

/* Whether the unit is a row of its state's list. */
bool dead_report_lists(const struct dead_report *report, const struct dead_unit *unit);

/* "8 mo", "2.1 y", "<1 d", "new" for what is not committed; a dash where it is not known. */
void dead_format_age(const struct dead_unit *unit, bool utf8, char out[static FORMAT_SIZE]);
/* "2026-03-02"; "" where it is not known. */
void dead_format_day(int64_t seconds, char out[static FORMAT_SIZE]);

/* "gateway/service.c:27-38", "all of stats_get", "in text_append": not made safe. */
void dead_append_place(struct buffer *out, const struct dead_unit *unit);
void dead_append_what(struct buffer *out, const struct dead_unit *unit);

/* "27 files, 2,841 executable lines: 86.8 % reached by requests, 4.1 % never": of all files, or of
 * one. */
void dead_append_summary(struct buffer *out, const struct dead *dead, bool utf8);
void dead_append_file_summary(struct buffer *out, const struct dead_file *file, bool utf8);

/* "Never executed", and what follows after a colon: "116 lines in 23 places" */
const char *dead_heading_words(enum dead_state state);
void dead_append_heading(struct buffer *out, const struct dead_report *report,
                         enum dead_state state);

/* The labelled remarks below the lists, in order; texts hold hostile names and are not made safe.
 */
typedef void dead_remark(void *context, const char *label, const char *text);
MUST_CHECK bool dead_report_remarks(const struct dead_report *report, dead_remark *take,
                                    void *context, struct error *err);

#endif
