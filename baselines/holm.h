/* Holm's step-down adjustment of p-values: the chance of one or more false rejections in the
 * family stays at or below the level, whatever the dependence between the tests.
 * S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
 * Statistics 6 (1979) 65-70; R's p.adjust(method = "holm", n = family). */
#ifndef TOLLGATE_BASELINES_HOLM_H
#define TOLLGATE_BASELINES_HOLM_H

#include <stddef.h>

/* Writes to `adjusted` (as long as `p`, not the same array) what to compare with the level of the
 * family; each is in [0, 1] and in the order of the input. A NaN is a hypothesis that is not in
 * the family: it stays NaN and is not counted. `unseen` more hypotheses are in the family whose
 * p-values are not in the array; they count as 1. Takes time as the square of `count`. */
void holm_adjust_pvalues(const double *p, size_t count, size_t unseen, double *adjusted);

#endif
