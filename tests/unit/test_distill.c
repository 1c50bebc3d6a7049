/* Distilling. What is expected follows from the corpora that the tests make, worked out by hand.
 * Linked with --wrap for the allocator, so that each allocation can be made to fail. */
#include "replay/distill.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(distill, .timeout = 120);

enum { ITEMS_MAX = 4000, ENDPOINTS_MAX = 16 };

static struct distill_item items[ITEMS_MAX];
static size_t count;

/* An exchange with a response of so many bytes; the target is `target` alone. */
static struct distill_item *add(uint32_t endpoint, uint32_t variant, int status, double received,
                                uint32_t target, double weight)
{
    struct distill_item *item = &items[count++];
    bool refused = status >= 400;
    *item = (struct distill_item){.weight = weight,
                                  .cost = NAN,
                                  .cpu_ns = NAN,
                                  .replay_ns = 1e6,
                                  .endpoint = endpoint,
                                  .variant = variant,
                                  .target = target,
                                  .status = (uint16_t)status};
    item->traits[refused ? DISTILL_REFUSED : DISTILL_ANSWERED] = 1;
    item->traits[DISTILL_RECEIVED] = (float)received;
    return item;
}

static struct distill_options options(size_t budget, uint64_t seed)
{
    return (struct distill_options){
        .budget = budget, .seconds = INFINITY, .seed = seed, .endpoint_count = ENDPOINTS_MAX};
}

static struct distillation make(const struct distill_options *wanted)
{
    struct distillation out;
    struct error err = {0};
    cr_assert(distill(&out, items, count, wanted, &err), "%s", err.text);
    for (size_t c = 0; c < out.count; c++) {
        cr_assert_lt(out.choices[c].item, count);
        cr_assert(c == 0 || out.choices[c].item > out.choices[c - 1].item);
        cr_assert(out.choices[c].weight > 0 && isfinite(out.choices[c].weight));
    }
    return out;
}

/* Weight of the choices of an endpoint (or all) and of a variant (or all). */
static double chosen_weight(const struct distillation *out, int endpoint, int variant)
{
    double sum = 0;
    for (size_t c = 0; c < out->count; c++) {
        const struct distill_item *item = &items[out->choices[c].item];
        if ((endpoint < 0 || item->endpoint == (uint32_t)endpoint) &&
            (variant < 0 || item->variant == (uint32_t)variant))
            sum += out->choices[c].weight;
    }
    return sum;
}

static double full_weight(int endpoint, int variant)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if ((endpoint < 0 || items[i].endpoint == (uint32_t)endpoint) &&
            (variant < 0 || items[i].variant == (uint32_t)variant))
            sum += items[i].weight;
    return sum;
}

/* The mean response of the choices of an endpoint. */
static double chosen_mean(const struct distillation *out, uint32_t endpoint)
{
    double sum = 0;
    for (size_t c = 0; c < out->count; c++) {
        const struct distill_item *item = &items[out->choices[c].item];
        if (item->endpoint == endpoint)
            sum += out->choices[c].weight * (double)item->traits[DISTILL_RECEIVED];
    }
    return sum / chosen_weight(out, (int)endpoint, -1);
}

static double full_mean(uint32_t endpoint)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (items[i].endpoint == endpoint)
            sum += items[i].weight * (double)items[i].traits[DISTILL_RECEIVED];
    return sum / full_weight((int)endpoint, -1);
}

/* Ten endpoints, of which the n-th has 100, 50, 33, ... exchanges in up to four variants with
 * weights of their own. */
static void add_mixed(void)
{
    for (uint32_t e = 0; e < 10; e++)
        for (uint32_t i = 0; i < 100 / (e + 1); i++)
            add(e, e * 4 + i % 4, i % 13 == 12 ? 404 : 200, 100 * (1 + i % 4) + (i * 37) % 23,
                i % 7, 1 + (i * 7) % 5);
}

Test(distill, weights_add_up_by_endpoint_at_every_budget)
{
    add_mixed();
    for (size_t budget = 10; budget <= count + 5; budget += budget < 60 ? 1 : 37) {
        struct distill_options wanted = options(budget, budget);
        struct distillation out = make(&wanted);
        cr_expect_eq(out.count, budget < count ? budget : count);
        for (int e = 0; e < 10; e++)
            cr_expect_float_eq(chosen_weight(&out, e, -1), full_weight(e, -1), 1e-6,
                               "endpoint %d at %zu", e, budget);
        distillation_release(&out);
    }
}

/* 6 variants of one endpoint, of two statuses each: 12 strata, and 20 exchanges. What they cost
 * would be told better with other weights. */
