#include "baselines/holm.h"

#include <math.h>

/* Sorted ascending, Holm's factor for the first p-value of a group of equals is the number of
 * p-values which are not smaller; the later ones of the group have smaller factors and lose to it
 * in the running maximum. So no sorting is needed. */
static double scale_pvalue(const double *p, size_t count, size_t unseen, double own)
{
    size_t factor = unseen;
    for (size_t i = 0; i < count; i++)
        factor += p[i] >= own;
    return fmin(1.0, own * (double)factor);
}

void holm_adjust_pvalues(const double *p, size_t count, size_t unseen, double *adjusted)
{
    for (size_t i = 0; i < count; i++)
        adjusted[i] = isnan(p[i]) ? NAN : scale_pvalue(p, count, unseen, p[i]);
    /* The running maximum over smaller p-values. In place: an entry that is already a maximum is
     * one over a subset of the same entries. */
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (p[j] <= p[i])
                adjusted[i] = fmax(adjusted[i], adjusted[j]);
        }
    }
}
