#include "reporters/dead_text.h"

#include "base/terminal.h"
#include "base/text.h"
#include "reporters/layout.h"

#include <stdlib.h>
#include <string.h>

enum {
    MIN_COLUMNS = 20,
    DEFAULT_COLUMNS = 80,
    TABLE_COLUMNS = 60, /* below this, two lines a row */
    DAY_COLUMNS = 100,  /* from here on the change's day is shown, too */
    LABEL_COLUMNS = 11,
    COMMIT_DIGITS = 7,
    GAP = 2,
    TEXT_MAX_BYTES = 64 << 20,
};

struct text_style dead_state_style(enum dead_state state)
{
    switch (state) {
    case DEAD_NEVER:
        return (struct text_style){.hue = HUE_RED};
    case DEAD_ERROR:
        return (struct text_style){.hue = HUE_YELLOW};
    case DEAD_START:
        return (struct text_style){.hue = HUE_BLUE};
    case DEAD_UNSURE:
    case DEAD_HIT:
    case DEAD_STATE_COUNT:
        break;
    }
    return (struct text_style){0};
}

struct report_style dead_fit_style(const struct report_style *style)
{
    struct report_style fitted = *style;
    if (fitted.columns <= 0)
        fitted.columns = DEFAULT_COLUMNS;
    if (fitted.columns < MIN_COLUMNS)
        fitted.columns = MIN_COLUMNS;
    return fitted;
}

/* Text that is our own or safe already, wrapped from the margin. */
static void append_paragraph(struct buffer *out, const struct report_style *style,
                             const struct buffer *text)
{
    if (text->failed)
        out->failed = true;
    layout_append_wrapped(out, buffer_text(text),
                          (struct layout_paragraph){(size_t)style->columns, 0, 0});
}

void dead_text_append_remark(struct buffer *out, const struct report_style *style,
                             const char *label, const char *text)
{
    static const struct text_style dim = {.dim = true};
    bool narrow = style->columns < LAYOUT_NARROW_COLUMNS;
    struct buffer padded;
    buffer_init(&padded, TEXT_MAX_BYTES);
    terminal_append_styled(out, style->color, dim, label);
    layout_pad(&padded, strlen(label), LABEL_COLUMNS);
    layout_append_safe(&padded, text, style->utf8, false);
    if (padded.failed)
        out->failed = true;
    layout_append_wrapped(out, buffer_text(&padded),
                          (struct layout_paragraph){(size_t)style->columns, strlen(label),
                                                    narrow ? 2 : LABEL_COLUMNS});
    buffer_release(&padded);
}

/* A row's cells as they are shown, one under another in a struct of fixed sizes where they are our
 * own, growable where they hold names. */
struct row {
    char lines[FORMAT_SIZE], age[FORMAT_SIZE], day[FORMAT_SIZE];
    char commit[COMMIT_DIGITS + 1];
    struct buffer place, what;
};

static void fill_row(struct row *row, const struct dead_unit *unit, bool utf8)
{
    struct buffer raw;
    *row = (struct row){0};
    buffer_init(&raw, TEXT_MAX_BYTES);
    buffer_init(&row->place, TEXT_MAX_BYTES);
    buffer_init(&row->what, TEXT_MAX_BYTES);
    format_integer(unit->lines, row->lines);
    dead_format_age(unit, utf8, row->age);
    if (unit->age.known && !unit->age.uncommitted) {
        dead_format_day(unit->age.changed_s, row->day);
        memcpy(row->commit, unit->age.commit, COMMIT_DIGITS);
    }
    dead_append_place(&raw, unit);
    layout_append_safe(&row->place, buffer_text(&raw), utf8, false);
    buffer_clear(&raw);
    dead_append_what(&raw, unit);
    layout_append_safe(&row->what, buffer_text(&raw), utf8, false);
    if (raw.failed)
        row->what.failed = true;
    buffer_release(&raw);
}

static void release_row(struct row *row)
{
    buffer_release(&row->place);
    buffer_release(&row->what);
}

struct widths {
    size_t lines, age, place, what;
    bool ages, days;
};

/* The rows of one state. */
struct list {
    struct buffer *out;
    const struct report_style *style;
    struct row *rows;
    size_t count;
    enum dead_state state;
};

static void widen(size_t *width, const char *text)
{
    size_t columns = text_columns(text);
    if (columns > *width)
        *width = columns;
}

/* What the place and the function may take together; the longer gives way first. */
static void share_room(struct widths *widths, size_t room)
{
    while (widths->place + widths->what > room) {
        size_t more = widths->place + widths->what - room;
        size_t half = room / 2;
        if (widths->what > half && widths->place > half) {
            widths->place = room - half;
            widths->what = half;
        } else if (widths->place > half) {
            widths->place -= more;
        } else {
            widths->what -= more;
        }
    }
}

