/* Plays exchanges at a gateway under callgrind, and takes what each part of the play cost. */
#ifndef TOLLGATE_RIG_LINES_PLAY_H
#define TOLLGATE_RIG_LINES_PLAY_H

#include "rig/bench.h"
#include "rig/callgrind.h"
#include "rig/lane.h"
#include "rig/lines_part.h"
#include "rig/lines_plan.h"

enum { LINES_WAKES_MAX = 8 };

struct lines_play {
    struct bench *bench;
    struct lane *lane;
    struct callgrind *callgrind;
    const char *folder;                /* of the dumps */
    struct callgrind_profile *profile; /* cleared for each part; all parts share its contexts */
    int rounds;
    int slowness;
    uint64_t counted; /* instructions at the latest dump */
    /* Gets what requests of the group executed that were not measured, borrowed. */
    bool (*discard)(void *owner, const struct lines_group *group, const struct lines_part *part,
                    struct error *err);
    void *owner;
    struct lines_part wakes[LINES_WAKES_MAX]; /* what a dump makes the gateway do, and no more */
    size_t wake_count;
    int64_t requests; /* measured, of all tries */
    pid_t truncated;  /* a process whose dump was cut off; 0 = none */
    bool multiplies;  /* the gateway starts processes while it answers */
    bool forked;      /* it had several before it did */
    bool restless;    /* a part held more or less than its requests, each time it was played */
    size_t blind;     /* processes that callgrind does not see */
};

/* What a group's part holds: `requests` of them, without what the dump itself caused. */
struct lines_played {
    struct lines_part part;
    int64_t requests;
};

/* Has the gateway dump, and takes it: what was executed since the dump before. The gateway has
 * settled again. */
MUST_CHECK bool lines_play_take(struct lines_play *play, struct lines_part *part,
                                struct error *err);

/* Finds out what a dump alone makes the gateway do. */
MUST_CHECK bool lines_play_measure_wake(struct lines_play *play, struct error *err);

/* Plays the group: its exchanges once unmeasured, then each of them `rounds` times. Where something
 * else came between (a timer), again; the best of up to three is taken. The part is the caller's to
 * release, also after a failure. */
MUST_CHECK bool lines_play_group(struct lines_play *play, struct lines_group *group,
                                 struct lines_played *played, struct error *err);

/* What was dumped and not taken: of processes that have ended. For after the gateway was
 * stopped. */
MUST_CHECK bool lines_play_take_rest(struct lines_play *play, struct lines_part *part,
                                     struct error *err);

void lines_play_release(struct lines_play *play);

#endif
