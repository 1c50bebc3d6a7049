#include "reporters/cost_text.h"

#include "reporters/commands.h"
#include "reporters/cost_table.h"
#include "reporters/cost_words.h"
#include "reporters/format.h"
#include "reporters/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MIN_COLUMNS = 20,
    DEFAULT_COLUMNS = 80,
    ROWS_SHOWN = 25,  /* unless all are asked for */
    ROWS_OF_REST = 5, /* the others, overhead, idle, the bill */
    LABEL_COLUMNS = 9,
    TEXT_MAX_BYTES = 1 << 20,
};

/* What a table is put together in. */
struct sheet {
    const struct cost_view *view;
    const struct report_style *style;
    struct arena arena;
    struct cost_row *rows;
    size_t count;
    bool failed;
};

static const char *keep(struct sheet *sheet, const char *text)
{
    const char *copy = arena_copy_string(&sheet->arena, text);
    sheet->failed = sheet->failed || copy == NULL;
    return copy;
}

static const char *say_money(struct sheet *sheet, int64_t micros)
{
    char text[MONEY_SIZE];
    const struct cost_report *cost = sheet->view->cost;
    if (!cost->has_money)
        return NULL;
    money_text(micros, cost->currency, sheet->style->utf8, text);
    return keep(sheet, text);
}

static const char *say_price(struct sheet *sheet, double amount)
{
    char text[MONEY_SIZE];
    if (isnan(amount))
        return NULL;
    money_text_price(amount, sheet->view->cost->currency, sheet->style->utf8, text);
    return keep(sheet, text);
}

static const char *say_share(struct sheet *sheet, double share)
{
    char text[FORMAT_SIZE];
    format_share(share, sheet->style->utf8, text);
    return keep(sheet, text);
}

static const char *say_ratio(struct sheet *sheet, double ratio)
{
    char text[FORMAT_SIZE];
    if (isnan(ratio))
        return keep(sheet, format_nothing(sheet->style->utf8));
    snprintf(text, sizeof text, ratio < 9.995 ? "x%.2f" : ratio < 1e5 ? "x%.0f" : "x%.2g", ratio);
    return keep(sheet, text);
}

static const char *say_hours(struct sheet *sheet, double hours)
{
    char text[FORMAT_SIZE];
    if (isnan(hours))
        return NULL;
    snprintf(text, sizeof text, hours < 1e5 ? "%.2f" : "%.0f", hours);
    return keep(sheet, text);
}

static const char *say_amount(struct sheet *sheet, double amount)
{
    char text[COST_WORDS_SIZE];
    cost_words_amount(sheet->view->cost, amount, sheet->style->utf8, text);
    return keep(sheet, text);
}

static const char *say_owner(const struct sheet *sheet, const char *endpoint)
{
    const struct endpoint_owner *owner = owners_endpoint(sheet->view->owners, endpoint);
    return owner == NULL ? NULL : owner->owner != NULL ? owner->owner : "unowned";
}

static struct text_style style_of(double change)
{
    if (isnan(change) || !(fabs(change) > 0))
        return (struct text_style){0};
    return (struct text_style){.hue = change > 0 ? HUE_RED : HUE_GREEN};
}

static struct cost_row *add_row(struct sheet *sheet, const char *name)
{
    struct cost_row *row = &sheet->rows[sheet->count++];
    row->name = name;
    return row;
}

/* How many rows are shown of so many, of which the first are worth it. A single one that would be
 * left out is shown: it takes no more room than saying so. */
static size_t row_limit(const struct sheet *sheet, size_t worthy, size_t count)
{
    size_t limit = worthy < ROWS_SHOWN ? worthy : ROWS_SHOWN;
    return sheet->view->all || limit + 1 >= count ? count : limit;
}

enum {
    MONTH,
    SHARE,
    CHANGE,
    REQUESTS,
    RATIO,
    NAIVE,
    MILLION,
    OWNER,
    MINUTE,
    HOURS,
    ENDPOINT_COLUMNS
};

