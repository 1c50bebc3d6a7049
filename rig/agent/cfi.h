/* How to get from a function to its caller, by the unwinding tables that compilers leave in a
 * loaded object (.eh_frame, found through .eh_frame_hdr). */
#ifndef TOLLGATE_RIG_AGENT_CFI_H
#define TOLLGATE_RIG_AGENT_CFI_H

#include <stdbool.h>
#include <stdint.h>

/* Where the canonical frame address (CFA) is: the stack pointer as it was before the call, above
 * the return address. */
enum cfi_base {
    CFI_NONE,  /* no rule */
    CFI_STACK, /* stack pointer + cfa_offset */
    CFI_FRAME, /* frame pointer + cfa_offset */
    CFI_SAVED, /* the word at frame pointer + cfa_offset, in functions that align the stack */
    CFI_END,   /* there is no caller */
};

/* Where the caller's frame pointer is. */
enum cfi_frame {
    CFI_KEPT,     /* still in its register */
    CFI_AT_CFA,   /* saved at CFA + frame_words */
    CFI_AT_FRAME, /* saved at frame pointer + frame_words */
    CFI_LOST,
};

/* The return address lies right below the CFA. */
struct cfi_rule {
    int32_t cfa_offset; /* bytes */
    int16_t frame_words;
    uint8_t base;  /* enum cfi_base */
    uint8_t frame; /* enum cfi_frame */
};

/* What functions do that keep a frame pointer. */
#define CFI_FRAME_POINTER_RULE                                                                     \
    ((struct cfi_rule){.cfa_offset = 16, .frame_words = -2, .base = CFI_FRAME, .frame = CFI_AT_CFA})

/* Of a loaded object: its table (PT_GNU_EH_FRAME), and the readable memory that it lies in. */
struct cfi_object {
    const unsigned char *table;
    const unsigned char *start, *end;
};

/* The rule at a return address. False when the tables have none, or one that is beyond struct
 * cfi_rule (another register, an expression, a signal handler's frame). Tables may be broken: no
 * byte outside of the object's memory is read. x86-64 only. */
__attribute__((visibility("hidden"))) bool
cfi_find_rule(const struct cfi_object *object, uintptr_t return_address, struct cfi_rule *rule);

#endif
