#include "baselines/waiver.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct reading {
    struct arena arena;
    struct waiver waiver;
    struct error err;
    bool ok;
};

static void read_trailer(struct reading *reading, const char *text)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena);
    reading->ok = waiver_parse_trailer(&reading->waiver, text, "commit 1a2b by Ada",
                                       &reading->arena, &reading->err);
}

struct good {
    const char *text, *endpoint;
    enum metric metric;
    double relative, absolute;
    const char *until, *because;
};

static const struct good goods[] = {
    {"GET /v3/feed cpu +8% until 2027-01-31 because the feed ranks", "GET /v3/feed", METRIC_CPU_NS,
     0.08, NAN, "2027-01-31", "the feed ranks"},
    {"GET /v3/feed cpu_ns +8 % because: x", "GET /v3/feed", METRIC_CPU_NS, 0.08, NAN, NULL, "x"},
    {"  GET\t/v3/*  CPU  +0.5%  because  it is   so ", "GET /v3/*", METRIC_CPU_NS, 0.005, NAN, NULL,
     "it is   so "},
    {"* allocations +2 because of it", "*", METRIC_ALLOCATIONS, NAN, 2, NULL, "of it"},
    {"* allocs +2 until 2028-02-29 because of it", "*", METRIC_ALLOCATIONS, NAN, 2, "2028-02-29",
     "of it"},
    {"* instructions +1.5k because of it", "*", METRIC_INSTRUCTIONS, NAN, 1500, NULL, "of it"},
    {"* instr +2 M because of it", "*", METRIC_INSTRUCTIONS, NAN, 2e6, NULL, "of it"},
    {"* alloc_bytes +4 KiB because of it", "*", METRIC_ALLOC_BYTES, NAN, 4096, NULL, "of it"},
    {"* retained +64B because of it", "*", METRIC_RETAINED_BYTES, NAN, 64, NULL, "of it"},
    {"* cpu +30us because of it", "*", METRIC_CPU_NS, NAN, 30000, NULL, "of it"},
    {"* cpu +30 µs because of it", "*", METRIC_CPU_NS, NAN, 30000, NULL, "of it"},
    {"GET /until cpu cpu +1% because until then", "GET /until cpu", METRIC_CPU_NS, 0.01, NAN, NULL,
     "until then"},
};

static bool same(double a, double b)
{
    return isnan(a) ? (bool)isnan(b) : fabs(a - b) <= 1e-12 * fabs(a);
}

Test(waiver, trailers, .timeout = 60)
{
    for (size_t i = 0; i < COUNT_OF(goods); i++) {
        struct reading reading;
        const struct good *good = &goods[i];
        read_trailer(&reading, good->text);
        cr_assert(reading.ok, "\"%s\": %s", good->text, reading.err.text);
        const struct waiver *waiver = &reading.waiver;
        cr_assert_str_eq(waiver->endpoint, good->endpoint);
        cr_assert_eq(waiver->metric, good->metric, "%s", good->text);
        cr_assert(same(good->relative, waiver->relative), "%s", good->text);
        cr_assert(same(good->absolute, waiver->absolute), "%s", good->text);
        cr_assert_str_eq(waiver->because, good->because);
        cr_assert_eq(good->until == NULL, waiver->until == NULL, "%s", good->text);
        if (good->until != NULL)
            cr_assert_str_eq(waiver->until, good->until);
        cr_assert_str_eq(waiver->by, "commit 1a2b by Ada");
        arena_release(&reading.arena);
    }
}

