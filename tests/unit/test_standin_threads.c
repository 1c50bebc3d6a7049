/* Many clients ask two stand-ins while the exchange that is replayed changes: for ThreadSanitizer,
 * which Criterion does not run under. Prints nothing and exits 0 when all answers were right. */
#include "replay/driver.h"
#include "replay/standin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 4, REQUESTS = 300 };

struct client {
    int port;
    int wrong;
};

static const struct upstream_answer answers[] = {
    {.name = "a", .request = {"GET", "/x", {0}, {0}}, .response = {200, {0}, {"one", 3}}},
    {.name = "b", .request = {"GET", "/x", {0}, {0}}, .response = {200, {0}, {"two", 3}}},
};

static void *ask(void *context)
{
    struct client *client = context;
    struct driver_options options = {.port = client->port, .timeout_ms = 10000};
    const struct exchange hit = {
        .authority = "", .proto = "HTTP/1.1", .request = {.method = "GET", .target = "/x"}};
    const struct exchange miss = {
        .authority = "", .proto = "HTTP/1.1", .request = {.method = "GET", .target = "/y"}};
    struct driver *driver;
    struct reply reply;
    reply_init(&reply);
    if (!driver_new(&driver, &options, NULL)) {
        client->wrong = 1;
        return NULL;
    }
    for (int i = 0; i < REQUESTS; i++) {
        bool misses = i % 10 == 9;
        if (!driver_send(driver, misses ? &miss : &hit, &reply, NULL) ||
            reply.status != (misses ? STANDIN_MISS_STATUS : 200))
            client->wrong++;
    }
    driver_free(driver);
    reply_release(&reply);
    return NULL;
}

/* With stand-ins that answer at once, or late and with faults. */
static size_t run(const struct standin_options *options)
{
    static const char *const names[] = {"a", "b"};
    struct exchange exchange = {.line = 2, .upstream = answers, .upstream_count = 2};
    struct standin_set *set;
    struct client clients[CLIENTS] = {0};
    pthread_t threads[CLIENTS];
    size_t wrong = 0;
    if (!standin_set_new_with(&set, names, 2, options, NULL) ||
        !standin_set_add(set, &exchange, NULL))
        return 1;
    for (size_t i = 0; i < CLIENTS; i++) {
        const char *url = standin_set_url(set, names[i % 2]);
        clients[i].port = (int)strtol(strrchr(url, ':') + 1, NULL, 10);
        if (pthread_create(&threads[i], NULL, ask, &clients[i]) != 0)
            return 1;
    }
    for (int i = 0; i < 2000; i++) {
        standin_set_current(set, i % 2 == 0 ? &exchange : NULL);
        wrong += standin_set_misses(set) > CLIENTS * REQUESTS;
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        wrong += (size_t)clients[i].wrong;
    }
    wrong += standin_set_misses(set) != CLIENTS * REQUESTS / 10;
    standin_set_free(set);
    return wrong;
}

int main(void)
{
    /* A fault that only makes late: every answer stays right. */
    static const struct standin_fault slow = {STANDIN_FAULT_SLOW, .delay_ns = 300000, .share = 0.2};
    static const struct standin_settings noisy[] = {
        {.latency = STANDIN_LATENCY_LOGNORMAL, .median_ns = 100000, .sigma = 1},
        {.latency = STANDIN_LATENCY_RECORDED, .faults = &slow, .fault_count = 1}};
    static const struct standin_options at_once, late = {.settings = noisy, .correlate = true};
    return run(&at_once) + run(&late) == 0 ? 0 : 1;
}
