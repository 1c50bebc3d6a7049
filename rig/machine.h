/* What this machine is and what it is doing. */
#ifndef TOLLGATE_RIG_MACHINE_H
#define TOLLGATE_RIG_MACHINE_H

#include "base/arena.h"
#include "baselines/run.h"

#include <stdint.h>

/* Strings live in `arena`; what cannot be found out stays NULL. */
void machine_fingerprint(struct fingerprint *fingerprint, struct arena *arena);

/* Time that the hypervisor took from a CPU since boot; 0 where the kernel does not tell. */
int64_t machine_stolen_ns(int cpu);

/* The kernel's accounting tick. */
int64_t machine_tick_ns(void);

/* The CPU to measure on: the last of those that we may use, since the first takes most interrupts.
 * -1 when it cannot be found out. */
int machine_choose_cpu(void);

/* Pins the calling thread, and threads that it starts later; -1 undoes nothing. False when refused. */
bool machine_pin(int cpu);

#endif
