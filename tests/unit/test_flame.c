#include "reporters/flame.h"

#include "base/sha256.h"
#include "reporters/flame_picture.h"
#include "reporters/flame_table.h"
#include "reporters/flame_view.h"
#include "reporters/flame_words.h"
#include "tests/unit/profile_sample.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct profile_sample sample;
static struct arena arena;
static struct flame_tree tree;
static struct flame_view view;

static void setup(void)
{
    arena_init(&arena);
    profile_sample_init(&sample);
}

static void teardown(void)
{
    arena_release(&arena);
}

TestSuite(flame, .init = setup, .fini = teardown, .timeout = 120);

static void make(enum profile_kind kind, size_t value, double threshold)
{
    struct error err = {0};
    cr_assert(flame_tree_make(&tree, &sample.report, kind, threshold, &arena, &err), "%s",
              err.text);
    cr_assert(flame_view_make(&view, &tree, value, &arena, &err), "%s", err.text);
}

/* The first node of that name, or 0. */
static uint32_t find(const char *wanted)
{
    uint32_t found = 0;
    for (uint32_t i = 1; i < tree.node_count && found == 0; i++) {
        struct buffer name;
        buffer_init(&name, 1 << 16);
        flame_append_name(&name, &tree, i);
        if (strcmp(buffer_text(&name), wanted) == 0)
            found = i;
        buffer_release(&name);
    }
    return found;
}

static void near_to(double value, double expected)
{
    cr_assert_float_eq(value, expected, 1e-6 * fmax(1, fabs(expected)), "%g instead of %g", value,
                       expected);
}

/* Writes the page; the caller releases it. */
static void write_page(struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {80, false, true};
    buffer_init(out, 64 << 20);
    cr_assert(reporter_flame.write(&sample.report, &style, out, &err), "%s", err.text);
}

/* ---- the tree ------------------------------------------------------------------------------- */

/* By hand from profile_sample.h: the feed has three quarters of the traffic. */
Test(flame, all_endpoints_are_their_mean_by_traffic)
{
    make(PROFILE_CPU, CPU_NS, 0);
    near_to(view.total[SIDE_HEAD][0], 0.75 * 200000 + 0.25 * 50000);
    near_to(view.total[SIDE_BASE][0], 0.75 * 150000 + 0.25 * 50000);
    near_to(view.total[SIDE_HEAD][find("json_dumps")], 0.75 * 40000);
    near_to(view.total[SIDE_HEAD][find("ksys_write")], 0.75 * 20000 + 0.25 * 15000);
    near_to(view.self[SIDE_HEAD][find("ksys_write")], 0.75 * 20000 + 0.25 * 10000);
    near_to(view.self[SIDE_HEAD][0], 0);
}

/* Two lines of one function are one frame, whose line is the dearer one. */
Test(flame, frames_are_functions)
{
    make(PROFILE_CPU, CPU_NS, 0);
    uint32_t rank = find("rank_score");
    near_to(view.self[SIDE_HEAD][rank], 0.75 * 120000);
    cr_assert_eq(tree.nodes[rank].line, 71);
    cr_assert_eq(tree.nodes[rank].line_count, 2);
    cr_assert_eq(tree.nodes[find("feed_handle")].line, 98);
    /* root, main, server_handle, feed_handle with 4 of the two sides below, users_handle with 1,
     * ksys_write with 1; what nothing was spent at is not there. */
    cr_assert_eq(tree.node_count, 1 + 2 + 1 + 4 + 2 + 2);
}

/* Each node comes after its caller, and of two with one caller the dearer first. */
Test(flame, nodes_are_in_the_order_of_the_picture)
{
    make(PROFILE_CPU, CPU_NS, 0);
    for (uint32_t i = 1; i < tree.node_count; i++) {
        cr_assert_lt(tree.nodes[i].parent, i);
        cr_assert_eq(tree.nodes[i].depth, tree.nodes[tree.nodes[i].parent].depth + 1);
    }
    cr_assert_lt(find("rank_score"), find("json_dumps"));
    cr_assert_lt(find("feed_handle"), find("ksys_write"));
    cr_assert_lt(find("ksys_write"), find("users_handle"));
}

