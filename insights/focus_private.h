/* Amounts of a bill: finer than money, since rows may cost a fraction of a millionth. */
#ifndef TOLLGATE_INSIGHTS_FOCUS_PRIVATE_H
#define TOLLGATE_INSIGHTS_FOCUS_PRIVATE_H

#include <stdbool.h>

__extension__ typedef __int128 focus_amount; /* in 10^-15 of the currency's unit */

enum { FOCUS_AMOUNT_DIGITS = 15, FOCUS_AMOUNT_WHOLE_DIGITS = 13 };

/* A decimal number with an optional exponent, exactly; digits beyond the 15th behind the point are
 * cut. False when it is none or has more than 13 digits before the point. */
bool focus_parse_amount(const char *text, focus_amount *amount);

#endif
