/* "capture": values that are taken from answers. "inject": what is put into requests. */
#include "rig/config_private.h"

#include "base/macros.h"
#include "base/text.h"
#include "replay/wire.h"

#include <string.h>

/* One row a place: its key, and which rules may have it. */
static const struct place_row {
    const char *key;
    enum session_place_kind kind;
    bool in_answers;
    bool in_requests;
} place_rows[] = {
    {"json", SESSION_JSON, true, true},     {"header", SESSION_HEADER, true, true},
    {"cookie", SESSION_COOKIE, true, true}, {"query", SESSION_QUERY, false, true},
    {"form", SESSION_FORM, false, true},    {"path", SESSION_PATH, false, true},
};

static bool is_pointer(const char *text)
{
    if (text[0] != '/')
        return false;
    for (; *text != '\0'; text++) {
        if (*text == '~' && text[1] != '0' && text[1] != '1')
            return false;
    }
    return true;
}

/* "{id}" is the variable "id", as it stands in the template. */
static const char *strip_braces(const struct config_reader *reader, const char *name)
{
    size_t size = strlen(name);
    if (size < 3 || name[0] != '{' || name[size - 1] != '}')
        return name;
    return arena_copy_bytes(&reader->config->arena, name + 1, size - 2);
}

static bool check_place(const struct config_reader *reader, const struct session_place *place,
                        const struct json_place *at)
{
    switch (place->kind) {
    case SESSION_JSON:
        return is_pointer(place->name) ||
               json_fail(at, reader->err, "must be a JSON pointer, \"/token\" or \"/user/id\"");
    case SESSION_HEADER:
    case SESSION_COOKIE:
        return wire_is_token(place->name) ||
               json_fail(at, reader->err, "must be the name of a %s, not \"%.100s\"",
                         place->kind == SESSION_HEADER ? "header" : "cookie", place->name);
    case SESSION_QUERY:
    case SESSION_FORM:
    case SESSION_PATH:
        break;
    }
    return place->name[0] != '\0' || json_fail(at, reader->err, "must not be empty");
}

/* Exactly one of the places. */
static bool read_place(const struct config_reader *reader, const json_t *rule, bool in_answer,
                       struct session_place *out, const struct json_place *place)
{
    size_t found = 0;
    for (size_t i = 0; i < COUNT_OF(place_rows); i++) {
        const struct place_row *row = &place_rows[i];
        struct json_place at = json_place_key(place, row->key);
        if (json_object_get(rule, row->key) == NULL ||
            !(in_answer ? row->in_answers : row->in_requests))
            continue;
        found++;
        out->kind = row->kind;
        if (!config_read_name(reader, rule, row->key, &out->name, place))
            return false;
        if (row->kind == SESSION_PATH && out->name != NULL)
            out->name = strip_braces(reader, out->name);
        if (out->name == NULL)
            return json_fail(&at, reader->err, "must be a string");
        if (!check_place(reader, out, &at))
            return false;
    }
    if (found == 1)
        return true;
    return json_fail(place, reader->err,
                     in_answer ? "must say where the value is by one of \"json\": \"/token\", "
                                 "\"header\": \"X-Token\" and \"cookie\": \"sid\""
                               : "must say where the value goes by one of \"header\", \"cookie\", "
                                 "\"query\", \"path\", \"json\" and \"form\"");
}

/* "POST /v3/login" as a map of one template. */
static bool read_template(const struct config_reader *reader, const json_t *rule, const char *key,
                          const char **text, struct endpoint_map *out,
                          const struct json_place *place)
{
    struct json_place at = json_place_key(place, key);
    struct error local = {0};
    if (!json_get_string(rule, key, JSON_REQUIRED, text, place, reader->err))
        return false;
    *text = arena_copy_string(&reader->config->arena, *text);
    if (*text == NULL)
        return error_set_memory(reader->err);
    const char *problem = endpoint_template_problem(*text);
    if (problem != NULL)
        return json_fail(&at, reader->err, "%s", problem);
    return endpoint_map_parse(out, text, 1, &reader->config->arena, &local) ||
           json_fail(&at, reader->err, "%s", local.text);
}

static bool is_name(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        char c = text[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '.';
        if (!fine)
            return false;
    }
    return text[0] != '\0';
}

static long find_capture(const struct capture_rule *captures, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(captures[i].name, name) == 0)
            return (long)i;
    return -1;
}

