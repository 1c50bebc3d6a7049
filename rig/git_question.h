/* Asking git: a question that changes nothing, starts no program of the repository's choosing, and
 * may well have no answer. */
#ifndef TOLLGATE_RIG_GIT_QUESTION_H
#define TOLLGATE_RIG_GIT_QUESTION_H

#include "base/buffer.h"
#include "base/interrupt.h"

enum { GIT_QUESTION_TIMEOUT_MS = 120000, GIT_QUESTION_WORDS_MAX = 600 };

struct git_question {
    const char *folder;
    const char *const *words;          /* NULL-terminated, at most GIT_QUESTION_WORDS_MAX of them */
    int stdin_fd;                      /* 0 or less: none */
    const struct interrupt *interrupt; /* NULL = none */
};

/* Appends what git says. *answered is false when it says no, says too much, or is not there. Only
 * an interrupt and memory are errors. */
MUST_CHECK bool git_question_ask(const struct git_question *question, struct buffer *out,
                                 bool *answered, struct error *err);

#endif
