/* Profiles and sources as JSON. */
#include "baselines/profile_json.h"

#include "base/hash.h"

#include <math.h>

/* Strings by their address: in a profile from the builder or the reader equal ones are one, and
 * where they are not, a string is only written twice. */
struct string_entry {
    const char *text;
    json_int_t number;
    UT_hash_handle hh;
};

struct strings {
    struct writer *writer;
    struct arena arena;
    struct string_entry *entries;
    json_t *array; /* borrowed */
};

static json_int_t string_number(struct strings *strings, const char *text)
{
    struct string_entry *entry = NULL;
    if (text == NULL)
        return -1;
    HASH_FIND_PTR(strings->entries, &text, entry);
    if (entry != NULL)
        return entry->number;
    entry = arena_alloc(&strings->arena, sizeof *entry);
    if (entry != NULL) {
        entry->text = text;
        entry->number = (json_int_t)json_array_size(strings->array);
        HASH_ADD_PTR(strings->entries, text, entry);
    }
    if (entry == NULL || entry->hh.tbl == NULL) {
        strings->writer->failed = true;
        return -1;
    }
    writer_append(strings->writer, strings->array, writer_text(strings->writer, text));
    return entry->number;
}

static void add(struct writer *writer, json_t *array, json_int_t value)
{
    writer_append(writer, array, writer_integer(writer, value));
}

static json_int_t number_or_none(uint32_t value)
{
    return value == PROFILE_NONE ? -1 : (json_int_t)value;
}

static json_t *make_frames(struct strings *strings, const struct profile *profile)
{
    struct writer *writer = strings->writer;
    json_t *frames = writer_keep(writer, json_array());
    for (size_t i = 0; i < profile->frame_count && !writer->failed; i++) {
        const struct profile_frame *frame = &profile->frames[i];
        json_t *one = writer_keep(writer, json_array());
        add(writer, one, string_number(strings, frame->function));
        add(writer, one, string_number(strings, frame->file));
        add(writer, one, frame->line);
        add(writer, one, string_number(strings, frame->object));
        add(writer, one, frame->own ? 1 : 0);
        writer_append(writer, frames, one);
    }
    return frames;
}

static json_t *make_nodes(struct writer *writer, const struct profile *profile)
{
    json_t *nodes = writer_keep(writer, json_array());
    for (size_t i = 0; i < profile->node_count && !writer->failed; i++) {
        json_t *one = writer_keep(writer, json_array());
        add(writer, one, number_or_none(profile->nodes[i].parent));
        add(writer, one, profile->nodes[i].frame);
        writer_append(writer, nodes, one);
    }
    return nodes;
}

static json_t *make_costs(struct writer *writer, enum profile_kind kind,
                          const struct profile_cost *costs, size_t count)
{
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < count && !writer->failed; i++) {
        json_t *one = writer_keep(writer, json_array());
        add(writer, one, costs[i].node);
        for (size_t v = 0; v < profile_kind_info(kind)->value_count; v++)
            writer_append(writer, one, writer_exact(writer, costs[i].values[v]));
        writer_append(writer, array, one);
    }
    return array;
}

static json_t *make_calls(struct writer *writer, const struct profile_endpoint *endpoint)
{
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < endpoint->call_count && !writer->failed; i++) {
        const struct profile_call *call = &endpoint->calls[i];
        json_t *one = writer_keep(writer, json_array());
        add(writer, one, call->from);
        add(writer, one, call->to);
        writer_append(writer, one, writer_exact(writer, call->calls));
        writer_append(writer, one, writer_exact(writer, call->instructions));
        writer_append(writer, array, one);
    }
    return array;
}

static json_t *make_endpoints(struct writer *writer, enum profile_kind kind,
                              const struct profile *profile)
{
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < profile->endpoint_count && !writer->failed; i++) {
        const struct profile_endpoint *endpoint = &profile->endpoints[i];
        json_t *one = writer_keep(writer, json_object());
        writer_put(writer, one, "endpoint", writer_text(writer, endpoint->name));
        writer_put(writer, one, "requests", writer_integer(writer, endpoint->requests));
        writer_put(writer, one, "costs",
                   make_costs(writer, kind, endpoint->costs, endpoint->cost_count));
        if (endpoint->call_count > 0)
            writer_put(writer, one, "calls", make_calls(writer, endpoint));
        writer_append(writer, array, one);
    }
    return array;
}

static void put_remarks(struct writer *writer, json_t *object, const struct profile *profile)
{
    json_t *notes = writer_keep(writer, json_array());
    json_t *errors = writer_keep(writer, json_array());
    for (size_t i = 0; i < profile->note_count; i++)
        writer_append(writer, notes, writer_text(writer, profile->notes[i]));
    for (size_t i = 0; i < profile->error_node_count && !writer->failed; i++)
        add(writer, errors, profile->error_nodes[i]);
    writer_put(writer, object, "error_nodes", errors);
    writer_put(writer, object, "rate_hz", writer_quantity(writer, profile->rate_hz));
    writer_put(writer, object, "lost", writer_integer(writer, profile->lost));
    writer_put(writer, object, "unresolved", writer_integer(writer, profile->unresolved));
    writer_put(writer, object, "notes", notes);
}