static const struct cost_column endpoint_columns[] = {
    [MONTH] = {.title = "a month"},
    [SHARE] = {.title = "cost", .say = "of the cost"},
    [CHANGE] = {.title = "change", .rank = 3, .say = "of change"},
    [REQUESTS] = {.title = "requests", .rank = 1, .say = "of the requests"},
    [RATIO] = {.title = "ratio", .rank = 2, .say = "as dear as popular"},
    [NAIVE] = {.title = "by count", .rank = 4, .say = "if divided by count"},
    [MILLION] = {.title = "a million", .rank = 5},
    [OWNER] = {.title = "owner", .rank = 6, .left = true, .say = "owns it"},
    [MINUTE] = {.title = "a minute", .rank = 8},
    [HOURS] = {.title = "inst. h", .rank = 7, .say = "instance hours"},
};

static void add_endpoint(struct sheet *sheet, const struct endpoint_cost *endpoint)
{
    struct cost_row *row = add_row(sheet, endpoint->name);
    row->cells[MONTH] = say_money(sheet, endpoint->month_shown);
    row->cells[SHARE] = say_share(sheet, endpoint->cost_share);
    row->cells[REQUESTS] = say_share(sheet, endpoint->request_share);
    row->cells[RATIO] = say_ratio(sheet, endpoint->ratio);
    row->cells[NAIVE] = say_money(sheet, endpoint->naive_shown);
    row->cells[MILLION] = say_price(sheet, endpoint->million);
    row->cells[MINUTE] = say_price(sheet, endpoint->minute);
    row->cells[HOURS] = say_hours(sheet, endpoint->instance_hours);
    row->cells[OWNER] = say_owner(sheet, endpoint->name);
    if (endpoint->change.sure) {
        row->cells[CHANGE] = say_amount(sheet, endpoint->change.efficiency);
        row->styles[CHANGE] = style_of(endpoint->change.efficiency);
    }
}

/* The rows that were left out, as one. */
static void add_others(struct sheet *sheet, const struct endpoint_cost *const *order, size_t from)
{
    const struct cost_report *cost = sheet->view->cost;
    struct endpoint_cost sum = {.million = NAN, .minute = NAN, .ratio = NAN};
    for (size_t i = from; i < cost->endpoint_count; i++) {
        sum.month_shown += order[i]->month_shown;
        sum.naive_shown += order[i]->naive_shown;
        sum.cost_share += order[i]->cost_share;
        sum.request_share += order[i]->request_share;
        sum.instance_hours += order[i]->instance_hours;
    }
    const char *name = arena_format(&sheet->arena, "%zu more (--all)", cost->endpoint_count - from);
    sheet->failed = sheet->failed || name == NULL;
    sum.name = name != NULL ? name : "";
    sum.change.sure = false;
    if (sum.request_share > 0)
        sum.ratio = sum.cost_share / sum.request_share;
    add_endpoint(sheet, &sum);
    sheet->rows[sheet->count - 1].cells[OWNER] = NULL;
}

/* What is no endpoint's, and the sum of all that stands above. */
static void add_rest(struct sheet *sheet, size_t month)
{
    const struct cost_report *cost = sheet->view->cost;
    const struct {
        const char *name;
        int64_t shown;
        bool wanted;
    } rest[] = {
        {"overhead", cost->overhead.month_shown, cost->overhead.month_micros > 0},
        {"idle", cost->idle.month_shown, cost->idle.month_micros > 0},
        {"the bill", cost->bill_shown, true},
    };
    bool apart = true;
    for (size_t i = 0; cost->has_money && i < COUNT_OF(rest); i++) {
        if (!rest[i].wanted)
            continue;
        struct cost_row *row = add_row(sheet, rest[i].name);
        row->cells[month] = say_money(sheet, rest[i].shown);
        row->apart = apart;
        apart = false;
    }
}

