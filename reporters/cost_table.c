#include "reporters/cost_table.h"

#include "base/text.h"
#include "reporters/layout.h"

#include <limits.h>
#include <string.h>

enum {
    GAP = 2,
    NAME_LEAST = 14,
    CELL_MAX_COLUMNS = 32,
    INDENT = 2,
    PARAGRAPH_RANK = 3, /* less important columns are in no paragraph */
    TEXT_MAX_BYTES = 1 << 20,
};

/* What is shown, and how wide. */
struct plan {
    const struct cost_table *table;
    const struct report_style *style;
    bool shown[COST_TABLE_COLUMNS_MAX];
    size_t widths[COST_TABLE_COLUMNS_MAX];
    size_t name;
    bool failed; /* out of memory */
};

static size_t larger_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* A cell as it is shown: safe, and not endless. */
static void make_cell(struct plan *plan, struct buffer *out, const char *text, size_t columns)
{
    buffer_clear(out);
    layout_append_short(out, text != NULL ? text : "", columns, plan->style->utf8);
    plan->failed = plan->failed || out->failed;
}

static void measure(struct plan *plan)
{
    const struct cost_table *table = plan->table;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    plan->name = text_columns(table->title);
    for (size_t i = 0; i < table->column_count; i++)
        plan->widths[i] = 0;
    for (size_t row = 0; row < table->row_count; row++) {
        make_cell(plan, &text, table->rows[row].name, SIZE_MAX);
        plan->name = larger_of(plan->name, text_columns(buffer_text(&text)));
        for (size_t i = 0; i < table->column_count; i++) {
            make_cell(plan, &text, table->rows[row].cells[i], CELL_MAX_COLUMNS);
            plan->widths[i] = larger_of(plan->widths[i], text_columns(buffer_text(&text)));
        }
    }
    /* A column without any figure is none. */
    for (size_t i = 0; i < table->column_count; i++) {
        plan->shown[i] = plan->widths[i] > 0;
        plan->widths[i] = larger_of(plan->widths[i], text_columns(table->columns[i].title));
    }
    buffer_release(&text);
}

static size_t taken(const struct plan *plan)
{
    size_t sum = 0;
    for (size_t i = 0; i < plan->table->column_count; i++)
        sum += plan->shown[i] ? plan->widths[i] + GAP : 0;
    return sum;
}

/* Hides the least important column; false when only those are left that stay. */
static bool hide_one(struct plan *plan)
{
    size_t worst = plan->table->column_count;
    int rank = 0;
    for (size_t i = 0; i < plan->table->column_count; i++)
        if (plan->shown[i] && plan->table->columns[i].rank > rank) {
            rank = plan->table->columns[i].rank;
            worst = i;
        }
    if (rank == 0)
        return false;
    plan->shown[worst] = false;
    return true;
}

/* Whether it fits as a table. */
static bool fit(struct plan *plan)
{
    size_t columns = (size_t)plan->style->columns;
    size_t least = plan->name < NAME_LEAST ? plan->name : NAME_LEAST;
    /* Names are worth more than the last columns: half the line may be theirs. */
    size_t wanted = plan->name < columns / 2 ? plan->name : columns / 2;
    while (taken(plan) + larger_of(least, wanted) > columns)
        if (!hide_one(plan))
            break;
    if (taken(plan) + least > columns)
        return false;
    size_t room = columns - taken(plan);
    plan->name = plan->name < room ? plan->name : room;
    return true;
}

/* Padding is owed, so that none is left at a line's end. */
static void put(struct buffer *out, const struct plan *plan, size_t *owed, const char *text,
                size_t width, bool left, struct text_style style)
{
    size_t columns = text_columns(text), free = columns < width ? width - columns : 0;
    if (*text == '\0') {
        *owed += width + GAP;
        return;
    }
    buffer_append_repeat(out, ' ', *owed + (left ? 0 : free));
    terminal_append_styled(out, plan->style->color, style, text);
    *owed = GAP + (left ? free : 0);
}

static void append_head(struct buffer *out, const struct plan *plan)
{
    static const struct text_style dim = {.dim = true};
    const struct cost_table *table = plan->table;
    size_t owed = 0;
    put(out, plan, &owed, table->title, plan->name, true, dim);
    for (size_t i = 0; i < table->column_count; i++)
        if (plan->shown[i])
            put(out, plan, &owed, table->columns[i].title, plan->widths[i], table->columns[i].left,
                dim);
    buffer_append_char(out, '\n');
}

static void append_row(struct buffer *out, struct plan *plan, const struct cost_row *row)
{
    static const struct text_style plain;
    const struct cost_table *table = plan->table;
    struct buffer text;
    size_t owed = 0;
    buffer_init(&text, TEXT_MAX_BYTES);
    if (row->apart)
        buffer_append_char(out, '\n');
    make_cell(plan, &text, row->name, plan->name);
    put(out, plan, &owed, buffer_text(&text), plan->name, true, plain);
    for (size_t i = 0; i < table->column_count; i++) {
        if (!plan->shown[i])
            continue;
        make_cell(plan, &text, row->cells[i], CELL_MAX_COLUMNS);
        put(out, plan, &owed, buffer_text(&text), plan->widths[i], table->columns[i].left,
            row->styles[i]);
    }
    buffer_append_char(out, '\n');
    buffer_release(&text);
}

static void append_line(struct buffer *out, const struct plan *plan, const struct buffer *text,
                        size_t indent)
{
    out->failed = out->failed || text->failed;
    layout_append_wrapped(out, buffer_text(text),
                          (struct layout_paragraph){(size_t)plan->style->columns, 0, indent});
}

/* "GET /v3/feed" and below it "$12.00 a month, 3.1 % of cost". */
static void append_paragraph(struct buffer *out, const struct plan *plan,
                             const struct cost_row *row)
{
    const struct cost_table *table = plan->table;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    if (row->apart)
        buffer_append_char(out, '\n');
    layout_append_safe(&text, row->name, plan->style->utf8, false);
    append_line(out, plan, &text, 0);
    buffer_clear(&text);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct cost_column *column = &table->columns[i];
        if (column->rank > PARAGRAPH_RANK || row->cells[i] == NULL || *row->cells[i] == '\0')
            continue;
        buffer_append_string(&text, text.length > 0 ? ", " : "");
        layout_append_safe(&text, row->cells[i], plan->style->utf8, false);
        buffer_append_format(&text, " %s", column->say != NULL ? column->say : column->title);
    }
    if (text.length > 0)
        append_line(out, plan, &text, INDENT);
    buffer_release(&text);
}

void cost_table_append(struct buffer *out, const struct report_style *style,
                       const struct cost_table *table)
{
    struct plan plan = {.table = table, .style = style};
    measure(&plan);
    bool fits = style->columns >= LAYOUT_NARROW_COLUMNS && fit(&plan);
    if (fits)
        append_head(out, &plan);
    for (size_t i = 0; i < table->row_count; i++) {
        if (fits)
            append_row(out, &plan, &table->rows[i]);
        else
            append_paragraph(out, &plan, &table->rows[i]);
    }
    out->failed = out->failed || plan.failed;
}