static const struct {
    const char *text, *words;
} bads[] = {
    {"", "does not say why"},
    {"because", "does not say why"},
    {"because  ", "does not say why"},
    {"because of it", "no limit"},
    {"GET /x cpu +8%", "does not say why"},
    {"GET /x cpu 8% because of it", "no limit such as +8%"},
    {"GET /x cpu -8% because of it", "no limit"},
    {"GET /x cpu +nan% because of it", "no limit"},
    {"GET /x cpu +0x8% because of it", "no limit"},
    {"cpu +8% because of it", "no endpoint and metric"},
    {"GET /x cpus +8% because of it", "did you mean \"cpu_ns\""},
    {"GET /x qqqqqqqqqqqqqqq +8% because of it", "is no metric"},
    {"GET /x p99 +8% because of it", "shown and not compared"},
    {"GET /x cpu +8 because of it", "it takes %, ns, us, ms or s"},
    {"GET /x cpu +8 KiB because of it", "it takes %, ns"},
    {"GET /x bytes +8 because of it", "it takes %, B, kB"},
    {"GET /x allocs +8 ms because of it", "it takes %, k, M or no unit"},
    {"GET /x cpu +0% because of it", "must be above 0"},
    {"GET /x cpu +20000% because of it", "at most 10000 %"},
    {"GET /x cpu +1e400% because of it", "no limit"},
    {"GET /x cpu +8% until because of it", "\"until\" is not understood"},
    {"GET /x cpu +8% until 2027-02-29 because of it", "\"2027-02-29\" is no day"},
    {"GET /x cpu +8% until tomorrow because of it", "is no day"},
    {"GET /x cpu +8% until 2027-01-31 then because of it", "\"then\" is not understood"},
    {"GET /x cpu +8% forever because of it", "\"forever\" is not understood"},
};

Test(waiver, bad_trailers, .timeout = 60)
{
    for (size_t i = 0; i < COUNT_OF(bads); i++) {
        struct reading reading;
        read_trailer(&reading, bads[i].text);
        cr_assert_not(reading.ok, "\"%s\"", bads[i].text);
        cr_assert_not_null(strstr(reading.err.text, bads[i].words), "\"%s\": \"%s\"", bads[i].text,
                           reading.err.text);
        arena_release(&reading.arena);
    }
}

Test(waiver, long_trailers, .timeout = 60)
{
    static char text[8192];
    struct reading reading;
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(text + i, "a ", 2);
    read_trailer(&reading, text);
    cr_assert_not_null(strstr(reading.err.text, "too many words"));
    arena_release(&reading.arena);
    memset(text, 'a', 8000);
    read_trailer(&reading, text);
    cr_assert_not_null(strstr(reading.err.text, "longer than"));
    arena_release(&reading.arena);
}

static bool read_list(struct waiver_list *list, const char *text, struct arena *arena,
                      struct error *err)
{
    struct json_place root = json_place_root("tollgate.json");
    struct json_place place = json_place_key(&root, "accept");
    json_auto_t *json = json_parse_text("tollgate.json", text, strlen(text), err);
    cr_assert_not_null(json, "%s", err->text);
    return waiver_parse_list(list, json, &place, arena, err);
}

Test(waiver, list, .timeout = 60)
{
    struct arena arena;
    struct error err = {0};
    struct waiver_list list;
    arena_init(&arena);
    cr_assert(read_list(&list,
                        "[{\"endpoint\": \"GET /v3/feed\", \"metric\": \"cpu_ns\", "
                        "\"change\": 0.08, \"until\": \"2027-01-31\", \"because\": \"so\"},"
                        "{\"endpoint\": \"*\", \"metric\": \"bytes\", \"absolute\": 4096, "
                        "\"because\": \"so\"}]",
                        &arena, &err),
              "%s %s", err.where, err.text);
    cr_assert_eq(list.count, 2);
    cr_assert_eq(list.items[0].metric, METRIC_CPU_NS);
    cr_assert_eq(list.items[0].relative, 0.08);
    cr_assert_str_eq(list.items[0].until, "2027-01-31");
    cr_assert_eq(list.items[1].metric, METRIC_ALLOC_BYTES);
    cr_assert_eq(list.items[1].absolute, 4096);
    cr_assert_null(list.items[1].until);
    arena_release(&arena);
}

