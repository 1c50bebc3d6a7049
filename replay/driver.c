#include "replay/driver.h"

#include "base/clock.h"
#include "base/hash.h"
#include "replay/plan.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLY_MAX_BYTES = 64 * 1024 * 1024,
    HEADERS_MAX_BYTES = 1024 * 1024,
    /* After a pause of this length a gateway may have closed the connection for being idle in the
     * very moment in which we send. */
    IDLE_CLOSE_NS = 500 * 1000 * 1000,
};

struct prepared {
    UT_hash_handle hh;
    const struct exchange *exchange;
    struct plan *plan;
};

struct driver {
    struct driver_options options;
    CURL *easy;
    CURLM *multi;
    char host[32];
    struct prepared *prepared; /* a uthash by exchange */
    struct reply *reply;       /* of the send under way */
    int64_t last_end_ns;       /* of the send before */
    bool may_retry;            /* the pause before was long enough for an idle close */
    bool under_way;            /* being sent: a socket opened now is a second try */
    bool closed_on_us;         /* and it was refused */
    bool too_large;
};

void reply_init(struct reply *reply)
{
    *reply = (struct reply){0};
    buffer_init(&reply->body, REPLY_MAX_BYTES);
    buffer_init(&reply->headers, HEADERS_MAX_BYTES);
}

void reply_release(struct reply *reply)
{
    buffer_release(&reply->body);
    buffer_release(&reply->headers);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct driver *driver = context;
    (void)size; /* always 1 */
    buffer_append(&driver->reply->body, data, count);
    if (!driver->reply->body.failed)
        return count;
    driver->too_large = true;
    return 0;
}

/* Lines beyond the maximum are dropped: the answer itself is none the worse. */
static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    struct driver *driver = context;
    (void)size; /* always 1 */
    buffer_append(&driver->reply->headers, line, count);
    return count;
}

/* Called when there is a connection, fresh or kept, and the request is about to go out. */
static int begin_sending(void *context, char *ip, char *local_ip, int port, int local_port)
{
    struct driver *driver = context;
    (void)ip;
    (void)local_ip;
    (void)port;
    (void)local_port;
    driver->under_way = true;
    return CURL_PREREQFUNC_OK;
}

/* When a kept connection is closed instead of answered, libcurl sends the request once more on a
 * fresh one. That would do the work twice and hide a worker that crashed, so it is only let happen
 * where an idle connection can have been given up. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct driver *driver = context;
    (void)purpose;
    if (driver->under_way && !driver->may_retry) {
        driver->closed_on_us = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool set_up_easy(struct driver *driver)
{
    CURL *easy = driver->easy;
    char url[64];
    snprintf(url, sizeof url, "http://%s/", driver->host);
    bool ok = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK;
#else
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTP) == CURLE_OK;
#endif
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK;
    ok =
        ok && curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, driver);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, begin_sending);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, driver);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, driver);
    return ok;
}

bool driver_new(struct driver **out, const struct driver_options *options, struct error *err)
{
    *out = NULL;
    /* No TLS is spoken here, so none is set up. */
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
        return error_set(err, ERROR_ENVIRONMENT, "libcurl does not start");
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) {
        curl_global_cleanup();
        return error_set_memory(err);
    }
    driver->options = *options;
    snprintf(driver->host, sizeof driver->host, "127.0.0.1:%d", options->port);
    driver->easy = curl_easy_init();
    driver->multi = curl_multi_init();
    if (driver->easy == NULL || driver->multi == NULL || !set_up_easy(driver)) {
        driver_free(driver);
        return error_set_memory(err);
    }
    *out = driver;
    return true;
}

void driver_free(struct driver *driver)
{
    struct prepared *prepared, *next;
    if (driver == NULL)
        return;
    curl_easy_cleanup(driver->easy);
    curl_multi_cleanup(driver->multi);
    HASH_ITER(hh, driver->prepared, prepared, next)
    {
        HASH_DEL(driver->prepared, prepared);
        free(prepared->plan);
        free(prepared);
    }
    free(driver);
    curl_global_cleanup();
}

static struct prepared *find_prepared(const struct driver *driver, const struct exchange *exchange)
{
    struct prepared *prepared = NULL;
    HASH_FIND_PTR(driver->prepared, &exchange, prepared);
    return prepared;
}

static struct plan *find_plan(struct driver *driver, const struct exchange *exchange)
{
    struct prepared *prepared = find_prepared(driver, exchange);
    if (prepared != NULL)
        return prepared->plan;
    struct plan_options options = {driver->host, driver->options.inject_traceparent,
                                   driver->options.inject_request_id};
    prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL)
        return NULL;
    prepared->exchange = exchange;
    prepared->plan = plan_new(exchange, &options);
    if (prepared->plan != NULL)
        HASH_ADD_PTR(driver->prepared, exchange, prepared);
    if (prepared->plan == NULL || prepared->hh.tbl == NULL) {
        free(prepared->plan);
        free(prepared);
        return NULL;
    }
    return prepared->plan;
}

bool driver_prepare(struct driver *driver, const struct exchange *exchange, uint64_t sent,
                    struct error *err)
{
    driver_forget(driver, exchange);
    struct plan *plan = find_plan(driver, exchange);
    if (plan == NULL)
        return error_set_memory(err);
    plan->sent = sent;
    return true;
}

