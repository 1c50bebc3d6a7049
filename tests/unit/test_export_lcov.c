#include "reporters/export.h"

#include "tests/unit/profile_sample.h"

#include <criterion/criterion.h>
#include <string.h>

static struct profile_sample sample;

static void write_lcov(struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {80, false, true};
    buffer_init(out, 1 << 20);
    cr_assert(reporter_lcov.write(&sample.report, &style, out, &err), "%s", err.text);
}

/* Line 71 ran in one of 90 requests: a fraction a request, and one execution. Lines 22, 25, 72 and
 * 73 never ran, and so neither did load_settings. rank_score was entered 25 times in each. */
Test(export_lcov, one_endpoint, .timeout = 10)
{
    struct buffer out;
    profile_sample_init(&sample);
    sample.report.choice.endpoint = SAMPLE_FEED;
    write_lcov(&out);
    cr_assert_str_eq(buffer_text(&out),
                     "TN:GET_v3_feed\n"
                     "SF:gateway/feed.c\n"
                     "FN:22,load_settings\nFN:58,rank_score\nFN:90,feed_handle\n"
                     "FNDA:0,load_settings\nFNDA:2250,rank_score\nFNDA:90,feed_handle\n"
                     "FNF:3\nFNH:2\n"
                     "DA:22,0\nDA:25,0\nDA:58,2250\nDA:60,2250\nDA:71,1\nDA:72,0\nDA:73,0\n"
                     "DA:90,90\nDA:98,2250\n"
                     "LF:9\nLH:5\n"
                     "end_of_record\n"
                     "TN:GET_v3_feed\n"
                     "SF:gateway/main.c\n"
                     "FN:38,users_handle\nFN:70,server_handle\nFN:118,main\n"
                     "FNDA:0,users_handle\nFNDA:90,server_handle\nFNDA:0,main\n"
                     "FNF:3\nFNH:1\n"
                     "DA:38,0\nDA:40,0\nDA:70,90\nDA:77,90\nDA:118,0\n"
                     "LF:5\nLH:2\n"
                     "end_of_record\n");
    buffer_release(&out);
}

/* How often fractions of a request become whole executions. */
Test(export_lcov, counts_are_rounded_up, .timeout = 10)
{
    static const struct {
        double hits; /* of 3 requests */
        const char *shown;
    } cases[] = {{1e-12, "DA:60,1\n"}, {1.0 / 3, "DA:60,1\n"}, {0.1 + 0.2 + 0.7, "DA:60,3\n"},
                 {1.4, "DA:60,5\n"},   {7, "DA:60,21\n"},      {0, "DA:60,0\n"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct profile_cost cost = {LINE_FEED_60, {1, cases[i].hits}};
        struct buffer out;
        profile_sample_init(&sample);
        sample.report.choice.endpoint = SAMPLE_FEED;
        sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].costs = &cost;
        sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].cost_count = 1;
        sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].requests = 3;
        write_lcov(&out);
        cr_assert_not_null(strstr(buffer_text(&out), cases[i].shown), "%g", cases[i].hits);
        buffer_release(&out);
    }
}

/* A line that was inlined into two functions, a function of which only a later line ran, and a line
 * that ran though no instructions were known for it. */
