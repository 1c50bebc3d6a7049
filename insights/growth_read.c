#include "insights/growth_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct side_reader {
    struct growth_side *side;
    const struct growth_source *source;
    struct arena *arena;
    bool *used;            /* by frame: of this endpoint */
    uint32_t *line_of;     /* by frame */
    uint32_t *function_of; /* by frame */
    uint32_t *node_of;     /* with ways: by the profile's node; else by frame */
    uint32_t *sorted;      /* the used frames */
    size_t sorted_count;
};

static uint32_t *make_numbers(const struct side_reader *reader, size_t count)
{
    uint32_t *numbers = arena_alloc_array(reader->arena, count + 1, sizeof *numbers);
    if (numbers != NULL)
        memset(numbers, 0xff, (count + 1) * sizeof *numbers);
    return numbers;
}

static bool make_room(struct side_reader *reader)
{
    const struct profile *profile = reader->source->profile;
    size_t nodes = reader->source->stacks ? profile->node_count : profile->frame_count;
    reader->used = arena_alloc_array(reader->arena, profile->frame_count + 1, sizeof(bool));
    reader->line_of = make_numbers(reader, profile->frame_count);
    reader->function_of = make_numbers(reader, profile->frame_count);
    reader->node_of = make_numbers(reader, nodes);
    reader->sorted = make_numbers(reader, profile->frame_count);
    return reader->used != NULL && reader->line_of != NULL && reader->function_of != NULL &&
           reader->node_of != NULL && reader->sorted != NULL;
}

/* Numbers the nodes that the endpoint's costs lie at or below, in their order. */
static void number_nodes(struct side_reader *reader)
{
    const struct profile *profile = reader->source->profile;
    const struct profile_endpoint *endpoint = reader->source->endpoint;
    for (size_t i = 0; i < endpoint->cost_count; i++)
        reader->node_of[endpoint->costs[i].node] = 0;
    for (size_t n = profile->node_count; n-- > 0;)
        if (reader->node_of[n] != GROWTH_NONE && profile->nodes[n].parent != PROFILE_NONE)
            reader->node_of[profile->nodes[n].parent] = 0;
    for (size_t n = 0; n < profile->node_count; n++) {
        if (reader->node_of[n] == GROWTH_NONE)
            continue;
        reader->node_of[n] = (uint32_t)reader->side->node_count++;
        reader->used[profile->nodes[n].frame] = true;
    }
}

/* Without ways, a frame is a node. */
static void number_frames(struct side_reader *reader)
{
    const struct profile *profile = reader->source->profile;
    const struct profile_endpoint *endpoint = reader->source->endpoint;
    for (size_t i = 0; i < endpoint->cost_count; i++)
        reader->used[profile->nodes[endpoint->costs[i].node].frame] = true;
    for (size_t i = 0; i < endpoint->call_count; i++) {
        reader->used[endpoint->calls[i].from] = true;
        reader->used[endpoint->calls[i].to] = true;
    }
    for (size_t f = 0; f < profile->frame_count; f++)
        if (reader->used[f])
            reader->node_of[f] = (uint32_t)reader->side->node_count++;
}

static int by_line(const void *left, const void *right, void *frames)
{
    const struct profile_frame *const *all = frames;
    const uint32_t *a = left, *b = right;
    return growth_line_order(&(*all)[*a], &(*all)[*b]);
}

static int by_function(const void *left, const void *right, void *frames)
{
    const struct profile_frame *const *all = frames;
    const uint32_t *a = left, *b = right;
    return growth_function_order(&(*all)[*a], &(*all)[*b]);
}

static void sort_frames(struct side_reader *reader,
                        int (*order)(const void *, const void *, void *))
{
    const struct profile_frame *frames = reader->source->profile->frames;
    reader->sorted_count = 0;
    for (size_t f = 0; f < reader->source->profile->frame_count; f++)
        if (reader->used[f])
            reader->sorted[reader->sorted_count++] = (uint32_t)f;
    qsort_r(reader->sorted, reader->sorted_count, sizeof *reader->sorted, order, &frames);
}

static bool make_lines(struct side_reader *reader)
{
    const struct profile_frame *frames = reader->source->profile->frames, *last = NULL;
    struct growth_side *side = reader->side;
    sort_frames(reader, by_line);
    side->lines = arena_alloc_array(reader->arena, reader->sorted_count + 1, sizeof *side->lines);
    if (side->lines == NULL)
        return false;
    for (size_t i = 0; i < reader->sorted_count; i++) {
        const struct profile_frame *frame = &frames[reader->sorted[i]];
        if (last == NULL || growth_line_order(last, frame) != 0)
            side->lines[side->line_count++] =
                (struct growth_line){.place = *frame, .partner = GROWTH_NONE, .hunk = GROWTH_NONE};
        last = frame;
        side->lines[side->line_count - 1].place.own |= frame->own;
        reader->line_of[reader->sorted[i]] = (uint32_t)side->line_count - 1;
    }
    return true;
}

