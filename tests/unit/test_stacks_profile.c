/* From records and the times of requests to a profile: what is charged to whom, and how much. */
#include "perf_stream.h"

#include "rig/stacks_profile.h"

#include <criterion/criterion.h>

enum { PERIOD_NS = 1000, GATEWAY = 50, KEEPER = 49 };

static struct perf_stream stream;
static struct arena arena;
static struct symbols *symbols;
static struct error err;
static struct profile profile;

static const char *const names[] = {"GET /a", "GET /b"};

/* "/a" has two exchanges that make up 3/4 and 1/4 of its traffic, "/b" has one. */
static struct stacks_item items[] = {{0, 0, 0.75, 4}, {1, 0, 0.25, 2}, {2, 1, 1, 5}};
static struct stacks_endpoint endpoints[] = {{0, 2, 6, 0}, {2, 1, 5, 0}};
static struct stacks_span spans[] = {
    {1000, 1100, 0}, {1100, 1200, 1}, {1300, 1400, 2}, {1400, 1500, 0}};

static struct stacks_play play = {.items = items,
                                  .item_count = 3,
                                  .endpoints = endpoints,
                                  .endpoint_count = 2,
                                  .spans = spans,
                                  .span_count = 4,
                                  .cpu_ns = 8 * 1000,
                                  .user_share = 0.5};

static struct stacks_evidence evidence;

static void set_up(void)
{
    arena_init(&arena);
    cr_assert(symbols_new(&symbols, "/nowhere", NULL, &err));
    stream_fork(&stream, GATEWAY, KEEPER, 10);
    stream_exec(&stream, GATEWAY, 11);
    stream_map(&stream, GATEWAY, 12, 0x400000, 0x10000, 0, "/no/such/gateway");
    evidence = (struct stacks_evidence){.period_ns = PERIOD_NS,
                                        .sees_kernel = true,
                                        .gateway = GATEWAY,
                                        .play = &play,
                                        .warm_ns = 500,
                                        .endpoint_names = names};
}

static void tear_down(void)
{
    symbols_free(symbols);
    arena_release(&arena);
}

TestSuite(stacks_profile, .init = set_up, .fini = tear_down, .timeout = 20);

static void sample_at(pid_t pid, int64_t time_ns)
{
    static const uint64_t chain[] = {0x401000};
    stream_chain(&stream, pid, time_ns, chain, 1);
}

static void build(void)
{
    evidence.records = (struct perf_records){.data = stream.data, .size = stream.size};
    evidence.symbols = symbols;
    cr_assert(stacks_profile_build(&evidence, &arena, &profile, &err), "%s", err.text);
    cr_assert(profile.present);
}

static double total(size_t endpoint, size_t value)
{
    return profile_endpoint_total(&profile.endpoints[endpoint], value);
}

static double start_total(size_t value)
{
    double sum = 0;
    for (size_t i = 0; i < profile.start_count; i++)
        sum += profile.start[i].values[value];
    return sum;
}

static bool has_note(const char *part)
{
    for (size_t i = 0; i < profile.note_count; i++)
        if (strstr(profile.notes[i], part) != NULL)
            return true;
    return false;
}

/* By hand: the first exchange was played 4 times and took 3 samples, the second 2 times and 1: a
 * request of "/a" is 3/4 * 3/4 + 1/4 * 1/2 = 0.6875 samples. "/b": 2 in 5. */
Test(stacks_profile, a_sample_belongs_to_the_request_in_flight)
{
    sample_at(GATEWAY, 1000);
    sample_at(GATEWAY, 1099);
    sample_at(GATEWAY, 1100);
    sample_at(GATEWAY, 1300);
    sample_at(GATEWAY, 1399);
    sample_at(GATEWAY, 1499);
    build();
    cr_assert_float_eq(total(0, CPU_SAMPLES), 0.6875, 1e-12);
    cr_assert_float_eq(total(0, CPU_NS), 687.5, 1e-9);
    cr_assert_float_eq(total(1, CPU_SAMPLES), 0.4, 1e-12);
    cr_assert_eq(profile.endpoints[0].requests, 6);
    cr_assert_eq(profile.endpoints[1].requests, 5);
    cr_assert_float_eq(start_total(CPU_SAMPLES), 0, 1e-12);
    cr_assert_float_eq(profile.rate_hz, 6 / 8e-6, 1, "6 samples in 8 microseconds");
}

