#include "replay/standin_noise.h"

#include "base/clock.h"
#include "base/macros.h"
#include "replay/correlation.h"
#include "replay/standin_timer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static struct standin_lot lot(uint64_t exchange, uint64_t replay)
{
    return (struct standin_lot){.seed = 1, .upstream = 2, .exchange = exchange, .replay = replay};
}

static const struct standin_settings lognormal = {
    .latency = STANDIN_LATENCY_LOGNORMAL, .median_ns = 5 * NS_PER_MS, .sigma = 0.5};

static int64_t delay(const struct standin_settings *settings, struct standin_lot one)
{
    return standin_noise_draw(settings, &one, 0, true).delay_ns;
}

Test(standin_noise, the_same_lot_draws_the_same, .timeout = 20)
{
    struct standin_lot again = lot(7, 3), other = again;
    cr_expect_eq(delay(&lognormal, lot(7, 3)), delay(&lognormal, again));
    other.call = 1;
    cr_expect_neq(delay(&lognormal, other), delay(&lognormal, again));
    other = again;
    other.seed = 2;
    cr_expect_neq(delay(&lognormal, other), delay(&lognormal, again));
    other = again;
    other.upstream = 3;
    cr_expect_neq(delay(&lognormal, other), delay(&lognormal, again));
    cr_expect_neq(delay(&lognormal, lot(8, 3)), delay(&lognormal, again));
    cr_expect_neq(delay(&lognormal, lot(7, 4)), delay(&lognormal, again));
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Of a log-normal latency half is below the median, and ln(x / median) has the SD sigma: with 20000
 * draws the share is within 0.5 +- 0.014 (4 standard errors), the SD within 0.5 +- 0.01. */
Test(standin_noise, latencies_are_lognormal, .timeout = 20)
{
    enum { DRAWS = 20000 };
    static int64_t drawn[DRAWS];
    double sum = 0, squares = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        drawn[i] = delay(&lognormal, lot(i, 1));
        double from_median = log((double)drawn[i] / (5.0 * NS_PER_MS));
        sum += from_median;
        squares += from_median * from_median;
    }
    qsort(drawn, DRAWS, sizeof *drawn, compare);
    cr_expect_float_eq((double)drawn[DRAWS / 2], 5.0 * NS_PER_MS, 0.1 * NS_PER_MS);
    cr_expect_float_eq(sqrt(squares / DRAWS - (sum / DRAWS) * (sum / DRAWS)), 0.5, 0.01);
}

Test(standin_noise, recorded_latency_is_what_was_recorded, .timeout = 20)
{
    static const struct standin_settings recorded = {.latency = STANDIN_LATENCY_RECORDED};
    static const struct standin_settings none = {0};
    struct standin_lot one = lot(1, 1);
    cr_expect_eq(standin_noise_draw(&recorded, &one, 1234, true).delay_ns, 1234);
    cr_expect_eq(standin_noise_draw(&recorded, &one, INT64_MAX, true).delay_ns,
                 STANDIN_DELAY_MAX_S * NS_PER_SECOND);
    cr_expect_eq(standin_noise_draw(&recorded, &one, -5, true).delay_ns, 0);
    cr_expect_eq(standin_noise_draw(&none, &one, 1234, true).delay_ns, 0);
    cr_expect(standin_settings_are_noisy(&recorded));
    cr_expect_not(standin_settings_are_noisy(&none));
}

static size_t struck(const struct standin_settings *settings, uint64_t exchange, uint64_t replays)
{
    size_t count = 0;
    for (uint64_t replay = 1; replay <= replays; replay++) {
        struct standin_lot one = lot(exchange, replay);
        count += standin_noise_draw(settings, &one, 0, true).fault != NULL;
    }
    return count;
}

