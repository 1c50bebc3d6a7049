/* What endpoints cost. The figures were worked out by hand; the workings stand beside them. */
#include "cost_sample.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cost, .timeout = 120);

static struct cost_sample sample;
static struct cost_report cost;
static struct error problem;

static void find(void)
{
    problem = (struct error){0};
    cr_assert(cost_find(&cost, &sample.question, &problem), "%s: %s", problem.where, problem.text);
}

static int64_t dollars(double amount)
{
    return (int64_t)llround(amount * MONEY_MICROS);
}

static void expect_near(double found, double wanted)
{
    cr_expect_float_eq(found, wanted, fabs(wanted) * 1e-9 + 1e-12, "%.12g where %.12g was expected",
                       found, wanted);
}

static void expect_sum(void)
{
    int64_t micros = cost.overhead.month_micros + cost.idle.month_micros;
    int64_t shown = cost.overhead.month_shown + cost.idle.month_shown;
    for (size_t i = 0; i < cost.endpoint_count; i++) {
        cr_assert_geq(cost.endpoints[i].month_micros, 0);
        micros += cost.endpoints[i].month_micros;
        shown += cost.endpoints[i].month_shown;
    }
    cr_assert_eq(micros, cost.bill_micros, "%lld of %lld", (long long)micros,
                 (long long)cost.bill_micros);
    cr_assert_eq(shown, cost.bill_shown, "%lld of %lld", (long long)shown,
                 (long long)cost.bill_shown);
}

static void give_bill(double amount)
{
    sample.terms.has_amount = true;
    sample.terms.amount_micros = dollars(amount);
    sample.terms.amount_from = "tollgate.json";
}

/* Requests 10, 30, 60 at 6, 1, 0.5 µs weigh 60, 30, 30: a half and two quarters of $100; by count
 * they would pay $10, $30, $60. */
Test(cost, shares_of_a_bill)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 10, 6000);
    cost_sample_add(&sample, 30, 1000);
    cost_sample_add(&sample, 60, 500);
    give_bill(100);
    find();
    expect_sum();
    cr_expect(cost.has_money && cost.mode == COST_SHARE && !cost.month_known);
    static const double months[] = {50, 25, 25}, naive[] = {10, 30, 60};
    static const double ratios[] = {5, 0.25 / 0.3, 0.25 / 0.6};
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(cost.endpoints[i].month_micros, dollars(months[i]));
        cr_expect_eq(cost.endpoints[i].naive_micros, dollars(naive[i]));
        expect_near(cost.endpoints[i].ratio, ratios[i]);
        expect_near(cost.endpoints[i].minute, months[i] / 43800);
        cr_expect(isnan(cost.endpoints[i].million), "nobody knows how many requests a month has");
    }
    cr_expect_str_eq(cost.basis, "$100.00 a month (tollgate.json) for all requests (the corpus's "
                                 "weights); CPU time a request as measured here");
    cr_expect_null(cost.advice);
    cr_expect_eq(cost.note_count, 1);
    cost_release(&cost);
}

/* A third of $100.01 is $33.33666...: shown as 33.34, 33.34 and 33.33. */
Test(cost, a_bill_that_does_not_divide)
{
    cost_sample_init(&sample);
    for (size_t i = 0; i < 3; i++)
        cost_sample_add(&sample, 1, 1000);
    give_bill(100.01);
    find();
    expect_sum();
    static const int64_t micros[] = {33336667, 33336667, 33336666};
    static const int64_t shown[] = {33340000, 33340000, 33330000};
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(cost.endpoints[i].month_micros, micros[i]);
        cr_expect_eq(cost.endpoints[i].month_shown, shown[i]);
    }
    cost_release(&cost);
}