Test(distill, weights_add_up_by_variant_where_each_has_its_own)
{
    for (uint32_t i = 0; i < 240; i++)
        add(0, i % 6, i / 6 % 2 == 0 ? 200 : 404, 400 * (1 + i % 6) + (i * i) % 997, i, 1 + i % 11);
    struct distill_options wanted = options(20, 1);
    struct distillation out = make(&wanted);
    for (int v = 0; v < 6; v++)
        cr_expect_float_eq(chosen_weight(&out, 0, v), full_weight(0, v), 1e-6);
    distillation_release(&out);
}

Test(distill, all_of_them_are_the_corpus_itself)
{
    add_mixed();
    struct distill_options wanted = options(count, 7);
    struct distillation out = make(&wanted);
    cr_assert_eq(out.count, count);
    for (size_t c = 0; c < count; c++)
        cr_expect_float_eq(out.choices[c].weight, items[c].weight, 1e-6);
    distillation_release(&out);
}

Test(distill, no_endpoint_is_lost_while_there_is_room)
{
    for (uint32_t i = 0; i < 1000; i++)
        add(0, 0, 200, 50 + i % 200, i, 100);
    for (uint32_t e = 1; e < 8; e++)
        add(e, e, 200, 10, e, 0.01);
    struct distill_options wanted = options(8, 1);
    struct distillation out = make(&wanted);
    for (int e = 0; e < 8; e++)
        cr_expect_gt(chosen_weight(&out, e, -1), 0, "endpoint %d", e);
    distillation_release(&out);
}

Test(distill, without_room_the_lightest_go)
{
    static const double weights[] = {3, 50, 1, 20};
    for (uint32_t e = 0; e < 4; e++)
        for (uint32_t i = 0; i < 5; i++)
            add(e, e, 200, 10, i, weights[e]);
    struct distill_options wanted = options(2, 1);
    struct distillation out = make(&wanted);
    cr_expect_eq(out.count, 2);
    cr_expect_eq(out.endpoints[1].kept, 1);
    cr_expect_eq(out.endpoints[3].kept, 1);
    cr_expect(isnan(out.endpoints[0].predicted) && isnan(out.endpoints[2].predicted));
    distillation_release(&out);
}

Test(distill, what_is_needed_goes_before_what_weighs)
{
    unsigned char needs[ENDPOINTS_MAX] = {[2] = DISTILL_NEED_ANSWERED};
    for (uint32_t e = 0; e < 3; e++)
        add(e, e, 200, 10, e, 10.0 / (e + 1));
    struct distill_options wanted = options(1, 1);
    wanted.needs = needs;
    struct distillation out = make(&wanted);
    cr_expect_eq(out.choices[0].item, 2);
    distillation_release(&out);
}

/* One refused request in fifty, of the mean size, among answered ones of five shapes and twenty
 * sizes: nothing but being needed keeps it. */
Test(distill, a_refused_request_is_kept_where_it_is_needed)
{
    unsigned char needs[ENDPOINTS_MAX] = {DISTILL_NEED_ANSWERED | DISTILL_NEED_REFUSED};
    for (uint32_t i = 0; i < 50; i++)
        add(0, 0, i == 20 ? 404 : 200, i == 20 ? 1000 : 100 * (i % 20), i, 1)->shape =
            (uint16_t)(i % 5);
    struct distill_options wanted = options(2, 1);
    wanted.needs = needs;
    struct distillation out = make(&wanted);
    cr_assert_eq(out.count, 2);
    bool kept = out.choices[0].item == 20 || out.choices[1].item == 20;
    cr_expect(kept);
    distillation_release(&out);
}

/* Nine that were answered, with 0 or 4,000 bytes, and one that was refused with 2,200, which costs
 * just what all do in the mean: (5 * 4,000 + 2,200) / 10 = 2,220. The one kept is of the nine. */
Test(distill, a_refused_request_does_not_stand_for_answered_ones)
{
    for (uint32_t i = 0; i < 9; i++)
        add(0, 0, 200, i < 4 ? 0 : 4000, i, 1);
    add(0, 0, 500, 2200, 10, 1);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct distill_options wanted = options(1, seed);
        struct distillation out = make(&wanted);
        cr_expect_neq(out.choices[0].item, 9);
        cr_expect_float_eq(out.choices[0].weight, 10, 1e-9);
        distillation_release(&out);
    }
}

