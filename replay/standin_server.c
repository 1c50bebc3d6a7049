/* One stand-in: requests in, recorded answers out. */
#include "replay/standin_private.h"

#include "base/clock.h"
#include "base/port.h"
#include "replay/correlation.h"
#include "replay/standin_noise.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { REQUEST_MAX_BYTES = 64 * 1024 * 1024 };

/* A request on its way in; kept for the next one afterwards. */
struct incoming {
    struct incoming *next_spare;
    struct standin_server *server;
    struct buffer target; /* as it was sent */
    struct buffer key;
    bool started;
    bool waited; /* for `answer`, which is now due */
    struct answer answer;
};

/* Whose request it is. */
struct asker {
    const struct exchange *exchange; /* NULL = of no replay that we know */
    uint64_t turn;                   /* counts the replays of all exchanges, or of this one */
    uint64_t replay;                 /* of this exchange at this gateway */
};

/* Called with the target as it was sent, before libmicrohttpd decodes it in place. What is
 * returned becomes the request's context. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    struct standin_server *server = context;
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
    incoming->waited = false;
    buffer_clear(&incoming->target);
    buffer_clear(&incoming->key);
    buffer_append_string(&incoming->target, target);
    return incoming;
}

static void end_request(void *context, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code)
{
    struct standin_server *server = context;
    struct incoming *incoming = *state;
    (void)connection;
    (void)code;
    if (incoming == NULL)
        return;
    incoming->next_spare = server->spare;
    server->spare = incoming;
    *state = NULL;
}

static void note_miss(struct standin_server *server, const struct incoming *incoming,
                      const struct exchange *exchange)
{
    struct standin_set *set = server->set;
    server->counts.missed++;
    if (set->misses++ >= MISSES_DESCRIBED)
        return;
    if (set->described.length > 0)
        buffer_append_char(&set->described, '\n');
    buffer_append_format(&set->described, "  %s: ", server->name);
    answer_table_describe_miss(server->answers, &incoming->key, exchange, &set->described);
}

/* An answer of our own; `text` is constant. NULL when out of memory. */
static struct MHD_Response *make_own_response(const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL &&
        MHD_add_response_header(response, "Content-Type", "application/json") != MHD_YES) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

static enum MHD_Result answer_miss(struct MHD_Connection *connection)
{
    struct MHD_Response *response = make_own_response(
        "{\"error\":\"tollgate stand-in: no answer was recorded for this request\"}\n");
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, STANDIN_MISS_STATUS, response);
    MHD_destroy_response(response);
    return result;
}

/* A gateway that passes our ids on says whose request it is; else it is the current replay's. */
static struct asker find_asker(const struct standin_set *set, struct MHD_Connection *connection)
{
    struct asker asker = {set->current, set->turn, set->replay};
    struct correlation found;
    if (!set->options.correlate)
        return asker;
    const char *trace = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "traceparent");
    const char *id = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Request-ID");
    if ((trace == NULL || !correlation_of_traceparent(trace, &found)) &&
        (id == NULL || !correlation_of_request_id(id, &found)))
        return asker;
    struct known_exchange *known = NULL;
    /* The current one's replays are told apart better here: two gateways number theirs alike. */
    if (set->current != NULL && (set->current->index & 0xffffffffULL) == found.exchange)
        return asker;
    HASH_FIND(hh, set->known, &found.exchange, sizeof found.exchange, known);
    return known == NULL ? asker : (struct asker){known->exchange, found.replay, found.replay};
}

/* How many requests of the same replay came before. Of two replays that share a place the later one
 * counts on its own. */
static uint64_t count_call(struct standin_server *server, const struct asker *asker)
{
    if (asker->exchange == NULL)
        return server->stray_calls++;
    uint64_t exchange = asker->exchange->index;
    struct replay_calls *calls = &server->calls[(exchange * 31 + asker->turn) % REPLAYS_UNDER_WAY];
    if (calls->exchange != exchange || calls->replay != asker->turn)
        *calls = (struct replay_calls){exchange, asker->turn, 0};
    return calls->calls++;
}

/* What chance has in store for the answer. Allocates nothing. */
static struct standin_noise draw(struct standin_server *server, const struct asker *asker,
                                 const struct answer *answer)
{
    struct standin_set *set = server->set;
    struct standin_lot lot = {
        .seed = set->options.seed,
        .upstream = (uint64_t)(server - set->servers),
        .exchange = asker->exchange != NULL ? asker->exchange->index : UINT64_MAX,
        .replay = asker->replay,
        .call = count_call(server, asker),
    };
    struct standin_noise noise =
        standin_noise_draw(&server->settings, &lot, answer->latency_ns, asker->exchange != NULL);
    if (noise.fault != NULL) {
        set->faults++;
        server->counts.faulted++;
    }
    return noise;
}

/* Ends the connection with a reset, as a crashed upstream does. */
static enum MHD_Result reset(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (info != NULL)
        (void)connect(info->connect_fd, &nobody, sizeof nobody); /* Linux: sends the reset */
    return MHD_NO;
}

