#include "baselines/history.h"

#include <math.h>
#include <string.h>

void history_init(struct history *history, const struct run *run)
{
    *history = (struct history){.run = run};
    arena_init(&history->arena);
}

void history_release(struct history *history)
{
    arena_release(&history->arena);
}

/* The lowest, since only more can be in the way. */
static double find_exact(const struct endpoint_result *endpoint, enum metric metric)
{
    double least = NAN;
    if (endpoint == NULL || endpoint->invalid != NULL || metric_info(metric)->kind != METRIC_EXACT)
        return NAN;
    const struct samples *samples = &endpoint->figures[metric].side[SIDE_HEAD];
    for (size_t i = 0; i < samples->count; i++)
        least = fmin(least, samples->values[i]);
    return isfinite(least) ? least : NAN;
}

static bool are_known_alike(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_alike(const struct run *a, const struct run *b)
{
    char why[256];
    return are_known_alike(a->corpus_hash, b->corpus_hash) &&
           are_known_alike(a->config_hash, b->config_hash) &&
           fingerprint_difference(&a->fingerprint, &b->fingerprint, why) == NULL;
}

static const char *keep(struct arena *arena, const char *text, bool *ok)
{
    const char *kept = text != NULL ? arena_copy_string(arena, text) : NULL;
    *ok = *ok && (text == NULL || kept != NULL);
    return kept;
}

bool history_add(struct history *history, const struct run *earlier)
{
    const struct run *run = history->run;
    bool ok = true;
    if (history->count == HISTORY_VERSIONS_MAX || are_known_alike(earlier->created, run->created))
        return true;
    double *values =
        arena_alloc_array(&history->arena, run->endpoint_count * METRIC_COUNT + 1, sizeof *values);
    if (values == NULL)
        return false;
    for (size_t i = 0; i < run->endpoint_count; i++) {
        const struct endpoint_result *then = run_endpoint(earlier, run->endpoints[i].name);
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            values[i * METRIC_COUNT + m] = find_exact(then, (enum metric)m);
    }
    struct history_version version = {
        .created = keep(&history->arena, earlier->created, &ok),
        .commit = keep(&history->arena, earlier->sides[SIDE_HEAD].commit, &ok),
        .alike = is_alike(earlier, run),
        .values = values,
    };
    if (ok)
        history->versions[history->count++] = version;
    return ok;
}

double history_value(const struct history *history, size_t version, size_t endpoint,
                     enum metric metric)
{
    return history->versions[version].values[endpoint * METRIC_COUNT + metric];
}

double history_now(const struct history *history, size_t endpoint, enum metric metric)
{
    return find_exact(&history->run->endpoints[endpoint], metric);
}
