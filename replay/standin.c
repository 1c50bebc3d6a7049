#include "replay/standin.h"

#include "base/port.h"
#include "replay/answers.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MISSES_DESCRIBED = 5,
    REQUEST_MAX_BYTES = 64 * 1024 * 1024,
};

struct server {
    struct standin_set *set;
    char *name;
    struct MHD_Daemon *daemon;
    struct answer_table *answers; /* under the set's lock */
    struct incoming *spare;       /* of the server's thread alone */
    char url[40];
};

struct standin_set {
    struct server *servers;
    size_t count;
    pthread_mutex_t lock; /* of what follows, and of the servers' answers */
    const struct exchange *current;
    uint64_t turn;
    size_t misses;
    struct buffer described;
};

/* A request on its way in; kept for the next one afterwards. */
struct incoming {
    struct incoming *next_spare;
    struct server *server;
    struct buffer target; /* as it was sent */
    struct buffer key;
    bool started;
};

/* Called with the target as it was sent, before libmicrohttpd decodes it in place. What is
 * returned becomes the request's context. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    struct server *server = context;
    struct incoming *incoming = server->spare;
    (void)connection;
    if (incoming != NULL) {
        server->spare = incoming->next_spare;
    } else {
        incoming = calloc(1, sizeof *incoming);
        if (incoming == NULL)
            return NULL;
        incoming->server = server;
        buffer_init(&incoming->target, REQUEST_MAX_BYTES);
        buffer_init(&incoming->key, REQUEST_MAX_BYTES);
    }
    incoming->started = false;
    buffer_clear(&incoming->target);
    buffer_clear(&incoming->key);
    buffer_append_string(&incoming->target, target);
    return incoming;
}

static void end_request(void *context, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code)
{
    struct server *server = context;
    struct incoming *incoming = *state;
    (void)connection;
    (void)code;
    if (incoming == NULL)
        return;
    incoming->next_spare = server->spare;
    server->spare = incoming;
    *state = NULL;
}

static void note_miss(struct server *server, const struct incoming *incoming)
{
    struct standin_set *set = server->set;
    if (set->misses++ >= MISSES_DESCRIBED)
        return;
    if (set->described.length > 0)
        buffer_append_char(&set->described, '\n');
    buffer_append_format(&set->described, "  %s: ", server->name);
    answer_table_describe_miss(server->answers, &incoming->key, &set->described);
}

static enum MHD_Result answer_miss(struct MHD_Connection *connection)
{
    static const char text[] =
        "{\"error\":\"tollgate stand-in: no answer was recorded for this request\"}\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, "Content-Type", "application/json");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, STANDIN_MISS_STATUS, response);
    MHD_destroy_response(response);
    return result;
}

/* The whole request is here. */
static enum MHD_Result answer_request(struct server *server, struct MHD_Connection *connection,
                                      struct incoming *incoming)
{
    struct standin_set *set = server->set;
    const struct answer *found = NULL;
    pthread_mutex_lock(&set->lock);
    if (!incoming->key.failed)
        found = answer_table_find(server->answers, &incoming->key, set->current, set->turn);
    struct answer answer = found != NULL ? *found : (struct answer){0};
    if (found == NULL)
        note_miss(server, incoming);
    pthread_mutex_unlock(&set->lock);
    if (found == NULL)
        return answer_miss(connection);
    return MHD_queue_response(connection, answer.status, answer.response);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_bytes, void **state)
{
    struct server *server = context;
    struct incoming *incoming = *state;
    (void)url;
    (void)version;
    if (incoming == NULL)
        return MHD_NO; /* out of memory: the connection is closed */
    if (!incoming->started) {
        incoming->started = true;
        answer_key_start(&incoming->key, method, buffer_text(&incoming->target));
        return MHD_YES;
    }
    if (*data_bytes > 0) {
        buffer_append(&incoming->key, data, *data_bytes);
        *data_bytes = 0;
        return MHD_YES;
    }
    return answer_request(server, connection, incoming);
}

/* No wording of libmicrohttpd's own on our standard error. */
static void swallow_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

