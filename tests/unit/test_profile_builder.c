#include "baselines/profile_builder.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const names[] = {"GET /a", "GET /b"};
static struct arena arena;
static struct profile_builder *builder;
static struct error err;

static void setup(void)
{
    arena_init(&arena);
    cr_assert(profile_builder_new(&builder, PROFILE_LINES, names, 2, &err), "%s", err.text);
}

static void teardown(void)
{
    profile_builder_free(builder);
    arena_release(&arena);
}

TestSuite(profile_builder, .init = setup, .fini = teardown, .timeout = 60);

static uint32_t frame(const char *function, uint32_t line)
{
    return profile_builder_frame(
        builder,
        &(struct profile_frame){
            .function = function, .file = "a.c", .line = line, .object = "gateway", .own = true});
}

static uint32_t root(const char *function, uint32_t line)
{
    return profile_builder_node(builder, PROFILE_NONE, frame(function, line));
}

Test(profile_builder, equal_places_are_one)
{
    char copy[] = "main"; /* another address, the same name */
    cr_assert_eq(frame("main", 1), frame(copy, 1));
    cr_assert_neq(frame("main", 1), frame("main", 2));
    cr_assert_neq(frame("main", 1), frame(NULL, 1));
    uint32_t main_node = root("main", 1);
    cr_assert_eq(main_node, root("main", 1));
    cr_assert_neq(main_node, profile_builder_node(builder, main_node, frame("main", 1)));
}

Test(profile_builder, costs_of_a_node_add_up_by_endpoint)
{
    struct profile profile;
    uint32_t late = root("late", 9), early = root("early", 3);
    profile_builder_add(builder, 1, early, (double[]){1, 2, 3});
    profile_builder_add(builder, 1, late, (double[]){10, 0, 0});
    profile_builder_add(builder, 1, early, (double[]){0.5, 0, 0});
    profile_builder_add(builder, PROFILE_START, late, (double[]){7, 7, 7});
    profile_builder_add_requests(builder, 1, 4);
    profile_builder_add_requests(builder, 1, 2);
    cr_assert(profile_builder_finish(builder, &arena, &profile, &err), "%s", err.text);
    cr_assert(profile.present);
    cr_assert_eq(profile.endpoint_count, 2);
    cr_assert_eq(profile.endpoints[0].cost_count, 0);
    const struct profile_endpoint *b = profile_endpoint(&profile, "GET /b");
    cr_assert_eq(b->requests, 6);
    cr_assert_eq(b->cost_count, 2);
    cr_assert_lt(b->costs[0].node, b->costs[1].node);
    cr_assert_eq(b->costs[1].values[0], 1.5);
    cr_assert_eq(profile_endpoint_total(b, LINES_INSTRUCTIONS), 11.5);
    cr_assert_eq(profile.start_count, 1);
    const struct profile_frame *place = &profile.frames[profile.nodes[profile.start[0].node].frame];
    cr_assert_str_eq(place->function, "late");
    cr_assert_eq(place->line, 9);
}

Test(profile_builder, calls_and_remarks)
{
    struct profile profile;
    uint32_t from = frame("main", 1), to = frame("callee", 0);
    profile_builder_add_call(builder, 0, &(struct profile_call){from, to, 1, 100});
    profile_builder_add_call(builder, 0, &(struct profile_call){from, to, 2, 50});
    profile_builder_add_error_node(builder, root("b", 2));
    profile_builder_add_error_node(builder, root("a", 1));
    profile_builder_add_error_node(builder, root("b", 2));
    profile_builder_add_note(builder, "%s is stripped", "libx.so");
    profile_builder_add_note(builder, "%s is stripped", "libx.so");
    cr_assert(profile_builder_finish(builder, &arena, &profile, &err), "%s", err.text);
    cr_assert_eq(profile.endpoints[0].call_count, 1);
    cr_assert_eq(profile.endpoints[0].calls[0].calls, 3);
    cr_assert_eq(profile.endpoints[0].calls[0].instructions, 150);
    cr_assert_eq(profile.error_node_count, 2);
    cr_assert_lt(profile.error_nodes[0], profile.error_nodes[1]);
    cr_assert_eq(profile.note_count, 1);
}

/* What was given stays: the profile does not lean on the builder. */
Test(profile_builder, the_profile_outlives_the_builder)
{
    struct profile profile;
    char name[] = "short-lived";
    profile_builder_add(builder, 0, root(name, 1), (double[]){1, 1, 1});
    memset(name, 'x', sizeof name - 1);
    cr_assert(profile_builder_finish(builder, &arena, &profile, &err), "%s", err.text);
    profile_builder_free(builder);
    cr_assert(profile_builder_new(&builder, PROFILE_LINES, names, 2, &err));
    cr_assert_str_eq(profile.frames[0].function, "short-lived");
}
