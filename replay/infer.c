#include "replay/infer_private.h"

#include "replay/wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { METHOD_MAX_BYTES = 63, PATH_MAX_BYTES = 65536 };

bool infer_new(struct infer **out, struct error *err)
{
    *out = NULL;
    struct infer *infer = calloc(1, sizeof *infer);
    if (infer == NULL)
        return error_set_memory(err);
    arena_init(&infer->arena);
    infer->root = arena_alloc(&infer->arena, sizeof *infer->root);
    if (infer->root == NULL) {
        infer_free(infer);
        return error_set_memory(err);
    }
    *out = infer;
    return true;
}

/* The nodes live in the arena, their tables do not. */
void infer_clear_node(struct infer_node *node)
{
    if (node == NULL)
        return;
    for (struct infer_node *child = node->children; child != NULL; child = child->hh.next)
        infer_clear_node(child);
    infer_clear_node(node->open);
    HASH_CLEAR(hh, node->children);
    HASH_CLEAR(hh, node->stems);
}

void infer_free(struct infer *infer)
{
    if (infer == NULL)
        return;
    infer_clear_node(infer->root);
    arena_release(&infer->arena);
    free(infer);
}

struct infer_node *infer_open_child(struct infer *infer, struct infer_node *node)
{
    if (node->open == NULL)
        node->open = arena_alloc(&infer->arena, sizeof *node->open);
    return node->open;
}

bool infer_add_method(struct infer *infer, struct infer_method **list, const char *name)
{
    for (; *list != NULL; list = &(*list)->next)
        if (strcmp((*list)->name, name) == 0)
            return true;
    struct infer_method *method = arena_alloc(&infer->arena, sizeof *method);
    if (method == NULL)
        return false;
    method->name = arena_copy_string(&infer->arena, name);
    *list = method;
    return method->name != NULL;
}

/* A literal of this stem next to an id of it is an id as well: user-7 beside user-123. */
static bool note_stem(struct infer *infer, struct infer_node *node, struct segment segment)
{
    struct infer_stem *stem;
    if (!infer_find_stem(infer, node, segment, true, &stem))
        return false;
    if (stem != NULL)
        stem->strong = true;
    return true;
}

static struct infer_node *literal_child(struct infer *infer, struct infer_node *node,
                                        struct segment segment)
{
    struct infer_node *child = NULL;
    HASH_FIND(hh, node->children, segment.text, segment.size, child);
    if (child != NULL)
        return child;
    child = arena_alloc(&infer->arena, sizeof *child);
    char *text = arena_copy_bytes(&infer->arena, segment.text, segment.size);
    if (child == NULL || text == NULL)
        return NULL;
    child->text = (struct segment){text, segment.size};
    HASH_ADD_KEYPTR(hh, node->children, text, segment.size, child);
    return child->hh.tbl != NULL ? child : NULL;
}

static struct infer_node *step(struct infer *infer, struct infer_node *node, struct segment segment)
{
    unsigned rule = infer_shape(segment);
    if (rule == 0)
        return literal_child(infer, node, segment);
    if (rule == INFER_SLUG && !note_stem(infer, node, segment))
        return NULL;
    struct infer_node *open = infer_open_child(infer, node);
    if (open != NULL)
        open->rules |= rule;
    return open;
}

bool infer_add(struct infer *infer, const char *method, const char *target, struct error *err)
{
    size_t size;
    const char *at = wire_target_path(target, &size), *end = at + size;
    struct infer_node *node = infer->root;
    struct segment segment;
    if (strlen(method) > METHOD_MAX_BYTES)
        method = "*";
    if (size == 1 && *at == '*') { /* of OPTIONS, and no segment */
        node = literal_child(infer, node, (struct segment){"*", 1});
        at = end;
    }
    for (int depth = 0; node != NULL && segment_next(&at, end, &segment); depth++) {
        node->requests++;
        if (depth == INFER_DEPTH_MAX)
            return infer_add_method(infer, &node->deep, method) || error_set_memory(err);
        node = step(infer, node, segment);
    }
    if (node == NULL || !infer_add_method(infer, &node->ends, method))
        return error_set_memory(err);
    node->requests++;
    return true;
}

/* ---- templates out of the tree --------------------------------------------------------------- */

struct emission {
    struct arena *arena;
    struct endpoint_row *rows;
    size_t count, capacity;
    unsigned rules[INFER_DEPTH_MAX + 1]; /* of the variable segments so far */
    size_t variables;
    bool failed;
};