/* No bill at all: 1,000 µs × 10^9 requests are 277.78 CPU hours, at $0.031611 an hour $8.78. */
Test(cost, hours_at_a_price)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 1e9, 1e6);
    sample.terms.period_hours = COST_MONTH_HOURS;
    sample.terms.price_per_hour = 0.031611;
    sample.terms.vcpus = 1;
    find();
    expect_sum();
    cr_expect_eq(cost.mode, COST_ABSOLUTE);
    expect_near(cost.cpu_hours, 1e6 / 3600);
    cr_expect_eq(cost.bill_micros, 8780833);
    cr_expect_eq(cost.endpoints[0].month_shown, dollars(8.78));
    cr_expect_float_eq(cost.endpoints[0].million, 8.780833 / 1000, 1e-9);
    expect_near(cost.endpoints[0].instance_hours, 1e6 / 3600);
    cost_release(&cost);
    /* Half idle, the same hours cost twice as much, and half of it is idle. */
    sample.terms.utilisation = 0.5;
    find();
    expect_sum();
    cr_expect_eq(cost.bill_micros, 17561667);
    cr_expect_eq(cost.idle.month_shown, dollars(8.78));
    cost_release(&cost);
    /* 4 vCPUs with 16 GB for $1: 9 of 52 parts an hour, 277.78 × 0.173077 = 48.08. */
    sample.terms.utilisation = NAN;
    sample.terms.price_per_hour = 1;
    sample.terms.vcpus = 4;
    sample.terms.memory_gb = 16;
    find();
    cr_expect_eq(cost.bill_shown, dollars(48.08));
    expect_near(cost.endpoints[0].instance_hours, 1e6 / 3600 / 4);
    cost_release(&cost);
}

/* 3.6 million requests of 1 ms are one CPU hour, and a tenth more runs in the background: 1.1 of
 * the 2 vCPU hours that $22 paid for. */
Test(cost, overhead_and_idle)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 1.2e6, 1e6);
    cost_sample_add(&sample, 2.4e6, 1e6);
    cost_sample_overhead(&sample, 0.1);
    give_bill(22);
    sample.terms.period_hours = COST_MONTH_HOURS;
    sample.terms.instance_hours = 2;
    sample.terms.vcpus = 1;
    find();
    expect_sum();
    cr_expect_eq(cost.mode, COST_ABSOLUTE);
    expect_near(cost.utilisation, 0.55);
    expect_near(cost.vcpu_price, 11);
    cr_expect_eq(cost.endpoints[0].month_shown, dollars(3.67));
    cr_expect_eq(cost.endpoints[1].month_shown, dollars(7.33));
    cr_expect_eq(cost.overhead.month_micros, dollars(1.1));
    cr_expect_eq(cost.idle.month_micros, dollars(9.9));
    expect_near(cost.overhead.share, 0.05);
    expect_near(cost.idle.share, 0.45);
    expect_near(cost.idle.instance_hours, 0.9);
    expect_near(cost.endpoints[0].instance_hours, 1.0 / 3);
    cr_expect_str_eq(
        cost.basis,
        "$22.00 a month (tollgate.json) at 118 k requests a day (the corpus's weights); "
        "CPU time a request as measured here, 1.1 CPU hours a month; CPU 55 % used of 2 "
        "vCPU hours");
    cost_release(&cost);
    /* Production says that it took 1.65 hours: 1.5 times as much as here, 82.5 % of what was
     * paid. */
    sample.terms.cpu_hours = 1.65;
    find();
    expect_sum();
    expect_near(cost.kappa, 1.5);
    expect_near(cost.utilisation, 0.825);
    cr_expect_eq(cost.idle.month_micros, dollars(3.85));
    cost_release(&cost);
}

/* Twice the hours that were paid for: the figures do not fit, so shares decide and nothing
 * idles. */
Test(cost, more_needed_than_paid_for)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 7.2e6, 1e6);
    give_bill(10);
    sample.terms.period_hours = COST_MONTH_HOURS;
    sample.terms.instance_hours = 1;
    sample.terms.vcpus = 1;
    find();
    expect_sum();
    cr_expect_eq(cost.mode, COST_SHARE);
    expect_near(cost.utilisation, 2);
    cr_expect_eq(cost.endpoints[0].month_micros, dollars(10));
    cr_expect_eq(cost.idle.month_micros, 0);
    cr_expect_eq(strncmp(cost.notes[0], "the requests need 200 % of", 26), 0, "%s", cost.notes[0]);
    cost_release(&cost);
}

Test(cost, requests_of_nobody)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 0, 1000);
    cost_sample_add(&sample, 5, 1000);
    give_bill(7);
    find();
    expect_sum();
    cr_expect_eq(cost.endpoints[0].month_micros, 0);
    cr_expect(isnan(cost.endpoints[0].ratio));
    cr_expect_eq(cost.endpoints[1].month_micros, dollars(7));
    cost_release(&cost);
    cost_sample_init(&sample);
    cost_sample_add(&sample, 0, 1000);
    give_bill(7);
    find();
    expect_sum();
    cr_expect_eq(cost.idle.month_micros, dollars(7), "what nobody asked for anything is idle");
    cost_release(&cost);
    cost_sample_init(&sample);
    give_bill(7);
    find();
    cr_expect_not(cost.has_money, "nothing was measured");
    cost_release(&cost);
}

