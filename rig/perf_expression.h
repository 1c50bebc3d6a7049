/* The small part of DWARF's expressions that call frame information uses. */
#ifndef TOLLGATE_RIG_PERF_EXPRESSION_H
#define TOLLGATE_RIG_PERF_EXPRESSION_H

#include "rig/perf_cfi.h"

#include <elfutils/libdw.h>

/* Runs the operations. `frame_address` may be NULL: then an expression that asks for it fails.
 * *in_memory: the result is where the value lies, else it is the value. False when memory or a
 * register is not there, or on an operation that is not known. */
bool expression_evaluate(const Dwarf_Op *operations, size_t count,
                         const struct cfi_registers *registers, const uint64_t *frame_address,
                         const struct cfi_memory *memory, uint64_t *result, bool *in_memory);

#endif
