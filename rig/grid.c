#include "rig/grid.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, NAME_MAX_BYTES = 4096 };

void grid_init(struct grid *grid, const char *const *titles, size_t count)
{
    if (count > GRID_COLUMNS_MAX)
        BUG("%zu columns", count);
    *grid = (struct grid){.column_count = count};
    arena_init(&grid->arena);
    for (size_t c = 0; c < count; c++)
        grid->titles.cells[c] = titles[c];
}

void grid_release(struct grid *grid)
{
    arena_release(&grid->arena);
    free(grid->rows);
    *grid = (struct grid){0};
}

static bool make_room(struct grid *grid)
{
    size_t wanted = grid->row_room == 0 ? 32 : grid->row_room * 2;
    if (grid->row_count < grid->row_room)
        return true;
    struct grid_row *rows = reallocarray(grid->rows, wanted, sizeof *rows);
    if (rows == NULL)
        return false;
    grid->rows = rows;
    grid->row_room = wanted;
    return true;
}

bool grid_add(struct grid *grid, const char *const *cells, struct error *err)
{
    struct grid_row row = {{NULL}};
    struct buffer name;
    bool ok = make_room(grid);
    size_t last = grid->column_count - 1;
    buffer_init(&name, NAME_MAX_BYTES);
    text_append_safe(&name, cells[last], strnlen(cells[last], NAME_MAX_BYTES / 8), false);
    for (size_t c = 0; ok && c <= last; c++) {
        row.cells[c] = arena_copy_string(&grid->arena, c < last ? cells[c] : buffer_text(&name));
        ok = row.cells[c] != NULL;
    }
    if (ok)
        grid->rows[grid->row_count++] = row;
    buffer_release(&name);
    return ok || error_set_memory(err);
}

static size_t column_width(const struct grid *grid, size_t column)
{
    size_t most = text_columns(grid->titles.cells[column]);
    for (size_t r = 0; r < grid->row_count; r++) {
        size_t width = text_columns(grid->rows[r].cells[column]);
        most = width > most ? width : most;
    }
    return most;
}

size_t grid_width(const struct grid *grid)
{
    size_t sum = 0;
    for (size_t c = 0; c < grid->column_count; c++)
        sum += column_width(grid, c) + (c > 0 ? GAP : 0);
    return sum;
}

static void append_row(struct buffer *out, const struct grid *grid, const struct grid_row *row,
                       const size_t *widths)
{
    size_t last = grid->column_count - 1;
    for (size_t c = 0; c < last; c++) {
        buffer_append_repeat(out, ' ', widths[c] - text_columns(row->cells[c]));
        buffer_append_string(out, row->cells[c]);
        buffer_append_repeat(out, ' ', GAP);
    }
    buffer_append_string(out, row->cells[last]);
    buffer_append_char(out, '\n');
}

/* The name, and under it "title cell" as many as fit on a line. */
static void append_paragraph(struct buffer *out, const struct grid *grid,
                             const struct grid_row *row, size_t columns)
{
    size_t last = grid->column_count - 1, used = 0;
    buffer_append_string(out, row->cells[last]);
    for (size_t c = 0; c < last; c++) {
        size_t width = text_columns(grid->titles.cells[c]) + 1 + text_columns(row->cells[c]);
        bool fits = used > 0 && used + GAP + width <= columns;
        buffer_append_string(out, fits ? ", " : "\n  ");
        used = fits ? used + GAP + width : GAP + width;
        buffer_append_format(out, "%s %s", grid->titles.cells[c], row->cells[c]);
    }
    buffer_append_char(out, '\n');
}

void grid_append(struct buffer *out, const struct grid *grid, int columns)
{
    size_t widths[GRID_COLUMNS_MAX];
    if (columns > 0 && grid_width(grid) > (size_t)columns) {
        for (size_t r = 0; r < grid->row_count; r++)
            append_paragraph(out, grid, &grid->rows[r], (size_t)columns);
        return;
    }
    for (size_t c = 0; c < grid->column_count; c++)
        widths[c] = column_width(grid, c);
    append_row(out, grid, &grid->titles, widths);
    for (size_t r = 0; r < grid->row_count; r++)
        append_row(out, grid, &grid->rows[r], widths);
}
