/* Profiles from JSON. */
#include "baselines/profile_json.h"

#include <math.h>
#include <string.h>

enum {
    STRINGS_MAX = 1 << 20,
    FRAMES_MAX = 1 << 20,
    NODES_MAX = 1 << 22,
    COSTS_MAX = 1 << 22, /* of one endpoint */
    ENDPOINTS_MAX = 10000,
    NOTES_MAX = 1000,
    NAME_MAX_BYTES = 64 * 1024, /* of a function or file: names of templates are long */
};

static bool read_figure(struct reader *reader, const json_t *value, double *out,
                        const struct json_place *place)
{
    *out = json_number_value(value);
    if (json_is_number(value) && fabs(*out) <= READER_FIGURE_LIMIT)
        return true;
    return json_fail(place, reader->err, "must be a number of at most %g", READER_FIGURE_LIMIT);
}

struct profile_reader {
    struct reader *reader;
    const json_t *object;
    const struct json_place *place;
    enum profile_kind kind;
    struct profile *profile;
    const char **strings;
    size_t string_count;
};

static bool read_strings(struct profile_reader *profile)
{
    const json_t *array = NULL;
    void *room;
    struct reader *reader = profile->reader;
    struct json_place at = json_place_key(profile->place, "strings");
    if (!reader_list(reader, profile->object, "strings", STRINGS_MAX, sizeof(char *), &array, &room,
                     profile->place))
        return false;
    profile->strings = room;
    profile->string_count = json_array_size(array);
    for (size_t i = 0; i < profile->string_count; i++) {
        const json_t *text = json_array_get(array, i);
        struct json_place element = json_place_index(&at, i);
        if (!json_is_string(text) || json_string_length(text) > NAME_MAX_BYTES)
            return json_fail(&element, reader->err, "must be a text of at most %d bytes",
                             NAME_MAX_BYTES);
        profile->strings[i] = arena_copy_string(reader->arena, json_string_value(text));
        if (profile->strings[i] == NULL)
            return error_set_memory(reader->err);
    }
    return true;
}

static const char *string_at(const struct profile_reader *profile, int64_t number)
{
    return number >= 0 ? profile->strings[number] : NULL;
}

static bool read_frames(struct profile_reader *profile)
{
    const json_t *array = NULL;
    void *room;
    int64_t cells[READER_TUPLE_MAX];
    int64_t last = (int64_t)profile->string_count - 1;
    struct reader_tuple rule = {5, -1, {last, last, UINT32_MAX, last, 1}};
    struct json_place at = json_place_key(profile->place, "frames");
    if (!reader_list(profile->reader, profile->object, "frames", FRAMES_MAX,
                     sizeof(struct profile_frame), &array, &room, profile->place))
        return false;
    struct profile_frame *frames = room;
    profile->profile->frames = frames;
    profile->profile->frame_count = json_array_size(array);
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!reader_tuple(profile->reader, json_array_get(array, i), &rule, cells, &element))
            return false;
        frames[i] = (struct profile_frame){
            string_at(profile, cells[0]), string_at(profile, cells[1]),
            cells[2] > 0 ? (uint32_t)cells[2] : 0, string_at(profile, cells[3]), cells[4] == 1};
    }
    return true;
}

/* A parent comes before its children, so there is no circle. */
static bool read_nodes(struct profile_reader *profile)
{
    const json_t *array = NULL;
    void *room;
    int64_t cells[READER_TUPLE_MAX];
    struct json_place at = json_place_key(profile->place, "nodes");
    if (!reader_list(profile->reader, profile->object, "nodes", NODES_MAX,
                     sizeof(struct profile_node), &array, &room, profile->place))
        return false;
    struct profile_node *nodes = room;
    profile->profile->nodes = nodes;
    profile->profile->node_count = json_array_size(array);
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        struct reader_tuple rule = {
            2, -1, {(int64_t)i - 1, (int64_t)profile->profile->frame_count - 1}};
        if (!reader_tuple(profile->reader, json_array_get(array, i), &rule, cells, &element))
            return false;
        if (cells[1] < 0)
            return json_fail(&element, profile->reader->err, "names no frame");
        nodes[i] = (struct profile_node){cells[0] < 0 ? PROFILE_NONE : (uint32_t)cells[0],
                                         (uint32_t)cells[1]};
    }
    return true;
}