Test(cost, nothing_of_production_is_known)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 3, 1000);
    cost_sample_add(&sample, 1, 1000);
    sample.question.terms = NULL;
    find();
    cr_expect_not(cost.has_money);
    expect_near(cost.endpoints[0].cost_share, 0.75);
    cr_expect_eq(cost.endpoints[0].month_micros, 0);
    cr_expect(isnan(cost.endpoints[0].minute));
    cr_expect_eq(strncmp(cost.advice, "for money, say in tollgate", 26), 0);
    cr_expect_str_eq(cost.basis, "shares: requests (the corpus's weights) times CPU time a request "
                                 "as measured here");
    cost_release(&cost);
}

/* Without CPU time instructions do, and that is said; without both there is nothing. */
Test(cost, instructions_in_place_of_cpu_time)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 1, NAN)->metrics[METRIC_INSTRUCTIONS].head = 300;
    cost_sample_add(&sample, 1, NAN)->metrics[METRIC_INSTRUCTIONS].head = 100;
    give_bill(8);
    sample.terms.period_hours = 24;
    sample.terms.vcpus = 1;
    sample.terms.instance_hours = 1;
    find();
    expect_sum();
    cr_expect_eq(cost.metric, METRIC_INSTRUCTIONS);
    cr_expect_eq(cost.endpoints[0].month_micros, dollars(6));
    cr_expect(isnan(cost.cpu_hours), "instructions are no time");
    cr_expect_not_null(strstr(cost.basis, "instructions (in place of CPU time)"));
    cost_release(&cost);
    sample.verdicts[0].metrics[METRIC_INSTRUCTIONS].head = NAN;
    sample.verdicts[1].metrics[METRIC_INSTRUCTIONS].head = NAN;
    find();
    cr_expect_not(cost.has_money);
    cr_expect_eq(cost.metric, METRIC_COUNT);
    cr_expect_not_null(cost.advice);
    cost_release(&cost);
}

/* 1,000 an hour are 730,000 a month, 36,500 a year 3041.67; a tenth is to what was not measured. */
Test(cost, counts_of_production)
{
    struct cost_count rows[] = {{"GET /0", 1000, 1, 2},
                                {"GET /1", 36500, 8760, 3},
                                {"GET /gone", 730000 / 9.0, COST_MONTH_HOURS, 4}};
    struct cost_counts counts = {"requests.csv", rows, 3};
    cost_sample_init(&sample);
    cost_sample_add(&sample, 1, 1000);
    cost_sample_add(&sample, 99, 1000);
    cost_sample_add(&sample, 99, 1000); /* that the file does not name: no requests */
    give_bill(100);
    sample.terms.counts = &counts;
    find();
    expect_sum();
    cr_expect(cost.month_known);
    expect_near(cost.endpoints[0].requests, 730000);
    expect_near(cost.endpoints[1].requests, 36500.0 / 12);
    expect_near(cost.endpoints[2].requests, 0);
    cr_expect_eq(cost.endpoints[2].month_micros, 0);
    expect_near(cost.endpoints[2].million, cost.endpoints[0].million);
    expect_near(cost.endpoints[0].million, 100 / (730000 + 36500.0 / 12) * 1e6);
    expect_near(cost.unmeasured_share, 730000 / 9.0 / (730000 / 9.0 + 730000 + 36500.0 / 12));
    cr_expect_not_null(strstr(cost.notes[1], "most of them to GET /gone"), "%s", cost.notes[1]);
    cost_release(&cost);
    /* Some with a period and some without: nobody can add those up. */
    rows[1].period_hours = NAN;
    problem = (struct error){0};
    cr_expect_not(cost_find(&cost, &sample.question, &problem));
    cr_expect_str_eq(problem.where, "requests.csv:3");
    /* Unless the config has one for them. */
    sample.terms.period_hours = 24;
    find();
    expect_near(cost.endpoints[1].requests, 36500 * COST_MONTH_HOURS / 24);
    cost_release(&cost);
    /* None has one: shares, and no month. */
    rows[0].period_hours = rows[2].period_hours = sample.terms.period_hours = NAN;
    find();
    cr_expect_not(cost.month_known);
    cost_release(&cost);
}

