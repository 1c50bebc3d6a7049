#include "replay/distinct.h"

#include "base/hash.h"
#include "replay/import_log.h"
#include "replay/wire.h"

#include <stdlib.h>

enum { KEY_ON_STACK = 2048, GROUP_NAME_SIZE = 160 };

/* A kept request. `text` holds the key (status, method, a space, target, a newline, authority),
 * then with a NUL behind each the user agent and the referer. */
struct kept {
    UT_hash_handle hh;
    uint64_t count;
    uint64_t size_sum;   /* bytes of the answers, where known */
    uint64_t size_count; /* how many those are */
    int64_t first_ns;
    const char *proto;
    uint32_t method_size, target_size, authority_size;
    uint32_t agent_size, referer_size;
    int status;
    char text[];
};

/* An endpoint that got requests beyond the kept ones. */
struct group {
    UT_hash_handle hh;
    uint64_t rest; /* requests beyond */
    uint64_t kept; /* requests of kept exchanges; filled when these are given out */
    char name[];
};

struct distinct {
    struct distinct_options options;
    struct arena arena;
    struct kept *table; /* a uthash, in order of arrival */
    struct group *groups;
    struct distinct_counts counts;
    struct buffer key, agent, referer;
};

bool distinct_status_is_conditional(int status)
{
    return status == 206 || status == 304 || status == 412 || status == 416;
}

bool distinct_new(struct distinct **out, const struct distinct_options *options, struct error *err)
{
    struct distinct *distinct = calloc(1, sizeof *distinct);
    *out = distinct;
    if (distinct == NULL)
        return error_set_memory(err);
    distinct->options = *options;
    arena_init(&distinct->arena);
    buffer_init(&distinct->key, 16 * LOG_LINE_MAX_BYTES);
    buffer_init(&distinct->agent, 4 * LOG_TEXT_MAX_BYTES);
    buffer_init(&distinct->referer, 4 * LOG_TEXT_MAX_BYTES);
    return true;
}

void distinct_free(struct distinct *distinct)
{
    if (distinct == NULL)
        return;
    HASH_CLEAR(hh, distinct->table);
    HASH_CLEAR(hh, distinct->groups);
    buffer_release(&distinct->key);
    buffer_release(&distinct->agent);
    buffer_release(&distinct->referer);
    arena_release(&distinct->arena);
    free(distinct);
}

struct distinct_counts distinct_count(const struct distinct *distinct)
{
    return distinct->counts;
}

static char *put(char *at, const void *data, size_t size)
{
    if (size > 0)
        memcpy(at, data, size);
    return at + size;
}

/* Writes the key; `out` has room for it. */
static size_t write_key(const struct logged_request *request, char *out)
{
    char *at = put(out, &request->status, sizeof request->status);
    at = put(at, request->method.data, request->method.size);
    *at++ = ' ';
    at = put(at, request->target.data, request->target.size);
    *at++ = '\n';
    at = put(at, request->authority.data, request->authority.size);
    return (size_t)(at - out);
}

static size_t key_room(const struct logged_request *request)
{
    return sizeof request->status + request->method.size + request->target.size +
           request->authority.size + 2;
}

static bool is_full(const struct distinct *distinct)
{
    return distinct->counts.exchanges >= distinct->options.max_requests ||
           distinct->arena.used_bytes >= DISTINCT_MAX_BYTES;
}

