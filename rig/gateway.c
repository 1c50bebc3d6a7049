#include "rig/gateway.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/port.h"
#include "base/text.h"
#include "replay/driver.h"
#include "rig/keeper.h"
#include "rig/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    KILL_TIMEOUT_MS = 2000, /* a killed tree is gone in a moment, but on a busy machine */
    LOG_LINES = 12,         /* of the gateway's log in a message */
    READY_POLL_MS = 10,     /* between two tries */
    STOP_SLOWNESS = 4,      /* a farewell is mostly waiting, which no instrument slows down */
    TREE_REFRESH = 32,      /* cheap readings between two walks of the process tree */
    SETTLE_STEP_NS = 1000   /* the sleep between two looks at the clock; the kernel rounds it up */
};

struct gateway {
    pid_t keeper;
    pid_t main_pid;
    int line; /* to the keeper */
    struct port_reservation port;
    int stop_timeout_ms;
    char *log_path;
    const struct interrupt *interrupt;
    bool main_ended;
    bool lost;  /* the keeper itself ended before its tree */
    bool empty; /* no process is left */
    struct child_status main_status;
    int64_t ended_ns;  /* CPU time of processes that were reaped */
    int64_t reaped_ns; /* of live processes' ended children, at the last walk */
    int64_t last_ns;   /* never counts backwards */
    struct process_tree tree;
    unsigned readings;
    int64_t *final_ns; /* while it stops: each process's latest clock, in the tree's order */
};

int gateway_port(const struct gateway *gateway)
{
    return gateway->port.port;
}

pid_t gateway_pid(const struct gateway *gateway)
{
    return gateway->main_pid;
}

void gateway_read_tree(const struct gateway *gateway, struct process_tree *tree)
{
    process_tree_read(tree, gateway->keeper);
}

static void gateway_hear(struct gateway *gateway, const struct keeper_message *message)
{
    if (message->event == KEEPER_EMPTY)
        gateway->empty = true;
    if (message->event != KEEPER_EXITED)
        return;
    gateway->ended_ns += message->cpu_ns;
    for (size_t i = 0; gateway->final_ns != NULL && i < gateway->tree.count; i++)
        if (gateway->tree.pids[i] == message->pid && message->clock_ns > gateway->final_ns[i])
            gateway->final_ns[i] = message->clock_ns;
    if (!message->is_main)
        return;
    gateway->main_ended = true;
    gateway->main_status.signalled = WIFSIGNALED(message->raw_status);
    gateway->main_status.code = gateway->main_status.signalled ? WTERMSIG(message->raw_status)
                                                               : WEXITSTATUS(message->raw_status);
}

/* Takes what the keeper has said, waiting at most `timeout_ms` for the first word. False when the
 * keeper is gone. */
static bool gateway_listen(struct gateway *gateway, int timeout_ms)
{
    struct pollfd watched = {.fd = gateway->line, .events = POLLIN};
    while (poll(&watched, 1, timeout_ms) > 0) {
        struct keeper_message message;
        ssize_t got = recv(gateway->line, &message, sizeof message, MSG_DONTWAIT);
        if (got != (ssize_t)sizeof message) {
            gateway->lost = gateway->lost || !gateway->empty;
            gateway->empty = gateway->main_ended = true;
            return false;
        }
        gateway_hear(gateway, &message);
        timeout_ms = 0;
    }
    return true;
}

static void append_log_tail(const struct gateway *gateway, struct buffer *text)
{
    struct buffer tail;
    buffer_init(&tail, 32 * 1024);
    file_append_tail(gateway->log_path, LOG_LINES, &tail);
    while (tail.length > 0 && tail.data[tail.length - 1] == '\n')
        tail.length--;
    if (tail.length == 0) {
        buffer_append_format(text, "\nIts log is empty (%s).", gateway->log_path);
    } else {
        buffer_append_format(text, "\nThe last lines of its log (%s):\n", gateway->log_path);
        text_append_safe(text, buffer_text(&tail), tail.length, true);
    }
    buffer_release(&tail);
}

/* "the gateway WHAT", with its log. */
static bool gateway_fail(const struct gateway *gateway, struct error *err, const char *what)
{
    struct buffer text;
    buffer_init(&text, sizeof err->text);
    append_log_tail(gateway, &text);
    error_set(err, ERROR_ENVIRONMENT, "the gateway %s%s", what, buffer_text(&text));
    buffer_release(&text);
    return false;
}

