#include "reporters/table.h"

#include "base/text.h"
#include "reporters/format.h"
#include "reporters/layout.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    NEVER = INT8_MAX,  /* a rank that no column is shown at */
    ESSENTIAL = 0,     /* without these there is no table */
    NAME_MIN = 20,     /* columns that an endpoint's name keeps at least */
    NAME_COMFORT = 28, /* ... before another column is worth showing */
    COLUMN_MAX = 3 * METRIC_COUNT + 2,
};

struct cell {
    char text[FORMAT_SIZE];
    struct text_style style;
};

struct table {
    const struct report *report;
    const struct report_style *style;
    const struct endpoint_verdict *const *order;
    struct column {
        const struct column_kind *kind;
        enum metric metric;
        size_t width;
        bool shown;
    } columns[COLUMN_MAX];
    size_t column_count;
    size_t name_width;
};

/* What ranks a column: the metric's part in the verdict. A leading metric is the first of a pass
 * that is compared exactly: it stands for the pass where there is no room for all. */
enum part { PART_PAIRED, PART_LEADING, PART_OTHER, PART_INFORMATIONAL, PART_NONE, PART_COUNT };

/* A kind of column: one a metric, or (PART_NONE) one in all. The lower its rank, the narrower a
 * terminal shows it. */
struct column_kind {
    void (*render)(const struct table *table, const struct endpoint_verdict *endpoint,
                   enum metric metric, struct cell *cell);
    void (*title)(const struct table *table, const struct column *column, struct cell *cell);
    bool joins;                          /* stands close to the column before it */
    bool left;                           /* aligned so */
    signed char ranks[PART_COUNT];       /* with a base */
    signed char ranks_alone[PART_COUNT]; /* without */
};

static void write_text(struct cell *cell, const char *text)
{
    snprintf(cell->text, sizeof cell->text, "%s", text);
}

struct text_style table_verdict_style(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_REGRESSED:
        return (struct text_style){.hue = HUE_RED, .bold = true};
    case VERDICT_INCONCLUSIVE:
        return (struct text_style){.hue = HUE_YELLOW};
    case VERDICT_IMPROVED:
        return (struct text_style){.hue = HUE_GREEN};
    case VERDICT_PASSED:
    case VERDICT_NONE:
        break;
    }
    return (struct text_style){0};
}

struct text_style table_accepted_style(void)
{
    return (struct text_style){.hue = HUE_YELLOW};
}

const char *table_verdict_word(const struct endpoint_verdict *endpoint, struct text_style *style)
{
    bool good = endpoint->verdict == VERDICT_PASSED || endpoint->verdict == VERDICT_IMPROVED;
    bool accepted = good && endpoint->accepted != NULL;
    *style = accepted ? table_accepted_style() : table_verdict_style(endpoint->verdict);
    return accepted ? "accepted" : verdict_name(endpoint->verdict);
}

/* Changes that say nothing stand back behind those that do. */
static struct text_style change_style(const struct metric_verdict *figure)
{
    if (figure->accepted != NULL)
        return table_accepted_style();
    if (figure->verdict == VERDICT_PASSED || figure->verdict == VERDICT_NONE)
        return (struct text_style){.dim = true};
    return table_verdict_style(figure->verdict);
}

static void render_requests(const struct table *table, const struct endpoint_verdict *endpoint,
                            enum metric metric, struct cell *cell)
{
    (void)table;
    (void)metric;
    format_integer(endpoint->requests, cell->text);
}

static void render_value(const struct table *table, const struct endpoint_verdict *endpoint,
                         enum metric metric, struct cell *cell)
{
    format_value(endpoint->metrics[metric].head, metric_info(metric)->unit, table->style->utf8,
                 cell->text);
}

static void render_change(const struct table *table, const struct endpoint_verdict *endpoint,
                          enum metric metric, struct cell *cell)
{
    const struct metric_verdict *figure = &endpoint->metrics[metric];
    if (isnan(figure->change) && figure->base == 0 && figure->head > 0)
        write_text(cell, "from 0");
    else
        format_change(figure->change, table->style->utf8, cell->text);
    cell->style = change_style(figure);
}

static void render_interval(const struct table *table, const struct endpoint_verdict *endpoint,
                            enum metric metric, struct cell *cell)
{
    const struct metric_verdict *figure = &endpoint->metrics[metric];
    bool utf8 = table->style->utf8;
    format_interval(figure->low, figure->high, utf8 ? "…" : "..", utf8, cell->text);
    cell->style = change_style(figure);
}

