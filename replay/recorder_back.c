/* The back of a passage: libcurl asks the gateway or the upstream. */
#include "replay/recorder_private.h"

#include "base/clock.h"
#include "replay/wire.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    IDLE_REUSE_S = 4, /* an idle connection is used again for so long: Node closes after 5 s */
    CONNECTIONS_KEPT = 1024,
    HEAD_SPARE_BYTES = 4096, /* for the status line and what libmicrohttpd adds */
};

void passage_fail(struct passage *passage, int status, const char *format, ...)
{
    va_list arguments;
    if (passage->problem != NULL)
        return;
    va_start(arguments, format);
    vsnprintf(passage->problem_text, sizeof passage->problem_text, format, arguments);
    va_end(arguments);
    passage->problem = passage->problem_text;
    passage->problem_status = status;
    recorder_mark(passage);
}

/* ---- what libcurl calls ---------------------------------------------------------------------- */

static size_t give_body(char *out, size_t size, size_t count, void *context)
{
    struct passage *passage = context;
    size_t given = body_stream_take(&passage->up, out, size * count);
    if (given == 0 && !passage->up.ended) {
        passage->up_paused = true;
        if (passage->phase == PHASE_CONTINUE) {
            passage->go_ahead = true;
            recorder_mark(passage);
        }
        return CURL_READFUNC_PAUSE;
    }
    if (passage->up_blocked)
        recorder_mark(passage);
    return given;
}

/* libcurl found a kept connection closed and sends the request once more on a fresh one. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
    struct passage *passage = context;
    if (offset != 0 || origin != SEEK_SET || !body_stream_rewind(&passage->up))
        return CURL_SEEKFUNC_FAIL;
    return CURL_SEEKFUNC_OK;
}

static void begin_block(struct passage *passage, const char *line, size_t size)
{
    const char *space = memchr(line, ' ', size);
    passage->status = 0;
    captured_fields_clear(&passage->answer);
    passage->content_length = -1;
    for (size_t i = 1; space != NULL && i <= 3 && (size_t)(space - line) + i < size; i++) {
        if (space[i] < '0' || space[i] > '9')
            break;
        passage->status = passage->status * 10 + (space[i] - '0');
    }
}

static void take_field(struct passage *passage, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    if (colon == NULL || passage->status < 200)
        return;
    const char *value = colon + 1, *end = line + size;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    captured_fields_add(&passage->answer, line, (size_t)(colon - line), value,
                        (size_t)(end - value));
}

/* libmicrohttpd has a fixed piece of memory for the fields of a request and its answer; what does
 * not fit it would answer with a closed connection. */
static bool fits(const struct passage *passage)
{
    size_t answer = passage->answer.text.length + 2 * passage->answer.count;
    size_t most = passage->recorder->options.header_max_bytes - HEAD_SPARE_BYTES;
    return passage->head_bytes <= most && answer <= most - passage->head_bytes;
}

static void end_head(struct passage *passage)
{
    const char *length = captured_fields_find(&passage->answer, "Content-Length");
    if (passage->status < 200)
        return; /* an interim answer; libcurl dealt with it */
    /* libcurl would ask again without the expectation, which the client did not. */
    if (passage->status == 417 && passage->phase == PHASE_CONTINUE) {
        passage_fail(passage, 417, "tollgate record: %s does not know the expectation",
                     passage->site->label);
        return;
    }
    if (!fits(passage)) {
        passage_fail(passage, 502,
                     "tollgate record: the header fields of the answer of %s are too large; see "
                     "--max-headers",
                     passage->site->label);
        return;
    }
    passage->head_done = true;
    if (length != NULL && captured_fields_find(&passage->answer, "Transfer-Encoding") == NULL)
        passage->content_length = strtoll(length, NULL, 10);
    recorder_mark(passage);
}

