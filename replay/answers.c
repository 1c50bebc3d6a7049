#include "replay/answers.h"

#include "base/hash.h"
#include "base/text.h"
#include "replay/answer_difference.h"
#include "replay/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    TURNS = 64, /* of one exchange that may be under way at once, each at its own place */
    NEAREST_LOOKED_AT = 20000, /* recorded requests that are held against one that missed */
    KEY_MAX_BYTES = 128 * 1024 * 1024,
};

/* How far a replay of the exchange has come in its answers. */
struct place {
    uint64_t turn;
    size_t next;
};

/* The answers of one exchange to one request, in recorded order. */
struct group {
    UT_hash_handle hh; /* within its signature */
    const struct exchange *exchange;
    struct answer *answers; /* their responses are the exact tier's */
    size_t count;
    struct place *places; /* [turn % TURNS]; NULL with only one answer */
};

/* A request: method, NUL, target, NUL, body; as it was sent, or as its tier spells it. */
struct signature {
    UT_hash_handle hh;
    struct group *groups; /* a uthash by exchange, in order of addition */
    size_t key_bytes;
    char key[];
};

struct answer_table {
    struct normalise_rules rules;
    bool templates;
    struct signature *tiers[ANSWER_TIERS]; /* each a uthash by key */
    struct buffer spelt;                   /* a request in the spelling of a tier */
};

bool answer_table_new(struct answer_table **table, const struct answer_rules *rules,
                      struct error *err)
{
    *table = calloc(1, sizeof **table);
    if (*table == NULL)
        return error_set_memory(err);
    (*table)->rules = rules->normalise;
    (*table)->templates = rules->templates;
    buffer_init(&(*table)->spelt, KEY_MAX_BYTES);
    return true;
}

static void group_free(struct group *group, bool owns_responses)
{
    for (size_t i = 0; owns_responses && i < group->count; i++)
        MHD_destroy_response(group->answers[i].response);
    free(group->answers);
    free(group->places);
    free(group);
}

static void signature_free(struct signature *signature, bool owns_responses)
{
    struct group *group, *next;
    HASH_ITER(hh, signature->groups, group, next)
    {
        HASH_DEL(signature->groups, group);
        group_free(group, owns_responses);
    }
    free(signature);
}

void answer_table_free(struct answer_table *table)
{
    struct signature *signature, *next;
    if (table == NULL)
        return;
    for (size_t tier = 0; tier < ANSWER_TIERS; tier++) {
        HASH_ITER(hh, table->tiers[tier], signature, next)
        {
            HASH_DEL(table->tiers[tier], signature);
            signature_free(signature, tier == ANSWER_EXACT);
        }
    }
    buffer_release(&table->spelt);
    free(table);
}

void answer_key_start(struct buffer *key, const char *method, const char *target)
{
    buffer_append(key, method, strlen(method) + 1);
    buffer_append(key, target, strlen(target) + 1);
}

static struct signature *find_signature(const struct answer_table *table, enum answer_tier tier,
                                        const struct buffer *key)
{
    struct signature *signature = NULL;
    HASH_FIND(hh, table->tiers[tier], buffer_text(key), key->length, signature);
    return signature;
}