static void append_rule(struct buffer *out, const struct emission *emission, bool deep)
{
    for (size_t i = 0; i < emission->variables; i++) {
        if (i > 0)
            buffer_append_string(out, ", ");
        infer_append_rules(out, emission->rules[i]);
    }
    if (deep) {
        buffer_append_string(out, emission->variables > 0 ? ", " : "");
        infer_append_rules(out, INFER_DEEP);
    } else if (emission->variables == 0) {
        buffer_append_string(out, "literal");
    }
}

static void add_row(struct emission *emission, const char *method, const char *path, bool deep)
{
    struct buffer rule;
    if (emission->count == emission->capacity) {
        size_t wanted = emission->capacity == 0 ? 64 : emission->capacity * 2;
        struct endpoint_row *rows = reallocarray(emission->rows, wanted, sizeof *rows);
        emission->failed |= rows == NULL;
        if (rows == NULL)
            return;
        emission->rows = rows;
        emission->capacity = wanted;
    }
    buffer_init(&rule, PATH_MAX_BYTES);
    append_rule(&rule, emission, deep);
    struct endpoint_row *row = &emission->rows[emission->count++];
    row->source = ENDPOINT_INFERRED;
    row->text = arena_format(emission->arena, "%s %s%s", method, path, deep ? "/{rest...}" : "");
    row->rule = arena_copy_string(emission->arena, buffer_text(&rule));
    emission->failed |= rule.failed || row->text == NULL || row->rule == NULL;
    buffer_release(&rule);
}

static const char *name_of(unsigned rules)
{
    return rules == INFER_DATE ? "date" : rules == INFER_VALUES ? "name" : "id";
}

/* "/{id}"; the second id of a template is {id2}. */
static void append_variable(struct buffer *path, const struct emission *emission, unsigned rules)
{
    const char *name = name_of(rules);
    size_t same = 1;
    for (size_t i = 0; i < emission->variables; i++)
        same += strcmp(name_of(emission->rules[i]), name) == 0;
    if (same == 1)
        buffer_append_format(path, "/{%s}", name);
    else
        buffer_append_format(path, "/{%s%zu}", name, same);
}

static void emit(struct emission *emission, const struct infer_node *node, struct buffer *path);

static void emit_open(struct emission *emission, const struct infer_node *open, struct buffer *path)
{
    append_variable(path, emission, open->rules);
    emission->rules[emission->variables++] = open->rules;
    emit(emission, open, path);
    emission->variables--;
}

/* Cuts the text back to what it was. */
static void cut(struct buffer *text, size_t length)
{
    if (text->data != NULL) {
        text->length = length;
        text->data[length] = '\0';
    }
}

static void emit(struct emission *emission, const struct infer_node *node, struct buffer *path)
{
    size_t length = path->length;
    for (const struct infer_method *each = node->ends; each != NULL; each = each->next)
        add_row(emission, each->name, buffer_text(path), false);
    for (const struct infer_method *each = node->deep; each != NULL; each = each->next)
        add_row(emission, each->name, buffer_text(path), true);
    for (const struct infer_node *child = node->children; child != NULL; child = child->hh.next) {
        bool asterisk = child->text.size == 1 && child->text.text[0] == '*';
        if (!asterisk)
            buffer_append_char(path, '/');
        buffer_append(path, child->text.text, child->text.size);
        emit(emission, child, path);
        cut(path, length);
    }
    if (node->open != NULL)
        emit_open(emission, node->open, path);
    cut(path, length);
}

/* By path, then method. */
static int compare_rows(const void *a, const void *b)
{
    const struct endpoint_row *one = a, *other = b;
    return endpoint_template_compare(one->text, other->text);
}

bool infer_finish(struct infer *infer, struct endpoint_row **rows, size_t *count,
                  struct arena *arena, struct error *err)
{
    struct emission emission = {.arena = arena};
    struct buffer path;
    *rows = NULL;
    *count = 0;
    if (!infer_collapse(infer, err))
        return false;
    buffer_init(&path, PATH_MAX_BYTES);
    emit(&emission, infer->root, &path);
    bool ok = !emission.failed && !path.failed;
    if (ok && emission.count > 0) {
        qsort(emission.rows, emission.count, sizeof *emission.rows, compare_rows);
        *rows = arena_alloc_array(arena, emission.count, sizeof **rows);
        ok = *rows != NULL;
        if (ok)
            memcpy(*rows, emission.rows, emission.count * sizeof **rows);
        *count = emission.count;
    }
    buffer_release(&path);
    free(emission.rows);
    return ok || error_set_memory(err);
}
