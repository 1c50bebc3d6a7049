/* Bills in the FOCUS format, and counts of requests: amounts to the last digit, and what is not
 * right with line and column. */
#include "insights/focus.h"

#include "base/file.h"
#include "insights/cost_counts.h"
#include "insights/focus_private.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(focus, .timeout = 60);

/* A bill of a fixture, or what was wrong with it. */
static bool read_bill(const char *path, const char *cost, const struct focus_filter *filters,
                      size_t count, struct focus_bill *bill, struct error *err)
{
    static struct arena arena;
    struct buffer text;
    *err = (struct error){0};
    arena_release(&arena);
    arena_init(&arena);
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(path, &text, err), "%s", err->text);
    struct focus_question question = {.path = path,
                                      .text = buffer_text(&text),
                                      .size = text.length,
                                      .cost = cost,
                                      .filters = filters,
                                      .filter_count = count};
    bool ok = focus_read(bill, &question, &arena, err);
    buffer_release(&text);
    return ok;
}

/* month.csv: of usage 1800.125 - 50.0625 + 300 effective, 2000.25 - 100.25 + 300 billed; a tax of 7
 * that is no usage. October has 31 days and is a month. */
Test(focus, a_month)
{
    const struct focus_filter compute = {"ServiceName", "Compute"};
    struct focus_bill bill;
    struct error err;
    cr_assert(read_bill("fixtures/focus/valid/month.csv", "EffectiveCost", NULL, 0, &bill, &err));
    cr_expect_eq(bill.month_micros, 2050062500);
    cr_expect_str_eq(bill.currency, "USD");
    cr_expect_eq(bill.rows, 4);
    cr_expect_eq(bill.kept, 3);
    cr_expect_not(bill.scaled);
    cr_assert(read_bill("fixtures/focus/valid/month.csv", "BilledCost", &compute, 1, &bill, &err));
    cr_expect_eq(bill.month_micros, 1900000000);
    cr_expect_eq(bill.kept, 2);
    /* A filter of the category takes the place of ours. */
    const struct focus_filter tax = {"ChargeCategory", "Tax"};
    cr_assert(read_bill("fixtures/focus/valid/month.csv", "BilledCost", &tax, 1, &bill, &err));
    cr_expect_eq(bill.month_micros, 7000000);
}

/* hours.csv: ten hours of 0.10 each are 1.00 in ten hours, so 73.00 in 730. */
Test(focus, other_times_become_a_month)
{
    struct focus_bill bill;
    struct error err;
    cr_assert(read_bill("fixtures/focus/valid/hours.csv", "BilledCost", NULL, 0, &bill, &err));
    cr_expect(bill.scaled);
    cr_expect_float_eq(bill.hours, 10, 1e-9);
    cr_expect_eq(bill.month_micros, 73000000);
}

/* tiny.csv: 5 × 0.0000004 + 0.0000001 + 0.5 + 3 = 3.5000021; rounded row by row, the first six
 * would be nothing. */
Test(focus, nothing_is_rounded_before_the_sum)
{
    struct focus_bill bill;
    struct error err;
    cr_assert(read_bill("fixtures/focus/valid/tiny.csv", "BilledCost", NULL, 0, &bill, &err));
    cr_expect_eq(bill.month_micros, 3500002);
}

Test(focus, unknown_category_and_currency)
{
    struct focus_bill bill;
    struct error err;
    cr_assert(read_bill("fixtures/focus/valid/without-category.csv", "EffectiveCost", NULL, 0,
                        &bill, &err));
    cr_expect_str_eq(bill.currency, "EUR");
    cr_expect_not(bill.usage_only);
    cr_expect_eq(bill.month_micros, 2000000);
    cr_assert(read_bill("fixtures/focus/valid/yen.csv", "BilledCost", NULL, 0, &bill, &err));
    cr_expect_str_eq(bill.currency, "JPY");
    cr_expect_eq(bill.month_micros, 120000400000);
}

static void expect_refusal(const char *name, const char *where, const char *text)
{
    struct focus_bill bill;
    struct error err;
    char path[256], wanted[512];
    snprintf(path, sizeof path, "fixtures/focus/invalid/%s", name);
    snprintf(wanted, sizeof wanted, "%s%s", path, where);
    cr_assert_not(read_bill(path, "EffectiveCost", NULL, 0, &bill, &err), "%s", path);
    cr_expect_str_eq(err.where, wanted);
    cr_expect_str_eq(err.text, text);
}