/* libcurl gives the fields line by line; those behind the body are trailers. */
static size_t take_head(char *line, size_t size, size_t count, void *context)
{
    struct passage *passage = context;
    size_t length = size * count, text = length;
    while (text > 0 && (line[text - 1] == '\n' || line[text - 1] == '\r'))
        text--;
    if (passage->head_done)
        return length;
    if (text == 0)
        end_head(passage);
    else if (text > 5 && memcmp(line, "HTTP/", 5) == 0)
        begin_block(passage, line, text);
    else
        take_field(passage, line, text);
    return passage->answer.text.failed || passage->problem != NULL ? 0 : length;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct passage *passage = context;
    if (body_stream_waiting(&passage->down) >= STREAM_MAX_BYTES) {
        passage->down_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!body_stream_append(&passage->down, data, size * count))
        return 0;
    keep_account(passage);
    recorder_mark(passage);
    return size * count;
}

/* ---- starting -------------------------------------------------------------------------------- */

static bool set_up_easy(struct recorder *recorder, CURL *easy)
{
    bool ok = curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                                (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) == CURLE_OK;
#endif
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_REUSE_S);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, recorder->options.insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, recorder->options.insecure ? 0L : 2L);
    if (recorder->options.ca_file != NULL)
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, recorder->options.ca_file) == CURLE_OK;
    return ok;
}

static CURL *get_easy(struct recorder *recorder)
{
    if (recorder->spare_count > 0)
        return recorder->spare[--recorder->spare_count];
    CURL *easy = curl_easy_init();
    if (easy == NULL || set_up_easy(recorder, easy))
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

static void put_easy(struct recorder *recorder, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    if (recorder->spare_count == recorder->spare_capacity) {
        size_t capacity = recorder->spare_capacity == 0 ? 64 : 2 * recorder->spare_capacity;
        CURL **spare = reallocarray(recorder->spare, capacity, sizeof *spare);
        if (spare == NULL) {
            curl_easy_cleanup(easy);
            return;
        }
        recorder->spare = spare;
        recorder->spare_capacity = capacity;
    }
    recorder->spare[recorder->spare_count++] = easy;
}

/* Each of the three undoes what the others set. */
static void set_shape(struct passage *passage)
{
    CURL *easy = passage->easy;
    if (passage->is_head) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (!passage->has_body) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)passage->request_length);
    }
}

/* libcurl 7.88 cannot send a second request over a connection that began as HTTP/2 without TLS. */
static bool may_reuse(const struct site *site)
{
    return !site->h2c || curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000;
}

static bool set_request(struct passage *passage)
{
    CURL *easy = passage->easy;
    long fresh = may_reuse(passage->site) ? 0L : 1L;
    long version = passage->site->h2c ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                   : strncmp(passage->site->url, "https:", 6) == 0 ? (long)CURL_HTTP_VERSION_2TLS
                                                                   : (long)CURL_HTTP_VERSION_1_1;
    set_shape(passage);
    passage->error_text[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, passage->error_text);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, passage);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, passage);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, passage);
    curl_easy_setopt(easy, CURLOPT_READDATA, passage);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, passage);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, passage->fields);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, fresh);
    return curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_URL, passage->site->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, passage->method) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, buffer_text(&passage->target)) ==
               CURLE_OK;
}

void back_start(struct passage *passage)
{
    struct recorder *recorder = passage->recorder;
    passage->started = true;
    passage->easy = get_easy(recorder);
    if (passage->easy == NULL || passage->fields == NULL || !set_request(passage) ||
        curl_multi_add_handle(recorder->multi, passage->easy) != CURLM_OK) {
        if (passage->easy != NULL)
            curl_easy_cleanup(passage->easy);
        passage->easy = NULL;
        passage_fail(passage, 503, "tollgate record: out of memory");
    }
}

void back_stop(struct passage *passage)
{
    if (passage->easy != NULL) {
        /* In the middle of a transfer this also closes the connection. */
        curl_multi_remove_handle(passage->recorder->multi, passage->easy);
        put_easy(passage->recorder, passage->easy);
        passage->easy = NULL;
    }
    free(passage->fields);
    passage->fields = NULL;
}

