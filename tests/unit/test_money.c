/* Money divides without a remainder, and reads as people write it. */
#include "insights/money.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(money, .timeout = 120);

/* Ten cents by three: 33,334 + 33,333 + 33,333 millionths, the first of equal remainders first. */
Test(money, largest_remainders)
{
    const double thirds[] = {1, 1, 1};
    int64_t parts[3];
    cr_assert(money_divide(100000, thirds, 3, parts));
    cr_expect_eq(parts[0], 33334);
    cr_expect_eq(parts[1], 33333);
    cr_expect_eq(parts[2], 33333);
    /* 7 by 1 : 2 : 3 is 1.166, 2.333, 3.5: the half gets the one that is left. */
    const double weights[] = {1, 2, 3};
    cr_assert(money_divide(7, weights, 3, parts));
    cr_expect_eq(parts[0], 1);
    cr_expect_eq(parts[1], 2);
    cr_expect_eq(parts[2], 4);
    /* What weighs nothing pays nothing, even where a remainder is left. */
    const double some[] = {0, 1, 2};
    cr_assert(money_divide(1, some, 3, parts));
    cr_expect_eq(parts[0], 0);
    cr_expect_eq(parts[1] + parts[2], 1);
    const double nothing[] = {0, 0, 0};
    cr_assert(money_divide(5, nothing, 3, parts));
    cr_expect_eq(parts[0] + parts[1] + parts[2], 0);
    cr_expect(money_divide(5, NULL, 0, NULL));
}

static int64_t sum_of(const int64_t *parts, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += parts[i];
    return sum;
}

/* Any amount, any weights: the parts add up, are off by less than one, and shown parts add up
 * too. */
Test(money, adds_up_whatever_is_divided)
{
    struct random random;
    random_seed(&random, 20261126);
    for (size_t round = 0; round < 3000; round++) {
        double weights[64], all = 0;
        int64_t parts[64], shown[64];
        size_t count = 1 + (size_t)random_below(&random, 64);
        int64_t total = (int64_t)random_below(&random, (uint64_t)1 << random_below(&random, 60));
        int digits = (int)random_below(&random, 4);
        for (size_t i = 0; i < count; i++) {
            weights[i] =
                random_below(&random, 5) == 0
                    ? 0
                    : random_unit(&random) * pow(10, (double)random_below(&random, 40) - 20);
            all += weights[i];
        }
        if (!(all > 0))
            continue;
        cr_assert(money_divide(total, weights, count, parts));
        cr_assert_eq(sum_of(parts, count), total);
        for (size_t i = 0; i < count; i++) {
            double exact = (double)total * (weights[i] / all);
            /* A double holds no more than 53 bits of it. */
            cr_assert_leq(fabs((double)parts[i] - exact), 1 + (double)total * 1e-15,
                          "%zu: %lld for %g", i, (long long)parts[i], exact);
            cr_assert(weights[i] > 0 || parts[i] == 0);
        }
        cr_assert(money_round_parts(parts, count, digits, shown));
        cr_assert_eq(sum_of(shown, count), money_round(total, digits));
        for (size_t i = 0; i < count; i++)
            cr_assert_lt(llabs(shown[i] - parts[i]), (int64_t)pow(10, 6 - digits));
    }
}

Test(money, weights_as_large_as_they_come)
{
    const double weights[] = {1e300, 1e300, 1e-300};
    int64_t parts[3];
    cr_assert(money_divide(MONEY_MAX_MICROS, weights, 3, parts));
    cr_expect_eq(parts[0], MONEY_MAX_MICROS / 2);
    cr_expect_eq(parts[1], MONEY_MAX_MICROS / 2);
    cr_expect_eq(parts[2], 0);
}

Test(money, rounding)
{
    cr_expect_eq(money_round(1234567, 2), 1230000);
    cr_expect_eq(money_round(1235000, 2), 1240000);
    cr_expect_eq(money_round(-1235000, 2), -1240000);
    cr_expect_eq(money_round(1499999, 0), 1000000);
    cr_expect_eq(money_round(1234567, 3), 1235000);
}

static void expect_text(int64_t micros, const char *currency, bool utf8, const char *wanted)
{
    char found[MONEY_SIZE];
    money_text(micros, currency, utf8, found);
    cr_expect_str_eq(found, wanted, "%s where %s was expected", found, wanted);
}

Test(money, text)
{
    expect_text(3120000000, "USD", true, "$3,120.00");
    expect_text(1234567891234, "USD", false, "$1,234,567.89");
    expect_text(999995000, "USD", true, "$1,000.00"); /* 999.995: the half goes up */
    expect_text(0, "USD", true, "$0.00");
    expect_text(1, "USD", true, "<$0.01");
    expect_text(-40000, "USD", true, "-$0.04");
    expect_text(12500000, "EUR", true, "€12.50");
    expect_text(12500000, "EUR", false, "EUR 12.50");
    expect_text(12500000, "CHF", true, "CHF 12.50");
    expect_text(120000400000, "JPY", true, "¥120,000");
    expect_text(400000, "JPY", false, "<JPY 1");
    expect_text(1234500, "KWD", true, "KWD 1.235");
    expect_text(MONEY_MAX_MICROS, "USD", true, "$1,000,000,000,000.00");
}

Test(money, changes_have_a_sign)
{
    char found[MONEY_SIZE];
    money_text_change(65200000, "USD", true, found);
    cr_expect_str_eq(found, "+$65.20");
    money_text_change(-65200000, "USD", true, found);
    cr_expect_str_eq(found, "-$65.20");
    money_text_change(1000, "USD", true, found);
    cr_expect_str_eq(found, "<+$0.01");
    money_text_change(0, "USD", true, found);
    cr_expect_str_eq(found, "$0.00");
}

static void expect_price(double amount, const char *wanted)
{
    char found[MONEY_SIZE];
    money_text_price(amount, "USD", true, found);
    cr_expect_str_eq(found, wanted, "%s where %s was expected", found, wanted);
}

Test(money, prices_of_little_things)
{
    expect_price(8.780833, "$8.78");
    expect_price(0.031611, "$0.0316");
    expect_price(0.00123456, "$0.00123");
    expect_price(1234.5, "$1,234.50");
    expect_price(0, "$0.00");
    expect_price(1e-9, "<$0.000001");
    expect_price(-0.25, "-$0.250");
    expect_price(NAN, "–");
    expect_price(1e300, "–");
}

Test(money, currencies)
{
    cr_expect(money_is_currency("USD"));
    cr_expect_not(money_is_currency("usd"));
    cr_expect_not(money_is_currency("US"));
    cr_expect_not(money_is_currency("USDT"));
    cr_expect_eq(money_digits("USD"), 2);
    cr_expect_eq(money_digits("JPY"), 0);
    cr_expect_eq(money_digits("KWD"), 3);
}
