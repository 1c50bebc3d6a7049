/* The tree of segments that inference builds, and what is done to it. */
#ifndef TOLLGATE_REPLAY_INFER_PRIVATE_H
#define TOLLGATE_REPLAY_INFER_PRIVATE_H

#include "base/arena.h"
#include "base/hash.h"
#include "replay/infer.h"
#include "replay/infer_shape.h"

struct infer_method {
    const char *name;
    struct infer_method *next;
};

/* "step-#", and whether a segment of this stem was an id by itself. */
struct infer_stem {
    UT_hash_handle hh;
    size_t distinct; /* literal children that have it */
    bool strong;
    char key[];
};

struct infer_node {
    UT_hash_handle hh; /* among the literal children of its parent, by text */
    struct segment text;
    struct infer_node *children; /* literal ones */
    struct infer_node *open;     /* the variable one; NULL = none */
    struct infer_stem *stems;    /* of the children */
    unsigned rules;              /* of a variable one */
    size_t requests;             /* that went through it */
    struct infer_method *ends;   /* methods of requests that end here */
    struct infer_method *deep;   /* methods of requests that go on too far */
};

struct infer {
    struct arena arena;
    struct infer_node *root;
};

/* Frees the tables of a node and of all below it; the nodes are the arena's. NULL is fine. */
void infer_clear_node(struct infer_node *node);

enum { INFER_DEPTH_MAX = 32 };

/* NULL when there is no memory. */
struct infer_node *infer_open_child(struct infer *infer, struct infer_node *node);

MUST_CHECK bool infer_add_method(struct infer *infer, struct infer_method **list, const char *name);

/* The stem of a child of the node, which is made when it is wanted; NULL when the segment has no
 * digits. False when there is no memory. */
MUST_CHECK bool infer_find_stem(struct infer *infer, struct infer_node *node,
                                struct segment segment, bool make, struct infer_stem **out);

/* Makes what varies at each place of the tree one variable segment. False when there is no
 * memory. */
MUST_CHECK bool infer_collapse(struct infer *infer, struct error *err);

#endif
