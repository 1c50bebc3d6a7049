#include "rig/variants.h"

#include <math.h>
#include <string.h>

struct variant_result *variants_find(struct endpoint_result *endpoint, const char *name)
{
    for (size_t i = 0; i < endpoint->variant_count; i++)
        if (strcmp(endpoint->variants[i].name, name) == 0)
            return &endpoint->variants[i];
    return NULL;
}

static bool describe_endpoint(struct endpoint_result *endpoint,
                              const struct selected_endpoint *chosen, const struct selected *items,
                              struct arena *arena, struct error *err)
{
    endpoint->variants = arena_alloc_array(arena, chosen->count, sizeof *endpoint->variants);
    if (endpoint->variants == NULL)
        return error_set_memory(err);
    for (size_t i = chosen->first; i < chosen->first + chosen->count; i++) {
        struct variant_result *variant = variants_find(endpoint, items[i].exchange.variant);
        if (variant == NULL) {
            variant = &endpoint->variants[endpoint->variant_count++];
            variant->name = arena_copy_string(arena, items[i].exchange.variant);
            if (variant->name == NULL)
                return error_set_memory(err);
            for (size_t m = 0; m < METRIC_COUNT; m++)
                variant->figures[m][SIDE_HEAD] = variant->figures[m][SIDE_BASE] = NAN;
        }
        variant->share += items[i].share;
    }
    if (endpoint->variant_count < 2)
        endpoint->variant_count = 0;
    return true;
}

bool variants_describe(struct run *run, const struct selection *selection, struct error *err)
{
    for (size_t e = 0; e < run->endpoint_count; e++)
        if (!describe_endpoint(&run->endpoints[e], &selection->endpoints[e], selection->items,
                               &run->arena, err))
            return false;
    return true;
}
