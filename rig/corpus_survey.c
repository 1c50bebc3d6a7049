/* Sorts the exchanges of a corpus by endpoint template. */
#include "rig/corpus_endpoints.h"

#include "base/names.h"
#include "replay/infer.h"
#include "replay/wire.h"
#include "rig/progress.h"

#include <string.h>

enum { PROGRESS_STEP = 1024 };

/* Takes any exchange: here it is no mistake that no template matches. */
static bool open_all(struct corpus **corpus, const char *path, struct arena *arena,
                     struct error *err)
{
    static const char *const all[] = {"* /{rest...}", "* *"};
    struct endpoint_map map;
    return endpoint_map_parse(&map, all, COUNT_OF(all), arena, err) &&
           corpus_open(corpus, path, &map, err);
}

struct surveying {
    struct corpus_survey *survey;
    struct corpus *corpus;
    struct infer *infer;
    struct progress progress;
    struct endpoint_row *rows;
    size_t count;
};

static bool add_rows(struct surveying *surveying, const struct endpoint_row *rows, size_t count,
                     struct error *err)
{
    size_t all;
    if (__builtin_add_overflow(surveying->count, count, &all))
        return error_set_memory(err);
    struct endpoint_row *joined =
        arena_alloc_array(&surveying->survey->arena, all + 1, sizeof *joined);
    if (joined == NULL)
        return error_set_memory(err);
    if (surveying->count > 0)
        memcpy(joined, surveying->rows, surveying->count * sizeof *joined);
    if (count > 0)
        memcpy(joined + surveying->count, rows, count * sizeof *joined);
    surveying->rows = joined;
    surveying->count = all;
    return true;
}

/* The names that the exchanges themselves have, as far as they are templates and no two match the
 * same requests. */
static bool list_own_names(const struct corpus *corpus, struct name_table *shapes,
                           struct arena *arena, struct endpoint_row *rows, size_t *count,
                           struct error *err)
{
    for (size_t i = 0; i < corpus_endpoint_count(corpus); i++) {
        uint32_t number;
        size_t before = shapes->count;
        char *name = arena_copy_string(arena, corpus_endpoint_name(corpus, i));
        if (name == NULL)
            return error_set_memory(err);
        if (endpoint_template_problem(name) != NULL)
            continue;
        char *shape = endpoint_template_shape(name, arena);
        if (shape == NULL || !name_table_add(shapes, 0, shape, &number))
            return error_set_memory(err);
        if (shapes->count > before)
            rows[(*count)++] = (struct endpoint_row){name, ENDPOINT_FROM_CORPUS, "recorded"};
    }
    return true;
}

/* Only where every exchange has one: else they are no endpoints for a bench either. */
static bool add_own_names(struct surveying *surveying, struct error *err)
{
    struct corpus *corpus = NULL;
    struct arena *arena = &surveying->survey->arena;
    struct name_table shapes;
    struct error ignored = {0};
    size_t count = 0;
    if (!corpus_open(&corpus, surveying->survey->path, NULL, &ignored))
        return ignored.code != ERROR_MEMORY || error_set_memory(err);
    name_table_init(&shapes);
    struct endpoint_row *rows =
        arena_alloc_array(arena, corpus_endpoint_count(corpus), sizeof *rows);
    bool ok = rows != NULL || error_set_memory(err);
    ok = ok && list_own_names(corpus, &shapes, arena, rows, &count, err) &&
         add_rows(surveying, rows, count, err);
    name_table_release(&shapes);
    corpus_free(corpus);
    return ok;
}

typedef bool take_exchange(struct surveying *surveying, const struct exchange *exchange,
                           struct error *err);

static bool each_exchange(struct surveying *surveying, const char *what, take_exchange *take,
                          struct error *err)
{
    size_t count = corpus_count(surveying->corpus);
    bool ok = true;
    progress_begin(&surveying->progress, what);
    for (size_t i = 0; ok && i < count; i++) {
        struct arena arena;
        struct exchange exchange;
        arena_init(&arena);
        ok = corpus_load(surveying->corpus, i, &arena, &exchange, err) &&
             take(surveying, &exchange, err);
        arena_release(&arena);
        if (i % PROGRESS_STEP == 0)
            progress_update(&surveying->progress, i, count);
    }
    progress_clear(&surveying->progress);
    return ok;
}

static bool learn(struct surveying *surveying, const struct exchange *exchange, struct error *err)
{
    return infer_add(surveying->infer, exchange->request.method, exchange->request.target, err);
}