Test(export_lcov, inlined_and_unexpected_lines, .timeout = 10)
{
    static const struct profile_frame frames[] = {
        {"rank_score", "gateway/feed.c", 60, "gateway", true},
        {"feed_handle", "gateway/feed.c", 60, "gateway", true},
        {"load_settings", "gateway/feed.c", 24, "gateway", true},
        {"other", "gateway/feed.c", 72, "gateway", false}};
    static const struct profile_node nodes[] = {
        {PROFILE_NONE, 0}, {PROFILE_NONE, 1}, {PROFILE_NONE, 2}, {PROFILE_NONE, 3}};
    static const struct profile_cost costs[] = {{0, {1, 2}}, {1, {1, 3}}, {2, {1, 1}}, {3, {1, 1}}};
    struct profile *profile = &sample.head.profiles[PROFILE_LINES][SIDE_HEAD];
    struct buffer out;
    profile_sample_init(&sample);
    profile->frames = frames;
    profile->frame_count = COUNT_OF(frames);
    profile->nodes = nodes;
    profile->node_count = COUNT_OF(nodes);
    sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].costs = costs;
    sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].cost_count = COUNT_OF(costs);
    sample.report.choice.endpoint = SAMPLE_FEED;
    write_lcov(&out);
    const char *text = buffer_text(&out);
    cr_assert_not_null(strstr(text, "DA:60,450\n"));
    cr_assert_not_null(strstr(text, "DA:22,0\nDA:24,90\nDA:25,0\n"));
    cr_assert_not_null(strstr(text, "DA:72,0\n")); /* not of the gateway's own */
    cr_assert_not_null(strstr(text, "FNDA:1,rank_score\n"));
    cr_assert_not_null(strstr(text, "LF:10\nLH:2\n"));
    buffer_release(&out);
}

/* Test names take letters, digits and underscores only, and no two are one. */
Test(export_lcov, test_names, .timeout = 10)
{
    static const char *const names[] = {"GET /a/{b}", "GET /a/b", "GET  /a-b",
                                        "GET /a/b/2", "/",        ""};
    static const char *const shown[] = {"GET_a_b",     "GET_a_b_2", "GET_a_b_3",
                                        "GET_a_b_2_2", "_",         "__2"};
    static struct profile_endpoint endpoints[COUNT_OF(names)];
    struct profile *profile = &sample.head.profiles[PROFILE_LINES][SIDE_HEAD];
    struct buffer out;
    profile_sample_init(&sample);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        endpoints[i] = (struct profile_endpoint){.name = names[i], .requests = 1};
    profile->endpoints = endpoints;
    profile->endpoint_count = COUNT_OF(names);
    sample.head.sources[SIDE_HEAD].file_count = 1;
    write_lcov(&out);
    const char *at = buffer_text(&out);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char line[64];
        snprintf(line, sizeof line, "TN:%s\nSF:", shown[i]);
        at = strstr(at, "TN:");
        cr_assert_not_null(at);
        cr_assert(strncmp(at, line, strlen(line)) == 0, "%.20s for %s", at, names[i]);
        at += 3;
    }
    buffer_release(&out);
}

/* lcov ends a name at a comma, and would add up two functions of one name. */
Test(export_lcov, function_names, .timeout = 10)
{
    static const struct source_function functions[] = {
        {"f(int, int)", 22, 25}, {"twin", 58, 60}, {"twin", 90, 98}};
    static struct source_file file;
    struct buffer out;
    profile_sample_init(&sample);
    file = sample_files[0];
    file.functions = functions;
    sample.head.sources[SIDE_HEAD] = (struct source_tree){&file, 1};
    sample.report.choice.endpoint = SAMPLE_FEED;
    write_lcov(&out);
    cr_assert_not_null(strstr(buffer_text(&out), "FN:22,f(int; int)\nFN:58,twin\nFN:90,twin@90\n"));
    cr_assert_not_null(strstr(buffer_text(&out), "FNDA:2250,twin\nFNDA:90,twin@90\n"));
    buffer_release(&out);
}

Test(export_lcov, without_sources_it_says_how_to_have_them, .timeout = 10)
{
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    profile_sample_init(&sample);
    sample.head.sources[SIDE_HEAD] = (struct source_tree){0};
    buffer_init(&out, 1 << 20);
    cr_assert_not(reporter_lcov.write(&sample.report, &style, &out, &err));
    cr_assert_eq(err.code, ERROR_INPUT);
    cr_assert_not_null(strstr(err.text, "-g"));
    buffer_release(&out);
}
