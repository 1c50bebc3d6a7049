/* How far a bench is: a live line on a foreground terminal, after a second and at most ten times a
 * second; elsewhere one plain line a pass. All on stderr. */
#ifndef TOLLGATE_RIG_PROGRESS_H
#define TOLLGATE_RIG_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_LIVE, PROGRESS_PLAIN, PROGRESS_NONE };

struct progress {
    enum progress_mode mode; /* never AUTO once begun */
    const char *what;        /* of the present step; borrowed */
    int64_t started_ns;
    int64_t shown_ns; /* when the line was last drawn; 0 = it is not on the screen */
};

void progress_init(struct progress *progress, enum progress_mode mode);

/* Begins a step: "building the base", "live pass". */
void progress_begin(struct progress *progress, const char *what);

/* done of total; cheap to call after each request. */
void progress_update(struct progress *progress, size_t done, size_t total);

/* Ends the step; `summary` (NULL = none) is the plain line's text: "20 replicates". */
void progress_end(struct progress *progress, const char *summary);

/* Takes the live line off the screen, so that a message can be printed. */
void progress_clear(struct progress *progress);

#endif