void back_continue(struct passage *passage)
{
    bool more = passage->up_paused && (body_stream_waiting(&passage->up) > 0 || passage->up.ended);
    bool room = passage->down_paused && body_stream_waiting(&passage->down) < STREAM_MAX_BYTES / 2;
    if (passage->easy == NULL || (!more && !room))
        return;
    int still = 0;
    passage->up_paused = passage->up_paused && !more;
    passage->down_paused = passage->down_paused && !room;
    if (passage->up_paused)
        still |= CURLPAUSE_SEND;
    if (passage->down_paused)
        still |= CURLPAUSE_RECV;
    curl_easy_pause(passage->easy, still);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void blame(struct passage *passage, CURLcode code)
{
    const struct site *site = passage->site;
    const char *who = site->label, *where = site->url;
    const char *why =
        passage->error_text[0] != '\0' ? passage->error_text : curl_easy_strerror(code);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        passage_fail(passage, 502, "tollgate record: %s at %s does not accept connections", who,
                     where);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        passage_fail(passage, 504, "tollgate record: no connection to %s at %s within %d s", who,
                     where, CONNECT_TIMEOUT_MS / 1000);
        break;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
        passage_fail(passage, 502,
                     "tollgate record: %s at %s closed the connection without answering", who,
                     where);
        break;
    case CURLE_PARTIAL_FILE:
        passage_fail(passage, 502,
                     "tollgate record: %s at %s closed the connection in the middle of its answer",
                     who, where);
        break;
    default:
        passage_fail(passage, 502, "tollgate record: %s at %s: %s", who, where, why);
    }
}

/* The other side may close a kept connection at the moment when it is used again, and the request
 * then has to go out on a fresh one. libcurl sees to that itself where the connection just ended,
 * but not always where it was reset in the middle of a request's body. */
static bool send_again(struct passage *passage, CURLcode code)
{
    long connections = 1;
    CURLM *multi = passage->recorder->multi;
    if ((code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR) || passage->status != 0 ||
        curl_easy_getinfo(passage->easy, CURLINFO_NUM_CONNECTS, &connections) != CURLE_OK ||
        connections > 0 || !body_stream_rewind(&passage->up))
        return false;
    curl_multi_remove_handle(multi, passage->easy);
    passage->up_paused = passage->down_paused = false;
    curl_easy_setopt(passage->easy, CURLOPT_FRESH_CONNECT, 1L);
    return curl_multi_add_handle(multi, passage->easy) == CURLM_OK;
}

void back_collect(struct recorder *recorder)
{
    int left;
    for (CURLMsg *message = curl_multi_info_read(recorder->multi, &left); message != NULL;
         message = curl_multi_info_read(recorder->multi, &left)) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct passage *passage = (void *)private;
        if (send_again(passage, code))
            continue;
        if (code == CURLE_OK && !passage->head_done)
            code = CURLE_GOT_NOTHING;
        if (code != CURLE_OK)
            blame(passage, code);
        passage->done = true;
        passage->down.ended = true;
        back_stop(passage);
        recorder_mark(passage);
    }
}

/* ---- libcurl's sockets and timer in the loop ------------------------------------------------- */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct recorder *recorder = context;
    struct watch *watch = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            epoll_ctl(recorder->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        curl_multi_assign(recorder->multi, fd, NULL);
        free(watch);
        return 0;
    }
    bool again = watch != NULL;
    uint32_t events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                      (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (watch == NULL) {
        watch = calloc(1, sizeof *watch);
        if (watch == NULL)
            return -1;
        *watch = (struct watch){WATCH_SOCKET, fd, NULL};
        curl_multi_assign(recorder->multi, fd, watch);
    }
    return recorder_watch(recorder, watch, events, again) ? 0 : -1;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct recorder *recorder = context;
    (void)multi;
    recorder->timer_ns = timeout_ms < 0 ? -1 : clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    return 0;
}

bool back_set_up(struct recorder *recorder, struct error *err)
{
    recorder->multi = curl_multi_init();
    if (recorder->multi == NULL)
        return error_set_memory(err);
    curl_multi_setopt(recorder->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(recorder->multi, CURLMOPT_SOCKETDATA, recorder);
    curl_multi_setopt(recorder->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(recorder->multi, CURLMOPT_TIMERDATA, recorder);
    curl_multi_setopt(recorder->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return true;
}

void back_tear_down(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->spare_count; i++)
        curl_easy_cleanup(recorder->spare[i]);
    free(recorder->spare);
    recorder->spare = NULL;
    if (recorder->multi != NULL)
        curl_multi_cleanup(recorder->multi);
    recorder->multi = NULL;
}
