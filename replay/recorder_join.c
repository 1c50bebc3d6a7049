#include "replay/recorder_join.h"

#include "base/hash.h"
#include "replay/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One id and the requests under way that bear it. */
struct join_entry {
    UT_hash_handle hh;
    struct join_holder *holders;
    char key[JOIN_KEY_SIZE];
};

struct join_holder {
    struct join_entry *entry;
    struct joinable *request;
    struct join_holder *next_of_entry;
    struct join_holder *next_of_request;
};

struct joiner {
    struct join_entry *entries; /* a uthash */
    struct joinable *in_flight;
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* "00-<32 hex>-<16 hex>-<2 hex>"; an id of zeros alone is none (W3C Trace Context). */
bool join_trace_id(const char *traceparent, char id[static 33])
{
    bool zeros = true;
    if (!is_hex(traceparent[0]) || !is_hex(traceparent[1]) || traceparent[2] != '-')
        return false;
    for (size_t i = 0; i < 32; i++) {
        char c = traceparent[3 + i];
        if (!is_hex(c))
            return false;
        zeros = zeros && c == '0';
        id[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    }
    id[32] = '\0';
    return traceparent[35] == '-' && !zeros;
}

static void add_key(struct join_keys *keys, char kind, const char *id)
{
    size_t size = strlen(id);
    if (size == 0 || size + 2 > JOIN_KEY_SIZE || keys->count == JOIN_KEYS_MAX)
        return;
    snprintf(keys->text[keys->count], JOIN_KEY_SIZE, "%c%s", kind, id);
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->text[i], keys->text[keys->count]) == 0)
            return;
    }
    keys->count++;
}

void join_keys_add_field(struct join_keys *keys, const char *name, const char *value)
{
    char id[33];
    if (wire_same_name(name, "traceparent") && join_trace_id(value, id))
        add_key(keys, 't', id);
    else if (wire_same_name(name, "X-Request-ID"))
        add_key(keys, 'r', value);
    else if (wire_same_name(name, "X-Correlation-ID"))
        add_key(keys, 'c', value);
}

struct joiner *joiner_new(void)
{
    return calloc(1, sizeof(struct joiner));
}

static void forget_key(struct joiner *joiner, struct join_holder *holder)
{
    struct join_entry *entry = holder->entry;
    struct join_holder **link = &entry->holders;
    while (*link != holder)
        link = &(*link)->next_of_entry;
    *link = holder->next_of_entry;
    free(holder);
    if (entry->holders != NULL)
        return;
    HASH_DEL(joiner->entries, entry);
    free(entry);
}

void joiner_free(struct joiner *joiner)
{
    struct join_entry *entry, *next;
    if (joiner == NULL)
        return;
    HASH_ITER(hh, joiner->entries, entry, next)
    {
        while (entry->holders != NULL) {
            struct join_holder *holder = entry->holders;
            entry->holders = holder->next_of_entry;
            free(holder);
        }
        HASH_DEL(joiner->entries, entry);
        free(entry);
    }
    free(joiner);
}

static struct join_entry *find_or_add(struct joiner *joiner, const char *key)
{
    struct join_entry *entry = NULL;
    HASH_FIND_STR(joiner->entries, key, entry);
    if (entry != NULL)
        return entry;
    entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    snprintf(entry->key, sizeof entry->key, "%s", key);
    HASH_ADD_STR(joiner->entries, key, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return NULL;
    }
    return entry;
}

static bool add_holder(struct joiner *joiner, struct joinable *request, const char *key)
{
    struct join_holder *holder = calloc(1, sizeof *holder);
    if (holder == NULL)
        return false;
    holder->entry = find_or_add(joiner, key);
    if (holder->entry == NULL) {
        free(holder);
        return false;
    }
    holder->request = request;
    holder->next_of_entry = holder->entry->holders;
    holder->entry->holders = holder;
    holder->next_of_request = request->holders;
    request->holders = holder;
    return true;
}

bool joiner_open(struct joiner *joiner, struct joinable *request, const struct join_keys *keys)
{
    *request = (struct joinable){.in_flight = true, .next = joiner->in_flight};
    if (joiner->in_flight != NULL)
        joiner->in_flight->previous = request;
    joiner->in_flight = request;
    for (size_t i = 0; i < keys->count; i++) {
        if (!add_holder(joiner, request, keys->text[i])) {
            joiner_close(joiner, request);
            return false;
        }
    }
    return true;
}

void joiner_answered(struct joiner *joiner, struct joinable *request)
{
    if (!request->in_flight)
        return;
    request->in_flight = false;
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        joiner->in_flight = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    request->next = request->previous = NULL;
}

void joiner_close(struct joiner *joiner, struct joinable *request)
{
    joiner_answered(joiner, request);
    while (request->holders != NULL) {
        struct join_holder *holder = request->holders;
        request->holders = holder->next_of_request;
        forget_key(joiner, holder);
    }
}

/* Of several that bear one id, the only one in flight is meant: a client that tries again sends the
 * same id, after the first try was answered. */
static struct joinable *choose(const struct join_entry *entry, bool *several)
{
    struct joinable *only = NULL;
    size_t in_flight = 0;
    if (entry->holders->next_of_entry == NULL)
        return entry->holders->request;
    for (const struct join_holder *holder = entry->holders; holder != NULL;
         holder = holder->next_of_entry) {
        if (!holder->request->in_flight)
            continue;
        only = holder->request;
        in_flight++;
    }
    *several = in_flight != 1;
    return in_flight == 1 ? only : NULL;
}

struct joinable *joiner_find(struct joiner *joiner, const struct join_keys *keys,
                             enum join_kind *kind)
{
    bool several = false;
    for (size_t i = 0; i < keys->count; i++) {
        struct join_entry *entry = NULL;
        HASH_FIND_STR(joiner->entries, keys->text[i], entry);
        struct joinable *found = entry != NULL ? choose(entry, &several) : NULL;
        if (found != NULL) {
            *kind = JOINED_BY_ID;
            return found;
        }
    }
    *kind = several                           ? UNJOINED_SAME_ID
            : joiner->in_flight == NULL       ? UNJOINED_NONE
            : joiner->in_flight->next != NULL ? UNJOINED_SEVERAL
                                              : JOINED_BY_TIME;
    return *kind == JOINED_BY_TIME ? joiner->in_flight : NULL;
}
