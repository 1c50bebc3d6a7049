#include "insights/cost_counts.h"

#include "base/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64, NUMBER_MAX_BYTES = 40, SHOWN_BYTES = 80 };

static const double requests_max = 1e15;

struct columns {
    size_t endpoint, requests, period;
};

/* The rows while they are read: their number is not known before. */
struct growing {
    struct cost_count *rows;
    size_t count, room;
};

static bool find_columns(const struct csv_reader *csv, struct columns *columns, struct error *err)
{
    columns->endpoint = csv_column(csv, "endpoint");
    columns->requests = csv_column(csv, "requests");
    columns->period = csv_column(csv, "period");
    if (columns->endpoint == CSV_NONE)
        return csv_fail_without(csv, "endpoint", err);
    return columns->requests != CSV_NONE || csv_fail_without(csv, "requests", err);
}

static bool read_requests(const struct csv_reader *csv, size_t column, double *out,
                          struct error *err)
{
    const char *text = csv_field(csv, column);
    size_t length = strlen(text);
    char *end = NULL;
    if (length == 0)
        return csv_fail(csv, column, err, "is empty: give 0 where there were no requests");
    if (*text == '-')
        return csv_fail(csv, column, err, "is negative");
    if (length > NUMBER_MAX_BYTES || strspn(text, "0123456789.eE+-") != length)
        return csv_fail(csv, column, err, "\"%.*s\" is no number such as 1200000", SHOWN_BYTES,
                        text);
    double value = strtod(text, &end);
    if (*end != '\0' || !isfinite(value))
        return csv_fail(csv, column, err, "\"%.*s\" is no number such as 1200000", SHOWN_BYTES,
                        text);
    if (value > requests_max)
        return csv_fail(csv, column, err, "is more than %g", requests_max);
    *out = value;
    return true;
}

static bool read_period(const struct csv_reader *csv, size_t column, double *hours,
                        struct error *err)
{
    *hours = NAN;
    if (column == CSV_NONE || *csv_field(csv, column) == '\0')
        return true;
    if (cost_parse_period(csv_field(csv, column), hours))
        return true;
    return csv_fail(csv, column, err, "\"%.*s\" is no period such as day, month, 30 days or 90m",
                    SHOWN_BYTES, csv_field(csv, column));
}

static bool make_room(struct growing *growing, struct error *err)
{
    if (growing->count < growing->room)
        return true;
    size_t room = growing->room > 0 ? 2 * growing->room : FIRST_ROOM;
    struct cost_count *rows = reallocarray(growing->rows, room, sizeof *rows);
    if (rows == NULL)
        return error_set_memory(err);
    growing->rows = rows;
    growing->room = room;
    return true;
}

static bool read_row(const struct csv_reader *csv, const struct columns *columns,
                     struct growing *growing, struct arena *arena, struct error *err)
{
    struct cost_count row = {.line = csv_line(csv)};
    const char *endpoint = csv_field(csv, columns->endpoint);
    if (*endpoint == '\0')
        return csv_fail(csv, columns->endpoint, err,
                        "is empty: name it as the report does, such as \"GET /v3/feed\"");
    if (growing->count == COST_COUNTS_MAX)
        return csv_fail(csv, columns->endpoint, err, "more than %d endpoints", COST_COUNTS_MAX);
    if (!read_requests(csv, columns->requests, &row.requests, err) ||
        !read_period(csv, columns->period, &row.period_hours, err) || !make_room(growing, err))
        return false;
    row.endpoint = arena_copy_string(arena, endpoint);
    if (row.endpoint == NULL)
        return error_set_memory(err);
    growing->rows[growing->count++] = row;
    return true;
}

/* By name; the earlier line first among equals. */
static int compare_rows(const void *a, const void *b)
{
    const struct cost_count *left = a, *right = b;
    int names = strcmp(left->endpoint, right->endpoint);
    if (names != 0)
        return names;
    return left->line < right->line ? -1 : left->line > right->line;
}

static bool refuse_twins(const struct growing *growing, const char *path, struct error *err)
{
    for (size_t i = 1; i < growing->count; i++) {
        const struct cost_count *first = &growing->rows[i - 1], *twin = &growing->rows[i];
        char where[512];
        if (strcmp(first->endpoint, twin->endpoint) != 0)
            continue;
        snprintf(where, sizeof where, "%s:%zu", path, twin->line);
        return error_set_at(err, ERROR_INPUT, where,
                            "\"%.*s\" stands in line %zu already; give an endpoint one row with "
                            "all its requests",
                            SHOWN_BYTES, twin->endpoint, first->line);
    }
    return true;
}

static bool read_rows(struct csv_reader *csv, struct growing *growing, struct arena *arena,
                      struct error *err)
{
    struct columns columns;
    bool more = true;
    if (!find_columns(csv, &columns, err))
        return false;
    while (csv_next(csv, &more, err)) {
        if (!more)
            return true;
        if (!read_row(csv, &columns, growing, arena, err))
            return false;
    }
    return false;
}

bool cost_counts_parse(struct cost_counts *counts, const char *path, const char *text, size_t size,
                       struct arena *arena, struct error *err)
{
    struct csv_reader csv;
    struct growing growing = {0};
    *counts = (struct cost_counts){0};
    if (!csv_open(&csv, path, text, size, err))
        return false;
    bool ok = read_rows(&csv, &growing, arena, err);
    csv_release(&csv);
    if (ok && growing.count > 0)
        qsort(growing.rows, growing.count, sizeof *growing.rows, compare_rows);
    ok = ok && refuse_twins(&growing, path, err);
    struct cost_count *rows = ok ? arena_alloc_array(arena, growing.count, sizeof *rows) : NULL;
    const char *name = ok ? arena_copy_string(arena, path) : NULL;
    if (ok && (rows == NULL || name == NULL))
        ok = error_set_memory(err);
    if (ok && growing.count > 0)
        memcpy(rows, growing.rows, growing.count * sizeof *rows);
    if (ok)
        *counts = (struct cost_counts){name, rows, growing.count};
    free(growing.rows);
    return ok;
}

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct cost_count *)row)->endpoint);
}

const struct cost_count *cost_counts_find(const struct cost_counts *counts, const char *endpoint)
{
    if (counts->count == 0)
        return NULL;
    return bsearch(endpoint, counts->rows, counts->count, sizeof *counts->rows, compare_name);
}
