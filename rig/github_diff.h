/* Which lines of the head a pull request's diff shows, as GitHub's list of changed files has
 * them. */
#ifndef TOLLGATE_RIG_GITHUB_DIFF_H
#define TOLLGATE_RIG_GITHUB_DIFF_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

enum { GITHUB_DIFF_FILES_MAX = 10000, GITHUB_DIFF_RANGES_MAX = 100000 };

/* Lines first to last, shown in the diff: changed, or beside what changed. */
struct github_range {
    uint32_t first, last;
};

struct github_diff_file {
    const char *path;                  /* in the head */
    const struct github_range *ranges; /* rising */
    size_t range_count;
    bool shown; /* else the diff is too large, or of no text: its lines are not known */
};

struct github_diff {
    struct arena *arena;
    struct github_diff_file *files;
    size_t count, capacity;
    bool known; /* else nobody asked, or it could not be had: every line counts as shown */
};

/* Takes one element of GitHub's list of a pull request's files. Files that are gone are left
 * out. */
MUST_CHECK bool github_diff_add(struct github_diff *diff, const json_t *file, struct error *err);

/* The ranges of a file's "patch": the heads of hunks. What is none of one is ERROR_INPUT. */
MUST_CHECK bool github_diff_parse_patch(const char *patch, struct arena *arena,
                                        const struct github_range **ranges, size_t *count,
                                        struct error *err);

bool github_diff_shows(const struct github_diff *diff, const char *path, uint32_t line);

#endif