Test(stacks_profile, outside_of_requests_is_charged_to_none)
{
    sample_at(GATEWAY, 100); /* it starts */
    sample_at(GATEWAY, 499); /* just before it is warmed up */
    sample_at(GATEWAY, 500); /* warming up: of nothing that is measured */
    sample_at(GATEWAY, 999);
    sample_at(GATEWAY, 1200); /* between two requests */
    sample_at(GATEWAY, 1500); /* after the last */
    build();
    cr_assert_float_eq(start_total(CPU_SAMPLES), 4, 1e-12);
    cr_assert_float_eq(start_total(CPU_NS), 4000, 1e-9);
    cr_assert_float_eq(total(0, CPU_SAMPLES) + total(1, CPU_SAMPLES), 0, 1e-12);
}

/* Whole CPUs are sampled: the driver, the keeper and strangers with them. */
Test(stacks_profile, only_the_gateways_tree_counts)
{
    stream_fork(&stream, 60, GATEWAY, 20);
    stream_fork(&stream, 61, 60, 21);
    stream_fork(&stream, 70, 2, 22);
    sample_at(KEEPER, 1010);
    sample_at(70, 1020);
    sample_at(1, 1030);
    build();
    cr_assert_float_eq(total(0, CPU_SAMPLES), 0, 1e-12);
    sample_at(60, 1040);
    sample_at(61, 1050);
    build();
    cr_assert_float_eq(total(0, CPU_SAMPLES), 0.75 * 2 / 4, 1e-12);
}

/* CPUs write into rings of their own, which are emptied one after the other. */
Test(stacks_profile, records_are_put_in_the_order_of_time)
{
    stream.size = 0;
    sample_at(60, 1040);
    stream_map(&stream, GATEWAY, 12, 0x400000, 0x10000, 0, "/no/such/gateway");
    stream_fork(&stream, 60, GATEWAY, 20);
    stream_exec(&stream, GATEWAY, 11);
    stream_fork(&stream, GATEWAY, KEEPER, 10);
    build();
    cr_assert_float_eq(total(0, CPU_SAMPLES), 0.75 / 4, 1e-12);
}

/* The share is of what was played: a corpus may be cut by the time. */
Test(stacks_profile, exchanges_that_were_not_played_do_not_count)
{
    items[1].played = 0;
    sample_at(GATEWAY, 1000);
    sample_at(GATEWAY, 1050);
    build();
    cr_assert_float_eq(total(0, CPU_SAMPLES), 2.0 / 4, 1e-12);
}

Test(stacks_profile, what_was_lost_is_told)
{
    stream_lost(&stream, 5, 1050);
    evidence.lost = 2;
    stream_begin(&stream, PERF_RECORD_SAMPLE, 0); /* with nothing in it */
    stream_end(&stream);
    stream_begin(&stream, PERF_RECORD_THROTTLE, 0);
    stream_put(&stream, stream.data, 24);
    stream_trailer(&stream, GATEWAY, 1060);
    build();
    cr_assert_eq(profile.lost, 5 + 2 + 1);
    cr_assert(has_note("kernel.perf_event_max_sample_rate"));
}

Test(stacks_profile, without_the_kernel_the_rate_is_of_user_time)
{
    evidence.sees_kernel = false;
    sample_at(GATEWAY, 1000);
    sample_at(GATEWAY, 1050);
    build();
    cr_assert_float_eq(profile.rate_hz, 2 / 4e-6, 1, "half of 8 microseconds were the user's");
    cr_assert(has_note("kernel.perf_event_paranoid"));
}

/* The root says that more is missing; the frame says which file it lies in. */
Test(stacks_profile, what_cannot_be_followed_or_named_is_counted)
{
    sample_at(GATEWAY, 1000);
    build();
    cr_assert_eq(profile.unresolved, 1);
    cr_assert_eq(profile.node_count, 2);
    cr_assert_str_eq(profile.frames[profile.nodes[0].frame].function, "[cut]");
    cr_assert_eq(profile.nodes[0].parent, PROFILE_NONE);
    cr_assert_eq(profile.nodes[1].parent, 0);
    cr_assert_eq(profile.frames[profile.nodes[1].frame].function, NULL);
    cr_assert_str_eq(profile.frames[profile.nodes[1].frame].object, "gateway");
    cr_assert(has_note("cut") && has_note("without a name"));
}

Test(stacks_profile, no_record_at_all_is_an_empty_profile)
{
    stream.size = 0;
    build();
    cr_assert_eq(profile.node_count, 0);
    cr_assert_float_eq(profile.rate_hz, 0, 1e-12);
    cr_assert_eq(profile.unresolved, 0);
    cr_assert(has_note("fewer than 30 samples"));
}

Test(stacks_profile, fewer_samples_than_time_are_told)
{
    play.cpu_ns = 100 * PERIOD_NS;
    for (int i = 0; i < 49; i++)
        sample_at(GATEWAY, 1000 + i);
    build();
    cr_assert(has_note("49 samples came where 100 were to be expected"));
}
