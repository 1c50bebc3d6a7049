#include "replay/weights.h"

#include "base/hash.h"
#include "replay/query_keys.h"
#include "replay/wire.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 4 * 1024 * 1024 };

/* Exchanges of one endpoint with one set of query keys. */
struct stratum {
    UT_hash_handle hh;
    uint64_t requests;
    double weight;
    struct stratum *next; /* of the same endpoint */
    char key[];           /* number of the endpoint, a colon, the keys */
};

struct unmatched {
    UT_hash_handle hh;
    uint64_t count;
    char request[];
};

struct weights {
    const struct endpoint_map *map;
    struct arena arena;
    struct weights_endpoint *endpoints;
    struct stratum **by_endpoint; /* the strata of each, as a list */
    struct stratum *strata;       /* a uthash */
    struct unmatched *unmatched;  /* a uthash */
    uint64_t unmatched_total;
    struct buffer name; /* room for a key */
};

bool weights_new(struct weights **out, const struct endpoint_map *map, struct error *err)
{
    struct weights *weights = calloc(1, sizeof *weights);
    *out = NULL;
    if (weights == NULL)
        return error_set_memory(err);
    weights->map = map;
    arena_init(&weights->arena);
    buffer_init(&weights->name, NAME_MAX_BYTES);
    weights->endpoints = arena_alloc_array(&weights->arena, map->count, sizeof *weights->endpoints);
    weights->by_endpoint =
        arena_alloc_array(&weights->arena, map->count, sizeof *weights->by_endpoint);
    if (weights->endpoints == NULL || weights->by_endpoint == NULL) {
        weights_free(weights);
        return error_set_memory(err);
    }
    *out = weights;
    return true;
}

void weights_free(struct weights *weights)
{
    if (weights == NULL)
        return;
    HASH_CLEAR(hh, weights->strata);
    HASH_CLEAR(hh, weights->unmatched);
    buffer_release(&weights->name);
    arena_release(&weights->arena);
    free(weights);
}

const struct weights_endpoint *weights_endpoints(const struct weights *weights)
{
    return weights->endpoints;
}

uint64_t weights_unmatched_total(const struct weights *weights)
{
    return weights->unmatched_total;
}

/* The stratum of a request, or NULL: not there, or (with weights->name.failed) out of memory. */
static struct stratum *find_stratum(struct weights *weights, size_t endpoint, const char *target,
                                    size_t size)
{
    struct stratum *stratum = NULL;
    struct buffer *name = &weights->name;
    buffer_clear(name);
    buffer_append_format(name, "%zu:", endpoint);
    query_keys_append(name, target, size);
    if (!name->failed)
        HASH_FIND(hh, weights->strata, name->data, name->length, stratum);
    return stratum;
}

/* A new stratum by the name that find_stratum made. */
static struct stratum *add_stratum(struct weights *weights, size_t endpoint)
{
    const struct buffer *name = &weights->name;
    struct stratum *stratum = arena_alloc(&weights->arena, sizeof *stratum + name->length + 1);
    if (stratum == NULL)
        return NULL;
    memcpy(stratum->key, name->data, name->length);
    HASH_ADD_KEYPTR(hh, weights->strata, stratum->key, name->length, stratum);
    if (stratum->hh.tbl == NULL)
        return NULL;
    stratum->next = weights->by_endpoint[endpoint];
    weights->by_endpoint[endpoint] = stratum;
    return stratum;
}

bool weights_add_exchange(struct weights *weights, size_t endpoint, const char *target,
                          double weight, struct error *err)
{
    struct stratum *stratum = find_stratum(weights, endpoint, target, strlen(target));
    if (stratum == NULL && !weights->name.failed)
        stratum = add_stratum(weights, endpoint);
    if (stratum == NULL)
        return error_set_memory(err);
    stratum->weight += weight;
    weights->endpoints[endpoint].weight += weight;
    weights->endpoints[endpoint].exchanges++;
    return true;
}

