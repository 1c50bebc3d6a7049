/* When a request to GitHub may be made again: what an answer says of it, and how long to wait.
 * Pure. */
#ifndef TOLLGATE_RIG_GITHUB_WAIT_H
#define TOLLGATE_RIG_GITHUB_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The headers that count, in seconds; -1 = not given. */
struct github_limits {
    int64_t retry_after;
    int64_t remaining; /* requests left */
    int64_t reset;     /* when there are more: seconds since 1970 */
    int64_t date;      /* of the answer, by the server's clock */
};

void github_limits_init(struct github_limits *limits);

/* Takes one line of an answer's head, "Retry-After: 7\r\n". Other headers, and numbers that are
 * none, are left alone. */
void github_limits_read(struct github_limits *limits, const char *line, size_t size);

enum github_again {
    GITHUB_FINAL,   /* the answer stands */
    GITHUB_LIMITED, /* refused for now, and nothing was done */
    GITHUB_FAILED,  /* the server or the way to it failed: what was asked for may have been done */
};

/* `status` 0: no answer came. `message` is GitHub's own, or "". */
enum github_again github_again(long status, const struct github_limits *limits,
                               const char *message);

/* How long before try `attempt` + 1 (counted from 0): never less than was stated; `jitter`, from 0
 * to 1, spreads those who wait for the same moment. `now` in seconds since 1970, where the answer
 * has no date. */
int64_t github_wait_ms(enum github_again again, const struct github_limits *limits, int attempt,
                       double jitter, int64_t now);

#endif