static struct signature *add_signature(struct answer_table *table, enum answer_tier tier,
                                       const struct buffer *key)
{
    struct signature *signature = find_signature(table, tier, key);
    if (signature != NULL)
        return signature;
    signature = calloc(1, sizeof *signature + key->length);
    if (signature == NULL)
        return NULL;
    signature->key_bytes = key->length;
    memcpy(signature->key, key->data, key->length);
    HASH_ADD_KEYPTR(hh, table->tiers[tier], signature->key, signature->key_bytes, signature);
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

static bool append_answer(struct group *group, const struct answer *answer)
{
    struct answer *answers = reallocarray(group->answers, group->count + 1, sizeof *group->answers);
    if (answers == NULL)
        return false;
    group->answers = answers;
    /* Here, so that answering allocates nothing. */
    if (group->count == 1 && group->places == NULL) {
        group->places = calloc(TURNS, sizeof *group->places);
        if (group->places == NULL)
            return false;
    }
    answers[group->count++] = *answer;
    return true;
}

static bool add_to_tier(struct answer_table *table, enum answer_tier tier, const struct buffer *key,
                        const struct exchange *exchange, const struct answer *answer)
{
    struct signature *signature = key->failed ? NULL : add_signature(table, tier, key);
    struct group *group = signature == NULL ? NULL : add_group(signature, exchange);
    return group != NULL && append_answer(group, answer);
}

/* The request as the tier spells it, in the table's own buffer. */
static const struct buffer *spell(struct answer_table *table, enum answer_tier tier,
                                  const struct request_parts *parts)
{
    buffer_clear(&table->spelt);
    table->spelt.failed = false;
    if (tier == ANSWER_NORMALISED)
        normalise_request(&table->rules, parts, &table->spelt);
    else
        normalise_template(&table->rules, parts, &table->spelt);
    return &table->spelt;
}

static struct request_parts split_key(const char *key, size_t size)
{
    struct request_parts parts = {.method = key};
    parts.target = key + strlen(key) + 1;
    parts.body = parts.target + strlen(parts.target) + 1;
    parts.body_bytes = size - (size_t)(parts.body - key);
    return parts;
}

/* Once it is in the exact tier, the table owns the response. */
static bool add_to_tiers(struct answer_table *table, const struct buffer *key,
                         const struct exchange *exchange, const struct answer *answer)
{
    if (!add_to_tier(table, ANSWER_EXACT, key, exchange, answer)) {
        MHD_destroy_response(answer->response);
        return false;
    }
    struct request_parts parts = split_key(key->data, key->length);
    if (!add_to_tier(table, ANSWER_NORMALISED, spell(table, ANSWER_NORMALISED, &parts), exchange,
                     answer))
        return false;
    return !table->templates ||
           add_to_tier(table, ANSWER_TEMPLATE, spell(table, ANSWER_TEMPLATE, &parts), exchange,
                       answer);
}

bool answer_table_add(struct answer_table *table, const struct exchange *exchange,
                      const struct upstream_answer *recorded, struct error *err)
{
    struct buffer key;
    const struct request *request = &recorded->request;
    if (recorded->response.status < 200)
        return cannot_serve(exchange, recorded, "its status is not a final one", err);
    struct answer answer = {.status = (unsigned int)recorded->response.status,
                            .response = make_response(recorded),
                            .latency_ns = recorded->latency_ns};
    if (answer.response == NULL)
        return error_set_memory(err);
    if (!add_fields(answer.response, exchange, recorded, err)) {
        MHD_destroy_response(answer.response);
        return false;
    }
    buffer_init(&key, SIZE_MAX / 2);
    answer_key_start(&key, request->method, request->target);
    buffer_append(&key, request->body.data, request->body.size);
    bool ok = add_to_tiers(table, &key, exchange, &answer);
    buffer_release(&key);
    return ok || error_set_memory(err);
}

/* The next of the group's answers in this turn, the last one repeated. */
static const struct answer *take_next(struct group *group, uint64_t turn)
{
    if (group->count <= 1)
        return group->answers; /* NULL when memory ran out while it was added */
    struct place *place = &group->places[turn % TURNS];
    if (place->turn != turn)
        *place = (struct place){turn, 0};
    size_t index = place->next;
    if (index + 1 < group->count)
        place->next++;
    return &group->answers[index];
}

static const struct answer *find_in_tier(struct answer_table *table, enum answer_tier tier,
                                         const struct buffer *key, const struct exchange *current,
                                         uint64_t turn)
{
    struct group *group = NULL;
    struct signature *signature = key->failed ? NULL : find_signature(table, tier, key);
    if (signature == NULL)
        return NULL;
    HASH_FIND_PTR(signature->groups, &current, group);
    if (group == NULL)
        group = signature->groups;
    return group == NULL ? NULL : take_next(group, turn);
}

const struct answer *answer_table_find(struct answer_table *table, const struct buffer *key,
                                       const struct exchange *current, uint64_t turn,
                                       enum answer_tier *tier)
{
    const struct answer *found = find_in_tier(table, ANSWER_EXACT, key, current, turn);
    *tier = ANSWER_EXACT;
    if (found != NULL || key->failed)
        return found;
    struct request_parts parts = split_key(key->data, key->length);
    for (*tier = ANSWER_NORMALISED; *tier < ANSWER_TIERS && found == NULL;) {
        if (table->tiers[*tier] != NULL)
            found = find_in_tier(table, *tier, spell(table, *tier, &parts), current, turn);
        if (found == NULL)
            ++*tier;
    }
    return found;
}

static void append_request(struct buffer *out, const struct request_parts *parts)
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

/* The recorded request with the fewest differences; of two, one that `current` made, else the one
 * that came first. */
static const struct signature *nearest(const struct answer_table *table,
                                       const struct request_parts *asked,
                                       const struct exchange *current)
{
    const struct signature *best = NULL;
    size_t best_score = SIZE_MAX, looked_at = 0;
    for (struct signature *known = table->tiers[ANSWER_EXACT];
         known != NULL && looked_at < NEAREST_LOOKED_AT; known = known->hh.next, looked_at++) {
        struct group *own = NULL;
        struct request_parts parts = split_key(known->key, known->key_bytes);
        HASH_FIND_PTR(known->groups, &current, own);
        size_t score = 2 * answer_difference_score(asked, &parts) + (own == NULL ? 1 : 0);
        if (score < best_score) {
            best = known;
            best_score = score;
        }
    }
    return best;
}

/* Whether the two differ in values alone, so that the template tier would have answered. */
static bool same_template(const struct answer_table *table, const struct request_parts *asked,
                          const struct request_parts *recorded)
{
    struct buffer one, other;
    buffer_init(&one, KEY_MAX_BYTES);
    buffer_init(&other, KEY_MAX_BYTES);
    normalise_template(&table->rules, asked, &one);
    normalise_template(&table->rules, recorded, &other);
    bool same = !one.failed && !other.failed && one.length == other.length &&
                memcmp(buffer_text(&one), buffer_text(&other), one.length) == 0;
    buffer_release(&one);
    buffer_release(&other);
    return same;
}

void answer_table_describe_miss(const struct answer_table *table, const struct buffer *key,
                                const struct exchange *current, struct buffer *out)
{
    struct request_parts asked = split_key(key->data, key->length);
    append_request(out, &asked);
    const struct signature *known = nearest(table, &asked, current);
    if (known == NULL) {
        buffer_append_string(out, "\n    no request to this upstream was recorded");
        return;
    }
    struct request_parts parts = split_key(known->key, known->key_bytes);
    buffer_append_string(out, "\n    nearest recorded: ");
    append_request(out, &parts);
    buffer_append_string(out, "\n    they differ in");
    answer_difference_append(&table->rules, &asked, &parts, "      ", out);
    if (same_template(table, &asked, &parts))
        buffer_append_string(out, "\n    values alone differ: with \"match\": {\"template\": true} "
                                  "this upstream would answer");
}
