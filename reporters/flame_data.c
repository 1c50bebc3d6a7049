#include "reporters/flame_data.h"

#include "reporters/export.h"
#include "reporters/flame_words.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 16 };

/* json_array_append_new and json_pack take a NULL for what it is: out of memory. */

static json_t *take_text(struct buffer *text)
{
    json_t *json = text->failed ? NULL : json_string(buffer_text(text));
    buffer_release(text);
    return json;
}

static json_t *make_text(const char *text)
{
    struct buffer safe;
    if (text == NULL)
        return json_null();
    buffer_init(&safe, TEXT_MAX_BYTES);
    flame_append_short(&safe, text, FLAME_NAME_MAX_BYTES);
    return take_text(&safe);
}

static json_t *make_frame(const struct profile_frame *frame, const char *class)
{
    char text[256];
    return json_pack("[ooos]", make_text(export_name(frame, text)), make_text(frame->file),
                     make_text(frame->object), class);
}

static json_t *number_or_none(uint32_t number)
{
    return json_integer(number == PROFILE_NONE ? -1 : (json_int_t)number);
}

/* Only frames that are shown, numbered anew in `numbers`. */
static json_t *make_frames(const struct flame_tree *tree, uint32_t *numbers)
{
    json_t *frames = json_array();
    for (size_t i = 0; i < tree->frame_count; i++)
        numbers[i] = PROFILE_NONE;
    for (uint32_t i = 0; frames != NULL && i < tree->node_count; i++) {
        uint32_t frame = tree->nodes[i].frame;
        if (frame == PROFILE_NONE || numbers[frame] != PROFILE_NONE)
            continue;
        numbers[frame] = (uint32_t)json_array_size(frames);
        if (json_array_append_new(frames, make_frame(&tree->frames[frame], flame_class(tree, i))) !=
            0) {
            json_decref(frames);
            return NULL;
        }
    }
    return frames;
}

static json_t *make_nodes(const struct flame_tree *tree, const uint32_t *numbers)
{
    json_t *parents = json_array(), *frames = json_array();
    json_t *lines = json_array(), *counts = json_array();
    bool ok = parents != NULL && frames != NULL && lines != NULL && counts != NULL;
    for (size_t i = 0; ok && i < tree->node_count; i++) {
        const struct flame_node *node = &tree->nodes[i];
        uint32_t frame = node->frame == PROFILE_NONE ? PROFILE_NONE : numbers[node->frame];
        ok = json_array_append_new(parents, number_or_none(node->parent)) == 0 &&
             json_array_append_new(frames, number_or_none(frame)) == 0 &&
             json_array_append_new(lines, json_integer(node->line)) == 0 &&
             json_array_append_new(counts, json_integer(node->line_count)) == 0;
    }
    if (!ok) {
        json_decref(parents);
        json_decref(frames);
        json_decref(lines);
        json_decref(counts);
        return NULL;
    }
    return json_pack("{so so so so}", "parent", parents, "frame", frames, "line", lines, "lines",
                     counts);
}

static bool fill_column(json_t *column, const struct flame_endpoint *endpoint, unsigned side,
                        size_t value)
{
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        double figure = endpoint->costs[i].values[side][value];
        json_t *json = figure > 0 ? json_real(figure) : json_integer(0);
        if (json_array_append_new(column, json) != 0)
            return false;
    }
    return true;
}

/* How many columns of a kind the script needs: those that are drawn, and samples. */
static size_t columns_of(enum profile_kind kind)
{
    return kind == PROFILE_LINES ? 1 : profile_kind_info(kind)->value_count;
}

/* The nodes are the same for both sides, and so are there once. */
static json_t *make_costs(const struct flame_tree *tree, const struct flame_endpoint *endpoint)
{
    json_t *columns = json_array(), *nodes = json_array();
    bool ok = columns != NULL && nodes != NULL;
    for (size_t i = 0; ok && i < endpoint->cost_count; i++)
        ok = json_array_append_new(nodes, json_integer(endpoint->costs[i].node)) == 0;
    ok = ok && json_array_append(columns, nodes) == 0;
    for (unsigned side = 0; ok && side < SIDE_COUNT && tree->present[side]; side++) {
        for (size_t value = 0; ok && value < columns_of(tree->kind); value++) {
            json_t *column = json_array();
            ok = column != NULL && fill_column(column, endpoint, side, value) &&
                 json_array_append(columns, column) == 0;
            json_decref(column);
        }
    }
    json_decref(nodes);
    if (ok)
        return columns;
    json_decref(columns);
    return NULL;
}

