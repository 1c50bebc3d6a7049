/* What `tollgate record` says: the live line, warnings while it runs, the account at the end. */
#ifndef TOLLGATE_RIG_RECORD_REPORT_H
#define TOLLGATE_RIG_RECORD_REPORT_H

#include "replay/recorder.h"
#include "rig/record_settings.h"

struct record_report {
    const struct record_settings *settings;
    struct recording *recording;
    struct recorder *recorder;
    bool live;  /* the line is shown */
    bool shown; /* and is on the screen */
    int columns;
    int64_t started_ns;
    int64_t drawn_ns;
    int64_t rated_ns; /* when the rate was last taken */
    uint64_t rated_seen;
    double rate; /* requests a second, of the last second or so */
    uint64_t warned_dropped;
    int64_t warned_ns;
    bool warned_failed;
};

void record_report_init(struct record_report *report, const struct record_settings *settings,
                        struct recording *recording, struct recorder *recorder);

/* Where it listens, on stderr. */
void record_report_begin(const struct record_report *report);

/* Redraws the line, warns of what is dropped; with `whole` also prints the account so far. */
void record_report_tick(struct record_report *report, bool whole);

/* The line from the screen. */
void record_report_clear(struct record_report *report);

/* The account, once the recording is finished. */
void record_report_end(struct record_report *report);

/* The live line, cut to `columns`. */
void record_report_append_line(const struct record_report *report, int columns, struct buffer *out);

#endif
