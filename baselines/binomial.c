#include "baselines/binomial.h"

#include <float.h>
#include <math.h>

/* Halvings of [0, 1]: enough to reach the last bit of shares down to 1e-20. */
#define HALVINGS 120

static double log_choose(double n, double k)
{
    int sign;
    return lgamma_r(n + 1.0, &sign) - lgamma_r(k + 1.0, &sign) - lgamma_r(n - k + 1.0, &sign);
}

/* P(X >= hits) for X binomial, asked only below share = hits / trials, where the terms fall. */
static double find_upper_tail(size_t hits, size_t trials, double share)
{
    double n = (double)trials;
    double k = (double)hits;
    double term = exp(log_choose(n, k) + k * log(share) + (n - k) * log1p(-share));
    double sum = term;
    double odds = share / (1.0 - share);
    for (; k < n && term > sum * DBL_EPSILON * 0.01; k += 1.0) {
        term *= (n - k) / (k + 1.0) * odds;
        sum += term;
    }
    return sum;
}

/* The share at which seeing `hits` or more has the chance `tail`. */
static double find_lower_limit(size_t hits, size_t trials, double tail)
{
    if (hits == 0)
        return 0.0;
    double low = 0.0;
    double high = (double)hits / (double)trials;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high)
            break;
        if (find_upper_tail(hits, trials, middle) < tail)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct binomial_interval binomial_find_interval(size_t hits, size_t trials, double confidence)
{
    if (hits > trials || !(confidence > 0.0 && confidence < 1.0))
        return (struct binomial_interval){NAN, NAN};
    double tail = 0.5 * (1.0 - confidence);
    return (struct binomial_interval){
        .low = find_lower_limit(hits, trials, tail),
        /* The mirror: misses instead of hits. */
        .high = 1.0 - find_lower_limit(trials - hits, trials, tail),
    };
}