void driver_forget(struct driver *driver, const struct exchange *exchange)
{
    struct prepared *prepared = find_prepared(driver, exchange);
    if (prepared == NULL)
        return;
    HASH_DEL(driver->prepared, prepared);
    free(prepared->plan);
    free(prepared);
}

uint64_t driver_count_sent(const struct driver *driver, const struct exchange *exchange)
{
    const struct prepared *prepared = find_prepared(driver, exchange);
    return prepared == NULL ? 0 : prepared->plan->sent;
}

void driver_keep_headers(struct driver *driver, bool keep)
{
    curl_easy_setopt(driver->easy, CURLOPT_HEADERFUNCTION, keep ? take_header : NULL);
    curl_easy_setopt(driver->easy, CURLOPT_HEADERDATA, keep ? driver : NULL);
}

static bool set_request(struct driver *driver, const struct plan *plan)
{
    CURL *easy = driver->easy;
    /* Each of the three undoes what the others set. */
    switch (plan->shape) {
    case PLAN_PLAIN:
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        break;
    case PLAN_HEAD:
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        break;
    case PLAN_BODY:
        curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)plan->body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, plan->body.data);
        break;
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, plan->headers);
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, plan->method) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, plan->target) == CURLE_OK;
}

/* What libcurl says of a request that found no answer, in the words of a gateway's user. */
static bool blame(const struct driver *driver, CURLcode code, struct error *err)
{
    if (driver->too_large)
        return error_set(err, ERROR_MEASUREMENT, "the answer is larger than %d MiB",
                         REPLY_MAX_BYTES / 1024 / 1024);
    if (driver->closed_on_us)
        return error_set(err, ERROR_ENVIRONMENT,
                         "the gateway closed the connection without answering; it was a kept one, "
                         "which a gateway may only close after it said \"Connection: close\" in an "
                         "answer");
    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return error_set_memory(err);
    case CURLE_COULDNT_CONNECT:
        return error_set(err, ERROR_ENVIRONMENT,
                         "the gateway does not accept connections on port %d",
                         driver->options.port);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return error_set(err, ERROR_ENVIRONMENT,
                         "the gateway closed the connection without answering");
    case CURLE_PARTIAL_FILE:
        return error_set(err, ERROR_ENVIRONMENT,
                         "the gateway closed the connection in the middle of its answer");
    default:
        return error_set(err, ERROR_MEASUREMENT, "the gateway's answer is not valid HTTP: %s",
                         curl_easy_strerror(code));
    }
}

static bool finished(struct driver *driver, CURLcode *code)
{
    int left;
    for (CURLMsg *message = curl_multi_info_read(driver->multi, &left); message != NULL;
         message = curl_multi_info_read(driver->multi, &left)) {
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return true;
        }
    }
    return false;
}

/* Waits for the gateway, the user or the end of the time. */
static bool wait_for_more(struct driver *driver, int64_t deadline_ns, struct error *err)
{
    const struct interrupt *interrupt = driver->options.interrupt;
    struct curl_waitfd extra = {.fd = CURL_SOCKET_BAD, .events = CURL_WAIT_POLLIN};
    bool watched = interrupt != NULL && interrupt->fd >= 0;
    int64_t left_ns = deadline_ns - clock_monotonic_ns();
    if (watched)
        extra.fd = interrupt->fd;
    if (left_ns <= 0)
        return error_set(err, ERROR_MEASUREMENT, "no answer within %d ms",
                         driver->options.timeout_ms);
    int left_ms = (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
    if (curl_multi_poll(driver->multi, &extra, watched, left_ms, NULL) != CURLM_OK)
        return error_set_memory(err);
    if (watched && extra.revents != 0)
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    return true;
}

/* Runs the transfer that was added to the multi handle. Leaves the reply's clock stopped. */
static bool transfer(struct driver *driver, struct error *err)
{
    CURLcode code = CURLE_OK;
    int running = 0;
    int64_t start_ns = clock_monotonic_ns();
    int64_t deadline_ns = start_ns + driver->options.timeout_ms * NS_PER_MS;
    driver->may_retry = start_ns - driver->last_end_ns > IDLE_CLOSE_NS;
    for (;;) {
        if (curl_multi_perform(driver->multi, &running) != CURLM_OK)
            return error_set_memory(err);
        if (running == 0)
            break;
        if (!wait_for_more(driver, deadline_ns, err))
            return false;
    }
    driver->last_end_ns = clock_monotonic_ns();
    driver->reply->wall_ns = driver->last_end_ns - start_ns;
    if (!finished(driver, &code))
        return error_set(err, ERROR_MEASUREMENT, "libcurl ended a request without a result");
    return code == CURLE_OK || blame(driver, code, err);
}

bool driver_send(struct driver *driver, const struct exchange *exchange, struct reply *reply,
                 struct error *err)
{
    long status = 0;
    struct plan *plan = find_plan(driver, exchange);
    if (plan == NULL || !set_request(driver, plan))
        return error_set_memory(err);
    plan_number(plan);
    buffer_clear(&reply->body);
    buffer_clear(&reply->headers);
    driver->reply = reply;
    driver->under_way = false;
    driver->closed_on_us = false;
    driver->too_large = false;
    if (curl_multi_add_handle(driver->multi, driver->easy) != CURLM_OK)
        return error_set_memory(err);
    bool ok = transfer(driver, err);
    curl_easy_getinfo(driver->easy, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    /* In the middle of a transfer this also closes the connection. */
    curl_multi_remove_handle(driver->multi, driver->easy);
    driver->reply = NULL;
    return ok;
}
