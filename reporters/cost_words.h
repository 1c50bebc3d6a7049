/* Costs in words, for every report that speaks of them. Text of our own, ASCII but for the sign of
 * a currency where `utf8` allows it. */
#ifndef TOLLGATE_REPORTERS_COST_WORDS_H
#define TOLLGATE_REPORTERS_COST_WORDS_H

#include "base/buffer.h"
#include "insights/cost.h"

enum { COST_WORDS_SIZE = 160 };

/* "+$65.20 a month (+$52.10 to +$78.40)" of one endpoint; without money "+0.8 % of all CPU time
 * (...)".
 * "" when the change is not sure: then there is no figure. */
void cost_words_change(const struct cost_report *cost, const struct cost_change *change, bool utf8,
                       char out[static COST_WORDS_SIZE]);

/* The same of the sum. "" when nothing is sure. */
void cost_words_total(const struct cost_report *cost, const struct cost_total *total, bool utf8,
                      char out[static COST_WORDS_SIZE]);

/* One figure of a change: "+$65.20", or without money the fraction "+0.8 %"; a dash for NAN. */
void cost_words_amount(const struct cost_report *cost, double amount, bool utf8,
                       char out[static COST_WORDS_SIZE]);

#endif
