/* Profiles made by hand for the tests of what grew. Places are written as text: "score_of
 * rank.c:71" is a line of the gateway's own, "strcmp /usr/lib/x.c:5" one of a library, "json_pack
 * @libjansson" a function of an object without lines, "score_of rank.c" a function as a whole. */
#ifndef TOLLGATE_TESTS_GROWTH_SAMPLE_H
#define TOLLGATE_TESTS_GROWTH_SAMPLE_H

#include "baselines/profile_builder.h"
#include "insights/growth.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROWTH_ENDPOINTS = 2, GROWTH_CHANGES_MAX = 8, GROWTH_HUNKS_MAX = 8 };

static const char *const growth_endpoints[GROWTH_ENDPOINTS] = {"GET /feed", "GET /pins"};

struct growth_sample {
    struct run run;
    struct profile_builder *builders[PROFILE_KIND_COUNT][SIDE_COUNT];
    struct source_change changes[GROWTH_CHANGES_MAX];
    struct source_hunk hunks[GROWTH_CHANGES_MAX][GROWTH_HUNKS_MAX];
    struct arena arena;
    struct growth growth;
    struct error err;
};

static inline void sample_begin(struct growth_sample *sample)
{
    *sample = (struct growth_sample){0};
    run_init(&sample->run);
    arena_init(&sample->arena);
    for (unsigned side = 0; side < SIDE_COUNT; side++)
        sample->run.sides[side].present = true;
    sample->run.source_changes_known = true;
    sample->run.source_changes = sample->changes;
}

static inline struct profile_builder *sample_builder(struct growth_sample *sample,
                                                     enum profile_kind kind, enum side side)
{
    struct profile_builder **builder = &sample->builders[kind][side];
    if (*builder == NULL)
        cr_assert(
            profile_builder_new(builder, kind, growth_endpoints, GROWTH_ENDPOINTS, &sample->err));
    return *builder;
}

static inline uint32_t sample_frame(struct profile_builder *builder, const char *text)
{
    char function[64] = "", place[64] = "", *colon;
    struct profile_frame frame = {.object = "gateway"};
    cr_assert(sscanf(text, "%63s %63s", function, place) == 2, "%s", text);
    frame.function = strcmp(function, "?") != 0 ? function : NULL;
    colon = strchr(place, ':');
    if (colon != NULL) {
        frame.line = (uint32_t)strtoul(colon + 1, NULL, 10);
        *colon = '\0';
    }
    if (place[0] == '@') {
        frame.object = place + 1;
    } else {
        frame.file = place;
        frame.own = place[0] != '/';
    }
    return profile_builder_frame(builder, &frame);
}

/* A line's own cost, in PROFILE_LINES of the first endpoint. */
static inline void spend(struct growth_sample *sample, enum side side, const char *place,
                         double instructions)
{
    struct profile_builder *builder = sample_builder(sample, PROFILE_LINES, side);
    uint32_t node = profile_builder_node(builder, PROFILE_NONE, sample_frame(builder, place));
    profile_builder_add(builder, 0, node, (double[]){instructions, 1, 0});
}

/* What a line called: the cost of all that ran there for it. */
static inline void call(struct growth_sample *sample, enum side side, const char *from,
                        const char *to, double instructions)
{
    struct profile_builder *builder = sample_builder(sample, PROFILE_LINES, side);
    uint32_t line = sample_frame(builder, from), function = sample_frame(builder, to);
    profile_builder_add_call(builder, 0, &(struct profile_call){line, function, 1, instructions});
}

/* A stack of up to 7 places, outermost first, NULL-terminated. */
static inline void stack(struct growth_sample *sample, enum profile_kind kind, enum side side,
                         const double values[PROFILE_VALUES_MAX], const char *const *places)
{
    struct profile_builder *builder = sample_builder(sample, kind, side);
    uint32_t node = PROFILE_NONE;
    for (; *places != NULL; places++)
        node = profile_builder_node(builder, node, sample_frame(builder, *places));
    profile_builder_add(builder, 0, node, values);
}

#define ALLOCATED(count, bytes, retained) ((const double[]){(count), (bytes), (retained)})
#define STACK(...)                        ((const char *const[]){__VA_ARGS__, NULL})

/* Adds a hunk to the change of the pair of paths. */
static inline void hunk(struct growth_sample *sample, const char *base_path, const char *head_path,
                        struct source_hunk one)
{
    size_t at = 0;
    const char *path = head_path != NULL ? head_path : base_path;
    for (; at < sample->run.source_change_count; at++) {
        const struct source_change *other = &sample->changes[at];
        if (strcmp(other->head_path != NULL ? other->head_path : other->base_path, path) == 0)
            break;
    }
    struct source_change *change = &sample->changes[at];
    *change = (struct source_change){base_path, head_path, sample->hunks[at], change->hunk_count};
    if (one.base_count + one.head_count > 0)
        sample->hunks[at][change->hunk_count++] = one;
    if (at == sample->run.source_change_count)
        sample->run.source_change_count++;
}

static inline void edit(struct growth_sample *sample, const char *path, uint32_t base_line,
                        uint32_t base_count, uint32_t head_line, uint32_t head_count)
{
    hunk(sample, path, path, (struct source_hunk){base_line, base_count, head_line, head_count});
}

static inline void sample_finish(struct growth_sample *sample)
{
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++) {
        for (unsigned side = 0; side < SIDE_COUNT; side++) {
            struct profile_builder *builder = sample->builders[kind][side];
            struct profile *profile = &sample->run.profiles[kind][side];
            if (builder == NULL)
                continue;
            cr_assert(profile_builder_finish(builder, &sample->arena, profile, &sample->err));
            profile->present = true;
            profile_builder_free(builder);
            sample->builders[kind][side] = NULL;
        }
    }
}

static inline const struct growth *explain_question(struct growth_sample *sample,
                                                    struct growth_question question)
{
    sample_finish(sample);
    question.head = &sample->run;
    question.endpoint = question.endpoint != NULL ? question.endpoint : "GET /feed";
    if (question.limits.relative == 0)
        question.limits = (struct limits){NAN, NAN, NAN};
    cr_assert(growth_explain(&sample->growth, &question, &sample->arena, &sample->err), "%s",
              sample->err.text);
    return &sample->growth;
}

static inline const struct growth *explain(struct growth_sample *sample, enum metric metric)
{
    return explain_question(sample, (struct growth_question){.metric = metric});
}

static inline void sample_end(struct growth_sample *sample)
{
    arena_release(&sample->arena);
    run_release(&sample->run);
}

#endif
