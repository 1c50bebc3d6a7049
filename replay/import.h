/* Importers: other tools' recordings and logs into exchanges of our corpus. One file and one row a
 * format. Content is hostile; inputs are read as streams, so memory does not grow with them.
 *
 * Recordings give whole exchanges. Logs give requests without headers and bodies; a line becomes no
 * exchange of its own, since there are millions: whoever takes them counts equal ones. */
#ifndef TOLLGATE_REPLAY_IMPORT_H
#define TOLLGATE_REPLAY_IMPORT_H

#include "base/buffer.h"
#include "replay/corpus.h"

/* Bytes of an input, borrowed, without a NUL behind them. */
struct span {
    const char *data;
    size_t size;
};

/* A request as a log has it. Absent texts have size 0. */
struct logged_request {
    struct span method; /* a token */
    struct span target; /* fit for the wire, see wire_is_target */
    struct span authority;
    struct span user_agent, referer; /* as the log has them: anything */
    bool is_escaped;                 /* they have the log's backslashes in them */
    const char *proto;               /* constant; as in struct exchange */
    int status;                      /* 100 to 599 */
    int64_t size_bytes;              /* of the answer; -1 = unknown */
    int64_t ts_ns;                   /* 0 = unknown */
};

/* What became of what was handed on; both NULL when it was taken as it is. Constant texts that
 * continue "3 of them: …", as in "the body is not in the log". */
struct import_outcome {
    const char *left_out;
    const char *warning;
};

/* Where exchanges and logged requests go, in the input's order. Both are borrowed until it returns;
 * the exchange's fields may be changed. */
struct import_sink {
    bool (*take)(void *context, struct exchange *exchange, struct import_outcome *outcome,
                 struct error *err);
    bool (*count)(void *context, const struct logged_request *request,
                  struct import_outcome *outcome, struct error *err);
    void *context;
};

enum {
    IMPORT_ODD_SHOWN = 5,
    IMPORT_REASONS_MAX = 16,
    IMPORT_PLACE_SIZE = 256,
    IMPORT_HEAD_BYTES = 64 * 1024, /* of a file are looked at to recognise it */
};

struct import_reason {
    const char *text;
    size_t count;
    char first[IMPORT_PLACE_SIZE]; /* "file:12" */
};

struct import_reasons {
    struct import_reason items[IMPORT_REASONS_MAX]; /* the last one takes what has no row */
    size_t count;
    size_t total; /* over all reasons */
};

/* What an import went through: seen = imported + joined + left_out.total + odd. */
struct import_tally {
    size_t seen; /* records or lines, without blank ones */
    size_t imported;
    size_t joined;                  /* became part of another's exchange: the answer to a request */
    struct import_reasons left_out; /* of the format, but nothing to replay */
    size_t odd;                     /* skipped: not of the format */
    struct {
        char place[IMPORT_PLACE_SIZE];
        char why[128];
    } odd_shown[IMPORT_ODD_SHOWN];  /* of the first few */
    struct import_reasons warnings; /* imported, but not quite as it was */
};

struct import_options {
    const char *const *json_keys; /* of JSON logs: "field=key" pairs; NULL-terminated or NULL */
};

struct importer {
    const char *name; /* "har" */
    const char *help; /* one line */
    const char *unit; /* what it counts: "line" */
    bool is_log;      /* hands on logged requests, else exchanges */
    /* Whether a file that begins with these bytes is of this format: 0 no, more is surer. */
    int (*recognise)(const char *head, size_t size);
    /* An exchange without a name of its own has the id "". */
    bool (*read)(const char *path, const struct import_options *options, struct import_sink *sink,
                 struct import_tally *tally, struct error *err);
};

/* NULL-terminated. */
const struct importer *const *importer_list(void);
const struct importer *importer_by_name(const char *name);

/* The surest; NULL when none recognises the file, or when it is empty. Looks into .gz. A pipe
 * cannot be looked into and then read, so it is refused. */
MUST_CHECK bool importer_recognise(const struct importer **importer, const char *path,
                                   struct error *err);

/* The names of the formats, for a message: "har, gor, …". */
void importer_append_names(struct buffer *out);

/* Whether "field=key" names a field of JSON logs; the error names those that there are. */
MUST_CHECK bool import_check_json_key(const char *pair, struct error *err);

#endif
