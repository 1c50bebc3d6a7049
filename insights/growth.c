#include "insights/growth.h"

#include "insights/growth_private.h"

#include <math.h>
#include <string.h>

/* Which profile tells of a metric, and which column of it. */
struct measure {
    enum profile_kind kind;
    size_t value;
};

static bool is_present(const struct growth_question *question, enum profile_kind kind)
{
    const struct run *head = question->head;
    if (!head->profiles[kind][SIDE_HEAD].present)
        return false;
    if (question->base != NULL)
        return question->base->profiles[kind][SIDE_HEAD].present;
    return !head->sides[SIDE_BASE].present || head->profiles[kind][SIDE_BASE].present;
}

/* Instructions by line are exact and have every line: sampled stacks only where there are none. */
static struct measure choose_measure(const struct growth_question *question)
{
    switch (question->metric) {
    case METRIC_ALLOCATIONS:
        return (struct measure){PROFILE_ALLOC, ALLOC_ALLOCATIONS};
    case METRIC_ALLOC_BYTES:
        return (struct measure){PROFILE_ALLOC, ALLOC_BYTES};
    case METRIC_RETAINED_BYTES:
        return (struct measure){PROFILE_ALLOC, ALLOC_RETAINED};
    case METRIC_CPU_NS:
    case METRIC_WALL_P50_NS:
    case METRIC_WALL_P99_NS:
        if (!is_present(question, PROFILE_LINES) && is_present(question, PROFILE_CPU))
            return (struct measure){PROFILE_CPU, CPU_NS};
        break;
    case METRIC_INSTRUCTIONS:
    case METRIC_SYSCALLS:
    case METRIC_COUNT:
        break;
    }
    return (struct measure){PROFILE_LINES, LINES_INSTRUCTIONS};
}

static const struct profile_value_info *figures_of(struct measure measure)
{
    return &profile_kind_info(measure.kind)->values[measure.value];
}

/* What one question works with; all of it goes when it is answered. */
struct inquiry {
    const struct growth_question *question;
    struct growth_source sources[SIDE_COUNT];
    struct growth_side sides[SIDE_COUNT];
    struct growth_changes changes;
    struct arena scratch;
};

/* The stored run's head is the base, or the head's own base is. */
static const struct run *base_run(const struct growth_question *question, enum side *side)
{
    *side = question->base != NULL ? SIDE_HEAD : SIDE_BASE;
    return question->base != NULL ? question->base : question->head;
}

static void find_sources(struct inquiry *inquiry, struct measure measure)
{
    enum side side;
    const struct run *head = inquiry->question->head, *base = base_run(inquiry->question, &side);
    const struct profile *profiles[SIDE_COUNT] = {
        [SIDE_HEAD] = &head->profiles[measure.kind][SIDE_HEAD],
        [SIDE_BASE] = &base->profiles[measure.kind][side],
    };
    for (unsigned s = 0; s < SIDE_COUNT; s++)
        inquiry->sources[s] = (struct growth_source){
            .profile = profiles[s],
            .endpoint = profiles[s]->present
                            ? profile_endpoint(profiles[s], inquiry->question->endpoint)
                            : NULL,
            .stacks = measure.kind != PROFILE_LINES,
            .value = measure.value,
            .sources = s == SIDE_HEAD ? &head->sources[SIDE_HEAD] : &base->sources[side],
        };
}

/* Why there is nothing to explain with, into growth->missing. *found stays false also where nobody
 * asked for a profile. */
static bool check_sources(const struct inquiry *inquiry, struct growth *growth, bool *found,
                          struct arena *arena, struct error *err)
{
    enum side side;
    const struct run *base = base_run(inquiry->question, &side);
    const struct profile *now = inquiry->sources[SIDE_HEAD].profile;
    const struct profile *then = inquiry->sources[SIDE_BASE].profile;
    *found = false;
    if (!now->present) {
        growth->missing = now->missing;
    } else if (!then->present && base->sides[side].present) {
        if (then->missing == NULL)
            return true;
        growth->missing = arena_format(arena, "the base: %s", then->missing);
        return growth->missing != NULL || error_set_memory(err);
    } else if (inquiry->sources[SIDE_HEAD].endpoint == NULL) {
        growth->missing = "the profile does not have this endpoint";
    } else {
        *found = true;
    }
    return true;
}

/* A run tells where lines went from the base that it was measured against, which a stored run need
 * not be: then the contents of all files must be the same where it knows of no change, and others
 * where it does. */
