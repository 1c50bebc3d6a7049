/* Whatever the bytes are: an importer gives exchanges that are fit for a corpus, or says what is
 * odd, and its tally adds up. */
#ifndef TOLLGATE_TESTS_FUZZ_IMPORT_TARGET_H
#define TOLLGATE_TESTS_FUZZ_IMPORT_TARGET_H

#include "replay/distinct.h"
#include "replay/import.h"
#include "replay/weights.h"
#include "replay/wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct import_target {
    struct distinct *distinct;
    struct weights *weights;
};

static inline void import_target_expect_fit(struct exchange *exchange)
{
    struct arena arena;
    struct exchange again;
    struct error err = {0};
    const char *endpoint;
    char *text = NULL;
    size_t size = 0;
    arena_init(&arena);
    FILE *file = open_memstream(&text, &size);
    if (file == NULL || !corpus_write_exchange(file, exchange, NULL, &err) || fclose(file) != 0)
        BUG("cannot be written: %s", err.text);
    if (!corpus_parse_exchange("again", 1, text, size, &arena, &again, &endpoint, &err))
        BUG("is no exchange: %s: %s", err.where, err.text);
    if (again.request.body.size != exchange->request.body.size)
        BUG("the body changed");
    free(text);
    arena_release(&arena);
}

static inline bool import_target_take(void *context, struct exchange *exchange,
                                      struct import_outcome *outcome, struct error *err)
{
    (void)context;
    (void)err;
    import_target_expect_fit(exchange);
    if (exchange->request.target[1] == 'x')
        outcome->left_out = "it begins with x";
    return true;
}

static inline bool import_target_count(void *context, const struct logged_request *request,
                                       struct import_outcome *outcome, struct error *err)
{
    struct import_target *target = context;
    (void)outcome;
    if (request->status < 100 || request->status > 599 || request->method.size == 0)
        BUG("no request of HTTP");
    return distinct_add(target->distinct, request, err) &&
           weights_count(target->weights, request, err);
}

static inline bool import_target_take_distinct(void *context, struct exchange *exchange,
                                               struct error *err)
{
    (void)context;
    (void)err;
    if (!(exchange->weight >= 1))
        BUG("weighs %g", exchange->weight);
    import_target_expect_fit(exchange);
    return true;
}

static inline void import_target_read(const struct importer *importer, const char *path,
                                      const struct endpoint_map *map)
{
    struct import_target target = {0};
    struct import_sink sink = {import_target_take, import_target_count, &target};
    struct import_tally tally = {0};
    struct distinct_options options = {map, 3};
    struct error err = {0};
    if (!distinct_new(&target.distinct, &options, &err) || !weights_new(&target.weights, map, &err))
        BUG("no memory");
    if (importer->read(path, NULL, &sink, &tally, &err)) {
        if (tally.seen != tally.imported + tally.joined + tally.left_out.total + tally.odd)
            BUG("%zu seen, %zu imported, %zu joined, %zu left out, %zu odd", tally.seen,
                tally.imported, tally.joined, tally.left_out.total, tally.odd);
        if (!distinct_emit(target.distinct, import_target_take_distinct, NULL, &err))
            BUG("cannot be given out: %s", err.text);
    } else if (err.code == ERROR_NONE || err.text[0] == '\0') {
        BUG("refused without a reason");
    }
    distinct_free(target.distinct);
    weights_free(target.weights);
}

/* Recognises the bytes, then reads them as each of the formats. */
static inline int import_target_run(const uint8_t *data, size_t size, const char *const *formats)
{
    static const char *const texts[] = {"GET /a", "GET /a/{id}", "* /{rest...}"};
    const struct importer *recognised;
    struct endpoint_map map;
    struct arena arena;
    struct error err = {0};
    char path[64];
    int fd = memfd_create("import", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        BUG("no memory for the input");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    arena_init(&arena);
    if (!endpoint_map_parse(&map, texts, COUNT_OF(texts), &arena, &err))
        BUG("the templates are wrong: %s", err.text);
    if (!importer_recognise(&recognised, path, &err) && err.text[0] == '\0')
        BUG("refused without a reason");
    for (size_t i = 0; formats[i] != NULL; i++)
        import_target_read(importer_by_name(formats[i]), path, &map);
    arena_release(&arena);
    close(fd);
    return 0;
}

#endif
