#include "replay/corpus_spool.h"

#include "base/output_file.h"

#include <errno.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct spooled {
    int64_t ts_ns;
    uint64_t offset;
    uint32_t size;
    uint32_t number; /* of arrival */
};

struct corpus_spool {
    FILE *file;
    struct spooled *items;
    size_t count, capacity;
    uint64_t offset;   /* of the file's end */
    int64_t latest_ns; /* of all that came */
    struct corpus_spool_state state;
};

bool corpus_spool_new(struct corpus_spool **out, const char *path, struct error *err)
{
    struct corpus_spool *spool = calloc(1, sizeof *spool);
    *out = NULL;
    if (spool == NULL)
        return error_set_memory(err);
    spool->file = output_file_scratch(path, err);
    if (spool->file == NULL) {
        free(spool);
        return false;
    }
    *out = spool;
    return true;
}

void corpus_spool_free(struct corpus_spool *spool)
{
    if (spool == NULL)
        return;
    fclose(spool->file);
    free(spool->items);
    free(spool);
}

struct corpus_spool_state corpus_spool_state(const struct corpus_spool *spool)
{
    return spool->state;
}

static bool grow(struct corpus_spool *spool, struct error *err)
{
    if (spool->count < spool->capacity)
        return true;
    if (spool->count >= UINT32_MAX / 2)
        return error_set(err, ERROR_INPUT, "more than %u exchanges do not go into one corpus",
                         UINT32_MAX / 2);
    size_t wanted = spool->capacity == 0 ? 1024 : spool->capacity * 2;
    struct spooled *items = realloc(spool->items, wanted * sizeof *items);
    if (items == NULL)
        return error_set_memory(err);
    spool->items = items;
    spool->capacity = wanted;
    return true;
}

static void note_time(struct corpus_spool *spool, int64_t ts_ns)
{
    struct corpus_spool_state *state = &spool->state;
    if (ts_ns < spool->latest_ns)
        state->out_of_order++;
    else
        spool->latest_ns = ts_ns;
    if (ts_ns == 0)
        return;
    if (state->first_ns == 0 || ts_ns < state->first_ns)
        state->first_ns = ts_ns;
    if (ts_ns > state->last_ns)
        state->last_ns = ts_ns;
}

bool corpus_spool_add(struct corpus_spool *spool, const struct exchange *exchange,
                      const char *endpoint, bool *too_long, struct error *err)
{
    *too_long = false;
    if (!grow(spool, err) || !corpus_write_exchange(spool->file, exchange, endpoint, err))
        return false;
    off_t end = ftello(spool->file);
    if (end < 0)
        return error_set_errno(err, "cannot write the corpus");
    uint64_t size = (uint64_t)end - spool->offset;
    if (size > CORPUS_LINE_MAX_BYTES) {
        *too_long = true;
    } else {
        spool->items[spool->count] = (struct spooled){exchange->ts_ns, spool->offset,
                                                      (uint32_t)size, (uint32_t)spool->count};
        spool->count++;
        spool->state.exchanges++;
        note_time(spool, exchange->ts_ns);
    }
    spool->offset = (uint64_t)end;
    return true;
}

static int compare_times(const void *a, const void *b)
{
    const struct spooled *one = a, *other = b;
    if (one->ts_ns != other->ts_ns)
        return one->ts_ns < other->ts_ns ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

static bool copy_line(struct corpus_spool *spool, const struct spooled *line, FILE *out,
                      struct error *err)
{
    char chunk[CHUNK_BYTES];
    size_t left = line->size;
    while (left > 0) {
        size_t wanted = left < sizeof chunk ? left : sizeof chunk;
        errno = 0;
        if (fread(chunk, 1, wanted, spool->file) != wanted)
            return error_set_errno(err, "cannot read back what goes into the corpus");
        if (fwrite(chunk, 1, wanted, out) != wanted)
            return error_set_errno(err, "cannot write the corpus");
        left -= wanted;
    }
    return true;
}

bool corpus_spool_write(struct corpus_spool *spool, FILE *out, struct error *err)
{
    uint64_t at = UINT64_MAX; /* of the reading */
    if (fflush(spool->file) != 0)
        return error_set_errno(err, "cannot write the corpus");
    if (spool->state.out_of_order > 0)
        qsort(spool->items, spool->count, sizeof *spool->items, compare_times);
    for (size_t i = 0; i < spool->count; i++) {
        const struct spooled *line = &spool->items[i];
        if (line->offset != at && fseeko(spool->file, (off_t)line->offset, SEEK_SET) != 0)
            return error_set_errno(err, "cannot read back what goes into the corpus");
        if (!copy_line(spool, line, out, err))
            return false;
        at = line->offset + line->size;
    }
    return true;
}
