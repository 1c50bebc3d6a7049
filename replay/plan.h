/* An exchange made ready for libcurl: what is sent, decided once, so that sending builds nothing.
 *
 * Sent as recorded: method, target, fields in their order and case, duplicates, empty values, body
 * bytes. What differs, and why:
 * - Connection, Keep-Alive and Proxy-Connection belonged to the recorded connection: dropped, since
 *   measuring needs one that stays open.
 * - Expect is dropped: waiting for a 100 would be measured.
 * - Host is added first when none was recorded (from the authority, else the gateway's address).
 * - Content-Length that disagrees with the body is corrected in its place; it is dropped beside
 *   Transfer-Encoding: chunked. Without either a body gets a Content-Length at the end.
 * - A chunked body goes out chunked, in chunks of libcurl's choice, whatever the recorded ones
 * were.
 * - HEAD is sent without a body: libcurl would wait for one in the answer otherwise.
 * - traceparent and X-Request-ID, when injected, take the place of recorded ones. */
#ifndef TOLLGATE_REPLAY_PLAN_H
#define TOLLGATE_REPLAY_PLAN_H

#include "replay/corpus.h"

#include <curl/curl.h>

enum plan_shape {
    PLAN_PLAIN, /* no body */
    PLAN_HEAD,
    PLAN_BODY, /* a body, maybe an empty chunked one */
};

struct plan_options {
    const char *host; /* for requests that have none recorded */
    bool inject_traceparent;
    bool inject_request_id;
};

struct plan {
    enum plan_shape shape;
    const char *method; /* borrowed from the exchange, as are target and body */
    const char *target;
    struct body body;
    struct curl_slist *headers; /* for CURLOPT_HTTPHEADER */
    char *trace_count;          /* digits that plan_number rewrites, or NULL */
    char *trace_replay;         /* likewise: the count within the trace's id */
    char *request_count;
    uint64_t sent;
};

/* One allocation; free() releases it. NULL when out of memory. */
MUST_CHECK struct plan *plan_new(const struct exchange *exchange,
                                 const struct plan_options *options);

/* Numbers the next send: the injected ids become those of the exchange's next sending. */
void plan_number(struct plan *plan);

#endif
