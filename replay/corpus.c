#include "replay/corpus.h"

#include "base/json.h"
#include "base/text.h"
#include "replay/corpus_variants.h"
#include "replay/lines.h"
#include "base/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNMATCHED_SHOWN = 5 };

struct corpus {
    char *path;
    int fd;
    struct corpus_entry *entries;
    size_t count;
    size_t capacity;
    struct name_table endpoints;
    struct corpus_variants variants;
    unsigned long long hash;
};

/* What is needed while the file is scanned and no longer. */
struct scan {
    struct corpus *corpus;
    const struct endpoint_map *map;
    struct buffer unmatched; /* the first few, in words */
    size_t unmatched_count;
    struct error *err;
};

size_t corpus_count(const struct corpus *corpus)
{
    return corpus->count;
}

const struct corpus_entry *corpus_entries(const struct corpus *corpus)
{
    return corpus->entries;
}

size_t corpus_endpoint_count(const struct corpus *corpus)
{
    return corpus->endpoints.count;
}

const char *corpus_endpoint_name(const struct corpus *corpus, size_t endpoint)
{
    return name_table_get(&corpus->endpoints, endpoint);
}

size_t corpus_variant_count(const struct corpus *corpus)
{
    return corpus->variants.names.count;
}

const char *corpus_variant_name(const struct corpus *corpus, size_t variant)
{
    return name_table_get(&corpus->variants.names, variant);
}

unsigned long long corpus_hash(const struct corpus *corpus)
{
    return corpus->hash;
}

void corpus_free(struct corpus *corpus)
{
    if (corpus == NULL)
        return;
    if (corpus->fd >= 0)
        close(corpus->fd);
    name_table_release(&corpus->endpoints);
    corpus_variants_release(&corpus->variants);
    free(corpus->entries);
    free(corpus->path);
    free(corpus);
}

static struct corpus_entry *add_entry(struct corpus *corpus)
{
    if (corpus->count == corpus->capacity) {
        size_t wanted = corpus->capacity == 0 ? 512 : corpus->capacity * 2;
        struct corpus_entry *entries =
            reallocarray(corpus->entries, wanted, sizeof *corpus->entries);
        if (entries == NULL)
            return NULL;
        corpus->entries = entries;
        corpus->capacity = wanted;
    }
    struct corpus_entry *entry = &corpus->entries[corpus->count++];
    *entry = (struct corpus_entry){0};
    return entry;
}

static void note_unmatched(struct scan *scan, const struct exchange *exchange)
{
    enum { TARGET_SHOWN_BYTES = 120 };
    const struct request *request = &exchange->request;
    if (scan->unmatched_count++ >= UNMATCHED_SHOWN)
        return;
    size_t size = strlen(request->target);
    bool cut = size > TARGET_SHOWN_BYTES;
    buffer_append_format(&scan->unmatched, "\n  line %zu: %.32s ", exchange->line, request->method);
    text_append_safe(&scan->unmatched, request->target, cut ? TARGET_SHOWN_BYTES : size, false);
    if (cut)
        buffer_append_string(&scan->unmatched, "…");
}

/* Finds the endpoint's name; NULL with no error when no template matches. */
static bool name_endpoint(struct scan *scan, const struct exchange *exchange, const char *own,
                          const char **name)
{
    bool has_map = scan->map != NULL && scan->map->count > 0;
    *name = own;
    if (has_map) {
        const struct request *request = &exchange->request;
        long found = endpoint_map_match(scan->map, request->method, request->target);
        *name = found < 0 ? NULL : scan->map->templates[found].name;
        return true;
    }
    if (own != NULL)
        return true;
    char where[sizeof scan->err->where];
    snprintf(where, sizeof where, "%s:%zu: endpoint", scan->corpus->path, exchange->line);
    return error_set_at(scan->err, ERROR_INPUT, where,
                        "is missing, and the config has no endpoint templates; make them with "
                        "tollgate corpus endpoints --freeze, or add \"endpoint\" to the exchange");
}