static bool read_cost(struct profile_reader *profile, const json_t *value, int64_t least,
                      struct profile_cost *out, const struct json_place *place)
{
    size_t columns = profile_kind_info(profile->kind)->value_count;
    const json_t *node = json_array_get(value, 0);
    if (json_array_size(value) != columns + 1)
        return json_fail(place, profile->reader->err, "must be an array of %zu numbers",
                         columns + 1);
    json_int_t number = json_integer_value(node);
    if (!json_is_integer(node) || number < least ||
        number >= (json_int_t)profile->profile->node_count)
        return json_fail(place, profile->reader->err,
                         "must begin with a node's number, and they must rise");
    out->node = (uint32_t)number;
    for (size_t i = 0; i < columns; i++) {
        struct json_place at = json_place_index(place, i + 1);
        if (!read_figure(profile->reader, json_array_get(value, i + 1), &out->values[i], &at))
            return false;
    }
    return true;
}

static bool read_costs(struct profile_reader *profile, const json_t *object, const char *key,
                       const struct profile_cost **out, size_t *count,
                       const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, key);
    if (!reader_list(profile->reader, object, key, COSTS_MAX, sizeof **out, &array, &room, place))
        return false;
    struct profile_cost *costs = room;
    int64_t least = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_cost(profile, json_array_get(array, i), least, &costs[i], &element))
            return false;
        least = (int64_t)costs[i].node + 1;
    }
    *out = costs;
    *count = json_array_size(array);
    return true;
}

static bool read_call(struct profile_reader *profile, const json_t *value, struct profile_call *out,
                      const struct json_place *place)
{
    int64_t ends[2];
    int64_t last = (int64_t)profile->profile->frame_count - 1;
    if (json_array_size(value) != 4)
        return json_fail(place, profile->reader->err, "must be an array of 4 numbers");
    for (size_t i = 0; i < 2; i++) {
        const json_t *end = json_array_get(value, i);
        struct json_place at = json_place_index(place, i);
        ends[i] = json_integer_value(end);
        if (!json_is_integer(end) || ends[i] < 0 || ends[i] > last)
            return json_fail(&at, profile->reader->err, "must be a frame's number");
    }
    struct json_place third = json_place_index(place, 2), fourth = json_place_index(place, 3);
    out->from = (uint32_t)ends[0];
    out->to = (uint32_t)ends[1];
    return read_figure(profile->reader, json_array_get(value, 2), &out->calls, &third) &&
           read_figure(profile->reader, json_array_get(value, 3), &out->instructions, &fourth);
}

static bool read_calls(struct profile_reader *profile, const json_t *object,
                       struct profile_endpoint *out, const struct json_place *place)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(place, "calls");
    if (json_object_get(object, "calls") == NULL)
        return true;
    if (profile->kind != PROFILE_LINES)
        return json_fail(&at, profile->reader->err, "only a profile of lines has calls");
    if (!reader_list(profile->reader, object, "calls", COSTS_MAX, sizeof(struct profile_call),
                     &array, &room, place))
        return false;
    struct profile_call *calls = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_place element = json_place_index(&at, i);
        if (!read_call(profile, json_array_get(array, i), &calls[i], &element))
            return false;
    }
    out->calls = calls;
    out->call_count = json_array_size(array);
    return true;
}

static bool read_endpoints(struct profile_reader *profile)
{
    static const char *const keys[] = {"endpoint", "requests", "costs", "calls", NULL};
    struct reader *reader = profile->reader;
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(profile->place, "endpoints");
    if (!reader_list(reader, profile->object, "endpoints", ENDPOINTS_MAX,
                     sizeof(struct profile_endpoint), &array, &room, profile->place))
        return false;
    struct profile_endpoint *endpoints = room;
    profile->profile->endpoints = endpoints;
    profile->profile->endpoint_count = json_array_size(array);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *one = json_array_get(array, i);
        struct profile_endpoint *out = &endpoints[i];
        struct json_place element = json_place_index(&at, i);
        if (!reader_object(reader, one, &element) ||
            !json_only_keys(one, keys, &element, reader->err) ||
            !reader_name(reader, one, "endpoint", &out->name, &element) ||
            !reader_count(reader, one, "requests", &out->requests, &element) ||
            !read_costs(profile, one, "costs", &out->costs, &out->cost_count, &element) ||
            !read_calls(profile, one, out, &element))
            return false;
    }
    return true;
}

