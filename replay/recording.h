/* The recording: exchanges go into a bounded queue and a thread of its own redacts and writes them.
 * Where it cannot keep up, exchanges are dropped from the recording; nobody ever waits for it.
 * Every exchange that was seen is counted once: seen = written + dropped + open. */
#ifndef TOLLGATE_REPLAY_RECORDING_H
#define TOLLGATE_REPLAY_RECORDING_H

#include "replay/capture.h"
#include "replay/redact.h"

#include <stdint.h>

/* Why an exchange is not in the recording. */
enum drop_reason {
    DROP_QUEUE,      /* it would have passed what the queue may hold */
    DROP_LARGE,      /* a body is over the maximum */
    DROP_UNREADABLE, /* it is no HTTP that can be passed on */
    DROP_CLIENT,     /* the client went away before the answer was there */
    DROP_GATEWAY,    /* the gateway gave no whole answer */
    DROP_UPSTREAM,   /* an upstream gave no whole answer */
    DROP_EARLY,      /* the answer came before the request's body was sent */
    DROP_CODED,      /* a body is compressed in a way that cannot be redacted */
    DROP_UNWRITABLE, /* a corpus cannot hold it: not UTF-8, or too long for a line */
    DROP_DISK,       /* the recording could not be written any more */
    DROP_UNFINISHED, /* it was still under way at the end */
    DROP_REASONS,
};

/* In words, after "12 dropped: ". */
const char *drop_reason_text(enum drop_reason reason);

struct recording_options {
    const char *path;      /* of the corpus */
    uint64_t rotate_bytes; /* begin another file after one has this size; 0 = never */
    size_t queue_bytes;    /* of exchanges in flight and in the queue */
    size_t queue_count;    /* of exchanges in the queue */
    const char *source;    /* for the corpus's header */
    const struct redaction_options *redaction; /* NULL: nothing is redacted */
    const struct endpoint_map *endpoints;      /* may have no templates */
};

struct recording;

/* Opens the first file and starts the thread. Everything in `options` is borrowed until the
 * recording is freed. */
MUST_CHECK bool recording_new(struct recording **recording, const struct recording_options *options,
                              struct error *err);

/* Memory for what is being recorded; false when the queue may not hold that much. */
MUST_CHECK bool recording_reserve(struct recording *recording, size_t bytes);
void recording_release(struct recording *recording, size_t bytes);

/* An exchange began. It must come to recording_push or recording_drop once. */
void recording_see(struct recording *recording);
void recording_drop(struct recording *recording, enum drop_reason reason);

/* Takes the exchange and what was reserved for it. */
void recording_push(struct recording *recording, struct captured_exchange *exchange);

struct recording_counts {
    uint64_t seen, written, dropped;
    uint64_t open; /* seen, but neither written nor dropped yet */
    uint64_t by_reason[DROP_REASONS];
    uint64_t joined_calls;    /* upstream calls in what was written */
    uint64_t bodies_left_out; /* answers of which the compressed body is not recorded */
    uint64_t written_bytes;
    uint64_t unmatched; /* exchanges that no endpoint template matches */
    size_t files;
    size_t queue_bytes_peak;
    bool failed; /* the disk refused: `problem` says why, and nothing more is written */
};

/* A consistent look. */
void recording_count(struct recording *recording, struct recording_counts *counts);

/* Written exchanges by endpoint template; as many as there are templates. */
void recording_count_endpoints(struct recording *recording, uint64_t *counts);

/* Waits until the queue is written, ends the thread and gives the last file its name. ERROR_IO when
 * the disk refused something; what was written before is there nevertheless. */
MUST_CHECK bool recording_finish(struct recording *recording, struct error *err);

/* The error that stopped the writing, while the recording runs on; false when there is none. */
bool recording_problem(struct recording *recording, struct error *err);

/* Appends what was redacted, once it is finished: lines of text, most first. */
void recording_append_redactions(const struct recording *recording, struct buffer *out);
size_t recording_redactions(const struct recording *recording);

/* Names of the files that were written, from 0; only after recording_finish. NULL after the
 * last. */
const char *recording_file_name(const struct recording *recording, size_t index);

void recording_free(struct recording *recording);

#endif