/* A frame is as wide as the dearer of its sides, and lies within its caller beside its siblings. */
Test(flame, frames_lie_within_their_callers)
{
    make(PROFILE_CPU, CPU_NS, 0);
    /* 162.5 µs, and the 7.5 of read_settings that only the base had. */
    near_to(view.width[0], 162500 + 7500);
    for (uint32_t i = 1; i < tree.node_count; i++) {
        uint32_t parent = tree.nodes[i].parent;
        cr_assert_geq(view.left[i], view.left[parent] - 1e-6);
        cr_assert_leq(view.left[i] + view.width[i], view.left[parent] + view.width[parent] + 1e-6);
        for (uint32_t j = 1; j < i; j++)
            if (tree.nodes[j].parent == parent)
                cr_assert_leq(view.left[j] + view.width[j], view.left[i] + 1e-6);
    }
}

Test(flame, what_is_on_one_side_only)
{
    make(PROFILE_CPU, CPU_NS, 0);
    uint32_t new = find("load_settings"), gone = find("read_settings");
    near_to(view.total[SIDE_BASE][new], 0);
    near_to(view.total[SIDE_HEAD][gone], 0);
    cr_assert_eq(flame_view_node_change(&view, new), FLAME_GREW);
    cr_assert_eq(flame_view_node_change(&view, gone), FLAME_SHRANK);
    cr_assert_eq(flame_view_node_change(&view, find("json_dumps")), FLAME_SAME);
}

/* Strong where the function itself grew, pale in those that call it. */
Test(flame, the_cause_stands_out)
{
    make(PROFILE_CPU, CPU_NS, 0);
    cr_assert_eq(flame_view_level(&view, find("rank_score")), 3);    /* 37.5 of 162.5 µs */
    cr_assert_eq(flame_view_level(&view, find("load_settings")), 2); /* 7.5 of 162.5 µs */
    cr_assert_eq(flame_view_level(&view, find("feed_handle")), 1);
    cr_assert_eq(flame_view_node_change(&view, find("feed_handle")), FLAME_GREW);
}

/* 4 samples against 9, each of 5 µs: 25 µs more with a standard deviation of 5 * sqrt(13) = 18 µs
 * is chance. 40 against 90: 250 µs with 57 µs is not. */
Test(flame, what_sampling_scatters_is_no_change)
{
    static const struct {
        double base, head;
        enum flame_change change;
    } cases[] = {{4, 9, FLAME_SAME}, {40, 90, FLAME_GREW}, {90, 40, FLAME_SHRANK}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct profile_cost head = {NODE_RANK_71, {5000 * cases[i].head / 90, cases[i].head / 90}};
        struct profile_cost base = {NODE_RANK_71, {5000 * cases[i].base / 90, cases[i].base / 90}};
        struct profile_endpoint *endpoints = sample.endpoints[PROFILE_CPU][SIDE_HEAD];
        endpoints[0].costs = &head;
        endpoints[0].cost_count = 1;
        sample.endpoints[PROFILE_CPU][SIDE_BASE][0].costs = &base;
        sample.endpoints[PROFILE_CPU][SIDE_BASE][0].cost_count = 1;
        sample.report.choice.endpoint = SAMPLE_FEED;
        make(PROFILE_CPU, CPU_NS, 0);
        near_to(sqrt(view.variance[0]), 5000.0 / 90 * sqrt(cases[i].head + cases[i].base));
        cr_assert_eq(flame_view_node_change(&view, 0), cases[i].change, "%zu", i);
    }
}

/* Counts are exact: half a percent more is more. */
Test(flame, exact_figures_need_no_margin)
{
    cr_assert_eq(flame_view_change(100.5, 100, 0, 100.5), FLAME_GREW);
    cr_assert_eq(flame_view_change(100, 100, 0, 100), FLAME_SAME);
    cr_assert_eq(flame_view_change(100.05, 100, 0, 100.05), FLAME_SAME); /* below a thousandth */
    cr_assert_eq(flame_view_change(NAN, 100, 0, 100), FLAME_SAME);
    cr_assert_eq(flame_view_change(0, 0, 0, 0), FLAME_SAME);
}

