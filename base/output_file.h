/* A large output file, written as a stream: there whole or not at all. What is written has no name
 * until it is kept, so that even a killed process leaves nothing behind (on file systems that know
 * nameless files; on others a temporary one beside `path`). A device, pipe or socket is written to
 * as it is. */
#ifndef TOLLGATE_BASE_OUTPUT_FILE_H
#define TOLLGATE_BASE_OUTPUT_FILE_H

#include "base/error.h"

#include <stdio.h>

struct output_file {
    FILE *stream; /* write here */
    const char *path;
    char *temporary; /* NULL: nameless, or a device */
    bool special;
};

/* `path` is borrowed until the file is kept or dropped. On failure there is nothing to drop. */
MUST_CHECK bool output_file_open(struct output_file *file, const char *path, struct error *err);

/* Flushes to disk and gives the file its name, over an older one. On failure the older one stays,
 * and nothing is left to drop. */
MUST_CHECK bool output_file_keep(struct output_file *file, struct error *err);

/* Forgets what was written. Does nothing after output_file_keep. */
void output_file_drop(struct output_file *file);

/* A file to read and write that never has a name and is gone when closed: in the folder of `path`
 * where that is a regular file's, else in the system's folder for such. NULL on failure. */
MUST_CHECK FILE *output_file_scratch(const char *path, struct error *err);

#endif
