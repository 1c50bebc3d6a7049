/* Replays a corpus at a steady rate over kept connections and checks every answer: status and,
 * where the corpus has it, the body's bytes. Requests are due at absolute times from the start, so
 * that a slow answer delays none but those that find no free connection.
 *
 *   record_load PORT CORPUS.jsonl RATE SECONDS CONNECTIONS
 *
 * Prints one JSON object. All that was sent is waited for before it ends. */
#include "base/buffer.h"
#include "base/clock.h"
#include "replay/corpus.h"
#include "replay/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1000, MESSAGE_MAX_BYTES = 64 * 1024 * 1024, WAIT_AT_END_S = 10 };

struct prepared {
    struct buffer bytes;
    const struct exchange *exchange;
};

struct connection {
    int fd;
    bool busy;
    const struct prepared *request;
    int64_t due_ns;
    size_t sent;
    struct buffer received;
};

struct load {
    int port, epoll_fd;
    struct prepared *requests;
    size_t request_count;
    struct connection connections[CONNECTIONS_MAX];
    size_t connection_count, busy;
    uint64_t *latencies_us;
    size_t sent, answered, wrong, broken;
    int64_t latest_us; /* that a request began after it was due */
};

static void build_request(struct prepared *request, const struct exchange *exchange)
{
    const struct body *body = &exchange->request.body;
    buffer_init(&request->bytes, MESSAGE_MAX_BYTES);
    request->exchange = exchange;
    buffer_append_format(&request->bytes, "%s %s HTTP/1.1\r\n", exchange->request.method,
                         exchange->request.target);
    for (size_t i = 0; i < exchange->request.headers.count; i++) {
        const struct header *header = &exchange->request.headers.items[i];
        if (!wire_is_hop_by_hop(header->name) && !wire_same_name(header->name, "Content-Length"))
            buffer_append_format(&request->bytes, "%s: %s\r\n", header->name, header->value);
    }
    if (body->data != NULL)
        buffer_append_format(&request->bytes, "Content-Length: %zu\r\n", body->size);
    buffer_append_string(&request->bytes, "\r\n");
    if (body->size > 0)
        buffer_append(&request->bytes, body->data, body->size);
}

static bool read_corpus(struct load *load, const char *path, struct arena *arena, struct error *err)
{
    struct endpoint_map map = {0};
    struct corpus *corpus = NULL;
    if (!corpus_open(&corpus, path, &map, err))
        return false;
    load->request_count = corpus_count(corpus);
    load->requests = arena_alloc_array(arena, load->request_count, sizeof *load->requests);
    struct exchange *exchanges = arena_alloc_array(arena, load->request_count, sizeof *exchanges);
    bool ok = load->requests != NULL && exchanges != NULL ? true : error_set_memory(err);
    for (size_t i = 0; ok && i < load->request_count; i++) {
        ok = corpus_load(corpus, i, arena, &exchanges[i], err);
        if (ok)
            build_request(&load->requests[i], &exchanges[i]);
    }
    corpus_free(corpus);
    return ok;
}

static bool open_connection(struct load *load, struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)load->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    if (connection->fd >= 0)
        close(connection->fd);
    buffer_clear(&connection->received);
    connection->busy = false;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    return connection->fd >= 0 &&
           connect(connection->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
           setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0 &&
           epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) == 0;
}

/* The requests are small, and a loopback socket takes them whole. */
static void send_request(struct load *load, struct connection *connection, int64_t due_ns)
{
    const struct prepared *request = &load->requests[load->sent % load->request_count];
    int64_t late_us = (clock_monotonic_ns() - due_ns) / 1000;
    if (late_us > load->latest_us)
        load->latest_us = late_us;
    connection->busy = true;
    connection->request = request;
    connection->due_ns = due_ns;
    load->sent++;
    load->busy++;
    if (send(connection->fd, request->bytes.data, request->bytes.length, MSG_NOSIGNAL) ==
        (ssize_t)request->bytes.length)
        return;
    load->broken++;
    load->busy--;
    if (!open_connection(load, connection))
        connection->fd = -1;
}

/* ---- answers --------------------------------------------------------------------------------- */

struct answer {
    int status;
    const char *body;
    size_t body_size, size;
};

/* The value of a field in a head of `size` bytes, or NULL. */
static const char *find_field(const char *head, size_t size, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = memchr(head, '\n', size); line != NULL;
         line = memchr(line, '\n', size - (size_t)(line - head))) {
        line++;
        if (size - (size_t)(line - head) > length + 1 && strncasecmp(line, name, length) == 0 &&
            line[length] == ':')
            return line + length + 1;
    }
    return NULL;
}

/* Whether the answer is here whole. One in chunks is measured, but its body is not joined. */
static bool parse_answer(const struct connection *connection, struct answer *answer)
{
    const char *data = buffer_text(&connection->received);
    size_t size = connection->received.length;
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    size_t head = (size_t)(end - data) + 4;
    const char *length = find_field(data, head, "Content-Length");
    bool bodyless = strcmp(connection->request->exchange->request.method, "HEAD") == 0;
    *answer = (struct answer){.status = (int)strtol(data + 9, NULL, 10), .body = data + head};
    if (answer->status == 204 || answer->status == 304 || bodyless) {
        answer->size = head;
        return true;
    }
    if (length == NULL) {
        answer->body = NULL;
        answer->size = size;
        return size >= head + 5 && memcmp(data + size - 5, "0\r\n\r\n", 5) == 0;
    }
    answer->body_size = (size_t)strtoull(length, NULL, 10);
    answer->size = head + answer->body_size;
    return size >= answer->size;
}

