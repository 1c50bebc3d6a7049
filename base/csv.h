/* Reading CSV as RFC 4180 has it: comma, double quotes, "" inside them, CRLF or LF. The first
 * record names the columns; every other has as many fields. Lines with nothing on them are skipped,
 * and so is a byte order mark. What breaks the rules is refused with its line and column, never
 * guessed. */
#ifndef TOLLGATE_BASE_CSV_H
#define TOLLGATE_BASE_CSV_H

#include "base/buffer.h"

#include <stddef.h>

enum {
    CSV_FIELDS_MAX = 1024,          /* of a record */
    CSV_RECORD_MAX_BYTES = 1 << 20, /* all its fields together */
};

#define CSV_NONE ((size_t)-1)

struct csv_field {
    size_t offset;       /* into `bytes` */
    size_t line, column; /* where it begins, both from 1; columns are bytes */
};

struct csv_reader {
    const char *name; /* of the file, for errors; borrowed, as is the text */
    const char *text;
    size_t size, at;
    size_t line, line_start;
    struct buffer bytes; /* the record's fields, each with a NUL behind it */
    struct csv_field fields[CSV_FIELDS_MAX];
    size_t field_count;
    struct buffer header_bytes;
    size_t header_offsets[CSV_FIELDS_MAX];
    size_t header_count;
};

/* Reads the header. On failure nothing needs release. */
MUST_CHECK bool csv_open(struct csv_reader *reader, const char *name, const char *text, size_t size,
                         struct error *err);
void csv_release(struct csv_reader *reader);

/* The number of the column; CSV_NONE when there is none. Case counts. */
size_t csv_column(const struct csv_reader *reader, const char *column);

/* The name of a column. Borrowed until csv_release. */
const char *csv_column_name(const struct csv_reader *reader, size_t column);

/* ERROR_INPUT that names the missing column and the nearest one that is there. Returns false. */
bool csv_fail_without(const struct csv_reader *reader, const char *column, struct error *err);

/* The next record. *more is false at the end, and then there are no fields. */
MUST_CHECK bool csv_next(struct csv_reader *reader, bool *more, struct error *err);

/* A field of the record, without the quotes. Borrowed until the next record. */
const char *csv_field(const struct csv_reader *reader, size_t column);

/* The line on which the record begins. */
size_t csv_line(const struct csv_reader *reader);

/* ERROR_INPUT at the field: "bill.csv:17:4 (EffectiveCost)". Returns false. */
bool csv_fail(const struct csv_reader *reader, size_t column, struct error *err, const char *format,
              ...) PRINTF_LIKE(4, 5);

#endif