/* What is folded keeps its sum, below the caller that is shown. */
Test(flame, small_frames_are_folded_and_nothing_is_lost)
{
    make(PROFILE_CPU, CPU_NS, 0.3);
    near_to(view.total[SIDE_HEAD][0], 162500);
    near_to(view.total[SIDE_BASE][0], 125000);
    cr_assert_neq(find("rank_score"), 0);
    cr_assert_eq(find("load_settings"), 0); /* 5 % of the feed */
    cr_assert_neq(find("users_handle"), 0); /* 70 % of a user, if little of all */
    uint32_t small = find("small ones");
    cr_assert_neq(small, 0);
    double folded = 0;
    for (uint32_t i = 1; i < tree.node_count; i++)
        if (tree.nodes[i].frame == PROFILE_NONE && tree.nodes[i].parent == find("feed_handle"))
            folded += view.self[SIDE_HEAD][i];
    near_to(folded, 0.75 * (40000 + 10000)); /* json_dumps and load_settings */
}

/* The base of a comparison with a stored run is that run's head. */
Test(flame, a_stored_run_is_the_base)
{
    static struct profile_sample stored;
    profile_sample_init(&stored);
    stored.endpoints[PROFILE_CPU][SIDE_HEAD][0].costs = sample_cpu_feed[SIDE_BASE];
    sample.head.profiles[PROFILE_CPU][SIDE_BASE] = (struct profile){0};
    make(PROFILE_CPU, CPU_NS, 0);
    cr_assert_not(tree.present[SIDE_BASE]);
    sample.report.base = &stored.head;
    make(PROFILE_CPU, CPU_NS, 0);
    cr_assert(tree.present[SIDE_BASE]);
    near_to(view.total[SIDE_BASE][0], 125000);
}

Test(flame, lines_are_functions_with_their_lines)
{
    make(PROFILE_LINES, LINES_INSTRUCTIONS, 0);
    near_to(view.total[SIDE_HEAD][0], 0.75 * 2000 + 0.25 * 300);
    uint32_t rank = find("rank_score");
    cr_assert_eq(tree.nodes[rank].depth, 1);
    cr_assert_eq(tree.nodes[rank].line, 60); /* 1,090 of 1,500 */
    cr_assert_eq(tree.nodes[rank].line_count, 3);
    cr_assert_eq(tree.nodes[find("line 60")].parent, rank);
    near_to(view.self[SIDE_HEAD][find("line 60")], 0.75 * 1090);
    near_to(view.self[SIDE_HEAD][find("json_dumps")], 0.75 * 300 + 0.25 * 200);
}

/* What was freed more than allocated has no width to draw, and takes none from others. */
Test(flame, figures_below_zero)
{
    static const struct profile_cost costs[] = {{NODE_FEED_DUMPS, {-1e6, 0}},
                                                {NODE_FEED, {1000, 1}}};
    struct profile_endpoint *feed = &sample.endpoints[PROFILE_CPU][SIDE_HEAD][0];
    feed->costs = costs;
    feed->cost_count = 2;
    sample.report.choice.endpoint = SAMPLE_FEED;
    sample.head.profiles[PROFILE_CPU][SIDE_BASE] = (struct profile){0};
    make(PROFILE_CPU, CPU_NS, 0);
    near_to(view.total[SIDE_HEAD][0], 1000);
    near_to(view.width[0], 1000);
}

/* Code without names that calls its like within a library is one frame, in another it is not. */
Test(flame, nameless_frames_of_one_library_are_one)
{
    static const struct profile_frame frames[] = {{NULL, NULL, 0, "a.so", false},
                                                  {NULL, "x.c", 3, "a.so", false},
                                                  {NULL, NULL, 0, "b.so", false},
                                                  {"named", NULL, 0, "b.so", false}};
    static const struct profile_node nodes[] = {
        {PROFILE_NONE, 0}, {0, 1}, {1, 2}, {2, 2}, {3, 3}, {4, 2}};
    static const struct profile_cost costs[] = {
        {0, {1000, 1}}, {1, {1000, 1}}, {3, {1000, 1}}, {4, {1000, 1}}, {5, {1000, 1}}};
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        struct profile *profile = &sample.head.profiles[PROFILE_CPU][side];
        profile->frames = frames;
        profile->frame_count = COUNT_OF(frames);
        profile->nodes = nodes;
        profile->node_count = COUNT_OF(nodes);
        sample.endpoints[PROFILE_CPU][side][0].costs = costs;
        sample.endpoints[PROFILE_CPU][side][0].cost_count = COUNT_OF(costs);
    }
    sample.report.choice.endpoint = SAMPLE_FEED;
    make(PROFILE_CPU, CPU_NS, 0);
    cr_assert_eq(tree.node_count, 1 + 4);
    near_to(view.self[SIDE_HEAD][1], 2000);
    near_to(view.total[SIDE_HEAD][1], 5000);
    near_to(view.self[SIDE_HEAD][2], 1000);
}