static struct widths measure(const struct list *list, bool ages)
{
    struct widths widths = {.lines = strlen("lines"),
                            .age = strlen("age"),
                            .place = strlen("where"),
                            .what = strlen("what"),
                            .ages = ages,
                            .days = ages && list->style->columns >= DAY_COLUMNS};
    for (size_t i = 0; i < list->count; i++) {
        widen(&widths.lines, list->rows[i].lines);
        widen(&widths.age, list->rows[i].age);
        widen(&widths.place, buffer_text(&list->rows[i].place));
        widen(&widths.what, buffer_text(&list->rows[i].what));
    }
    size_t taken = widths.lines + GAP + GAP;
    if (ages)
        taken += widths.age + GAP + COMMIT_DIGITS + GAP;
    if (widths.days)
        taken += strlen("2026-03-02") + GAP;
    size_t columns = (size_t)list->style->columns;
    share_room(&widths, columns > taken ? columns - taken : 1);
    return widths;
}

/* A line is put together with its padding owed, so that none is left at its end. */
struct line {
    struct list *list;
    size_t owed;
};

static void put_cell(struct line *line, struct text_style style, const char *text, size_t width,
                     bool right)
{
    size_t columns = text_columns(text);
    size_t free = columns < width ? width - columns : 0;
    if (*text == '\0') {
        line->owed += width + GAP;
        return;
    }
    buffer_append_repeat(line->list->out, ' ', line->owed + (right ? free : 0));
    terminal_append_styled(line->list->out, line->list->style->color, style, text);
    line->owed = GAP + (right ? 0 : free);
}

static void put_name(struct line *line, struct text_style style, const char *text, size_t width)
{
    struct buffer fitted;
    buffer_init(&fitted, TEXT_MAX_BYTES);
    layout_append_short(&fitted, text, width, line->list->style->utf8);
    if (fitted.failed)
        line->list->out->failed = true;
    put_cell(line, style, buffer_text(&fitted), width, false);
    buffer_release(&fitted);
}

/* Appends the end of the text that fits: of a path, the file and the line. */
static void append_end(struct buffer *out, const char *text, size_t width, bool utf8)
{
    const char *gap = utf8 ? "…" : "..";
    size_t kept = width > text_columns(gap) ? width - text_columns(gap) : 0;
    if (text_columns(text) <= width) {
        buffer_append_string(out, text);
        return;
    }
    while (text_columns(text) > kept)
        do
            text++;
        while (((unsigned char)*text & 0xc0) == 0x80);
    const char *folder = strchr(text, '/'); /* a whole name reads better than a piece of one */
    buffer_append_string(out, gap);
    buffer_append_string(out, folder != NULL ? folder : text);
}

static void put_place(struct line *line, const char *text, size_t width)
{
    struct buffer fitted;
    buffer_init(&fitted, TEXT_MAX_BYTES);
    append_end(&fitted, text, width, line->list->style->utf8);
    if (fitted.failed)
        line->list->out->failed = true;
    put_cell(line, (struct text_style){0}, buffer_text(&fitted), width, false);
    buffer_release(&fitted);
}

static void put_row(struct list *list, const struct row *row, const struct widths *widths)
{
    static const struct text_style dim = {.dim = true};
    static const struct text_style plain = {0};
    struct line line = {.list = list};
    put_cell(&line, dead_state_style(list->state), row->lines, widths->lines, true);
    if (widths->ages)
        put_cell(&line, plain, row->age, widths->age, true);
    put_place(&line, buffer_text(&row->place), widths->place);
    put_name(&line, plain, buffer_text(&row->what), widths->what);
    if (widths->ages)
        put_cell(&line, dim, row->commit, COMMIT_DIGITS, false);
    if (widths->days)
        put_cell(&line, dim, row->day, 0, false);
    buffer_append_char(list->out, '\n');
}

static void put_titles(struct list *list, const struct widths *widths)
{
    static const struct text_style dim = {.dim = true};
    struct line line = {.list = list};
    put_cell(&line, dim, "lines", widths->lines, true);
    if (widths->ages)
        put_cell(&line, dim, "age", widths->age, true);
    put_cell(&line, dim, "where", widths->place, false);
    put_cell(&line, dim, "what", widths->what, false);
    if (widths->ages)
        put_cell(&line, dim, "change", COMMIT_DIGITS, false);
    buffer_append_char(list->out, '\n');
}