static bool index_exchange(struct scan *scan, const struct line *line,
                           const struct exchange *exchange, const char *own)
{
    struct corpus *corpus = scan->corpus;
    const char *endpoint;
    uint32_t endpoint_number, variant_number;
    if (!name_endpoint(scan, exchange, own, &endpoint))
        return false;
    if (endpoint == NULL) {
        note_unmatched(scan, exchange);
        return true;
    }
    if (!name_table_add(&corpus->endpoints, 0, endpoint, &endpoint_number) ||
        !corpus_variants_add(&corpus->variants, endpoint_number, exchange, &variant_number))
        return error_set_memory(scan->err);
    struct corpus_entry *entry = add_entry(corpus);
    if (entry == NULL)
        return error_set_memory(scan->err);
    entry->offset = line->offset;
    entry->line_bytes = (uint32_t)line->size;
    entry->endpoint = endpoint_number;
    entry->variant = variant_number;
    entry->line = (uint32_t)line->number;
    entry->weight = exchange->weight;
    return true;
}

static bool is_blank(const struct line *line)
{
    for (size_t i = 0; i < line->size; i++) {
        if (strchr(" \t\r", line->text[i]) == NULL)
            return false;
    }
    return true;
}

/* A line that the file cuts off is told apart from one that was written wrong. */
static bool blame_cut_line(const struct scan *scan, const struct line *line,
                           const struct error *problem)
{
    if (!line->cut || problem->code != ERROR_INPUT)
        return error_set_at(scan->err, problem->code, problem->where, "%s", problem->text);
    return error_set_at(scan->err, ERROR_INPUT, problem->where,
                        "%s; the file ends in the middle of this line: it was cut off, record or "
                        "copy it again",
                        problem->text);
}

static bool scan_line(struct scan *scan, const struct line *line)
{
    struct arena arena;
    struct exchange exchange;
    const char *own;
    struct error problem = {0};
    arena_init(&arena);
    bool ok = corpus_parse_exchange(scan->corpus->path, line->number, line->text, line->size,
                                    &arena, &exchange, &own, &problem);
    if (ok)
        ok = index_exchange(scan, line, &exchange, own);
    else
        blame_cut_line(scan, line, &problem);
    arena_release(&arena);
    return ok;
}

static bool check_header(const struct scan *scan, const struct line *line)
{
    static const char *const keys[] = {"schema_version", "source", "redaction", "endpoint_map",
                                       NULL};
    char where[sizeof scan->err->where];
    json_error_t problem;
    int64_t version = 0;
    const char *text = NULL;
    snprintf(where, sizeof where, "%s:1", scan->corpus->path);
    struct json_place place = json_place_root(where);
    json_auto_t *root = json_loadb(line->text, line->size, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(root) || json_object_get(root, "schema_version") == NULL)
        return json_fail(&place, scan->err,
                         "the first line must be the corpus's header, {\"schema_version\": %d, "
                         "\"source\": …}",
                         CORPUS_SCHEMA_VERSION);
    if (!json_get_int(root, "schema_version", JSON_REQUIRED, 0, INT64_MAX, &version, &place,
                      scan->err))
        return false;
    if (version != CORPUS_SCHEMA_VERSION) {
        struct json_place at = json_place_key(&place, "schema_version");
        return json_fail(&at, scan->err,
                         "is %lld, this tollgate reads %d; record or import the "
                         "corpus again",
                         (long long)version, CORPUS_SCHEMA_VERSION);
    }
    return json_only_keys(root, keys, &place, scan->err) &&
           json_get_string(root, "source", JSON_OPTIONAL, &text, &place, scan->err) &&
           json_get_string(root, keys[2], JSON_OPTIONAL, &text, &place, scan->err) &&
           json_get_string(root, keys[3], JSON_OPTIONAL, &text, &place, scan->err);
}

static bool scan_lines(struct scan *scan)
{
    struct line_reader reader;
    struct line line;
    bool ok;
    line_reader_init(&reader, scan->corpus->path, scan->corpus->fd, CORPUS_LINE_MAX_BYTES);
    while ((ok = line_reader_next(&reader, &line, scan->err)) && line.text != NULL) {
        ok = line.number == 1 ? check_header(scan, &line)
                              : is_blank(&line) || scan_line(scan, &line);
        if (!ok)
            break;
    }
    if (ok && reader.number == 0)
        ok = error_set_at(scan->err, ERROR_INPUT, scan->corpus->path,
                          "the corpus is empty, not even a header is there");
    scan->corpus->hash = reader.hash;
    line_reader_release(&reader);
    return ok;
}

