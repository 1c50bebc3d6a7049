/* What a run could have seen: power and smallest detectable effect of the one-sided signed-rank
 * test, and the replicates that would settle an endpoint.
 *
 * Model: replicates are normal around (margin + excess) with standard deviation `sd`, all in log
 * ratios, where small ones are fractions: 0.01 is 1 %. The level of one endpoint is
 * alpha / endpoints, the first and hardest step of Holm; give the alpha of the look in question.
 *
 * power_find_* draw samples with a fixed seed and apply the exact test's critical value: the same
 * answer every time, with a standard error of 0.7 percentage points of power at 0.9. The usual
 * normal approximation, power_approximate_excess, is far too hopeful with few replicates and small
 * levels: at 0.0005 an endpoint and 90 % power, 12 replicates need 1.97 standard deviations and
 * not 1.35, 20 need 1.23 and not 1.05, 40 need 0.79 and not 0.74. */
#ifndef TOLLGATE_BASELINES_POWER_H
#define TOLLGATE_BASELINES_POWER_H

#include <stddef.h>

struct power_design {
    size_t count;     /* replicates, up to SIGNEDRANK_COUNT_MAX */
    double sd;        /* of the replicates' log ratios, not negative */
    double alpha;     /* of the family at the look, in (0, 0.5] */
    size_t endpoints; /* in the family, at least 1 */
};

/* The quantile of the standard normal; -infinity at 0, +infinity at 1, NaN outside. */
double power_find_normal_quantile(double probability);

/* The chance that the test rejects when the truth lies `excess` above the margin. 0 when no
 * outcome of so few replicates can reject. NaN for a broken design. */
double power_find_probability(const struct power_design *design, double excess);

/* The smallest excess over the margin that is found with the chance `power` (in (0, 1), 0.9 say):
 * the quantile over samples of what must be added to a sample until its lower bound reaches 0.
 * Infinity when so few replicates cannot reject at all. NaN for a broken design. */
double power_find_excess(const struct power_design *design, double power);

/* The same by the normal approximation,
 *     (z(1 - alpha / endpoints) + z(power)) * sd / sqrt(count * 3 / pi),
 * where 3 / pi is the asymptotic relative efficiency of the signed-rank test to the t-test for
 * normal data: E. L. Lehmann, "Nonparametrics: Statistical Methods Based on Ranks" (1975). At
 * 0.0005 it is 7 % too small with 40 replicates and 2 % with 100; not for use below 40. */
double power_approximate_excess(const struct power_design *design, double power);

#define POWER_NEVER ((size_t)-1)

/* The fewest replicates (design->count is not read) that find `excess` with the chance `power`, to
 * within the error of the draws; POWER_NEVER when SIGNEDRANK_COUNT_MAX are not enough, excess is
 * not above 0, or the design is broken. */
size_t power_find_replicates(const struct power_design *design, double excess, double power);

/* An endpoint that a run left undecided. */
struct power_question {
    double estimate;       /* log ratio */
    double margin;         /* log ratio: log1p(0.02) for 2 % */
    double interval_alpha; /* of the bound that `passed` is read from, at the last look */
    double power;          /* how sure one more run of that size should be to settle it */
};

/* If the truth is what was estimated, how many replicates beyond design->count settle the endpoint
 * at one look: as regressed for an estimate above the margin, as passed for one below. 0 when as
 * many as there are would do; POWER_NEVER when no practical number would. */
size_t power_find_missing(const struct power_design *design, const struct power_question *question);

#endif
