/* What this machine is and what it is doing. */
#ifndef TOLLGATE_RIG_MACHINE_H
#define TOLLGATE_RIG_MACHINE_H

#include "base/arena.h"
#include "baselines/run.h"
#include "rig/live_plan.h"

#include <stdint.h>

/* Strings live in `arena`; what cannot be found out stays NULL. */
void machine_fingerprint(struct fingerprint *fingerprint, struct arena *arena);

/* Time that the hypervisor took from a CPU since boot; 0 where the kernel does not tell. */
int64_t machine_stolen_ns(int cpu);

/* The kernel's accounting tick. */
int64_t machine_tick_ns(void);

/* The CPUs that we may use, in rising order, with the core that each is a thread of. */
size_t machine_list_cpus(struct live_cpu *cpus, size_t most);

/* The CPUs to measure on, by live_plan_cpus; how many. */
size_t machine_choose_cpus(int chosen[LIVE_WORKERS_MAX]);

/* The one of them that does what is done on one CPU only; -1 when there is none. */
int machine_choose_cpu(void);

/* Pins the calling thread, and threads that it starts later; -1 undoes nothing. False when
 * refused. */
bool machine_pin(int cpu);

#endif
