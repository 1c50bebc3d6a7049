/* What is matched with what: functions, lines of trees that changed, sides, metrics, variants. */
#include "tests/unit/growth_expect.h"

/* ---- functions --------------------------------------------------------------------------------
 */

/* Only the line of the signature differs, which nothing is executed on. */
Test(growth_match, a_renamed_function, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "old a.c:5", 10);
    spend(&sample, SIDE_BASE, "old a.c:6", 20);
    spend(&sample, SIDE_BASE, "old a.c:7", 30);
    spend(&sample, SIDE_HEAD, "new.isra.0 a.c:5", 10);
    spend(&sample, SIDE_HEAD, "new.isra.0 a.c:6", 25);
    spend(&sample, SIDE_HEAD, "new.isra.0 a.c:7", 30);
    edit(&sample, "a.c", 4, 1, 4, 1);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->function_count, 1);
    cr_assert_eq(growth->functions[0].kind, GROWTH_MOVED);
    cr_assert_str_eq(growth->functions[0].base_place.function, "old");
    cr_assert_float_eq(growth->functions[0].grew, 5, 1e-9);
    expect_line(0, "a.c", 6, 5);
}

/* The compiler's clone of a function is the function. */
Test(growth_match, a_clone_is_no_other_function, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f a.c:5", 10);
    spend(&sample, SIDE_HEAD, "f.constprop.0 a.c:5", 11);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->function_count, 1);
    cr_assert_eq(growth->functions[0].kind, GROWTH_GREW);
}

/* Cut here, put there: all its lines are removed and added, and none is to blame. */
Test(growth_match, a_function_in_another_file, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "main a.c:50", 2);
    call(&sample, SIDE_BASE, "main a.c:50", "f a.c", 60);
    spend(&sample, SIDE_BASE, "f a.c:5", 10);
    spend(&sample, SIDE_BASE, "f a.c:6", 20);
    call(&sample, SIDE_BASE, "f a.c:6", "strcmp @libc", 30);
    spend(&sample, SIDE_BASE, "strcmp @libc", 30);
    spend(&sample, SIDE_HEAD, "main a.c:40", 2);
    call(&sample, SIDE_HEAD, "main a.c:40", "f b.c", 67);
    spend(&sample, SIDE_HEAD, "f b.c:35", 10);
    spend(&sample, SIDE_HEAD, "f b.c:36", 20);
    spend(&sample, SIDE_HEAD, "f b.c:37", 7);
    call(&sample, SIDE_HEAD, "f b.c:36", "strcmp @libc", 30);
    spend(&sample, SIDE_HEAD, "strcmp @libc", 30);
    edit(&sample, "a.c", 1, 10, 1, 0);
    hunk(&sample, "b.c", "b.c", (struct source_hunk){31, 0, 31, 11});
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "b.c", 37, 7);
    const struct growth_item *f = find_function("f");
    cr_assert_eq(f->kind, GROWTH_MOVED);
    cr_assert_str_eq(f->base_place.file, "a.c");
    cr_assert_str_eq(f->place.file, "b.c");
    cr_assert_float_eq(f->grew, 7, 1e-9);
    cr_assert(f->changed);
}

/* git renamed the file: its lines are the same lines. */
Test(growth_match, a_renamed_file, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f old.c:5", 10);
    spend(&sample, SIDE_BASE, "g old.c:15", 10);
    spend(&sample, SIDE_HEAD, "f new.c:5", 10);
    spend(&sample, SIDE_HEAD, "g new.c:16", 30);
    hunk(&sample, "old.c", "new.c", (struct source_hunk){11, 0, 11, 1});
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "new.c", 16, 20);
    cr_assert_str_eq(growth->lines[0].base_place.file, "old.c");
    cr_assert_eq(find_function("g")->kind, GROWTH_MOVED);
}

/* Two static functions of one name are two. */
Test(growth_match, the_same_name_in_two_files, .init = begin, .fini = end, .timeout = 10)
{
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        spend(&sample, (enum side)side, "merge a.c:5", 10);
        spend(&sample, (enum side)side, "merge b.c:5", side == SIDE_HEAD ? 30 : 20);
    }
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->function_count, 1);
    cr_assert_str_eq(growth->functions[0].place.file, "b.c");
}

