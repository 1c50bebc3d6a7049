/* The files of a recording. While one is written it bears its name with ".part" behind it, so that
 * an older recording of the name stays until there is a whole new one. After any kill the part
 * holds whole lines but for the last. */
#ifndef TOLLGATE_REPLAY_RECORDING_FILE_H
#define TOLLGATE_REPLAY_RECORDING_FILE_H

#include "replay/corpus.h"

#include <stdint.h>

struct recording_files {
    const char *path; /* of the first; borrowed */
    uint64_t rotate_bytes;
    struct corpus_header header;
    FILE *stream;
    char *part;   /* name while it is written; NULL for a device or pipe */
    char **names; /* of the finished ones and the present one */
    size_t count;
    uint64_t good_bytes; /* of the present file: whole lines */
    uint64_t all_bytes;  /* of all files: whole lines */
    uint64_t exchanges;  /* in the present file */
    bool special;
};

/* Opens the first. ERROR_IO when it cannot be written; ERROR_USAGE when a part of that name is
 * there already. */
MUST_CHECK bool recording_files_open(struct recording_files *files, const char *path,
                                     uint64_t rotate_bytes, const struct corpus_header *header,
                                     struct error *err);

/* Writes the exchange as a line, in a file of its own when the present one is full. On failure what
 * had been written of it is cut off again. ERROR_INPUT: a corpus cannot hold it, and the next one
 * can be written. ERROR_IO: nothing more can be. */
MUST_CHECK bool recording_files_write(struct recording_files *files,
                                      const struct exchange *exchange, const char *endpoint,
                                      struct error *err);

/* Gives the present file its name; one without exchanges is removed instead. */
MUST_CHECK bool recording_files_close(struct recording_files *files, struct error *err);

/* Frees; does not touch what is on the disk. */
void recording_files_release(struct recording_files *files);

/* "corpus.jsonl", then "corpus-2.jsonl" and so on. NULL when out of memory. */
MUST_CHECK char *recording_file_numbered(const char *path, size_t number);

#endif
