#include "rig/live_plan.h"

size_t live_plan_looks(size_t most, size_t looks[LIVE_LOOKS_MAX])
{
    static const double shares[LIVE_LOOKS_MAX] = {0.35, 0.5, 0.7, 1.0};
    size_t count = 0;
    for (size_t i = 0; i < LIVE_LOOKS_MAX; i++) {
        size_t look = (size_t)((double)most * shares[i] + 0.5);
        if (look > 0 && (count == 0 || look > looks[count - 1]))
            looks[count++] = look;
    }
    return count;
}

static bool has_core(const struct live_cpu *cpus, size_t before, int core)
{
    for (size_t i = 0; i < before; i++)
        if (cpus[i].core == core)
            return true;
    return false;
}

size_t live_plan_cpus(const struct live_cpu *cpus, size_t count, int chosen[LIVE_WORKERS_MAX])
{
    size_t used = 0;
    if (count == 0)
        return 0;
    for (size_t i = 0; count > 2 && i < count && used < LIVE_WORKERS_MAX; i++)
        if (cpus[i].core != cpus[0].core && !has_core(cpus, i, cpus[i].core))
            chosen[used++] = cpus[i].cpu;
    if (used == 0)
        chosen[used++] = cpus[count - 1].cpu;
    return used;
}
