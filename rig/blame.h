/* When lines were last changed, as git blame tells: one process a file, however many ranges. */
#ifndef TOLLGATE_RIG_BLAME_H
#define TOLLGATE_RIG_BLAME_H

#include "base/interrupt.h"
#include "insights/dead.h"

struct blame_range {
    uint32_t first, last; /* asked for, from 1 */
    struct dead_age age;  /* of the newest change among them; not known where git has none */
};

struct blame_question {
    const char *root;   /* of the work tree */
    const char *path;   /* from it, with '/' */
    const char *commit; /* in which the file is looked at; NULL = as the work tree has it */
    bool shallow;       /* the history is cut off: what is of its first commit may be older */
    const struct interrupt *interrupt; /* NULL = none */
};

/* Fills in the ages. Where git cannot tell (not a repository, not tracked, not installed) they stay
 * not known, which is no error; *told says whether it told anything (may be NULL). */
MUST_CHECK bool blame_lines(const struct blame_question *question, struct blame_range *ranges,
                            size_t count, bool *told, struct error *err);

/* The same from the output of `git blame --line-porcelain`, which is hostile: what does not look
 * like it ends the reading. */
void blame_parse(const char *text, size_t size, bool shallow, struct blame_range *ranges,
                 size_t count);

/* Whether the history of the repository is cut off. */
MUST_CHECK bool blame_is_shallow(const char *root, const struct interrupt *interrupt, bool *shallow,
                                 struct error *err);

#endif
