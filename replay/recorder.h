/* A reverse proxy that records: in front of a gateway, and at the same time in front of any number
 * of its upstreams, so that each exchange is kept with the upstream answers that it caused.
 *
 * HTTP/1.1 comes in (libmicrohttpd), HTTP/1.1, HTTP/2 and TLS go out (libcurl), all in one thread
 * that never blocks. Traffic goes first: bodies stream through bounded buffers whatever their size,
 * and what cannot be recorded is passed on all the same.
 *
 * What a proxy changes, and why:
 * - Fields of the connection (RFC 9110, 7.6.1) are not passed on; nor are trailers, and so TE.
 * - Upgrade is not passed on, so a connection stays HTTP; CONNECT is answered with 501.
 * - Host is passed on as sent; only where a gateway addresses an upstream by our own address does
 *   the upstream get its own, which it may need to find the site or the certificate.
 * - Via and X-Forwarded-For are not added: the gateway shall do what it does without us.
 * - The reason phrase of an answer becomes the standard one.
 * - A request to the gateway without traceparent gets one, unless that is switched off: gateways
 *   pass it on, and so an upstream call is known for whose it is. */
#ifndef TOLLGATE_REPLAY_RECORDER_H
#define TOLLGATE_REPLAY_RECORDER_H

#include "base/interrupt.h"
#include "replay/recorder_join.h"
#include "replay/recording.h"

/* Where one of its listeners stands and where it leads to. */
struct recorder_site_options {
    const char *name;   /* of the upstream; NULL = the gateway */
    const char *listen; /* "PORT", "ADDRESS:PORT", "[ADDRESS]:PORT"; port 0 = any free one. Without
                           an address it is 127.0.0.1 */
    /* "http://" (which may be left out), "https://" or "h2c://" (HTTP/2 without TLS), host, port */
    const char *url;
};

struct recorder_options {
    const struct recorder_site_options *sites; /* the gateway first */
    size_t site_count;
    struct recording *recording;
    size_t body_max_bytes;   /* of a body that is recorded */
    size_t header_max_bytes; /* of a request's fields, as libmicrohttpd needs memory for them */
    bool inject_traceparent;
    bool inject_request_id;
    bool insecure;       /* certificates are not checked */
    const char *ca_file; /* of certificates to trust; NULL = the system's */
};

struct recorder;

/* Listens. ERROR_USAGE for an address or a URL that is none, ERROR_ENVIRONMENT when a port is
 * taken. Strings are borrowed until it is freed. */
MUST_CHECK bool recorder_new(struct recorder **recorder, const struct recorder_options *options,
                             struct error *err);
void recorder_free(struct recorder *recorder);

/* Where a site can be reached: "127.0.0.1:8080". */
const char *recorder_address(const struct recorder *recorder, size_t site);

struct recorder_counts {
    uint64_t calls[JOIN_KINDS]; /* requests to upstreams, by whether and how they were joined */
    uint64_t in_flight;         /* requests to the gateway that are not answered yet */
};

void recorder_count(const struct recorder *recorder, struct recorder_counts *counts);

/* Proxies until `until_ns` of the monotonic clock (0 = for ever) or until `stop` is readable, whose
 * signal is then taken from it. `tick` is called every 100 ms or so, and with `report` true when
 * `report_fd` became readable (-1 = never). False only when the machine gives out. */
typedef void recorder_tick(void *context, bool report);
MUST_CHECK bool recorder_run(struct recorder *recorder, int64_t until_ns,
                             const struct interrupt *stop, int report_fd, recorder_tick *tick,
                             void *context, struct error *err);

/* Takes no more connections, answers what is under way for at most `wait_ms`, or until `stop` is
 * readable again, and hands the rest to the recording as unfinished. */
MUST_CHECK bool recorder_drain(struct recorder *recorder, int wait_ms, const struct interrupt *stop,
                               struct error *err);

#endif
