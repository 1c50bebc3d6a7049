#include "replay/endpoint_index.h"

#include "base/hash.h"
#include "replay/endpoint_segments.h"

#include <stdint.h>

/* The root is node 0, so 0 also stands for none. */
struct node {
    struct segment text;
    enum segment_kind kind;
    uint32_t parent;
    uint32_t first_open; /* child that is no literal; next_open chains them */
    uint32_t next_open;
    uint32_t first_template; /* index + 1; the chain goes on in the index */
};

struct endpoint_index {
    struct node *nodes;
    size_t count;
    uint32_t *literals; /* open addressing over (parent, text): node numbers */
    size_t mask;
    uint32_t *next_template; /* by template: index + 1 */
};

static size_t slot_of(const struct endpoint_index *index, uint32_t parent, struct segment text)
{
    return (hash_mix(text.text, text.size) ^ parent * 0x9e3779b1U) & index->mask;
}

/* The literal child, or 0; `*slot` is where it is, or would be. */
static uint32_t find_literal(const struct endpoint_index *index, uint32_t parent,
                             struct segment text, size_t *slot)
{
    size_t at = slot_of(index, parent, text);
    for (; index->literals[at] != 0; at = (at + 1) & index->mask) {
        const struct node *node = &index->nodes[index->literals[at]];
        if (node->parent == parent && segment_same(node->text, text))
            break;
    }
    *slot = at;
    return index->literals[at];
}

static uint32_t find_open(const struct endpoint_index *index, uint32_t parent, struct segment text,
                          enum segment_kind kind)
{
    uint32_t child = index->nodes[parent].first_open;
    while (child != 0 && (index->nodes[child].kind != kind ||
                          !segment_same_pattern(index->nodes[child].text, text)))
        child = index->nodes[child].next_open;
    return child;
}

static uint32_t step(struct endpoint_index *index, uint32_t parent, struct segment text)
{
    enum segment_kind kind = segment_kind(text);
    size_t slot = 0;
    uint32_t child = kind == SEGMENT_LITERAL ? find_literal(index, parent, text, &slot)
                                             : find_open(index, parent, text, kind);
    if (child != 0)
        return child;
    child = (uint32_t)index->count++;
    index->nodes[child] = (struct node){.text = text, .kind = kind, .parent = parent};
    if (kind == SEGMENT_LITERAL) {
        index->literals[slot] = child;
    } else {
        index->nodes[child].next_open = index->nodes[parent].first_open;
        index->nodes[parent].first_open = child;
    }
    return child;
}

static size_t count_segments(const char *path)
{
    const char *at = path, *end = path + strlen(path);
    struct segment segment;
    size_t count = 0;
    while (segment_next(&at, end, &segment))
        count++;
    return count;
}

struct endpoint_index *endpoint_index_new(const struct endpoint_template *templates, size_t count,
                                          struct arena *arena)
{
    struct endpoint_index *index = arena_alloc(arena, sizeof *index);
    size_t nodes = 1, slots = 16;
    for (size_t i = 0; i < count; i++)
        nodes += count_segments(templates[i].path);
    while (slots < 2 * nodes)
        slots *= 2;
    if (index == NULL)
        return NULL;
    index->nodes = arena_alloc_array(arena, nodes, sizeof *index->nodes);
    index->literals = arena_alloc_array(arena, slots, sizeof *index->literals);
    index->next_template = arena_alloc_array(arena, count, sizeof *index->next_template);
    if (index->nodes == NULL || index->literals == NULL || index->next_template == NULL)
        return NULL;
    index->mask = slots - 1;
    index->count = 1;
    for (size_t i = 0; i < count; i++) {
        const char *at = templates[i].path, *end = at + strlen(at);
        struct segment segment;
        uint32_t node = 0;
        while (segment_next(&at, end, &segment))
            node = step(index, node, segment);
        index->next_template[i] = index->nodes[node].first_template;
        index->nodes[node].first_template = (uint32_t)(i + 1);
    }
    return index;
}

struct visiting {
    const struct endpoint_index *index;
    const char *end;
    endpoint_visit *visit;
    void *context;
};

static void visit_templates(const struct visiting *visiting, uint32_t node)
{
    uint32_t at = visiting->index->nodes[node].first_template;
    for (; at != 0; at = visiting->index->next_template[at - 1])
        visiting->visit(visiting->context, at - 1);
}

/* No deeper than the templates are. */
static void walk(const struct visiting *visiting, uint32_t node, const char *at)
{
    const struct endpoint_index *index = visiting->index;
    struct segment given;
    size_t slot;
    if (!segment_next(&at, visiting->end, &given)) {
        visit_templates(visiting, node);
        return;
    }
    uint32_t child = find_literal(index, node, given, &slot);
    if (child != 0)
        walk(visiting, child, at);
    for (child = index->nodes[node].first_open; child != 0; child = index->nodes[child].next_open) {
        const struct node *open = &index->nodes[child];
        if (open->kind == SEGMENT_REST)
            visit_templates(visiting, child);
        else if (given.size > 0 &&
                 (open->kind == SEGMENT_VARIABLE || segment_mixed_matches(open->text, given)))
            walk(visiting, child, at);
    }
}

void endpoint_index_visit(const struct endpoint_index *index, const char *path, size_t size,
                          endpoint_visit *visit, void *context)
{
    struct visiting visiting = {index, path + size, visit, context};
    walk(&visiting, 0, path);
}
