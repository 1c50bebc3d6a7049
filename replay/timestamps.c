#include "replay/timestamps.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000LL

enum { YEAR_MIN = 1970, YEAR_MAX = 2261, LOG_SIZE = 26, ISO_LEAST_SIZE = 19 };

struct moment {
    int year, month, day, hour, minute, second;
    int64_t fraction_ns;
    int zone_minutes; /* east of UTC */
};

/* `count` digits as a number, or -1. */
static int digits(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01: years begin in March, so that the leap day is the last of its year. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t shifted = (month + 9) % 12;
    int64_t day_of_year = (153 * shifted + 2) / 5 + day - 1;
    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static bool moment_to_ns(const struct moment *moment, int64_t *ns)
{
    if (moment->year < YEAR_MIN || moment->year > YEAR_MAX || moment->month < 1 ||
        moment->month > 12 || moment->day < 1 ||
        moment->day > days_in_month(moment->year, moment->month) || moment->hour < 0 ||
        moment->hour > 23 || moment->minute < 0 || moment->minute > 59 || moment->second < 0 ||
        moment->second > 60)
        return false;
    int64_t days = days_since_1970(moment->year, moment->month, moment->day);
    int64_t seconds =
        ((days * 24 + moment->hour) * 60 + moment->minute - moment->zone_minutes) * 60 +
        moment->second;
    *ns = seconds * NS_PER_SECOND + moment->fraction_ns;
    return seconds >= 0;
}

/* "+0000", "+00:00", "Z" or nothing, up to the end. */
static bool parse_zone(const char *text, size_t size, int *minutes)
{
    *minutes = 0;
    if (size == 0 || (size == 1 && (*text == 'Z' || *text == 'z')))
        return true;
    bool colon = size == 6 && text[3] == ':';
    if ((*text != '+' && *text != '-') || (size != 5 && !colon))
        return false;
    int hours = digits(text + 1, 2), rest = digits(text + (colon ? 4 : 3), 2);
    if (hours < 0 || hours > 23 || rest < 0 || rest > 59)
        return false;
    *minutes = (hours * 60 + rest) * (*text == '-' ? -1 : 1);
    return true;
}

/* ".123" at `at`; moves behind it. Digits beyond the ninth are dropped. */
static bool parse_fraction(const char *text, size_t size, size_t *at, int64_t *ns)
{
    int64_t unit = NS_PER_SECOND / 10;
    *ns = 0;
    if (*at >= size || (text[*at] != '.' && text[*at] != ','))
        return true;
    size_t first = ++*at;
    for (; *at < size && text[*at] >= '0' && text[*at] <= '9'; ++*at) {
        *ns += unit * (text[*at] - '0');
        unit /= 10;
    }
    return *at > first;
}

bool timestamp_parse_iso(const char *text, size_t size, int64_t *ns)
{
    struct moment moment;
    size_t at = ISO_LEAST_SIZE;
    if (size < ISO_LEAST_SIZE || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
        text[16] != ':' || (text[10] != 'T' && text[10] != 't' && text[10] != ' '))
        return false;
    moment = (struct moment){
        .year = digits(text, 4),
        .month = digits(text + 5, 2),
        .day = digits(text + 8, 2),
        .hour = digits(text + 11, 2),
        .minute = digits(text + 14, 2),
        .second = digits(text + 17, 2),
    };
    return parse_fraction(text, size, &at, &moment.fraction_ns) &&
           parse_zone(text + at, size - at, &moment.zone_minutes) && moment_to_ns(&moment, ns);
}

/* The number of the month with this English abbreviation, or 0. */
static int month_number(const char *text)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        if (memcmp(names + (ptrdiff_t)3 * i, text, 3) == 0)
            return i + 1;
    }
    return 0;
}

bool timestamp_parse_log(const char *text, size_t size, int64_t *ns)
{
    struct moment moment;
    if (size != LOG_SIZE || text[2] != '/' || text[6] != '/' || text[11] != ':' ||
        text[14] != ':' || text[17] != ':' || text[20] != ' ')
        return false;
    moment = (struct moment){
        .year = digits(text + 7, 4),
        .month = month_number(text + 3),
        .day = digits(text, 2),
        .hour = digits(text + 12, 2),
        .minute = digits(text + 15, 2),
        .second = digits(text + 18, 2),
    };
    return parse_zone(text + 21, 5, &moment.zone_minutes) && moment_to_ns(&moment, ns);
}

bool timestamp_parse_epoch(const char *text, size_t size, int64_t *ns)
{
    int64_t whole = 0, fraction;
    size_t at = 0;
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++) {
        if (__builtin_mul_overflow(whole, (int64_t)10, &whole) ||
            __builtin_add_overflow(whole, (int64_t)(text[at] - '0'), &whole))
            return false;
    }
    if (at == 0 || !parse_fraction(text, size, &at, &fraction) || at != size)
        return false;
    /* 1e11 seconds are in the year 5138, 1e11 milliseconds in 1973; and so on. */
    int64_t unit = whole < 100000000000LL         ? NS_PER_SECOND
                   : whole < 100000000000000LL    ? 1000000
                   : whole < 100000000000000000LL ? 1000
                                                  : 1;
    fraction /= NS_PER_SECOND / unit;
    return !__builtin_mul_overflow(whole, unit, &whole) &&
           !__builtin_add_overflow(whole, fraction, ns);
}

bool timestamp_parse(const char *text, size_t size, int64_t *ns)
{
    return timestamp_parse_iso(text, size, ns) || timestamp_parse_log(text, size, ns) ||
           timestamp_parse_epoch(text, size, ns);
}

void timestamp_format(int64_t ns, char text[static TIMESTAMP_TEXT_SIZE])
{
    time_t seconds = (time_t)(ns / NS_PER_SECOND);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, TIMESTAMP_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        snprintf(text, TIMESTAMP_TEXT_SIZE, "?");
}
