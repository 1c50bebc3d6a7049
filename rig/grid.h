/* A table of short texts for a terminal: columns as wide as they must be, the last one a name.
 * Where that is wider than the terminal, a short paragraph a row. */
#ifndef TOLLGATE_RIG_GRID_H
#define TOLLGATE_RIG_GRID_H

#include "base/arena.h"
#include "base/buffer.h"

enum { GRID_COLUMNS_MAX = 12 };

struct grid_row {
    const char *cells[GRID_COLUMNS_MAX];
};

struct grid {
    struct arena arena;
    size_t column_count;
    struct grid_row titles;
    struct grid_row *rows;
    size_t row_count, row_room;
};

/* `titles` are borrowed; the last is of the names. */
void grid_init(struct grid *grid, const char *const *titles, size_t count);
void grid_release(struct grid *grid);

/* The cells are copied; the last may be text from outside. */
MUST_CHECK bool grid_add(struct grid *grid, const char *const *cells, struct error *err);

/* Columns that the table takes. */
size_t grid_width(const struct grid *grid);

/* Into a terminal of so many columns; 0 = a line a row in any case. */
void grid_append(struct buffer *out, const struct grid *grid, int columns);

#endif