static json_t *make_endpoints(const struct flame_tree *tree)
{
    json_t *endpoints = json_array();
    for (size_t i = 0; endpoints != NULL && i < tree->endpoint_count; i++) {
        const struct flame_endpoint *endpoint = &tree->endpoints[i];
        json_t *json = json_pack(
            "{so sf s[II] so}", "name", make_text(endpoint->name), "weight", endpoint->weight,
            "requests", (json_int_t)endpoint->requests[SIDE_HEAD],
            (json_int_t)endpoint->requests[SIDE_BASE], "costs", make_costs(tree, endpoint));
        if (json_array_append_new(endpoints, json) != 0) {
            json_decref(endpoints);
            return NULL;
        }
    }
    return endpoints;
}

static json_t *make_tree(const struct flame_tree *tree)
{
    uint32_t *numbers = calloc(tree->frame_count + 1, sizeof *numbers);
    if (numbers == NULL)
        return NULL;
    json_t *frames = make_frames(tree, numbers);
    json_t *nodes = frames != NULL ? make_nodes(tree, numbers) : NULL;
    free(numbers);
    return json_pack("{ss ss si so so so sI}", "kind", profile_kind_info(tree->kind)->key, "title",
                     profile_kind_info(tree->kind)->title, "columns", (int)columns_of(tree->kind),
                     "frames", frames, "nodes", nodes, "endpoints", make_endpoints(tree),
                     "left_out", (json_int_t)tree->left_out);
}

static const char *unit_name(enum metric_unit unit)
{
    return unit == UNIT_NS ? "ns" : unit == UNIT_BYTES ? "bytes" : "count";
}

static json_t *make_view(const struct flame_page *page, const struct flame_column *column)
{
    enum profile_kind kind = page->trees[column->tree].kind;
    const struct profile_value_info *info = &profile_kind_info(kind)->values[column->value];
    int sampled = kind == PROFILE_CPU ? CPU_SAMPLES : -1;
    return json_pack("{ss ss ss sI sI si}", "key", info->key, "title", info->title, "unit",
                     unit_name(info->unit), "tree", (json_int_t)column->tree, "column",
                     (json_int_t)column->value, "samples", sampled);
}

static json_t *make_side(const struct run_side *side)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    flame_append_side(&text, side);
    return take_text(&text);
}

static bool fill_lists(const struct flame_page *page, json_t *sides, json_t *views, json_t *trees)
{
    const struct report *report = page->report;
    const struct run_side *base =
        report->base != NULL ? &report->base->sides[SIDE_HEAD] : &report->head->sides[SIDE_BASE];
    bool two_sides = false;
    for (size_t i = 0; i < page->tree_count; i++) {
        two_sides = two_sides || page->trees[i].present[SIDE_BASE];
        if (json_array_append_new(trees, make_tree(&page->trees[i])) != 0)
            return false;
    }
    for (size_t i = 0; i < page->column_count; i++)
        if (json_array_append_new(views, make_view(page, &page->columns[i])) != 0)
            return false;
    return json_array_append_new(sides, make_side(&report->head->sides[SIDE_HEAD])) == 0 &&
           (!two_sides || json_array_append_new(sides, make_side(base)) == 0);
}

json_t *flame_data_make(const struct flame_page *page)
{
    json_t *sides = json_array(), *views = json_array(), *trees = json_array();
    if (sides == NULL || views == NULL || trees == NULL || !fill_lists(page, sides, views, trees)) {
        json_decref(sides);
        json_decref(views);
        json_decref(trees);
        return NULL;
    }
    return json_pack("{so so so}", "sides", sides, "views", views, "trees", trees);
}
