#include "base/csv.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTE_ORDER_MARK_BYTES = 3, MESSAGE_SIZE = 1024, WHERE_SIZE = 512, NAME_SHOWN_BYTES = 80 };

static bool fail_at(const struct csv_reader *reader, size_t line, size_t column, struct error *err,
                    const char *format, ...) PRINTF_LIKE(5, 6);

static bool fail_at(const struct csv_reader *reader, size_t line, size_t column, struct error *err,
                    const char *format, ...)
{
    char where[WHERE_SIZE], text[MESSAGE_SIZE];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    snprintf(where, sizeof where, "%s:%zu:%zu", reader->name, line, column);
    return error_set_at(err, ERROR_INPUT, where, "%s", text);
}

static bool fail_here(const struct csv_reader *reader, struct error *err, const char *text)
{
    return fail_at(reader, reader->line, reader->at - reader->line_start + 1, err, "%s", text);
}

/* CRLF or LF; nothing else ends a line. */
static size_t line_end_size(const struct csv_reader *reader)
{
    const char *at = reader->text + reader->at;
    if (*at == '\n')
        return 1;
    return *at == '\r' && reader->at + 1 < reader->size && at[1] == '\n' ? 2 : 0;
}

static void pass_line_end(struct csv_reader *reader, size_t size)
{
    reader->at += size;
    reader->line++;
    reader->line_start = reader->at;
}

/* Stands behind the opening quote; ends behind the closing one. */
static bool read_quoted(struct csv_reader *reader, const struct csv_field *field, struct error *err)
{
    while (reader->at < reader->size) {
        char c = reader->text[reader->at];
        bool doubled =
            c == '"' && reader->at + 1 < reader->size && reader->text[reader->at + 1] == '"';
        if (c == '"' && !doubled) {
            reader->at++;
            return true;
        }
        if (c == '\0')
            return fail_here(reader, err, "a NUL byte: this is no text");
        buffer_append_char(&reader->bytes, c);
        reader->at += doubled ? 2 : 1;
        if (c == '\n')
            pass_line_end(reader, 0);
        if (reader->bytes.failed)
            return true; /* the caller tells */
    }
    return fail_at(reader, field->line, field->column, err,
                   "a quoted field begins here and does not end");
}

static bool read_plain(struct csv_reader *reader, struct error *err)
{
    while (reader->at < reader->size && line_end_size(reader) == 0) {
        char c = reader->text[reader->at];
        if (c == ',')
            return true;
        if (c == '"')
            return fail_here(reader, err,
                             "a quote inside a field that does not begin with one; put the whole "
                             "field in quotes and write this one twice");
        if (c == '\r')
            return fail_here(reader, err, "a carriage return that no line feed follows");
        if (c == '\0')
            return fail_here(reader, err, "a NUL byte: this is no text");
        buffer_append_char(&reader->bytes, c);
        if (reader->bytes.failed)
            return true;
        reader->at++;
    }
    return true;
}

static bool fail_large(const struct csv_reader *reader, struct error *err)
{
    if (reader->bytes.length + 1 < reader->bytes.max)
        return error_set_memory(err);
    return fail_at(reader, reader->fields[0].line, reader->fields[0].column, err,
                   "a record of more than %d bytes", CSV_RECORD_MAX_BYTES);
}

static bool read_field(struct csv_reader *reader, struct error *err)
{
    if (reader->field_count == CSV_FIELDS_MAX)
        return fail_at(reader, reader->line, 1, err, "more than %d fields", CSV_FIELDS_MAX);
    struct csv_field *field = &reader->fields[reader->field_count++];
    *field =
        (struct csv_field){reader->bytes.length, reader->line, reader->at - reader->line_start + 1};
    bool quoted = reader->at < reader->size && reader->text[reader->at] == '"';
    if (quoted)
        reader->at++;
    if (quoted ? !read_quoted(reader, field, err) : !read_plain(reader, err))
        return false;
    buffer_append_char(&reader->bytes, '\0');
    if (reader->bytes.failed)
        return fail_large(reader, err);
    if (reader->at < reader->size && reader->text[reader->at] != ',' && line_end_size(reader) == 0)
        return fail_here(reader, err, "text behind the quote that ends the field");
    const char *content = reader->bytes.data + field->offset;
    if (!text_is_utf8(content, reader->bytes.length - field->offset - 1))
        return fail_at(reader, field->line, field->column, err, "this field is not UTF-8");
    return true;
}

