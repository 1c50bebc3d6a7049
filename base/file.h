/* Whole files in and out. An output file is there whole or not at all. */
#ifndef TOLLGATE_BASE_FILE_H
#define TOLLGATE_BASE_FILE_H

#include "base/buffer.h"

/* Appends the file's bytes to `out`; fails when it holds more than `out->max`. */
MUST_CHECK bool file_read(const char *path, struct buffer *out, struct error *err);

/* Writes to a temporary file beside `path`, flushes it to disk and renames it over `path`. On
 * failure an existing file stays as it was and nothing is left beside it. A device, pipe or socket
 * is written to as it is, never replaced. */
MUST_CHECK bool file_write_atomic(const char *path, const void *data, size_t size,
                                  struct error *err);

/* Makes the directory and those above it that are missing. */
MUST_CHECK bool file_make_directories(const char *path, struct error *err);

/* Removes a folder and all below it, without following links. */
MUST_CHECK bool file_remove_tree(const char *path, struct error *err);

bool file_exists(const char *path);

/* Appends the last `lines` lines of the file to `out`; a file that cannot be read appends
 * nothing. Looks at no more than the last 16 KiB. */
void file_append_tail(const char *path, size_t lines, struct buffer *out);

/* FNV-1a, 64 bits: names contents, protects against nothing. Start from FILE_HASH_START. */
#define FILE_HASH_START 0xcbf29ce484222325ULL
unsigned long long file_hash_bytes(unsigned long long hash, const void *data, size_t size);
MUST_CHECK bool file_hash(const char *path, unsigned long long *hash, struct error *err);

#endif
