#include "reporters/export.h"

#include "tests/unit/profile_sample.h"

#include <criterion/criterion.h>
#include <string.h>

static struct profile_sample sample;
static const struct report_style style = {80, false, true};

static void write_folded(struct buffer *out)
{
    struct error err = {0};
    buffer_init(out, 1 << 20);
    cr_assert(reporter_folded.write(&sample.report, &style, out, &err), "%s", err.text);
}

static void check_text(const char *expected)
{
    struct buffer out;
    write_folded(&out);
    cr_assert_str_eq(buffer_text(&out), expected);
    buffer_release(&out);
}

/* Each is the figure a request times 90 or 120 requests. */
Test(export_folded, cpu_is_what_a_run_with_all_gives, .timeout = 10)
{
    profile_sample_init(&sample);
    check_text("GET /v3/feed;main;server_handle;feed_handle 900000\n"
               "GET /v3/feed;main;server_handle;feed_handle;rank_score 1800000\n"
               "GET /v3/feed;main;server_handle;feed_handle;rank_score 9000000\n"
               "GET /v3/feed;main;server_handle;feed_handle;json_dumps 3600000\n"
               "GET /v3/feed;main;server_handle;feed_handle;load_settings 900000\n"
               "GET /v3/feed;main;server_handle;ksys_write 1800000\n"
               "GET /v3/users/{id};main;server_handle;users_handle 1200000\n"
               "GET /v3/users/{id};main;server_handle;users_handle;json_dumps 3000000\n"
               "GET /v3/users/{id};main;server_handle;ksys_write 1200000\n"
               "GET /v3/users/{id};main;server_handle;ksys_write;[libz.so.1] 600000\n");
}

Test(export_folded, one_endpoint_and_a_column_of_another_kind, .timeout = 10)
{
    profile_sample_init(&sample);
    sample.report.choice = (struct report_choice){
        .profile = PROFILE_ALLOC, .endpoint = "GET /v3/u*", .value = ALLOC_BYTES};
    check_text("GET /v3/users/{id};main;server_handle;users_handle;json_dumps 1536\n");
}

Test(export_folded, lines_have_their_place_as_a_frame, .timeout = 10)
{
    profile_sample_init(&sample);
    sample.report.choice =
        (struct report_choice){.profile = PROFILE_LINES, .endpoint = SAMPLE_USER, .value = 0};
    check_text("GET /v3/users/{id};users_handle;gateway/main.c:38 2400\n"
               "GET /v3/users/{id};users_handle;gateway/main.c:40 3600\n"
               "GET /v3/users/{id};server_handle;gateway/main.c:70 2400\n"
               "GET /v3/users/{id};server_handle;gateway/main.c:77 3600\n"
               "GET /v3/users/{id};json_dumps 24000\n");
}

/* No name can begin a line, a frame or an escape sequence. */
Test(export_folded, hostile_names, .timeout = 10)
{
    static const struct profile_frame frames[] = {
        {"a;b\nGET /x;c 1", NULL, 0, NULL, false},
        {"\x1b[31m\xe2\x80\xae\xff", NULL, 0, NULL, false},
        {NULL, NULL, 0, NULL, false}};
    static const struct profile_node nodes[] = {{PROFILE_NONE, 0}, {0, 1}, {1, 2}};
    static const struct profile_cost costs[] = {{2, {1}}};
    static struct profile_endpoint endpoint = {
        .name = "GET /;\n", .requests = 1, .costs = costs, .cost_count = 1};
    profile_sample_init(&sample);
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD] = (struct profile){.present = true,
                                                                    .frames = frames,
                                                                    .frame_count = 3,
                                                                    .nodes = nodes,
                                                                    .node_count = 3,
                                                                    .endpoints = &endpoint,
                                                                    .endpoint_count = 1};
    check_text("GET /:\\x0a;a:b\\x0aGET /x:c 1;\\x1b[31m\\u202e\\xff;? 1\n");
}

/* Nothing below zero is drawn, and a figure that no integer holds is cut. */
Test(export_folded, figures_that_cannot_be, .timeout = 10)
{
    static const struct profile_cost costs[] = {
        {NODE_MAIN, {-5}}, {NODE_SERVE, {1e300}}, {NODE_FEED, {1e-9}}, {NODE_USER, {0.006}}};
    profile_sample_init(&sample);
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].costs = costs;
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].cost_count = 4;
    sample.report.choice.endpoint = SAMPLE_FEED;
    check_text("GET /v3/feed;main;server_handle 9000000000000000\n"
               "GET /v3/feed;main;server_handle;users_handle 1\n"); /* 0.54 of 90 requests */
}

/* A deep stack keeps its innermost frames. */
Test(export_folded, stacks_deeper_than_any_reader_takes, .timeout = 10)
{
    enum { DEPTH = 100000 };
    static struct profile_node nodes[DEPTH];
    static const struct profile_cost costs[] = {{DEPTH - 1, {1000}}};
    struct buffer out;
    profile_sample_init(&sample);
    for (uint32_t i = 0; i < DEPTH; i++)
        nodes[i] = (struct profile_node){i > 0 ? i - 1 : PROFILE_NONE, i < DEPTH - 1 ? 0 : 1};
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].nodes = nodes;
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].costs = costs;
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].cost_count = 1;
    sample.report.choice.endpoint = SAMPLE_FEED;
    write_folded(&out);
    size_t frames = 0;
    for (const char *at = buffer_text(&out); (at = strchr(at, ';')) != NULL; at++)
        frames++;
    cr_assert_eq(frames, EXPORT_DEPTH_MAX);
    cr_assert_not_null(strstr(buffer_text(&out), ";main;server_handle 90000\n"));
    buffer_release(&out);
}
