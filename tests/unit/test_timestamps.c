/* Times of recordings and logs. Known answers are by `date -u -d … +%s`. */
#include "replay/timestamps.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(timestamps, .timeout = 600);

struct known {
    const char *text;
    int64_t ns; /* -1: refused */
};

static void expect(const struct known *cases, size_t count,
                   bool (*parse)(const char *text, size_t size, int64_t *ns))
{
    for (size_t i = 0; i < count; i++) {
        int64_t ns = -1;
        bool ok = parse(cases[i].text, strlen(cases[i].text), &ns);
        cr_expect_eq(ok, cases[i].ns >= 0, "%s", cases[i].text);
        if (ok)
            cr_expect_eq(ns, cases[i].ns, "%s: %lld", cases[i].text, (long long)ns);
    }
}

Test(timestamps, iso)
{
    static const struct known cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2024-05-17T10:05:03+02:00", 1715933103000000000},
        {"2024-05-17T10:05:03+0200", 1715933103000000000},
        {"2024-05-17 08:05:03", 1715933103000000000},
        {"2024-05-17T08:05:03.250Z", 1715933103250000000},
        {"2024-05-17T08:05:03,5Z", 1715933103500000000},
        {"2024-05-17T08:05:03.1234567891Z", 1715933103123456789},
        {"2024-02-29T23:59:59Z", 1709251199000000000},
        {"2100-03-01T00:00:00Z", 4107542400000000000},
        {"2261-12-31T23:59:59Z", 9214646399000000000},
        {"2016-12-31T23:59:60Z", 1483228800000000000}, /* a leap second is the next one */
        {"2262-01-01T00:00:00Z", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"1970-01-01T00:30:00+01:00", -1},
        {"2023-02-29T00:00:00Z", -1},
        {"2100-02-29T00:00:00Z", -1},
        {"2024-13-01T00:00:00Z", -1},
        {"2024-00-01T00:00:00Z", -1},
        {"2024-05-17T24:00:00Z", -1},
        {"2024-05-17T08:05:03.Z", -1},
        {"2024-05-17T08:05:03X", -1},
        {"2024-05-17T08:05:03+2", -1},
        {"2024-05-17T08:05:03+24:00", -1},
        {"2024-05-17", -1},
        {"", -1},
    };
    expect(cases, sizeof cases / sizeof cases[0], timestamp_parse_iso);
}

Test(timestamps, log)
{
    static const struct known cases[] = {
        {"17/May/2015:10:05:03 +0000", 1431857103000000000},
        {"17/May/2015:10:05:03 -0730", 1431884103000000000}, /* seven and a half hours later */
        {"17/may/2015:10:05:03 +0000", -1},
        {"17/May/2015:10:05:03", -1},
        {"17/May/2015 10:05:03 +0000", -1},
        {"31/Jun/2015:10:05:03 +0000", -1},
        {"xx/May/2015:10:05:03 +0000", -1},
        {"17/May/2015:10:05:03 0000 ", -1},
    };
    expect(cases, sizeof cases / sizeof cases[0], timestamp_parse_log);
}

Test(timestamps, epoch)
{
    static const struct known cases[] = {
        {"0", 0},
        {"1715933103", 1715933103000000000},
        {"1715933103.25", 1715933103250000000},
        {"1715933103250", 1715933103250000000},
        {"1715933103250.5", 1715933103250500000},
        {"1715933103250000", 1715933103250000000},
        {"1715933103250000001", 1715933103250000001},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", -1},
        {"99999999999", -1}, /* seconds, but too many */
        {"1715933103.", -1},
        {"-1", -1},
        {"+1", -1},
        {"1e9", -1},
        {"", -1},
    };
    expect(cases, sizeof cases / sizeof cases[0], timestamp_parse_epoch);
}

Test(timestamps, any_and_back)
{
    char text[TIMESTAMP_TEXT_SIZE];
    int64_t ns = 0;
    cr_expect(timestamp_parse("17/May/2015:10:05:03 +0000", 26, &ns));
    timestamp_format(ns, text);
    cr_expect_str_eq(text, "2015-05-17 10:05:03");
    cr_expect(timestamp_parse(text, strlen(text), &ns));
    cr_expect_eq(ns, 1431857103000000000);
    cr_expect_not(timestamp_parse("now", 3, &ns));
    timestamp_format(INT64_MAX, text);
    cr_expect_str_eq(text, "2262-04-11 23:47:16");
}
