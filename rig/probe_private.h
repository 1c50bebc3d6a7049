/* The probes that the table in probe.c is made of, and what they share. */
#ifndef TOLLGATE_RIG_PROBE_PRIVATE_H
#define TOLLGATE_RIG_PROBE_PRIVATE_H

#include "rig/probe.h"

typedef void probe_find(const struct probe_context *context, struct finding *out);

/* probe_machine.c: the processor and the system */
probe_find probe_find_cpu, probe_find_virtualization, probe_find_cpus, probe_find_sibling,
    probe_find_governor, probe_find_boost, probe_find_kernel, probe_find_libc;

/* probe_rights.c: what the system lets us do */
probe_find probe_find_clocks, probe_find_pinning, probe_find_quota, probe_find_paranoid,
    probe_find_counters, probe_find_memory_reading, probe_find_fixed_addresses;

/* probe_stacks.c */
probe_find probe_find_stacks;

/* probe_tools.c: programs and folders */
probe_find probe_find_valgrind, probe_find_vgdb, probe_find_agent, probe_find_git,
    probe_find_compiler, probe_find_work_folder, probe_find_disk;

/* Sets verdict and detail. */
void probe_say(const struct probe_context *context, struct finding *out, enum probe_verdict verdict,
               const char *format, ...) PRINTF_LIKE(4, 5);

/* The whole of a small file, in the arena, or NULL. */
const char *probe_read_file(const struct probe_context *context, const char *format, ...)
    PRINTF_LIKE(2, 3);

#endif
