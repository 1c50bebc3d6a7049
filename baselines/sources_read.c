/* Sources, and what changed between two of them, from JSON. */
#include "baselines/profile_json.h"

#include <string.h>

enum {
    FILES_MAX = 100000,
    LINES_MAX = 1 << 22, /* of one file */
    FUNCTIONS_MAX = 1 << 20,
    HUNKS_MAX = 1 << 20,
    NAME_MAX_BYTES = 64 * 1024, /* of a function or file: names of templates are long */
};

static bool read_lines(struct reader *reader, const json_t *object, struct source_file *out,
                       const struct json_place *place)
{
    const json_t *array = NULL;
    struct json_place at = json_place_key(place, "lines");
    int64_t cells[READER_TUPLE_MAX];
    struct reader_tuple rule = {2, 1, {UINT32_MAX, LINES_MAX}};
    size_t total = 0;
    int64_t next = 1;
    if (!json_get_array(object, "lines", JSON_REQUIRED, &array, place, reader->err))
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!reader_tuple(reader, json_array_get(array, i), &rule, cells, &element))
            return false;
        if (cells[0] < next || cells[0] + cells[1] > UINT32_MAX)
            return json_fail(&element, reader->err, "must lie behind the lines before it");
        next = cells[0] + cells[1];
        total += (size_t)cells[1];
        if (total > LINES_MAX)
            return json_fail(&at, reader->err, "are more than %d lines", LINES_MAX);
    }
    uint32_t *lines = arena_alloc_array(reader->arena, total, sizeof *lines);
    if (lines == NULL)
        return error_set_memory(reader->err);
    out->lines = lines;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *range = json_array_get(array, i);
        uint32_t first = (uint32_t)json_integer_value(json_array_get(range, 0));
        uint32_t count = (uint32_t)json_integer_value(json_array_get(range, 1));
        for (uint32_t line = 0; line < count; line++)
            lines[out->line_count++] = first + line;
    }
    return true;
}

static bool read_functions(struct reader *reader, const json_t *object, struct source_file *out,
                           const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "functions");
    if (!reader_list(reader, object, "functions", FUNCTIONS_MAX, sizeof(struct source_function),
                     &array, &room, place))
        return false;
    struct source_function *functions = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *one = json_array_get(array, i);
        const json_t *name = json_array_get(one, 0);
        const json_t *line = json_array_get(one, 1), *last = json_array_get(one, 2);
        struct json_place element = json_place_index(&at, i);
        if (json_array_size(one) != 3 || !json_is_string(name) ||
            json_string_length(name) > NAME_MAX_BYTES || !json_is_integer(line) ||
            !json_is_integer(last) || json_integer_value(line) < 0 ||
            json_integer_value(last) < json_integer_value(line) ||
            json_integer_value(last) > UINT32_MAX)
            return json_fail(&element, reader->err, "must be [name, first line, last line]");
        functions[i].name = arena_copy_string(reader->arena, json_string_value(name));
        functions[i].line = (uint32_t)json_integer_value(line);
        functions[i].last_line = (uint32_t)json_integer_value(last);
        if (functions[i].name == NULL)
            return error_set_memory(reader->err);
    }
    out->functions = functions;
    out->function_count = json_array_size(array);
    return true;
}

/* Paths lead to files that are read later: none may leave the tree. */
static bool check_path(struct reader *reader, const char *path, const struct json_place *place)
{
    const char *at = path;
    while (path[0] != '/' && at != NULL) {
        size_t length = strcspn(at, "/");
        if (length == 0 || (length <= 2 && strncmp(at, "..", length) == 0))
            break;
        if (at[length] == '\0')
            return true;
        at += length + 1;
    }
    return json_fail(place, reader->err, "must be a path below the tree's root");
}

static bool read_file(struct reader *reader, const json_t *object, struct source_file *out,
                      const struct json_place *place)
{
    static const char *const keys[] = {"path", "hash", "stale", "lines", "functions", NULL};
    struct json_place at = json_place_key(place, "path");
    return reader_object(reader, object, place) &&
           json_only_keys(object, keys, place, reader->err) &&
           reader_name(reader, object, "path", &out->path, place) &&
           check_path(reader, out->path, &at) &&
           reader_hex(reader, object, "hash", &out->hash, place) &&
           json_get_bool(object, "stale", JSON_OPTIONAL, &out->stale, place, reader->err) &&
           read_lines(reader, object, out, place) && read_functions(reader, object, out, place);
}

