#include "reporters/export.h"

#include "tests/unit/profile_sample.h"

#include <criterion/criterion.h>
#include <string.h>

static struct profile_sample sample;

static void check_text(const char *expected)
{
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    buffer_init(&out, 1 << 20);
    cr_assert(reporter_callgrind.write(&sample.report, &style, &out, &err), "%s", err.text);
    cr_assert_str_eq(buffer_text(&out), expected);
    buffer_release(&out);
}

#define HEAD                                                                                       \
    "# callgrind format\n"                                                                         \
    "version: 1\n"                                                                                 \
    "creator: tollgate 0.1.0; head HEAD 4f2a9c1d5b6e7f80912a3b4c5d6e7f8091a2b3c4, "                \
    "2026-01-31T09:30:00Z\n"

/* 120 requests of 300 instructions; names are spelt out once. */
Test(export_callgrind, one_endpoint, .timeout = 10)
{
    profile_sample_init(&sample);
    sample.report.choice.endpoint = SAMPLE_USER;
    check_text(HEAD "desc: Endpoint: GET /v3/users/{id} (120 requests)\n"
                    "positions: line\n"
                    "events: Ir\n"
                    "\n"
                    "ob=(1) gateway\n"
                    "fl=(2) gateway/main.c\n"
                    "fn=(3) server_handle\n"
                    "70 2400\n"
                    "77 3600\n"
                    "cob=(1)\n"
                    "cfi=(2)\n"
                    "cfn=(4) users_handle\n"
                    "calls=120 38\n"
                    "77 30000\n"
                    "ob=(1)\n"
                    "fl=(2)\n"
                    "fn=(4)\n"
                    "38 2400\n"
                    "40 3600\n"
                    "cob=(5) libjansson.so.4\n"
                    "cfi=(6) ???\n"
                    "cfn=(7) json_dumps\n"
                    "calls=120 0\n"
                    "40 24000\n"
                    "ob=(5)\n"
                    "fl=(6)\n"
                    "fn=(7)\n"
                    "0 24000\n"
                    "\n"
                    "totals: 36000\n");
}

/* 90 times 2,000 and 120 times 300; both endpoints call from line 77. */
Test(export_callgrind, all_endpoints_add_up, .timeout = 10)
{
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    profile_sample_init(&sample);
    buffer_init(&out, 1 << 20);
    cr_assert(reporter_callgrind.write(&sample.report, &style, &out, &err), "%s", err.text);
    const char *text = buffer_text(&out);
    cr_assert_not_null(strstr(text, "\ntotals: 216000\n"));
    cr_assert_not_null(strstr(text, "\n77 6300\n")); /* 30 a request of either */
    cr_assert_not_null(strstr(text, "calls=90 90\n77 175500\n"));
    cr_assert_not_null(strstr(text, "calls=120 38\n77 30000\n"));
    cr_assert_not_null(strstr(text, "calls=2250 58\n98 135000\n"));
    buffer_release(&out);
}

/* Code without names is told apart by its library, since readers know no more than the name. */
Test(export_callgrind, nameless_code_is_named_after_its_library, .timeout = 10)
{
    static const struct profile_frame frames[] = {{NULL, NULL, 0, "liba.so", false},
                                                  {NULL, NULL, 0, "libb.so", false},
                                                  {NULL, NULL, 0, NULL, false}};
    static const struct profile_node nodes[] = {
        {PROFILE_NONE, 0}, {PROFILE_NONE, 1}, {PROFILE_NONE, 2}};
    static const struct profile_cost costs[] = {{0, {1}}, {1, {2}}, {2, {4}}};
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    profile_sample_init(&sample);
    struct profile *profile = &sample.head.profiles[PROFILE_LINES][SIDE_HEAD];
    profile->frames = frames;
    profile->nodes = nodes;
    profile->frame_count = profile->node_count = 3;
    sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].costs = costs;
    sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].cost_count = 3;
    sample.endpoints[PROFILE_LINES][SIDE_HEAD][0].call_count = 0;
    sample.report.choice.endpoint = SAMPLE_FEED;
    buffer_init(&out, 1 << 20);
    cr_assert(reporter_callgrind.write(&sample.report, &style, &out, &err), "%s", err.text);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {" [liba.so]\n0 90\n", " [libb.so]\n0 180\n",
                                            " ?\n0 360\n"};
        cr_assert_not_null(strstr(buffer_text(&out), names[i]), "%s", names[i]);
    }
    buffer_release(&out);
}

/* A name can neither begin a line of its own nor be taken for a number of another. */
Test(export_callgrind, hostile_names, .timeout = 10)
{
    static const struct profile_frame frames[] = {{"(1)", "a\nfn=b", 3, "", true},
                                                  {"\ntotals: 1", NULL, 4, NULL, true}};
    static const struct profile_node nodes[] = {{PROFILE_NONE, 0}, {PROFILE_NONE, 1}};
    static const struct profile_cost costs[] = {{0, {1}}, {1, {2}}};
    static struct profile_endpoint endpoint = {
        .name = "GET /\nevents: Ir", .requests = 1, .costs = costs, .cost_count = 2};
    profile_sample_init(&sample);
    sample.head.profiles[PROFILE_LINES][SIDE_HEAD] = (struct profile){.present = true,
                                                                      .frames = frames,
                                                                      .frame_count = 2,
                                                                      .nodes = nodes,
                                                                      .node_count = 2,
                                                                      .endpoints = &endpoint,
                                                                      .endpoint_count = 1};
    check_text(HEAD "desc: Endpoint: GET /\\x0aevents: Ir (1 requests)\n"
                    "positions: line\n"
                    "events: Ir\n"
                    "\n"
                    "ob=(1) ???\n"
                    "fl=(2) ???\n"
                    "fn=(3) \\x0atotals: 1\n"
                    "4 2\n"
                    "ob=(1)\n"
                    "fl=(4) a\\x0afn=b\n"
                    "fn=(5) (1)\n"
                    "3 1\n"
                    "\n"
                    "totals: 3\n");
}