/* Whatever record comes next, of any number of fields. */
static bool read_record(struct csv_reader *reader, bool *more, struct error *err)
{
    size_t size;
    buffer_clear(&reader->bytes);
    reader->field_count = 0;
    while (reader->at < reader->size && (size = line_end_size(reader)) > 0)
        pass_line_end(reader, size);
    *more = reader->at < reader->size;
    if (!*more)
        return true;
    if (!read_field(reader, err))
        return false;
    while (reader->at < reader->size && reader->text[reader->at] == ',') {
        reader->at++;
        if (!read_field(reader, err))
            return false;
    }
    if (reader->at < reader->size)
        pass_line_end(reader, line_end_size(reader));
    return true;
}

static bool fail_twice(const struct csv_reader *reader, size_t column, struct error *err)
{
    const struct csv_field *field = &reader->fields[column];
    return fail_at(reader, field->line, field->column, err, "the column \"%.80s\" is there twice",
                   csv_field(reader, column));
}

static bool keep_header(struct csv_reader *reader, struct error *err)
{
    buffer_append(&reader->header_bytes, reader->bytes.data, reader->bytes.length);
    if (!buffer_check(&reader->header_bytes, err))
        return false;
    for (size_t i = 0; i < reader->field_count; i++) {
        reader->header_offsets[i] = reader->fields[i].offset;
        if (csv_field(reader, i)[0] != '\0' && csv_column(reader, csv_field(reader, i)) != CSV_NONE)
            return fail_twice(reader, i, err);
        reader->header_count = i + 1;
    }
    return true;
}

bool csv_open(struct csv_reader *reader, const char *name, const char *text, size_t size,
              struct error *err)
{
    bool more = false;
    *reader = (struct csv_reader){.name = name, .text = text, .size = size, .line = 1};
    buffer_init(&reader->bytes, CSV_RECORD_MAX_BYTES);
    buffer_init(&reader->header_bytes, CSV_RECORD_MAX_BYTES);
    if (size >= BYTE_ORDER_MARK_BYTES && memcmp(text, "\xef\xbb\xbf", BYTE_ORDER_MARK_BYTES) == 0)
        reader->at = reader->line_start = BYTE_ORDER_MARK_BYTES;
    bool ok = read_record(reader, &more, err);
    if (ok && !more)
        ok = fail_at(reader, 1, 1, err, "is empty: the first line names the columns");
    ok = ok && keep_header(reader, err);
    if (!ok)
        csv_release(reader);
    return ok;
}

void csv_release(struct csv_reader *reader)
{
    buffer_release(&reader->bytes);
    buffer_release(&reader->header_bytes);
    reader->field_count = reader->header_count = 0;
}

size_t csv_column(const struct csv_reader *reader, const char *column)
{
    for (size_t i = 0; i < reader->header_count; i++)
        if (strcmp(csv_column_name(reader, i), column) == 0)
            return i;
    return CSV_NONE;
}

const char *csv_column_name(const struct csv_reader *reader, size_t column)
{
    return reader->header_bytes.data + reader->header_offsets[column];
}

bool csv_fail_without(const struct csv_reader *reader, const char *column, struct error *err)
{
    const char *names[CSV_FIELDS_MAX + 1] = {NULL};
    char where[WHERE_SIZE];
    for (size_t i = 0; i < reader->header_count; i++)
        names[i] = csv_column_name(reader, i);
    const char *nearest = text_nearest(column, names);
    snprintf(where, sizeof where, "%s:1", reader->name);
    return error_set_at(
        err, ERROR_INPUT, where, "there is no column \"%s\"%s%.*s%s", column,
        nearest != NULL ? "; did you mean \"" : "; the first line names the columns",
        NAME_SHOWN_BYTES, nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

bool csv_next(struct csv_reader *reader, bool *more, struct error *err)
{
    if (!read_record(reader, more, err))
        return false;
    if (!*more || reader->field_count == reader->header_count)
        return true;
    return fail_at(reader, reader->fields[0].line, 1, err,
                   "%zu field%s, where the first line names %zu", reader->field_count,
                   reader->field_count == 1 ? "" : "s", reader->header_count);
}

const char *csv_field(const struct csv_reader *reader, size_t column)
{
    return reader->bytes.data + reader->fields[column].offset;
}

size_t csv_line(const struct csv_reader *reader)
{
    return reader->field_count > 0 ? reader->fields[0].line : reader->line;
}

bool csv_fail(const struct csv_reader *reader, size_t column, struct error *err, const char *format,
              ...)
{
    char where[WHERE_SIZE], text[MESSAGE_SIZE];
    va_list values;
    const struct csv_field *field = &reader->fields[column];
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    snprintf(where, sizeof where, "%s:%zu:%zu (%.80s)", reader->name, field->line, field->column,
             csv_column_name(reader, column));
    return error_set_at(err, ERROR_INPUT, where, "%s", text);
}