/* An example is a path that is not among them yet. */
static bool add_example(struct corpus_survey *survey, struct endpoint_traffic *traffic,
                        const char *target, struct error *err)
{
    size_t size, i = 0;
    const char *path = wire_target_path(target, &size);
    while (i < CORPUS_ENDPOINTS_EXAMPLES && traffic->examples[i] != NULL &&
           (strlen(traffic->examples[i]) != size || memcmp(traffic->examples[i], path, size) != 0))
        i++;
    if (i == CORPUS_ENDPOINTS_EXAMPLES || traffic->examples[i] != NULL)
        return true;
    traffic->examples[i] = arena_copy_bytes(&survey->arena, path, size);
    return traffic->examples[i] != NULL || error_set_memory(err);
}

static bool sort_in(struct surveying *surveying, const struct exchange *exchange, struct error *err)
{
    struct corpus_survey *survey = surveying->survey;
    const struct request *request = &exchange->request;
    long found = endpoint_map_match(&survey->map, request->method, request->target);
    if (found < 0)
        BUG("no template for %.40s %.200s", request->method, request->target);
    struct endpoint_traffic *traffic = &survey->traffic[found];
    traffic->exchanges++;
    traffic->weight += exchange->weight;
    survey->exchanges++;
    survey->weight += exchange->weight;
    survey->unmatched += survey->map.templates[found].source == ENDPOINT_INFERRED;
    return add_example(survey, traffic, request->target, err);
}

static bool make_map(struct surveying *surveying, struct error *err)
{
    struct corpus_survey *survey = surveying->survey;
    struct endpoint_row *inferred;
    size_t count;
    survey->has_templates = surveying->count > 0;
    if (!infer_new(&surveying->infer, err) ||
        !each_exchange(surveying, "inferring endpoints", learn, err) ||
        !infer_finish(surveying->infer, &inferred, &count, &survey->arena, err) ||
        !add_rows(surveying, inferred, count, err) ||
        !endpoint_map_build(&survey->map, surveying->rows, surveying->count, &survey->arena, err))
        return false;
    survey->traffic = arena_alloc_array(&survey->arena, survey->map.count, sizeof *survey->traffic);
    return survey->traffic != NULL || error_set_memory(err);
}

bool corpus_survey_count_moved(const struct corpus_survey *survey, const struct endpoint_map *next,
                               size_t *moved, struct error *err)
{
    struct corpus *corpus = NULL;
    struct arena arena;
    *moved = 0;
    arena_init(&arena);
    bool ok = open_all(&corpus, survey->path, &arena, err);
    for (size_t i = 0; ok && i < corpus_count(corpus); i++) {
        struct arena once;
        struct exchange exchange;
        const struct request *request = &exchange.request;
        arena_init(&once);
        ok = corpus_load(corpus, i, &once, &exchange, err);
        long before = ok ? endpoint_map_match(&survey->map, request->method, request->target) : -1;
        long after = ok ? endpoint_map_match(next, request->method, request->target) : -1;
        if (before >= 0 && survey->map.templates[before].source <= ENDPOINT_FROM_MAP)
            *moved += after < 0 ||
                      strcmp(survey->map.templates[before].name, next->templates[after].name) != 0;
        arena_release(&once);
    }
    corpus_free(corpus);
    arena_release(&arena);
    return ok;
}

bool corpus_survey_make(struct corpus_survey *survey, const char *path,
                        const struct endpoint_row *rows, size_t count, struct error *err)
{
    struct surveying surveying = {.survey = survey};
    *survey = (struct corpus_survey){.path = path};
    arena_init(&survey->arena);
    progress_init(&surveying.progress, PROGRESS_AUTO);
    if (surveying.progress.mode == PROGRESS_PLAIN)
        surveying.progress.mode = PROGRESS_NONE; /* seconds, hardly ever more */
    bool ok = open_all(&surveying.corpus, path, &survey->arena, err) &&
              add_rows(&surveying, rows, count, err) &&
              (count > 0 || add_own_names(&surveying, err)) && make_map(&surveying, err) &&
              each_exchange(&surveying, "sorting exchanges by endpoint", sort_in, err);
    infer_free(surveying.infer);
    corpus_free(surveying.corpus);
    if (!ok)
        corpus_survey_release(survey);
    return ok;
}

void corpus_survey_release(struct corpus_survey *survey)
{
    arena_release(&survey->arena);
    *survey = (struct corpus_survey){0};
}
