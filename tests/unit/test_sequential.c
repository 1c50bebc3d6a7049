#include "baselines/sequential.h"

#include "baselines/signedrank.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#define LOOKS  4
#define MARGIN 0.02

static const size_t four_looks[LOOKS] = {14, 20, 28, 40};

static struct sequential_plan init_plan(struct sequential_request request)
{
    struct sequential_plan plan;
    struct error err = {0};
    request.interval_alpha = 0.05;
    cr_assert(sequential_plan_init(&plan, &request, &err), "%s", err.text);
    return plan;
}

static struct sequential_plan make_plan(size_t endpoints, double alpha, const double *weights)
{
    return init_plan((struct sequential_request){
        .looks = four_looks,
        .weights = weights,
        .look_count = LOOKS,
        .endpoints = endpoints,
        .alpha = alpha,
    });
}

static double sum_of(const double *values, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* By hand: 20 endpoints at 0.01 / 3 need 2^-n <= 0.000167: 2^-13 = 0.000122 does, 2^-12 does not.
 * One endpoint at 0.05: 2^-5 = 0.031. At 2^-10 itself: 10. */
Test(sequential, fewest_replicates, .timeout = 600)
{
    cr_assert(sequential_find_fewest(20, 0.01 / 3) == 13);
    cr_assert(sequential_find_fewest(1, 0.05) == 5);
    cr_assert(sequential_find_fewest(1, 0x1p-10) == 10);
    cr_assert(sequential_find_fewest(1, 0x1p-10 * (1 - 1e-15)) == 11);
    cr_assert(sequential_find_fewest(0, 0.05) == 0);
    cr_assert(sequential_find_fewest(5, 0.0) == 0);
}

/* 20 endpoints: 14 / 102 of 0.01 is 0.001373, above the 20 * 2^-14 = 0.001221 that a rejection at
 * 14 needs. 25 endpoints need 0.001526 there: raised, the rest shared as 20 : 28 : 40. 60 need
 * 0.00366, more than the even share of 0.0025: that look gets nothing. */
Test(sequential, default_split, .timeout = 600)
{
    struct sequential_plan plan = make_plan(20, 0.01, NULL);
    for (size_t k = 0; k < LOOKS; k++)
        cr_assert_float_eq(plan.alpha[k], 0.01 * (double)four_looks[k] / 102.0, 1e-12);
    cr_assert(sequential_find_first_look(&plan) == 0);
    plan = make_plan(25, 0.01, NULL);
    cr_assert_float_eq(plan.alpha[0], 25 * 0x1p-14, 1e-12);
    cr_assert_float_eq(plan.alpha[3], (0.01 - 25 * 0x1p-14) * 40 / 88, 1e-12);
    cr_assert(sequential_find_first_look(&plan) == 0);
    plan = make_plan(60, 0.01, NULL);
    cr_assert(plan.alpha[0] == 0.0);
    cr_assert_float_eq(plan.alpha[1], 0.01 * 20 / 88, 1e-12);
    cr_assert(sequential_find_first_look(&plan) == 1);
}

/* Whatever is asked for, no more alpha is given out than there is, and what is given is of use. */
Test(sequential, split_never_exceeds_alpha, .timeout = 600)
{
    for (size_t endpoints = 1; endpoints < 400; endpoints++) {
        struct sequential_plan plan = make_plan(endpoints, 0.01, NULL);
        cr_assert(sum_of(plan.alpha, LOOKS) <= 0.01 * (1 + 1e-12));
        cr_assert(sum_of(plan.alpha, LOOKS) >= 0.01 * (1 - 1e-9));
        cr_assert(sum_of(plan.interval_alpha, LOOKS) <= 0.05 * (1 + 1e-12));
        for (size_t k = 0; k < LOOKS; k++) {
            double needed = (double)endpoints * ldexp(1.0, -(int)plan.looks[k]);
            cr_assert(plan.alpha[k] == 0.0 || plan.alpha[k] >= needed);
        }
    }
    /* 14 replicates cannot tell 100,000 endpoints apart at 0.01; 40 can. */
    struct sequential_plan many = make_plan(100000, 0.01, NULL);
    cr_assert(sequential_find_first_look(&many) == 2);
}

Test(sequential, weights, .timeout = 600)
{
    struct sequential_plan plan = make_plan(20, 0.01, (double[]){0, 1, 1, 2});
    cr_assert(plan.alpha[0] == 0.0);
    cr_assert_float_eq(plan.alpha[1], 0.0025, 1e-15);
    cr_assert_float_eq(plan.alpha[3], 0.005, 1e-15);
    cr_assert_float_eq(plan.interval_alpha[3], 0.025, 1e-15);
}

struct bad_request {
    size_t looks[2];
    double weights[2];
    size_t look_count;
    size_t endpoints;
    double alpha;
    double interval_alpha;
};

ParameterizedTestParameters(sequential, refused)
{
    static struct bad_request cases[] = {
        {{14, 14}, {1, 1}, 2, 5, 0.01, 0.05},  {{0, 14}, {1, 1}, 2, 5, 0.01, 0.05},
        {{14, 257}, {1, 1}, 2, 5, 0.01, 0.05}, {{14, 20}, {1, -1}, 2, 5, 0.01, 0.05},
        {{14, 20}, {0, 0}, 2, 5, 0.01, 0.05},  {{14, 20}, {1, NAN}, 2, 5, 0.01, 0.05},
        {{14, 20}, {1, 1}, 0, 5, 0.01, 0.05},  {{14, 20}, {1, 1}, 17, 5, 0.01, 0.05},
        {{14, 20}, {1, 1}, 2, 0, 0.01, 0.05},  {{14, 20}, {1, 1}, 2, 5, 0.0, 0.05},
        {{14, 20}, {1, 1}, 2, 5, NAN, 0.05},   {{14, 20}, {1, 1}, 2, 5, 0.01, 0.5},
        {{14, 20}, {1, 1}, 2, 5, 0.01, 0.001},
    };
    return cr_make_param_array(struct bad_request, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct bad_request *each, sequential, refused, .timeout = 600)
{
    struct sequential_plan plan;
    struct error err = {0};
    struct sequential_request request = {
        .looks = each->looks,
        .weights = each->weights,
        .look_count = each->look_count,
        .endpoints = each->endpoints,
        .alpha = each->alpha,
        .interval_alpha = each->interval_alpha,
    };
    cr_assert_not(sequential_plan_init(&plan, &request, &err));
    cr_assert(err.code == ERROR_USAGE && err.text[0] != '\0');
}

/* xorshift64*: S. Vigna, ACM TOMS 42 (2016). */
static double next_uniform(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return ((double)(*state * UINT64_C(2685821657736338717) >> 11) + 0.5) * 0x1p-53;
}

/* Symmetric about 0 with tails heavier than the normal's. */
static double next_logistic(uint64_t *state)
{
    double u = next_uniform(state);
    return log(u / (1.0 - u));
}

#define ENDPOINTS  3
#define REPLICATES 20

static double samples_of[ENDPOINTS][REPLICATES];

/* Few replicates, where the discreteness of the test bites most, and quick to simulate. */
static struct sequential_plan make_short_plan(double alpha)
{
    return init_plan((struct sequential_request){
        .looks = (size_t[]){10, 14, REPLICATES},
        .look_count = 3,
        .endpoints = ENDPOINTS,
        .alpha = alpha,
    });
}

/* Replicates of all endpoints, around `centres`, sharing a part of their noise as endpoints that
 * were measured by the same pair of gateways do. */
static void draw_replicates(uint64_t *state, const double *centres, double scale)
{
    for (size_t r = 0; r < REPLICATES; r++) {
        double shared = next_logistic(state);
        for (size_t i = 0; i < ENDPOINTS; i++)
            samples_of[i][r] = centres[i] + scale * (shared + next_logistic(state));
    }
}

static void run_plan(const struct sequential_plan *plan, struct sequential_decision *decisions)
{
    struct sequential_sample samples[ENDPOINTS];
    memset(decisions, 0, ENDPOINTS * sizeof *decisions);
    for (size_t look = 0; look < plan->look_count; look++) {
        for (size_t i = 0; i < ENDPOINTS; i++)
            samples[i] = (struct sequential_sample){samples_of[i], plan->looks[look], MARGIN};
        cr_assert(sequential_decide_look(plan, look, samples, decisions, NULL));
        if (sequential_count_undecided(decisions, ENDPOINTS) == 0)
            return;
    }
}

/* What a simulation counted, as shares of its runs. */
struct tally {
    double any_false_regressed; /* one or more of the endpoints at the margin */
    double passed[ENDPOINTS];
    double regressed[ENDPOINTS];
    double improved[ENDPOINTS];
    double settled_first; /* endpoints settled at the first look */
};

static struct tally simulate(const struct sequential_plan *plan, const double *centres,
                             double scale, size_t runs, uint64_t seed)
{
    struct tally tally = {0};
    uint64_t state = seed;
    double share = 1.0 / (double)runs;
    for (size_t run = 0; run < runs; run++) {
        struct sequential_decision decisions[ENDPOINTS];
        bool alarm = false;
        draw_replicates(&state, centres, scale);
        run_plan(plan, decisions);
        for (size_t i = 0; i < ENDPOINTS; i++) {
            enum sequential_verdict verdict = decisions[i].verdict;
            alarm = alarm || (verdict == SEQUENTIAL_REGRESSED && centres[i] <= log1p(MARGIN));
            tally.regressed[i] += verdict == SEQUENTIAL_REGRESSED ? share : 0.0;
            tally.passed[i] += verdict == SEQUENTIAL_PASSED ? share : 0.0;
            tally.improved[i] += verdict == SEQUENTIAL_IMPROVED ? share : 0.0;
            tally.settled_first +=
                verdict != SEQUENTIAL_UNDECIDED && decisions[i].looks_taken == 1 ? share : 0.0;
        }
        tally.any_false_regressed += alarm ? share : 0.0;
    }
    return tally;
}

/* Three standard errors of a share around `p` in `runs` runs. */
static double room(double p, size_t runs)
{
    return 3.0 * sqrt(p * (1.0 - p) / (double)runs);
}

/* The worst null there is: every endpoint exactly at the margin. False alarms of the family stay
 * within alpha, false passes of each endpoint within the interval's; and both use a good part of
 * it, else the test would hold for a plan that never decides. */
Test(sequential, false_alarms_at_the_margin, .timeout = 600)
{
    enum { RUNS = 20000 };
    struct sequential_plan plan = make_short_plan(0.05);
    double at = log1p(MARGIN);
    struct tally tally = simulate(&plan, (double[]){at, at, at}, 0.01, RUNS, 20240229);
    double limit = 0.05 + room(0.05, RUNS);
    cr_assert(tally.any_false_regressed <= limit, "%g of runs", tally.any_false_regressed);
    cr_assert(tally.any_false_regressed >= 0.02, "%g of runs", tally.any_false_regressed);
    for (size_t i = 0; i < ENDPOINTS; i++) {
        cr_assert(tally.passed[i] <= limit, "%g passed", tally.passed[i]);
        cr_assert(tally.passed[i] >= 0.02, "%g passed", tally.passed[i]);
        cr_assert(tally.improved[i] <= 0.05);
    }
}

/* One endpoint is rejected at once and leaves the family, one passes and stays in it: the third,
 * at the margin, gets half of alpha and no more. */
Test(sequential, false_alarms_beside_clear_endpoints, .timeout = 600)
{
    enum { RUNS = 8000 };
    struct sequential_plan plan = make_short_plan(0.05);
    double centres[] = {0.3, log1p(MARGIN), -0.005};
    struct tally tally = simulate(&plan, centres, 0.005, RUNS, 5);
    double limit = 0.025 + room(0.025, RUNS);
    cr_assert(tally.any_false_regressed <= limit, "%g of runs", tally.any_false_regressed);
    cr_assert(tally.any_false_regressed >= 0.01, "%g of runs", tally.any_false_regressed);
    cr_assert(tally.regressed[0] >= 0.999);
    cr_assert(tally.passed[2] >= 0.97, "%g passed", tally.passed[2]);
}

/* Clear cases, both ways and in the middle, are seen, and nearly all at the first look. */
Test(sequential, clear_cases_end_early, .timeout = 600)
{
    enum { RUNS = 500 };
    struct sequential_plan plan = make_short_plan(0.01);
    struct tally tally = simulate(&plan, (double[]){0.07, -0.07, 0.0}, 0.0025, RUNS, 77);
    cr_assert(tally.regressed[0] >= 0.999);
    cr_assert(tally.improved[1] >= 0.999);
    cr_assert(tally.passed[2] >= 0.99, "%g passed", tally.passed[2]);
    cr_assert(tally.settled_first >= 2.9, "%g of 3", tally.settled_first);
}

static void fill(double *values, size_t count, double first, double step)
{
    for (size_t i = 0; i < count; i++)
        values[i] = first + step * (double)i;
}

/* 14 values above the margin: p = 2^-14, two endpoints, so 2^-13 after Holm, and 102 / 14 times
 * that for the look. */
Test(sequential, adjusted_by_hand, .timeout = 600)
{
    double up[14];
    double flat[14];
    struct sequential_decision decisions[2] = {0};
    struct sequential_plan plan = make_plan(2, 0.01, NULL);
    fill(up, 14, 0.05, 0.001);
    fill(flat, 14, -0.0065, 0.001);
    struct sequential_sample samples[2] = {{up, 14, MARGIN}, {flat, 14, MARGIN}};
    cr_assert(sequential_decide_look(&plan, 0, samples, decisions, NULL));
    cr_assert(decisions[0].verdict == SEQUENTIAL_REGRESSED);
    cr_assert_float_eq(decisions[0].regressed.p, 0x1p-14, 1e-18);
    cr_assert_float_eq(decisions[0].regressed.adjusted, 0x1p-13 * 102 / 14, 1e-12);
    cr_assert(decisions[0].improved.adjusted == 1.0);
    cr_assert_float_eq(decisions[0].estimate, 0.0565, 1e-12);
    cr_assert(decisions[0].low > log1p(MARGIN));
    cr_assert(decisions[1].verdict == SEQUENTIAL_PASSED);
    cr_assert(decisions[1].high < log1p(MARGIN) && decisions[1].low < 0.0);
    cr_assert(decisions[1].looks_taken == 1 && decisions[1].count == 14);
}

/* A family of three where one is rejected at the first look: at the second the others are two.
 * The third passed and still counts. */
Test(sequential, rejected_leave_passed_stay, .timeout = 600)
{
    double up[20];
    double near[20];
    double flat[20];
    struct sequential_decision decisions[3] = {0};
    struct sequential_plan plan = make_plan(3, 0.01, NULL);
    fill(up, 20, 0.05, 0.001);
    fill(near, 20, 0.0, 0.003);
    fill(flat, 20, -0.01, 0.001);
    struct sequential_sample samples[3] = {
        {up, 14, MARGIN}, {near, 14, MARGIN}, {flat, 14, MARGIN}};
    cr_assert(sequential_decide_look(&plan, 0, samples, decisions, NULL));
    cr_assert(decisions[0].verdict == SEQUENTIAL_REGRESSED);
    cr_assert(decisions[1].verdict == SEQUENTIAL_UNDECIDED);
    cr_assert(decisions[2].verdict == SEQUENTIAL_PASSED);
    struct sequential_decision settled = decisions[2];
    samples[1].count = 20;
    cr_assert(sequential_decide_look(&plan, 1, samples, decisions, NULL));
    cr_assert_float_eq(decisions[1].regressed.adjusted,
                       2 * decisions[1].regressed.p * 0.01 / plan.alpha[1], 1e-12);
    cr_assert(memcmp(&settled, &decisions[2], sizeof settled) == 0);
}

/* What cannot be weighed is never decided and does not make it easier for the others. */
Test(sequential, unmeasured, .timeout = 600)
{
    double up[14];
    double broken[14];
    static double many[SIGNEDRANK_COUNT_MAX + 1];
    struct sequential_decision decisions[4] = {0};
    struct sequential_plan plan = make_plan(4, 0.01, NULL);
    fill(up, 14, 0.05, 0.001);
    fill(broken, 14, 0.05, 0.001);
    broken[3] = NAN;
    struct sequential_sample samples[4] = {
        {up, 14, MARGIN}, {broken, 14, MARGIN}, {NULL, 0, MARGIN}, {many, 257, MARGIN}};
    cr_assert(sequential_decide_look(&plan, 0, samples, decisions, NULL));
    cr_assert_float_eq(decisions[0].regressed.adjusted, 4 * 0x1p-14 * 102 / 14, 1e-12);
    for (size_t i = 1; i < 4; i++) {
        cr_assert(decisions[i].verdict == SEQUENTIAL_UNDECIDED && !decisions[i].measured);
        cr_assert(isnan(decisions[i].estimate) && decisions[i].high == INFINITY);
        cr_assert(decisions[i].regressed.p == 1.0 && decisions[i].regressed.adjusted == 1.0);
    }
}

/* One replicate, and all replicates equal: the one says nothing, the other all it can. */
Test(sequential, one_or_all_equal, .timeout = 600)
{
    double equal[20];
    double zero[20] = {0};
    struct sequential_decision decisions[3] = {0};
    struct sequential_plan plan = make_plan(3, 0.01, NULL);
    fill(equal, 20, 0.05, 0.0);
    struct sequential_sample samples[3] = {
        {equal, 1, MARGIN}, {equal, 20, MARGIN}, {zero, 20, MARGIN}};
    cr_assert(sequential_decide_look(&plan, 1, samples, decisions, NULL));
    cr_assert(decisions[0].verdict == SEQUENTIAL_UNDECIDED && decisions[0].measured);
    cr_assert(decisions[0].low == -INFINITY && decisions[0].high == INFINITY);
    cr_assert(decisions[1].verdict == SEQUENTIAL_REGRESSED);
    cr_assert(decisions[1].low == 0.05 && decisions[1].high == 0.05);
    cr_assert(decisions[2].verdict == SEQUENTIAL_PASSED);
}

/* Half of the replicates slowed by 10 %: a host of two minds, or one side slowed for a while. It
 * is neither passed nor, with 14, regressed. */
Test(sequential, two_minds_are_undecided, .timeout = 600)
{
    double values[14];
    struct sequential_decision decision = {0};
    struct sequential_plan plan = make_plan(1, 0.01, NULL);
    fill(values, 7, -0.003, 0.001);
    fill(values + 7, 7, 0.097, 0.001);
    struct sequential_sample sample = {values, 14, MARGIN};
    cr_assert(sequential_decide_look(&plan, 0, &sample, &decision, NULL));
    cr_assert(decision.verdict == SEQUENTIAL_UNDECIDED);
}

Test(sequential, look_taken_twice, .timeout = 600, .signal = SIGABRT)
{
    double values[14] = {0.02};
    struct sequential_decision decision = {0};
    struct sequential_plan plan = make_plan(1, 0.01, NULL);
    struct sequential_sample sample = {values, 1, MARGIN};
    cr_assert(sequential_decide_look(&plan, 0, &sample, &decision, NULL));
    cr_assert(sequential_decide_look(&plan, 0, &sample, &decision, NULL));
}