static bool read_error_nodes(struct profile_reader *profile)
{
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(profile->place, "error_nodes");
    if (!reader_list(profile->reader, profile->object, "error_nodes", NODES_MAX, sizeof(uint32_t),
                     &array, &room, profile->place))
        return false;
    uint32_t *nodes = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        struct json_place element = json_place_index(&at, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            json_integer_value(value) >= (json_int_t)profile->profile->node_count)
            return json_fail(&element, profile->reader->err, "must be a node's number");
        nodes[i] = (uint32_t)json_integer_value(value);
    }
    profile->profile->error_nodes = nodes;
    profile->profile->error_node_count = json_array_size(array);
    return true;
}

static bool read_remarks(struct profile_reader *profile)
{
    struct reader *reader = profile->reader;
    struct profile *out = profile->profile;
    const json_t *array = NULL;
    void *room;
    struct json_place at = json_place_key(profile->place, "notes");
    if (!read_error_nodes(profile) ||
        !json_get_number(profile->object, "rate_hz", JSON_REQUIRED, 0, READER_FIGURE_LIMIT,
                         &out->rate_hz, profile->place, reader->err) ||
        !reader_count(reader, profile->object, "lost", &out->lost, profile->place) ||
        !reader_count(reader, profile->object, "unresolved", &out->unresolved, profile->place) ||
        !reader_list(reader, profile->object, "notes", NOTES_MAX, sizeof(char *), &array, &room,
                     profile->place))
        return false;
    const char **notes = room;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *text = json_array_get(array, i);
        struct json_place element = json_place_index(&at, i);
        if (!json_is_string(text) || json_string_length(text) > READER_LINE_MAX)
            return json_fail(&element, reader->err, "must be a text of at most %d bytes",
                             READER_LINE_MAX);
        notes[i] = arena_copy_string(reader->arena, json_string_value(text));
        if (notes[i] == NULL)
            return error_set_memory(reader->err);
    }
    out->notes = notes;
    out->note_count = json_array_size(array);
    return true;
}

static bool read_profile(struct reader *reader, const json_t *object, enum profile_kind kind,
                         struct profile *out, const struct json_place *place)
{
    static const char *const missing_keys[] = {"missing", NULL};
    static const char *const keys[] = {"strings",    "frames",      "nodes",   "endpoints",
                                       "start",      "error_nodes", "rate_hz", "lost",
                                       "unresolved", "notes",       NULL};
    struct profile_reader profile = {
        .reader = reader, .object = object, .place = place, .kind = kind, .profile = out};
    if (json_object_get(object, "missing") != NULL)
        return json_only_keys(object, missing_keys, place, reader->err) &&
               reader_text(reader, object, "missing", JSON_REQUIRED, READER_LINE_MAX, &out->missing,
                           place);
    out->present = true;
    return json_only_keys(object, keys, place, reader->err) && read_strings(&profile) &&
           read_frames(&profile) && read_nodes(&profile) && read_endpoints(&profile) &&
           read_costs(&profile, object, "start", &out->start, &out->start_count, place) &&
           read_remarks(&profile);
}

bool profile_json_read(struct reader *reader, const json_t *root, struct run *run,
                       const struct json_place *place)
{
    static const char *const sides[] = {"head", "base", NULL};
    const char *kinds[PROFILE_KIND_COUNT + 1] = {0};
    const json_t *profiles = NULL;
    struct json_place at = json_place_key(place, "profiles");
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++)
        kinds[kind] = profile_kind_info((enum profile_kind)kind)->key;
    if (!json_get_object(root, "profiles", JSON_OPTIONAL, &profiles, place, reader->err) ||
        (profiles != NULL && !json_only_keys(profiles, sides, &at, reader->err)))
        return false;
    for (size_t side = 0; side < SIDE_COUNT && profiles != NULL; side++) {
        const json_t *one = NULL;
        struct json_place side_at = json_place_key(&at, sides[side]);
        if (!json_get_object(profiles, sides[side], JSON_OPTIONAL, &one, &at, reader->err) ||
            (one != NULL && !json_only_keys(one, kinds, &side_at, reader->err)))
            return false;
        for (unsigned kind = 0; kind < PROFILE_KIND_COUNT && one != NULL; kind++) {
            const json_t *object = NULL;
            struct json_place profile_at = json_place_key(&side_at, kinds[kind]);
            if (!json_get_object(one, kinds[kind], JSON_OPTIONAL, &object, &side_at, reader->err) ||
                (object != NULL && !read_profile(reader, object, (enum profile_kind)kind,
                                                 &run->profiles[kind][side], &profile_at)))
                return false;
        }
    }
    return true;
}