/* The marks are made by a function of their own: nothing grew. */
Test(growth_match, cost_that_moved_within_the_endpoint, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "view s.c:10", 500);
    spend(&sample, SIDE_BASE, "view s.c:11", 40);
    spend(&sample, SIDE_HEAD, "mark s.c:4", 500);
    spend(&sample, SIDE_HEAD, "view s.c:17", 40);
    edit(&sample, "s.c", 1, 0, 1, 7);
    edit(&sample, "s.c", 10, 1, 17, 0);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_float_eq(growth->moved, 500, 1e-9);
    cr_assert_eq(growth->line_count, 0, "the same cost under another name");
    cr_assert_eq(growth->functions[0].kind, GROWTH_NEW);
    cr_assert_str_eq(growth->functions[0].place.function, "mark");
}

/* The same where nothing is known of the change, by what functions spend. */
Test(growth_match, cost_that_moved_unseen, .init = begin, .fini = end, .timeout = 10)
{
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_BASE, "view s.c:10", 500);
    spend(&sample, SIDE_HEAD, "mark s.c:40", 520);
    cr_assert_float_eq(explain(&sample, METRIC_INSTRUCTIONS)->moved, 500, 1e-9);
}

/* ---- what is known of the change ---------------------------------------------------------------
 */

/* Nothing: then a line is as far into its function as it was. */
Test(growth_match, no_source_changes_known, .init = begin, .fini = end, .timeout = 10)
{
    static const struct source_function then[] = {{"f", 1, 8}, {"g", 10, 20}};
    static const struct source_function now[] = {{"f", 1, 11}, {"g", 13, 23}};
    static const struct source_file files[SIDE_COUNT] = {
        [SIDE_HEAD] = {.path = "a.c", .hash = "22", .functions = now, .function_count = 2},
        [SIDE_BASE] = {.path = "a.c", .hash = "11", .functions = then, .function_count = 2}};
    for (unsigned side = 0; side < SIDE_COUNT; side++)
        sample.run.sources[side] = (struct source_tree){&files[side], 1};
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_BASE, "f a.c:4", 5);
    spend(&sample, SIDE_BASE, "g a.c:12", 100);
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "g a.c:15", 101);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_not(growth->changes_known);
    cr_assert_eq(growth->line_count, 2);
    expect_line(0, "a.c", 4, 4);
    expect_line(1, "a.c", 15, 1);
    cr_assert_eq(find_function("g")->place.line, 13);
}

/* Not even functions: by number. */
Test(growth_match, no_sources_known, .init = begin, .fini = end, .timeout = 10)
{
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_BASE, "f a.c:4", 5);
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "a.c", 4, 4);
}

Test(growth_match, stale_sources, .init = begin, .fini = end, .timeout = 10)
{
    static const struct source_file files[] = {{.path = "a.c", .stale = true}, {.path = "b.c"}};
    sample.run.sources[SIDE_HEAD] = (struct source_tree){files, 2};
    spend(&sample, SIDE_BASE, "f a.c:4", 5);
    spend(&sample, SIDE_BASE, "f b.c:4", 5);
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "f b.c:4", 5);
    explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_str_eq(sample.growth.stale, "a.c");
}

/* ---- endpoints, sides, runs --------------------------------------------------------------------
 */

Test(growth_match, several_endpoints, .init = begin, .fini = end, .timeout = 10)
{
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        struct profile_builder *builder = sample_builder(&sample, PROFILE_LINES, (enum side)side);
        uint32_t node =
            profile_builder_node(builder, PROFILE_NONE, sample_frame(builder, "g b.c:7"));
        spend(&sample, (enum side)side, "f a.c:4", side == SIDE_HEAD ? 9 : 5);
        profile_builder_add(builder, 1, node, (double[]){side == SIDE_HEAD ? 70 : 60, 1, 0});
    }
    explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(sample.growth.line_count, 1);
    expect_line(0, "a.c", 4, 4);
    explain_question(
        &sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS, .endpoint = "GET /pins"});
    cr_assert_eq(sample.growth.line_count, 1);
    expect_line(0, "b.c", 7, 10);
}