static void describe_end(const struct gateway *gateway, char *out, size_t size)
{
    if (gateway->lost)
        snprintf(out, size, "was lost: somebody killed the process that keeps it");
    else
        child_describe(&gateway->main_status, out, size);
}

bool gateway_check_alive(struct gateway *gateway, struct error *err)
{
    gateway_listen(gateway, 0);
    if (!gateway->main_ended)
        return true;
    char how[128];
    describe_end(gateway, how, sizeof how);
    return gateway_fail(gateway, err, how);
}

void gateway_explain(struct gateway *gateway, struct error *err)
{
    if (err->code == ERROR_INTERRUPTED || err->code == ERROR_MEMORY)
        return;
    /* The broken connection is seen before the keeper has reaped the process. */
    for (int waited = 0; waited < 10 && !gateway->main_ended; waited++)
        gateway_listen(gateway, 20);
    if (gateway->main_ended) {
        char how[128];
        char while_doing[1024];
        snprintf(while_doing, sizeof while_doing, "%s%s%.500s", err->where,
                 err->where[0] != '\0' ? ": " : "", err->text);
        describe_end(gateway, how, sizeof how);
        char what[1200];
        snprintf(what, sizeof what, "%s in the middle of the run (%s)", how, while_doing);
        error_clear(err);
        gateway_fail(gateway, err, what);
        return;
    }
    struct error first = *err;
    struct buffer text;
    buffer_init(&text, sizeof err->text);
    append_log_tail(gateway, &text);
    error_clear(err);
    error_set_at(err, first.code, first.where, "%.2000s%s", first.text, buffer_text(&text));
    buffer_release(&text);
}

/* The first message tells whether the program could be started. */
static bool gateway_await_start(struct gateway *gateway, struct error *err)
{
    struct keeper_message message;
    ssize_t got;
    do {
        got = recv(gateway->line, &message, sizeof message, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof message)
        return error_set(err, ERROR_ENVIRONMENT, "the process that keeps the gateway has ended");
    if (message.event == KEEPER_FAILED)
        return error_set(err, ERROR_ENVIRONMENT, "%s", message.text);
    gateway->main_pid = message.pid;
    return true;
}

static bool gateway_answers(struct gateway *gateway, const struct gateway_plan *plan,
                            struct driver *driver)
{
    if (plan->config->ready_path == NULL)
        return port_accepts(gateway->port.port);
    char host[32];
    snprintf(host, sizeof host, "127.0.0.1:%d", gateway->port.port);
    const struct header headers[] = {{"Host", host}};
    const struct exchange question = {
        .proto = "HTTP/1.1",
        .authority = "",
        .request = {.method = "GET", .target = plan->config->ready_path, .headers = {headers, 1}},
    };
    struct reply reply;
    struct error ignored = {0};
    reply_init(&reply);
    bool ok = driver_send(driver, &question, &reply, &ignored) &&
              reply.status == plan->config->ready_status;
    reply_release(&reply);
    return ok;
}

static bool gateway_await_ready(struct gateway *gateway, const struct gateway_plan *plan,
                                struct error *err)
{
    int64_t limit_ms = (int64_t)plan->config->ready_timeout_ms * plan->slowness;
    int64_t deadline = clock_monotonic_ns() + limit_ms * NS_PER_MS;
    while (clock_monotonic_ns() < deadline) {
        if (!gateway_check_alive(gateway, err))
            return false;
        int64_t left_ms = (deadline - clock_monotonic_ns()) / NS_PER_MS + 1;
        struct driver_options options = {
            .port = gateway->port.port, .timeout_ms = (int)left_ms, .interrupt = plan->interrupt};
        /* A driver of its own each time: the question lives on this stack frame only, and a
         * connection that was refused leaves nothing behind. */
        struct driver *driver = NULL;
        if (!port_accepts(gateway->port.port)) {
            if (!interrupt_sleep_ms(plan->interrupt, READY_POLL_MS, err))
                return false;
            continue;
        }
        if (!driver_new(&driver, &options, err))
            return false;
        bool ready = gateway_answers(gateway, plan, driver);
        driver_free(driver);
        if (ready)
            return true;
        if (!interrupt_sleep_ms(plan->interrupt, READY_POLL_MS, err))
            return false;
    }
    char what[256];
    snprintf(what, sizeof what, "was not ready within %.1f s (%s%s on port %d)",
             (double)limit_ms / 1000, plan->config->ready_path != NULL ? "GET " : "no connection",
             plan->config->ready_path != NULL ? plan->config->ready_path : "", gateway->port.port);
    return gateway_fail(gateway, err, what);
}

/* Starts the keeper, and through it the gateway. */
static bool gateway_spawn(struct gateway *gateway, const struct gateway_plan *plan,
                          struct error *err)
{
    bool ok = false;
    int line[2] = {-1, -1};
    struct launch launch;
    int log = open(plan->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0)
        return error_set_errno(err, "cannot write the gateway's log %s", plan->log_path);
    launch_init(&launch);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0) {
        error_set_errno(err, "cannot reach the process that keeps the gateway");
        goto out;
    }
    if (!launch_prepare(&launch, plan, gateway->port.port, err))
        goto out;
    struct child_options options = {.arguments = launch.arguments,
                                    .environment = launch.environment,
                                    .folder = plan->folder,
                                    .stdout_fd = log,
                                    .stderr_fd = log,
                                    .kept_fd = line[1],
                                    .cpu = -1,
                                    .new_session = true};
    if (!child_start(&options, &gateway->keeper, err))
        goto out;
    gateway->line = line[0];
    line[0] = -1;
    ok = true;
out:
    launch_release(&launch);
    close(log);
    for (int i = 0; i < 2; i++)
        if (line[i] >= 0)
            close(line[i]);
    return ok;
}