Test(focus, what_is_wrong_has_a_place)
{
    expect_refusal("no-cost.csv", ":1",
                   "there is no column \"EffectiveCost\"; the first line names the columns");
    expect_refusal("missing.csv", ":2:57 (EffectiveCost)",
                   "is empty: FOCUS has an amount in every row, 0 where nothing is charged");
    expect_refusal("text.csv", ":2:57 (EffectiveCost)", "\"12.50 USD\" is no amount such as 12.50");
    expect_refusal("two-currencies.csv", ":3:5 (BillingCurrency)",
                   "EUR, where rows before are in USD: keep one of them with \"where\"");
    expect_refusal("no-currency.csv", ":2:5 (BillingCurrency)", "\"\" is no currency such as USD");
    expect_refusal("period-turned.csv", ":2:15 (ChargePeriodEnd)",
                   "is not after ChargePeriodStart");
    expect_refusal("period-local.csv", ":2:36 (ChargePeriodStart)",
                   "\"2026-10-01T00:00:00+02:00\" is no time such as 2026-10-01T00:00:00Z, in UTC");
    expect_refusal("period-day.csv", ":2:36 (ChargePeriodStart)",
                   "\"2026-02-30\" is no time such as 2026-10-01T00:00:00Z, in UTC");
    expect_refusal("nothing-fits.csv", "", "none of its 1 rows is of ChargeCategory Usage");
    expect_refusal("below-zero.csv", "",
                   "its 2 rows add up to less than 0: there is nothing to divide");
    expect_refusal("too-large.csv", ":2:67 (EffectiveCost)", "makes the bill larger than any");
}

/* date -ud '2026-10-01 12:30:15' +%s, and so on */
Test(focus, times)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1 = none */
    } cases[] = {
        {"2026-10-01T12:30:15Z", 1790857815},
        {"2026-10-01 12:30:15", 1790857815},
        {"2026-10-01T12:30:15.250Z", 1790857815},
        {"2026-10-01T12:30:15+00:00", 1790857815},
        {"2026-10-01T12:30Z", 1790857800},
        {"2026-10-01", 1790812800},
        {"2024-02-29", 1709164800},
        {"2000-03-01", 951868800},
        {"1970-01-01", 0},
        {"2023-02-29", -1},
        {"2100-02-29", -1},
        {"2026-13-01", -1},
        {"2026-00-01", -1},
        {"2026-1-1", -1},
        {"2026-10-01T24:00:00Z", -1},
        {"2026-10-01T12:30:15+02:00", -1},
        {"2026-10-01x", -1},
        {"", -1},
        {"01/10/2026", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t seconds = -1;
        bool ok = focus_parse_time(cases[i].text, &seconds);
        cr_expect_eq(ok, cases[i].seconds >= 0, "%s", cases[i].text);
        cr_expect_eq(seconds, cases[i].seconds, "%s: %lld", cases[i].text, (long long)seconds);
    }
}

Test(focus, amounts)
{
    static const struct {
        const char *text;
        bool ok;
        double value;
    } cases[] = {
        {"12.50", true, 12.5},
        {"-0.25", true, -0.25},
        {"+1", true, 1},
        {".5", true, 0.5},
        {"7.", true, 7},
        {"1e3", true, 1000},
        {"2.5E-2", true, 0.025},
        {"1E+2", true, 100},
        {"0", true, 0},
        {"9999999999999", true, 9999999999999.0},
        {"99999999999999", false, 0},
        {"1e14", false, 0},
        {"0.0000000000000009", true, 0},
        {"", false, 0},
        {".", false, 0},
        {"-", false, 0},
        {"1e", false, 0},
        {"1e-", false, 0},
        {"1,5", false, 0},
        {"0x10", false, 0},
        {"nan", false, 0},
        {"1e999999999999", false, 0},
        {" 1", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        focus_amount amount = 0;
        cr_expect_eq(focus_parse_amount(cases[i].text, &amount), cases[i].ok, "%s", cases[i].text);
        if (cases[i].ok)
            cr_expect_float_eq((double)amount / 1e15, cases[i].value, 1e-9, "%s", cases[i].text);
    }
}

static bool read_counts(const char *path, struct cost_counts *counts, struct error *err)
{
    static struct arena arena;
    struct buffer text;
    *err = (struct error){0};
    arena_release(&arena);
    arena_init(&arena);
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(path, &text, err), "%s", err->text);
    bool ok = cost_counts_parse(counts, path, buffer_text(&text), text.length, &arena, err);
    buffer_release(&text);
    return ok;
}

