/* Compiler attributes and small helpers that every folder uses. */
#ifndef TOLLGATE_BASE_MACROS_H
#define TOLLGATE_BASE_MACROS_H

/* What can fail is never ignored by accident. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* A printf-like function: `nth` (the format) and `first` count arguments from 1. */
#define PRINTF_LIKE(nth, first) __attribute__((format(printf, nth, first)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A broken invariant: says where and aborts. Never for bad input. */
#define BUG(...) bug_abort(__FILE__, __LINE__, __VA_ARGS__)

void bug_abort(const char *file, int line, const char *format, ...) __attribute__((noreturn))
PRINTF_LIKE(3, 4);

#endif