static void render_verdict(const struct table *table, const struct endpoint_verdict *endpoint,
                           enum metric metric, struct cell *cell)
{
    (void)metric;
    const char *word = table_verdict_word(endpoint, &cell->style);
    if (endpoint->invalid != NULL) {
        cell->style = table_verdict_style(VERDICT_REGRESSED);
        write_text(cell, "INVALID");
    } else if (endpoint->verdict == VERDICT_REGRESSED) {
        write_text(cell, "REGRESSED");
    } else if (endpoint->presence == ENDPOINT_REMOVED) {
        write_text(cell, "removed");
    } else if (endpoint->verdict != VERDICT_NONE) {
        write_text(cell, word);
    } else if (endpoint->presence == ENDPOINT_NEW && table->report->comparison->has_base) {
        write_text(cell, "new");
    } else {
        write_text(cell, format_nothing(table->style->utf8));
    }
}

static void title_requests(const struct table *table, const struct column *column,
                           struct cell *cell)
{
    (void)table;
    (void)column;
    write_text(cell, "requests");
}

static void title_value(const struct table *table, const struct column *column, struct cell *cell)
{
    (void)table;
    write_text(cell, metric_info(column->metric)->title);
}

/* Beside its figure a change is a change; alone it must say of what. */
static void title_change(const struct table *table, const struct column *column, struct cell *cell)
{
    (void)table;
    bool beside = column[-1].shown && column[-1].metric == column->metric;
    write_text(cell, beside ? "change" : metric_info(column->metric)->title);
}

static void title_interval(const struct table *table, const struct column *column,
                           struct cell *cell)
{
    (void)column;
    (void)table;
    write_text(cell, "interval");
}

static void title_verdict(const struct table *table, const struct column *column, struct cell *cell)
{
    (void)table;
    (void)column;
    write_text(cell, "verdict");
}

/* In the order of the table. Ranks: paired, leading, other, informational, none. */
static const struct column_kind kind_requests = {render_requests,
                                                 title_requests,
                                                 false,
                                                 false,
                                                 {NEVER, NEVER, NEVER, NEVER, 5},
                                                 {NEVER, NEVER, NEVER, NEVER, 3}};
static const struct column_kind metric_kinds[] = {
    {render_value,
     title_value,
     false,
     false,
     {ESSENTIAL, 6, 7, 8, NEVER},
     {ESSENTIAL, 2, 4, 8, NEVER}},
    {render_change,
     title_change,
     true,
     false,
     {ESSENTIAL, 2, 4, 9, NEVER},
     {NEVER, NEVER, NEVER, NEVER, NEVER}},
    {render_interval,
     title_interval,
     true,
     false,
     {3, NEVER, NEVER, NEVER, NEVER},
     {NEVER, NEVER, NEVER, NEVER, NEVER}},
};
static const struct column_kind kind_verdict = {render_verdict,
                                                title_verdict,
                                                false,
                                                true,
                                                {NEVER, NEVER, NEVER, NEVER, ESSENTIAL},
                                                {NEVER, NEVER, NEVER, NEVER, 1}};

static enum part metric_part(enum metric metric)
{
    const struct metric_info *info = metric_info(metric);
    if (info->kind == METRIC_PAIRED)
        return PART_PAIRED;
    if (info->kind == METRIC_INFORMATIONAL)
        return PART_INFORMATIONAL;
    for (unsigned before = 0; before < (unsigned)metric; before++) {
        const struct metric_info *other = metric_info((enum metric)before);
        if (other->kind == METRIC_EXACT && strcmp(other->pass, info->pass) == 0)
            return PART_OTHER;
    }
    return PART_LEADING;
}

/* A metric that is nowhere, or zero everywhere, is not worth a column. */
static bool metric_is_idle(const struct comparison *comparison, enum metric metric)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        const struct metric_verdict *figure = &comparison->endpoints[i].metrics[metric];
        bool head = isfinite(figure->head) && figure->head != 0;
        bool base = isfinite(figure->base) && figure->base != 0;
        if (head || base)
            return false;
    }
    return true;
}

