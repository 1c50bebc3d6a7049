#include "reporters/format.h"

#include "base/macros.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct scale {
    const char *name;
    double size;
};

static const struct scale time_scales[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
static const struct scale count_scales[] = {{"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}};
static const struct scale byte_scales[] = {
    {"B", 1}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};

const char *format_nothing(bool utf8)
{
    return utf8 ? "–" : "-";
}

static void copy(char out[static FORMAT_SIZE], const char *text)
{
    snprintf(out, FORMAT_SIZE, "%s", text);
}

/* Decimals that leave `digits` significant ones, given that the rounding itself may carry. */
static int decimals_for(double size, int digits)
{
    int decimals = digits - 1;
    for (double limit = 10; decimals > 0; decimals--, limit *= 10)
        if (size < limit - 0.5 * pow(10, -decimals))
            break;
    return decimals;
}

/* In the smallest of the scales that keeps the figure, once rounded, below `step` of it. */
static void format_scaled(double value, const struct scale *scales, size_t count, double step,
                          int digits, char out[static FORMAT_SIZE])
{
    size_t i = 0;
    double scaled = value / scales[0].size;
    int decimals = decimals_for(fabs(scaled), digits);
    while (i + 1 < count && fabs(scaled) >= step - 0.5 * pow(10, -decimals)) {
        i++;
        scaled = value / scales[i].size;
        decimals = decimals_for(fabs(scaled), digits);
    }
    if (fabs(scaled) >= 1e6)
        snprintf(out, FORMAT_SIZE, "%.2e %s", scaled, scales[i].name);
    else
        snprintf(out, FORMAT_SIZE, "%.*f %s", decimals, scaled, scales[i].name);
}

/* Below 10,000 the figure itself: a count of 12 is 12, and one of 12.5 is 12.5. */
static void format_count(double value, char out[static FORMAT_SIZE])
{
    double size = fabs(value);
    if (size >= 9999.5)
        format_scaled(value, count_scales, COUNT_OF(count_scales), 1000, 4, out);
    else if (size >= 999.5 || fabs(value - round(value)) < 0.005)
        snprintf(out, FORMAT_SIZE, "%.0f", round(value) == 0 ? 0.0 : value);
    else
        snprintf(out, FORMAT_SIZE, "%.*f", size < 100 ? 2 : 1, value);
}

static void format_bytes(double value, char out[static FORMAT_SIZE])
{
    double size = fabs(value);
    if (size < 1023.5)
        snprintf(out, FORMAT_SIZE, fabs(value - round(value)) < 0.05 ? "%.0f B" : "%.1f B",
                 fabs(value) < 0.05 ? 0.0 : value);
    else
        format_scaled(value, byte_scales, COUNT_OF(byte_scales), 1024, 3, out);
}

static void format_time(double value, bool utf8, char out[static FORMAT_SIZE])
{
    format_scaled(value, time_scales, COUNT_OF(time_scales), 1000, 3, out);
    char *micro = strstr(out, " us");
    if (utf8 && micro != NULL)
        snprintf(micro, (size_t)(out + FORMAT_SIZE - micro), " µs");
}

void format_value(double value, enum metric_unit unit, bool utf8, char out[static FORMAT_SIZE])
{
    if (!isfinite(value)) {
        copy(out, format_nothing(utf8));
        return;
    }
    switch (unit) {
    case UNIT_NS:
        format_time(value, utf8, out);
        return;
    case UNIT_COUNT:
        format_count(value, out);
        return;
    case UNIT_BYTES:
        format_bytes(value, out);
        return;
    }
    BUG("no unit %d", (int)unit);
}

/* A signed percentage without its mark. */
static void format_percent(double change, char *out, size_t size)
{
    double percent = change * 100;
    if (fabs(percent) < 99.95)
        snprintf(out, size, "%+.1f", percent);
    else
        snprintf(out, size, fabs(percent) < 1e6 ? "%+.0f" : "%+.0e", percent);
}

void format_change(double change, bool utf8, char out[static FORMAT_SIZE])
{
    char percent[FORMAT_SIZE - 4];
    if (!isfinite(change)) {
        copy(out, format_nothing(utf8));
    } else if (change == 0) {
        copy(out, "=");
    } else if (change >= 99) {
        snprintf(out, FORMAT_SIZE, change < 1e6 ? "x%.0f" : "x%.2g", 1 + change);
    } else {
        format_percent(change, percent, sizeof percent);
        snprintf(out, FORMAT_SIZE, "%s %%", percent);
    }
}

void format_interval(double low, double high, const char *between, bool utf8,
                     char out[static FORMAT_SIZE])
{
    char from[16], to[16];
    if (!isfinite(low) || !isfinite(high)) {
        copy(out, format_nothing(utf8));
        return;
    }
    format_percent(low, from, sizeof from);
    format_percent(high, to, sizeof to);
    snprintf(out, FORMAT_SIZE, "%s%s%s %%", from, between, to);
}

void format_share(double share, bool utf8, char out[static FORMAT_SIZE])
{
    if (!isfinite(share))
        copy(out, format_nothing(utf8));
    else
        snprintf(out, FORMAT_SIZE, share < 0.9995 ? "%.1f %%" : "%.0f %%", share * 100);
}

void format_integer(int64_t value, char out[static FORMAT_SIZE])
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    size_t length = strlen(digits), at = 0;
    for (size_t i = 0; i < length; i++) {
        bool first = i == 0 || (i == 1 && digits[0] == '-');
        if (!first && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

void format_seconds(double seconds, bool utf8, char out[static FORMAT_SIZE])
{
    if (!isfinite(seconds) || seconds < 0)
        copy(out, format_nothing(utf8));
    else if (seconds < 99.95)
        snprintf(out, FORMAT_SIZE, "%.1f s", seconds);
    else if (seconds < 1e9)
        snprintf(out, FORMAT_SIZE, "%.0f min %.0f s", floor(round(seconds) / 60),
                 fmod(round(seconds), 60));
    else
        snprintf(out, FORMAT_SIZE, "%.2e s", seconds);
}