Test(growth_match, one_side_only, .init = begin, .fini = end, .timeout = 10)
{
    sample.run.sides[SIDE_BASE].present = false;
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "f a.c:5", 19);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert(isnan(growth->base));
    expect_line(0, "a.c", 5, 19);
    cr_assert_eq(growth->lines[0].kind, GROWTH_NEW);
}

/* A new endpoint: the base has a profile, but not of it. */
Test(growth_match, an_endpoint_that_the_base_does_not_have, .init = begin, .fini = end,
     .timeout = 10)
{
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    sample_builder(&sample, PROFILE_LINES, SIDE_BASE);
    sample_finish(&sample);
    struct profile *base = &sample.run.profiles[PROFILE_LINES][SIDE_BASE];
    base->endpoint_count = 0;
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert(isnan(growth->base));
    expect_line(0, "a.c", 4, 9);
}

static void expect_missing(const char *missing)
{
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_null(growth->measured);
    cr_assert_eq(growth->line_count, 0);
    if (missing == NULL)
        cr_assert_null(growth->missing);
    else
        cr_assert_str_eq(growth->missing, missing);
}

Test(growth_match, no_profile, .init = begin, .fini = end, .timeout = 10)
{
    expect_missing(NULL);
    sample.run.profiles[PROFILE_LINES][SIDE_HEAD].missing = "the gateway is stripped";
    expect_missing("the gateway is stripped");
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    sample.run.profiles[PROFILE_LINES][SIDE_BASE].missing = "the gateway did not start";
    expect_missing("the base: the gateway did not start");
    sample.run.profiles[PROFILE_LINES][SIDE_BASE].missing = NULL;
    expect_missing(NULL);
}

/* The run knows the way from the base that it was measured against; of another base only when the
 * contents of the files agree with it. */
static void against_stored(const char *then, const char *now, bool known)
{
    struct source_file base_file = {.path = "a.c", .hash = then};
    struct source_file head_file = {.path = "a.c", .hash = now};
    struct run stored = {.sides = {[SIDE_HEAD] = {.present = true}}};
    begin();
    spend(&sample, SIDE_BASE, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "f a.c:5", 11);
    edit(&sample, "a.c", 1, 0, 1, 1);
    sample_finish(&sample);
    sample.run.sides[SIDE_BASE].present = false;
    sample.run.sources[SIDE_HEAD] = (struct source_tree){&head_file, 1};
    stored.sources[SIDE_HEAD] = (struct source_tree){&base_file, 1};
    stored.profiles[PROFILE_LINES][SIDE_HEAD] = sample.run.profiles[PROFILE_LINES][SIDE_BASE];
    const struct growth *growth = explain_question(
        &sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS, .base = &stored});
    cr_assert_eq(growth->changes_known, known);
    cr_assert_float_eq(growth->base, 9, 0);
    if (known)
        expect_line(0, "a.c", 5, 2);
    end();
}

Test(growth_match, a_stored_base, .timeout = 10)
{
    against_stored("11", "22", true);
    against_stored("11", "11", false);
}

/* ---- what a metric is explained by -------------------------------------------------------------
 */

Test(growth_match, cpu_time_by_instructions_else_by_samples, .init = begin, .fini = end,
     .timeout = 10)
{
    stack(&sample, PROFILE_CPU, SIDE_BASE, ALLOCATED(1000, 1, 0), STACK("main m.c:1", "f a.c:5"));
    stack(&sample, PROFILE_CPU, SIDE_HEAD, ALLOCATED(5000, 5, 0), STACK("main m.c:1", "f a.c:5"));
    explain(&sample, METRIC_CPU_NS);
    cr_assert_str_eq(sample.growth.measured->key, "cpu_ns");
    expect_line(0, "a.c", 5, 4000);
    explain(&sample, METRIC_SYSCALLS);
    cr_assert_null(sample.growth.measured);
    spend(&sample, SIDE_BASE, "f a.c:6", 10);
    spend(&sample, SIDE_HEAD, "f a.c:6", 30);
    explain(&sample, METRIC_CPU_NS);
    cr_assert_str_eq(sample.growth.measured->key, "instructions");
    expect_line(0, "a.c", 6, 20);
}

