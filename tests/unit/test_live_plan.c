#include "rig/live_plan.h"

#include "base/macros.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

TestSuite(live_plan, .timeout = 60);

struct topology {
    const char *name;
    struct live_cpu cpus[16];
    size_t count;
    int chosen[16];
    size_t chosen_count;
};

/* Expected by hand from the header's rule. */
static struct topology topologies[] = {
    {"none", {{0, 0}}, 0, {0}, 0},
    {"one CPU", {{0, 0}}, 1, {0}, 1},
    {"two CPUs: the last, the other is everybody else's", {{0, 0}, {1, 1}}, 2, {1}, 1},
    {"two threads of one core", {{0, 0}, {1, 0}}, 2, {1}, 1},
    {"four cores: all but the first", {{0, 0}, {1, 1}, {2, 2}, {3, 3}}, 4, {1, 2, 3}, 3},
    {"two cores of two threads, neighbours", {{0, 0}, {1, 0}, {2, 2}, {3, 2}}, 4, {2}, 1},
    {"four cores of two threads, far siblings",
     {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 0}, {5, 1}, {6, 2}, {7, 3}},
     8,
     {1, 2, 3},
     3},
    {"one core of four threads: no other core, so the last",
     {{0, 0}, {1, 0}, {2, 0}, {3, 0}},
     4,
     {3},
     1},
    {"a container's odd share", {{3, 3}, {5, 5}, {9, 9}}, 3, {5, 9}, 2},
};

ParameterizedTestParameters(live_plan, cpus)
{
    return cr_make_param_array(struct topology, topologies, COUNT_OF(topologies));
}

ParameterizedTest(struct topology *topology, live_plan, cpus)
{
    int chosen[LIVE_WORKERS_MAX];
    size_t count = live_plan_cpus(topology->cpus, topology->count, chosen);
    cr_assert_eq(count, topology->chosen_count, "%s: %zu CPUs", topology->name, count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(chosen[i], topology->chosen[i], "%s: CPU %d", topology->name, chosen[i]);
}

Test(live_plan, never_more_workers_than_there_is_room_for)
{
    struct live_cpu cpus[128];
    int chosen[LIVE_WORKERS_MAX];
    for (int i = 0; i < 128; i++)
        cpus[i] = (struct live_cpu){i, i};
    cr_assert_eq(live_plan_cpus(cpus, 128, chosen), LIVE_WORKERS_MAX);
}

struct looks {
    size_t most;
    size_t looks[LIVE_LOOKS_MAX];
    size_t count;
};

static struct looks plans[] = {
    {40, {14, 20, 28, 40}, 4},
    {20, {7, 10, 14, 20}, 4},
    {3, {1, 2, 3}, 3},
    {2, {1, 2}, 2},
    {1, {1}, 1},
    {200, {70, 100, 140, 200}, 4},
};

ParameterizedTestParameters(live_plan, looks)
{
    return cr_make_param_array(struct looks, plans, COUNT_OF(plans));
}

ParameterizedTest(struct looks *plan, live_plan, looks)
{
    size_t looks[LIVE_LOOKS_MAX];
    size_t count = live_plan_looks(plan->most, looks);
    cr_assert_eq(count, plan->count, "%zu looks for %zu", count, plan->most);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(looks[i], plan->looks[i], "look %zu of %zu at %zu", i, plan->most, looks[i]);
}
