/* A table of figures for a terminal of any width: less important columns give way first, then the
 * first column's names, and at last each row becomes a short paragraph. */
#ifndef TOLLGATE_REPORTERS_COST_TABLE_H
#define TOLLGATE_REPORTERS_COST_TABLE_H

#include "base/terminal.h"
#include "reporters/reporter.h"

enum { COST_TABLE_COLUMNS_MAX = 12 };

struct cost_column {
    const char *title;
    int rank;        /* the highest gives way first; 0 stays */
    bool left;       /* its cells begin at its left; else they end at its right */
    const char *say; /* in a paragraph, behind the figure: "a month"; NULL = the title */
};

struct cost_row {
    const char *name;                          /* from outside: made safe here */
    const char *cells[COST_TABLE_COLUMNS_MAX]; /* by column; NULL or "" = none. From outside, too */
    struct text_style styles[COST_TABLE_COLUMNS_MAX];
    bool apart; /* a blank line before it */
};

struct cost_table {
    const char *title; /* of the names */
    const struct cost_column *columns;
    size_t column_count;
    const struct cost_row *rows;
    size_t row_count;
};

void cost_table_append(struct buffer *out, const struct report_style *style,
                       const struct cost_table *table);

#endif
