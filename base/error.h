/* What went wrong, where, and what to do next. The first error wins: a later one set on the same
 * struct is dropped, so the cause is reported and not its consequences. */
#ifndef TOLLGATE_BASE_ERROR_H
#define TOLLGATE_BASE_ERROR_H

#include "base/macros.h"

#include <stdbool.h>

enum error_code {
    ERROR_NONE = 0,
    ERROR_USAGE,       /* the command line or the config is wrong */
    ERROR_INPUT,       /* a file's content is wrong: `where` has file:line or file:field */
    ERROR_IO,          /* the operating system refused: disk full, read-only, not found */
    ERROR_MEMORY,      /* an allocation failed, or a buffer would pass its stated maximum */
    ERROR_ENVIRONMENT, /* the gateway did not build or start, a tool is missing */
    ERROR_MEASUREMENT, /* what was measured cannot be trusted */
    ERROR_INTERRUPTED, /* the user asked to stop */
};

/* Fixed size, so that reporting an error never allocates. Strings are UTF-8 and cut on overflow. */
struct error {
    enum error_code code;
    char where[512]; /* "corpus.jsonl:17: response.status", or empty */
    char text[6144]; /* what happened, to what, what to do next; may hold several lines */
};

/* Both return false always, so that a caller can write `return error_set(...)`. A NULL `err` is
 * allowed and records nothing. `where` may be NULL. */
bool error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);
bool error_set_at(struct error *err, enum error_code code, const char *where, const char *format,
                  ...) PRINTF_LIKE(4, 5);

/* Sets ERROR_IO with the text of `errno` appended: "cannot write x.json: No space left". */
bool error_set_errno(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Sets ERROR_MEMORY. */
bool error_set_memory(struct error *err);

/* Forgets the error, so that the struct can be used again. */
void error_clear(struct error *err);

#endif
