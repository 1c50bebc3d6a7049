#include "rig/lines_result.h"

#include "baselines/profile_builder.h"
#include "rig/lines_fold.h"
#include "rig/source_files.h"

#include <stdlib.h>
#include <string.h>

/* Who reached a node. */
enum { BY_START = 1, BY_REQUEST = 2, BY_ERROR = 4, BY_WARM_UP = 8, BY_UNMEASURED = 16 };

/* Executions a request of a line that only unmeasured requests reach: few, and more than none. */
#define SEEN_HITS 0.001

struct node_state {
    unsigned reached;
    int endpoint;                       /* of the first unmeasured request that reached it */
    double warm_up[PROFILE_VALUES_MAX]; /* what the first requests spent on it */
};

struct lines_result {
    struct bench *bench;
    enum side side;
    struct arena arena;
    struct source_files files;
    struct symbols *symbols;
    struct symbols_map *map;
    struct callgrind_profile *profile;
    struct profile_builder *builder;
    struct lines_places *places;
    struct node_state *nodes;
    size_t node_count;
};

bool lines_result_new(struct lines_result **out, struct bench *bench, enum side side,
                      struct error *err)
{
    const struct run *run = bench->run;
    struct lines_result *result = calloc(1, sizeof *result);
    *out = result;
    if (result == NULL)
        return error_set_memory(err);
    result->bench = bench;
    result->side = side;
    arena_init(&result->arena);
    const char **names = arena_alloc_array(&result->arena, run->endpoint_count, sizeof *names);
    if (names == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < run->endpoint_count; e++)
        names[e] = run->endpoints[e].name;
    return profile_builder_new(&result->builder, PROFILE_LINES, names, run->endpoint_count, err) &&
           callgrind_profile_new(&result->profile, err) &&
           source_files_read(&result->files, bench->sides[side].source.folder, bench->interrupt,
                             &result->arena, err) &&
           symbols_new(&result->symbols, result->files.root, result->files.tracked, err);
}

void lines_result_free(struct lines_result *result)
{
    if (result == NULL)
        return;
    lines_places_free(result->places);
    symbols_map_free(result->map);
    symbols_free(result->symbols);
    callgrind_profile_free(result->profile);
    profile_builder_free(result->builder);
    free(result->nodes);
    arena_release(&result->arena);
    free(result);
}

struct callgrind_profile *lines_result_profile(const struct lines_result *result)
{
    return result->profile;
}

