#include "replay/recorder_private.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    EVENTS = 256,
    TICK_MS = 100,
    RUNS_AT_ONCE = 8, /* of a daemon that has more to do, before the others have their turn */
};

void recorder_mark(struct passage *passage)
{
    struct recorder *recorder = passage->recorder;
    if (passage->is_ready)
        return;
    passage->is_ready = true;
    passage->next_ready = NULL;
    *recorder->ready_tail = passage;
    recorder->ready_tail = &passage->next_ready;
}

bool recorder_watch(struct recorder *recorder, struct watch *watch, uint32_t events, bool again)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(recorder->epoll_fd, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd,
                     &event) == 0;
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* "8080", "0.0.0.0:8080", "[::]:8080". */
static bool split_listen(const char *text, char host[static 64], char port[static 8],
                         struct error *err)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon != NULL ? colon + 1 : text;
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    bool bracketed = size > 2 && text[0] == '[' && text[size - 1] == ']';
    snprintf(host, 64, "%s", "127.0.0.1");
    if (size > 0 && size < 64)
        snprintf(host, 64, "%.*s", (int)(bracketed ? size - 2 : size), bracketed ? text + 1 : text);
    snprintf(port, 8, "%.7s", digits);
    char *end;
    unsigned long number = strtoul(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end != '\0' || number > 65535 || size >= 64)
        return error_set(err, ERROR_USAGE,
                         "\"%s\" is no place to listen at: give a port, or ADDRESS:PORT", text);
    return true;
}

static void name_address(struct site *site, int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[48] = "?", port[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    site->port = (int)strtol(port, NULL, 10);
    snprintf(site->address, sizeof site->address, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s",
             host, port);
}

static int listen_at(struct site *site, const char *text, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[64], port[8];
    int yes = 1;
    if (!split_listen(text, host, port, err))
        return -1;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        error_set(err, ERROR_USAGE, "\"%s\" is no address of this machine to listen at", text);
        return -1;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    freeaddrinfo(found);
    if (ok) {
        name_address(site, fd);
        return fd;
    }
    error_set(err, ERROR_ENVIRONMENT, "cannot listen at %s: %s; choose another port", text,
              strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Whether the URL is of scheme, host and port alone. */
static bool is_bare(CURLU *url)
{
    static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                         CURLUPART_FRAGMENT};
    char *part = NULL;
    bool bare = curl_url_get(url, CURLUPART_PATH, &part, 0) == CURLUE_OK && strcmp(part, "/") == 0;
    curl_free(part);
    for (size_t i = 0; bare && i < COUNT_OF(unwanted); i++) {
        part = NULL;
        bare = curl_url_get(url, unwanted[i], &part, 0) != CURLUE_OK;
        curl_free(part);
    }
    return bare;
}

static bool read_parts(struct site *site, CURLU *url, struct error *err)
{
    char *host = NULL, *port = NULL, *scheme = NULL;
    bool ok = curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;
    bool has_port =
        ok && curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT) == CURLUE_OK;
    if (ok &&
        (asprintf(&site->host, "%s%s%s", host, has_port ? ":" : "", has_port ? port : "") < 0 ||
         asprintf(&site->url, "%s://%s", scheme, site->host) < 0)) {
        site->url = NULL;
        ok = error_set_memory(err);
    }
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
    return ok;
}

static bool read_url(struct site *site, const char *text, struct error *err)
{
    char plain[1024];
    CURLU *url = curl_url();
    if (url == NULL)
        return error_set_memory(err);
    site->h2c = strncasecmp(text, "h2c://", 6) == 0;
    bool bare = site->h2c || strstr(text, "://") == NULL;
    snprintf(plain, sizeof plain, "%s%s", bare ? "http://" : "", site->h2c ? text + 6 : text);
    bool http = strncasecmp(plain, "http://", 7) == 0 || strncasecmp(plain, "https://", 8) == 0;
    bool ok = http && curl_url_set(url, CURLUPART_URL, plain, 0) == CURLUE_OK && is_bare(url) &&
              read_parts(site, url, err);
    curl_url_cleanup(url);
    return ok || error_set(err, ERROR_USAGE,
                           "\"%s\" is no place to pass requests on to: give HOST:PORT, or a URL "
                           "without a path, as in https://gateway.internal",
                           text);
}

static bool open_site(struct recorder *recorder, struct site *site,
                      const struct recorder_site_options *options, struct error *err)
{
    site->recorder = recorder;
    site->name = options->name;
    site->label = options->name != NULL ? options->name : "the gateway";
    site->listen_fd = -1;
    site->watch.fd = -1;
    if (!read_url(site, options->url, err))
        return false;
    int fd = listen_at(site, options->listen, err);
    return fd >= 0 && front_start(site, fd, recorder->options.header_max_bytes, err);
}

/* A recorder in front of itself would pass each request round and round. */
static bool check_circle(const struct recorder *recorder, const struct site *site,
                         struct error *err)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < recorder->site_count; i++) {
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            char text[64];
            snprintf(text, sizeof text, "%s:%d", names[n], recorder->sites[i].port);
            if (strcasecmp(site->host, text) == 0)
                return error_set(err, ERROR_USAGE,
                                 "%s would be asked at %s, where the recorder itself listens",
                                 site->label, site->url);
        }
    }
    return true;
}

