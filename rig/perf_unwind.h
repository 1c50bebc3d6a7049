/* From a sample to its stack: by the call frame information of the files that were executed, read
 * over the sample's copy of the stack; by frame pointers where there is none (code compiled at run
 * time); and by the kernel's own chain of frame pointers from where the copy ends. */
#ifndef TOLLGATE_RIG_PERF_UNWIND_H
#define TOLLGATE_RIG_PERF_UNWIND_H

#include "rig/perf_images.h"

enum { PERF_STACK_MAX = 128 }; /* frames; deeper stacks keep the innermost */

struct perf_stack {
    uint64_t addresses[PERF_STACK_MAX]; /* innermost first; of callers, within the call */
    size_t count;
    size_t kernel_count; /* of them, the first, lie in the kernel */
    bool whole;          /* the outermost frame is there */
};

struct perf_unwinder; /* keeps the files that it has read */

MUST_CHECK bool perf_unwinder_new(struct perf_unwinder **unwinder, struct error *err);
void perf_unwinder_free(struct perf_unwinder *unwinder);

/* `image` is what the sample's process had mapped; NULL = not known. Never fails: what cannot be
 * followed ends the stack. */
void perf_unwind(struct perf_unwinder *unwinder, const struct perf_image *image,
                 const struct perf_sample *sample, struct perf_stack *stack);

#endif
