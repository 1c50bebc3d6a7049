/* The committed map of endpoints: a JSON file with one template a line, and what made each. People
 * may edit it; a line that is there stays. */
#ifndef TOLLGATE_REPLAY_ENDPOINT_FILE_H
#define TOLLGATE_REPLAY_ENDPOINT_FILE_H

#include "base/buffer.h"
#include "replay/endpoints.h"

enum { ENDPOINT_FILE_SCHEMA_VERSION = 1, ENDPOINT_FILE_MAX_BYTES = 32 * 1024 * 1024 };

/* A line of the map. */
struct endpoint_file_row {
    const char *text; /* the template */
    const char *rule; /* "" = not said */
    const char *note; /* a person's remark; NULL = none */
};

struct endpoint_file {
    struct endpoint_file_row *rows;
    size_t count;
};

/* Rows live in `arena`. Errors name the file and the field; templates are checked, each by itself
 * and against the others. */
MUST_CHECK bool endpoint_file_read(struct endpoint_file *out, const char *path, struct arena *arena,
                                   struct error *err);
MUST_CHECK bool endpoint_file_parse(struct endpoint_file *out, const char *name, const char *text,
                                    size_t size, struct arena *arena, struct error *err);

/* Appends the file's text, the rows by path and then method: adding one changes few lines. */
MUST_CHECK bool endpoint_file_append(struct buffer *out, const struct endpoint_file *file,
                                     struct error *err);

#endif
