/* What the parts of growth_explain share. Everything is allocated in an arena of the question's own
 * and goes with it. */
#ifndef TOLLGATE_INSIGHTS_GROWTH_PRIVATE_H
#define TOLLGATE_INSIGHTS_GROWTH_PRIVATE_H

#include "base/arena.h"
#include "insights/growth.h"

#include <stdint.h>

#define GROWTH_NONE UINT32_MAX

/* A source line of one side; where no line is known, a function of an object. */
struct growth_line {
    struct profile_frame place; /* the function is that which spent most on the line */
    uint32_t partner;           /* the same line on the other side; GROWTH_NONE */
    uint32_t hunk;              /* the change that touched it; GROWTH_NONE = none */
    double self, inclusive;
};

struct growth_function {
    struct profile_frame place; /* its line: where it begins; 0 = unknown */
    uint32_t partner;           /* the same function on the other side; GROWTH_NONE */
    bool changed;               /* has a touched line */
    double self, inclusive;     /* inclusive: NAN = unknown */
};

/* Where something was spent: a line in a function, reached from `parent`. */
struct growth_node {
    uint32_t parent; /* an earlier node; GROWTH_NONE = none, or no ways are known */
    uint32_t line, function;
    double cost;
};

struct growth_call {
    uint32_t from; /* a node */
    uint32_t to;   /* a function */
    double cost;   /* inclusive */
};

/* One endpoint's costs on one side. */
struct growth_side {
    const struct source_tree *sources;
    bool stacks; /* nodes have parents; else `calls` is what is known */
    double total;
    struct growth_node *nodes; /* parents before children */
    size_t node_count;
    struct growth_line *lines; /* in the order of growth_line_order */
    size_t line_count;
    struct growth_function *functions; /* in the order of growth_function_order */
    size_t function_count;
    struct growth_call *calls;
    size_t call_count;
};

/* ---- growth_side.c: the order of places, and finding them ---- */

/* By file and line, or by object and function where no line is known. */
int growth_line_order(const struct profile_frame *a, const struct profile_frame *b);

/* By name, and file; by object where no file is known. */
int growth_function_order(const struct profile_frame *a, const struct profile_frame *b);

/* Without what compilers append to the names of clones (".isra.0"). NULL before all names. */
int growth_name_order(const char *a, const char *b);

/* GROWTH_NONE when there is none. */
uint32_t growth_line_find(const struct growth_side *side, const struct profile_frame *place);
uint32_t growth_function_find(const struct growth_side *side, const struct profile_frame *place);

/* ---- growth_read.c: a side as its profile has it ---- */

struct growth_source {
    const struct profile *profile;
    const struct profile_endpoint *endpoint; /* NULL: the side has nothing */
    bool stacks;                             /* of the profile's kind: nodes have ways */
    size_t value;                            /* column */
    const struct source_tree *sources;
};

MUST_CHECK bool growth_side_read(struct growth_side *side, const struct growth_source *source,
                                 struct arena *arena, struct error *err);

/* ---- growth_inclusive.c: fills in `inclusive` of lines and functions ---- */

MUST_CHECK bool growth_add_inclusive(struct growth_side *side, struct arena *arena,
                                     struct error *err);

/* ---- growth_changes.c: where lines went ---- */

struct growth_change {
    const struct source_change *change;
    uint32_t first_hunk; /* number of its first hunk among all */
};

struct growth_changes {
    bool known;
    const struct growth_change *by_base, *by_head; /* by the path on that side */
    size_t base_count, head_count;
    const struct source_tree *sources[SIDE_COUNT]; /* to go by when nothing is known */
};

/* `count` changes of `list`; none are known when it is NULL. */
MUST_CHECK bool growth_changes_index(struct growth_changes *changes,
                                     const struct source_change *list, size_t count,
                                     struct arena *arena, struct error *err);

/* *head becomes the place in the head that the base's place became; its file alone where it has no
 * line. Returns the hunk that removed the line, or GROWTH_NONE. */
uint32_t growth_changes_follow(const struct growth_changes *changes,
                               const struct profile_frame *base, struct profile_frame *head);

/* Whether text of the base's file was changed. */
bool growth_changes_touch(const struct growth_changes *changes, const char *base_path);

/* Of a head's line: the hunk that added it, or GROWTH_NONE. */
uint32_t growth_changes_added(const struct growth_changes *changes,
                              const struct profile_frame *head);

/* ---- growth_lines.c: fills in `partner` and `hunk` of lines ---- */

/* Where a hunk has no line on the side `dear`, those next to it count as touched. */
void growth_match_lines(struct growth_side sides[SIDE_COUNT], const struct growth_changes *changes,
                        enum side dear);

/* ---- growth_functions.c: fills in `partner` and `changed` of functions ---- */

/* After the lines. */
MUST_CHECK bool growth_match_functions(struct growth_side sides[SIDE_COUNT],
                                       const struct growth_changes *changes, struct arena *arena,
                                       struct error *err);

/* ---- growth_charge.c: whom costs are charged to ---- */

/* What a line is charged with for what it spent itself (`callee` GROWTH_NONE) or had one function
 * spend. */
struct growth_charge {
    uint32_t line, callee;
    double cost;
};

struct growth_charges {
    struct growth_charge *list; /* to the deepest line in `marked` */
    size_t count;
    double *loose; /* by line: spent there with no line of `marked` or `taken` on the way */
};

/* `marked` and `taken` by line. What has a line of `taken` on the way is left out; NULL = none. */
MUST_CHECK bool growth_charge(struct growth_charges *charges, const struct growth_side *side,
                              const bool *marked, const bool *taken, struct arena *arena,
                              struct error *err);

/* ---- growth_hunks.c: what touched lines cost more than what they replaced ---- */

struct growth_hunks {
    double *extra; /* by line of the dear side: charged beyond what stood there before */
    double *left;  /* by line of the other: of touched lines, what was found nowhere again */
    double net;    /* of all hunks together */
    double dearer; /* of those hunks that cost more in all */
    double moved;  /* the same on both sides, but in another function */
};

MUST_CHECK bool growth_weigh_hunks(struct growth_hunks *hunks,
                                   const struct growth_side sides[SIDE_COUNT], enum side dear,
                                   const struct growth_charges charges[SIDE_COUNT],
                                   struct arena *arena, struct error *err);

/* ---- growth_rank.c: lines and functions of two matched sides, in the order of growth.h ---- */

/* The lists go into `arena`, all else into `scratch`. */
MUST_CHECK bool growth_rank_lines(struct growth *growth, const struct growth_side sides[SIDE_COUNT],
                                  bool improved, struct arena *scratch, struct arena *arena,
                                  struct error *err);
MUST_CHECK bool growth_rank_functions(struct growth *growth,
                                      const struct growth_side sides[SIDE_COUNT], bool improved,
                                      struct arena *scratch, struct arena *arena,
                                      struct error *err);

/* ---- growth_variants.c ---- */

MUST_CHECK bool growth_add_variants(struct growth *growth, const struct growth_question *question,
                                    struct arena *arena, struct error *err);

#endif