static bool fill_endpoints(struct sheet *sheet, struct error *err)
{
    const struct cost_report *cost = sheet->view->cost;
    const struct endpoint_cost **order = cost_order(cost, sheet->view->order, err);
    if (order == NULL)
        return false;
    size_t shown = 0, costly = cost->endpoint_count;
    /* What costs nothing comes last in every order. */
    while (costly > 1 && !(order[costly - 1]->cost_share > 0))
        costly--;
    shown = row_limit(sheet, costly, cost->endpoint_count);
    for (size_t i = 0; i < shown; i++)
        add_endpoint(sheet, order[i]);
    if (shown < cost->endpoint_count)
        add_others(sheet, order, shown);
    add_rest(sheet, MONTH);
    free(order);
    return true;
}

enum {
    SUM_MONTH,
    SUM_SHARE,
    SUM_CHANGE,
    SUM_COUNT,
    SUM_AVERAGE,
    SUM_REQUESTS,
    SUM_RATIO,
    SUM_HOURS,
    OWNER_COLUMNS
};

static const struct cost_column owner_columns[] = {
    [SUM_MONTH] = {.title = "a month"},
    [SUM_SHARE] = {.title = "cost", .say = "of the cost"},
    [SUM_CHANGE] = {.title = "change", .rank = 3, .say = "of change"},
    [SUM_COUNT] = {.title = "endpoints", .rank = 1, .say = "of the endpoints"},
    [SUM_AVERAGE] = {.title = "an endpoint", .rank = 2},
    [SUM_REQUESTS] = {.title = "requests", .rank = 4, .say = "of the requests"},
    [SUM_RATIO] = {.title = "ratio", .rank = 5, .say = "as dear as popular"},
    [SUM_HOURS] = {.title = "inst. h", .rank = 6, .say = "instance hours"},
};

static void add_owner(struct sheet *sheet, const struct owner_cost *sum)
{
    struct cost_row *row = add_row(sheet, sum->owner != NULL ? sum->owner : "unowned");
    row->cells[SUM_MONTH] = say_money(sheet, sum->month_shown);
    row->cells[SUM_SHARE] = say_share(sheet, sum->cost_share);
    row->cells[SUM_COUNT] = arena_format(&sheet->arena, "%zu", sum->endpoints);
    row->cells[SUM_AVERAGE] = sheet->view->cost->has_money
                                  ? say_money(sheet, sum->average_micros)
                                  : say_share(sheet, sum->cost_share / (double)sum->endpoints);
    row->cells[SUM_REQUESTS] = say_share(sheet, sum->request_share);
    row->cells[SUM_RATIO] = say_ratio(sheet, sum->ratio);
    row->cells[SUM_HOURS] = say_hours(sheet, sum->instance_hours);
    if (sum->total.endpoints > 0) {
        row->cells[SUM_CHANGE] = say_amount(sheet, sum->total.efficiency);
        row->styles[SUM_CHANGE] = style_of(sum->total.efficiency);
    }
}

static bool fill_owners(struct sheet *sheet, struct error *err)
{
    const struct cost_view *view = sheet->view;
    struct owner_cost *sums = NULL;
    size_t count = 0;
    if (!cost_sum_owners(view->cost, view->owners, view->order, &sheet->arena, &sums, &count, err))
        return false;
    /* There are few owners, and every one looks for his own. */
    for (size_t i = 0; i < count; i++)
        add_owner(sheet, &sums[i]);
    add_rest(sheet, SUM_MONTH);
    return true;
}

enum {
    DELTA,
    DELTA_LOW,
    DELTA_HIGH,
    DELTA_UNIT,
    DELTA_TRAFFIC,
    DELTA_NOW,
    DELTA_OWNER,
    CHANGE_COLUMNS
};

static const struct cost_column change_columns[] = {
    [DELTA] = {.title = "a month"},
    [DELTA_LOW] = {.title = "at least", .rank = 2},
    [DELTA_HIGH] = {.title = "at most", .rank = 3},
    [DELTA_UNIT] = {.title = "a request", .rank = 1},
    [DELTA_TRAFFIC] = {.title = "by traffic", .rank = 4},
    [DELTA_NOW] = {.title = "now", .rank = 5},
    [DELTA_OWNER] = {.title = "owner", .rank = 6, .left = true, .say = "owns it"},
};

