#include "replay/standin_private.h"

#include "replay/standin_noise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget_exchanges(struct standin_set *set)
{
    struct known_exchange *known, *next;
    HASH_ITER(hh, set->known, known, next)
    {
        HASH_DEL(set->known, known);
        free(known);
    }
}

void standin_set_free(struct standin_set *set)
{
    if (set == NULL)
        return;
    /* What waits is answered now, and nothing waits from here on: a server must not be stopped
     * while a request is laid aside. */
    pthread_mutex_lock(&set->lock);
    set->stopping = true;
    pthread_mutex_unlock(&set->lock);
    standin_timer_free(set->timer);
    for (size_t i = 0; i < set->count; i++)
        standin_server_stop(&set->servers[i]);
    forget_exchanges(set);
    pthread_mutex_destroy(&set->lock);
    buffer_release(&set->described);
    free(set->servers);
    free(set);
}

static bool open_server(struct standin_set *set, struct standin_server *server, const char *name,
                        const struct standin_settings *settings, struct error *err)
{
    server->set = set;
    server->name = strdup(name);
    if (server->name == NULL)
        return error_set_memory(err);
    if (settings != NULL)
        server->settings = *settings;
    if (set->timer == NULL && standin_settings_are_noisy(&server->settings) &&
        !standin_timer_new(&set->timer, standin_server_resume, err))
        return false;
    return standin_server_start(server, err);
}

bool standin_set_new_with(struct standin_set **out, const char *const *names, size_t count,
                          const struct standin_options *options, struct error *err)
{
    *out = NULL;
    struct standin_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return error_set_memory(err);
    pthread_mutex_init(&set->lock, NULL);
    buffer_init(&set->described, 64 * 1024);
    set->options = *options;
    set->turn = 1ULL << 63; /* far from the numbers that ids bear */
    set->servers = calloc(count > 0 ? count : 1, sizeof *set->servers);
    bool ok = set->servers != NULL || error_set_memory(err);
    for (size_t i = 0; ok && i < count; i++) {
        set->count++;
        ok = open_server(set, &set->servers[i], names[i],
                         options->settings != NULL ? &options->settings[i] : NULL, err);
    }
    if (ok)
        *out = set;
    else
        standin_set_free(set);
    return ok;
}

bool standin_set_new(struct standin_set **set, const char *const *names, size_t count,
                     struct error *err)
{
    return standin_set_new_with(set, names, count, &(struct standin_options){0}, err);
}

static struct standin_server *find_server(const struct standin_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->servers[i].name, name) == 0)
            return &set->servers[i];
    }
    return NULL;
}

const char *standin_set_url(const struct standin_set *set, const char *name)
{
    const struct standin_server *server = find_server(set, name);
    return server == NULL ? NULL : server->url;
}

/* Of two exchanges with one number, the first one: then no corpus is behind them. */
static bool remember_exchange(struct standin_set *set, const struct exchange *exchange)
{
    struct known_exchange *known = NULL;
    uint64_t index = exchange->index & 0xffffffffULL;
    HASH_FIND(hh, set->known, &index, sizeof index, known);
    if (known != NULL)
        return true;
    known = calloc(1, sizeof *known);
    if (known == NULL)
        return false;
    known->index = index;
    known->exchange = exchange;
    HASH_ADD(hh, set->known, index, sizeof known->index, known);
    if (known->hh.tbl != NULL)
        return true;
    free(known);
    return false;
}

bool standin_set_add(struct standin_set *set, const struct exchange *exchange, struct error *err)
{
    pthread_mutex_lock(&set->lock);
    bool ok = !set->options.correlate || remember_exchange(set, exchange) || error_set_memory(err);
    for (size_t i = 0; ok && i < exchange->upstream_count; i++) {
        const struct upstream_answer *recorded = &exchange->upstream[i];
        struct standin_server *server = find_server(set, recorded->name);
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

void standin_set_replay(struct standin_set *set, const struct exchange *exchange, uint64_t before)
{
    pthread_mutex_lock(&set->lock);
    set->current = exchange;
    set->turn++;
    set->replay = before + 1;
    pthread_mutex_unlock(&set->lock);
}

void standin_set_current(struct standin_set *set, const struct exchange *exchange)
{
    standin_set_replay(set, exchange, set->turn);
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

size_t standin_set_faults(const struct standin_set *set)
{
    pthread_mutex_lock(lock_of(set));
    size_t faults = set->faults;
    pthread_mutex_unlock(lock_of(set));
    return faults;
}

struct standin_counts standin_set_count(const struct standin_set *set, size_t upstream)
{
    pthread_mutex_lock(lock_of(set));
    struct standin_counts counts = set->servers[upstream].counts;
    pthread_mutex_unlock(lock_of(set));
    return counts;
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
