#include "replay/corpus_variants.h"

#include "replay/variant_name.h"

#include <stdlib.h>
#include <string.h>

void corpus_variants_init(struct corpus_variants *variants)
{
    *variants = (struct corpus_variants){0};
    name_table_init(&variants->names);
}

void corpus_variants_release(struct corpus_variants *variants)
{
    name_table_release(&variants->names);
    free(variants->computed);
    *variants = (struct corpus_variants){0};
}

static bool make_room(struct corpus_variants *variants, size_t wanted)
{
    if (wanted <= variants->room)
        return true;
    size_t room = variants->room == 0 ? 64 : 2 * variants->room;
    bool *computed = reallocarray(variants->computed, room, sizeof *computed);
    if (computed == NULL)
        return false;
    variants->computed = computed;
    variants->room = room;
    return true;
}

static bool add(struct corpus_variants *variants, uint32_t endpoint, const char *name,
                bool computed, uint32_t *number)
{
    size_t before = variants->names.count;
    if (!make_room(variants, before + 1) ||
        !name_table_add(&variants->names, endpoint, name, number))
        return false;
    if (variants->names.count > before)
        variants->computed[*number] = computed;
    variants->computed[*number] &= computed;
    return true;
}

bool corpus_variants_add(struct corpus_variants *variants, uint32_t endpoint,
                         const struct exchange *exchange, uint32_t *number)
{
    struct buffer name;
    if (exchange->variant[0] != '\0')
        return add(variants, endpoint, exchange->variant, false, number);
    buffer_init(&name, 4 * VARIANT_NAME_MAX_BYTES);
    variant_name_append(&name, &exchange->request);
    bool ok = !name.failed && add(variants, endpoint, buffer_text(&name), true, number);
    buffer_release(&name);
    return ok;
}

/* What a variant weighs, and where it goes. */
struct fold {
    uint32_t variant;
    uint32_t endpoint;
    uint32_t target;
    double weight;
};

/* By endpoint, then the heaviest first, then the one that came first. */
static int compare_folds(const void *a, const void *b)
{
    const struct fold *one = a, *other = b;
    if (one->endpoint != other->endpoint)
        return one->endpoint < other->endpoint ? -1 : 1;
    if (one->weight < other->weight || one->weight > other->weight)
        return one->weight > other->weight ? -1 : 1;
    return one->variant < other->variant ? -1 : one->variant > other->variant;
}

static int compare_variants(const void *a, const void *b)
{
    const struct fold *one = a, *other = b;
    return one->variant < other->variant ? -1 : one->variant > other->variant;
}

/* Of one endpoint's variants, heaviest first: those past the limit go to one that is added. */
static bool fold_endpoint(struct corpus_variants *variants, struct fold *folds, size_t count)
{
    if (count <= CORPUS_VARIANTS_MAX)
        return true;
    uint32_t others;
    if (!add(variants, folds[0].endpoint, "others", true, &others))
        return false;
    for (size_t i = CORPUS_VARIANTS_MAX - 1; i < count; i++)
        if (variants->computed[folds[i].variant])
            folds[i].target = others;
    return true;
}

bool corpus_variants_fold(struct corpus_variants *variants, struct corpus_entry *entries,
                          size_t count)
{
    size_t known = variants->names.count;
    bool ok = true;
    struct fold *folds = calloc(known + 1, sizeof *folds);
    if (folds == NULL)
        return false;
    for (size_t i = 0; i < known; i++)
        folds[i].variant = folds[i].target = (uint32_t)i;
    for (size_t i = 0; i < count; i++) {
        folds[entries[i].variant].endpoint = entries[i].endpoint;
        folds[entries[i].variant].weight += entries[i].weight;
    }
    qsort(folds, known, sizeof *folds, compare_folds);
    for (size_t i = 0, next; ok && i < known; i = next) {
        for (next = i; next < known && folds[next].endpoint == folds[i].endpoint; next++)
            continue;
        ok = fold_endpoint(variants, &folds[i], next - i);
    }
    qsort(folds, known, sizeof *folds, compare_variants);
    for (size_t i = 0; ok && i < count; i++)
        entries[i].variant = folds[entries[i].variant].target;
    free(folds);
    return ok;
}