Test(cost, another_currency)
{
    cost_sample_init(&sample);
    cost_sample_add(&sample, 1, 1000);
    cost_sample_add(&sample, 2, 1000);
    give_bill(100);
    sample.terms.currency = "JPY";
    find();
    expect_sum();
    cr_expect_eq(cost.digits, 0);
    cr_expect_eq(cost.endpoints[0].month_shown, dollars(33));
    cr_expect_eq(cost.endpoints[1].month_shown, dollars(67));
    cr_expect_eq(strncmp(cost.basis, "JPY 100 a month", 15), 0);
    cost_release(&cost);
}

/* Of a bill of $100 the first of two pays $50 and becomes 10 % dearer (8 to 12): +$5 (4 to 6). */
Test(cost, a_change_and_its_interval)
{
    cost_sample_init(&sample);
    cost_sample_change(&sample, 1, 1000, 0.10, 0.08, 0.12, VERDICT_REGRESSED);
    cost_sample_change(&sample, 1, 1000, -0.04, -0.05, -0.03, VERDICT_IMPROVED);
    give_bill(100);
    find();
    expect_sum();
    cr_expect(cost.has_change && cost.side == SIDE_BASE);
    cr_expect_eq(cost.endpoints[0].month_micros, dollars(50), "the bill is what the base costs");
    const struct cost_change *dearer = &cost.endpoints[0].change;
    const struct cost_change *cheaper = &cost.endpoints[1].change;
    cr_expect(dearer->sure && cheaper->sure);
    expect_near(dearer->efficiency, 5e6);
    expect_near(dearer->low, 4e6);
    expect_near(dearer->high, 6e6);
    expect_near(dearer->traffic, 0);
    expect_near(cheaper->efficiency, -2e6);
    expect_near(cost.total.efficiency, 3e6);
    expect_near(cost.total.low, 1.5e6);
    expect_near(cost.total.high, 4.5e6);
    cr_expect_eq(cost.total.endpoints, 2);
    cr_expect_eq(cost.total.unsure, 0);
    cost_release(&cost);
    /* Without a bill the same, as fractions of all. */
    sample.terms.has_amount = false;
    find();
    expect_near(cost.endpoints[0].change.efficiency, 0.05);
    cost_release(&cost);
}

static void expect_no_figure(size_t index, const char *why)
{
    const struct cost_change *change = &cost.endpoints[index].change;
    cr_expect_not(change->sure);
    cr_expect(isnan(change->efficiency) && isnan(change->low) && isnan(change->high));
    cr_expect_str_eq(change->why, why);
}

Test(cost, no_figure_for_noise)
{
    cost_sample_init(&sample);
    cost_sample_change(&sample, 1, 1000, 0.01, -0.01, 0.03, VERDICT_PASSED);
    cost_sample_change(&sample, 1, 1000, 0.01, 0.005, 0.015, VERDICT_PASSED);
    cost_sample_change(&sample, 1, 1000, 0.05, 0.01, 0.09, VERDICT_INCONCLUSIVE);
    cost_sample_change(&sample, 1, 1000, 0.05, 0.01, 0.09, VERDICT_NONE);
    cost_sample_change(&sample, 1, 1000, 0.05, NAN, NAN, VERDICT_REGRESSED);
    cost_sample_change(&sample, 1, 1000, 0.05, 0.01, 0.09, VERDICT_REGRESSED)->invalid = "wrong";
    cost_sample_change(&sample, 0, 1000, 0.05, 0.01, 0.09, VERDICT_REGRESSED);
    give_bill(100);
    find();
    expect_no_figure(0, "no change that is clear");
    expect_no_figure(1, "no change beyond the margin");
    expect_no_figure(2, "whether it changed is not clear");
    expect_no_figure(3, "neither CPU time nor instructions were compared");
    expect_no_figure(4, "its change has no interval");
    expect_no_figure(5, "its answers were wrong");
    expect_no_figure(6, "it has no requests");
    cr_expect_eq(cost.total.endpoints, 0);
    cr_expect_eq(cost.total.unsure, 4);
    cost_release(&cost);
}

/* CPU time that was not compared leaves it to instructions, exactly: +2 % of $100; one that was
 * accepted has its figure as well. */