static json_t *make_profile(struct writer *writer, enum profile_kind kind,
                            const struct profile *profile)
{
    struct strings strings = {.writer = writer};
    json_t *object = writer_keep(writer, json_object());
    if (!profile->present) {
        writer_put(writer, object, "missing", writer_text(writer, profile->missing));
        return object;
    }
    arena_init(&strings.arena);
    strings.array = writer_keep(writer, json_array());
    writer_put(writer, object, "strings", strings.array);
    writer_put(writer, object, "frames", make_frames(&strings, profile));
    HASH_CLEAR(hh, strings.entries);
    arena_release(&strings.arena);
    writer_put(writer, object, "nodes", make_nodes(writer, profile));
    writer_put(writer, object, "endpoints", make_endpoints(writer, kind, profile));
    writer_put(writer, object, "start",
               make_costs(writer, kind, profile->start, profile->start_count));
    put_remarks(writer, object, profile);
    return object;
}

static void put_profiles(struct writer *writer, json_t *root, const struct run *run)
{
    static const char *const names[SIDE_COUNT] = {"head", "base"};
    json_t *profiles = writer_keep(writer, json_object());
    for (size_t side = 0; side < SIDE_COUNT; side++) {
        json_t *one = writer_keep(writer, json_object());
        for (unsigned kind = 0; kind < PROFILE_KIND_COUNT && !writer->failed; kind++) {
            const struct profile *profile = &run->profiles[kind][side];
            if (profile->present || profile->missing != NULL)
                writer_put(writer, one, profile_kind_info((enum profile_kind)kind)->key,
                           make_profile(writer, (enum profile_kind)kind, profile));
        }
        if (json_object_size(one) > 0)
            writer_put(writer, profiles, names[side], one);
        else
            json_decref(one);
    }
    if (json_object_size(profiles) > 0)
        writer_put(writer, root, "profiles", profiles);
    else
        json_decref(profiles);
}

/* Lines that follow each other are written as [first, how many]. */
static json_t *make_lines(struct writer *writer, const struct source_file *file)
{
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0, next; i < file->line_count && !writer->failed; i = next) {
        json_t *one = writer_keep(writer, json_array());
        for (next = i + 1;
             next < file->line_count && file->lines[next] == file->lines[next - 1] + 1;)
            next++;
        add(writer, one, file->lines[i]);
        add(writer, one, (json_int_t)(next - i));
        writer_append(writer, array, one);
    }
    return array;
}

static json_t *make_functions(struct writer *writer, const struct source_file *file)
{
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < file->function_count && !writer->failed; i++) {
        json_t *one = writer_keep(writer, json_array());
        writer_append(writer, one, writer_text(writer, file->functions[i].name));
        add(writer, one, file->functions[i].line);
        add(writer, one, file->functions[i].last_line);
        writer_append(writer, array, one);
    }
    return array;
}

static json_t *make_tree(struct writer *writer, const struct source_tree *tree)
{
    json_t *array = writer_keep(writer, json_array());
    for (size_t i = 0; i < tree->file_count && !writer->failed; i++) {
        const struct source_file *file = &tree->files[i];
        json_t *one = writer_keep(writer, json_object());
        writer_put(writer, one, "path", writer_text(writer, file->path));
        writer_put(writer, one, "hash", writer_text(writer, file->hash));
        if (file->stale)
            writer_put(writer, one, "stale", json_true());
        writer_put(writer, one, "lines", make_lines(writer, file));
        writer_put(writer, one, "functions", make_functions(writer, file));
        writer_append(writer, array, one);
    }
    return array;
}

static void put_sources(struct writer *writer, json_t *root, const struct run *run)
{
    if (run->sources[SIDE_HEAD].file_count + run->sources[SIDE_BASE].file_count == 0)
        return;
    json_t *sources = writer_keep(writer, json_object());
    writer_put(writer, sources, "head", make_tree(writer, &run->sources[SIDE_HEAD]));
    writer_put(writer, sources, "base", make_tree(writer, &run->sources[SIDE_BASE]));
    writer_put(writer, root, "sources", sources);
}

static json_t *make_change(struct writer *writer, const struct source_change *change)
{
    json_t *object = writer_keep(writer, json_object());
    json_t *hunks = writer_keep(writer, json_array());
    for (size_t i = 0; i < change->hunk_count && !writer->failed; i++) {
        json_t *one = writer_keep(writer, json_array());
        add(writer, one, change->hunks[i].base_line);
        add(writer, one, change->hunks[i].base_count);
        add(writer, one, change->hunks[i].head_line);
        add(writer, one, change->hunks[i].head_count);
        writer_append(writer, hunks, one);
    }
    writer_put(writer, object, "base", writer_text(writer, change->base_path));
    writer_put(writer, object, "head", writer_text(writer, change->head_path));
    writer_put(writer, object, "hunks", hunks);
    return object;
}

void profile_json_put(struct writer *writer, json_t *root, const struct run *run)
{
    put_profiles(writer, root, run);
    put_sources(writer, root, run);
    if (!run->source_changes_known)
        return;
    json_t *changes = writer_keep(writer, json_array());
    for (size_t i = 0; i < run->source_change_count && !writer->failed; i++)
        writer_append(writer, changes, make_change(writer, &run->source_changes[i]));
    writer_put(writer, root, "source_changes", changes);
}