static bool is_right(const struct exchange *exchange, const struct answer *answer)
{
    const struct response *expected = &exchange->response;
    if (expected->status != 0 && expected->status != answer->status)
        return false;
    return expected->body.data == NULL || answer->body == NULL ||
           (expected->body.size == answer->body_size &&
            memcmp(expected->body.data, answer->body, answer->body_size) == 0);
}

static void take_answer(struct load *load, struct connection *connection)
{
    char piece[65536];
    struct answer answer;
    ssize_t got = recv(connection->fd, piece, sizeof piece, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        load->broken += connection->busy;
        load->busy -= connection->busy;
        if (!open_connection(load, connection))
            connection->fd = -1;
        return;
    }
    buffer_append(&connection->received, piece, (size_t)got);
    if (!connection->busy || !parse_answer(connection, &answer))
        return;
    load->latencies_us[load->answered++] =
        (uint64_t)((clock_monotonic_ns() - connection->due_ns) / 1000);
    load->wrong += !is_right(connection->request->exchange, &answer);
    load->busy--;
    connection->busy = false;
    buffer_clear(&connection->received);
}

/* Milliseconds would be too coarse to wait for what is due twice in one, and polling would take the
 * CPU that is measured. */
static void wait_for_answers(struct load *load, int64_t timeout_ns)
{
    struct epoll_event events[64];
    struct timespec timeout = {timeout_ns / NS_PER_SECOND, timeout_ns % NS_PER_SECOND};
    int count = epoll_pwait2(load->epoll_fd, events, 64, &timeout, NULL);
    for (int i = 0; i < count; i++)
        take_answer(load, events[i].data.ptr);
}

static struct connection *find_free(struct load *load)
{
    for (size_t i = 0; i < load->connection_count; i++) {
        if (!load->connections[i].busy && load->connections[i].fd >= 0)
            return &load->connections[i];
    }
    return NULL;
}

static void run(struct load *load, double rate, size_t total)
{
    int64_t start = clock_monotonic_ns();
    while (load->sent < total) {
        int64_t due = start + (int64_t)((double)load->sent / rate * NS_PER_SECOND);
        int64_t left_ns = due - clock_monotonic_ns();
        struct connection *connection = find_free(load);
        if (connection == NULL)
            left_ns = 100 * NS_PER_MS; /* until one is answered */
        else if (left_ns <= 0)
            send_request(load, connection, due);
        wait_for_answers(load, left_ns > 0 ? left_ns : 0);
    }
    int64_t end = clock_monotonic_ns() + WAIT_AT_END_S * NS_PER_SECOND;
    while (load->busy > 0 && clock_monotonic_ns() < end)
        wait_for_answers(load, 100 * NS_PER_MS);
}

static int compare_latencies(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void print(struct load *load, double seconds)
{
    size_t last = load->answered > 0 ? load->answered - 1 : 0;
    qsort(load->latencies_us, load->answered, sizeof *load->latencies_us, compare_latencies);
    printf("{\"sent\": %zu, \"answered\": %zu, \"wrong\": %zu, \"broken\": %zu, \"rate\": %.1f, "
           "\"p50_us\": %llu, \"p99_us\": %llu, \"latest_us\": %lld}\n",
           load->sent, load->answered, load->wrong, load->broken, (double)load->answered / seconds,
           (unsigned long long)load->latencies_us[last / 2],
           (unsigned long long)load->latencies_us[last * 99 / 100], (long long)load->latest_us);
}

static bool prepare(struct load *load, char **argv, struct arena *arena, size_t total,
                    struct error *err)
{
    load->port = (int)strtol(argv[1], NULL, 10);
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load->connection_count = (size_t)strtoul(argv[5], NULL, 10);
    load->latencies_us = arena_alloc_array(arena, total + 1, sizeof *load->latencies_us);
    if (load->latencies_us == NULL)
        return error_set_memory(err);
    if (!read_corpus(load, argv[2], arena, err))
        return false;
    for (size_t i = 0; i < load->connection_count; i++) {
        load->connections[i].fd = -1;
        buffer_init(&load->connections[i].received, MESSAGE_MAX_BYTES);
        if (!open_connection(load, &load->connections[i]))
            return error_set_errno(err, "cannot connect to port %d", load->port);
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct load load; /* too large for a stack */
    struct error err = {0};
    struct arena arena;
    if (argc != 6 || strtoul(argv[5], NULL, 10) > CONNECTIONS_MAX) {
        fprintf(stderr, "usage: record_load PORT CORPUS.jsonl RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    double rate = strtod(argv[3], NULL), seconds = strtod(argv[4], NULL);
    size_t total = (size_t)(rate * seconds);
    arena_init(&arena);
    bool ok = prepare(&load, argv, &arena, total, &err);
    if (ok) {
        int64_t start = clock_monotonic_ns();
        run(&load, rate, total);
        print(&load, (double)(clock_monotonic_ns() - start) / NS_PER_SECOND);
    } else {
        fprintf(stderr, "record_load: %s %s\n", err.where, err.text);
    }
    for (size_t i = 0; i < load.request_count; i++)
        buffer_release(&load.requests[i].bytes);
    for (size_t i = 0; i < load.connection_count; i++)
        buffer_release(&load.connections[i].received);
    arena_release(&arena);
    return ok ? 0 : 4;
}