/* ---- what no reader of profiles can rule out ------------------------------------------------ */

/* A stack deeper than a picture can be is charged to the frame where it is cut. */
Test(flame, very_deep_stacks)
{
    enum { DEPTH = 200000 };
    static struct profile_node nodes[DEPTH];
    static const struct profile_cost costs[] = {{DEPTH - 1, {1000, 1}}};
    for (uint32_t i = 0; i < DEPTH; i++)
        nodes[i] = (struct profile_node){i > 0 ? i - 1 : PROFILE_NONE, i % 2};
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        sample.head.profiles[PROFILE_CPU][side].nodes = nodes;
        sample.head.profiles[PROFILE_CPU][side].node_count = DEPTH;
        sample.endpoints[PROFILE_CPU][side][0].costs = costs;
        sample.endpoints[PROFILE_CPU][side][0].cost_count = 1;
        sample.endpoints[PROFILE_CPU][side][1].cost_count = 0;
    }
    make(PROFILE_CPU, CPU_NS, 0.001);
    near_to(view.total[SIDE_HEAD][0], 750);
    cr_assert_lt(tree.node_count, 300);
    cr_assert_gt(tree.node_count, 200);
}

/* More endpoints than a list can show: the lightest are one. */
Test(flame, very_many_endpoints)
{
    enum { COUNT = 1000 };
    static struct profile_endpoint endpoints[COUNT];
    static struct endpoint_result results[COUNT];
    static char names[COUNT][16];
    static const struct profile_cost costs[] = {{NODE_MAIN, {1000, 1}}};
    double all = 0;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "GET /%zu", i);
        endpoints[i] = (struct profile_endpoint){
            .name = names[i], .requests = 1, .costs = costs, .cost_count = 1};
        results[i] = (struct endpoint_result){.name = names[i], .weight = (double)i + 1};
        all += (double)i + 1;
    }
    sample.head.endpoints = results;
    sample.head.endpoint_count = COUNT;
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].endpoints = endpoints;
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].endpoint_count = COUNT;
    sample.head.profiles[PROFILE_CPU][SIDE_BASE] = (struct profile){0};
    make(PROFILE_CPU, CPU_NS, 0.001);
    cr_assert_eq(tree.endpoint_count, 301);
    cr_assert_eq(tree.left_out, 700);
    cr_assert_str_eq(tree.endpoints[0].name, "GET /999");
    cr_assert_null(tree.endpoints[300].name);
    near_to(tree.endpoints[300].weight, 700.0 * 701 / 2 / all);
    near_to(view.total[SIDE_HEAD][0], 1000);
    struct buffer out;
    write_page(&out);
    cr_assert_not_null(strstr(buffer_text(&out), "\"left_out\":700"));
    buffer_release(&out);
}

/* 100 endpoints that each spread over 4,000 functions: folded until the page is bearable. */
Test(flame, a_large_profile_is_a_bearable_page)
{
    enum { FUNCTIONS = 4000, ENDPOINTS = 100 };
    static struct profile_frame frames[FUNCTIONS];
    static struct profile_node nodes[FUNCTIONS];
    static struct profile_cost costs[ENDPOINTS][FUNCTIONS];
    static struct profile_endpoint endpoints[ENDPOINTS];
    static char names[FUNCTIONS][24], paths[ENDPOINTS][24];
    for (uint32_t i = 0; i < FUNCTIONS; i++) {
        snprintf(names[i], sizeof names[i], "function_%u", i);
        frames[i] = (struct profile_frame){names[i], "gateway/large.c", i + 1, "gateway", true};
        nodes[i] = (struct profile_node){i > 0 ? (i - 1) / 3 : PROFILE_NONE, i};
        for (size_t j = 0; j < ENDPOINTS; j++)
            costs[j][i] =
                (struct profile_cost){i, {100 + (double)((i * 7919 + j * 104729) % 1000), 1}};
    }
    for (size_t j = 0; j < ENDPOINTS; j++) {
        snprintf(paths[j], sizeof paths[j], "GET /%zu", j);
        endpoints[j] = (struct profile_endpoint){
            .name = paths[j], .requests = 10, .costs = costs[j], .cost_count = FUNCTIONS};
    }
    for (unsigned side = 0; side < SIDE_COUNT; side++)
        sample.head.profiles[PROFILE_CPU][side] = (struct profile){.present = true,
                                                                   .frames = frames,
                                                                   .frame_count = FUNCTIONS,
                                                                   .nodes = nodes,
                                                                   .node_count = FUNCTIONS,
                                                                   .endpoints = endpoints,
                                                                   .endpoint_count = ENDPOINTS};
    struct buffer out;
    write_page(&out);
    cr_assert_lt(out.length, 5u << 20);
    cr_assert_null(strstr(buffer_text(&out), "Frames below 0.1 %"));
    buffer_release(&out);
}

