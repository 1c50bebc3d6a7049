#include "replay/endpoints.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "replay/endpoint_index.h"
#include "replay/endpoint_segments.h"
#include "replay/wire.h"

#include <stdlib.h>

const char *endpoint_source_name(enum endpoint_source source)
{
    static const char *const names[ENDPOINT_SOURCE_COUNT] = {
        [ENDPOINT_FROM_USER] = "config",  [ENDPOINT_FROM_OPENAPI] = "OpenAPI",
        [ENDPOINT_FROM_MAP] = "map",      [ENDPOINT_FROM_CORPUS] = "corpus",
        [ENDPOINT_INFERRED] = "inferred",
    };
    return names[source];
}

/* Counts the literal segments. NULL when the path is well-formed. */
static const char *check_path(const char *path, size_t *literals)
{
    if (strcmp(path, "*") != 0 && (path[0] != '/' || !wire_is_target(path)))
        return "the path must begin with / and have no spaces";
    if (strpbrk(path, "?#") != NULL)
        return "a template has no query: only method and path count";
    const char *at = path, *end = path + strlen(path);
    struct segment segment;
    size_t count = 0;
    *literals = 0;
    while (segment_next(&at, end, &segment)) {
        const char *problem = segment_problem(segment, at == end);
        if (problem != NULL)
            return problem;
        if (++count > ENDPOINT_SEGMENTS_MAX)
            return "the path has too many segments, 200 are the most";
        *literals += segment_kind(segment) == SEGMENT_LITERAL;
    }
    return NULL;
}

static bool is_method(const char *text, size_t size)
{
    char method[64];
    if (size >= sizeof method)
        return false;
    memcpy(method, text, size);
    method[size] = '\0';
    return wire_is_token(method);
}

const char *endpoint_template_problem(const char *text)
{
    const char *space = strchr(text, ' ');
    size_t literals;
    if (space == NULL)
        return "must be a method, a space and a path, as in \"GET /users/{id}\"";
    if (!is_method(text, (size_t)(space - text)))
        return "must begin with a method, or * for any";
    return check_path(space + 1, &literals);
}

char *endpoint_template_shape(const char *text, struct arena *arena)
{
    char *shape = arena_copy_string(arena, text);
    char *out = shape;
    if (shape == NULL)
        return NULL;
    for (const char *at = text; *at != '\0'; at++) {
        const char *close = *at == '{' ? strchr(at, '}') : NULL;
        *out++ = *at;
        if (close == NULL)
            continue;
        bool rest = close - at >= 4 && memcmp(close - 3, "...", 3) == 0;
        at = close;
        if (rest)
            *out++ = '.';
        *out++ = '}';
    }
    *out = '\0';
    return shape;
}

/* The next character without what variables are called; all of "{name" is one. */
static char next_character(const char **at)
{
    char c = **at;
    const char *close = c == '{' ? strchr(*at, '}') : NULL;
    if (close != NULL)
        *at = close;
    else
        *at += c != '\0';
    return c;
}

int endpoint_template_compare(const char *one, const char *other)
{
    const char *a = one + strcspn(one, " "), *b = other + strcspn(other, " ");
    for (;;) {
        char x = next_character(&a), y = next_character(&b);
        if (x != y)
            return (unsigned char)x < (unsigned char)y ? -1 : 1;
        if (x == '\0')
            return strcmp(one, other);
    }
}

/* A shape of a source, and the template that has it. */
struct shape_entry {
    UT_hash_handle hh;
    size_t index;
    size_t number; /* in its source */
    char key[];    /* the source's digit and the shape */
};

/* Refuses a second template of one shape in one source. */
static bool refuse_twin(struct shape_entry **shapes, const struct endpoint_map *map, size_t index,
                        size_t number, struct arena *arena, struct error *err)
{
    const struct endpoint_template *template = &map->templates[index];
    char *shape = endpoint_template_shape(template->name, arena);
    if (shape == NULL)
        return error_set_memory(err);
    size_t size = strlen(shape);
    struct shape_entry *entry = arena_alloc(arena, sizeof *entry + size + 2), *found = NULL;
    if (entry == NULL)
        return error_set_memory(err);
    entry->index = index;
    entry->number = number;
    entry->key[0] = (char)('0' + template->source);
    memcpy(entry->key + 1, shape, size);
    HASH_FIND(hh, *shapes, entry->key, size + 1, found);
    if (found != NULL)
        return error_set(err, ERROR_USAGE,
                         "endpoint template %zu \"%s\" matches the same requests as template "
                         "%zu \"%s\"; remove one",
                         number, template->name, found->number, map->templates[found->index].name);
    HASH_ADD_KEYPTR(hh, *shapes, entry->key, size + 1, entry);
    return entry->hh.tbl != NULL || error_set_memory(err);
}