/* 30 responses of 1,000 bytes and 10 of 9,000: two exchanges tell that when they weigh so. */
Test(distill, two_kinds_get_their_weights)
{
    for (uint32_t i = 0; i < 40; i++) {
        struct distill_item *item = add(0, 0, 200, i % 4 == 0 ? 9000 : 1000, i, 1);
        item->shape = i % 4 == 0;
    }
    struct distill_options wanted = options(2, 5);
    struct distillation out = make(&wanted);
    cr_assert_eq(out.count, 2);
    cr_expect_float_eq(chosen_mean(&out, 0), 3000, 30);
    distillation_release(&out);
}

/* The one that stands for all is near the mean, however the dice fall. */
Test(distill, one_exchange_is_near_the_mean)
{
    for (uint32_t i = 0; i <= 200; i++)
        add(0, 0, 200, 10.0 * i, i, 1);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct distill_options wanted = options(1, seed);
        struct distillation out = make(&wanted);
        cr_expect_float_eq(chosen_mean(&out, 0), 1000, 40);
        distillation_release(&out);
    }
}

/* Alike in all that is seen, they cost 10, 20, ..., 90: measured one by one, 50 stands for all. */
Test(distill, measured_costs_tell_apart_what_looks_alike)
{
    for (uint32_t i = 0; i < 9; i++)
        add(0, 0, 200, 100, i, 1)->cost = 10 * (i + 1);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct distill_options wanted = options(1, seed);
        struct distillation out = make(&wanted);
        cr_expect_eq(out.choices[0].item, 4);
        cr_expect(out.fitted);
        distillation_release(&out);
    }
}

/* Variants that look alike but were measured at 10 and 30 a request: four of one and four of the
 * other, and one of 20. */
Test(distill, costs_of_variants_are_used)
{
    for (uint32_t i = 0; i < 9; i++) {
        uint32_t variant = i == 8 ? 2 : i % 2;
        add(0, variant, 200, 100, i, 1)->cost = variant == 2 ? 20 : variant == 1 ? 30 : 10;
    }
    struct distill_options wanted = options(1, 3);
    struct distillation out = make(&wanted);
    cr_expect_eq(out.choices[0].item, 8);
    distillation_release(&out);
}

Test(distill, the_same_seed_chooses_the_same)
{
    add_mixed();
    struct distill_options wanted = options(40, 9), other = options(40, 10);
    struct distillation one = make(&wanted), two = make(&wanted), three = make(&other);
    cr_assert_eq(one.count, two.count);
    cr_expect_arr_eq(one.choices, two.choices, one.count * sizeof *one.choices);
    cr_expect_arr_neq(one.choices, three.choices, one.count * sizeof *one.choices);
    distillation_release(&one);
    distillation_release(&two);
    distillation_release(&three);
}

/* Two in five ask for one target, one in five for another, the rest for one each: of fifty chosen
 * those have what they had, within two exchanges' weight. */
Test(distill, what_is_asked_for_often_stays_so)
{
    for (uint32_t i = 0; i < 1000; i++)
        add(0, 0, 200, 100 + (i * 31) % 100, i % 5 < 2 ? 1 : i % 5 == 2 ? 2 : 1000 + i, 1);
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct distill_options wanted = options(50, seed);
        struct distillation out = make(&wanted);
        double shares[3] = {0};
        for (size_t c = 0; c < out.count; c++) {
            uint32_t target = items[out.choices[c].item].target;
            shares[target <= 2 ? target : 0] += out.choices[c].weight / 1000;
        }
        cr_expect_float_eq(shares[1], 0.4, 0.04, "%g", shares[1]);
        cr_expect_float_eq(shares[2], 0.2, 0.04, "%g", shares[2]);
        distillation_release(&out);
    }
}

/* A target that half of the weight asks for is the one that is kept of all. */
Test(distill, one_exchange_is_of_the_target_asked_for_most)
{
    for (uint32_t i = 0; i < 100; i++)
        add(0, 0, 200, 100, i % 2 == 0 ? 1 : 1000 + i, 1);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct distill_options wanted = options(1, seed);
        struct distillation out = make(&wanted);
        cr_expect_eq(items[out.choices[0].item].target, 1);
        distillation_release(&out);
    }
}

/* What is well told by one exchange gets no more until the rest goes by traffic: 60 to 30 to 10. */
Test(distill, the_rest_goes_by_traffic)
{
    static const double weights[] = {6, 3, 1};
    for (uint32_t i = 0; i < 900; i++)
        add(i % 3, i % 3, 200, 100, i, weights[i % 3]);
    struct distill_options wanted = options(100, 1);
    struct distillation out = make(&wanted);
    cr_expect_eq(out.endpoints[0].kept, 60);
    cr_expect_eq(out.endpoints[1].kept, 30);
    cr_expect_eq(out.endpoints[2].kept, 10);
    distillation_release(&out);
}