static void add_changed(struct sheet *sheet, const struct endpoint_cost *endpoint)
{
    const struct cost_change *change = &endpoint->change;
    char fraction[FORMAT_SIZE];
    struct cost_row *row = add_row(sheet, endpoint->name);
    /* The interval's end nearer to nothing is the least that is sure. */
    bool dearer = change->efficiency > 0;
    row->cells[DELTA] = say_amount(sheet, change->efficiency);
    row->styles[DELTA] = style_of(change->efficiency);
    if (change->sure && change->low < change->high) {
        row->cells[DELTA_LOW] = say_amount(sheet, dearer ? change->low : change->high);
        row->cells[DELTA_HIGH] = say_amount(sheet, dearer ? change->high : change->low);
    }
    format_change(change->fraction, sheet->style->utf8, fraction);
    row->cells[DELTA_UNIT] = keep(sheet, fraction);
    if (fabs(change->traffic) > 0)
        row->cells[DELTA_TRAFFIC] = say_amount(sheet, change->traffic);
    row->cells[DELTA_NOW] = say_money(sheet, endpoint->month_shown);
    row->cells[DELTA_OWNER] = say_owner(sheet, endpoint->name);
}

/* The most money first, up or down. */
static int compare_changed(const void *a, const void *b)
{
    const struct cost_change *left = &(*(const struct endpoint_cost *const *)a)->change;
    const struct cost_change *right = &(*(const struct endpoint_cost *const *)b)->change;
    double one = fabs(left->sure ? left->efficiency : 0);
    double other = fabs(right->sure ? right->efficiency : 0);
    if (one > other || one < other)
        return one > other ? -1 : 1;
    one = isnan(left->traffic) ? 0 : fabs(left->traffic);
    other = isnan(right->traffic) ? 0 : fabs(right->traffic);
    return one > other ? -1 : one < other;
}

static bool fill_changed(struct sheet *sheet, struct error *err)
{
    const struct cost_report *cost = sheet->view->cost;
    const struct endpoint_cost **order = cost_order(cost, sheet->view->order, err);
    size_t count = 0;
    if (order == NULL)
        return false;
    for (size_t i = 0; i < cost->endpoint_count; i++)
        if (order[i]->change.sure || fabs(order[i]->change.traffic) > 0)
            order[count++] = order[i];
    if (count > 0)
        qsort(order, count, sizeof(struct endpoint_cost *), compare_changed);
    size_t shown = row_limit(sheet, count, count);
    for (size_t i = 0; i < shown; i++)
        add_changed(sheet, order[i]);
    if (shown < count) {
        const char *name = arena_format(&sheet->arena, "%zu more (--all)", count - shown);
        sheet->failed = sheet->failed || name == NULL;
        add_row(sheet, name != NULL ? name : "");
    }
    free(order);
    return true;
}

/* Words behind a label, wrapped under themselves. */
static void append_remark(struct buffer *out, const struct report_style *style, const char *label,
                          const char *text)
{
    static const struct text_style dim = {.dim = true};
    struct buffer padded;
    buffer_init(&padded, TEXT_MAX_BYTES);
    terminal_append_styled(out, style->color, dim, label);
    layout_pad(&padded, strlen(label), LABEL_COLUMNS);
    layout_append_safe(&padded, text, style->utf8, false);
    out->failed = out->failed || padded.failed;
    layout_append_wrapped(
        out, buffer_text(&padded),
        (struct layout_paragraph){(size_t)style->columns, strlen(label),
                                  style->columns < LAYOUT_NARROW_COLUMNS ? 2 : LABEL_COLUMNS});
    buffer_release(&padded);
}

static void append_sentence(struct buffer *out, const struct report_style *style,
                            const struct buffer *text)
{
    out->failed = out->failed || text->failed;
    layout_append_wrapped(out, buffer_text(text),
                          (struct layout_paragraph){(size_t)style->columns, 0, 0});
}

