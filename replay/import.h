/* Importers: other tools' recordings and logs into exchanges of our corpus. One file and one row a
 * format. Content is hostile; inputs are read as streams. */
#ifndef TOLLGATE_REPLAY_IMPORT_H
#define TOLLGATE_REPLAY_IMPORT_H

#include "base/buffer.h"
#include "replay/corpus.h"

/* Where exchanges go, in the input's order. The exchange is borrowed until it returns. */
struct import_sink {
    bool (*take)(void *context, struct exchange *exchange, struct error *err);
    void *context;
};

enum { IMPORT_ODD_SHOWN = 5 };

/* What an import went through; for the report and for the share of odd lines that is put up with. */
struct import_tally {
    size_t seen;     /* records or lines, without blank ones */
    size_t imported;
    size_t odd;      /* skipped: not of the format */
    char odd_places[IMPORT_ODD_SHOWN][256]; /* of the first few: "file:12: why" */
    size_t warnings; /* imported, but something of them could not be kept */
    char warning_texts[IMPORT_ODD_SHOWN][256];
};

struct import_options {
    const char *const *json_keys; /* of JSON logs: "field=key" pairs; NULL-terminated or NULL */
};

struct importer {
    const char *name; /* "har" */
    const char *help; /* one line */
    /* Whether a file that begins with these bytes is of this format: 0 no, more is surer. */
    int (*recognise)(const char *head, size_t size);
    bool (*read)(const char *path, const struct import_options *options, struct import_sink *sink,
                 struct import_tally *tally, struct error *err);
};

/* NULL-terminated. */
const struct importer *const *importer_list(void);
const struct importer *importer_by_name(const char *name);

/* The surest; NULL when none recognises the file. Looks into .gz. */
MUST_CHECK bool importer_recognise(const struct importer **importer, const char *path,
                                   struct error *err);

#endif