/* A millisecond each: a fifth of a second has room for 200. */
Test(distill, a_time_is_a_budget)
{
    add_mixed();
    struct distill_options wanted = options(count, 1);
    wanted.seconds = 0.2 + 1e-9;
    struct distillation out = make(&wanted);
    cr_expect_eq(out.count, 200);
    cr_expect_float_eq(out.replay_ns, 0.2e9, 1);
    distillation_release(&out);
}

Test(distill, no_room_for_one_is_an_error)
{
    struct error err = {0};
    struct distillation out;
    add(0, 0, 200, 10, 1, 1);
    struct distill_options wanted = options(1, 1);
    wanted.seconds = 1e-6;
    cr_expect_not(distill(&out, items, count, &wanted, &err));
    cr_expect_eq(err.code, ERROR_USAGE);
}

Test(distill, strange_weights_and_sizes_do_no_harm)
{
    static const double weights[] = {1e-300, 1e250, 1, 1e-9, 3e9};
    for (uint32_t i = 0; i < 200; i++) {
        struct distill_item *item =
            add(i % 5, i % 10, i % 3 == 0 ? 0 : 599, i % 2 == 0 ? 0 : 1e11, i % 4, weights[i % 5]);
        item->shape = (uint16_t)(i * 997);
    }
    for (size_t budget = 1; budget < 60; budget++) {
        struct distill_options wanted = options(budget, budget);
        struct distillation out = make(&wanted);
        cr_expect_eq(out.count, budget);
        distillation_release(&out);
    }
}

/* By the rule of thumb a request costs 500 and its bytes: that is kept, which is more than that the
 * bytes are. */
Test(distill, means_are_kept)
{
    add_mixed();
    for (size_t budget = 40; budget < 100; budget += 20) {
        struct distill_options wanted = options(budget, 1);
        struct distillation out = make(&wanted);
        for (uint32_t e = 0; e < 10; e++) {
            double ratio = (500 + chosen_mean(&out, e)) / (500 + full_mean(e));
            cr_expect_float_eq(ratio, 1, 0.04, "endpoint %u of %zu: %g", e, budget, ratio);
        }
        distillation_release(&out);
    }
}

Test(distill, describes_an_exchange)
{
    struct upstream_answer answers[2] = {{.latency_ns = 5}, {.latency_ns = 7}};
    struct exchange exchange = {.request = {.method = "POST", .target = "/a?b=1"},
                                .response = {.status = 201},
                                .upstream = answers,
                                .upstream_count = 2};
    struct corpus_entry entry = {.endpoint = 3, .variant = 4, .weight = 2.5};
    struct distill_item item;
    exchange.request.body = (struct body){"0123456789", 10};
    exchange.response.body.size = 300; /* not recorded whole */
    answers[0].request.body.size = 1;
    answers[0].response.body.size = 20;
    answers[1].response.body.size = 400;
    distill_describe(&item, &exchange, &entry);
    cr_expect_eq(item.traits[DISTILL_ANSWERED], 1);
    cr_expect_eq(item.traits[DISTILL_REFUSED], 0);
    cr_expect_eq(item.traits[DISTILL_SENT], 16);
    cr_expect_eq(item.traits[DISTILL_RECEIVED], 300);
    cr_expect_eq(item.traits[DISTILL_CALLS], 2);
    cr_expect_eq(item.traits[DISTILL_CALL_BYTES], 421);
    cr_expect_eq(item.replay_ns, 12);
    cr_expect_eq(item.weight, 2.5);
    cr_expect(isnan(item.cost) && isnan(item.cpu_ns));
    struct distill_item other;
    exchange.request.target = "/a?b=2";
    exchange.response.status = 404;
    distill_describe(&other, &exchange, &entry);
    cr_expect_neq(other.target, item.target);
    cr_expect_eq(other.traits[DISTILL_SENT], 0);
    cr_expect_eq(other.traits[DISTILL_SENT_REFUSED], 16);
}

Test(distill, each_failing_allocation_is_an_error)
{
    struct distillation out;
    struct error err = {0};
    long n = 0;
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    add_mixed();
    struct distill_options wanted = options(40, 1);
    for (bool ok = false; !ok; n++) {
        cr_assert_lt(n, 1000);
        error_clear(&err);
        allocations_left = n;
        ok = distill(&out, items, count, &wanted, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
    }
    cr_expect_gt(n, 3); /* it did fail on the way */
    distillation_release(&out);
}