/* "GET /path", without the query. */
static void name_unmatched(struct weights *weights, const struct logged_request *request)
{
    struct buffer *name = &weights->name;
    const char *mark = memchr(request->target.data, '?', request->target.size);
    size_t size = mark != NULL ? (size_t)(mark - request->target.data) : request->target.size;
    buffer_clear(name);
    buffer_append(name, request->method.data, request->method.size);
    buffer_append_char(name, ' ');
    buffer_append(name, request->target.data,
                  size < WEIGHTS_PATH_MAX_BYTES ? size : WEIGHTS_PATH_MAX_BYTES);
}

static bool count_unmatched(struct weights *weights, const struct logged_request *request)
{
    struct unmatched *found = NULL;
    const struct buffer *name = &weights->name;
    weights->unmatched_total++;
    name_unmatched(weights, request);
    if (name->failed)
        return false;
    HASH_FIND(hh, weights->unmatched, name->data, name->length, found);
    if (found == NULL) {
        if (HASH_COUNT(weights->unmatched) >= WEIGHTS_UNMATCHED_KEPT)
            return true;
        found = arena_alloc(&weights->arena, sizeof *found + name->length + 1);
        if (found == NULL)
            return false;
        memcpy(found->request, name->data, name->length);
        HASH_ADD_KEYPTR(hh, weights->unmatched, found->request, name->length, found);
        if (found->hh.tbl == NULL)
            return false;
    }
    found->count++;
    return true;
}

/* Method and target with a NUL behind each, in weights->name. */
static const char *terminate(struct weights *weights, const struct logged_request *request,
                             const char **target)
{
    struct buffer *name = &weights->name;
    buffer_clear(name);
    buffer_append(name, request->method.data, request->method.size);
    buffer_append_char(name, '\0');
    buffer_append(name, request->target.data, request->target.size);
    *target = buffer_text(name) + request->method.size + 1;
    return name->failed ? NULL : name->data;
}

bool weights_count(struct weights *weights, const struct logged_request *request, struct error *err)
{
    const char *target, *method = terminate(weights, request, &target);
    if (method == NULL)
        return error_set_memory(err);
    long endpoint = endpoint_map_match(weights->map, method, target);
    if (endpoint < 0)
        return count_unmatched(weights, request) || error_set_memory(err);
    struct stratum *stratum =
        find_stratum(weights, (size_t)endpoint, request->target.data, request->target.size);
    if (weights->name.failed)
        return error_set_memory(err);
    weights->endpoints[endpoint].requests++;
    if (stratum != NULL)
        stratum->requests++;
    else
        weights->endpoints[endpoint].other_keys++;
    return true;
}

static double requests_of(const struct stratum *stratum)
{
    return stratum->requests > 0 ? (double)stratum->requests : WEIGHTS_NEVER_SEEN;
}

bool weights_of(struct weights *weights, size_t endpoint, const char *target, double weight,
                double *out, struct error *err)
{
    const struct weights_endpoint *counts = &weights->endpoints[endpoint];
    const struct stratum *stratum = find_stratum(weights, endpoint, target, strlen(target));
    double seen = 0, shared = 0;
    if (weights->name.failed)
        return error_set_memory(err);
    if (stratum == NULL)
        BUG("an exchange that was not added");
    for (const struct stratum *each = weights->by_endpoint[endpoint]; each != NULL;
         each = each->next) {
        seen += (double)each->requests;
        shared += requests_of(each);
    }
    double total = counts->requests > 0 ? (double)counts->requests : WEIGHTS_NEVER_SEEN;
    if (seen > 0)
        *out = weight / stratum->weight * requests_of(stratum) / shared * total;
    else
        *out = weight / counts->weight * total;
    return true;
}

static int by_falling_count(const struct unmatched *a, const struct unmatched *b)
{
    return (a->count < b->count) - (a->count > b->count);
}

size_t weights_unmatched_top(struct weights *weights, struct weights_unmatched *out, size_t most)
{
    size_t count = 0;
    HASH_SORT(weights->unmatched, by_falling_count);
    for (const struct unmatched *each = weights->unmatched; each != NULL && count < most;
         each = each->hh.next)
        out[count++] = (struct weights_unmatched){each->request, each->count};
    return count;
}
