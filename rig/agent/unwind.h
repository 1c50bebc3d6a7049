/* The stack of the calling thread, from malloc's caller to the thread's start.
 *
 * Each thread keeps the stack that it walked last. What a walk reads decides where it goes; so
 * where the words that the last walk read are still the same, and this walk comes by a frame of the
 * last one, all frames from there outwards are the same too. Most walks are a few steps and a
 * comparison. */
#ifndef TOLLGATE_RIG_AGENT_UNWIND_H
#define TOLLGATE_RIG_AGENT_UNWIND_H

#include "rig/agent/next.h"

enum { UNWIND_DEPTH_MAX = 128 };

/* A function that has called another, as it was during the call. */
struct unwind_frame {
    uintptr_t address;       /* it will go on here; as the stack has it */
    uintptr_t stack;         /* its stack pointer, above the return address */
    uintptr_t frame;         /* its frame pointer */
    uintptr_t stack_read_at; /* where on the stack the two were saved; 0: not, but computed, or */
    uintptr_t frame_read_at; /* kept in its register */
    bool frame_matters;      /* the way outwards depends on `frame` */
    bool frame_kept;         /* and so does the way from its caller on */
    uint32_t node;           /* for the caller of unwind_walk */
    uint32_t check;          /* the first of its checks */
};

/* A word of the stack that a walk has read. */
struct unwind_check {
    uintptr_t at;
    uintptr_t word;
};

/* All zero but the bounds to begin with. */
struct unwind_stack {
    uintptr_t low, high; /* the thread's stack */
    bool whole;          /* the last walk came to the thread's start, so that it can be built on */
    uint32_t count;
    uint32_t fresh_count;
    uint64_t fresh_hash;                          /* of the fresh frames' addresses */
    struct unwind_frame frames[UNWIND_DEPTH_MAX]; /* of the last walk: outermost first */
    struct unwind_frame fresh[UNWIND_DEPTH_MAX];  /* of this walk: innermost first */
    /* What led to each of `frames` from the one further in, in the same order. */
    struct unwind_check checks[3 * UNWIND_DEPTH_MAX];
    uint32_t check_count;
};

/* Walks from the function with the frame pointer `own` (__builtin_frame_address(0)) on; frames of
 * the agent's code are left out. The last walk's frames that are still right are the first `count`
 * of `frames`; the others are in `fresh`, for the caller to move over with unwind_keep.
 *
 * False when the outermost frame was not reached: deeper than UNWIND_DEPTH_MAX, or a caller is not
 * to be found. On another stack than the thread's own (of a coroutine, of a signal handler) that
 * is so after the first frame. */
AGENT_LOCAL bool unwind_walk(struct unwind_stack *stack, const uintptr_t *own);

/* Code addresses may carry a signature in their high bits. */
static inline uintptr_t unwind_plain_address(uintptr_t address)
{
#if defined(__aarch64__)
    return address & ((UINT64_C(1) << 48) - 1);
#else
    return address;
#endif
}

/* Moves the fresh frames over. */
AGENT_LOCAL void unwind_keep(struct unwind_stack *stack);

#endif
