/* Which marks of a line table say that a statement is executed. Of optimised code a mark may be
 * left where no instruction of its line is: all were moved, or the statement was merged with
 * another. Where the line has marked code elsewhere in the function that decides; where it has no
 * code at all nothing of it was kept; only else does the mark tell where the statement is. */
#include "rig/symbols_private.h"

#include <stdlib.h>
#include <string.h>

enum { HAS_CODE = 1, HAS_MARKED_CODE = 2 };

/* A line in one function, or in one place that the function was inlined at. */
struct line {
    uint32_t function, file, number;
    uint32_t has;
};

static bool is_empty(const struct symbols_row *row)
{
    return !row->end && row[1].address == row->address;
}

static struct line line_of(const struct symbols_unit *unit, const struct symbols_row *row)
{
    return (struct line){symbols_segments_find(&unit->segments, row->address), row->file, row->line,
                         row->statement ? HAS_CODE | HAS_MARKED_CODE : HAS_CODE};
}

static int compare(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Those with code, each once. */
static size_t list_lines(const struct symbols_unit *unit, struct line *lines)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < unit->row_count; i++)
        if (!unit->rows[i].end && !is_empty(&unit->rows[i]))
            lines[count++] = line_of(unit, &unit->rows[i]);
    if (count > 0)
        qsort(lines, count, sizeof *lines, compare);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && compare(&lines[kept - 1], &lines[i]) == 0)
            lines[kept - 1].has |= lines[i].has;
        else
            lines[kept++] = lines[i];
    }
    return kept;
}

bool symbols_statements_settle(struct symbols_unit *unit)
{
    if (unit->row_count == 0)
        return true;
    struct line *lines = calloc(unit->row_count, sizeof *lines);
    if (lines == NULL)
        return false;
    size_t count = list_lines(unit, lines);
    for (size_t i = 0; i < unit->row_count; i++) {
        struct symbols_row *row = &unit->rows[i];
        if (!row->statement || row->end || !is_empty(row))
            continue;
        struct line key = line_of(unit, row);
        const struct line *found =
            count > 0 ? bsearch(&key, lines, count, sizeof *lines, compare) : NULL;
        row->statement = found != NULL && found->has == HAS_CODE;
    }
    free(lines);
    return true;
}