/* "+$65.20 a month (+$52.10 to +$78.40) by 2 of 18 endpoints; traffic +$3.00" */
static void append_change_line(struct buffer *out, const struct cost_view *view,
                               const struct report_style *style)
{
    const struct cost_report *cost = view->cost;
    char text[COST_WORDS_SIZE];
    struct buffer line;
    buffer_init(&line, TEXT_MAX_BYTES);
    cost_words_total(cost, &cost->total, style->utf8, text);
    if (*text != '\0')
        buffer_append_format(&line, "%s by %zu of %zu endpoints", text, cost->total.endpoints,
                             cost->endpoint_count);
    else
        buffer_append_string(&line, "no change of costs is clear");
    if (fabs(cost->total.traffic) > 0) {
        cost_words_amount(cost, cost->total.traffic, style->utf8, text);
        buffer_append_format(&line, "; %s by traffic", text);
    }
    if (cost->total.unsure > 0)
        buffer_append_format(&line, "; of %zu more it is not clear", cost->total.unsure);
    append_sentence(out, style, &line);
    buffer_release(&line);
}

static void append_notes(struct buffer *out, const struct cost_view *view,
                         const struct report_style *style)
{
    const struct cost_report *cost = view->cost;
    append_remark(out, style, "basis", cost->basis);
    if (cost->advice != NULL)
        append_remark(out, style, "money", cost->advice);
    for (size_t i = 0; i < cost->note_count; i++)
        append_remark(out, style, "note", cost->notes[i]);
    for (size_t i = 0; view->owners != NULL && i < view->owners->note_count; i++)
        append_remark(out, style, "note", view->owners->notes[i]);
    for (size_t i = 0; i < view->note_count; i++)
        append_remark(out, style, "note", view->notes[i]);
}

static bool fill_sheet(struct sheet *sheet, struct cost_table *table, struct error *err)
{
    const struct cost_view *view = sheet->view;
    size_t room = view->cost->endpoint_count + ROWS_OF_REST;
    sheet->rows = arena_alloc_array(&sheet->arena, room, sizeof *sheet->rows);
    if (sheet->rows == NULL)
        return error_set_memory(err);
    if (view->by_owner)
        *table = (struct cost_table){"owner", owner_columns, OWNER_COLUMNS, NULL, 0};
    else if (view->pull_request)
        *table = (struct cost_table){"endpoint", change_columns, CHANGE_COLUMNS, NULL, 0};
    else
        *table = (struct cost_table){"endpoint", endpoint_columns, ENDPOINT_COLUMNS, NULL, 0};
    bool ok = view->by_owner       ? fill_owners(sheet, err)
              : view->pull_request ? fill_changed(sheet, err)
                                   : fill_endpoints(sheet, err);
    if (ok && sheet->failed)
        ok = error_set_memory(err);
    table->rows = sheet->rows;
    table->row_count = sheet->count;
    return ok;
}

bool cost_text_append(struct buffer *out, const struct cost_view *view,
                      const struct report_style *style, struct error *err)
{
    struct report_style fitted = *style;
    struct sheet sheet = {.view = view, .style = &fitted};
    struct cost_table table;
    if (fitted.columns <= 0)
        fitted.columns = DEFAULT_COLUMNS;
    if (fitted.columns < MIN_COLUMNS)
        fitted.columns = MIN_COLUMNS;
    size_t begin = out->length;
    arena_init(&sheet.arena);
    bool ok = fill_sheet(&sheet, &table, err);
    if (ok) {
        if (view->cost->has_change)
            append_change_line(out, view, &fitted);
        if (view->cost->has_change && table.row_count > 0)
            buffer_append_char(out, '\n');
        if (view->cost->metric != METRIC_COUNT)
            cost_table_append(out, &fitted, &table);
        buffer_append_char(out, '\n');
        append_notes(out, view, &fitted);
        commands_defuse_text(out, begin);
    }
    arena_release(&sheet.arena);
    return ok && buffer_check(out, err);
}