Test(standin_noise, every_nth_replay_of_an_exchange_is_struck, .timeout = 20)
{
    static const struct standin_fault fault = {STANDIN_FAULT_STATUS, .status = 503, .every = 10};
    static const struct standin_settings settings = {.faults = &fault, .fault_count = 1};
    bool first[10] = {false};
    size_t different = 0;
    for (uint64_t exchange = 0; exchange < 40; exchange++) {
        cr_expect_eq(struck(&settings, exchange, 100), 10);
        for (uint64_t replay = 1; replay <= 10; replay++)
            if (struck(&settings, exchange, replay) == 1) {
                first[replay - 1] = true;
                break;
            }
    }
    for (size_t i = 0; i < COUNT_OF(first); i++)
        different += first[i];
    cr_expect_gt(different, 5, "all exchanges are struck in the same rounds");
}

/* 10000 draws at 0.1: 4 standard errors are 120. */
Test(standin_noise, a_share_is_struck, .timeout = 20)
{
    static const struct standin_fault faults[] = {{STANDIN_FAULT_RESET, .share = 0.1},
                                                  {STANDIN_FAULT_SLOW, .delay_ns = 77, .share = 1}};
    static const struct standin_settings settings = {.faults = faults, .fault_count = 2};
    size_t resets = 0, slow = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        struct standin_lot one = lot(i, 1);
        struct standin_noise noise = standin_noise_draw(&settings, &one, 0, true);
        resets += noise.fault == &faults[0] && noise.delay_ns == 0;
        slow += noise.fault == &faults[1] && noise.delay_ns == 77;
        cr_expect_null(standin_noise_draw(&settings, &one, 0, false).fault);
    }
    cr_expect_float_eq((double)resets, 1000, 120);
    cr_expect_eq(resets + slow, 10000);
}

struct order {
    int numbers[64];
    size_t count;
};

struct marked {
    struct order *order;
    int number;
};

static void note(void *context)
{
    const struct marked *marked = context;
    marked->order->numbers[marked->order->count++] = marked->number;
}

/* Whether at the end of their time or at the timer's, in order of the time that was set. */
Test(standin_noise, a_timer_calls_in_order_of_time, .timeout = 20)
{
    static const int64_t due_ms[] = {900000, 20, 5, 700000, 5, 800000, 1, 30};
    static const int expected[] = {6, 2, 4, 1, 7, 3, 5, 0};
    struct order order = {.count = 0};
    struct marked marks[COUNT_OF(due_ms)];
    struct standin_timer *timer;
    int64_t now = clock_monotonic_ns() + 50 * NS_PER_MS;
    cr_assert(standin_timer_new(&timer, note, NULL));
    for (size_t i = 0; i < COUNT_OF(due_ms); i++) {
        marks[i] = (struct marked){&order, (int)i};
        cr_assert(standin_timer_add(timer, now + due_ms[i] * NS_PER_MS, &marks[i]));
    }
    standin_timer_free(timer);
    cr_assert_eq(order.count, COUNT_OF(due_ms));
    for (size_t i = 0; i < order.count; i++)
        cr_expect_eq(order.numbers[i], expected[i], "%zu: %d", i, order.numbers[i]);
}

Test(correlation, only_our_own_ids_are_read, .timeout = 20)
{
    struct correlation found;
    cr_assert(correlation_of_traceparent("00-746f6c6c67617465000000050000001f-00f067aa0ba902b7-01",
                                         &found));
    cr_expect(found.exchange == 5 && found.replay == 0x1f);
    cr_assert(correlation_of_request_id("0000000a-746f-8000-8000-000000000002", &found));
    cr_expect(found.exchange == 10 && found.replay == 2);
    static const char *const traces[] = {
        "", "00-", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-746f6c6c67617465000000050000001", "00-746f6c6c6761746500000005000000zz-1-01"};
    static const char *const ids[] = {"", "0000000a", "0000000a-746f-4000-8000-000000000002",
                                      "0000000a-746f-8000-8000-0000000000021"};
    for (size_t i = 0; i < COUNT_OF(traces); i++)
        cr_expect_not(correlation_of_traceparent(traces[i], &found), "%s", traces[i]);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        cr_expect_not(correlation_of_request_id(ids[i], &found), "%s", ids[i]);
}