Test(waiver, bad_lists, .timeout = 60)
{
    static const struct {
        const char *text, *where, *words;
    } lists[] = {
        {"{}", "accept", "must be a list"},
        {"[3]", "accept[0]", "must be an object"},
        {"[{\"metric\": \"cpu\", \"change\": 1, \"because\": \"x\"}]", "accept[0]", "endpoint"},
        {"[{\"endpoint\": \"*\", \"change\": 1, \"because\": \"x\"}]", "accept[0]", "metric"},
        {"[{\"endpoint\": \"*\", \"metric\": \"cpu\", \"because\": \"x\"}]", "accept[0].change",
         "is missing"},
        {"[{\"endpoint\": \"*\", \"metric\": \"cpu\", \"change\": 1}]", "accept[0]", "because"},
        {"[{\"endpoint\": \"*\", \"metric\": \"cpu\", \"change\": 1, \"because\": \"\"}]",
         "accept[0].because", "1 to"},
        {"[{\"endpoint\": \"*\", \"metric\": \"cpu\", \"change\": -1, \"because\": \"x\"}]",
         "accept[0].change", ""},
        {"[{\"endpoint\": \"*\", \"metric\": \"cpu\", \"change\": 1, \"absolute\": 1, "
         "\"because\": \"x\"}]",
         "accept[0].absolute", "excludes"},
        {"[{\"endpoint\": \"*\", \"metric\": \"cpu\", \"change\": 1, \"until\": \"soon\", "
         "\"because\": \"x\"}]",
         "accept[0].until", "must be a day"},
        {"[{\"endpoint\": \"*\", \"metric\": \"p50\", \"change\": 1, \"because\": \"x\"}]",
         "accept[0].metric", "shown and not compared"},
        {"[{\"endpoint\": \"*\", \"metric\": \"cpu\", \"change\": 1, \"becuase\": \"x\"}]",
         "accept[0]", "because"},
    };
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct arena arena;
        struct error err = {0};
        struct waiver_list list;
        arena_init(&arena);
        cr_assert_not(read_list(&list, lists[i].text, &arena, &err), "%s", lists[i].text);
        cr_assert_not_null(strstr(err.where, lists[i].where), "%s: %s", lists[i].text, err.where);
        cr_assert_not_null(strstr(err.text, lists[i].words), "%s: %s", lists[i].text, err.text);
        arena_release(&arena);
    }
}

Test(waiver, dates, .timeout = 60)
{
    static const char *const good[] = {"2026-11-22", "2024-02-29", "2000-02-29", "2026-12-31"};
    static const char *const bad[] = {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01",
                                      "2026-04-31", "2026-01-00", "26-01-01",   "2026/01/01",
                                      "2026-1-01 ", "",           "2026-01-011"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_assert(waiver_is_date(good[i]), "%s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_assert_not(waiver_is_date(bad[i]), "%s", bad[i]);
    struct waiver waiver = {.until = "2027-01-31"};
    cr_assert_not(waiver_is_over(&waiver, "2026-12-31"));
    cr_assert_not(waiver_is_over(&waiver, "2027-01-31"), "the last day is one");
    cr_assert(waiver_is_over(&waiver, "2027-02-01"));
    waiver.until = NULL;
    cr_assert_not(waiver_is_over(&waiver, "9999-12-31"));
}

Test(waiver, limits, .timeout = 60)
{
    struct waiver share = {.relative = 0.08, .absolute = NAN};
    struct waiver amount = {.relative = NAN, .absolute = 64};
    cr_assert(waiver_covers(&share, 1000, 80));
    cr_assert_not(waiver_covers(&share, 1000, 80.001));
    cr_assert_not(waiver_covers(&share, 0, 1), "of nothing there is no share");
    cr_assert_not(waiver_covers(&share, NAN, 1));
    cr_assert(waiver_covers(&amount, 0, 64));
    cr_assert_not(waiver_covers(&amount, 0, 65));
    cr_assert_not(waiver_covers(&amount, 0, NAN));
}
