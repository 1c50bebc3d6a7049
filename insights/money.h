/* Money as whole numbers: millionths of the currency's unit, so that parts add up to their
 * whole. */
#ifndef TOLLGATE_INSIGHTS_MONEY_H
#define TOLLGATE_INSIGHTS_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MONEY_SIZE = 64, MONEY_MICROS = 1000000 };

/* No amount passes this, in either direction: a million million units. */
#define MONEY_MAX_MICROS ((int64_t)1000000000000 * MONEY_MICROS)

/* Whether the text is three capital letters, as ISO 4217 has them. */
bool money_is_currency(const char *code);

/* How many digits prices in the currency have behind the point: 2, but 0 for the yen and 3 for the
 * dinar. */
int money_digits(const char *code);

/* Divides `total` (not negative) in proportion to `weights` (finite, not negative). The parts add
 * up to `total` exactly: each is rounded down and the largest remainders get one more. When all
 * weights are 0 all parts are 0. False when out of memory. */
bool money_divide(int64_t total, const double *weights, size_t count, int64_t *parts);

/* The parts in whole cents (still in micros), each off by less than one cent, adding up to their
 * sum as `money_round` rounds it. False when out of memory. */
bool money_round_parts(const int64_t *parts, size_t count, int digits, int64_t *rounded);

/* To the nearest cent, halves away from zero. */
int64_t money_round(int64_t micros, int digits);

/* "$3,120.00", "-$0.04", "EUR 12.50" where the sign would not be ASCII and `utf8` is false,
 * "CHF 12.50". To the cent: what is less is told from nothing as "<$0.01". */
void money_text(int64_t micros, const char *currency, bool utf8, char out[static MONEY_SIZE]);

/* The same with a sign always, for changes: "+$65.00". */
void money_text_change(int64_t micros, const char *currency, bool utf8,
                       char out[static MONEY_SIZE]);

/* Three significant digits, for prices of little things: "$0.00123", "$8.78", "<$0.000001"; a dash
 * for NAN. In units of the currency. */
void money_text_price(double amount, const char *currency, bool utf8, char out[static MONEY_SIZE]);

#endif
