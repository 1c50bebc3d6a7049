#include "replay/redact.h"

#include "base/file.h"
#include "base/macros.h"
#include "replay/redact_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { COUNTS_MAX = 4096, POLICY_VERSION = 1, PLACE_MAX = 160 };

struct redaction {
    struct arena arena;
    struct pseudonyms *pseudonyms;
    const char *const *names;
    const char *const *keep;
    char policy[20];
    struct redaction_count counts[COUNTS_MAX];
    size_t count_count, total;
};

/* ---- the rules ------------------------------------------------------------------------------ */

static const char *const *copy_list(struct arena *arena, const char *const *list, bool *ok)
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    const char **copy = arena_alloc_array(arena, count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++)
        if ((copy[i] = arena_copy_string(arena, list[i])) == NULL)
            *ok = false;
    *ok = *ok && copy != NULL;
    return copy;
}

static void name_policy(struct redaction *redaction)
{
    unsigned long long hash = FILE_HASH_START;
    int version = POLICY_VERSION;
    hash = file_hash_bytes(hash, &version, sizeof version);
    for (size_t i = 0; redaction->names[i] != NULL; i++)
        hash = file_hash_bytes(hash, redaction->names[i], strlen(redaction->names[i]) + 1);
    hash = file_hash_bytes(hash, "", 1);
    for (size_t i = 0; redaction->keep[i] != NULL; i++)
        hash = file_hash_bytes(hash, redaction->keep[i], strlen(redaction->keep[i]) + 1);
    snprintf(redaction->policy, sizeof redaction->policy, "%016llx", hash);
}

