#include "insights/focus.h"

#include "base/csv.h"
#include "insights/cost_terms.h"
#include "insights/focus_private.h"
#include "insights/money.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES = 80, SECONDS_A_DAY = 86400, DAYS_SHORTEST = 28, DAYS_LONGEST = 31 };

static const char usage[] = "Usage";

/* What is known while rows are read. */
struct reading {
    const struct focus_question *question;
    struct csv_reader *csv;
    size_t cost, currency, start, end, category;
    size_t filters[FOCUS_FILTERS_MAX];
    bool usage_only;
    focus_amount sum;
    int64_t first, last; /* seconds */
    char code[4];
    size_t rows, kept;
};

static bool parse_digits(const char **text, size_t count, int *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return false;
        *out = *out * 10 + (**text - '0');
    }
    return true;
}

/* Days since 1970 in the Gregorian calendar: years begin in March, so that the leap day is last. */
static int64_t find_days(int year, int month, int day)
{
    int64_t shifted = month > 2 ? year : year - 1;
    int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + in_year - 719468;
}

static bool is_day(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
           day <= lengths[month - 1] + (month == 2 && leap);
}

/* "10:30", "10:30:00", "10:30:00.000", with nothing, "Z" or "+00:00" behind. */
static bool parse_clock(const char *text, int64_t *seconds)
{
    int hour, minute, second = 0;
    if (!parse_digits(&text, 2, &hour) || *text++ != ':' || !parse_digits(&text, 2, &minute))
        return false;
    if (*text == ':' && (text++, !parse_digits(&text, 2, &second)))
        return false;
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    *seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 61 &&
           (*text == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "+00:00") == 0 ||
            strcmp(text, " UTC") == 0);
}

bool focus_parse_time(const char *text, int64_t *seconds)
{
    int year, month, day;
    int64_t clock = 0;
    if (!parse_digits(&text, 4, &year) || *text++ != '-' || !parse_digits(&text, 2, &month) ||
        *text++ != '-' || !parse_digits(&text, 2, &day) || !is_day(year, month, day))
        return false;
    if (*text != '\0' && ((*text != 'T' && *text != ' ') || !parse_clock(text + 1, &clock)))
        return false;
    *seconds = find_days(year, month, day) * SECONDS_A_DAY + clock;
    return true;
}

static bool require(struct reading *reading, const char *column, size_t *out, struct error *err)
{
    *out = csv_column(reading->csv, column);
    return *out != CSV_NONE || csv_fail_without(reading->csv, column, err);
}

static bool find_columns(struct reading *reading, struct error *err)
{
    const struct focus_question *question = reading->question;
    if (!require(reading, question->cost, &reading->cost, err) ||
        !require(reading, "BillingCurrency", &reading->currency, err) ||
        !require(reading, "ChargePeriodStart", &reading->start, err) ||
        !require(reading, "ChargePeriodEnd", &reading->end, err))
        return false;
    reading->category = csv_column(reading->csv, "ChargeCategory");
    reading->usage_only = reading->category != CSV_NONE;
    for (size_t i = 0; i < question->filter_count; i++) {
        if (!require(reading, question->filters[i].column, &reading->filters[i], err))
            return false;
        reading->usage_only = reading->usage_only && reading->filters[i] != reading->category;
    }
    return true;
}

static bool read_time(const struct reading *reading, size_t column, int64_t *seconds,
                      struct error *err)
{
    const char *text = csv_field(reading->csv, column);
    return focus_parse_time(text, seconds) ||
           csv_fail(reading->csv, column, err,
                    "\"%.*s\" is no time such as 2026-10-01T00:00:00Z, in UTC", SHOWN_BYTES, text);
}

static bool read_period(struct reading *reading, struct error *err)
{
    int64_t start, end;
    if (!read_time(reading, reading->start, &start, err) ||
        !read_time(reading, reading->end, &end, err))
        return false;
    if (end <= start)
        return csv_fail(reading->csv, reading->end, err, "is not after ChargePeriodStart");
    reading->first = start < reading->first ? start : reading->first;
    reading->last = end > reading->last ? end : reading->last;
    return true;
}

static bool read_currency(struct reading *reading, struct error *err)
{
    const char *code = csv_field(reading->csv, reading->currency);
    if (!money_is_currency(code))
        return csv_fail(reading->csv, reading->currency, err, "\"%.*s\" is no currency such as USD",
                        SHOWN_BYTES, code);
    if (reading->code[0] == '\0')
        memcpy(reading->code, code, sizeof reading->code);
    if (strcmp(reading->code, code) == 0)
        return true;
    return csv_fail(reading->csv, reading->currency, err,
                    "%s, where rows before are in %s: keep one of them with \"where\"", code,
                    reading->code);
}

