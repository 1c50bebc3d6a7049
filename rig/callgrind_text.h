/* What callgrind writes: the reply to "status internal", the head and totals of a dump, its log. */
#ifndef TOLLGATE_RIG_CALLGRIND_TEXT_H
#define TOLLGATE_RIG_CALLGRIND_TEXT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct callgrind_cost {
    uint64_t instructions;
    uint64_t syscalls;
};

/* Sums the threads' "events-N:" lines by the order that the "events:" line gives. A reply without
 * one whole thread is ERROR_MEASUREMENT. `name` says in errors whose it is. */
MUST_CHECK bool callgrind_text_status(const char *name, const char *text, size_t size,
                                      struct callgrind_cost *cost, struct error *err);

/* Sums the "totals:" of every part in a dump, by its "events:" line. Costs per line are passed
 * over. A dump that was cut off is ERROR_INPUT with file and line. */
MUST_CHECK bool callgrind_text_dump(const char *name, const char *text, size_t size,
                                    struct callgrind_cost *cost, struct error *err);

/* The "Parent PID:" of a log's head, or 0. */
pid_t callgrind_text_parent(const char *text, size_t size);

#endif
