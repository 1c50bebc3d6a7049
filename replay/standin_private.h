/* What the set of stand-ins and its servers share. */
#ifndef TOLLGATE_REPLAY_STANDIN_PRIVATE_H
#define TOLLGATE_REPLAY_STANDIN_PRIVATE_H

#include "base/hash.h"
#include "replay/answers.h"
#include "replay/standin.h"
#include "replay/standin_timer.h"

#include <pthread.h>

enum {
    MISSES_DESCRIBED = 5,
    REPLAYS_UNDER_WAY = 256, /* whose requests are numbered at once */
};

/* How many requests of a replay reached an upstream. */
struct replay_calls {
    uint64_t exchange;
    uint64_t replay;
    uint64_t calls;
};

struct standin_server {
    struct standin_set *set;
    char *name;
    struct standin_settings settings;
    bool noisy;
    struct MHD_Daemon *daemon;
    /* Under the set's lock: */
    struct answer_table *answers;
    struct standin_counts counts;
    struct replay_calls *calls;   /* [REPLAYS_UNDER_WAY], of a noisy one */
    uint64_t stray_calls;         /* requests that belong to no replay */
    struct MHD_Response **faults; /* one a fault of the settings, NULL where none is needed */
    struct incoming *spare;       /* of the server's thread alone */
    char url[40];
};

/* An exchange by its index, for requests that bear their exchange's id. */
struct known_exchange {
    UT_hash_handle hh;
    uint64_t index;
    const struct exchange *exchange;
};

struct standin_set {
    struct standin_server *servers;
    size_t count;
    struct standin_options options;
    struct standin_timer *timer;  /* NULL: no answer ever waits */
    pthread_mutex_t lock;         /* of what follows, and of the servers' answers */
    struct known_exchange *known; /* a uthash by index; empty unless requests are correlated */
    const struct exchange *current;
    uint64_t turn;
    uint64_t replay; /* of `current` */
    size_t misses;
    size_t faults;
    bool stopping;
    struct buffer described;
};

/* A server of a set: its name and settings are there. On failure standin_server_stop is due. */
MUST_CHECK bool standin_server_start(struct standin_server *server, struct error *err);
void standin_server_stop(struct standin_server *server);

/* Goes on with a request whose answer is due: a standin_timer_call. */
standin_timer_call standin_server_resume;

#endif
