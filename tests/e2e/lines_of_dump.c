/* What tollgate makes of callgrind's dumps, for tests to hold against what others say:
 *
 *     lines_of_dump ROOT DUMP...
 *
 * Prints "hit PATH LINE HITS INSTRUCTIONS" for each own source line that was executed, "line PATH
 * LINE" for each that instructions were generated for; tabs between. */
#include "rig/lines_fold.h"

#include "baselines/run.h"

#include <stdio.h>

struct tool {
    struct run run;
    struct callgrind_profile *dump;
    struct profile_builder *builder;
    struct symbols *symbols;
    struct lines_places *places;
    struct lines_part part;
    struct lines_sums sums;
};

static bool read_dumps(struct tool *tool, char *const *paths, struct error *err)
{
    if (!callgrind_profile_new(&tool->dump, err))
        return false;
    for (size_t i = 0; paths[i] != NULL; i++)
        if (!callgrind_profile_read(tool->dump, paths[i], NULL, err))
            return false;
    return lines_part_copy(&tool->part, tool->dump, err);
}

static bool fold(struct tool *tool, const char *root, struct error *err)
{
    static const char *const names[] = {"all"};
    if (!symbols_new(&tool->symbols, root, NULL, err) ||
        !profile_builder_new(&tool->builder, PROFILE_LINES, names, 1, err) ||
        !lines_places_new(&tool->places, tool->builder, tool->dump, tool->symbols, NULL, err) ||
        !lines_fold(&tool->part, tool->places, &tool->sums, err))
        return false;
    for (size_t i = 0; i < tool->sums.count; i++)
        profile_builder_add(tool->builder, 0, tool->sums.items[i].node, tool->sums.items[i].values);
    return profile_builder_finish(tool->builder, &tool->run.arena,
                                  &tool->run.profiles[PROFILE_LINES][SIDE_HEAD], err);
}

static void print_hits(const struct profile *profile)
{
    const struct profile_endpoint *all = &profile->endpoints[0];
    for (size_t i = 0; i < all->cost_count; i++) {
        const struct profile_cost *cost = &all->costs[i];
        const struct profile_frame *frame = &profile->frames[profile->nodes[cost->node].frame];
        if (frame->own && frame->line > 0)
            printf("hit\t%s\t%u\t%.0f\t%.0f\n", frame->file, frame->line, cost->values[LINES_HITS],
                   cost->values[LINES_INSTRUCTIONS]);
    }
}

static bool print_lines(struct tool *tool, struct error *err)
{
    struct symbols_object *objects[64];
    size_t count, most;
    const struct lines_object *found = lines_places_objects(tool->places, &most);
    struct source_tree *tree = &tool->run.sources[SIDE_HEAD];
    for (count = 0; count < most && count < COUNT_OF(objects); count++)
        objects[count] = found[count].object;
    if (!symbols_read_sources(tool->symbols, objects, count, &tool->run.arena, tree, err))
        return false;
    for (size_t i = 0; i < tree->file_count; i++)
        for (size_t k = 0; k < tree->files[i].line_count; k++)
            printf("line\t%s\t%u\n", tree->files[i].path, tree->files[i].lines[k]);
    return true;
}

int main(int argc, char **argv)
{
    struct tool tool = {0};
    struct error err = {0};
    if (argc < 3) {
        fputs("usage: lines_of_dump ROOT DUMP...\n", stderr);
        return 2;
    }
    run_init(&tool.run);
    bool ok = read_dumps(&tool, argv + 2, &err) && fold(&tool, argv[1], &err);
    if (ok)
        print_hits(&tool.run.profiles[PROFILE_LINES][SIDE_HEAD]);
    ok = ok && print_lines(&tool, &err);
    lines_sums_release(&tool.sums);
    lines_part_release(&tool.part);
    lines_places_free(tool.places);
    profile_builder_free(tool.builder);
    symbols_free(tool.symbols);
    callgrind_profile_free(tool.dump);
    run_release(&tool.run);
    if (!ok)
        fprintf(stderr, "lines_of_dump: %s: %s\n", err.where, err.text);
    return ok ? 0 : 1;
}
