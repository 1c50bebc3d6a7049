/* Reads what callgrind dumps: the profile data format of version 1, which valgrind's manual
 * describes ("Callgrind Format Specification"). Costs are added up by place over any number of
 * dumps and parts; calls are kept by the place that calls and the function called.
 *
 * A dump is read as a stream: memory goes with the number of distinct places, never with the size
 * of the file. Content is hostile. */
#ifndef TOLLGATE_RIG_CALLGRIND_DUMP_H
#define TOLLGATE_RIG_CALLGRIND_DUMP_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct callgrind_profile; /* accumulates */

/* Indices into the strings of the profile; CALLGRIND_NO_STRING = unknown ("???" in the dump). */
#define CALLGRIND_NO_STRING UINT32_MAX

/* What places have in common. One of the same content has one number for as long as the profile
 * lives. */
struct callgrind_context {
    uint32_t object;        /* ob= */
    uint32_t file;          /* fl=, fi=, fe=: of the line, also where it was inlined from */
    uint32_t function;      /* fn=: the symbol that the code lies in */
    uint32_t function_file; /* of the function: tells two static ones of one name apart */
};

/* No two of the same context, line and address. */
struct callgrind_line_cost {
    uint64_t address; /* of the instruction, as the object's file has it; 0 = the dump has none */
    uint64_t instructions; /* Ir: of one instruction, how often it was executed */
    uint32_t context;
    uint32_t line; /* 0 = unknown */
};

struct callgrind_call_cost {
    uint64_t address;      /* that it was made from, likewise with context and line */
    uint64_t calls;        /* 0: one that had begun before and was still under way */
    uint64_t instructions; /* inclusive */
    uint64_t to_address;   /* where the function was entered first that is known; 0 = unknown */
    uint32_t context;
    uint32_t line;
    uint32_t to; /* a context: the function, `file` and `function_file` are both its own */
};

MUST_CHECK bool callgrind_profile_new(struct callgrind_profile **profile, struct error *err);
void callgrind_profile_free(struct callgrind_profile *profile);

/* Forgets the costs and keeps strings and contexts: the next dump's come under the same numbers. */
void callgrind_profile_clear(struct callgrind_profile *profile);

/* Adds one file. A dump of another version, without Ir among its events, or no dump at all:
 * ERROR_INPUT that says so with file and line. One that was cut off: what was read so far is kept,
 * *truncated becomes true (may be NULL: then it is ERROR_INPUT). After an error the costs are those
 * read before it. */
MUST_CHECK bool callgrind_profile_read(struct callgrind_profile *profile, const char *path,
                                       bool *truncated, struct error *err);
MUST_CHECK bool callgrind_profile_parse(struct callgrind_profile *profile, const char *name,
                                        const char *text, size_t size, bool *truncated,
                                        struct error *err);

/* NULL for CALLGRIND_NO_STRING. */
const char *callgrind_profile_string(const struct callgrind_profile *profile, uint32_t index);
size_t callgrind_profile_string_count(const struct callgrind_profile *profile);

/* Borrowed until the next call that reads or clears. */
const struct callgrind_context *callgrind_profile_contexts(const struct callgrind_profile *profile,
                                                           size_t *count);

/* In no order, none without cost; borrowed likewise. */
const struct callgrind_line_cost *callgrind_profile_lines(const struct callgrind_profile *profile,
                                                          size_t *count);
const struct callgrind_call_cost *callgrind_profile_calls(const struct callgrind_profile *profile,
                                                          size_t *count);

/* The sum over the lines. */
uint64_t callgrind_profile_sum(const struct callgrind_profile *profile);

/* The sum of the parts' own "totals:" lines (else "summary:"), to hold the sum over lines against.
 * Parts with neither count with their lines. */
uint64_t callgrind_profile_total(const struct callgrind_profile *profile);

#endif