static bool read_tree(struct reader *reader, const json_t *sources, const char *key,
                      struct source_tree *out, const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, key);
    if (!reader_list(reader, sources, key, FILES_MAX, sizeof(struct source_file), &array, &room,
                     place))
        return false;
    struct source_file *files = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_file(reader, json_array_get(array, i), &files[i], &element))
            return false;
        if (i > 0 && strcmp(files[i - 1].path, files[i].path) >= 0)
            return json_fail(&element, reader->err, "must come in the order of their paths");
    }
    out->files = files;
    out->file_count = json_array_size(array);
    return true;
}

static bool read_hunks(struct reader *reader, const json_t *object, struct source_change *out,
                       const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    int64_t cells[READER_TUPLE_MAX];
    struct reader_tuple rule = {4, 0, {LINES_MAX, LINES_MAX, LINES_MAX, LINES_MAX}};
    struct json_place at = json_place_key(place, "hunks");
    if (!reader_list(reader, object, "hunks", HUNKS_MAX, sizeof(struct source_hunk), &array, &room,
                     place))
        return false;
    struct source_hunk *hunks = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!reader_tuple(reader, json_array_get(array, i), &rule, cells, &element))
            return false;
        hunks[i] = (struct source_hunk){(uint32_t)cells[0], (uint32_t)cells[1], (uint32_t)cells[2],
                                        (uint32_t)cells[3]};
        if (i > 0 && (hunks[i].base_line < hunks[i - 1].base_line + hunks[i - 1].base_count ||
                      hunks[i].head_line < hunks[i - 1].head_line + hunks[i - 1].head_count))
            return json_fail(&element, reader->err, "must lie behind the hunk before it");
    }
    out->hunks = hunks;
    out->hunk_count = json_array_size(array);
    return true;
}

static bool read_change(struct reader *reader, const json_t *object, struct source_change *out,
                        const struct json_place *place)
{
    static const char *const keys[] = {"base", "head", "hunks", NULL};
    struct json_place base = json_place_key(place, "base"), head = json_place_key(place, "head");
    if (!reader_object(reader, object, place) ||
        !json_only_keys(object, keys, place, reader->err) ||
        !reader_text(reader, object, "base", JSON_OPTIONAL, READER_LINE_MAX, &out->base_path,
                     place) ||
        !reader_text(reader, object, "head", JSON_OPTIONAL, READER_LINE_MAX, &out->head_path,
                     place))
        return false;
    if (out->base_path == NULL && out->head_path == NULL)
        return json_fail(place, reader->err, "names no file");
    return (out->base_path == NULL || check_path(reader, out->base_path, &base)) &&
           (out->head_path == NULL || check_path(reader, out->head_path, &head)) &&
           read_hunks(reader, object, out, place);
}

static bool read_changes(struct reader *reader, const json_t *root, struct run *run,
                         const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "source_changes");
    if (json_object_get(root, "source_changes") == NULL)
        return true;
    if (!reader_list(reader, root, "source_changes", FILES_MAX, sizeof(struct source_change),
                     &array, &room, place))
        return false;
    struct source_change *changes = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_change(reader, json_array_get(array, i), &changes[i], &element))
            return false;
    }
    run->source_changes = changes;
    run->source_change_count = json_array_size(array);
    run->source_changes_known = true;
    return true;
}

static bool read_sources(struct reader *reader, const json_t *root, struct run *run,
                         const struct json_place *place)
{
    static const char *const keys[] = {"head", "base", NULL};
    const json_t *sources = NULL;
    struct json_place at = json_place_key(place, "sources");
    if (!json_get_object(root, "sources", JSON_OPTIONAL, &sources, place, reader->err))
        return false;
    if (sources == NULL)
        return true;
    return json_only_keys(sources, keys, &at, reader->err) &&
           read_tree(reader, sources, "head", &run->sources[SIDE_HEAD], &at) &&
           read_tree(reader, sources, "base", &run->sources[SIDE_BASE], &at);
}

bool sources_json_read(struct reader *reader, const json_t *root, struct run *run,
                       const struct json_place *place)
{
    return read_sources(reader, root, run, place) && read_changes(reader, root, run, place);
}
