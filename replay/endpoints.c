#include "replay/endpoints.h"

#include "replay/wire.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum segment_kind { SEGMENT_LITERAL, SEGMENT_VARIABLE, SEGMENT_REST };

/* A piece of a path between slashes, in a walk from left to right. */
struct segment {
    const char *text;
    size_t size;
};

/* Steps to the next segment; `*at` points at a slash, or at the end. False at the end. */
static bool segment_next(const char **at, const char *end, struct segment *out)
{
    if (*at >= end)
        return false;
    const char *start = *at + (**at == '/');
    const char *stop = memchr(start, '/', (size_t)(end - start));
    if (stop == NULL)
        stop = end;
    *out = (struct segment){start, (size_t)(stop - start)};
    *at = stop;
    return true;
}

static enum segment_kind segment_kind(struct segment segment)
{
    if (segment.size < 2 || segment.text[0] != '{')
        return SEGMENT_LITERAL;
    bool rest = segment.size >= 5 && memcmp(segment.text + segment.size - 4, "...}", 4) == 0;
    return rest ? SEGMENT_REST : SEGMENT_VARIABLE;
}

static bool segment_same(struct segment a, struct segment b)
{
    return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}

/* NULL when the segment is well-formed, else what is wrong with it. */
static const char *segment_problem(struct segment segment, bool last)
{
    const char *open = memchr(segment.text, '{', segment.size);
    const char *close = memchr(segment.text, '}', segment.size);
    if (open == NULL && close == NULL)
        return NULL;
    if (open != segment.text || close != segment.text + segment.size - 1 ||
        memchr(open + 1, '{', segment.size - 1) != NULL)
        return "{name} must be a whole segment between slashes";
    enum segment_kind kind = segment_kind(segment);
    if (segment.size == 2 || (kind == SEGMENT_REST && segment.size == 5))
        return "a variable segment needs a name, as in {id}";
    if (kind == SEGMENT_REST && !last)
        return "{name...} can only be the last segment";
    return NULL;
}

/* Splits "METHOD /path" into `out` and counts its literal segments. NULL when it is well-formed. */
static const char *template_parse(char *text, struct endpoint_template *out)
{
    char *space = strchr(text, ' ');
    if (space == NULL)
        return "must be a method, a space and a path, as in \"GET /users/{id}\"";
    *space = '\0';
    out->method = text;
    out->path = space + 1;
    if (!wire_is_token(out->method))
        return "must begin with a method, or * for any";
    if (strcmp(out->path, "*") != 0 && (out->path[0] != '/' || !wire_is_target(out->path)))
        return "the path must begin with / and have no spaces";
    if (strpbrk(out->path, "?#") != NULL)
        return "a template has no query: only method and path count";
    const char *at = out->path, *end = out->path + strlen(out->path);
    struct segment segment;
    while (segment_next(&at, end, &segment)) {
        const char *problem = segment_problem(segment, at == end);
        if (problem != NULL)
            return problem;
        out->literal_segments += segment_kind(segment) == SEGMENT_LITERAL;
    }
    return NULL;
}

/* Whether two templates match the same requests: the names of variables do not count. */
static bool template_same(const struct endpoint_template *a, const struct endpoint_template *b)
{
    if (strcmp(a->method, b->method) != 0)
        return false;
    const char *at_a = a->path, *end_a = a->path + strlen(a->path);
    const char *at_b = b->path, *end_b = b->path + strlen(b->path);
    struct segment one, other;
    for (;;) {
        bool more_a = segment_next(&at_a, end_a, &one);
        bool more_b = segment_next(&at_b, end_b, &other);
        if (!more_a || !more_b)
            return more_a == more_b;
        enum segment_kind kind = segment_kind(one);
        if (kind != segment_kind(other))
            return false;
        if (kind == SEGMENT_LITERAL && !segment_same(one, other))
            return false;
    }
}

static bool template_refuse_twin(const struct endpoint_map *map, size_t index, struct error *err)
{
    for (size_t i = 0; i < index; i++) {
        if (template_same(&map->templates[i], &map->templates[index]))
            return error_set(err, ERROR_USAGE,
                             "endpoint template %zu \"%s\" matches the same requests as template "
                             "%zu \"%s\"; remove one",
                             index, map->templates[index].name, i, map->templates[i].name);
    }
    return true;
}

bool endpoint_map_parse(struct endpoint_map *map, const char *const *texts, size_t count,
                        struct arena *arena, struct error *err)
{
    *map = (struct endpoint_map){0};
    map->templates = arena_alloc_array(arena, count, sizeof *map->templates);
    if (map->templates == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct endpoint_template *template = &map->templates[i];
        char *split = arena_copy_string(arena, texts[i]);
        template->name = arena_copy_string(arena, texts[i]);
        if (split == NULL || template->name == NULL)
            return error_set_memory(err);
        const char *problem = template_parse(split, template);
        if (problem != NULL)
            return error_set(err, ERROR_USAGE, "endpoint template %zu \"%s\": %s", i, texts[i],
                             problem);
        if (!template_refuse_twin(map, i, err))
            return false;
        map->count = i + 1;
    }
    return true;
}

static bool template_matches(const struct endpoint_template *template, const char *method,
                             const char *path, size_t size)
{
    if (strcmp(template->method, "*") != 0 && strcmp(template->method, method) != 0)
        return false;
    const char *at = template->path, *end = template->path + strlen(template->path);
    const char *at_path = path, *end_path = path + size;
    struct segment wanted, given;
    while (segment_next(&at, end, &wanted)) {
        if (!segment_next(&at_path, end_path, &given))
            return false;
        switch (segment_kind(wanted)) {
        case SEGMENT_REST:
            return true;
        case SEGMENT_VARIABLE:
            if (given.size == 0)
                return false;
            break;
        case SEGMENT_LITERAL:
            if (!segment_same(wanted, given))
                return false;
        }
    }
    return !segment_next(&at_path, end_path, &given);
}

/* Of two templates that match the same target: more literal segments, then a literal further to
 * the left, then a variable over the rest of the path, then a named method. */
static bool template_more_concrete(const struct endpoint_template *a,
                                   const struct endpoint_template *b)
{
    if (a->literal_segments != b->literal_segments)
        return a->literal_segments > b->literal_segments;
    const char *at_a = a->path, *end_a = a->path + strlen(a->path);
    const char *at_b = b->path, *end_b = b->path + strlen(b->path);
    struct segment one, other;
    while (segment_next(&at_a, end_a, &one) && segment_next(&at_b, end_b, &other)) {
        if (segment_kind(one) != segment_kind(other))
            return segment_kind(one) < segment_kind(other);
    }
    return strcmp(a->method, "*") != 0;
}

long endpoint_map_match(const struct endpoint_map *map, const char *method, const char *target)
{
    long best = -1;
    size_t size;
    const char *path = wire_target_path(target, &size);
    for (size_t i = 0; i < map->count; i++) {
        const struct endpoint_template *template = &map->templates[i];
        if (template_matches(template, method, path, size) &&
            (best < 0 || template_more_concrete(template, &map->templates[best])))
            best = (long)i;
    }
    return best;
}