/* Lays the request aside until its answer is due. Under the lock; false when it need not wait. */
static bool lay_aside(struct standin_set *set, struct MHD_Connection *connection,
                      struct incoming *incoming, const struct answer *answer, int64_t delay_ns)
{
    if (delay_ns <= 0 || set->timer == NULL || set->stopping)
        return false;
    incoming->answer = *answer;
    incoming->waited = true;
    MHD_suspend_connection(connection);
    if (!standin_timer_add(set->timer, clock_monotonic_ns() + delay_ns, connection))
        MHD_resume_connection(connection); /* out of memory: at once */
    return true;
}

void standin_server_resume(void *connection)
{
    MHD_resume_connection(connection);
}

static enum MHD_Result give(struct MHD_Connection *connection, const struct answer *answer)
{
    return answer->response == NULL
               ? reset(connection)
               : MHD_queue_response(connection, answer->status, answer->response);
}

/* An answer as chance would have it: of another status, none at all, or late. */
static enum MHD_Result answer_noisily(struct standin_server *server,
                                      struct MHD_Connection *connection, struct incoming *incoming,
                                      struct answer *answer, const struct asker *asker)
{
    struct standin_set *set = server->set;
    pthread_mutex_lock(&set->lock);
    struct standin_noise noise = draw(server, asker, answer);
    if (noise.fault != NULL && noise.fault->kind != STANDIN_FAULT_SLOW) {
        answer->response = server->faults[noise.fault - server->settings.faults];
        answer->status = (unsigned int)noise.fault->status;
    }
    bool waits = lay_aside(set, connection, incoming, answer, noise.delay_ns);
    pthread_mutex_unlock(&set->lock);
    return waits ? MHD_YES : give(connection, answer);
}

static void note_tier(struct standin_counts *counts, enum answer_tier tier)
{
    counts->exact += tier == ANSWER_EXACT;
    counts->normalised += tier == ANSWER_NORMALISED;
    counts->templated += tier == ANSWER_TEMPLATE;
}

/* The whole request is here. */
static enum MHD_Result answer_request(struct standin_server *server,
                                      struct MHD_Connection *connection, struct incoming *incoming)
{
    struct standin_set *set = server->set;
    const struct answer *found = NULL;
    enum answer_tier tier = ANSWER_EXACT;
    if (incoming->waited)
        return give(connection, &incoming->answer);
    pthread_mutex_lock(&set->lock);
    struct asker asker = find_asker(set, connection);
    if (!incoming->key.failed)
        found =
            answer_table_find(server->answers, &incoming->key, asker.exchange, asker.turn, &tier);
    struct answer answer = found != NULL ? *found : (struct answer){0};
    if (found == NULL)
        note_miss(server, incoming, asker.exchange);
    else
        note_tier(&server->counts, tier);
    pthread_mutex_unlock(&set->lock);
    if (found == NULL)
        return answer_miss(connection);
    return server->noisy ? answer_noisily(server, connection, incoming, &answer, &asker)
                         : give(connection, &answer);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_bytes, void **state)
{
    struct standin_server *server = context;
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

static bool listen_on_free_port(struct standin_server *server, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct port_reservation port;
    if (!port_reserve(&port, PORT_FIRST_STANDIN, err))
        return false;
    address.sin_port = htons((uint16_t)port.port);
    /* Without a Date field the same request gets the same bytes in every run. */
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    if (server->noisy)
        flags |= MHD_ALLOW_SUSPEND_RESUME;
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

/* What faults answer with; a reset has no answer. */
static bool make_faults(struct standin_server *server, struct error *err)
{
    const struct standin_settings *settings = &server->settings;
    server->faults = calloc(settings->fault_count + 1, sizeof(struct MHD_Response *));
    server->calls = calloc(REPLAYS_UNDER_WAY, sizeof *server->calls);
    if (server->faults == NULL || server->calls == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < settings->fault_count; i++) {
        if (settings->faults[i].kind != STANDIN_FAULT_STATUS)
            continue;
        server->faults[i] =
            make_own_response("{\"error\":\"tollgate stand-in: a fault, as asked for\"}\n");
        if (server->faults[i] == NULL)
            return error_set_memory(err);
    }
    return true;
}

bool standin_server_start(struct standin_server *server, struct error *err)
{
    const struct standin_settings *settings = &server->settings;
    struct answer_rules rules = {{settings->volatile_names, settings->volatile_count},
                                 settings->templates};
    server->noisy = standin_settings_are_noisy(settings);
    return (!server->noisy || make_faults(server, err)) &&
           answer_table_new(&server->answers, &rules, err) && listen_on_free_port(server, err);
}

void standin_server_stop(struct standin_server *server)
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
    for (size_t i = 0; server->faults != NULL && i < server->settings.fault_count; i++)
        if (server->faults[i] != NULL)
            MHD_destroy_response(server->faults[i]);
    free(server->faults);
    free(server->calls);
    answer_table_free(server->answers);
    free(server->name);
}