/* A kept request of this key, with all that its exchange will need. NULL when memory ran out. */
static struct kept *keep(struct distinct *distinct, const struct logged_request *request,
                         const char *key, size_t key_size)
{
    struct span agent = request->user_agent, referer = request->referer;
    if (!log_read_text(agent, request->is_escaped, &distinct->agent, &agent) ||
        !log_read_text(referer, request->is_escaped, &distinct->referer, &referer))
        return NULL;
    struct kept *kept =
        arena_alloc(&distinct->arena, sizeof *kept + key_size + agent.size + referer.size + 3);
    if (kept == NULL)
        return NULL;
    kept->first_ns = request->ts_ns;
    kept->proto = request->proto;
    kept->method_size = (uint32_t)request->method.size;
    kept->target_size = (uint32_t)request->target.size;
    kept->authority_size = (uint32_t)request->authority.size;
    kept->agent_size = (uint32_t)agent.size;
    kept->referer_size = (uint32_t)referer.size;
    kept->status = request->status;
    char *at = put(kept->text, key, key_size) + 1;
    at = put(at, agent.data, agent.size) + 1;
    put(at, referer.data, referer.size);
    HASH_ADD_KEYPTR(hh, distinct->table, kept->text, key_size, kept);
    if (kept->hh.tbl == NULL)
        return NULL;
    distinct->counts.exchanges++;
    return kept;
}

/* What the rest is counted by: the template, or method and first segment. */
static void name_group(const struct distinct *distinct, const char *method, const char *target,
                       char out[GROUP_NAME_SIZE])
{
    const struct endpoint_map *map = distinct->options.map;
    bool has_map = map != NULL && map->count > 0;
    long found = has_map ? endpoint_map_match(map, method, target) : -1;
    size_t size;
    const char *path = wire_target_path(target, &size);
    if (found >= 0)
        snprintf(out, GROUP_NAME_SIZE, "%ld", found);
    else if (has_map)
        snprintf(out, GROUP_NAME_SIZE, "%s", method);
    else
        snprintf(out, GROUP_NAME_SIZE, "%.32s /%.*s", method,
                 (int)(size > 0 ? strcspn(path + 1, "/?") : 0), size > 0 ? path + 1 : "");
}

static struct group *find_group(struct distinct *distinct, const char *name)
{
    struct group *group = NULL;
    HASH_FIND(hh, distinct->groups, name, strlen(name), group);
    return group;
}

/* The group of the name, or the one of all that have none. NULL when memory ran out. */
static struct group *add_group(struct distinct *distinct, const char *name)
{
    struct group *group = find_group(distinct, name);
    if (group == NULL && HASH_COUNT(distinct->groups) >= DISTINCT_GROUPS_MAX) {
        name = "";
        group = find_group(distinct, name);
    }
    if (group != NULL)
        return group;
    group = arena_alloc(&distinct->arena, sizeof *group + strlen(name) + 1);
    if (group == NULL)
        return NULL;
    memcpy(group->name, name, strlen(name));
    HASH_ADD_KEYPTR(hh, distinct->groups, group->name, strlen(group->name), group);
    return group->hh.tbl != NULL ? group : NULL;
}

/* One more that is not kept. `text` is its key behind the status. */
static bool count_rest(struct distinct *distinct, char *text, const struct logged_request *request)
{
    char name[GROUP_NAME_SIZE];
    char *target = text + request->method.size + 1;
    target[-1] = '\0';
    target[request->target.size] = '\0';
    name_group(distinct, text, target, name);
    struct group *group = add_group(distinct, name);
    if (group != NULL)
        group->rest++;
    return group != NULL;
}

bool distinct_add(struct distinct *distinct, const struct logged_request *request,
                  struct error *err)
{
    char small[KEY_ON_STACK];
    char *key = small;
    struct kept *kept = NULL;
    size_t room = key_room(request);
    if (room > sizeof small) {
        buffer_clear(&distinct->key);
        buffer_append_repeat(&distinct->key, '\0', room);
        if (distinct->key.failed)
            return error_set_memory(err);
        key = distinct->key.data;
    }
    size_t size = write_key(request, key);
    HASH_FIND(hh, distinct->table, key, size, kept);
    distinct->counts.requests++;
    if (kept == NULL && is_full(distinct))
        return count_rest(distinct, key + sizeof request->status, request) || error_set_memory(err);
    if (kept == NULL)
        kept = keep(distinct, request, key, size);
    if (kept == NULL)
        return error_set_memory(err);
    kept->count++;
    distinct->counts.kept++;
    if (request->ts_ns < kept->first_ns)
        kept->first_ns = request->ts_ns;
    if (request->size_bytes >= 0) {
        kept->size_sum += (uint64_t)request->size_bytes;
        kept->size_count++;
    }
    return true;
}

