#include "reporters/export.h"

#include "base/json.h"
#include "tests/unit/profile_sample.h"

#include <criterion/criterion.h>
#include <string.h>

static struct profile_sample sample;

static json_t *write_json(void)
{
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    buffer_init(&out, 1 << 20);
    cr_assert(reporter_speedscope.write(&sample.report, &style, &out, &err), "%s", err.text);
    json_t *json = json_parse_text("report", buffer_text(&out), out.length, &err);
    cr_assert_not_null(json, "%s", err.text);
    buffer_release(&out);
    return json;
}

Test(export_speedscope, a_profile_an_endpoint, .timeout = 10)
{
    profile_sample_init(&sample);
    json_auto_t *json = write_json();
    json_t *frames, *profiles, *samples, *weights;
    const char *schema, *name, *unit, *type;
    double end;
    cr_assert_eq(json_unpack(json, "{ss s{so} so}", "$schema", &schema, "shared", "frames", &frames,
                             "profiles", &profiles),
                 0);
    cr_assert_str_eq(schema, "https://www.speedscope.app/file-format-schema.json");
    cr_assert_eq(json_array_size(frames), SAMPLE_FRAME_COUNT);
    cr_assert_eq(json_array_size(profiles), 2);
    cr_assert_eq(json_unpack(json_array_get(profiles, 0), "{ss ss ss sF so so}", "type", &type,
                             "name", &name, "unit", &unit, "endValue", &end, "samples", &samples,
                             "weights", &weights),
                 0);
    cr_assert_str_eq(type, "sampled");
    cr_assert_str_eq(name, "GET /v3/feed: CPU time a request");
    cr_assert_str_eq(unit, "nanoseconds");
    cr_assert_eq(end, 200000); /* what a feed costs, see profile_sample.h */
    cr_assert_eq(json_array_size(samples), 6);
    cr_assert_eq(json_array_size(weights), 6);
    /* The third: rank_score at line 71, outermost frame first. */
    static const int path[] = {FRAME_MAIN, FRAME_SERVE, FRAME_FEED, FRAME_RANK_71};
    json_t *stack = json_array_get(samples, 2);
    cr_assert_eq(json_array_size(stack), COUNT_OF(path));
    for (size_t i = 0; i < COUNT_OF(path); i++)
        cr_assert_eq(json_integer_value(json_array_get(stack, i)), path[i]);
    cr_assert_eq(json_number_value(json_array_get(weights, 2)), 100000);
}

/* Retained bytes have a profile only where some are retained. */
Test(export_speedscope, a_profile_for_each_figure, .timeout = 10)
{
    profile_sample_init(&sample);
    sample.report.choice.profile = PROFILE_ALLOC;
    json_auto_t *json = write_json();
    json_t *profiles = json_object_get(json, "profiles");
    static const char *const names[] = {
        "GET /v3/feed: allocations a request", "GET /v3/feed: bytes a request",
        "GET /v3/feed: retained a request", "GET /v3/users/{id}: allocations a request",
        "GET /v3/users/{id}: bytes a request"};
    cr_assert_eq(json_array_size(profiles), COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        cr_assert_str_eq(json_string_value(json_object_get(json_array_get(profiles, i), "name")),
                         names[i]);
}

Test(export_speedscope, lines_have_their_file, .timeout = 10)
{
    profile_sample_init(&sample);
    sample.report.choice =
        (struct report_choice){.profile = PROFILE_LINES, .endpoint = SAMPLE_FEED, .value = 0};
    json_auto_t *json = write_json();
    const char *name, *file;
    int line;
    json_t *frame =
        json_array_get(json_object_get(json_object_get(json, "shared"), "frames"), LINE_FEED_71);
    cr_assert_eq(json_unpack(frame, "{ss ss si}", "name", &name, "file", &file, "line", &line), 0);
    cr_assert_str_eq(name, "rank_score");
    cr_assert_str_eq(file, "gateway/feed.c");
    cr_assert_eq(line, 71);
    cr_assert_eq(json_array_size(json_object_get(json, "profiles")), 1);
}

Test(export_speedscope, hostile_names_are_text, .timeout = 10)
{
    static struct profile_frame frames[SAMPLE_FRAME_COUNT];
    profile_sample_init(&sample);
    memcpy(frames, sample_frames, sizeof frames);
    frames[FRAME_MAIN].function = "\xff\"\n";
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].frames = frames;
    json_auto_t *json = write_json();
    json_t *frame =
        json_array_get(json_object_get(json_object_get(json, "shared"), "frames"), FRAME_MAIN);
    cr_assert_str_eq(json_string_value(json_object_get(frame, "name")), "\\xff\"\\x0a");
}