Test(cost, instructions_tell_where_cpu_time_does_not)
{
    cost_sample_init(&sample);
    struct endpoint_verdict *first =
        cost_sample_change(&sample, 1, 1000, 0.3, 0.2, 0.4, VERDICT_NONE);
    first->metrics[METRIC_INSTRUCTIONS] = (struct metric_verdict){
        102, 100, 0.02, 0.02, 0.02, VERDICT_REGRESSED, "", .accepted = NULL};
    struct endpoint_verdict *accepted =
        cost_sample_change(&sample, 1, 1000, 0.1, 0.08, 0.12, VERDICT_PASSED);
    accepted->metrics[METRIC_CPU_NS].accepted = "for a reason";
    give_bill(200);
    find();
    cr_expect_eq(cost.endpoints[0].change.metric, METRIC_INSTRUCTIONS);
    expect_near(cost.endpoints[0].change.efficiency, 2e6);
    expect_near(cost.endpoints[0].change.high, 2e6);
    expect_near(cost.endpoints[1].change.efficiency, 10e6);
    cost_release(&cost);
}

/* Two runs: 100 requests of 1 µs a day became 150 of 1.1 µs. At the base's $100 for one of 100, the
 * 50 more cost $50 as the base has them, and 150 that are 10 % dearer $15. */
Test(cost, efficiency_and_traffic_apart)
{
    cost_sample_init(&sample);
    cost_sample_change(&sample, 150, 1000, 0.1, 0.09, 0.11, VERDICT_REGRESSED);
    sample.base_endpoints[0].weight = 100;
    struct endpoint_verdict *fresh = cost_sample_add(&sample, 10, 2000);
    fresh->presence = ENDPOINT_NEW;
    struct endpoint_verdict *gone = cost_sample_add(&sample, 0, NAN);
    gone->presence = ENDPOINT_REMOVED;
    gone->metrics[METRIC_CPU_NS].base = 1000;
    sample.base_endpoints[2].weight = 25;
    sample.question.base = &sample.base;
    sample.terms.period_hours = 24;
    give_bill(125);
    find();
    expect_sum();
    expect_near(cost.endpoints[0].change.efficiency, 15e6);
    expect_near(cost.endpoints[0].change.traffic, 50e6);
    /* 10 requests of 2 µs, at $1 for 1 µs a day; and 25 of 1 µs that come no more. */
    cr_expect_eq(cost.endpoints[1].month_micros, 0);
    expect_near(cost.endpoints[1].change.traffic, 20e6);
    cr_expect_not(cost.endpoints[1].change.sure);
    cr_expect_eq(cost.endpoints[2].month_micros, dollars(25));
    expect_near(cost.endpoints[2].change.traffic, -25e6);
    expect_near(cost.total.traffic, 45e6);
    cost_release(&cost);
    /* Corpora of unknown times do not tell traffic from sampling. */
    sample.terms.period_hours = NAN;
    find();
    cr_expect(isnan(cost.endpoints[0].change.traffic));
    cost_release(&cost);
}

/* Whatever is known and however it was measured: no cent is lost and none is made. */
Test(cost, adds_up_to_the_bill_whatever_it_is)
{
    struct random random;
    size_t absolute = 0, shared = 0;
    random_seed(&random, 61);
    for (size_t round = 0; round < 4000; round++) {
        size_t count = (size_t)random_below(&random, COST_SAMPLE_MAX + 1);
        cost_sample_init(&sample);
        for (size_t i = 0; i < count; i++) {
            double weight = random_below(&random, 6) == 0
                                ? 0
                                : pow(10, 12 * random_unit(&random)) * random_unit(&random);
            double cpu_ns = random_below(&random, 9) == 0 ? NAN : pow(10, 9 * random_unit(&random));
            if (random_below(&random, 2) == 0)
                cost_sample_add(&sample, weight, cpu_ns);
            else
                cost_sample_change(&sample, weight, cpu_ns, random_unit(&random) - 0.5, -1, 1,
                                   VERDICT_REGRESSED);
        }
        static const char *const currencies[] = {NULL, "EUR", "JPY", "KWD"};
        sample.terms.currency = currencies[random_below(&random, 4)];
        cost_sample_overhead(&sample, random_unit(&random) - 0.3);
        if (random_below(&random, 3) > 0) {
            sample.terms.has_amount = true;
            sample.terms.amount_micros =
                (int64_t)random_below(&random, (uint64_t)1 << random_below(&random, 60));
        }
        if (random_below(&random, 2) == 0)
            sample.terms.period_hours = 1 + 1000 * random_unit(&random);
        if (random_below(&random, 2) == 0)
            sample.terms.instance_hours = 1e5 * random_unit(&random);
        if (random_below(&random, 2) == 0)
            sample.terms.vcpus = 1 + (double)random_below(&random, 64);
        if (random_below(&random, 2) == 0)
            sample.terms.price_per_hour = random_unit(&random);
        if (random_below(&random, 3) == 0)
            sample.terms.utilisation = 0.01 + 0.99 * random_unit(&random);
        if (random_below(&random, 3) == 0)
            sample.terms.cpu_hours = 1e6 * random_unit(&random);
        problem = (struct error){0};
        if (!cost_find(&cost, &sample.question, &problem)) {
            cr_assert_eq(problem.code, ERROR_INPUT, "%s", problem.text);
            continue;
        }
        if (cost.has_money)
            expect_sum();
        absolute += cost.has_money && cost.mode == COST_ABSOLUTE;
        shared += cost.has_money && cost.mode == COST_SHARE;
        cr_assert_eq(cost.has_money, cost.advice == NULL);
        cr_assert_gt(strlen(cost.basis), 10);
        cost_release(&cost);
    }
    cr_expect(absolute > 500 && shared > 500, "%zu and %zu", absolute, shared);
}