bool recorder_new(struct recorder **out, const struct recorder_options *options, struct error *err)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    uint64_t seed = (uint64_t)clock_realtime_ns();
    *out = NULL;
    if (recorder == NULL)
        return error_set_memory(err);
    recorder->options = *options;
    recorder->recording = options->recording;
    recorder->epoll_fd = -1;
    recorder->timer_ns = -1;
    recorder->ready_tail = &recorder->ready;
    (void)!getrandom(&seed, sizeof seed, 0);
    random_seed(&recorder->random, seed);
    recorder->sites = calloc(options->site_count, sizeof *recorder->sites);
    recorder->joiner = joiner_new();
    recorder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bool ok = recorder->sites != NULL && recorder->joiner != NULL ? true : error_set_memory(err);
    if (ok && recorder->epoll_fd < 0)
        ok = error_set_errno(err, "cannot watch for events");
    if (ok && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        ok = error_set(err, ERROR_ENVIRONMENT, "libcurl does not start");
    ok = ok && back_set_up(recorder, err);
    for (size_t i = 0; ok && i < options->site_count; i++) {
        recorder->site_count++;
        ok = open_site(recorder, &recorder->sites[i], &options->sites[i], err);
    }
    for (size_t i = 0; ok && i < options->site_count; i++)
        ok = check_circle(recorder, &recorder->sites[i], err);
    if (ok)
        *out = recorder;
    else
        recorder_free(recorder);
    return ok;
}

/* Every request that is still under way comes to its end here, and is counted as unfinished. */
static void stop_daemons(struct recorder *recorder)
{
    recorder->stopping = true;
    for (struct passage *passage = recorder->passages; passage != NULL; passage = passage->next) {
        passage->gone = true;
        if (passage->suspended) {
            passage->suspended = false;
            MHD_resume_connection(passage->connection);
        }
    }
    for (size_t i = 0; i < recorder->site_count; i++) {
        struct site *site = &recorder->sites[i];
        if (site->daemon != NULL) {
            MHD_run(site->daemon);
            MHD_stop_daemon(site->daemon);
        }
        site->daemon = NULL;
    }
    keep_settle(recorder, INT64_MAX);
}

void recorder_free(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    stop_daemons(recorder);
    for (size_t i = 0; i < recorder->site_count; i++) {
        free(recorder->sites[i].url);
        free(recorder->sites[i].host);
    }
    if (recorder->multi != NULL)
        back_tear_down(recorder);
    joiner_free(recorder->joiner);
    if (recorder->epoll_fd >= 0)
        close(recorder->epoll_fd);
    free(recorder->sites);
    free(recorder);
}

const char *recorder_address(const struct recorder *recorder, size_t site)
{
    return recorder->sites[site].address;
}

