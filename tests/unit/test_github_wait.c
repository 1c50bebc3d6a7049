#include "rig/github_wait.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

static struct github_limits read_head(const char *const *lines)
{
    struct github_limits limits;
    github_limits_init(&limits);
    for (size_t i = 0; lines[i] != NULL; i++)
        github_limits_read(&limits, lines[i], strlen(lines[i]));
    return limits;
}

Test(github_wait, headers, .timeout = 60)
{
    struct github_limits limits = read_head((const char *const[]){
        "HTTP/1.1 403 Forbidden\r\n", "retry-after:  7 \r\n", "X-RateLimit-Remaining: 0\r\n",
        "x-ratelimit-reset: 1767225660\r\n", "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n", "\r\n",
        "x-ratelimit-remaining-more: 9\r\n", NULL});
    cr_assert_eq(limits.retry_after, 7);
    cr_assert_eq(limits.remaining, 0);
    cr_assert_eq(limits.reset, 1767225660);
    cr_assert_eq(limits.date, 1767225600); /* date -u -d 2026-01-01 +%s */
}

Test(github_wait, headers_that_say_nothing, .timeout = 60)
{
    struct github_limits limits = read_head((const char *const[]){
        "Retry-After: soon\r\n", "Retry-After: -1\r\n", "x-ratelimit-remaining:\r\n",
        "x-ratelimit-reset: 99999999999999999999999999\r\n", "date: never\r\n", "retry-after", ":",
        "", NULL});
    cr_assert_eq(limits.retry_after, -1);
    cr_assert_eq(limits.remaining, -1);
    cr_assert_eq(limits.reset, -1);
    cr_assert_eq(limits.date, -1);
}

Test(github_wait, retry_after_as_a_date, .timeout = 60)
{
    struct github_limits limits =
        read_head((const char *const[]){"date: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
                                        "retry-after: Thu, 01 Jan 2026 00:02:00 GMT\r\n", NULL});
    cr_assert_eq(limits.retry_after, 120);
}

struct answer {
    long status;
    int64_t retry_after, remaining;
    char message[80];
    enum github_again again;
};

ParameterizedTestParameters(github_wait, kinds)
{
    static struct answer rows[] = {
        {200, -1, -1, "", GITHUB_FINAL},
        {200, -1, 0, "", GITHUB_FINAL}, /* the last that was allowed */
        {201, -1, -1, "", GITHUB_FINAL},
        {401, -1, -1, "Bad credentials", GITHUB_FINAL},
        {403, -1, -1, "Resource not accessible by integration", GITHUB_FINAL},
        {403, -1, 4000, "Resource not accessible by integration", GITHUB_FINAL},
        {403, -1, 0, "", GITHUB_LIMITED},
        {403, 30, -1, "", GITHUB_LIMITED},
        {403, -1, -1, "You have exceeded a secondary rate limit", GITHUB_LIMITED},
        {403, -1, -1, "You have triggered an abuse detection mechanism", GITHUB_LIMITED},
        {404, -1, -1, "Not Found", GITHUB_FINAL},
        {422, -1, -1, "Validation Failed", GITHUB_FINAL},
        {429, -1, -1, "", GITHUB_LIMITED},
        {500, -1, -1, "", GITHUB_FAILED},
        {501, -1, -1, "", GITHUB_FINAL},
        {502, -1, -1, "", GITHUB_FAILED},
        {503, 5, -1, "", GITHUB_FAILED},
        {504, -1, -1, "", GITHUB_FAILED},
        {0, -1, -1, "", GITHUB_FAILED},
    };
    return cr_make_param_array(struct answer, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct answer *row, github_wait, kinds, .timeout = 60)
{
    struct github_limits limits;
    github_limits_init(&limits);
    limits.retry_after = row->retry_after;
    limits.remaining = row->remaining;
    cr_assert_eq(github_again(row->status, &limits, row->message), row->again, "%ld %s",
                 row->status, row->message);
}

Test(github_wait, what_was_stated, .timeout = 60)
{
    struct github_limits limits;
    github_limits_init(&limits);
    limits.retry_after = 7;
    limits.remaining = 0;
    limits.reset = 9000;
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 1000), 7000);
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 5, 1, 1000), 8000);
    cr_assert_eq(github_wait_ms(GITHUB_FAILED, &limits, 0, 0, 1000), 7000);
    limits.retry_after = -1;
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 8990), 11000);
    limits.date = 8995; /* by the server's clock, not by ours */
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 1), 6000);
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 99999), 6000);
    limits.date = 9001; /* over already */
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 1), 1000);
    limits.remaining = 10; /* the reset is of a limit that was not met */
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 1), 60000);
    limits.retry_after = INT64_MAX / 100;
    cr_assert_gt(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 1), 0);
}

/* Doubled each time, within bounds, and never in step with others. */
Test(github_wait, backing_off, .timeout = 60)
{
    struct github_limits limits;
    int64_t before = 0;
    github_limits_init(&limits);
    cr_assert_eq(github_wait_ms(GITHUB_FINAL, &limits, 3, 1, 0), 0);
    for (int attempt = 0; attempt < 6; attempt++) {
        int64_t least = github_wait_ms(GITHUB_FAILED, &limits, attempt, 0, 0);
        int64_t most = github_wait_ms(GITHUB_FAILED, &limits, attempt, 1, 0);
        cr_assert_eq(most, 500LL << attempt);
        cr_assert_eq(least, most / 2);
        cr_assert_gt(most, before);
        before = most;
    }
    cr_assert_eq(github_wait_ms(GITHUB_FAILED, &limits, 1000, 1, 0), 30000);
    cr_assert_eq(github_wait_ms(GITHUB_FAILED, &limits, -1, 1, 0), 500);
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 0, 0, 0), 60000);
    cr_assert_eq(github_wait_ms(GITHUB_LIMITED, &limits, 1, 0, 0), 120000);
}