static bool changes_apply(const struct inquiry *inquiry)
{
    const struct growth_question *question = inquiry->question;
    const struct run *head = question->head, *base = question->base;
    if (!head->source_changes_known || base == NULL)
        return head->source_changes_known;
    if (head->sides[SIDE_BASE].present &&
        (head->sides[SIDE_BASE].commit == NULL || base->sides[SIDE_HEAD].commit == NULL ||
         strcmp(head->sides[SIDE_BASE].commit, base->sides[SIDE_HEAD].commit) != 0))
        return false;
    const struct source_tree *then = &base->sources[SIDE_HEAD];
    for (size_t i = 0; i < then->file_count; i++) {
        const struct source_file *file = &then->files[i];
        const struct source_file *same = source_tree_file(&head->sources[SIDE_HEAD], file->path);
        bool changed = growth_changes_touch(&inquiry->changes, file->path);
        if (same != NULL && same->hash != NULL && file->hash != NULL &&
            changed != (strcmp(same->hash, file->hash) != 0))
            return false;
    }
    return true;
}

static bool index_changes(struct inquiry *inquiry, struct error *err)
{
    const struct run *head = inquiry->question->head;
    struct growth_changes *changes = &inquiry->changes;
    changes->sources[SIDE_HEAD] = inquiry->sources[SIDE_HEAD].sources;
    changes->sources[SIDE_BASE] = inquiry->sources[SIDE_BASE].sources;
    if (!growth_changes_index(changes, head->source_changes, head->source_change_count,
                              &inquiry->scratch, err))
        return false;
    changes->known = changes_apply(inquiry);
    return changes->known || growth_changes_index(changes, NULL, 0, &inquiry->scratch, err);
}

/* A file of the lines that grew which is newer than the program that was built from it. */
static const char *find_stale(const struct growth *growth, const struct inquiry *inquiry)
{
    for (size_t i = 0; i < growth->line_count; i++) {
        const struct growth_item *item = &growth->lines[i];
        enum side side = item->kind == GROWTH_GONE ? SIDE_BASE : SIDE_HEAD;
        if ((item->grew > 0) == inquiry->question->improved)
            break;
        const struct source_file *file =
            item->place.own && item->place.file != NULL
                ? source_tree_file(inquiry->sources[side].sources, item->place.file)
                : NULL;
        if (file != NULL && file->stale)
            return item->place.file;
    }
    return NULL;
}

static bool explain_lines(struct inquiry *inquiry, struct growth *growth, struct arena *arena,
                          struct error *err)
{
    struct growth_side *sides = inquiry->sides;
    bool improved = inquiry->question->improved;
    for (unsigned s = 0; s < SIDE_COUNT; s++)
        if (!growth_side_read(&sides[s], &inquiry->sources[s], &inquiry->scratch, err))
            return false;
    if (!index_changes(inquiry, err))
        return false;
    growth_match_lines(sides, &inquiry->changes, improved ? SIDE_BASE : SIDE_HEAD);
    if (!growth_match_functions(sides, &inquiry->changes, &inquiry->scratch, err) ||
        !growth_rank_lines(growth, sides, improved, &inquiry->scratch, arena, err) ||
        !growth_rank_functions(growth, sides, improved, &inquiry->scratch, arena, err))
        return false;
    growth->head = sides[SIDE_HEAD].total;
    if (inquiry->sources[SIDE_BASE].endpoint != NULL)
        growth->base = sides[SIDE_BASE].total;
    growth->changes_known = inquiry->changes.known;
    growth->stale = find_stale(growth, inquiry);
    growth->leak =
        growth->metric == METRIC_RETAINED_BYTES && sides[SIDE_HEAD].total > sides[SIDE_BASE].total;
    return true;
}

bool growth_explain(struct growth *growth, const struct growth_question *question,
                    struct arena *arena, struct error *err)
{
    struct inquiry inquiry = {.question = question};
    struct measure measure = choose_measure(question);
    bool found;
    *growth = (struct growth){
        .metric = question->metric, .improved = question->improved, .head = NAN, .base = NAN};
    arena_init(&inquiry.scratch);
    find_sources(&inquiry, measure);
    bool ok = growth_add_variants(growth, question, arena, err) &&
              check_sources(&inquiry, growth, &found, arena, err);
    if (ok && found) {
        growth->measured = figures_of(measure);
        ok = explain_lines(&inquiry, growth, arena, err);
    }
    arena_release(&inquiry.scratch);
    return ok;
}

bool growth_explain_another(struct growth *growth, const struct growth_question *question,
                            const struct growth *known, size_t count, struct arena *arena,
                            struct error *err)
{
    const struct profile_value_info *figures = figures_of(choose_measure(question));
    for (size_t i = 0; i < count; i++) {
        if (known[i].measured != figures || known[i].improved != question->improved)
            continue;
        *growth = known[i];
        growth->metric = question->metric;
        growth->variants = NULL;
        growth->variant_count = 0;
        growth->one_variant = false;
        return growth_add_variants(growth, question, arena, err);
    }
    return growth_explain(growth, question, arena, err);
}
