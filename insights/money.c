#include "insights/money.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum { USUAL_DIGITS = 2, MICRO_DIGITS = 6, PRICE_DIGITS = 3 };

/* Less is no price of anything. */
static const double price_least = 0.000001;

/* Weights become whole numbers that add up to about this, so that nothing is rounded twice. */
static const double weight_scale = 1152921504606846976.0; /* 2^60 */

/* ISO 4217: the currencies whose minor unit is no hundredth and that are in use. */
static const struct {
    const char *code;
    int digits;
} unusual[] = {
    {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"ISK", 0}, {"JPY", 0}, {"KMF", 0}, {"KRW", 0},
    {"PYG", 0}, {"RWF", 0}, {"UGX", 0}, {"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0},
    {"BHD", 3}, {"IQD", 3}, {"JOD", 3}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"TND", 3},
};

static const struct {
    const char *code, *sign;
    bool ascii;
} signs[] = {
    {"USD", "$", true},
    {"EUR", "\xe2\x82\xac", false},
    {"GBP", "\xc2\xa3", false},
    {"JPY", "\xc2\xa5", false},
};

bool money_is_currency(const char *code)
{
    if (strlen(code) != 3)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (code[i] < 'A' || code[i] > 'Z')
            return false;
    return true;
}

int money_digits(const char *code)
{
    for (size_t i = 0; i < sizeof unusual / sizeof unusual[0]; i++)
        if (strcmp(unusual[i].code, code) == 0)
            return unusual[i].digits;
    return USUAL_DIGITS;
}

/* Millionths in a cent of a currency with so many digits. */
static int64_t cent_of(int digits)
{
    int64_t cent = 1;
    for (int i = digits; i < MICRO_DIGITS; i++)
        cent *= 10;
    return cent;
}

struct part {
    wide remainder;
    size_t index;
};

/* The larger remainder first, the earlier part among equals. */
static int compare_parts(const void *a, const void *b)
{
    const struct part *left = a, *right = b;
    if (left->remainder != right->remainder)
        return left->remainder > right->remainder ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

bool money_divide(int64_t total, const double *weights, size_t count, int64_t *parts)
{
    wide sum = 0;
    int64_t given = 0;
    double largest = 0, all = 0;
    struct part *order = calloc(count + 1, sizeof *order);
    int64_t *whole = calloc(count + 1, sizeof *whole);
    if (order == NULL || whole == NULL) {
        free(order);
        free(whole);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        largest = weights[i] > largest ? weights[i] : largest;
    for (size_t i = 0; i < count && largest > 0; i++)
        all += weights[i] / largest; /* does not overflow, whatever the weights */
    for (size_t i = 0; i < count; i++) {
        whole[i] = largest > 0 ? (int64_t)(weights[i] / largest / all * weight_scale) : 0;
        sum += whole[i];
    }
    for (size_t i = 0; i < count; i++) {
        wide product = (wide)total * whole[i];
        parts[i] = sum > 0 ? (int64_t)(product / sum) : 0;
        order[i] = (struct part){sum > 0 ? product % sum : 0, i};
        given += parts[i];
    }
    qsort(order, count, sizeof *order, compare_parts);
    for (size_t i = 0; sum > 0 && i < count && given < total; i++, given++)
        parts[order[i].index]++;
    free(order);
    free(whole);
    return true;
}

int64_t money_round(int64_t micros, int digits)
{
    int64_t cent = cent_of(digits), half = cent / 2;
    return micros < 0 ? -((-micros + half) / cent * cent) : (micros + half) / cent * cent;
}

/* Rounded towards minus infinity. */
static int64_t round_down(int64_t micros, int64_t cent)
{
    int64_t below = micros / cent * cent;
    return below > micros ? below - cent : below;
}

bool money_round_parts(const int64_t *parts, size_t count, int digits, int64_t *rounded)
{
    int64_t cent = cent_of(digits), sum = 0, given = 0;
    struct part *order = calloc(count + 1, sizeof *order);
    if (order == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        rounded[i] = round_down(parts[i], cent);
        order[i] = (struct part){parts[i] - rounded[i], i};
        sum += parts[i];
        given += rounded[i];
    }
    qsort(order, count, sizeof *order, compare_parts);
    int64_t whole = money_round(sum, digits);
    for (size_t i = 0; i < count && given < whole; i++, given += cent)
        rounded[order[i].index] += cent;
    free(order);
    return true;
}

/* What stands before the number. */
static const char *sign_of(const char *currency, bool utf8, char code[static 5])
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcmp(signs[i].code, currency) == 0 && (utf8 || signs[i].ascii))
            return signs[i].sign;
    snprintf(code, 5, "%.3s ", currency);
    return code;
}

/* Thousands with commas. */
static void append_whole(char *out, size_t size, uint64_t value)
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, value);
    size_t at = strlen(out);
    for (size_t i = 0; i < length && at + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

static void write_amount(int64_t micros, const char *currency, bool utf8, const char *plus,
                         char out[static MONEY_SIZE])
{
    char code[5];
    int digits = money_digits(currency);
    int64_t cent = cent_of(digits), rounded = money_round(micros, digits);
    bool little = rounded == 0 && micros != 0;
    uint64_t shown = (uint64_t)(rounded < 0 ? -rounded : rounded);
    if (little)
        shown = (uint64_t)cent;
    snprintf(out, MONEY_SIZE, "%s%s%s", little ? "<" : "", micros < 0 ? "-" : plus,
             sign_of(currency, utf8, code));
    append_whole(out, MONEY_SIZE, shown / MONEY_MICROS);
    if (digits > 0) {
        size_t used = strlen(out);
        unsigned cents = (unsigned)(shown % MONEY_MICROS / (uint64_t)cent);
        snprintf(out + used, MONEY_SIZE - used, digits == 3 ? ".%03u" : ".%02u", cents);
    }
}

void money_text(int64_t micros, const char *currency, bool utf8, char out[static MONEY_SIZE])
{
    write_amount(micros, currency, utf8, "", out);
}

void money_text_change(int64_t micros, const char *currency, bool utf8, char out[static MONEY_SIZE])
{
    write_amount(micros, currency, utf8, micros > 0 ? "+" : "", out);
}

void money_text_price(double amount, const char *currency, bool utf8, char out[static MONEY_SIZE])
{
    char code[5];
    double size = fabs(amount);
    int decimals = money_digits(currency);
    if (!isfinite(amount) || size >= 1e12) {
        snprintf(out, MONEY_SIZE, "%s", utf8 ? "\xe2\x80\x93" : "-");
        return;
    }
    if (size > 0 && size < 1)
        decimals = PRICE_DIGITS - 1 - (int)floor(log10(size));
    if (size > 0 && size < price_least) {
        snprintf(out, MONEY_SIZE, "<%s%s%.6f", amount < 0 ? "-" : "", sign_of(currency, utf8, code),
                 price_least);
        return;
    }
    if (size < 100) {
        snprintf(out, MONEY_SIZE, "%s%s%.*f", amount < 0 ? "-" : "", sign_of(currency, utf8, code),
                 decimals, size);
        return;
    }
    write_amount((int64_t)llround(amount * MONEY_MICROS), currency, utf8, "", out);
}