static bool metric_failed(const struct comparison *comparison, enum metric metric)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        if (comparison->endpoints[i].metrics[metric].verdict == VERDICT_REGRESSED ||
            comparison->endpoints[i].metrics[metric].accepted != NULL)
            return true;
    return false;
}

/* Whether it is the column that says by how much a metric failed. */
static bool tells_what_failed(const struct table *table, const struct column *column)
{
    const struct comparison *comparison = table->report->comparison;
    return column->metric != METRIC_COUNT && metric_failed(comparison, column->metric) &&
           column->kind->render == (comparison->has_base ? render_change : render_value);
}

static int column_rank(const struct table *table, const struct column *column)
{
    const struct comparison *comparison = table->report->comparison;
    enum part part = column->metric == METRIC_COUNT ? PART_NONE : metric_part(column->metric);
    int rank = comparison->has_base ? column->kind->ranks[part] : column->kind->ranks_alone[part];
    if (part == PART_NONE || rank == NEVER)
        return rank;
    if (metric_is_idle(comparison, column->metric))
        return NEVER;
    return rank > 1 && tells_what_failed(table, column) ? 1 : rank;
}

/* Without a base the verdict column is there only for what has one. */
static bool verdicts_are_idle(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        if (comparison->endpoints[i].verdict != VERDICT_NONE ||
            comparison->endpoints[i].invalid != NULL)
            return false;
    return !comparison->has_base;
}

static void add_column(struct table *table, const struct column_kind *kind, enum metric metric)
{
    table->columns[table->column_count++] = (struct column){.kind = kind, .metric = metric};
}

static void add_metrics(struct table *table, bool informational)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = (enum metric)i;
        if ((metric_part(metric) == PART_INFORMATIONAL) != informational)
            continue;
        for (size_t kind = 0; kind < COUNT_OF(metric_kinds); kind++)
            add_column(table, &metric_kinds[kind], metric);
    }
}

/* What is gated comes first, what only informs last. */
static void list_columns(struct table *table)
{
    add_column(table, &kind_requests, METRIC_COUNT);
    add_metrics(table, false);
    add_metrics(table, true);
    if (!verdicts_are_idle(table->report->comparison))
        add_column(table, &kind_verdict, METRIC_COUNT);
}

static size_t measure_column(const struct table *table, const struct column *column)
{
    struct cell cell = {0};
    column->kind->title(table, column, &cell);
    size_t width = text_columns(cell.text);
    for (size_t i = 0; table->order[i] != NULL; i++) {
        cell = (struct cell){0};
        column->kind->render(table, table->order[i], column->metric, &cell);
        size_t columns = text_columns(cell.text);
        width = columns > width ? columns : width;
    }
    return width;
}

static size_t column_space(const struct column *column)
{
    return (column->kind->joins && column[-1].shown ? 1 : 2) + column->width;
}

/* Columns that the shown ones take beside the name. */
static size_t measure_shown(struct table *table)
{
    size_t width = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        struct column *column = &table->columns[i];
        if (!column->shown)
            continue;
        column->width = measure_column(table, column);
        width += column_space(column);
    }
    return width;
}

static size_t measure_names(const struct table *table)
{
    size_t width = strlen("endpoint");
    struct buffer safe;
    buffer_init(&safe, 1 << 20);
    for (size_t i = 0; table->order[i] != NULL; i++) {
        buffer_clear(&safe);
        layout_append_safe(&safe, table->order[i]->name, table->style->utf8, false);
        size_t columns = text_columns(buffer_text(&safe));
        width = columns > width ? columns : width;
    }
    buffer_release(&safe);
    return width;
}

/* Shows columns by rank while they fit; a column that does not leaves room to a later, narrower
 * one, but never one that tells what failed to one that does not. False when not even the essential
 * ones fit. */
static bool fit_columns(struct table *table)
{
    size_t width = (size_t)table->style->columns, natural = measure_names(table);
    size_t comfort = natural < NAME_COMFORT ? natural : NAME_COMFORT;
    bool failed_one_left_out = false;
    for (int rank = ESSENTIAL; rank < NEVER && !failed_one_left_out; rank++) {
        for (size_t i = 0; i < table->column_count; i++) {
            struct column *column = &table->columns[i];
            if (column_rank(table, column) != rank)
                continue;
            column->shown = true;
            if (rank == ESSENTIAL || measure_shown(table) + comfort <= width)
                continue;
            column->shown = false;
            failed_one_left_out = failed_one_left_out || tells_what_failed(table, column);
        }
    }
    size_t used = measure_shown(table);
    if (used + (natural < NAME_MIN ? natural : NAME_MIN) > width)
        return false;
    table->name_width = natural < width - used ? natural : width - used;
    return true;
}