bool lines_result_begin(struct lines_result *result, pid_t pid, struct error *err)
{
    struct error ignored = {0};
    /* Only for what callgrind knows no file of: without the map that has no name. */
    if (!symbols_map_read(&result->map, result->symbols, pid, &ignored))
        result->map = NULL;
    return lines_places_new(&result->places, result->builder, result->profile, result->symbols,
                            result->map, err);
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* NULL when out of memory. */
static struct node_state *state_of(struct lines_result *result, uint32_t node)
{
    if (node >= result->node_count) {
        size_t wanted = 2 * (size_t)node + 64;
        struct node_state *grown = reallocarray(result->nodes, wanted, sizeof *grown);
        if (grown == NULL)
            return NULL;
        memset(grown + result->node_count, 0, (wanted - result->node_count) * sizeof *grown);
        result->nodes = grown;
        result->node_count = wanted;
    }
    return &result->nodes[node];
}

/* Adds the sums times `factor` for the endpoint. */
static bool add_sums(struct lines_result *result, const struct lines_sums *sums, int endpoint,
                     double factor, unsigned reached)
{
    for (size_t i = 0; i < sums->count; i++) {
        const struct lines_sum *sum = &sums->items[i];
        double values[PROFILE_VALUES_MAX];
        struct node_state *state;
        if (sum->node == PROFILE_NONE || (state = state_of(result, sum->node)) == NULL)
            return false;
        /* A call that is under way has a cost, and its line is not executed again. */
        if (reached == BY_UNMEASURED && sum->values[LINES_HITS] <= 0)
            continue;
        state->reached |= reached;
        for (size_t v = 0; v < PROFILE_VALUES_MAX; v++)
            values[v] = sum->values[v] * factor;
        if (reached == BY_WARM_UP)
            for (size_t v = 0; v < PROFILE_VALUES_MAX; v++)
                state->warm_up[v] += values[v];
        else if (reached == BY_UNMEASURED)
            state->endpoint = endpoint;
        else
            profile_builder_add(result->builder, endpoint, sum->node, values);
    }
    bool charged = reached != BY_WARM_UP && reached != BY_UNMEASURED;
    for (size_t i = 0; charged && i < sums->call_count; i++) {
        struct profile_call call = sums->calls[i];
        call.calls *= factor;
        call.instructions *= factor;
        profile_builder_add_call(result->builder, endpoint, &call);
    }
    return true;
}

static bool add_part(struct lines_result *result, const struct lines_part *part, int endpoint,
                     double factor, unsigned reached, struct error *err)
{
    struct lines_sums sums;
    if (!interrupt_check(result->bench->interrupt, err) ||
        !lines_fold(part, result->places, &sums, err))
        return false;
    bool ok = add_sums(result, &sums, endpoint, factor, reached) || error_set_memory(err);
    lines_sums_release(&sums);
    return ok;
}

bool lines_result_add_start(struct lines_result *result, const struct lines_part *part,
                            struct error *err)
{
    return add_part(result, part, PROFILE_START, 1, BY_START, err);
}

bool lines_result_add_warm_up(struct lines_result *result, const struct lines_part *part,
                              struct error *err)
{
    return add_part(result, part, PROFILE_START, 1, BY_WARM_UP, err);
}

bool lines_result_add_unmeasured(struct lines_result *result, size_t endpoint,
                                 const struct lines_part *part, struct error *err)
{
    return add_part(result, part, (int)endpoint, 1, BY_UNMEASURED, err);
}

bool lines_result_add_group(struct lines_result *result, const struct lines_group *group,
                            const struct lines_played *played, struct error *err)
{
    if (played->requests == 0)
        return true;
    int endpoint = (int)group->endpoint;
    profile_builder_add_requests(result->builder, endpoint, played->requests);
    return add_part(result, &played->part, endpoint, group->share / (double)played->requests,
                    group->error ? BY_ERROR : BY_REQUEST, err);
}

/* ---- into the run --------------------------------------------------------------------------- */

static void finish_nodes(struct lines_result *result)
{
    for (size_t node = 0; node < result->node_count; node++) {
        const struct node_state *state = &result->nodes[node];
        bool measured = (state->reached & (BY_ERROR | BY_REQUEST)) != 0;
        if (!measured && (state->reached & BY_UNMEASURED) != 0)
            profile_builder_add(result->builder, state->endpoint, (uint32_t)node,
                                (const double[PROFILE_VALUES_MAX]){[LINES_HITS] = SEEN_HITS});
        else if (state->reached == BY_WARM_UP)
            profile_builder_add(result->builder, PROFILE_START, (uint32_t)node, state->warm_up);
        if ((state->reached & (BY_ERROR | BY_REQUEST)) == BY_ERROR)
            profile_builder_add_error_node(result->builder, (uint32_t)node);
    }
}

/* Whether the path lies in the tree. */
static bool is_below(const char *path, const char *root)
{
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && path[length] == '/';
}

/* Why functions of the gateway's own programs have no lines. Libraries of the system are not
 * expected to have any. */
static void note_objects(struct lines_result *result)
{
    size_t count;
    const struct lines_object *objects = lines_places_objects(result->places, &count);
    for (size_t i = 0; i < count; i++) {
        const char *why = symbols_object_why(objects[i].object);
        if (why != NULL && is_below(objects[i].path, result->files.root))
            profile_builder_add_note(result->builder, "%s: %s",
                                     symbols_object_name(objects[i].object), why);
    }
}

static void note_play(struct lines_result *result, const struct lines_play *play)
{
    if (play->truncated != 0)
        profile_builder_add_note(result->builder,
                                 "a dump of callgrind was cut off (process %ld): lines after the "
                                 "cut are missing, and counts are too low",
                                 (long)play->truncated);
    if (play->forked)
        profile_builder_add_note(result->builder,
                                 "the gateway runs in several processes: one that was forked from "
                                 "another brings what that had executed into its start");
    if (play->multiplies)
        profile_builder_add_note(result->builder,
                                 "the gateway starts processes while it answers: what it executed "
                                 "before it did counts for them, too");
    if (play->blind > 0)
        profile_builder_add_note(result->builder,
                                 "%zu of the gateway's processes do not run under valgrind: their "
                                 "lines are not seen",
                                 play->blind);
    if (play->restless)
        profile_builder_add_note(result->builder,
                                 "the gateway also runs between requests, or its requests cost "
                                 "differently each time: the sum over lines and the instructions "
                                 "of the exact pass differ");
}

static void note_stale(struct lines_result *result, const struct source_tree *tree)
{
    const struct source_file *first = NULL;
    size_t stale = 0;
    for (size_t i = 0; i < tree->file_count; i++) {
        if (!tree->files[i].stale)
            continue;
        first = first != NULL ? first : &tree->files[i];
        stale++;
    }
    if (stale > 0)
        profile_builder_add_note(result->builder,
                                 "%zu source file%s changed after the build (%s%s): line numbers "
                                 "are those of the build",
                                 stale, stale == 1 ? "" : "s", first->path,
                                 stale == 1 ? "" : ", ...");
}

static bool read_sources(struct lines_result *result, struct source_tree *tree, struct error *err)
{
    size_t count;
    const struct lines_object *found = lines_places_objects(result->places, &count);
    struct symbols_object **objects = arena_alloc_array(&result->arena, count, sizeof(void *));
    if (objects == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        objects[i] = found[i].object;
    return symbols_read_sources(result->symbols, objects, count, &result->bench->run->arena, tree,
                                err);
}

bool lines_result_finish(struct lines_result *result, const struct lines_play *play,
                         struct error *err)
{
    struct run *run = result->bench->run;
    struct source_tree *tree = &run->sources[result->side];
    struct profile *profile = &run->profiles[PROFILE_LINES][result->side];
    if (!read_sources(result, tree, err))
        return false;
    finish_nodes(result);
    note_play(result, play);
    note_objects(result);
    note_stale(result, tree);
    return profile_builder_finish(result->builder, &run->arena, profile, err);
}