/* ---- the page ------------------------------------------------------------------------------- */

static size_t count_of(const char *text, const char *wanted)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, wanted)) != NULL; at++)
        count++;
    return count;
}

/* Names are text: they end no element, and turn nothing around. */
Test(flame, hostile_names)
{
    static struct profile_frame frames[SAMPLE_FRAME_COUNT];
    static char long_name[10 * 1024];
    memset(long_name, 'x', sizeof long_name - 1);
    memcpy(frames, sample_frames, sizeof frames);
    frames[FRAME_FEED].function = "</script><script>alert(1)</script>";
    frames[FRAME_RANK_60].function = frames[FRAME_RANK_71].function = "\xe2\x80\xae\x1b[31m\xff]]>";
    frames[FRAME_SERVE].function = long_name;
    frames[FRAME_DUMPS].file = "\"><img src=x onerror=alert(1)>";
    for (unsigned side = 0; side < SIDE_COUNT; side++)
        sample.head.profiles[PROFILE_CPU][side].frames = frames;
    struct buffer out;
    write_page(&out);
    const char *text = buffer_text(&out);
    cr_assert_eq(count_of(text, "<script"), 2);
    cr_assert_eq(count_of(text, "</script"), 2);
    cr_assert_eq(count_of(text, "<img"), 0);
    cr_assert_eq(count_of(text, "\xe2\x80\xae"), 0);
    cr_assert_eq(count_of(text, "\x1b"), 0);
    cr_assert_eq(count_of(text, "\xff"), 0);
    cr_assert_lt(out.length, 100000);
    cr_assert_gt(count_of(text, "xxx…"), 0);
    buffer_release(&out);
}

/* Nothing is loaded, and only what has its digest in the policy is heeded. */
Test(flame, stands_alone)
{
    static const char *const elements[][2] = {{"<style>", "</style>"}, {"<script>", "</script>"}};
    struct buffer out;
    write_page(&out);
    const char *text = buffer_text(&out);
    cr_assert_not_null(strstr(text, "default-src &#39;none&#39;"));
    cr_assert_eq(count_of(text, "unsafe"), 0);
    cr_assert_eq(count_of(text, "style="), 0);
    cr_assert_eq(count_of(text, "src="), 0);
    cr_assert_eq(count_of(text, "<link"), 0);
    for (size_t i = 0; i < COUNT_OF(elements); i++) {
        char digest[SHA256_POLICY_SIZE];
        const char *from = strstr(text, elements[i][0]) + strlen(elements[i][0]);
        const char *to = strstr(from, elements[i][1]);
        cr_assert_eq(count_of(text, elements[i][0]), 1);
        sha256_policy(from, (size_t)(to - from), digest);
        cr_assert_not_null(strstr(text, digest), "%s", elements[i][0]);
    }
    buffer_release(&out);
}

/* Told by sign and pattern as well as by colour; and with one side not at all. */
Test(flame, the_picture_without_a_script)
{
    struct buffer out;
    write_page(&out);
    const char *text = buffer_text(&out);
    cr_assert_not_null(strstr(text, ">▲ rank_score +71.4 %</text>"));
    cr_assert_not_null(strstr(text,
                              "<title>rank_score\ngateway/feed.c:71 and 1 more line, gateway\n"
                              "90.0 µs a request, 55.4 % of all\n"
                              "before 52.5 µs: +71.4 %</title>"));
    cr_assert_not_null(strstr(text, "class=\"frame grew3\""));
    cr_assert_not_null(strstr(text, "<title>read_settings\ngateway/feed.c:20, gateway\n"
                                    "0 a request, 0.0 % of all\nbefore 7.50 µs: gone</title>"));
    buffer_release(&out);
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++)
        sample.head.profiles[kind][SIDE_BASE] = (struct profile){0};
    write_page(&out);
    text = buffer_text(&out);
    cr_assert_eq(count_of(text, "frame grew3"), 1); /* the legend that the script may show */
    cr_assert_not_null(strstr(text, "class=\"frame own\""));
    cr_assert_not_null(strstr(text, ">rank_score</text>"));
    cr_assert_eq(count_of(text, ">Change<"), 0);
    buffer_release(&out);
}

