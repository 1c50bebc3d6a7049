#include "reporters/json_because.h"

#include "reporters/json_parts.h"

/* Of lines and of functions, the first: a report is read on the way, a run file holds all. */
enum { ITEMS_MAX = 8 };

static const char *kind_name(enum growth_kind kind)
{
    switch (kind) {
    case GROWTH_GREW:
        return "grew";
    case GROWTH_NEW:
        return "new";
    case GROWTH_SHRANK:
        return "shrank";
    case GROWTH_GONE:
        return "gone";
    case GROWTH_MOVED:
        return "moved";
    }
    BUG("no kind of growth %d", (int)kind);
}

static json_t *make_place(const struct profile_frame *place)
{
    return json_pack("{so so so so sb}", "file", json_parts_text(place->file), "line",
                     place->line > 0 ? json_integer(place->line) : json_null(), "function",
                     json_parts_text(place->function), "object", json_parts_text(place->object),
                     "own", (int)place->own);
}

static json_t *make_item(const struct growth_item *item)
{
    bool was = item->kind != GROWTH_NEW;
    json_t *json = make_place(&item->place);
    json_t *more = json_pack("{ss sb so so so so so so}", "kind", kind_name(item->kind), "changed",
                             (int)item->changed, "growth", json_parts_number(item->grew), "head",
                             json_parts_number(item->head), "base", json_parts_number(item->base),
                             "head_inclusive", json_parts_number(item->head_inclusive),
                             "base_inclusive", json_parts_number(item->base_inclusive),
                             "base_place", was ? make_place(&item->base_place) : json_null());
    if (json != NULL && (more == NULL || json_object_update(json, more) != 0)) {
        json_decref(json);
        json = NULL;
    }
    json_decref(more);
    return json;
}

static json_t *make_items(const struct growth_item *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count && i < ITEMS_MAX; i++) {
        if (json_array_append_new(list, make_item(&items[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *make_variants(const struct growth *growth)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < growth->variant_count; i++) {
        const struct growth_variant *variant = &growth->variants[i];
        json_t *one =
            json_pack("{so so so so sb}", "name", json_parts_text(variant->name), "share",
                      json_parts_number(variant->share), "head", json_parts_number(variant->head),
                      "base", json_parts_number(variant->base), "grew", (int)variant->grew);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *make_growth(const struct growth *growth)
{
    const struct profile_value_info *measured = growth->measured;
    bool varied = growth->variant_count > 0;
    return json_pack(
        "{so so so so so so so so so so so so so so}", "measured",
        measured != NULL ? json_string(measured->key) : json_null(), "head",
        json_parts_number(growth->head), "base", json_parts_number(growth->base), "lines",
        make_items(growth->lines, growth->line_count), "functions",
        make_items(growth->functions, growth->function_count), "changed",
        json_parts_number(growth->changed), "moved", json_parts_number(growth->moved), "leak",
        json_boolean(growth->leak), "changes_known", json_boolean(growth->changes_known), "stale",
        json_parts_text(growth->stale), "variant_metric",
        varied ? json_string(metric_info(growth->variant_metric)->key) : json_null(), "variants",
        make_variants(growth), "one_variant", json_boolean(growth->one_variant), "missing",
        json_parts_text(growth->missing));
}

json_t *json_because_make(const struct because *because, enum metric metric)
{
    for (size_t i = 0; i < because->count; i++)
        if (because->growths[i].metric == metric)
            return make_growth(&because->growths[i]);
    return json_null();
}
