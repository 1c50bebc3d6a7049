/* The front of a passage: libmicrohttpd reads the client's request and sends it the answer. */
#include "replay/recorder_private.h"

#include "base/clock.h"
#include "replay/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ANSWER_BLOCK_BYTES = 32 * 1024 };

/* ---- connections ----------------------------------------------------------------------------- */

/* A suspended connection is not read, so that its client leaves is seen here: the descriptor is in
 * the recorder's own epoll too, for nothing but that. */
static void open_client(struct recorder *recorder, struct MHD_Connection *connection,
                        void **client_slot)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || info == NULL) {
        free(client);
        return;
    }
    client->watch = (struct watch){WATCH_CLIENT, info->connect_fd, client};
    recorder_watch(recorder, &client->watch, (uint32_t)EPOLLRDHUP | (uint32_t)EPOLLET, false);
    *client_slot = client;
}

static void notice_connection(void *context, struct MHD_Connection *connection, void **client_slot,
                              enum MHD_ConnectionNotificationCode code)
{
    struct site *site = context;
    struct client *client = *client_slot;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        open_client(site->recorder, connection, client_slot);
    } else if (client != NULL) {
        epoll_ctl(site->recorder->epoll_fd, EPOLL_CTL_DEL, client->watch.fd, NULL);
        free(client);
        *client_slot = NULL;
    }
}

void front_hang_up(struct client *client, bool wholly)
{
    struct passage *passage = client->passage;
    if (client->closed_ns == 0)
        client->closed_ns = clock_monotonic_ns();
    if (passage == NULL || !wholly)
        return;
    passage->gone = true;
    recorder_mark(passage);
}

void front_check_closed(struct recorder *recorder, int64_t now_ns)
{
    for (struct passage *passage = recorder->passages; passage != NULL; passage = passage->next) {
        const struct client *client = passage->client;
        if (client == NULL || client->closed_ns == 0 || !passage->suspended ||
            now_ns - client->closed_ns < HALF_CLOSED_MS * NS_PER_MS)
            continue;
        passage->gone = true;
        recorder_mark(passage);
    }
}

/* ---- a request comes in ---------------------------------------------------------------------- */

/* Called with the target as it was sent, before libmicrohttpd decodes it in place. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    struct site *site = context;
    struct recorder *recorder = site->recorder;
    struct passage *passage = calloc(1, sizeof *passage);
    if (passage == NULL)
        return NULL;
    passage->recorder = recorder;
    passage->site = site;
    passage->connection = connection;
    passage->started_ns = clock_monotonic_ns();
    passage->content_length = -1;
    passage->next = recorder->passages;
    if (recorder->passages != NULL)
        recorder->passages->previous = passage;
    recorder->passages = passage;
    buffer_init(&passage->target, SIZE_MAX / 2);
    buffer_append_string(&passage->target, target);
    body_stream_init(&passage->up, false);
    body_stream_init(&passage->down, false);
    captured_fields_init(&passage->answer);
    keep_see(passage);
    return passage;
}

static void suspend(struct passage *passage)
{
    if (passage->suspended)
        return;
    passage->suspended = true;
    MHD_suspend_connection(passage->connection);
}

void front_wake(struct passage *passage)
{
    bool news;
    if (!passage->suspended)
        return;
    switch (passage->phase) {
    case PHASE_CONTINUE:
        news = passage->go_ahead || passage->head_done;
        break;
    case PHASE_BODY:
        news = body_stream_waiting(&passage->up) < STREAM_MAX_BYTES || passage->head_done;
        break;
    case PHASE_ANSWERING:
        news = body_stream_waiting(&passage->down) > 0 || passage->done;
        break;
    default:
        news = passage->head_done;
    }
    if (!news && passage->problem == NULL && !passage->gone)
        return;
    passage->suspended = false;
    MHD_resume_connection(passage->connection);
    passage->site->due = true;
}

struct head {
    struct captured_fields *fields;
    const char *problem;
};

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    struct head *head = context;
    (void)kind;
    captured_fields_add(head->fields, name, name_size, value != NULL ? value : "", value_size);
    return MHD_YES;
}

/* A length that two recipients could read in two ways. */
static bool read_length(struct passage *passage, const struct captured_fields *asked)
{
    const char *first = NULL;
    passage->request_length = 0;
    for (const char *name = captured_fields_next(asked, NULL); name != NULL;
         name = captured_fields_next(asked, name)) {
        const char *value = captured_fields_value(name);
        if (!wire_same_name(name, "Content-Length"))
            continue;
        if (value[strspn(value, "0123456789")] != '\0' || *value == '\0' || strlen(value) > 18 ||
            (first != NULL && strcmp(first, value) != 0))
            return false;
        first = value;
        passage->request_length = strtoll(value, NULL, 10);
    }
    return true;
}

