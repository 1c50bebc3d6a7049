/* Failing the n-th allocation, for every n, of an import of each format and of what takes it.
 * Linked with --wrap for malloc, calloc and realloc, every call in our own code comes through here;
 * those of jansson and zlib are left alone. A leak is for the address sanitizer to see. */
#include "replay/corpus_spool.h"
#include "replay/distinct.h"
#include "replay/import.h"
#include "replay/weights.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#ifndef TOLLGATE_SOURCE_DIR
#define TOLLGATE_SOURCE_DIR "."
#endif

#define FOLDER TOLLGATE_SOURCE_DIR "/fixtures/import/"

TestSuite(import_memory, .timeout = 600);

/* What an import is for: exchanges to a spool, requests counted and weighed. */
struct taker {
    struct corpus_spool *spool;
    struct distinct *distinct;
    struct weights *weights;
    const struct endpoint_map *map;
};

static bool take(void *context, struct exchange *exchange, struct import_outcome *outcome,
                 struct error *err)
{
    struct taker *taker = context;
    bool too_long;
    (void)outcome;
    return corpus_spool_add(taker->spool, exchange, NULL, &too_long, err) &&
           weights_add_exchange(taker->weights, 0, exchange->request.target, 1, err);
}

static bool count(void *context, const struct logged_request *request,
                  struct import_outcome *outcome, struct error *err)
{
    struct taker *taker = context;
    (void)outcome;
    return distinct_add(taker->distinct, request, err) &&
           weights_count(taker->weights, request, err);
}

static bool take_distinct(void *context, struct exchange *exchange, struct error *err)
{
    struct import_outcome outcome = {0};
    return take(context, exchange, &outcome, err);
}

static bool import_once(const struct importer *importer, const char *path,
                        const struct endpoint_map *map, struct error *err)
{
    struct taker taker = {.map = map};
    struct import_sink sink = {take, count, &taker};
    struct import_tally tally = {0};
    struct distinct_options options = {map, 1}; /* one is kept, so that the rest is counted, too */
    const struct importer *recognised;
    bool ok = importer_recognise(&recognised, path, err) &&
              corpus_spool_new(&taker.spool, "/dev/null", err) &&
              distinct_new(&taker.distinct, &options, err) &&
              weights_new(&taker.weights, map, err) &&
              importer->read(path, NULL, &sink, &tally, err) &&
              distinct_emit(taker.distinct, take_distinct, &taker, err);
    corpus_spool_free(taker.spool);
    distinct_free(taker.distinct);
    weights_free(taker.weights);
    return ok;
}

struct memory_case {
    char format[16];
    char path[64];
};

ParameterizedTestParameters(import_memory, each_failing_allocation_is_an_error)
{
    static struct memory_case cases[] = {
        {"har", "har/valid/everything.har"},     {"har", "har/valid/forms.har"},
        {"har", "har/valid/many-headers.har"},   {"gor", "gor/valid/chunked.gor"},
        {"gor", "gor/valid/interleaved.gor"},    {"gor", "gor/valid/duplicate-ids.gor"},
        {"gor", "gor/valid/binary.gor"},         {"gor", "gor/valid/folded-header.gor"},
        {"vegeta", "vegeta/valid/targets.json"}, {"combined", "log/valid/escapes.log"},
        {"combined", "log/valid/combined.log"},  {"common", "log/valid/common.log"},
        {"json", "log/valid/nginx.json"},        {"json", "log/valid/parts.json"},
        {"alb", "alb/valid/h2-and-http.log"},    {"combined", "log/valid/absolute.log"},
    };
    return cr_make_param_array(struct memory_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct memory_case *each, import_memory, each_failing_allocation_is_an_error)
{
    static const char *const texts[] = {"GET /{rest...}"};
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    char path[256];
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    arena_init(&arena);
    cr_assert(endpoint_map_parse(&map, texts, 1, &arena, &err));
    snprintf(path, sizeof path, FOLDER "%s", each->path);
    long n = 0;
    for (bool ok = false; !ok; n++) {
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = import_once(importer_by_name(each->format), path, &map, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "%s, allocation %ld: %d %s: %s", each->path, n,
                  (int)err.code, err.where, err.text);
    }
    cr_expect_gt(n, 5); /* it did fail on the way */
    arena_release(&arena);
}
