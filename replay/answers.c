#include "replay/answers.h"

#include "base/text.h"
#include "base/hash.h"
#include "replay/wire.h"

#include <stdlib.h>
#include <string.h>

/* The answers of one exchange to one request, in recorded order. */
struct group {
    UT_hash_handle hh; /* within its signature */
    const struct exchange *exchange;
    struct answer *answers;
    size_t count;
    size_t next;
    uint64_t turn; /* of the exchange, in which `next` counts */
};

/* A request as it was sent: method, NUL, target, NUL, body. */
struct signature {
    UT_hash_handle hh;
    struct group *groups; /* a uthash by exchange, in order of addition */
    size_t key_bytes;
    char key[];
};

struct answer_table {
    struct signature *signatures; /* a uthash by key */
};

bool answer_table_new(struct answer_table **table, struct error *err)
{
    *table = calloc(1, sizeof **table);
    return *table != NULL || error_set_memory(err);
}

static void group_free(struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        MHD_destroy_response(group->answers[i].response);
    free(group->answers);
    free(group);
}

static void signature_free(struct signature *signature)
{
    struct group *group, *next;
    HASH_ITER(hh, signature->groups, group, next)
    {
        HASH_DEL(signature->groups, group);
        group_free(group);
    }
    free(signature);
}

void answer_table_free(struct answer_table *table)
{
    struct signature *signature, *next;
    if (table == NULL)
        return;
    HASH_ITER(hh, table->signatures, signature, next)
    {
        HASH_DEL(table->signatures, signature);
        signature_free(signature);
    }
    free(table);
}

void answer_key_start(struct buffer *key, const char *method, const char *target)
{
    buffer_append(key, method, strlen(method) + 1);
    buffer_append(key, target, strlen(target) + 1);
}

static struct signature *find_signature(const struct answer_table *table, const struct buffer *key)
{
    struct signature *signature = NULL;
    HASH_FIND(hh, table->signatures, buffer_text(key), key->length, signature);
    return signature;
}

static struct signature *add_signature(struct answer_table *table, const struct buffer *key)
{
    struct signature *signature = find_signature(table, key);
    if (signature != NULL)
        return signature;
    signature = calloc(1, sizeof *signature + key->length);
    if (signature == NULL)
        return NULL;
    signature->key_bytes = key->length;
    memcpy(signature->key, key->data, key->length);
    HASH_ADD_KEYPTR(hh, table->signatures, signature->key, signature->key_bytes, signature);
    if (signature->hh.tbl != NULL)
        return signature;
    free(signature);
    return NULL;
}

static struct group *add_group(struct signature *signature, const struct exchange *exchange)
{
    struct group *group = NULL;
    HASH_FIND_PTR(signature->groups, &exchange, group);
    if (group != NULL)
        return group;
    group = calloc(1, sizeof *group);
    if (group == NULL)
        return NULL;
    group->exchange = exchange;
    HASH_ADD_PTR(signature->groups, exchange, group);
    if (group->hh.tbl != NULL)
        return group;
    free(group);
    return NULL;
}

/* A recorder may have stored a body decoded and its Content-Encoding all the same; the field goes
 * out only when the bytes can be what it says. Only gzip can be told by its first bytes. */
static bool encoding_fits(const struct header *header, const struct body *body)
{
    if (!wire_same_name(header->name, "Content-Encoding") ||
        strcasestr(header->value, "gzip") == NULL || body->size == 0)
        return true;
    return body->size >= 2 && memcmp(body->data, "\x1f\x8b", 2) == 0;
}

