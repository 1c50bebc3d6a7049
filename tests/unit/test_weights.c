/* Counts of a log on the exchanges of a corpus. Expected weights are worked out by hand. */
#include "replay/weights.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(weights, .timeout = 600);

static const char *const texts[] = {"GET /a/{id}", "POST /b", "GET /c", "GET /d"};
enum { A, B, C, D };

struct fixture {
    struct arena arena;
    struct endpoint_map map;
    struct weights *weights;
};

static void set_up(struct fixture *fixture)
{
    struct error err = {0};
    arena_init(&fixture->arena);
    cr_assert(endpoint_map_parse(&fixture->map, texts, COUNT_OF(texts), &fixture->arena, &err));
    cr_assert(weights_new(&fixture->weights, &fixture->map, &err));
}

static void tear_down(struct fixture *fixture)
{
    weights_free(fixture->weights);
    arena_release(&fixture->arena);
}

static void add(struct fixture *fixture, size_t endpoint, const char *target, double weight)
{
    struct error err = {0};
    cr_assert(weights_add_exchange(fixture->weights, endpoint, target, weight, &err));
}

static void count(struct fixture *fixture, const char *method, const char *target, int times)
{
    struct logged_request request = {.method = {method, strlen(method)},
                                     .target = {target, strlen(target)}};
    struct error err = {0};
    for (int i = 0; i < times; i++)
        cr_assert(weights_count(fixture->weights, &request, &err));
}

static void expect(struct fixture *fixture, size_t endpoint, const char *target, double weight,
                   double wanted)
{
    struct error err = {0};
    double got = 0;
    cr_assert(weights_of(fixture->weights, endpoint, target, weight, &got, &err));
    cr_expect(fabs(got - wanted) < 1e-9, "%s: %g, not %g", target, got, wanted);
}

Test(weights, requests_of_the_log_over_exchanges_of_the_corpus)
{
    struct fixture fixture;
    set_up(&fixture);
    add(&fixture, A, "/a/1", 1);
    add(&fixture, A, "/a/2", 1);
    add(&fixture, B, "/b", 1);
    count(&fixture, "GET", "/a/77", 7);
    count(&fixture, "GET", "/a/1", 3);
    count(&fixture, "POST", "/b", 4);
    expect(&fixture, A, "/a/1", 1, 5);
    expect(&fixture, A, "/a/2", 1, 5);
    expect(&fixture, B, "/b", 1, 4);
    tear_down(&fixture);
}

Test(weights, those_of_a_distilled_corpus_keep_their_proportion)
{
    struct fixture fixture;
    set_up(&fixture);
    add(&fixture, A, "/a/1", 3);
    add(&fixture, A, "/a/2", 1);
    count(&fixture, "GET", "/a/9", 100);
    expect(&fixture, A, "/a/1", 3, 75);
    expect(&fixture, A, "/a/2", 1, 25);
    tear_down(&fixture);
}

/* 10 requests: 6 with q, of two exchanges; 3 without, of one; 1 with a key the corpus has not,
 * which all share: 10/9 of 3, and 10/9 of 3. */
Test(weights, query_keys_matter_where_the_corpus_has_several_sets)
{
    struct fixture fixture;
    set_up(&fixture);
    add(&fixture, A, "/a/1?q=1", 1);
    add(&fixture, A, "/a/2?q=2", 1);
    add(&fixture, A, "/a/3", 1);
    count(&fixture, "GET", "/a/5?q=7", 6);
    count(&fixture, "GET", "/a/5", 3);
    count(&fixture, "GET", "/a/5?other", 1);
    expect(&fixture, A, "/a/1?q=1", 1, 3 * 10.0 / 9);
    expect(&fixture, A, "/a/2?q=2", 1, 3 * 10.0 / 9);
    expect(&fixture, A, "/a/3", 1, 3 * 10.0 / 9);
    cr_expect_eq(weights_endpoints(fixture.weights)[A].other_keys, 1);
    cr_expect_eq(weights_endpoints(fixture.weights)[A].requests, 10);
    tear_down(&fixture);
}

/* 9 requests with q and none without: 9 and a half share 9. */
Test(weights, a_set_that_the_log_never_shows_counts_as_half_a_request)
{
    struct fixture fixture;
    set_up(&fixture);
    add(&fixture, A, "/a/1?q=1", 1);
    add(&fixture, A, "/a/3", 1);
    count(&fixture, "GET", "/a/5?q=7", 9);
    expect(&fixture, A, "/a/1?q=1", 1, 9 * 9 / 9.5);
    expect(&fixture, A, "/a/3", 1, 0.5 * 9 / 9.5);
    tear_down(&fixture);
}

Test(weights, without_a_shared_set_all_exchanges_share_all_requests)
{
    struct fixture fixture;
    set_up(&fixture);
    add(&fixture, A, "/a/1?q=1", 1);
    add(&fixture, A, "/a/3", 1);
    count(&fixture, "GET", "/a/5?z", 8);
    expect(&fixture, A, "/a/1?q=1", 1, 4);
    expect(&fixture, A, "/a/3", 1, 4);
    tear_down(&fixture);
}

Test(weights, what_only_one_of_the_two_has)
{
    struct fixture fixture;
    set_up(&fixture);
    add(&fixture, C, "/c", 1);
    add(&fixture, C, "/c", 1);
    count(&fixture, "GET", "/d", 5);
    expect(&fixture, C, "/c", 1, 0.25);
    cr_expect_eq(weights_endpoints(fixture.weights)[D].requests, 5);
    cr_expect_eq(weights_endpoints(fixture.weights)[D].exchanges, 0);
    cr_expect_eq(weights_endpoints(fixture.weights)[C].requests, 0);
    cr_expect_eq(weights_endpoints(fixture.weights)[C].exchanges, 2);
    tear_down(&fixture);
}

Test(weights, the_unmatched_by_falling_count)
{
    struct fixture fixture;
    struct weights_unmatched top[2];
    set_up(&fixture);
    count(&fixture, "GET", "/few?x=1", 1);
    count(&fixture, "GET", "/many?x=1", 2);
    count(&fixture, "GET", "/many?x=2", 3);
    count(&fixture, "GET", "/some", 2);
    cr_expect_eq(weights_unmatched_total(fixture.weights), 8);
    cr_assert_eq(weights_unmatched_top(fixture.weights, top, 2), 2);
    cr_expect_str_eq(top[0].request, "GET /many");
    cr_expect_eq(top[0].count, 5);
    cr_expect_str_eq(top[1].request, "GET /some");
    tear_down(&fixture);
}

Test(weights, the_unmatched_take_bounded_memory)
{
    struct fixture fixture;
    char target[300];
    set_up(&fixture);
    for (int i = 0; i < 3 * WEIGHTS_UNMATCHED_KEPT; i++) {
        snprintf(target, sizeof target, "/x%d", i);
        count(&fixture, "GET", target, 1);
    }
    cr_expect_eq(weights_unmatched_total(fixture.weights), 3 * WEIGHTS_UNMATCHED_KEPT);
    tear_down(&fixture);
}