static bool read_amount(struct reading *reading, struct error *err)
{
    const char *text = csv_field(reading->csv, reading->cost);
    focus_amount amount, most = (focus_amount)MONEY_MAX_MICROS * 1000000000; /* 10^-15 units */
    if (*text == '\0')
        return csv_fail(reading->csv, reading->cost, err,
                        "is empty: FOCUS has an amount in every row, 0 where nothing is charged");
    if (!focus_parse_amount(text, &amount))
        return csv_fail(reading->csv, reading->cost, err, "\"%.*s\" is no amount such as 12.50",
                        SHOWN_BYTES, text);
    reading->sum += amount;
    if (reading->sum > most || reading->sum < -most)
        return csv_fail(reading->csv, reading->cost, err, "makes the bill larger than any");
    return true;
}

/* Credits and refunds are negative and count as they are. */
static bool read_row(struct reading *reading, struct error *err)
{
    const struct focus_question *question = reading->question;
    const struct csv_reader *csv = reading->csv;
    reading->rows++;
    if (reading->usage_only && strcmp(csv_field(csv, reading->category), usage) != 0)
        return true;
    if (!read_period(reading, err))
        return false;
    for (size_t i = 0; i < question->filter_count; i++)
        if (strcmp(csv_field(csv, reading->filters[i]), question->filters[i].value) != 0)
            return true;
    reading->kept++;
    return read_currency(reading, err) && read_amount(reading, err);
}

static bool read_rows(struct reading *reading, struct error *err)
{
    bool more = true;
    if (!find_columns(reading, err))
        return false;
    while (csv_next(reading->csv, &more, err)) {
        if (!more)
            return true;
        if (!read_row(reading, err))
            return false;
    }
    return false;
}

/* A calendar month is a month, whether it has 28 days or 31. */
static int64_t scale_to_month(focus_amount sum, double hours, bool *scaled)
{
    focus_amount micro = 1000000000, half = sum < 0 ? -micro / 2 : micro / 2;
    int64_t micros = (int64_t)((sum + half) / micro);
    *scaled = hours < DAYS_SHORTEST * 24 || hours > DAYS_LONGEST * 24;
    if (!*scaled)
        return micros;
    return (int64_t)llround((double)micros * (COST_MONTH_HOURS / hours));
}

static bool finish(struct focus_bill *bill, const struct reading *reading, struct arena *arena,
                   struct error *err)
{
    const struct focus_question *question = reading->question;
    if (reading->kept == 0)
        return error_set_at(err, ERROR_INPUT, question->path, "none of its %zu rows is %s%s",
                            reading->rows,
                            reading->usage_only ? "of ChargeCategory Usage" : "what is wanted",
                            question->filter_count > 0 ? " and fits \"where\"" : "");
    *bill = (struct focus_bill){.rows = reading->rows,
                                .kept = reading->kept,
                                .hours = (double)(reading->last - reading->first) / 3600,
                                .usage_only = reading->usage_only};
    bill->month_micros = scale_to_month(reading->sum, bill->hours, &bill->scaled);
    if (bill->month_micros < 0)
        return error_set_at(err, ERROR_INPUT, question->path,
                            "its %zu rows add up to less than 0: there is nothing to divide",
                            reading->kept);
    if (bill->month_micros > MONEY_MAX_MICROS)
        return error_set_at(err, ERROR_INPUT, question->path,
                            "its rows add up to more than any "
                            "bill");
    bill->currency = arena_copy_string(arena, reading->code);
    return bill->currency != NULL || error_set_memory(err);
}

bool focus_read(struct focus_bill *bill, const struct focus_question *question, struct arena *arena,
                struct error *err)
{
    struct csv_reader csv;
    struct reading reading = {
        .question = question, .csv = &csv, .first = INT64_MAX, .last = INT64_MIN};
    *bill = (struct focus_bill){0};
    if (question->filter_count > FOCUS_FILTERS_MAX)
        return error_set(err, ERROR_USAGE, "more than %d filters of a bill", FOCUS_FILTERS_MAX);
    if (!csv_open(&csv, question->path, question->text, question->size, err))
        return false;
    bool ok = read_rows(&reading, err) && finish(bill, &reading, arena, err);
    csv_release(&csv);
    return ok;
}
