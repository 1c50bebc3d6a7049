/* A sink that keeps what an importer hands on. Each exchange goes through a line of a corpus and
 * back, so whatever is kept is fit for one. */
#ifndef TOLLGATE_TESTS_IMPORT_SAMPLE_H
#define TOLLGATE_TESTS_IMPORT_SAMPLE_H

#include "replay/import.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#ifndef TOLLGATE_SOURCE_DIR
#define TOLLGATE_SOURCE_DIR "."
#endif

#define IMPORT_FOLDER TOLLGATE_SOURCE_DIR "/fixtures/import/"

enum { KEPT_MAX = 16 };

struct kept_import {
    struct arena arena;
    struct exchange exchanges[KEPT_MAX];
    size_t sizes[KEPT_MAX]; /* of the answers' bodies, as they were handed on */
    size_t exchange_count;
    char requests[KEPT_MAX][400]; /* "GET /a HTTP/1.1 200 12 @1000 host" of logged ones */
    size_t request_count;
    struct import_tally tally;
    struct error err;
    bool ok;
};

static inline bool keep_exchange(void *context, struct exchange *exchange,
                                 struct import_outcome *outcome, struct error *err)
{
    struct kept_import *kept = context;
    char *text;
    const char *endpoint;
    size_t size;
    (void)outcome;
    cr_assert_lt(kept->exchange_count, (size_t)KEPT_MAX);
    FILE *file = open_memstream(&text, &size);
    cr_assert(corpus_write_exchange(file, exchange, NULL, err), "%s", err->text);
    cr_assert_eq(fclose(file), 0);
    cr_assert(corpus_parse_exchange("kept", 1, text, size, &kept->arena,
                                    &kept->exchanges[kept->exchange_count], &endpoint, err),
              "%s: %s", err->where, err->text);
    kept->sizes[kept->exchange_count++] = exchange->response.body.size;
    free(text);
    return true;
}

static inline bool keep_request(void *context, const struct logged_request *request,
                                struct import_outcome *outcome, struct error *err)
{
    struct kept_import *kept = context;
    (void)outcome;
    (void)err;
    cr_assert_lt(kept->request_count, (size_t)KEPT_MAX);
    snprintf(kept->requests[kept->request_count++], sizeof kept->requests[0],
             "%.*s %.*s %s %d %lld @%lld%s%.*s", (int)request->method.size, request->method.data,
             (int)request->target.size, request->target.data, request->proto, request->status,
             (long long)request->size_bytes, (long long)request->ts_ns,
             request->authority.size > 0 ? " " : "", (int)request->authority.size,
             request->authority.size > 0 ? request->authority.data : "");
    return true;
}

/* Imports a file of fixtures/import, as the format that it looks like, or as the one named. */
static inline void import_kept(struct kept_import *kept, const char *path, const char *format,
                               const char *const *json_keys)
{
    const struct importer *importer = NULL;
    struct import_options options = {.json_keys = json_keys};
    struct import_sink sink = {keep_exchange, keep_request, kept};
    char full[512];
    memset(kept, 0, sizeof *kept);
    arena_init(&kept->arena);
    snprintf(full, sizeof full, "%s%s", path[0] == '/' ? "" : IMPORT_FOLDER, path);
    if (format != NULL)
        importer = importer_by_name(format);
    else
        cr_assert(importer_recognise(&importer, full, &kept->err), "%s", kept->err.text);
    cr_assert_not_null(importer, "%s is not recognised", path);
    kept->ok = importer->read(full, &options, &sink, &kept->tally, &kept->err);
    const struct import_tally *tally = &kept->tally;
    if (kept->ok)
        cr_expect_eq(tally->seen,
                     tally->imported + tally->joined + tally->left_out.total + tally->odd,
                     "%s: %zu seen are not %zu + %zu + %zu + %zu", path, tally->seen,
                     tally->imported, tally->joined, tally->left_out.total, tally->odd);
    else
        cr_expect_neq(kept->err.code, ERROR_NONE);
}

static inline void kept_release(struct kept_import *kept)
{
    arena_release(&kept->arena);
}

static inline const char *kept_header(const struct headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (strcmp(headers->items[i].name, name) == 0)
            return headers->items[i].value;
    }
    return NULL;
}

/* What a file gives: counts, and words of the first warning, reason or oddity. */
struct import_case {
    char file[64];
    size_t imported, joined, left_out, odd;
    char words[80]; /* in a reason for leaving out, an oddity, a warning or the error; "" = none */
};

static inline bool kept_says(const struct kept_import *kept, const char *words)
{
    const struct import_tally *tally = &kept->tally;
    for (size_t i = 0; i < tally->left_out.count; i++) {
        if (strstr(tally->left_out.items[i].text, words) != NULL)
            return true;
    }
    for (size_t i = 0; i < tally->warnings.count; i++) {
        if (strstr(tally->warnings.items[i].text, words) != NULL)
            return true;
    }
    for (size_t i = 0; i < IMPORT_ODD_SHOWN; i++) {
        if (strstr(tally->odd_shown[i].why, words) != NULL)
            return true;
    }
    return strstr(kept->err.text, words) != NULL;
}

static inline void expect_import(const struct import_case *each, const char *format)
{
    struct kept_import kept;
    import_kept(&kept, each->file, format, NULL);
    const struct import_tally *tally = &kept.tally;
    cr_expect(kept.ok, "%s: %s", each->file, kept.err.text);
    cr_expect_eq(tally->imported, each->imported, "%s: %zu imported", each->file, tally->imported);
    cr_expect_eq(tally->imported, kept.exchange_count + kept.request_count);
    cr_expect_eq(tally->joined, each->joined, "%s: %zu joined", each->file, tally->joined);
    cr_expect_eq(tally->left_out.total, each->left_out, "%s: %zu left out", each->file,
                 tally->left_out.total);
    cr_expect_eq(tally->odd, each->odd, "%s: %zu odd", each->file, tally->odd);
    cr_expect(kept_says(&kept, each->words), "%s does not say: %s", each->file, each->words);
    if (each->words[0] == '\0')
        cr_expect_eq(tally->left_out.total + tally->odd, 0, "%s says something", each->file);
    kept_release(&kept);
}

/* The files in a folder of fixtures/import, so that none is without a case. */
static inline size_t import_count_files(const char *folder)
{
    char path[512];
    size_t count = 0;
    snprintf(path, sizeof path, IMPORT_FOLDER "%s", folder);
    DIR *listed = opendir(path);
    cr_assert_not_null(listed);
    for (struct dirent *entry = readdir(listed); entry != NULL; entry = readdir(listed))
        count += entry->d_name[0] != '.';
    closedir(listed);
    return count;
}

#endif