static bool make_key(const char *given, char key[65], struct error *err)
{
    unsigned char bytes[32];
    if (given != NULL)
        return true;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_set_errno(err, "cannot draw a random key for pseudonyms");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

bool redaction_new(struct redaction **out, const struct redaction_options *options,
                   struct error *err)
{
    char key[65] = "";
    bool ok = true;
    struct redaction *redaction = calloc(1, sizeof *redaction);
    *out = NULL;
    if (redaction == NULL)
        return error_set_memory(err);
    arena_init(&redaction->arena);
    redaction->names = copy_list(&redaction->arena, options->names, &ok);
    redaction->keep = copy_list(&redaction->arena, options->keep, &ok);
    if (!ok)
        error_set_memory(err);
    if (!ok || !make_key(options->key, key, err) ||
        !pseudonyms_new(&redaction->pseudonyms, options->key != NULL ? options->key : key, err)) {
        redaction_free(redaction);
        return false;
    }
    name_policy(redaction);
    *out = redaction;
    return true;
}

void redaction_free(struct redaction *redaction)
{
    if (redaction == NULL)
        return;
    pseudonyms_free(redaction->pseudonyms);
    arena_release(&redaction->arena);
    free(redaction);
}

const char *redaction_policy(const struct redaction *redaction)
{
    return redaction->policy;
}

const char *redact_name_rule(const struct redaction *redaction, const char *name, size_t size)
{
    return redact_find_name(redaction->names, redaction->keep, name, size);
}

struct pseudonyms *redact_pseudonyms(const struct walk *walk)
{
    return walk->redaction->pseudonyms;
}

/* ---- the account ---------------------------------------------------------------------------- */

void redact_note(struct walk *walk, const char *rule)
{
    struct redaction *redaction = walk->redaction;
    if (walk->found != NULL) {
        char place[PLACE_MAX];
        snprintf(place, sizeof place, "line %zu: %.120s", walk->exchange->line, walk->where);
        walk->found(walk->context, walk->exchange, place, rule);
        return;
    }
    redaction->total++;
    for (size_t i = 0; i < redaction->count_count; i++) {
        struct redaction_count *count = &redaction->counts[i];
        if (strcmp(count->rule, rule) == 0 && strcmp(count->place, walk->where) == 0) {
            count->count++;
            return;
        }
    }
    const char *place = arena_copy_string(&redaction->arena, walk->where);
    if (redaction->count_count < COUNTS_MAX && place != NULL)
        redaction->counts[redaction->count_count++] = (struct redaction_count){rule, place, 1};
}

size_t redaction_count(const struct redaction *redaction)
{
    return redaction->total;
}

static int compare_counts(const void *left, const void *right)
{
    const struct redaction_count *a = left;
    const struct redaction_count *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    int order = strcmp(a->rule, b->rule);
    return order != 0 ? order : strcmp(a->place, b->place);
}

void redaction_append_report(const struct redaction *redaction, struct buffer *out)
{
    struct redaction_count *sorted = calloc(redaction->count_count + 1, sizeof *sorted);
    if (sorted == NULL) {
        out->failed = true;
        return;
    }
    memcpy(sorted, redaction->counts, redaction->count_count * sizeof *sorted);
    qsort(sorted, redaction->count_count, sizeof *sorted, compare_counts);
    for (size_t i = 0; i < redaction->count_count; i++)
        buffer_append_format(out, "%8zu  %-24s in %s\n", sorted[i].count, sorted[i].rule,
                             sorted[i].place);
    free(sorted);
}

/* ---- an exchange ---------------------------------------------------------------------------- */

/* A copy that may be written to, with a NUL behind it. */
static char *begin_copy(struct walk *walk, const char *data, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy == NULL) {
        walk->failed = true;
        return NULL;
    }
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

/* Keeps the copy in the arena when it was changed. */
static void end_copy(struct walk *walk, struct arena *arena, bool changed, char *copy, size_t size,
                     const char **field)
{
    if (changed && walk->found == NULL) {
        const char *kept = arena_copy_bytes(arena, copy, size);
        if (kept != NULL)
            *field = kept;
        else
            walk->failed = true;
    }
    free(copy);
}

static void do_target(struct walk *walk, struct arena *arena, const char *side,
                      struct request *request)
{
    char where[64];
    size_t size = strlen(request->target);
    char *copy = begin_copy(walk, request->target, size);
    if (copy == NULL)
        return;
    snprintf(where, sizeof where, "%s target", side);
    walk->where = where;
    bool changed = redact_target(walk, copy, size);
    end_copy(walk, arena, changed, copy, size, &request->target);
}

static bool is_named(const struct header *header, const char *name)
{
    return strcasecmp(header->name, name) == 0;
}

/* Every cookie is secret: nobody can tell a session from a preference. */
static bool do_cookies(struct walk *walk, char *text, size_t size, bool first_only)
{
    bool changed = false;
    for (size_t begin = 0; begin <= size;) {
        const char *end = memchr(text + begin, ';', size - begin);
        size_t length = end != NULL ? (size_t)(end - text) - begin : size - begin;
        char *equals = memchr(text + begin, '=', length);
        size_t name = equals != NULL ? (size_t)(equals - (text + begin)) : 0;
        size_t blank = strspn(text + begin, " ");
        bool kept = name > blank &&
                    redact_is_kept(walk->redaction->keep, text + begin + blank, name - blank);
        if (equals != NULL && !kept)
            changed =
                redact_spelled(walk, SPELLING_PERCENT, "cookie", equals + 1, length - name - 1) ||
                changed;
        if (first_only)
            break;
        begin += length + 1;
    }
    return changed;
}

static bool do_header_value(struct walk *walk, const struct header *header, char *text, size_t size)
{
    const char *rule = redact_name_rule(walk->redaction, header->name, strlen(header->name));
    if (is_named(header, "cookie") || is_named(header, "set-cookie"))
        return rule != NULL && do_cookies(walk, text, size, is_named(header, "set-cookie"));
    if (rule != NULL)
        return redact_secret(walk, rule, text, size);
    if (memchr(text, '?', size) != NULL || memmem(text, size, "://", 3) != NULL)
        return redact_target(walk, text, size);
    return redact_text(walk, text, size);
}

static void do_headers(struct walk *walk, struct arena *arena, const char *side,
                       struct headers *headers)
{
    struct header *items = arena_alloc_array(arena, headers->count, sizeof *items);
    char where[PLACE_MAX];
    if (items == NULL) {
        walk->failed = true;
        return;
    }
    for (size_t i = 0; i < headers->count && !walk->failed; i++) {
        items[i] = headers->items[i];
        size_t size = strlen(items[i].value);
        char *copy = begin_copy(walk, items[i].value, size);
        if (copy == NULL)
            return;
        snprintf(where, sizeof where, "%s header %.80s", side, items[i].name);
        walk->where = where;
        bool changed = do_header_value(walk, &items[i], copy, size);
        end_copy(walk, arena, changed, copy, size, &items[i].value);
    }
    if (walk->found == NULL)
        headers->items = items;
}

static bool is_multipart(const struct headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        if (is_named(&headers->items[i], "content-type") &&
            strncasecmp(headers->items[i].value, "multipart/", 10) == 0)
            return true;
    return false;
}

static void do_body(struct walk *walk, struct arena *arena, const char *side,
                    const struct headers *headers, struct body *body)
{
    char where[64];
    if (body->data == NULL || body->size == 0)
        return;
    char *copy = begin_copy(walk, body->data, body->size);
    if (copy == NULL)
        return;
    snprintf(where, sizeof where, "%s body", side);
    walk->where = where;
    bool changed = is_multipart(headers) ? redact_multipart(walk, copy, body->size)
                                         : redact_text(walk, copy, body->size);
    end_copy(walk, arena, changed, copy, body->size, &body->data);
}

static void do_request(struct walk *walk, struct arena *arena, const char *side,
                       struct request *request)
{
    do_target(walk, arena, side, request);
    do_headers(walk, arena, side, &request->headers);
    do_body(walk, arena, side, &request->headers, &request->body);
}

static void do_response(struct walk *walk, struct arena *arena, const char *side,
                        struct response *response)
{
    do_headers(walk, arena, side, &response->headers);
    do_body(walk, arena, side, &response->headers, &response->body);
}

static void do_upstream(struct walk *walk, struct arena *arena, struct exchange *exchange)
{
    struct upstream_answer *answers =
        arena_alloc_array(arena, exchange->upstream_count, sizeof *answers);
    if (answers == NULL) {
        walk->failed = true;
        return;
    }
    for (size_t i = 0; i < exchange->upstream_count && !walk->failed; i++) {
        answers[i] = exchange->upstream[i];
        do_request(walk, arena, "upstream request", &answers[i].request);
        do_response(walk, arena, "upstream response", &answers[i].response);
    }
    if (walk->found == NULL)
        exchange->upstream = answers;
}

static bool do_exchange(struct walk *walk, struct arena *arena, struct exchange *exchange,
                        struct error *err)
{
    do_request(walk, arena, "request", &exchange->request);
    do_response(walk, arena, "response", &exchange->response);
    if (exchange->upstream_count > 0)
        do_upstream(walk, arena, exchange);
    return !walk->failed || error_set_memory(err);
}

bool redaction_apply(struct redaction *redaction, struct exchange *exchange, struct arena *arena,
                     struct error *err)
{
    struct walk walk = {.redaction = redaction, .exchange = exchange};
    return do_exchange(&walk, arena, exchange, err);
}

bool redaction_check(struct redaction *redaction, const struct exchange *exchange,
                     redaction_found *found, void *context, struct error *err)
{
    struct walk walk = {
        .redaction = redaction, .exchange = exchange, .found = found, .context = context};
    struct exchange copy = *exchange;
    struct arena arena;
    arena_init(&arena);
    bool ok = do_exchange(&walk, &arena, &copy, err);
    arena_release(&arena);
    return ok;
}