Test(focus, counts)
{
    struct cost_counts counts;
    struct error err;
    cr_assert(read_counts("fixtures/requests/valid/periods.csv", &counts, &err), "%s", err.text);
    const struct cost_count *feed = cost_counts_find(&counts, "GET /v3/feed");
    const struct cost_count *token = cost_counts_find(&counts, "GET /v3/token");
    cr_assert(feed != NULL && token != NULL);
    cr_expect_float_eq(feed->requests, 100, 1e-9);
    cr_expect_float_eq(feed->period_hours, 1, 1e-9);
    cr_expect_float_eq(token->requests, 2500, 1e-9);
    cr_expect_float_eq(token->period_hours, 720, 1e-9);
    cr_expect_null(cost_counts_find(&counts, "GET /v3/other"));
    cr_assert(read_counts("fixtures/requests/valid/others.csv", &counts, &err));
    cr_expect(isnan(counts.rows[0].period_hours));
    cr_assert(read_counts("fixtures/requests/valid/none.csv", &counts, &err));
    cr_expect_null(cost_counts_find(&counts, "GET /v3/feed"));
}

Test(focus, counts_that_are_wrong)
{
    static const struct {
        const char *name, *where, *text;
    } cases[] = {
        {"no-endpoint.csv", ":1",
         "there is no column \"endpoint\"; the first line names the columns"},
        {"no-requests.csv", ":1", "there is no column \"requests\"; did you mean \"request\"?"},
        {"negative.csv", ":2:14 (requests)", "is negative"},
        {"missing.csv", ":2:14 (requests)", "is empty: give 0 where there were no requests"},
        {"text.csv", ":2:14 (requests)", "\"many\" is no number such as 1200000"},
        {"thousands.csv", ":2:14 (requests)", "\"1,200,000\" is no number such as 1200000"},
        {"huge.csv", ":2:14 (requests)", "is more than 1e+15"},
        {"period.csv", ":2:16 (period)",
         "\"fortnight\" is no period such as day, month, 30 days or 90m"},
        {"nameless.csv", ":2:1 (endpoint)",
         "is empty: name it as the report does, such as \"GET /v3/feed\""},
        {"twice.csv", ":4",
         "\"GET /v3/feed\" stands in line 2 already; give an endpoint one row with all its "
         "requests"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cost_counts counts;
        struct error err;
        char path[256], wanted[512];
        snprintf(path, sizeof path, "fixtures/requests/invalid/%s", cases[i].name);
        snprintf(wanted, sizeof wanted, "%s%s", path, cases[i].where);
        cr_expect_not(read_counts(path, &counts, &err), "%s", path);
        cr_expect_str_eq(err.where, wanted);
        cr_expect_str_eq(err.text, cases[i].text);
    }
}

/* A month has 730 hours, a year 12 of them. */
Test(focus, periods)
{
    static const struct {
        const char *text;
        double hours; /* 0 = none */
    } cases[] = {
        {"day", 24},   {"month", 730},   {"year", 8760},   {"week", 168},     {"hour", 1},
        {"90m", 1.5},  {"30 days", 720}, {"3600s", 1},     {"1.5h", 1.5},     {"2 weeks", 336},
        {"0 days", 0}, {"", 0},          {"7", 0},         {"days 7", 0},     {"1e3 days", 0},
        {"1.2.3h", 0}, {"-1h", 0},       {"fortnight", 0}, {"1000 years", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double hours = 0;
        cr_expect_eq(cost_parse_period(cases[i].text, &hours), cases[i].hours > 0, "%s",
                     cases[i].text);
        cr_expect_float_eq(hours, cases[i].hours, 1e-9, "%s: %g", cases[i].text, hours);
    }
}

/* An instance of 4 vCPUs and 16 GB for $1 an hour: 52 parts, of which a vCPU has 9. */
Test(focus, the_price_of_a_vcpu)
{
    struct cost_terms terms;
    cost_terms_init(&terms);
    cr_expect(isnan(cost_vcpu_price(&terms)));
    terms.price_per_hour = 1;
    terms.vcpus = 4;
    cr_expect_float_eq(cost_vcpu_price(&terms), 0.25, 1e-12);
    terms.memory_gb = 16;
    cr_expect_float_eq(cost_vcpu_price(&terms), 9.0 / 52, 1e-12);
    cr_expect_float_eq(cost_vcpu_price(&terms), 0.17, 0.005);
}
