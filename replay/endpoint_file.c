#include "replay/endpoint_file.h"

#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static bool get_text(const json_t *object, const char *key, enum json_need need, const char **out,
                     struct arena *arena, const struct json_place *place, struct error *err)
{
    const char *text = NULL;
    if (!json_get_string(object, key, need, &text, place, err))
        return false;
    if (text == NULL)
        return true;
    *out = arena_copy_string(arena, text);
    return *out != NULL || error_set_memory(err);
}

static bool read_row(struct endpoint_file_row *out, const json_t *row, struct arena *arena,
                     const struct json_place *place, struct error *err)
{
    static const char *const keys[] = {"template", "rule", "note", NULL};
    *out = (struct endpoint_file_row){.rule = ""};
    if (!json_is_object(row))
        return json_fail(place, err, "must be an object, as in {\"template\": \"GET /a/{id}\"}");
    if (!json_only_keys(row, keys, place, err) ||
        !get_text(row, "template", JSON_REQUIRED, &out->text, arena, place, err) ||
        !get_text(row, "rule", JSON_OPTIONAL, &out->rule, arena, place, err) ||
        !get_text(row, "note", JSON_OPTIONAL, &out->note, arena, place, err))
        return false;
    const char *problem = endpoint_template_problem(out->text);
    struct json_place at = json_place_key(place, "template");
    return problem == NULL || json_fail(&at, err, "\"%.200s\": %s", out->text, problem);
}

/* Two rows that match the same requests are told by making a map of all. */
static bool check_together(const struct endpoint_file *file, struct arena *arena,
                           const struct json_place *place, struct error *err)
{
    struct endpoint_map map;
    struct error problem = {0};
    struct endpoint_row *rows = arena_alloc_array(arena, file->count, sizeof *rows);
    if (rows == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < file->count; i++)
        rows[i] = (struct endpoint_row){file->rows[i].text, ENDPOINT_FROM_MAP, ""};
    if (endpoint_map_build(&map, rows, file->count, arena, &problem))
        return true;
    return problem.code == ERROR_MEMORY ? error_set_memory(err)
                                        : json_fail(place, err, "%s", problem.text);
}

static bool read_root(struct endpoint_file *out, const json_t *root, struct arena *arena,
                      const struct json_place *place, struct error *err)
{
    static const char *const keys[] = {"schema_version", "endpoints", NULL};
    const json_t *list = NULL;
    int64_t version = 0;
    if (!json_is_object(root))
        return json_fail(place, err, "must be a JSON object: a map of endpoints");
    if (!json_only_keys(root, keys, place, err) ||
        !json_get_int(root, "schema_version", JSON_REQUIRED, ENDPOINT_FILE_SCHEMA_VERSION,
                      ENDPOINT_FILE_SCHEMA_VERSION, &version, place, err) ||
        !json_get_array(root, "endpoints", JSON_REQUIRED, &list, place, err))
        return false;
    struct json_place at_list = json_place_key(place, "endpoints");
    if (json_array_size(list) > ENDPOINT_TEMPLATES_MAX)
        return json_fail(&at_list, err, "has more than %d templates", ENDPOINT_TEMPLATES_MAX);
    out->rows = arena_alloc_array(arena, json_array_size(list) + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct json_place at = json_place_index(&at_list, i);
        if (!read_row(&out->rows[i], json_array_get(list, i), arena, &at, err))
            return false;
        out->count = i + 1;
    }
    return check_together(out, arena, &at_list, err);
}

bool endpoint_file_parse(struct endpoint_file *out, const char *name, const char *text, size_t size,
                         struct arena *arena, struct error *err)
{
    struct json_place place = json_place_root(name);
    *out = (struct endpoint_file){0};
    json_auto_t *root = json_parse_text(name, text, size, err);
    return root != NULL && read_root(out, root, arena, &place, err);
}

bool endpoint_file_read(struct endpoint_file *out, const char *path, struct arena *arena,
                        struct error *err)
{
    struct buffer text;
    buffer_init(&text, ENDPOINT_FILE_MAX_BYTES);
    bool ok = file_read(path, &text, err) &&
              endpoint_file_parse(out, path, buffer_text(&text), text.length, arena, err);
    buffer_release(&text);
    return ok;
}

static int compare_rows(const void *a, const void *b)
{
    const struct endpoint_file_row *one = a, *other = b;
    return endpoint_template_compare(one->text, other->text);
}

static bool append_row(struct buffer *out, const struct endpoint_file_row *row, struct error *err)
{
    const char *rule = row->rule[0] != '\0' ? row->rule : NULL;
    json_auto_t *object =
        json_pack("{s:s, s:s*, s:s*}", "template", row->text, "rule", rule, "note", row->note);
    char *line = object != NULL ? json_dumps(object, 0) : NULL;
    if (line == NULL)
        return error_set_memory(err);
    buffer_append_string(out, "    ");
    buffer_append_string(out, line);
    free(line);
    return true;
}

bool endpoint_file_append(struct buffer *out, const struct endpoint_file *file, struct error *err)
{
    struct endpoint_file_row *rows = calloc(file->count + 1, sizeof *rows);
    bool ok = rows != NULL || error_set_memory(err);
    if (ok && file->count > 0) {
        memcpy(rows, file->rows, file->count * sizeof *rows);
        qsort(rows, file->count, sizeof *rows, compare_rows);
    }
    buffer_append_format(out, "{\n  \"schema_version\": %d,\n  \"endpoints\": [",
                         ENDPOINT_FILE_SCHEMA_VERSION);
    for (size_t i = 0; ok && i < file->count; i++) {
        buffer_append_string(out, i > 0 ? ",\n" : "\n");
        ok = append_row(out, &rows[i], err);
    }
    buffer_append_string(out, file->count > 0 ? "\n  ]\n}\n" : "]\n}\n");
    free(rows);
    return ok && buffer_check(out, err);
}
