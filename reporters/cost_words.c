#include "reporters/cost_words.h"

#include "reporters/format.h"

#include <math.h>
#include <stdio.h>

void cost_words_amount(const struct cost_report *cost, double amount, bool utf8,
                       char out[static COST_WORDS_SIZE])
{
    char text[MONEY_SIZE];
    if (!isfinite(amount) || fabs(amount) > (double)MONEY_MAX_MICROS) {
        snprintf(out, COST_WORDS_SIZE, "%s", format_nothing(utf8));
    } else if (cost->has_money) {
        money_text_change((int64_t)llround(amount), cost->currency, utf8, text);
        snprintf(out, COST_WORDS_SIZE, "%s", text);
    } else {
        char fraction[FORMAT_SIZE];
        format_change(amount, utf8, fraction);
        snprintf(out, COST_WORDS_SIZE, "%s", fraction);
    }
}

static void write_change(const struct cost_report *cost, double change, double low, double high,
                         bool utf8, char out[static COST_WORDS_SIZE])
{
    char middle[COST_WORDS_SIZE], from[COST_WORDS_SIZE], to[COST_WORDS_SIZE];
    const char *unit = cost->has_money                 ? " a month"
                       : cost->metric == METRIC_CPU_NS ? " of all CPU time"
                                                       : " of all instructions";
    cost_words_amount(cost, change, utf8, middle);
    cost_words_amount(cost, low, utf8, from);
    cost_words_amount(cost, high, utf8, to);
    if (low < high)
        snprintf(out, COST_WORDS_SIZE, "%.40s%s (%.40s to %.40s)", middle, unit, from, to);
    else
        snprintf(out, COST_WORDS_SIZE, "%.40s%s", middle, unit);
}

void cost_words_change(const struct cost_report *cost, const struct cost_change *change, bool utf8,
                       char out[static COST_WORDS_SIZE])
{
    out[0] = '\0';
    if (change->sure)
        write_change(cost, change->efficiency, change->low, change->high, utf8, out);
}

void cost_words_total(const struct cost_report *cost, const struct cost_total *total, bool utf8,
                      char out[static COST_WORDS_SIZE])
{
    out[0] = '\0';
    if (total->endpoints > 0)
        write_change(cost, total->efficiency, total->low, total->high, utf8, out);
}