/* By cost 0, 2, 1; by requests 1, 2, 0; by ratio 0, 2, 1; an endpoint that was not asked comes
 * last. */
Test(cost, orders)
{
    static const size_t wanted[][4] = {{0, 2, 1, 3}, {1, 2, 0, 3}, {0, 2, 1, 3}};
    cost_sample_init(&sample);
    cost_sample_add(&sample, 10, 9000);
    cost_sample_add(&sample, 60, 500);
    cost_sample_add(&sample, 30, 1500);
    cost_sample_add(&sample, 0, 1e9);
    find();
    for (size_t order = 0; order < 3; order++) {
        const struct endpoint_cost **rows = cost_order(&cost, (enum cost_order)order, &problem);
        cr_assert_not_null(rows);
        for (size_t i = 0; i < 4; i++)
            cr_expect_eq(rows[i], &cost.endpoints[wanted[order][i]], "order %zu, row %zu is %s",
                         order, i, rows[i]->name);
        free(rows);
    }
    cost_release(&cost);
}

/* a has $50 and $30, b $20: 80 and 20, on average 40 and 20; what nobody has comes last. */
Test(cost, sums_by_owner)
{
    struct endpoint_owner rows[] = {{.endpoint = "GET /0", .owner = "a"},
                                    {.endpoint = "GET /1", .owner = "b"},
                                    {.endpoint = "GET /2", .owner = "a"},
                                    {.endpoint = "GET /3"}};
    struct owners owners = {.endpoints = rows, .count = 4};
    struct owner_cost *sums = NULL;
    struct arena arena;
    size_t count = 0;
    cost_sample_init(&sample);
    cost_sample_change(&sample, 1, 5000, 0.1, 0.1, 0.1, VERDICT_REGRESSED);
    cost_sample_change(&sample, 1, 2000, 0.01, -1, 1, VERDICT_PASSED);
    cost_sample_change(&sample, 1, 3000, 0.2, 0.1, 0.3, VERDICT_REGRESSED);
    cost_sample_change(&sample, 1, 90000, 0, -1, 1, VERDICT_PASSED);
    give_bill(1000);
    find();
    arena_init(&arena);
    cr_assert(cost_sum_owners(&cost, &owners, COST_BY_COST, &arena, &sums, &count, &problem));
    cr_assert_eq(count, 3);
    cr_expect_str_eq(sums[0].owner, "a");
    cr_expect_eq(sums[0].month_micros, dollars(80));
    cr_expect_eq(sums[0].average_micros, dollars(40));
    cr_expect_eq(sums[0].endpoints, 2);
    expect_near(sums[0].request_share, 0.5);
    expect_near(sums[0].ratio, 0.08 / 0.5);
    expect_near(sums[0].total.efficiency, 11e6);
    expect_near(sums[0].total.low, 8e6);
    cr_expect_str_eq(sums[1].owner, "b");
    cr_expect_eq(sums[1].total.endpoints, 0);
    cr_expect_null(sums[2].owner);
    cr_expect_eq(sums[2].month_micros, dollars(900));
    cr_assert(cost_sum_owners(&cost, NULL, COST_BY_COST, &arena, &sums, &count, &problem));
    cr_expect_eq(count, 1);
    cr_expect_null(sums[0].owner);
    arena_release(&arena);
    cost_release(&cost);
}