/* The parts of a kept request, each with a NUL behind it, in `arena`. */
static bool fill_exchange(const struct kept *kept, struct arena *arena, struct exchange *out)
{
    const char *text = kept->text + sizeof kept->status;
    const char *target = text + kept->method_size + 1;
    const char *authority = target + kept->target_size + 1;
    const char *agent = authority + kept->authority_size + 1;
    struct header *headers = arena_alloc_array(arena, 2, sizeof *headers);
    size_t count = 0;
    if (headers == NULL)
        return false;
    if (kept->agent_size > 0)
        headers[count++] = (struct header){"User-Agent", agent};
    if (kept->referer_size > 0)
        headers[count++] = (struct header){"Referer", agent + kept->agent_size + 1};
    *out = (struct exchange){.id = "", .variant = "", .weight = (double)kept->count};
    out->ts_ns = kept->first_ns;
    out->proto = kept->proto;
    out->authority = authority;
    out->request.method = arena_copy_bytes(arena, text, kept->method_size);
    out->request.target = arena_copy_bytes(arena, target, kept->target_size);
    out->request.headers = (struct headers){headers, count};
    out->response.status = distinct_status_is_conditional(kept->status) ? 0 : kept->status;
    if (kept->size_count > 0)
        out->response.body.size = (size_t)(kept->size_sum / kept->size_count);
    return out->request.method != NULL && out->request.target != NULL;
}

/* The group that a kept request shares the rest of; NULL when nothing is shared. */
static struct group *group_of(struct distinct *distinct, const struct exchange *exchange)
{
    char name[GROUP_NAME_SIZE];
    if (distinct->groups == NULL)
        return NULL;
    name_group(distinct, exchange->request.method, exchange->request.target, name);
    struct group *group = find_group(distinct, name);
    return group != NULL ? group : find_group(distinct, "");
}

static bool visit(struct distinct *distinct, struct kept *kept, distinct_take *take, void *context,
                  struct error *err)
{
    struct arena arena;
    struct exchange exchange;
    arena_init(&arena);
    bool ok = fill_exchange(kept, &arena, &exchange) || error_set_memory(err);
    struct group *group = ok ? group_of(distinct, &exchange) : NULL;
    if (ok && take == NULL && group != NULL)
        group->kept += kept->count;
    if (ok && take != NULL) {
        if (group != NULL && group->kept > 0)
            exchange.weight += exchange.weight * (double)group->rest / (double)group->kept;
        ok = take(context, &exchange, err);
    }
    arena_release(&arena);
    return ok;
}

/* What each group's kept exchanges weigh, and how much of the rest has none to go to. */
static bool weigh_groups(struct distinct *distinct, struct error *err)
{
    distinct->counts.shared = 0;
    distinct->counts.lost = 0;
    for (struct group *group = distinct->groups; group != NULL; group = group->hh.next)
        group->kept = 0;
    if (distinct->groups == NULL)
        return true;
    for (struct kept *kept = distinct->table; kept != NULL; kept = kept->hh.next) {
        if (!visit(distinct, kept, NULL, NULL, err))
            return false;
    }
    for (struct group *group = distinct->groups; group != NULL; group = group->hh.next)
        *(group->kept > 0 ? &distinct->counts.shared : &distinct->counts.lost) += group->rest;
    return true;
}

bool distinct_emit(struct distinct *distinct, distinct_take *take, void *context, struct error *err)
{
    if (!weigh_groups(distinct, err))
        return false;
    for (struct kept *kept = distinct->table; kept != NULL; kept = kept->hh.next) {
        if (!visit(distinct, kept, take, context, err))
            return false;
    }
    return true;
}
