/* What /proc and /sys say about a machine, parsed. Pure functions over their text. */
#ifndef TOLLGATE_RIG_MACHINE_TEXT_H
#define TOLLGATE_RIG_MACHINE_TEXT_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

/* A piece of somebody else's text; `start` is NULL when there is none. */
struct text_span {
    const char *start;
    size_t size;
};

/* The value of the first line "name<blanks>: value" of /proc/cpuinfo. */
struct text_span machine_text_cpuinfo(const char *text, const char *name);

/* The first line without its end and the blanks around it: a governor, a 0 or 1. Nothing for a text
 * that is empty. */
struct text_span machine_text_first_line(const char *text);

/* Whether a list of words parted by blanks, such as the CPU's flags, holds the word. */
bool machine_text_has_word(struct text_span words, const char *word);

/* How many CPUs a list such as "0-1,4" names; 0 for what is no such list. */
size_t machine_text_count_cpus(const char *text);

/* Where a process stands in a hierarchy of control groups, from /proc/PID/cgroup: that of version 2
 * for a NULL `controller`, else the one of version 1 with this controller. */
struct text_span machine_text_cgroup(const char *text, const char *controller);

/* CPUs' worth of time that a group may use, from version 2's cpu.max ("150000 100000") or from
 * version 1's two files. Infinity where there is no limit, NAN for text that is neither. */
double machine_text_quota(const char *cpu_max);
double machine_text_quota_v1(const char *quota_us, const char *period_us);

#endif