/* What changed comes first, then what is dear; a function that calls itself counts once. */
Test(flame, table_of_functions)
{
    static const struct profile_node nodes[] = {
        {PROFILE_NONE, FRAME_MAIN}, {0, FRAME_SERVE}, {1, FRAME_SERVE}, {2, FRAME_SERVE}};
    static const struct profile_cost costs[] = {{1, {10000, 100}}, {3, {30000, 300}}};
    struct buffer out;
    struct error err = {0};
    make(PROFILE_CPU, CPU_NS, 0);
    buffer_init(&out, 1 << 20);
    cr_assert(flame_table_append(&out, &view, &arena, &err));
    const char *rank = strstr(buffer_text(&out), ">rank_score<");
    const char *dumps = strstr(buffer_text(&out), ">json_dumps<");
    const char *gone = strstr(buffer_text(&out), ">read_settings<");
    cr_assert(rank != NULL && dumps != NULL && gone != NULL && rank < gone && gone < dumps);
    buffer_clear(&out);
    sample.head.profiles[PROFILE_CPU][SIDE_BASE] = (struct profile){0};
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].nodes = nodes;
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].node_count = 4;
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].costs = costs;
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].cost_count = 2;
    sample.report.choice.endpoint = SAMPLE_FEED;
    make(PROFILE_CPU, CPU_NS, 0);
    cr_assert(flame_table_append(&out, &view, &arena, &err));
    cr_assert_not_null(strstr(buffer_text(&out), "<td class=\"number\">40.0 µs</td>"
                                                 "<td class=\"number\">100 %</td>"
                                                 "<td class=\"number wide\">40.0 µs</td>"),
                       "%s", buffer_text(&out));
    buffer_release(&out);
}

/* --profile alloc:bytes begins with bytes; without --profile all kinds can be chosen. */
Test(flame, what_was_chosen_is_shown_first)
{
    struct buffer out;
    write_page(&out);
    cr_assert_not_null(strstr(buffer_text(&out), "Flame graph: CPU time"));
    cr_assert_eq(count_of(buffer_text(&out), "\"kind\":"), 3);
    buffer_release(&out);
    sample.report.choice =
        (struct report_choice){.profile = PROFILE_ALLOC, .endpoint = NULL, .value = ALLOC_BYTES};
    write_page(&out);
    cr_assert_not_null(strstr(buffer_text(&out), "Flame graph: bytes"));
    cr_assert_eq(count_of(buffer_text(&out), "\"kind\":"), 1);
    buffer_release(&out);
    sample.report.choice =
        (struct report_choice){.profile = PROFILE_KIND_COUNT, .endpoint = SAMPLE_USER, .value = 0};
    write_page(&out);
    cr_assert_eq(count_of(buffer_text(&out), "feed_handle"), 0);
    buffer_release(&out);
}

Test(flame, a_run_without_profiles_says_which_pass_makes_them)
{
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++)
        sample.head.profiles[kind][SIDE_HEAD] = (struct profile){0};
    buffer_init(&out, 1 << 20);
    cr_assert_not(reporter_flame.write(&sample.report, &style, &out, &err));
    cr_assert_eq(err.code, ERROR_INPUT);
    cr_assert_not_null(strstr(err.text, "--passes stacks"));
    cr_assert_eq(out.length, 0);
    buffer_release(&out);
}

/* Nothing spent at all is no division by zero. */
Test(flame, an_empty_profile)
{
    struct buffer out;
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++) {
        sample.head.profiles[kind][SIDE_HEAD] = (struct profile){.present = true};
        sample.head.profiles[kind][SIDE_BASE] = (struct profile){0};
    }
    write_page(&out);
    cr_assert_not_null(strstr(buffer_text(&out), "Nothing was spent."));
    cr_assert_eq(count_of(buffer_text(&out), "nan"), 0);
    buffer_release(&out);
}
