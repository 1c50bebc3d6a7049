#include "baselines/signedrank.h"

#include "baselines/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Doubled mid-ranks add up to at most n (n + 1); the distribution is symmetric, so half of it is
 * all that is ever counted. */
#define HALF_MAX (SIGNEDRANK_COUNT_MAX * (SIGNEDRANK_COUNT_MAX + 1) / 2)

/* The lower half of the null distribution: `mass[w]` = P(W = w), w <= limit. */
struct null_mass {
    size_t limit;
    double mass[HALF_MAX + 1];
};

struct distance {
    double size;
    bool above;
};

/* What the data say, in units in which every rank is a whole number. */
struct ranking {
    size_t used;
    size_t units; /* whole-number steps a rank: 2 when there are ties, else 1 */
    size_t total;
    size_t above;
    size_t ranks[SIGNEDRANK_COUNT_MAX];
};

static bool are_finite(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

/* Each rank is in the sum or not, with equal chance: a convolution a rank. Halving at every step
 * keeps the masses chances, so that nothing overflows; 2^-256 is far from underflow. */
static void count_null(struct null_mass *null, const size_t *ranks, size_t used, size_t limit)
{
    double *mass = null->mass;
    size_t reach = 0;
    null->limit = limit;
    memset(mass, 0, (limit + 1) * sizeof *mass);
    mass[0] = 1.0;
    for (size_t i = 0; i < used; i++) {
        size_t rank = ranks[i];
        reach = reach + rank < limit ? reach + rank : limit;
        size_t w = reach + 1;
        for (; w > rank; w--)
            mass[w - 1] = 0.5 * (mass[w - 1] + mass[w - 1 - rank]);
        for (; w > 0; w--)
            mass[w - 1] *= 0.5;
    }
}

/* From the smallest terms up, where they are. */
static double sum_mass(const struct null_mass *null, size_t end)
{
    double sum = 0.0;
    for (size_t w = 0; w < end; w++)
        sum += null->mass[w];
    return sum;
}

static void count_untied(struct null_mass *null, size_t count, size_t limit)
{
    size_t ranks[SIGNEDRANK_COUNT_MAX] = {0};
    for (size_t i = 0; i < count; i++)
        ranks[i] = i + 1;
    count_null(null, ranks, count, limit);
}

static int compare_distances(const void *left, const void *right)
{
    const struct distance *a = left;
    const struct distance *b = right;
    return (a->size > b->size) - (a->size < b->size);
}

/* Doubled mid-ranks of sorted distances, zeros ranked and left out. */
static void assign_ranks(struct ranking *ranking, const struct distance *distances, size_t count)
{
    bool tied = false;
    *ranking = (struct ranking){.units = 2};
    for (size_t first = 0, end; first < count; first = end) {
        end = first + 1;
        while (end < count && distances[end].size <= distances[first].size)
            end++;
        if (distances[first].size <= 0.0)
            continue;
        size_t doubled = first + 1 + end;
        tied = tied || doubled % 2 != 0;
        for (size_t i = first; i < end; i++) {
            ranking->ranks[ranking->used++] = doubled;
            ranking->total += doubled;
            ranking->above += distances[i].above ? doubled : 0;
        }
    }
    if (tied)
        return;
    /* All even: half of the numbers do. */
    ranking->units = 1;
    ranking->total /= 2;
    ranking->above /= 2;
    for (size_t i = 0; i < ranking->used; i++)
        ranking->ranks[i] /= 2;
}

static void rank_values(struct ranking *ranking, const double *values, size_t count, double mu)
{
    struct distance distances[SIGNEDRANK_COUNT_MAX];
    for (size_t i = 0; i < count; i++) {
        double difference = values[i] - mu;
        distances[i] = (struct distance){.size = fabs(difference), .above = difference > 0.0};
    }
    if (count > 1)
        qsort(distances, count, sizeof distances[0], compare_distances);
    assign_ranks(ranking, distances, count);
}

bool signedrank_test_location(const double *values, size_t count, double mu,
                              struct signedrank_test *out)
{
    if (count > SIGNEDRANK_COUNT_MAX || !are_finite(values, count) || !isfinite(mu))
        return false;
    struct ranking ranking;
    struct null_mass null;
    rank_values(&ranking, values, count, mu);
    /* By symmetry one tail, counted once, gives both: the sum at hand or its mirror, whichever
     * is in the lower half. */
    size_t mirror = ranking.total - ranking.above;
    size_t nearer = ranking.above < mirror ? ranking.above : mirror;
    count_null(&null, ranking.ranks, ranking.used, nearer);
    double beyond = sum_mass(&null, nearer);
    double within = fmin(1.0, beyond + null.mass[nearer]);
    bool low = ranking.above <= mirror;
    *out = (struct signedrank_test){
        .used = ranking.used,
        .statistic = (double)ranking.above / (double)ranking.units,
        .p_greater = low ? 1.0 - beyond : within,
        .p_less = low ? within : 1.0 - beyond,
    };
    return true;
}

double signedrank_find_tail(size_t count, size_t statistic)
{
    if (count > SIGNEDRANK_COUNT_MAX)
        return NAN;
    size_t total = count * (count + 1) / 2;
    if (statistic >= total)
        return 1.0;
    struct null_mass null;
    if (statistic <= total / 2) {
        count_untied(&null, count, statistic);
        return sum_mass(&null, statistic + 1);
    }
    count_untied(&null, count, total - statistic - 1);
    return 1.0 - sum_mass(&null, total - statistic);
}

bool signedrank_find_critical(size_t count, double alpha, size_t *critical)
{
    if (count == 0 || count > SIGNEDRANK_COUNT_MAX)
        return false;
    struct null_mass null;
    count_untied(&null, count, count * (count + 1) / 4);
    double tail = 0.0;
    size_t next = 0;
    while (next <= null.limit && tail + null.mass[next] <= alpha)
        tail += null.mass[next++];
    if (next == 0)
        return false;
    *critical = next - 1;
    return true;
}

/* Each step is monotone in both values, rounding included: the search below relies on it. */
static double average_pair(double a, double b)
{
    return 0.5 * a + 0.5 * b;
}

/* For each row i of the triangle of Walsh averages, the first column whose average is not below
 * the pivot (or, with `over`, is above it). The columns fall as rows rise, so that one walk down
 * the staircase finds them all. Returns how many averages lie before them. */
static size_t walk_staircase(const double *sorted, size_t count, double pivot, bool over,
                             size_t *columns)
{
    size_t before = 0;
    size_t column = count;
    for (size_t row = 0; row < count; row++) {
        while (column > 0) {
            double average = average_pair(sorted[row], sorted[column - 1]);
            if (over ? average <= pivot : average < pivot)
                break;
            column--;
        }
        columns[row] = column > row ? column : row;
        before += columns[row] - row;
    }
    return before;
}

static size_t find_widest(const size_t *first, const size_t *end, size_t count)
{
    size_t widest = 0;
    for (size_t row = 1; row < count; row++) {
        if (end[row] > first[row] && end[row] - first[row] > end[widest] - first[widest])
            widest = row;
    }
    return widest;
}

static size_t smaller_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Selection in a matrix with sorted rows, after J. F. Monahan, "Fast computation of the
 * Hodges-Lehmann location estimator", ACM TOMS 10 (1984), algorithm 616: a candidate range a row,
 * narrowed around a pivot from the middle of the widest. About log n walks of 2n steps. */
double signedrank_find_walsh(const double *sorted, size_t count, size_t rank)
{
    size_t first[SIGNEDRANK_COUNT_MAX];
    size_t end[SIGNEDRANK_COUNT_MAX];
    size_t columns[SIGNEDRANK_COUNT_MAX];
    if (count == 0 || count > SIGNEDRANK_COUNT_MAX || rank >= count * (count + 1) / 2)
        BUG("signedrank: no Walsh average %zu of %zu values", rank, count);
    for (size_t row = 0; row < count; row++) {
        first[row] = row;
        end[row] = count;
    }
    for (;;) {
        size_t row = find_widest(first, end, count);
        if (end[row] <= first[row])
            BUG("signedrank: values are not sorted");
        double pivot = average_pair(sorted[row], sorted[(first[row] + end[row]) / 2]);
        if (rank < walk_staircase(sorted, count, pivot, false, columns)) {
            for (size_t i = 0; i < count; i++)
                end[i] = smaller_of(end[i], columns[i]);
            continue;
        }
        if (rank < walk_staircase(sorted, count, pivot, true, columns))
            return pivot;
        for (size_t i = 0; i < count; i++)
            first[i] = columns[i] > first[i] ? columns[i] : first[i];
    }
}

bool signedrank_estimate_location(const double *values, size_t count, double alpha,
                                  struct signedrank_estimate *out)
{
    double sorted[SIGNEDRANK_COUNT_MAX];
    size_t critical;
    if (count > SIGNEDRANK_COUNT_MAX || !are_finite(values, count))
        return false;
    *out = (struct signedrank_estimate){NAN, -INFINITY, INFINITY};
    if (count == 0)
        return true;
    memcpy(sorted, values, count * sizeof *values);
    statistics_sort_values(sorted, count);
    size_t pairs = count * (count + 1) / 2;
    out->location = signedrank_find_walsh(sorted, count, pairs / 2);
    if (pairs % 2 == 0)
        out->location =
            average_pair(signedrank_find_walsh(sorted, count, pairs / 2 - 1), out->location);
    if (signedrank_find_critical(count, alpha, &critical)) {
        out->low = signedrank_find_walsh(sorted, count, critical);
        out->high = signedrank_find_walsh(sorted, count, pairs - 1 - critical);
    }
    return true;
}