void recorder_count(const struct recorder *recorder, struct recorder_counts *counts)
{
    *counts = recorder->counts;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* What one wait found. Sockets are copied, since what is done for one may close another. */
struct found {
    struct {
        int fd;
        int events;
    } sockets[EVENTS];
    size_t socket_count;
    bool stop, report;
};

static void sort_event(const struct epoll_event *event, struct found *found)
{
    const struct watch *watch = event->data.ptr;
    switch (watch->kind) {
    case WATCH_SITE:
        ((struct site *)watch->owner)->due = true;
        break;
    case WATCH_SOCKET:
        found->sockets[found->socket_count].fd = watch->fd;
        found->sockets[found->socket_count++].events =
            (event->events & (uint32_t)EPOLLIN ? CURL_CSELECT_IN : 0) |
            (event->events & (uint32_t)EPOLLOUT ? CURL_CSELECT_OUT : 0) |
            (event->events & (uint32_t)(EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        break;
    case WATCH_CLIENT:
        front_hang_up(watch->owner, (event->events & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0);
        break;
    case WATCH_STOP:
        found->stop = true;
        break;
    case WATCH_REPORT:
        found->report = true;
        break;
    }
}

static int choose_timeout(const struct recorder *recorder, int64_t until_ns)
{
    int64_t now = clock_monotonic_ns(), wait_ms = TICK_MS;
    if (recorder->ready != NULL)
        return 0;
    for (size_t i = 0; i < recorder->site_count; i++) {
        if (recorder->sites[i].due)
            return 0;
    }
    if (recorder->timer_ns >= 0 && recorder->timer_ns - now < wait_ms * NS_PER_MS)
        wait_ms = (recorder->timer_ns - now + NS_PER_MS - 1) / NS_PER_MS;
    if (until_ns > 0 && until_ns - now < wait_ms * NS_PER_MS)
        wait_ms = (until_ns - now + NS_PER_MS - 1) / NS_PER_MS;
    return wait_ms > 0 ? (int)wait_ms : 0;
}

/* A transfer that was just added begins here too. */
static void serve_timer(struct recorder *recorder)
{
    int running;
    if (recorder->timer_ns < 0 || clock_monotonic_ns() < recorder->timer_ns)
        return;
    recorder->timer_ns = -1;
    curl_multi_socket_action(recorder->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static void serve_backs(struct recorder *recorder, const struct found *found)
{
    int running;
    for (size_t i = 0; i < found->socket_count; i++)
        curl_multi_socket_action(recorder->multi, found->sockets[i].fd, found->sockets[i].events,
                                 &running);
    serve_timer(recorder);
    back_collect(recorder);
}

static void wake_ready(struct recorder *recorder)
{
    while (recorder->ready != NULL) {
        struct passage *passage = recorder->ready;
        recorder->ready = passage->next_ready;
        if (recorder->ready == NULL)
            recorder->ready_tail = &recorder->ready;
        passage->is_ready = false;
        front_wake(passage);
    }
}

static void serve_fronts(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->site_count; i++) {
        struct site *site = &recorder->sites[i];
        MHD_UNSIGNED_LONG_LONG timeout = 1;
        for (int runs = 0; site->due && runs < RUNS_AT_ONCE; runs++) {
            MHD_run(site->daemon);
            site->due = MHD_get_timeout(site->daemon, &timeout) == MHD_YES && timeout == 0;
        }
    }
}

static bool step(struct recorder *recorder, int64_t until_ns, struct found *found,
                 struct error *err)
{
    struct epoll_event events[EVENTS];
    *found = (struct found){0};
    int count = epoll_wait(recorder->epoll_fd, events, EVENTS, choose_timeout(recorder, until_ns));
    if (count < 0 && errno != EINTR)
        return error_set_errno(err, "cannot wait for events");
    for (int i = 0; i < count; i++)
        sort_event(&events[i], found);
    serve_backs(recorder, found);
    int64_t now = clock_monotonic_ns();
    if (now - recorder->checked_ns >= TICK_MS * NS_PER_MS) {
        front_check_closed(recorder, now);
        recorder->checked_ns = now;
    }
    wake_ready(recorder);
    serve_fronts(recorder);
    serve_timer(recorder);
    keep_settle(recorder, now);
    return true;
}

/* Takes one signal from a descriptor of such. */
static void take_signal(int fd)
{
    struct signalfd_siginfo info;
    (void)!read(fd, &info, sizeof info);
}

bool recorder_run(struct recorder *recorder, int64_t until_ns, const struct interrupt *stop,
                  int report_fd, recorder_tick *tick, void *context, struct error *err)
{
    struct watch stop_watch = {WATCH_STOP, stop != NULL ? stop->fd : -1, NULL};
    struct watch report_watch = {WATCH_REPORT, report_fd, NULL};
    struct found found = {0};
    int64_t ticked_ns = 0;
    bool ok = true;
    if (stop_watch.fd >= 0)
        recorder_watch(recorder, &stop_watch, (uint32_t)EPOLLIN, false);
    if (report_fd >= 0)
        recorder_watch(recorder, &report_watch, (uint32_t)EPOLLIN, false);
    while (ok && !found.stop && (until_ns == 0 || clock_monotonic_ns() < until_ns)) {
        ok = step(recorder, until_ns, &found, err);
        if (found.report)
            take_signal(report_fd);
        int64_t now = clock_monotonic_ns();
        if (tick != NULL && (found.report || now - ticked_ns >= TICK_MS * NS_PER_MS)) {
            tick(context, found.report);
            ticked_ns = now;
        }
    }
    if (found.stop)
        take_signal(stop->fd);
    if (stop_watch.fd >= 0)
        epoll_ctl(recorder->epoll_fd, EPOLL_CTL_DEL, stop_watch.fd, NULL);
    if (report_fd >= 0)
        epoll_ctl(recorder->epoll_fd, EPOLL_CTL_DEL, report_fd, NULL);
    return ok;
}

/* No new connection is taken: whoever asks is refused, as by a gateway that is gone. */
static void stop_listening(struct site *site)
{
    int fd = MHD_quiesce_daemon(site->daemon);
    if (fd >= 0)
        close(fd);
}

bool recorder_drain(struct recorder *recorder, int wait_ms, const struct interrupt *stop,
                    struct error *err)
{
    struct watch stop_watch = {WATCH_STOP, stop != NULL ? stop->fd : -1, NULL};
    int64_t until_ns = clock_monotonic_ns() + wait_ms * NS_PER_MS;
    struct found found = {0};
    bool ok = true;
    recorder->draining = true;
    stop_listening(&recorder->sites[0]);
    if (stop_watch.fd >= 0)
        recorder_watch(recorder, &stop_watch, (uint32_t)EPOLLIN, false);
    while (ok && !found.stop && (recorder->passages != NULL || recorder->answered != NULL) &&
           clock_monotonic_ns() < until_ns)
        ok = step(recorder, until_ns, &found, err);
    if (stop_watch.fd >= 0)
        epoll_ctl(recorder->epoll_fd, EPOLL_CTL_DEL, stop_watch.fd, NULL);
    stop_daemons(recorder);
    return ok;
}
