/* Plays the exchanges of a selection at a gateway that is being sampled, and keeps when each
 * request was in flight, so that samples join to requests by time. */
#ifndef TOLLGATE_RIG_STACKS_PLAY_H
#define TOLLGATE_RIG_STACKS_PLAY_H

#include "rig/lane.h"

/* One exchange that is played. */
struct stacks_item {
    size_t item;     /* index into the selection */
    size_t endpoint; /* index into its endpoints */
    double share;    /* of its endpoint */
    int64_t played;
};

struct stacks_endpoint {
    size_t first, count; /* of its exchanges in the items */
    int64_t requests;
    int64_t cpu_ns; /* that the gateway's tree spent on them */
};

/* A request was in flight, monotonic. */
struct stacks_span {
    int64_t start_ns, end_ns;
    size_t item; /* index into the items */
};

struct stacks_play {
    struct arena arena;
    struct stacks_item *items;
    size_t item_count;
    struct stacks_endpoint *endpoints;
    size_t endpoint_count;
    struct stacks_span *spans; /* in order of time */
    size_t span_count, span_capacity;
    int64_t requests;
    int64_t cpu_ns;    /* of the gateway's tree, in all of them */
    double user_share; /* of it, as the kernel's ticks tell; NAN = not known */
};

/* At most `settings->exchanges` of an endpoint. Zeroed, a play can be released. */
MUST_CHECK bool stacks_play_plan(struct stacks_play *play, const struct selection *selection,
                                 const struct pass_settings *settings, struct error *err);
void stacks_play_release(struct stacks_play *play);

struct stacks_goal {
    int64_t requests;                     /* of each endpoint */
    int64_t cpu_ns;                       /* of each endpoint: enough for so many samples */
    int64_t deadline_ns;                  /* monotonic; there may be less of both */
    size_t progress_done, progress_total; /* in percent of a play: those before, and all */
};

/* Plays the endpoint that has cost the gateway least so far, a handful of requests at a time, until
 * all have reached the goal or time is up. */
MUST_CHECK bool stacks_play_run(struct stacks_play *play, struct lane *lane, struct bench *bench,
                                const struct stacks_goal *goal, struct error *err);

#endif
