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

struct callgrind_place {
    uint32_t object;   /* ob= */
    uint32_t file;     /* fl=, fi=, fe=: of the line, also where it was inlined from */
    uint32_t function; /* fn=: the symbol that the code lies in */
    uint64_t address;  /* of the instruction; 0 where the dump has none */
    uint32_t line;     /* 0 = unknown */
};

struct callgrind_line_cost {
    struct callgrind_place place;
    uint64_t instructions; /* Ir: of one instruction, how often it was executed */
};

struct callgrind_call_cost {
    struct callgrind_place from;
    uint32_t to_object, to_file, to_function;
    uint64_t calls;
    uint64_t instructions; /* inclusive */
};

MUST_CHECK bool callgrind_profile_new(struct callgrind_profile **profile, struct error *err);
void callgrind_profile_free(struct callgrind_profile *profile);

/* Forgets the costs and keeps the strings: the next dump's places come out under the same numbers. */
void callgrind_profile_clear(struct callgrind_profile *profile);

/* Adds one file. A dump of another version, without Ir among its events, or not of callgrind:
 * ERROR_INPUT that says so with file and line. One that was cut off: what was read so far is kept,
 * *truncated becomes true (may be NULL: then it is ERROR_INPUT). */
MUST_CHECK bool callgrind_profile_read(struct callgrind_profile *profile, const char *path,
                                       bool *truncated, struct error *err);
MUST_CHECK bool callgrind_profile_parse(struct callgrind_profile *profile, const char *name,
                                        const char *text, size_t size, bool *truncated,
                                        struct error *err);

const char *callgrind_profile_string(const struct callgrind_profile *profile, uint32_t index);
size_t callgrind_profile_string_count(const struct callgrind_profile *profile);

/* In no order; borrowed until the next call that reads or clears. */
const struct callgrind_line_cost *callgrind_profile_lines(const struct callgrind_profile *profile,
                                                          size_t *count);
const struct callgrind_call_cost *callgrind_profile_calls(const struct callgrind_profile *profile,
                                                          size_t *count);

/* The sum of the dumps' own "totals:" (or "summary:") lines, to hold the sum of lines against. */
uint64_t callgrind_profile_total(const struct callgrind_profile *profile);

#endif
