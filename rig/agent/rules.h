/* Unwind rules by return address. The first time that an address is seen, its rule is read from the
 * unwinding tables of the object that it lies in; from then on it is a look into a table. */
#ifndef TOLLGATE_RIG_AGENT_RULES_H
#define TOLLGATE_RIG_AGENT_RULES_H

#include "rig/agent/cfi.h"
#include "rig/agent/next.h"

#include <assert.h>
#include <stdatomic.h>

enum {
    RULES_BITS = 16,   /* of the table's size */
    RULES_PROBES = 16, /* an address that finds no place in so many steps is looked up each time */
};

/* Filled in once and never changed, the address first: where the rule is still missing, another
 * thread is about to store it. A library that is unloaded leaves its rules behind; another one in
 * its place may then be unwound wrongly, which is wrong, not dangerous. */
struct rules_entry {
    _Atomic uintptr_t address;
    _Atomic uint64_t rule;
};

/* NULL until rules_prepare. */
extern AGENT_LOCAL struct rules_entry *agent_rules;

/* Where the agent's own code lies: its frames are no part of a stack. */
struct rules_code {
    uintptr_t start;
    size_t size;
};

extern AGENT_LOCAL struct rules_code agent_code;

/* Before the first rule is asked for. False when there is no memory. */
AGENT_LOCAL bool rules_prepare(void);

/* Finds the rule of an address that is not in the table, and puts it there. */
AGENT_LOCAL struct cfi_rule rules_learn(uintptr_t address);

/* As quick as it can be: each step of a walk waits for it. Calls of one part of a program are
 * spread by their low bits alone. */
static inline size_t rules_place(uintptr_t address)
{
    return (address ^ address >> RULES_BITS) % ((size_t)1 << RULES_BITS);
}

/* A rule is stored at once, as a word. */
union rules_word {
    struct cfi_rule rule;
    uint64_t word;
};

static_assert(sizeof(struct cfi_rule) == sizeof(uint64_t), "a rule is a word");

static inline struct cfi_rule rules_of_word(uint64_t word)
{
    return (union rules_word){.word = word}.rule;
}

/* Never CFI_NONE: where the tables have no rule, that of functions with a frame pointer. */
static inline struct cfi_rule rules_find(uintptr_t address)
{
    struct cfi_rule rule = CFI_FRAME_POINTER_RULE;
#if defined(__x86_64__)
    const struct rules_entry *entry = &agent_rules[rules_place(address)];
    uint64_t word = atomic_load_explicit(&entry->rule, memory_order_acquire);
    if (UNLIKELY(atomic_load_explicit(&entry->address, memory_order_relaxed) != address ||
                 word == 0))
        return rules_learn(address);
    rule = rules_of_word(word);
#else
    (void)address; /* elsewhere functions keep a frame pointer by convention */
#endif
    return rule;
}

#endif