static void read_framing(struct passage *passage, const struct captured_fields *asked)
{
    const char *coding = captured_fields_find(asked, "Transfer-Encoding");
    if (!read_length(passage, asked))
        passage_fail(passage, 400, "tollgate record: the request's Content-Length is not clear");
    if (coding != NULL && strcasecmp(coding, "chunked") != 0)
        passage_fail(passage, 501,
                     "tollgate record: the transfer coding \"%.100s\" cannot be passed on", coding);
    passage->is_chunked = coding != NULL;
    passage->has_body = passage->is_chunked || passage->request_length > 0;
    if (passage->is_chunked)
        passage->request_length = -1;
    if (strcmp(passage->method, "CONNECT") == 0)
        passage_fail(passage, 501, "tollgate record: CONNECT is not passed on");
    if (passage->is_head && passage->has_body)
        passage_fail(passage, 400, "tollgate record: a HEAD with a body is not passed on");
}

static bool expects_continue(const struct passage *passage, const struct captured_fields *asked)
{
    const char *expect = captured_fields_find(asked, "Expect");
    return expect != NULL && strcasecmp(expect, "100-continue") == 0 && passage->has_body &&
           !passage->is_http_1_0;
}

static enum MHD_Result answer(struct passage *passage);

/* Request line and fields are here. A request that is refused is not read any further. */
static enum MHD_Result take_head(struct passage *passage, const char *method, const char *version)
{
    struct captured_fields asked;
    struct client *client;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(passage->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    client = info != NULL ? info->socket_context : NULL;
    passage->client = client;
    if (client != NULL)
        client->passage = passage;
    captured_fields_init(&asked);
    MHD_get_connection_values_n(passage->connection, MHD_HEADER_KIND, take_field,
                                &(struct head){.fields = &asked});
    snprintf(passage->method, sizeof passage->method, "%s", method);
    if (strlen(method) >= sizeof passage->method)
        passage_fail(passage, 501, "tollgate record: the method is too long to be passed on");
    passage->head_bytes = asked.text.length + asked.count * FIELD_BYTES + passage->target.length;
    passage->is_head = strcmp(method, "HEAD") == 0;
    passage->is_http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    read_framing(passage, &asked);
    passage->phase = expects_continue(passage, &asked) ? PHASE_CONTINUE : PHASE_BODY;
    keep_begin(passage, &asked);
    passage->fields = fields_to_send(passage, &asked);
    captured_fields_release(&asked);
    if (passage->problem != NULL)
        return answer(passage);
    if (passage->phase == PHASE_CONTINUE)
        suspend(passage);
    if (!passage->has_body)
        passage->up.ended = true;
    if (!passage->has_body || passage->phase == PHASE_CONTINUE)
        back_start(passage);
    return MHD_YES;
}

/* The next piece of the request's body. What finds no room stays with libmicrohttpd, which then
 * does not read on. */
static enum MHD_Result take_body(struct passage *passage, const char *data, size_t *size)
{
    size_t room = STREAM_MAX_BYTES, waiting = body_stream_waiting(&passage->up);
    if (passage->problem != NULL || passage->head_done || passage->done) {
        passage->swallow = true;
        *size = 0;
        return MHD_YES;
    }
    room = waiting < room ? room - waiting : 0;
    size_t taken = *size < room ? *size : room;
    if (taken > 0 && !body_stream_append(&passage->up, data, taken))
        return MHD_NO;
    keep_account(passage);
    *size -= taken;
    passage->up_blocked = *size > 0;
    if (!passage->started)
        back_start(passage);
    else
        back_continue(passage);
    if (passage->up_blocked)
        suspend(passage);
    return MHD_YES;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static ssize_t give_body(void *context, uint64_t position, char *out, size_t max)
{
    struct passage *passage = context;
    (void)position;
    size_t given = body_stream_take(&passage->down, out, max);
    if (given > 0) {
        back_continue(passage);
        return (ssize_t)given;
    }
    if (passage->problem != NULL || passage->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (passage->done)
        return MHD_CONTENT_READER_END_OF_STREAM;
    suspend(passage);
    return 0;
}

/* libmicrohttpd frames the answer anew. */
static bool is_framing(const char *name)
{
    return wire_same_name(name, "Content-Length");
}

static void add_fields(struct passage *passage, struct MHD_Response *response)
{
    for (const char *name = captured_fields_next(&passage->answer, NULL); name != NULL;
         name = captured_fields_next(&passage->answer, name)) {
        const char *value = captured_fields_value(name);
        if (captured_fields_is_hop_by_hop(&passage->answer, name) || is_framing(name))
            continue;
        /* An empty value is not taken; on the wire a blank is the same. */
        MHD_add_response_header(response, name, *value != '\0' ? value : " ");
    }
}

static bool has_no_body(const struct passage *passage)
{
    return passage->is_head || passage->status == 204 || passage->status == 304;
}

/* With the length that was told. An answer without a body may tell none (a 304, or to HEAD): then
 * this library has only an answer that ends with its connection, since it would end a chunked one
 * with a chunk even where no body may be. */
static struct MHD_Response *make_response(struct passage *passage)
{
    bool told = passage->content_length >= 0;
    uint64_t size = told ? (uint64_t)passage->content_length : MHD_SIZE_UNKNOWN;
    bool whole = passage->done && passage->problem == NULL;
    if (!has_no_body(passage) && whole && told && passage->down.taken == 0 &&
        passage->down.data.length == size)
        return MHD_create_response_from_buffer(passage->down.data.length,
                                               (void *)(uintptr_t)buffer_text(&passage->down.data),
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        MHD_create_response_from_callback(size, ANSWER_BLOCK_BYTES, give_body, passage, NULL);
    if (response != NULL && has_no_body(passage) && !told && passage->status != 204)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return response;
}

static struct MHD_Response *make_refusal(struct passage *passage)
{
    size_t size = strlen(passage->problem_text);
    passage->problem_text[size] = '\n';
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size + 1, passage->problem_text, MHD_RESPMEM_MUST_COPY);
    passage->problem_text[size] = '\0';
    if (response != NULL)
        MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    return response;
}

static enum MHD_Result answer(struct passage *passage)
{
    bool refused = passage->problem != NULL && !passage->head_done;
    if (!refused && passage->status < 200) {
        passage->head_done = false;
        passage_fail(passage, 502, "tollgate record: %s at %s answered with status %d",
                     passage->site->label, passage->site->url, passage->status);
        refused = true;
    }
    struct MHD_Response *response = refused ? make_refusal(passage) : make_response(passage);
    if (response == NULL)
        return MHD_NO;
    if (!refused)
        add_fields(passage, response);
    if (passage->recorder->draining)
        MHD_add_response_header(response, "Connection", "close");
    passage->phase = PHASE_ANSWERING;
    enum MHD_Result result = MHD_queue_response(
        passage->connection, (unsigned)(refused ? passage->problem_status : passage->status),
        response);
    MHD_destroy_response(response);
    return result;
}

/* The request is here whole, or is not to be read any further. */
static enum MHD_Result answer_when_ready(struct passage *passage)
{
    if (passage->phase == PHASE_BODY && !passage->swallow) {
        passage->up.ended = true;
        if (passage->problem == NULL && !passage->started)
            back_start(passage);
        else
            back_continue(passage);
    }
    if (passage->swallow)
        keep_drop(passage, DROP_EARLY);
    passage->phase = PHASE_ANSWER;
    if (passage->head_done || passage->problem != NULL)
        return answer(passage);
    suspend(passage);
    return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_bytes, void **state)
{
    struct passage *passage = *state;
    (void)context;
    (void)connection;
    (void)url;
    if (passage == NULL || passage->gone || passage->target.failed || passage->recorder->stopping)
        return MHD_NO; /* the connection is closed */
    switch (passage->phase) {
    case PHASE_HEAD:
        return take_head(passage, method, version);
    case PHASE_CONTINUE:
        if (!passage->head_done && passage->problem == NULL) {
            passage->phase = PHASE_BODY;
            return MHD_YES;
        }
        keep_drop(passage, DROP_EARLY);
        return answer(passage);
    case PHASE_BODY:
        if (*data_bytes > 0)
            return take_body(passage, data, data_bytes);
        return answer_when_ready(passage);
    case PHASE_ANSWER:
        return answer_when_ready(passage);
    case PHASE_ANSWERING:
        break;
    }
    return MHD_NO;
}

static void unmark(struct recorder *recorder, struct passage *passage)
{
    struct passage **link = &recorder->ready;
    while (*link != passage)
        link = &(*link)->next_ready;
    *link = passage->next_ready;
    if (recorder->ready_tail == &passage->next_ready)
        recorder->ready_tail = link;
}

static void free_passage(struct passage *passage)
{
    struct recorder *recorder = passage->recorder;
    if (passage->is_ready)
        unmark(recorder, passage);
    if (passage->client != NULL)
        passage->client->passage = NULL;
    if (passage->previous != NULL)
        passage->previous->next = passage->next;
    else
        recorder->passages = passage->next;
    if (passage->next != NULL)
        passage->next->previous = passage->previous;
    body_stream_release(&passage->up);
    body_stream_release(&passage->down);
    captured_fields_release(&passage->answer);
    buffer_release(&passage->target);
    free(passage);
}

static void end_request(void *context, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code)
{
    struct passage *passage = *state;
    (void)context;
    (void)connection;
    if (passage == NULL)
        return;
    *state = NULL;
    passage->gone = passage->gone || code != MHD_REQUEST_TERMINATED_COMPLETED_OK;
    back_stop(passage);
    keep_end(passage);
    free_passage(passage);
}

/* ---- the daemon ------------------------------------------------------------------------------ */

/* No wording of libmicrohttpd's own on our standard error. */
static void swallow_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

bool front_start(struct site *site, int listen_fd, size_t header_max_bytes, struct error *err)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
                     MHD_USE_ERROR_LOG;
    /* Each request takes another descriptor at the back. */
    unsigned limit = (unsigned)(sysconf(_SC_OPEN_MAX) / 2);
    site->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, site, MHD_OPTION_EXTERNAL_LOGGER, swallow_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_URI_LOG_CALLBACK, begin_request, site,
        MHD_OPTION_NOTIFY_COMPLETED, end_request, site, MHD_OPTION_NOTIFY_CONNECTION,
        notice_connection, site, MHD_OPTION_CONNECTION_MEMORY_LIMIT, header_max_bytes,
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (site->daemon == NULL) {
        close(listen_fd);
        return error_set(err, ERROR_ENVIRONMENT, "cannot serve HTTP on %s", site->address);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(site->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0)
        return error_set(err, ERROR_ENVIRONMENT, "libmicrohttpd has no epoll on this system");
    site->watch = (struct watch){WATCH_SITE, info->epoll_fd, site};
    return recorder_watch(site->recorder, &site->watch, (uint32_t)EPOLLIN, false) ||
           error_set_errno(err, "cannot watch %s", site->address);
}