/* Two lines: what is a link stands alone. */
static void put_narrow(struct list *list, const struct row *row, bool ages)
{
    struct buffer text;
    size_t columns = (size_t)list->style->columns;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_format(&text, "%s %s", row->lines,
                         strcmp(row->lines, "1") == 0 ? "line" : "lines");
    if (ages)
        buffer_append_format(&text, ", %s", row->age);
    size_t used = text_columns(buffer_text(&text));
    terminal_append_styled(list->out, list->style->color, dead_state_style(list->state),
                           buffer_text(&text));
    if (used + GAP + MIN_COLUMNS / 2 > columns) {
        buffer_append_string(list->out, "\n  ");
        used = 0;
    } else {
        buffer_append_string(list->out, "  ");
    }
    layout_append_short(list->out, buffer_text(&row->what), columns - used - GAP,
                        list->style->utf8);
    buffer_append_string(list->out, "\n  ");
    append_end(list->out, buffer_text(&row->place), columns - GAP, list->style->utf8);
    buffer_append_char(list->out, '\n');
    if (text.failed)
        list->out->failed = true;
    buffer_release(&text);
}

static void put_rows(struct list *list, bool ages)
{
    struct widths widths = measure(list, ages);
    bool narrow = list->style->columns < TABLE_COLUMNS;
    if (!narrow)
        put_titles(list, &widths);
    for (size_t i = 0; i < list->count; i++) {
        if (narrow)
            put_narrow(list, &list->rows[i], ages);
        else
            put_row(list, &list->rows[i], &widths);
    }
}

static bool any_age(const struct dead_report *report)
{
    for (size_t i = 0; i < report->dead->unit_count; i++)
        if (report->dead->units[i].age.known)
            return true;
    return false;
}

static void append_heading(struct buffer *out, const struct dead_report *report,
                           const struct report_style *style, enum dead_state state)
{
    struct buffer text;
    struct text_style look = dead_state_style(state);
    look.bold = true;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_char(out, '\n');
    const char *words = dead_heading_words(state);
    bool fits = strlen(words) + 1 < (size_t)style->columns;
    if (fits)
        terminal_append_styled(out, style->color, look, words);
    else
        buffer_append_string(&text, words);
    buffer_append_string(&text, ": ");
    dead_append_heading(&text, report, state);
    layout_append_wrapped(
        out, buffer_text(&text),
        (struct layout_paragraph){(size_t)style->columns, fits ? strlen(words) : 0, 0});
    buffer_release(&text);
}

static bool append_list(struct buffer *out, const struct dead_report *report,
                        const struct report_style *style, enum dead_state state, struct error *err)
{
    const struct dead *dead = report->dead;
    struct dead_tally tally = dead_report_tally(report, state);
    size_t shown = report->all || tally.units < DEAD_ROWS_SHOWN ? tally.units : DEAD_ROWS_SHOWN;
    struct list list = {.out = out, .style = style, .state = state};
    if (!report->states[state] || shown == 0)
        return true;
    list.rows = calloc(shown, sizeof *list.rows);
    if (list.rows == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < dead->unit_count && list.count < shown; i++)
        if (dead->units[i].state == state && dead->units[i].kept == NULL)
            fill_row(&list.rows[list.count++], &dead->units[i], style->utf8);
    append_heading(out, report, style, state);
    put_rows(&list, any_age(report));
    if (tally.units > shown)
        buffer_append_format(out, "%zu more: --all\n", tally.units - shown);
    for (size_t i = 0; i < list.count; i++)
        release_row(&list.rows[i]);
    free(list.rows);
    return true;
}

static void append_nothing(struct buffer *out, const struct dead_report *report,
                           const struct report_style *style)
{
    struct buffer text;
    for (unsigned state = 0; state < DEAD_STATE_COUNT; state++)
        if (report->states[state] && dead_report_tally(report, (enum dead_state)state).units > 0)
            return;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_string(&text, "\nNothing to list: no line of these files is ");
    const char *between = "";
    for (unsigned state = 0; state < DEAD_STATE_COUNT; state++) {
        if (!report->states[state])
            continue;
        buffer_append_format(&text, "%s%s", between,
                             state == DEAD_NEVER ? "dead"
                                                 : dead_state_words((enum dead_state)state));
        between = " or ";
    }
    append_paragraph(out, style, &text);
    buffer_release(&text);
}

struct remark_target {
    struct buffer *out;
    const struct report_style *style;
};

static void take_remark(void *context, const char *label, const char *text)
{
    struct remark_target *target = context;
    dead_text_append_remark(target->out, target->style, label, text);
}

bool dead_text_append(struct buffer *out, const struct dead_report *report,
                      const struct report_style *style, struct error *err)
{
    static const enum dead_state order[] = {DEAD_NEVER, DEAD_START, DEAD_ERROR};
    struct report_style fitted = dead_fit_style(style);
    struct remark_target target = {out, &fitted};
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    dead_append_summary(&text, report->dead, fitted.utf8);
    append_paragraph(out, &fitted, &text);
    buffer_release(&text);
    append_nothing(out, report, &fitted);
    for (size_t i = 0; i < COUNT_OF(order); i++)
        if (!append_list(out, report, &fitted, order[i], err))
            return false;
    buffer_append_char(out, '\n');
    return dead_report_remarks(report, take_remark, &target, err) && buffer_check(out, err);
}
