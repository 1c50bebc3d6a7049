/* Turns callgrind's places into nodes of a profile: by the debug information of the files, and
 * where there is none by the names that callgrind has.
 *
 * An own source line is a node of its own, with the function it belongs to also where that was
 * inlined into another. What is not the gateway's own source has one node a function, with line 0,
 * so that a run stays small. */
#ifndef TOLLGATE_RIG_LINES_PLACES_H
#define TOLLGATE_RIG_LINES_PLACES_H

#include "baselines/profile_builder.h"
#include "rig/callgrind_dump.h"
#include "rig/symbols.h"

struct lines_places;

/* A place that something was inlined at: a call that the compiler put in place. */
struct lines_outer {
    uint32_t node, frame; /* of the place */
    uint32_t function;    /* that was inlined: a frame, its line 0 */
    bool own;             /* the place is a line of the gateway's own */
    bool repeated;        /* the node is further in or out, too */
    uint64_t copy;        /* of the line, see below */
    uint64_t inlined;     /* tells the functions apart that were inlined there */
};

/* A statement that begins at an instruction, which need not be of its line. */
struct lines_statement {
    const char *file;
    uint32_t line;
    const char *function; /* as far as can be told */
    const char *object;
};

struct lines_place {
    uint32_t node;  /* PROFILE_NONE: out of memory, which the builder reports */
    uint32_t frame; /* of the node */
    bool own;       /* a line of the gateway's own; else a function */
    bool statement; /* see struct symbols_place; true where that is not known */
    uint64_t copy; /* tells the copies of one line apart: by the symbol that it lies in, and what it
                      was inlined through */
    const struct lines_outer *outer; /* where it was inlined, from the outermost in */
    size_t outer_count;
    const struct lines_statement *statements; /* of the gateway's own that begin here */
    size_t statement_count;
};

/* All but the result are borrowed until lines_places_free. `map` may be NULL: it names what
 * callgrind knows no file of. */
MUST_CHECK bool lines_places_new(struct lines_places **places, struct profile_builder *builder,
                                 const struct callgrind_profile *profile, struct symbols *symbols,
                                 const struct symbols_map *map, struct error *err);
void lines_places_free(struct lines_places *places);

/* Where an instruction lies. NULL when out of memory. */
const struct lines_place *lines_places_find(struct lines_places *places, uint32_t context,
                                            uint64_t address, uint32_t line);

/* The node of the statement's line: the one that a place was found to have, else a new one. */
uint32_t lines_places_statement(struct lines_places *places,
                                const struct lines_statement *statement);

/* A function that is called. */
struct lines_callee {
    uint32_t frame; /* its line 0 */
    uint32_t node;  /* of that frame; PROFILE_NONE where the function's lines are nodes */
};

/* NULL when out of memory. */
const struct lines_callee *lines_places_callee(struct lines_places *places,
                                               const struct callgrind_call_cost *call);

/* Whose places these are. */
const struct callgrind_profile *lines_places_profile(const struct lines_places *places);

/* A file that code of was executed. */
struct lines_object {
    struct symbols_object *object;
    const char *path; /* as callgrind has it */
};

/* In order of appearance; borrowed until the next call that finds something. */
const struct lines_object *lines_places_objects(const struct lines_places *places, size_t *count);

#endif