static void append_cell(struct buffer *out, const struct table *table, const struct column *column,
                        const struct cell *cell)
{
    size_t columns = text_columns(cell->text);
    buffer_append_repeat(out, ' ', column_space(column) - column->width);
    if (!column->kind->left)
        layout_pad(out, columns, column->width);
    terminal_append_styled(out, table->style->color, cell->style, cell->text);
    if (column->kind->left && column != &table->columns[table->column_count - 1])
        layout_pad(out, columns, column->width);
}

static void append_head(struct buffer *out, const struct table *table)
{
    static const struct text_style dim = {.dim = true};
    struct cell cell = {"endpoint", dim};
    terminal_append_styled(out, table->style->color, dim, cell.text);
    layout_pad(out, strlen(cell.text), table->name_width);
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].shown)
            continue;
        cell = (struct cell){.style = dim};
        table->columns[i].kind->title(table, &table->columns[i], &cell);
        append_cell(out, table, &table->columns[i], &cell);
    }
    buffer_append_char(out, '\n');
}

static void append_row(struct buffer *out, const struct table *table,
                       const struct endpoint_verdict *endpoint)
{
    struct buffer name;
    buffer_init(&name, 1 << 20);
    layout_append_short(&name, endpoint->name, table->name_width, table->style->utf8);
    buffer_append_string(out, buffer_text(&name));
    layout_pad(out, text_columns(buffer_text(&name)), table->name_width);
    buffer_release(&name);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (!column->shown)
            continue;
        struct cell cell = {0};
        column->kind->render(table, endpoint, column->metric, &cell);
        append_cell(out, table, column, &cell);
    }
    buffer_append_char(out, '\n');
}

/* "  CPU 1.24 ms +6.1 %, instr 318.2 k =, ..." */
static void append_figures(struct buffer *out, const struct table *table,
                           const struct endpoint_verdict *endpoint)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = (enum metric)i;
        struct cell value = {0}, change = {0};
        enum part part = metric_part(metric);
        bool told = part == PART_PAIRED || part == PART_LEADING ||
                    endpoint->metrics[i].verdict == VERDICT_REGRESSED ||
                    endpoint->metrics[i].accepted != NULL;
        if (!told || metric_is_idle(table->report->comparison, metric))
            continue;
        render_value(table, endpoint, metric, &value);
        render_change(table, endpoint, metric, &change);
        bool changed = isfinite(endpoint->metrics[i].base) && isfinite(endpoint->metrics[i].head);
        buffer_append_format(&text, "%s%s %s%s%s", text.length > 0 ? ", " : "",
                             metric_info(metric)->title, value.text, changed ? " " : "",
                             changed ? change.text : "");
    }
    layout_append_wrapped(out, buffer_text(&text),
                          (struct layout_paragraph){(size_t)table->style->columns, 0, 2});
    buffer_release(&text);
}

static void append_paragraph(struct buffer *out, const struct table *table,
                             const struct endpoint_verdict *endpoint)
{
    struct cell verdict = {0};
    render_verdict(table, endpoint, METRIC_COUNT, &verdict);
    size_t used = 0, width = (size_t)table->style->columns;
    if (!verdicts_are_idle(table->report->comparison)) {
        terminal_append_styled(out, table->style->color, verdict.style, verdict.text);
        buffer_append_string(out, "  ");
        used = text_columns(verdict.text) + 2;
    }
    layout_append_short(out, endpoint->name, width > used ? width - used : 1, table->style->utf8);
    buffer_append_char(out, '\n');
    append_figures(out, table, endpoint);
}

void table_append(struct buffer *out, const struct report *report, const struct report_style *style,
                  const struct endpoint_verdict *const *order)
{
    struct table table = {.report = report, .style = style, .order = order};
    list_columns(&table);
    bool fits = fit_columns(&table);
    if (fits)
        append_head(out, &table);
    for (size_t i = 0; order[i] != NULL; i++) {
        if (fits)
            append_row(out, &table, order[i]);
        else
            append_paragraph(out, &table, order[i]);
    }
}