static bool read_capture(const struct config_reader *reader, const json_t *rule,
                         struct capture_rule *captures, size_t number,
                         const struct json_place *place)
{
    static const char *const keys[] = {"name", "from", "json", "header", "cookie", "fresh", NULL};
    struct capture_rule *out = &captures[number];
    struct json_place name_at = json_place_key(place, "name");
    if (!json_is_object(rule))
        return json_fail(place, reader->err,
                         "must be an object: {\"name\": \"token\", \"from\": \"POST /login\", "
                         "\"json\": \"/token\"}");
    if (!json_only_keys(rule, keys, place, reader->err) ||
        !json_get_string(rule, "name", JSON_REQUIRED, &out->name, place, reader->err))
        return false;
    out->name = arena_copy_string(&reader->config->arena, out->name);
    if (out->name == NULL)
        return error_set_memory(reader->err);
    if (!is_name(out->name))
        return json_fail(&name_at, reader->err,
                         "must be of letters, digits, \"_\", \"-\" and \".\"");
    if (find_capture(captures, number, out->name) >= 0)
        return json_fail(&name_at, reader->err, "is the name of an entry before, too");
    return read_template(reader, rule, "from", &out->from, &out->answers, place) &&
           read_place(reader, rule, true, &out->place, place) &&
           json_get_bool(rule, "fresh", JSON_OPTIONAL, &out->fresh, place, reader->err);
}

bool config_read_capture(const struct config_reader *reader, const json_t *root,
                         const struct json_place *place)
{
    struct config *config = reader->config;
    const json_t *list = NULL;
    struct json_place at = json_place_key(place, "capture");
    if (!json_get_array(root, "capture", JSON_OPTIONAL, &list, place, reader->err))
        return false;
    size_t count = json_array_size(list);
    if (count > SESSION_RULES_MAX)
        return json_fail(&at, reader->err, "must not have more than %d entries", SESSION_RULES_MAX);
    struct capture_rule *captures = arena_alloc_array(&config->arena, count + 1, sizeof *captures);
    if (captures == NULL)
        return error_set_memory(reader->err);
    for (size_t i = 0; i < count; i++) {
        struct json_place one = json_place_index(&at, i);
        if (!read_capture(reader, json_array_get(list, i), captures, i, &one))
            return false;
    }
    config->session.captures = captures;
    config->session.capture_count = count;
    return true;
}

/* Which capture a rule is about, by its name. */
static bool read_name(const struct config_reader *reader, const json_t *rule,
                      struct inject_rule *out, const struct json_place *place)
{
    const struct session_rules *rules = &reader->config->session;
    const char *names[SESSION_RULES_MAX + 1] = {NULL}, *name = NULL;
    struct json_place at = json_place_key(place, "name");
    if (!json_get_string(rule, "name", JSON_REQUIRED, &name, place, reader->err))
        return false;
    long found = find_capture(rules->captures, rules->capture_count, name);
    out->capture = (size_t)found;
    if (found >= 0)
        return true;
    for (size_t i = 0; i < rules->capture_count; i++)
        names[i] = rules->captures[i].name;
    const char *near = text_nearest(name, names);
    return json_fail(&at, reader->err, "no entry of \"capture\" is named \"%.100s\"%s%s%s", name,
                     near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                     near != NULL ? "\"?" : "");
}

/* "to": a template, or "*" alone. */
static bool read_to(const struct config_reader *reader, const json_t *rule, struct inject_rule *out,
                    const struct json_place *place)
{
    const char *text = NULL;
    if (!json_get_string(rule, "to", JSON_REQUIRED, &text, place, reader->err))
        return false;
    if (strcmp(text, "*") == 0) {
        out->to = "*";
        return true;
    }
    return read_template(reader, rule, "to", &out->to, &out->requests, place);
}

/* "Bearer ${token}" in two halves. */
static bool read_around(const struct config_reader *reader, const json_t *rule,
                        struct inject_rule *out, const struct json_place *place)
{
    struct arena *arena = &reader->config->arena;
    const char *text = NULL, *name = reader->config->session.captures[out->capture].name;
    struct json_place at = json_place_key(place, "template");
    if (!json_get_string(rule, "template", JSON_OPTIONAL, &text, place, reader->err))
        return false;
    if (text == NULL)
        return true;
    const char *mark = arena_format(arena, "${%s}", name);
    if (mark == NULL)
        return error_set_memory(reader->err);
    const char *found = strstr(text, mark);
    if (found == NULL)
        return json_fail(&at, reader->err, "must have %.120s in it", mark);
    if (!wire_is_value(text))
        return json_fail(&at, reader->err, "must not have control characters");
    out->before = arena_copy_bytes(arena, text, (size_t)(found - text));
    out->after = arena_copy_string(arena, found + strlen(mark));
    return (out->before != NULL && out->after != NULL) || error_set_memory(reader->err);
}