/* Where a function begins, as the source tree has it. */
static uint32_t find_first_line(const struct source_tree *sources,
                                const struct profile_frame *place)
{
    if (!place->own || place->file == NULL || place->function == NULL)
        return 0;
    const struct source_file *file = source_tree_file(sources, place->file);
    for (size_t i = 0; file != NULL && i < file->function_count; i++)
        if (growth_name_order(file->functions[i].name, place->function) == 0)
            return file->functions[i].line;
    return 0;
}

static bool make_functions(struct side_reader *reader)
{
    const struct profile_frame *frames = reader->source->profile->frames, *last = NULL;
    struct growth_side *side = reader->side;
    sort_frames(reader, by_function);
    side->functions =
        arena_alloc_array(reader->arena, reader->sorted_count + 1, sizeof *side->functions);
    if (side->functions == NULL)
        return false;
    for (size_t i = 0; i < reader->sorted_count; i++) {
        const struct profile_frame *frame = &frames[reader->sorted[i]];
        if (last == NULL || growth_function_order(last, frame) != 0) {
            struct growth_function *made = &side->functions[side->function_count++];
            *made =
                (struct growth_function){.place = *frame, .partner = GROWTH_NONE, .inclusive = NAN};
            made->place.line = find_first_line(side->sources, frame);
        }
        last = frame;
        side->functions[side->function_count - 1].place.own |= frame->own;
        reader->function_of[reader->sorted[i]] = (uint32_t)side->function_count - 1;
    }
    return true;
}

static void set_node(struct side_reader *reader, uint32_t number, uint32_t parent, uint32_t frame)
{
    reader->side->nodes[number] =
        (struct growth_node){parent, reader->line_of[frame], reader->function_of[frame], 0};
}

static bool make_nodes(struct side_reader *reader)
{
    const struct profile *profile = reader->source->profile;
    struct growth_side *side = reader->side;
    side->nodes = arena_alloc_array(reader->arena, side->node_count + 1, sizeof *side->nodes);
    if (side->nodes == NULL)
        return false;
    for (size_t n = 0; side->stacks && n < profile->node_count; n++) {
        uint32_t parent = profile->nodes[n].parent;
        if (reader->node_of[n] != GROWTH_NONE)
            set_node(reader, reader->node_of[n],
                     parent != PROFILE_NONE ? reader->node_of[parent] : GROWTH_NONE,
                     profile->nodes[n].frame);
    }
    for (size_t f = 0; !side->stacks && f < profile->frame_count; f++)
        if (reader->used[f])
            set_node(reader, reader->node_of[f], GROWTH_NONE, (uint32_t)f);
    return true;
}

/* A line that several functions hold is shown as that of the one which spends most there. */
static bool add_costs(struct side_reader *reader)
{
    const struct profile_endpoint *endpoint = reader->source->endpoint;
    struct growth_side *side = reader->side;
    double *most = arena_alloc_array(reader->arena, side->line_count + 1, sizeof *most);
    if (most == NULL)
        return false;
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        const struct profile_cost *cost = &endpoint->costs[i];
        double value = cost->values[reader->source->value];
        uint32_t frame = reader->source->profile->nodes[cost->node].frame;
        struct growth_node *node = &side->nodes[reader->node_of[side->stacks ? cost->node : frame]];
        struct growth_line *line = &side->lines[node->line];
        node->cost += value;
        line->self += value;
        if (!side->stacks)
            line->inclusive += cost->values[LINES_INCLUSIVE];
        if (value > most[node->line]) {
            most[node->line] = value;
            line->place.function = reader->source->profile->frames[frame].function;
            line->place.object = reader->source->profile->frames[frame].object;
        }
        side->functions[node->function].self += value;
        side->total += value;
    }
    return true;
}

static bool make_calls(struct side_reader *reader)
{
    const struct profile_endpoint *endpoint = reader->source->endpoint;
    struct growth_side *side = reader->side;
    side->calls = arena_alloc_array(reader->arena, endpoint->call_count + 1, sizeof *side->calls);
    if (side->calls == NULL)
        return false;
    for (size_t i = 0; !side->stacks && i < endpoint->call_count; i++) {
        const struct profile_call *call = &endpoint->calls[i];
        side->calls[side->call_count++] = (struct growth_call){
            reader->node_of[call->from], reader->function_of[call->to], call->instructions};
    }
    return true;
}

bool growth_side_read(struct growth_side *side, const struct growth_source *source,
                      struct arena *arena, struct error *err)
{
    struct side_reader reader = {.side = side, .source = source, .arena = arena};
    *side = (struct growth_side){.sources = source->sources, .stacks = source->stacks};
    if (source->endpoint == NULL)
        return true;
    if (!make_room(&reader))
        return error_set_memory(err);
    if (source->stacks)
        number_nodes(&reader);
    else
        number_frames(&reader);
    if (!make_lines(&reader) || !make_functions(&reader) || !make_nodes(&reader) ||
        !add_costs(&reader) || !make_calls(&reader))
        return error_set_memory(err);
    return growth_add_inclusive(side, arena, err);
}