/* Never called: the answer to a HEAD has a length and no body. */
static ssize_t no_body(void *context, uint64_t position, char *out, size_t max)
{
    (void)context;
    (void)position;
    (void)out;
    (void)max;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static uint64_t recorded_length(const struct response *response)
{
    for (size_t i = 0; i < response->headers.count; i++) {
        const struct header *header = &response->headers.items[i];
        char *end;
        unsigned long long length = strtoull(header->value, &end, 10);
        if (wire_same_name(header->name, "Content-Length") && *header->value >= '0' &&
            *header->value <= '9' && *end == '\0' && length < INT64_MAX)
            return length;
    }
    return response->body.size;
}

static struct MHD_Response *make_response(const struct upstream_answer *recorded)
{
    const struct response *response = &recorded->response;
    if (strcmp(recorded->request.method, "HEAD") == 0)
        return MHD_create_response_from_callback(recorded_length(response), 1, no_body, NULL, NULL);
    /* With "persistent" libmicrohttpd neither copies, changes nor frees the bytes. */
    void *data = (void *)(uintptr_t)response->body.data;
    return MHD_create_response_from_buffer(response->body.size, data, MHD_RESPMEM_PERSISTENT);
}

static bool cannot_serve(const struct exchange *exchange, const struct upstream_answer *recorded,
                         const char *what, struct error *err)
{
    char where[64];
    snprintf(where, sizeof where, "corpus line %zu: upstream", exchange->line);
    return error_set_at(err, ERROR_INPUT, where, "the recorded answer of \"%s\" to %s %.200s: %s",
                        recorded->name, recorded->request.method, recorded->request.target, what);
}

static bool add_fields(struct MHD_Response *response, const struct exchange *exchange,
                       const struct upstream_answer *recorded, struct error *err)
{
    const struct response *from = &recorded->response;
    for (size_t i = 0; i < from->headers.count; i++) {
        const struct header *header = &from->headers.items[i];
        if (wire_is_hop_by_hop(header->name) || wire_same_name(header->name, "Content-Length") ||
            !encoding_fits(header, &from->body))
            continue;
        /* libmicrohttpd has no way to send a field without a value. */
        if (header->value[0] == '\0')
            continue;
        if (MHD_add_response_header(response, header->name, header->value) != MHD_YES)
            return cannot_serve(exchange, recorded, "a header cannot be served as recorded", err);
    }
    return true;
}

static bool append_answer(struct group *group, struct MHD_Response *response, int status)
{
    struct answer *answers = reallocarray(group->answers, group->count + 1, sizeof *group->answers);
    if (answers == NULL)
        return false;
    answers[group->count] = (struct answer){(unsigned int)status, response};
    group->answers = answers;
    group->count++;
    return true;
}

bool answer_table_add(struct answer_table *table, const struct exchange *exchange,
                      const struct upstream_answer *recorded, struct error *err)
{
    struct buffer key;
    const struct request *request = &recorded->request;
    if (recorded->response.status < 200)
        return cannot_serve(exchange, recorded, "its status is not a final one", err);
    struct MHD_Response *response = make_response(recorded);
    if (response == NULL)
        return error_set_memory(err);
    buffer_init(&key, SIZE_MAX / 2);
    answer_key_start(&key, request->method, request->target);
    buffer_append(&key, request->body.data, request->body.size);
    bool ok = add_fields(response, exchange, recorded, err);
    if (ok) {
        struct signature *signature = key.failed ? NULL : add_signature(table, &key);
        struct group *group = signature == NULL ? NULL : add_group(signature, exchange);
        ok = group != NULL && append_answer(group, response, recorded->response.status);
        if (!ok)
            error_set_memory(err);
    }
    if (!ok)
        MHD_destroy_response(response);
    buffer_release(&key);
    return ok;
}

const struct answer *answer_table_find(struct answer_table *table, const struct buffer *key,
                                       const struct exchange *current, uint64_t turn)
{
    struct group *group = NULL;
    struct signature *signature = find_signature(table, key);
    if (signature == NULL)
        return NULL;
    HASH_FIND_PTR(signature->groups, &current, group);
    if (group == NULL)
        group = signature->groups;
    if (group == NULL || group->count == 0) /* memory ran out while it was added */
        return NULL;
    if (group->turn != turn) {
        group->turn = turn;
        group->next = 0;
    }
    size_t index = group->next;
    if (group->next + 1 < group->count)
        group->next++;
    return &group->answers[index];
}

/* The three parts of a key. */
struct key_parts {
    const char *method;
    const char *target;
    const char *body;
    size_t body_bytes;
};

static struct key_parts split_key(const char *key, size_t size)
{
    struct key_parts parts = {.method = key};
    parts.target = key + strlen(key) + 1;
    parts.body = parts.target + strlen(parts.target) + 1;
    parts.body_bytes = size - (size_t)(parts.body - key);
    return parts;
}

static void append_request(struct buffer *out, const struct key_parts *parts)
{
    enum { SHOWN_BYTES = 200 };
    size_t target = strnlen(parts->target, SHOWN_BYTES + 1);
    text_append_safe(out, parts->method, strnlen(parts->method, 32), false);
    buffer_append_char(out, ' ');
    text_append_safe(out, parts->target, target > SHOWN_BYTES ? SHOWN_BYTES : target, false);
    if (target > SHOWN_BYTES)
        buffer_append_string(out, "…");
    if (parts->body_bytes == 0)
        return;
    buffer_append_format(out, " with a body of %zu bytes: ", parts->body_bytes);
    bool cut = parts->body_bytes > SHOWN_BYTES;
    text_append_safe(out, parts->body, cut ? SHOWN_BYTES : parts->body_bytes, false);
    if (cut)
        buffer_append_string(out, "…");
}

static bool same_path(const struct key_parts *a, const struct key_parts *b)
{
    size_t size_a, size_b;
    const char *path_a = wire_target_path(a->target, &size_a);
    const char *path_b = wire_target_path(b->target, &size_b);
    return strcmp(a->method, b->method) == 0 && size_a == size_b &&
           memcmp(path_a, path_b, size_a) == 0;
}

/* Among known requests of the same method and path, the one that is the same for longest. */
static const struct signature *nearest(const struct answer_table *table, const struct buffer *key)
{
    const struct signature *best = NULL;
    size_t best_bytes = 0;
    struct key_parts asked = split_key(key->data, key->length);
    for (const struct signature *known = table->signatures; known != NULL; known = known->hh.next) {
        struct key_parts parts = split_key(known->key, known->key_bytes);
        size_t same = 0;
        if (!same_path(&asked, &parts))
            continue;
        while (same < key->length && same < known->key_bytes && key->data[same] == known->key[same])
            same++;
        if (best == NULL || same > best_bytes) {
            best = known;
            best_bytes = same;
        }
    }
    return best;
}

void answer_table_describe_miss(const struct answer_table *table, const struct buffer *key,
                                struct buffer *out)
{
    struct key_parts asked = split_key(key->data, key->length);
    append_request(out, &asked);
    const struct signature *known = nearest(table, key);
    if (known == NULL) {
        buffer_append_string(out, "\n    no request of that method and path was recorded");
        return;
    }
    struct key_parts parts = split_key(known->key, known->key_bytes);
    buffer_append_string(out, "\n    nearest recorded: ");
    append_request(out, &parts);
    buffer_append_format(out, "\n    they differ in the %s",
                         strcmp(asked.target, parts.target) != 0 ? "query" : "body");
}