bool gateway_start(struct gateway **out, const struct gateway_plan *plan, struct error *err)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);
    *out = NULL;
    if (gateway == NULL)
        return error_set_memory(err);
    gateway->line = -1;
    gateway->port.fd = -1;
    gateway->keeper = -1;
    gateway->interrupt = plan->interrupt;
    gateway->stop_timeout_ms = plan->config->stop_timeout_ms *
                               (plan->slowness < STOP_SLOWNESS ? plan->slowness : STOP_SLOWNESS);
    gateway->log_path = strdup(plan->log_path);
    if (gateway->log_path == NULL) {
        error_set_memory(err);
        goto failed;
    }
    if (!port_reserve(&gateway->port, PORT_FIRST_GATEWAY, err) ||
        !gateway_spawn(gateway, plan, err) || !gateway_await_start(gateway, err) ||
        !gateway_await_ready(gateway, plan, err))
        goto failed;
    gateway_read_full_cpu_ns(gateway); /* from here on the tree is known */
    *out = gateway;
    return true;
failed:
    gateway->stop_timeout_ms = 200; /* it never served anyone: no long farewell */
    gateway_stop(gateway, NULL);
    return false;
}

int64_t gateway_read_full_cpu_ns(struct gateway *gateway)
{
    gateway_listen(gateway, 0);
    process_tree_read(&gateway->tree, gateway->keeper);
    gateway->readings = 0;
    gateway->reaped_ns = 0;
    int64_t total = gateway->ended_ns;
    for (size_t i = 0; i < gateway->tree.count; i++) {
        struct process_cpu one;
        if (!process_read_cpu(gateway->tree.pids[i], &one))
            continue;
        total += one.total_ns;
        gateway->reaped_ns += one.reaped_ns;
    }
    total += gateway->reaped_ns;
    if (total < gateway->last_ns)
        total = gateway->last_ns;
    gateway->last_ns = total;
    return total;
}

int64_t gateway_read_cpu_ns(struct gateway *gateway)
{
    int64_t total = 0;
    bool gone = false;
    for (size_t i = 0; i < gateway->tree.count; i++) {
        int64_t one = process_read_cpu_ns(gateway->tree.pids[i]);
        gone = gone || one < 0;
        total += one > 0 ? one : 0;
    }
    /* A process ended, or it is time to look for new ones: the full reading settles it. */
    if (gone || ++gateway->readings >= TREE_REFRESH)
        return gateway_read_full_cpu_ns(gateway);
    total += gateway->ended_ns + gateway->reaped_ns;
    if (total < gateway->last_ns)
        total = gateway->last_ns;
    gateway->last_ns = total;
    return total;
}

