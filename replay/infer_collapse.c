/* Which literal siblings are values of one variable segment: series of numbers, and places with
 * many different values. */
#include "replay/infer_private.h"

#include "base/macros.h"

#include <stdlib.h>

enum {
    SERIES_LEAST = 3,
    VALUES_LEAST = 21,           /* different siblings */
    RESOURCE_VALUES_LEAST = 101, /* where the names of resources stand */
    SELDOM = 2,                  /* requests of a sibling that hint at ever new ones */
};

static bool merge(struct infer *infer, struct infer_node *into, struct infer_node *from);

static bool merge_methods(struct infer *infer, struct infer_method **into,
                          const struct infer_method *from)
{
    for (; from != NULL; from = from->next)
        if (!infer_add_method(infer, into, from->name))
            return false;
    return true;
}

static bool merge_stems(struct infer_node *into, struct infer_node *from)
{
    struct infer_stem *stem, *next;
    HASH_ITER(hh, from->stems, stem, next)
    {
        struct infer_stem *known = NULL;
        size_t size = strlen(stem->key);
        HASH_DEL(from->stems, stem);
        HASH_FIND(hh, into->stems, stem->key, size, known);
        if (known != NULL) {
            known->strong |= stem->strong;
            continue;
        }
        HASH_ADD_KEYPTR(hh, into->stems, stem->key, size, stem);
        if (stem->hh.tbl == NULL)
            return false;
    }
    return true;
}

static bool add_child(struct infer_node *into, struct infer_node *child)
{
    HASH_ADD_KEYPTR(hh, into->children, child->text.text, child->text.size, child);
    return child->hh.tbl != NULL;
}

static bool merge_children(struct infer *infer, struct infer_node *into, struct infer_node *from)
{
    struct infer_node *child, *next;
    HASH_ITER(hh, from->children, child, next)
    {
        struct infer_node *known = NULL;
        HASH_DEL(from->children, child);
        HASH_FIND(hh, into->children, child->text.text, child->text.size, known);
        bool ok = known != NULL ? merge(infer, known, child) : add_child(into, child);
        if (!ok) {
            infer_clear_node(child); /* no longer part of the tree */
            return false;
        }
    }
    return true;
}

/* Leaves `from` empty. No deeper than the tree is. */
static bool merge(struct infer *infer, struct infer_node *into, struct infer_node *from)
{
    into->requests += from->requests;
    into->rules |= from->rules;
    if (from->open != NULL && into->open == NULL) {
        into->open = from->open;
    } else if (from->open != NULL && !merge(infer, into->open, from->open)) {
        return false;
    }
    from->open = NULL;
    return merge_methods(infer, &into->ends, from->ends) &&
           merge_methods(infer, &into->deep, from->deep) && merge_stems(into, from) &&
           merge_children(infer, into, from);
}

static bool give_to_open(struct infer *infer, struct infer_node *node, struct infer_node *child,
                         unsigned rule)
{
    struct infer_node *open = infer_open_child(infer, node);
    if (open == NULL)
        return false;
    HASH_DEL(node->children, child);
    open->rules |= rule;
    if (merge(infer, open, child))
        return true;
    infer_clear_node(child);
    return false;
}

/* ---- series ---------------------------------------------------------------------------------- */

/* NULL for what cannot be one of a series. */
static bool find_stem(struct infer *infer, struct infer_node *node, const struct infer_node *child,
                      bool make, struct infer_stem **out)
{
    *out = NULL;
    return infer_is_version(child->text) || infer_find_stem(infer, node, child->text, make, out);
}

static bool collapse_series(struct infer *infer, struct infer_node *node)
{
    struct infer_node *child, *next;
    struct infer_stem *stem;
    for (child = node->children; child != NULL; child = child->hh.next) {
        if (!find_stem(infer, node, child, true, &stem))
            return false;
        if (stem != NULL)
            stem->distinct++;
    }
    HASH_ITER(hh, node->children, child, next)
    {
        if (!find_stem(infer, node, child, false, &stem))
            return false;
        bool varies = stem != NULL && (stem->strong || stem->distinct >= SERIES_LEAST);
        if (varies && !give_to_open(infer, node, child, INFER_SERIES))
            return false;
    }
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool may_be_value(const struct infer_node *child)
{
    return !infer_is_known_word(child->text) && !infer_is_version(child->text);
}

/* Equal for siblings below which the same methods and segments are found. */
static uint64_t signature(const struct infer_node *node)
{
    uint64_t sum = node->open != NULL ? 0x9e3779b97f4a7c15ULL : 1;
    for (const struct infer_method *each = node->ends; each != NULL; each = each->next)
        sum += hash_mix(each->name, strlen(each->name)) * 0xff51afd7ed558ccdULL;
    for (const struct infer_node *each = node->children; each != NULL; each = each->hh.next)
        sum += hash_mix(each->text.text, each->text.size) * 0xc4ceb9fe1a85ec53ULL;
    return sum;
}

static int compare_signatures(const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* How many siblings have the commonest signature. False when there is no memory. */
static bool count_alike(const struct infer_node *node, size_t candidates, size_t *most)
{
    uint64_t *all = calloc(candidates, sizeof *all);
    size_t count = 0, run = 0;
    if (all == NULL)
        return false;
    for (const struct infer_node *child = node->children; child != NULL; child = child->hh.next)
        if (may_be_value(child))
            all[count++] = signature(child);
    qsort(all, count, sizeof *all, compare_signatures);
    *most = 0;
    for (size_t i = 0; i < count; i++) {
        run = i > 0 && all[i] == all[i - 1] ? run + 1 : 1;
        *most = run > *most ? run : *most;
    }
    free(all);
    return true;
}

/* Values: many, and either ever new ones, most of which were seen once or twice, or a closed set
 * whose members are used alike. A list of sub-resources is neither. */
static bool collapse_values(struct infer *infer, struct infer_node *node, bool is_resource)
{
    size_t candidates = 0, seldom = 0, alike = 0;
    struct infer_node *child, *next;
    for (child = node->children; child != NULL; child = child->hh.next) {
        candidates += may_be_value(child);
        seldom += may_be_value(child) && child->requests <= SELDOM;
    }
    if (candidates < (is_resource ? RESOURCE_VALUES_LEAST : VALUES_LEAST))
        return true;
    if (!count_alike(node, candidates, &alike))
        return false;
    if (2 * seldom < candidates && (is_resource || 10 * alike < 9 * candidates))
        return true;
    HASH_ITER(hh, node->children, child, next)
    {
        if (may_be_value(child) && !give_to_open(infer, node, child, INFER_VALUES))
            return false;
    }
    return true;
}

/* What may stand before the name of a resource. */
static bool is_preamble(struct segment segment)
{
    static const char *const words[] = {"api", "apis", "rest", "public", "internal", "services"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (segment.size == strlen(words[i]) && memcmp(segment.text, words[i], segment.size) == 0)
            return true;
    return infer_is_version(segment);
}

static bool collapse(struct infer *infer, struct infer_node *node, bool is_resource)
{
    if (!collapse_series(infer, node) || !collapse_values(infer, node, is_resource))
        return false;
    for (struct infer_node *child = node->children; child != NULL; child = child->hh.next)
        if (!collapse(infer, child, is_resource && is_preamble(child->text)))
            return false;
    return node->open == NULL || collapse(infer, node->open, false);
}

bool infer_collapse(struct infer *infer, struct error *err)
{
    return collapse(infer, infer->root, true) || error_set_memory(err);
}