static bool parse_row(struct endpoint_template *out, const struct endpoint_row *row, size_t number,
                      struct arena *arena, struct error *err)
{
    const char *problem = endpoint_template_problem(row->text);
    if (problem != NULL)
        return error_set(err, ERROR_USAGE, "endpoint template %zu \"%s\": %s", number, row->text,
                         problem);
    char *method = arena_copy_string(arena, row->text);
    out->name = arena_copy_string(arena, row->text);
    out->rule = arena_copy_string(arena, row->rule != NULL ? row->rule : "");
    if (method == NULL || out->name == NULL || out->rule == NULL)
        return error_set_memory(err);
    size_t size = strcspn(method, " ");
    method[size] = '\0';
    out->method = method;
    out->path = out->name + size + 1;
    out->source = row->source;
    problem = check_path(out->path, &out->literal_segments);
    return problem == NULL;
}

static bool parse_rows(struct endpoint_map *map, const struct endpoint_row *rows, size_t count,
                       struct arena *arena, struct error *err)
{
    struct shape_entry *shapes = NULL;
    size_t numbers[ENDPOINT_SOURCE_COUNT] = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        size_t number = numbers[rows[i].source]++;
        ok = parse_row(&map->templates[i], &rows[i], number, arena, err) &&
             refuse_twin(&shapes, map, i, number, arena, err);
        map->count += ok;
    }
    HASH_CLEAR(hh, shapes);
    return ok;
}

bool endpoint_map_build(struct endpoint_map *map, const struct endpoint_row *rows, size_t count,
                        struct arena *arena, struct error *err)
{
    *map = (struct endpoint_map){0};
    if (count > ENDPOINT_TEMPLATES_MAX)
        return error_set(err, ERROR_USAGE, "%zu endpoint templates are too many, %d are the most",
                         count, ENDPOINT_TEMPLATES_MAX);
    if (count == 0)
        return true;
    map->templates = arena_alloc_array(arena, count, sizeof *map->templates);
    if (map->templates == NULL)
        return error_set_memory(err);
    if (!parse_rows(map, rows, count, arena, err))
        return false;
    map->index = endpoint_index_new(map->templates, map->count, arena);
    return map->index != NULL || error_set_memory(err);
}

bool endpoint_map_parse(struct endpoint_map *map, const char *const *texts, size_t count,
                        struct arena *arena, struct error *err)
{
    struct endpoint_row *rows = arena_alloc_array(arena, count, sizeof *rows);
    *map = (struct endpoint_map){0};
    if (rows == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct endpoint_row){texts[i], ENDPOINT_FROM_USER, ""};
    return endpoint_map_build(map, rows, count, arena, err);
}

/* Of two templates of one source that match the same target: more literal segments, then the more
 * concrete segment furthest to the left, then a named method. 0 when they are alike. */
static int compare_concrete(const struct endpoint_template *a, const struct endpoint_template *b)
{
    if (a->literal_segments != b->literal_segments)
        return a->literal_segments > b->literal_segments ? -1 : 1;
    const char *at_a = a->path, *end_a = a->path + strlen(a->path);
    const char *at_b = b->path, *end_b = b->path + strlen(b->path);
    struct segment one, other;
    while (segment_next(&at_a, end_a, &one) && segment_next(&at_b, end_b, &other)) {
        enum segment_kind kind_a = segment_kind(one), kind_b = segment_kind(other);
        if (kind_a != kind_b)
            return kind_a < kind_b ? -1 : 1;
        size_t bytes_a = segment_literal_bytes(one), bytes_b = segment_literal_bytes(other);
        if (kind_a == SEGMENT_MIXED && bytes_a != bytes_b)
            return bytes_a > bytes_b ? -1 : 1;
    }
    return (strcmp(a->method, "*") == 0) - (strcmp(b->method, "*") == 0);
}

static bool is_better(const struct endpoint_map *map, size_t a, size_t b)
{
    const struct endpoint_template *one = &map->templates[a], *other = &map->templates[b];
    if (one->source != other->source)
        return one->source < other->source;
    int order = compare_concrete(one, other);
    return order != 0 ? order < 0 : a < b;
}

struct matching {
    const struct endpoint_map *map;
    const char *method;
    size_t *indices; /* best first */
    size_t most;
    size_t count; /* of all that match */
};

static void take_match(void *context, size_t index)
{
    struct matching *matching = context;
    const char *method = matching->map->templates[index].method;
    if (strcmp(method, "*") != 0 && strcmp(method, matching->method) != 0)
        return;
    size_t kept = matching->count < matching->most ? matching->count : matching->most;
    matching->count++;
    size_t at = kept;
    while (at > 0 && is_better(matching->map, index, matching->indices[at - 1])) {
        if (at < matching->most)
            matching->indices[at] = matching->indices[at - 1];
        at--;
    }
    if (at < matching->most)
        matching->indices[at] = index;
}

size_t endpoint_map_match_all(const struct endpoint_map *map, const char *method,
                              const char *target, size_t *indices, size_t most)
{
    struct matching matching = {.map = map, .method = method, .indices = indices, .most = most};
    size_t size;
    const char *path = wire_target_path(target, &size);
    if (map->count > 0)
        endpoint_index_visit(map->index, path, size, take_match, &matching);
    return matching.count;
}

long endpoint_map_match(const struct endpoint_map *map, const char *method, const char *target)
{
    size_t best;
    return endpoint_map_match_all(map, method, target, &best, 1) > 0 ? (long)best : -1;
}
