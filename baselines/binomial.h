/* The exact confidence interval of a share: how sure "19 of 20 found" is. */
#ifndef TOLLGATE_BASELINES_BINOMIAL_H
#define TOLLGATE_BASELINES_BINOMIAL_H

#include <stddef.h>

/* Shares in [0, 1]. */
struct binomial_interval {
    double low;
    double high;
};

/* The interval of Clopper and Pearson, "The use of confidence or fiducial limits illustrated in
 * the case of the binomial", Biometrika 26 (1934): two-sided, each tail at most
 * (1 - confidence) / 2, hence never narrower than it claims. `confidence` in (0, 1), 0.95 say.
 * No trials say nothing: [0, 1]. More hits than trials, or a confidence outside (0, 1), give NaN
 * twice. Counts up to 10 million take milliseconds. */
struct binomial_interval binomial_find_interval(size_t hits, size_t trials, double confidence);

#endif
