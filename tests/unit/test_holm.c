#include "baselines/holm.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#define CASE_MAX 15

struct holm_case {
    size_t count;
    size_t unseen;
    double p[CASE_MAX];
    double expected[CASE_MAX];
};

/* p.adjust(p, "holm", n = count of numbers + unseen) of R 4.2.2. The fourth is the example of
 * Benjamini and Hochberg, JRSS B 57 (1995). */
ParameterizedTestParameters(holm, adjusted)
{
    static struct holm_case cases[] = {
        {6, 0, {0.01, 0.04, 0.03, 0.005, 0.5, 0.2}, {0.05, 0.12, 0.12, 0.03, 0.5, 0.4}},
        {5, 0, {0.9, 0.8, 0.02, 0.02, 0.7}, {1, 1, 0.1, 0.1, 1}},
        {3, 0, {0.01, NAN, 0.02}, {0.02, NAN, 0.02}},
        {15,
         0,
         {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
          0.5719, 0.6528, 0.7590, 1},
         {0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213, 1, 1, 1, 1, 1, 1}},
        {2, 8, {0.01, 0.004}, {0.09, 0.04}},
        {1, 0, {0.3}, {0.3}},
        {2, 1, {0.0, NAN}, {0.0, NAN}},
    };
    return cr_make_param_array(struct holm_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct holm_case *each, holm, adjusted, .timeout = 60)
{
    double adjusted[CASE_MAX];
    holm_adjust_pvalues(each->p, each->count, each->unseen, adjusted);
    for (size_t i = 0; i < each->count; i++) {
        if (isnan(each->expected[i]))
            cr_assert(isnan(adjusted[i]));
        else
            cr_assert(fabs(adjusted[i] - each->expected[i]) < 1e-12, "[%zu] %.17g is not %.17g", i,
                      adjusted[i], each->expected[i]);
    }
}

Test(holm, empty_family, .timeout = 60)
{
    double untouched = 7.0;
    holm_adjust_pvalues(NULL, 0, 3, &untouched);
    cr_assert(untouched == 7.0);
}
