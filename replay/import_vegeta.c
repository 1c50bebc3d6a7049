/* Targets of the load tool vegeta in its JSON form: one object a line with "method" and "url",
 * "header" ({name: [values]}) and "body" (base64). There are no answers in it. */
#include "replay/import_draft.h"

#include "base/json.h"
#include "replay/wire.h"

#include <string.h>

static void add_headers(struct import_draft *draft, const json_t *header)
{
    /* jansson's iteration takes a non-const object but changes nothing. */
    json_t *walked = (json_t *)(uintptr_t)header;
    for (void *it = json_object_iter(walked); it != NULL; it = json_object_iter_next(walked, it)) {
        const char *name = json_object_iter_key(it);
        const json_t *values = json_object_iter_value(it);
        bool single = json_is_string(values);
        size_t count = single ? 1 : json_array_size(values);
        for (size_t i = 0; i < count; i++) {
            const json_t *value = single ? values : json_array_get(values, i);
            if (json_is_string(value))
                import_draft_add_header(draft, &draft->request, name, json_string_value(value),
                                        json_string_length(value));
        }
    }
}

/* NULL, or why the line is odd; *left_out says why a target of the format cannot be replayed. */
static const char *fill(struct import_draft *draft, const json_t *root, const char **left_out)
{
    const json_t *method = json_object_get(root, "method"), *url = json_object_get(root, "url");
    const json_t *body = json_object_get(root, "body");
    if (json_object_get(root, "code") != NULL && json_object_get(root, "latency") != NULL)
        return "a result of an attack, not a target";
    if (!json_is_string(method) || !json_is_string(url))
        return "\"method\" or \"url\" is missing";
    const char *name = json_string_value(method);
    if (strlen(name) != json_string_length(method) || !wire_is_token(name))
        return "\"method\" is none of HTTP";
    if (body != NULL && !json_is_null(body) && !json_is_string(body))
        return "\"body\" is not a string";
    *left_out = import_draft_set_url(draft, json_string_value(url), json_string_length(url));
    if (*left_out != NULL)
        return NULL;
    draft->exchange.request.method = import_draft_copy(draft, name, strlen(name));
    add_headers(draft, json_object_get(root, "header"));
    if (json_string_length(body) > 0 &&
        !import_draft_set_base64(draft, json_string_value(body), json_string_length(body),
                                 &draft->exchange.request.body))
        return "\"body\" is not base64";
    return NULL;
}

static bool take_object(struct import_run *run, struct import_place place, const json_t *root)
{
    struct import_draft draft;
    const char *left_out = NULL;
    bool ok = true, taken;
    import_draft_init(&draft);
    const char *why = fill(&draft, root, &left_out);
    if (draft.failed)
        ok = error_set_memory(run->err);
    else if (why != NULL)
        import_note_odd(run, place, why);
    else if (left_out != NULL)
        import_note_left_out(run, place, left_out);
    else
        ok = import_draft_take(&draft, run, place, &taken);
    import_draft_release(&draft);
    return ok;
}

static bool take_line(struct import_run *run, void *state, const struct input_record *record)
{
    struct import_place place = {record->number, record->offset};
    json_error_t problem = {0};
    (void)state;
    json_auto_t *root = json_loadb(record->data, record->size, JSON_ALLOW_NUL, &problem);
    if (root == NULL)
        return import_note_json(run, place, &problem);
    if (json_is_object(root))
        return take_object(run, place, root);
    import_note_odd(run, place, "not a JSON object");
    return true;
}

static bool read_targets(const char *path, const struct import_options *options,
                         struct import_sink *sink, struct import_tally *tally, struct error *err)
{
    struct import_run run = {path, IMPORT_LINES, options, sink, tally, err, false};
    return import_each_line(&run, CORPUS_LINE_MAX_BYTES, take_line, NULL);
}

static int recognise(const char *head, size_t size)
{
    const char *at = head, *end = head + size;
    struct span line = {0};
    while (line.size == 0 && import_head_line(&at, end, &line))
        continue;
    bool targets = span_begins(line, "{") && span_contains(line, "\"method\"") &&
                   span_contains(line, "\"url\"") && !span_contains(line, "\"status\"");
    return targets ? 70 : 0;
}

const struct importer importer_vegeta = {
    .name = "vegeta",
    .help = "vegeta's targets as JSON, one a line",
    .unit = "line",
    .recognise = recognise,
    .read = read_targets,
};