/* A template was read for each row: the lines that are gone are what made it cheaper. */
Test(growth_match, an_improvement, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "rows e.c:20", 10);
    call(&sample, SIDE_BASE, "rows e.c:20", "template t.c", 700);
    spend(&sample, SIDE_BASE, "template t.c:5", 700);
    spend(&sample, SIDE_BASE, "rows e.c:21", 50);
    spend(&sample, SIDE_HEAD, "rows e.c:15", 2);
    call(&sample, SIDE_HEAD, "rows e.c:15", "template t.c", 70);
    spend(&sample, SIDE_HEAD, "template t.c:5", 70);
    spend(&sample, SIDE_HEAD, "rows e.c:21", 52);
    edit(&sample, "e.c", 15, 0, 15, 1);
    edit(&sample, "e.c", 20, 1, 21, 0);
    const struct growth *growth = explain_question(
        &sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS, .improved = true});
    expect_line(0, "e.c", 20, -640); /* 10, and of 700 there are 70 left elsewhere */
    cr_assert_eq(growth->lines[0].kind, GROWTH_GONE);
    cr_assert(growth->lines[0].changed);
    expect_line(1, "e.c", 15, 2);
    expect_line(2, "e.c", 21, 2);
    cr_assert_str_eq(growth->functions[0].place.function, "template");
}

static void set_variants(struct variant_result variants[3], const double head[3],
                         const double base[3], enum metric metric)
{
    static struct endpoint_result endpoint;
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"limit=10", "limit=100", ""};
        variants[i].name = names[i];
        variants[i].share = 1.0 / 3;
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            variants[i].figures[m][SIDE_HEAD] = variants[i].figures[m][SIDE_BASE] = NAN;
        variants[i].figures[metric][SIDE_HEAD] = head[i];
        variants[i].figures[metric][SIDE_BASE] = base[i];
    }
    endpoint =
        (struct endpoint_result){.name = "GET /feed", .variants = variants, .variant_count = 3};
    sample.run.endpoints = &endpoint;
    sample.run.endpoint_count = 1;
}

/* 0.5 % and 500 are the metric's own limits. */
Test(growth_match, one_variant_grew, .init = begin, .fini = end, .timeout = 10)
{
    struct variant_result variants[3];
    set_variants(variants, (double[]){1400, 260000, NAN}, (double[]){1000, 250000, 5},
                 METRIC_INSTRUCTIONS);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->variant_count, 3);
    cr_assert(growth->one_variant);
    cr_assert_not(growth->variants[0].grew);
    cr_assert(growth->variants[1].grew);
    cr_assert_not(growth->variants[2].grew, "not measured apart");
    explain(&sample, METRIC_CPU_NS);
    cr_assert_eq(sample.growth.variant_metric, METRIC_INSTRUCTIONS);
    cr_assert(sample.growth.one_variant);
    explain_question(&sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS,
                                                       .limits = {0.001, 100, NAN}});
    cr_assert(sample.growth.variants[0].grew);
    cr_assert_not(sample.growth.one_variant, "all that are known grew");
}

Test(growth_match, no_variant_or_all, .init = begin, .fini = end, .timeout = 10)
{
    struct variant_result variants[3];
    set_variants(variants, (double[]){12, 22, 32}, (double[]){10, 20, 30}, METRIC_ALLOCATIONS);
    explain(&sample, METRIC_ALLOCATIONS);
    cr_assert(sample.growth.variants[0].grew);
    cr_assert_not(sample.growth.one_variant);
    explain_question(&sample,
                     (struct growth_question){.metric = METRIC_ALLOCATIONS, .improved = true});
    cr_assert_not(sample.growth.variants[0].grew);
    cr_assert_not(sample.growth.one_variant);
    explain(&sample, METRIC_ALLOC_BYTES);
    cr_assert_eq(sample.growth.variant_count, 0);
}