static bool check_scan(const struct scan *scan)
{
    const struct corpus *corpus = scan->corpus;
    size_t total = corpus->count + scan->unmatched_count;
    if (scan->unmatched_count > 0)
        return error_set_at(scan->err, ERROR_INPUT, corpus->path,
                            "%zu of %zu exchanges match no endpoint template; add templates for "
                            "them, tollgate corpus endpoints suggests some:%s%s",
                            scan->unmatched_count, total, buffer_text(&scan->unmatched),
                            scan->unmatched_count > UNMATCHED_SHOWN ? "\n  …" : "");
    if (corpus->count == 0)
        return error_set_at(scan->err, ERROR_INPUT, corpus->path,
                            "the corpus has no exchanges: there is nothing to replay");
    return true;
}

/* Later loads read at offsets, which a pipe cannot do. */
static bool open_file(struct corpus *corpus, struct error *err)
{
    struct stat status;
    corpus->fd = open(corpus->path, O_RDONLY | O_CLOEXEC);
    if (corpus->fd < 0 || fstat(corpus->fd, &status) != 0)
        return error_set_errno(err, "cannot read the corpus %s", corpus->path);
    if (!S_ISREG(status.st_mode))
        return error_set_at(err, ERROR_INPUT, corpus->path,
                            "the corpus must be a regular file, it is read more than once");
    return true;
}

bool corpus_open(struct corpus **out, const char *path, const struct endpoint_map *map,
                 struct error *err)
{
    *out = NULL;
    struct corpus *corpus = calloc(1, sizeof *corpus);
    if (corpus == NULL)
        return error_set_memory(err);
    struct scan scan = {.corpus = corpus, .map = map, .err = err};
    struct error local = {0};
    if (scan.err == NULL)
        scan.err = &local;
    corpus->fd = -1;
    name_table_init(&corpus->endpoints);
    corpus_variants_init(&corpus->variants);
    buffer_init(&scan.unmatched, 16 * 1024);
    corpus->path = strdup(path);
    bool ok = corpus->path != NULL || error_set_memory(err);
    ok = ok && open_file(corpus, scan.err) && scan_lines(&scan) && check_scan(&scan);
    if (ok && !corpus_variants_fold(&corpus->variants, corpus->entries, corpus->count))
        ok = error_set_memory(scan.err);
    buffer_release(&scan.unmatched);
    if (ok)
        *out = corpus;
    else
        corpus_free(corpus);
    return ok;
}

static bool read_at(const struct corpus *corpus, const struct corpus_entry *entry, char *out,
                    struct error *err)
{
    size_t done = 0;
    while (done < entry->line_bytes) {
        ssize_t got =
            pread(corpus->fd, out + done, entry->line_bytes - done, (off_t)(entry->offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, "cannot read the corpus %s", corpus->path);
        if (got == 0)
            return error_set_at(err, ERROR_INPUT, corpus->path,
                                "the corpus became shorter while it was in use");
        done += (size_t)got;
    }
    return true;
}

bool corpus_load(const struct corpus *corpus, size_t index, struct arena *arena,
                 struct exchange *out, struct error *err)
{
    const char *own;
    if (index >= corpus->count)
        BUG("exchange %zu of %zu", index, corpus->count);
    const struct corpus_entry *entry = &corpus->entries[index];
    char *text = malloc((size_t)entry->line_bytes + 1);
    if (text == NULL)
        return error_set_memory(err);
    bool ok = read_at(corpus, entry, text, err) &&
              corpus_parse_exchange(corpus->path, entry->line, text, entry->line_bytes, arena, out,
                                    &own, err);
    free(text);
    if (!ok)
        return false;
    out->index = index;
    out->endpoint = entry->endpoint;
    out->variant = arena_copy_string(arena, corpus_variant_name(corpus, entry->variant));
    return out->variant != NULL || error_set_memory(err);
}
