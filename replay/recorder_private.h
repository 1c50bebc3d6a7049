/* Inside the recorder. A request that passes through is a `passage`; it has a front, where
 * libmicrohttpd reads it and answers, and a back, where libcurl asks the gateway or an upstream.
 * Each side only marks a passage as ready; what has to be done at the other side is done by the
 * loop afterwards, so that neither library is entered from within the other. */
#ifndef TOLLGATE_REPLAY_RECORDER_PRIVATE_H
#define TOLLGATE_REPLAY_RECORDER_PRIVATE_H

#include "base/random.h"
#include "replay/body_stream.h"
#include "replay/recorder.h"

#include <curl/curl.h>
#include <microhttpd.h>

enum {
    STREAM_MAX_BYTES = 256 * 1024, /* of a body that wait between the two sides */
    LINGER_MS = 200, /* an answered exchange waits for upstream calls made afterwards */
    /* A client that closed its side may still wait for the answer; for so long it gets one. */
    HALF_CLOSED_MS = 3000,
    FIELD_BYTES = 80, /* of libmicrohttpd's memory for a field, besides its text */
};

enum watch_kind { WATCH_SITE, WATCH_SOCKET, WATCH_CLIENT, WATCH_STOP, WATCH_REPORT };

/* What a descriptor in the loop is for. */
struct watch {
    enum watch_kind kind;
    int fd;
    void *owner; /* the site or the client */
};

struct site {
    struct recorder *recorder;
    const char *name;  /* NULL = the gateway */
    const char *label; /* for messages: "the gateway", or the name */
    char *url;         /* for libcurl: scheme, host, port */
    char *host;        /* for a Host field */
    bool h2c;
    char address[64]; /* where it listens */
    int port;
    int listen_fd; /* our own copy, to stop listening with */
    struct MHD_Daemon *daemon;
    struct watch watch;
    bool due; /* libmicrohttpd has something to do */
};

/* A connection of a client. */
struct client {
    struct watch watch;
    struct passage *passage; /* that it is busy with */
    int64_t closed_ns;       /* when it closed its side; 0 = it did not */
};

enum phase {
    PHASE_HEAD,     /* nothing but the request line is known */
    PHASE_CONTINUE, /* the client waits to be told to send its body */
    PHASE_BODY,
    PHASE_ANSWER, /* the request is here whole */
    PHASE_ANSWERING,
};

struct passage {
    struct recorder *recorder;
    struct site *site;
    struct passage *next_ready;
    struct passage *next, *previous; /* of all under way */
    bool is_ready;

    /* front */
    struct MHD_Connection *connection;
    struct client *client;
    enum phase phase;
    bool suspended;
    bool gone;    /* the client is */
    bool swallow; /* the answer came before the body was here: the rest of that is thrown away */
    bool is_head, has_body, is_chunked, is_http_1_0;
    int64_t request_length; /* of the body; -1 = chunked */
    size_t head_bytes;      /* of libmicrohttpd's memory that the request's fields take up */
    struct buffer target;
    char method[32];
    struct body_stream up; /* the request's body */
    bool up_blocked;       /* the client has more and there is no room */

    /* back */
    CURL *easy;
    struct curl_slist *fields; /* that libcurl sends; one allocation */
    char error_text[CURL_ERROR_SIZE];
    bool started, done;
    bool up_paused, down_paused; /* libcurl waits */
    bool go_ahead;               /* the body is wanted */
    bool head_done;              /* status and fields are here */
    int status;
    struct captured_fields answer;
    int64_t content_length; /* -1 = not told */
    struct body_stream down;
    const char *problem; /* why there is no whole answer; NULL = none */
    int problem_status;
    char problem_text[512];

    /* recording */
    struct recorded *recorded; /* NULL: not recorded */
    struct captured_call *call;
    int64_t started_ns;
    size_t reserved_bytes;
    char traceparent[64]; /* that the gateway gets and the client did not send; or "" */
};

/* A request to the gateway from its arrival until the recording has it. */
struct recorded {
    struct joinable joinable;         /* first, so that one can be cast into the other */
    struct recorded *next, *previous; /* of those that are answered, in that order */
    struct captured_exchange *captured;
    size_t pending; /* upstream calls under way */
    bool answered;
    bool dropped;
    enum drop_reason reason;
    int64_t settle_ns; /* not before */
};

struct recorder {
    struct recorder_options options;
    struct recording *recording;
    struct site *sites;
    size_t site_count;
    int epoll_fd;
    CURLM *multi;
    CURL **spare; /* easy handles to use again */
    size_t spare_count, spare_capacity;
    int64_t timer_ns; /* when libcurl wants to be called; -1 = never */
    struct passage *ready, **ready_tail;
    struct passage *passages;
    struct recorded *answered, *answered_last;
    struct joiner *joiner;
    struct recorder_counts counts;
    struct random random; /* for ids */
    int64_t checked_ns;   /* when clients were last looked at */
    bool draining;
    bool stopping; /* the daemons are being ended */
};

/* ---- recorder.c ---- */

/* The loop looks at the passage again. */
void recorder_mark(struct passage *passage);
bool recorder_watch(struct recorder *recorder, struct watch *watch, uint32_t events, bool again);

/* ---- recorder_front.c ---- */
MUST_CHECK bool front_start(struct site *site, int listen_fd, size_t header_max_bytes,
                            struct error *err);
/* Lets libmicrohttpd go on with a suspended request for which there is news. */
void front_wake(struct passage *passage);
/* The client closed its side of the connection, or (`wholly`) the connection. */
void front_hang_up(struct client *client, bool wholly);
/* Gives up clients that closed their side long ago. */
void front_check_closed(struct recorder *recorder, int64_t now_ns);

/* ---- recorder_back.c ---- */
MUST_CHECK bool back_set_up(struct recorder *recorder, struct error *err);
void back_tear_down(struct recorder *recorder);
/* Sends the request, of which the fields are ready; what is wrong is in passage->problem. */
void back_start(struct passage *passage);
/* Ends the transfer, in the middle of it if need be. */
void back_stop(struct passage *passage);
/* There is more to send, or room again for what comes. */
void back_continue(struct passage *passage);
/* Marks what has ended. */
void back_collect(struct recorder *recorder);
void passage_fail(struct passage *passage, int status, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- recorder_fields.c ---- */
/* The list of fields for libcurl, in one allocation whose start it is; NULL when out of memory. */
struct curl_slist *fields_to_send(const struct passage *passage,
                                  const struct captured_fields *asked);

/* ---- recorder_keep.c ---- */
/* There is a request line: from now on the request counts. */
void keep_see(struct passage *passage);
/* The request's head is here; `asked` are its fields. */
void keep_begin(struct passage *passage, const struct captured_fields *asked);
/* The exchange cannot be recorded any more. */
void keep_drop(struct passage *passage, enum drop_reason reason);
/* After more of a body: a passage that is too large is no longer recorded. */
void keep_account(struct passage *passage);
/* The request is over. */
void keep_end(struct passage *passage);
/* Hands over what has waited long enough; all when `now_ns` is INT64_MAX. */
void keep_settle(struct recorder *recorder, int64_t now_ns);

#endif