void gateway_read_ticks(const struct gateway *gateway, struct gateway_ticks *ticks)
{
    *ticks = (struct gateway_ticks){0};
    for (size_t i = 0; i < gateway->tree.count; i++) {
        int64_t all_ns, user_ns;
        if (!process_read_ticks(gateway->tree.pids[i], &all_ns, &user_ns))
            continue;
        ticks->all_ns += all_ns;
        ticks->user_ns += user_ns;
    }
}

int64_t gateway_peak_rss_bytes(const struct gateway *gateway)
{
    int64_t total = 0;
    for (size_t i = 0; i < gateway->tree.count; i++)
        total += process_peak_rss_bytes(gateway->tree.pids[i]);
    return total;
}

/* The clock also stands still while another program has the CPU and the gateway waits for it. */
static bool gateway_is_busy(const struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->tree.count; i++)
        if (process_is_busy(gateway->tree.pids[i]))
            return true;
    return false;
}

bool gateway_settle(struct gateway *gateway, int limit_ms)
{
    int64_t deadline = clock_monotonic_ns() + limit_ms * NS_PER_MS;
    int64_t before = gateway_read_cpu_ns(gateway);
    for (;;) {
        /* Asleep, the CPU that we share is the gateway's as long as it has work. */
        nanosleep(&(struct timespec){0, SETTLE_STEP_NS}, NULL);
        int64_t after = gateway_read_cpu_ns(gateway);
        if (after == before && !gateway_is_busy(gateway))
            return true;
        if (clock_monotonic_ns() > deadline)
            return false;
        before = after;
    }
}

static void gateway_order(const struct gateway *gateway, enum keeper_order order)
{
    char byte = (char)order;
    ssize_t ignored = send(gateway->line, &byte, 1, MSG_NOSIGNAL);
    (void)ignored; /* a keeper that is gone has taken its tree along */
}

static int64_t gateway_read_final_ns(struct gateway *gateway)
{
    int64_t sum = 0;
    for (size_t i = 0; i < gateway->tree.count; i++) {
        int64_t now = process_read_cpu_ns(gateway->tree.pids[i]);
        if (now > gateway->final_ns[i])
            gateway->final_ns[i] = now;
        sum += gateway->final_ns[i];
    }
    return sum;
}

/* Follows the clocks as long as there are any: one that its own parent reaps takes its along. */
static bool gateway_await_empty(struct gateway *gateway, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    while (!gateway->empty) {
        int64_t left_ms = (deadline - clock_monotonic_ns()) / NS_PER_MS;
        if (left_ms <= 0 || interrupt_pending(gateway->interrupt))
            return false;
        if (gateway->final_ns != NULL)
            gateway_read_final_ns(gateway);
        gateway_listen(gateway, gateway->final_ns != NULL ? 1 : left_ms > 50 ? 50 : (int)left_ms);
    }
    return true;
}

void gateway_stop(struct gateway *gateway, struct gateway_account *account)
{
    int64_t clock_ns = 0;
    if (gateway == NULL)
        return;
    if (account != NULL) {
        clock_ns = gateway_read_full_cpu_ns(gateway);
        gateway->final_ns = calloc(gateway->tree.count + 1, sizeof *gateway->final_ns);
        if (gateway->final_ns != NULL)
            clock_ns -= gateway_read_final_ns(gateway);
    }
    if (gateway->line >= 0) {
        gateway_order(gateway, KEEPER_TERMINATE);
        if (!gateway_await_empty(gateway, gateway->stop_timeout_ms)) {
            gateway_order(gateway, KEEPER_KILL);
            (void)gateway_await_empty(gateway, KILL_TIMEOUT_MS); /* what they spent is told then */
        }
        close(gateway->line);
    }
    if (gateway->keeper > 0)
        waitpid(gateway->keeper, NULL, 0); /* it kills what is left before it goes */
    if (account != NULL && gateway->final_ns != NULL)
        clock_ns += gateway_read_final_ns(gateway);
    if (account != NULL)
        *account = (struct gateway_account){clock_ns, gateway->ended_ns};
    free(gateway->final_ns);
    port_release(&gateway->port);
    free(gateway->log_path);
    free(gateway);
}