static bool check_rule(const struct config_reader *reader, const struct inject_rule *rule,
                       const struct json_place *place)
{
    struct json_place path_at = json_place_key(place, "path");
    struct json_place add_at = json_place_key(place, "add");
    if (rule->place.kind == SESSION_PATH) {
        const char *variable = arena_format(&reader->config->arena, "{%s}", rule->place.name);
        if (variable == NULL)
            return error_set_memory(reader->err);
        if (strstr(rule->to, variable) == NULL)
            return json_fail(&path_at, reader->err,
                             "must name a variable of \"to\": \"GET /things/{id}\" has \"id\"");
    }
    if (rule->add && (rule->place.kind != SESSION_HEADER || rule->before == NULL))
        return json_fail(&add_at, reader->err, "needs a \"header\" and a \"template\"");
    return true;
}

static bool read_rule(const struct config_reader *reader, const json_t *rule,
                      struct inject_rule *out, const struct json_place *place)
{
    static const char *const keys[] = {"name", "to",   "header",   "cookie", "query", "path",
                                       "json", "form", "template", "add",    "fresh", NULL};
    if (!json_is_object(rule))
        return json_fail(place, reader->err,
                         "must be an object: {\"name\": \"token\", \"to\": \"*\", \"header\": "
                         "\"Authorization\"}");
    return json_only_keys(rule, keys, place, reader->err) && read_name(reader, rule, out, place) &&
           read_to(reader, rule, out, place) &&
           read_place(reader, rule, false, &out->place, place) &&
           read_around(reader, rule, out, place) &&
           json_get_bool(rule, "add", JSON_OPTIONAL, &out->add, place, reader->err) &&
           json_get_bool(rule, "fresh", JSON_OPTIONAL, &out->fresh, place, reader->err) &&
           check_rule(reader, out, place);
}

static bool read_rules(const struct config_reader *reader, const json_t *inject,
                       const struct json_place *place)
{
    struct config *config = reader->config;
    const json_t *list = NULL;
    struct json_place at = json_place_key(place, "rules");
    if (!json_get_array(inject, "rules", JSON_OPTIONAL, &list, place, reader->err))
        return false;
    size_t count = json_array_size(list);
    if (count > SESSION_RULES_MAX)
        return json_fail(&at, reader->err, "must not have more than %d entries", SESSION_RULES_MAX);
    struct inject_rule *rules = arena_alloc_array(&config->arena, count + 1, sizeof *rules);
    if (rules == NULL)
        return error_set_memory(reader->err);
    for (size_t i = 0; i < count; i++) {
        struct json_place one = json_place_index(&at, i);
        if (!read_rule(reader, json_array_get(list, i), &rules[i], &one))
            return false;
    }
    config->session.injects = rules;
    config->session.inject_count = count;
    return true;
}

/* "connection", {"cookie": "sid"} or {"header": "X-Session"}. */
static bool read_session(const struct config_reader *reader, const json_t *inject,
                         const struct json_place *place)
{
    static const char *const keys[] = {"cookie", "header", NULL};
    struct session_rules *out = &reader->config->session;
    const json_t *session = json_object_get(inject, "session");
    struct json_place at = json_place_key(place, "session");
    if (session == NULL ||
        (json_is_string(session) && strcmp(json_string_value(session), "connection") == 0))
        return true;
    if (!json_is_object(session) || json_object_size(session) > 1)
        return json_fail(&at, reader->err,
                         "must be \"connection\", {\"cookie\": \"sid\"} or {\"header\": "
                         "\"X-Session\"}");
    struct session_place found;
    if (!json_only_keys(session, keys, &at, reader->err) ||
        !read_place(reader, session, true, &found, &at))
        return false;
    out->scope = found.kind == SESSION_COOKIE ? SESSION_BY_COOKIE : SESSION_BY_HEADER;
    out->scope_name = found.name;
    return true;
}

bool config_read_inject(const struct config_reader *reader, const json_t *root,
                        const struct json_place *place)
{
    static const char *const keys[] = {"traceparent", "x_request_id", "session", "rules", NULL};
    struct config *config = reader->config;
    const json_t *inject = NULL;
    struct json_place at = json_place_key(place, "inject");
    if (!json_get_object(root, "inject", JSON_OPTIONAL, &inject, place, reader->err))
        return false;
    if (inject == NULL)
        return true;
    return json_only_keys(inject, keys, &at, reader->err) &&
           json_get_bool(inject, "traceparent", JSON_OPTIONAL, &config->inject_traceparent, &at,
                         reader->err) &&
           json_get_bool(inject, "x_request_id", JSON_OPTIONAL, &config->inject_request_id, &at,
                         reader->err) &&
           read_session(reader, inject, &at) && read_rules(reader, inject, &at);
}