static bool start(struct server *server, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct port_reservation port;
    if (!port_reserve(&port, PORT_FIRST_STANDIN, err))
        return false;
    address.sin_port = htons((uint16_t)port.port);
    /* Without a Date field the same request gets the same bytes in every run. */
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, swallow_log, NULL,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_URI_LOG_CALLBACK,
        begin_request, server, MHD_OPTION_NOTIFY_COMPLETED, end_request, server, MHD_OPTION_END);
    port_release(&port); /* bound by now, which keeps others away as well */
    if (server->daemon == NULL)
        return error_set_errno(err, "cannot start the stand-in of upstream \"%s\"", server->name);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL || info->port == 0)
        return error_set(err, ERROR_ENVIRONMENT, "the stand-in of upstream \"%s\" has no port",
                         server->name);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u", (unsigned)info->port);
    return true;
}

static void stop(struct server *server)
{
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    while (server->spare != NULL) {
        struct incoming *incoming = server->spare;
        server->spare = incoming->next_spare;
        buffer_release(&incoming->target);
        buffer_release(&incoming->key);
        free(incoming);
    }
    answer_table_free(server->answers);
    free(server->name);
}

void standin_set_free(struct standin_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        stop(&set->servers[i]);
    pthread_mutex_destroy(&set->lock);
    buffer_release(&set->described);
    free(set->servers);
    free(set);
}

bool standin_set_new(struct standin_set **out, const char *const *names, size_t count,
                     struct error *err)
{
    *out = NULL;
    struct standin_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return error_set_memory(err);
    pthread_mutex_init(&set->lock, NULL);
    buffer_init(&set->described, 16 * 1024);
    set->servers = calloc(count > 0 ? count : 1, sizeof *set->servers);
    bool ok = set->servers != NULL || error_set_memory(err);
    for (size_t i = 0; ok && i < count; i++) {
        struct server *server = &set->servers[i];
        set->count++;
        server->set = set;
        server->name = strdup(names[i]);
        ok = (server->name != NULL || error_set_memory(err)) &&
             answer_table_new(&server->answers, err) && start(server, err);
    }
    if (ok)
        *out = set;
    else
        standin_set_free(set);
    return ok;
}

static struct server *find_server(const struct standin_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->servers[i].name, name) == 0)
            return &set->servers[i];
    }
    return NULL;
}

const char *standin_set_url(const struct standin_set *set, const char *name)
{
    const struct server *server = find_server(set, name);
    return server == NULL ? NULL : server->url;
}

bool standin_set_add(struct standin_set *set, const struct exchange *exchange, struct error *err)
{
    bool ok = true;
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; ok && i < exchange->upstream_count; i++) {
        const struct upstream_answer *recorded = &exchange->upstream[i];
        struct server *server = find_server(set, recorded->name);
        if (server == NULL) {
            char where[96];
            snprintf(where, sizeof where, "corpus line %zu: upstream[%zu]", exchange->line, i);
            ok = error_set_at(err, ERROR_INPUT, where,
                              "\"%.200s\" is not an upstream of the config; add it to "
                              "\"upstreams\"",
                              recorded->name);
        } else {
            ok = answer_table_add(server->answers, exchange, recorded, err);
        }
    }
    pthread_mutex_unlock(&set->lock);
    return ok;
}

void standin_set_current(struct standin_set *set, const struct exchange *exchange)
{
    pthread_mutex_lock(&set->lock);
    set->current = exchange;
    set->turn++;
    pthread_mutex_unlock(&set->lock);
}

/* Reading takes the lock, which the const of the interface does not know of. */
static pthread_mutex_t *lock_of(const struct standin_set *set)
{
    return (pthread_mutex_t *)(uintptr_t)&set->lock;
}

size_t standin_set_misses(const struct standin_set *set)
{
    pthread_mutex_lock(lock_of(set));
    size_t misses = set->misses;
    pthread_mutex_unlock(lock_of(set));
    return misses;
}

void standin_set_describe_misses(const struct standin_set *set, struct buffer *out)
{
    pthread_mutex_lock(lock_of(set));
    if (set->misses > 0)
        buffer_append_format(out, "%zu request%s to the stand-ins found no recorded answer:\n%s",
                             set->misses, set->misses == 1 ? "" : "s",
                             buffer_text(&set->described));
    if (set->misses > MISSES_DESCRIBED)
        buffer_append_format(out, "\n  and %zu more", set->misses - MISSES_DESCRIBED);
    pthread_mutex_unlock(lock_of(set));
}
