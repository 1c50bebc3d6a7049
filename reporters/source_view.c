#include "reporters/source_view.h"

#include "base/terminal.h"
#include "base/text.h"
#include "reporters/dead_text.h"
#include "reporters/layout.h"

#include <stdio.h>
#include <string.h>

enum {
    TAB_COLUMNS = 4,
    STATE_COLUMNS = 5,
    TIMES_COLUMNS = 7,
    ENDPOINT_COLUMNS = 9,
    WIDE_COLUMNS = 60,         /* below this, state and text alone */
    LINE_MAX_BYTES = 64 << 10, /* of a line's text; what is longer is cut */
    TEXT_MAX_BYTES = 1 << 20,
};

struct view {
    struct buffer *out;
    struct buffer text; /* of the line being written */
    struct report_style style;
    const struct dead_file *file;
    size_t number_columns;
    bool cut;
};

/* Made safe, with tabs as columns. */
static void append_source(struct view *view, const char *line, size_t size)
{
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    if (size > LINE_MAX_BYTES)
        size = LINE_MAX_BYTES;
    size_t begin = 0, column = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && line[i] != '\t')
            continue;
        buffer_clear(&safe);
        text_append_safe(&safe, line + begin, i - begin, false);
        layout_append_safe(&view->text, buffer_text(&safe), view->style.utf8, false);
        column += text_columns(buffer_text(&safe));
        size_t next = (column / TAB_COLUMNS + 1) * TAB_COLUMNS;
        if (i < size)
            buffer_append_repeat(&view->text, ' ', next - column);
        column = next;
        begin = i + 1;
    }
    if (safe.failed)
        view->text.failed = true;
    buffer_release(&safe);
}

/* The start of the text that fits, and a mark that there was more. */
static void cut_text(struct view *view, size_t used)
{
    size_t room = (size_t)view->style.columns > used ? (size_t)view->style.columns - used : 1;
    const char *more = view->style.utf8 ? "…" : ">";
    char *text = view->text.data;
    size_t at = 0, columns = 0;
    if (!view->cut || text == NULL || text_columns(text) <= room)
        return;
    while (text[at] != '\0') {
        char one[8] = {0};
        size_t size = 1;
        while (((unsigned char)text[at + size] & 0xc0) == 0x80 && size < sizeof one - 1)
            size++;
        memcpy(one, text + at, size);
        if (columns + text_columns(one) + 1 > room)
            break;
        columns += text_columns(one);
        at += size;
    }
    view->text.length = at;
    text[at] = '\0';
    buffer_append_string(&view->text, more);
}

static void trim_text(struct view *view)
{
    while (view->text.length > 0 && view->text.data[view->text.length - 1] == ' ')
        view->text.data[--view->text.length] = '\0';
}

/* The figures before a line's text; `line` is NULL for one without instructions. */
static void append_margin(struct view *view, char *margin, size_t size, uint32_t number,
                          const struct dead_line *line)
{
    char times[FORMAT_SIZE] = "", endpoints[FORMAT_SIZE] = "";
    const char *state = line != NULL && line->state != DEAD_HIT
                            ? (line->state == DEAD_UNSURE ? "?" : dead_state_key(line->state))
                            : "";
    if (line != NULL && line->endpoint_count > 0) {
        format_value(line->executions, UNIT_COUNT, view->style.utf8, times);
        snprintf(endpoints, sizeof endpoints, "%zu", line->endpoint_count);
    }
    if (view->style.columns < WIDE_COLUMNS)
        snprintf(margin, size, "%*u %-*s ", (int)view->number_columns, number, STATE_COLUMNS,
                 state);
    else
        snprintf(margin, size, "%*u  %-*s %*s %*s  ", (int)view->number_columns, number,
                 STATE_COLUMNS, state, TIMES_COLUMNS, times, ENDPOINT_COLUMNS, endpoints);
}

static void append_line(struct view *view, uint32_t number, const struct dead_line *line,
                        const char *text, size_t size)
{
    static const struct text_style dim = {.dim = true};
    char margin[4 * FORMAT_SIZE];
    struct text_style look = line != NULL ? dead_state_style(line->state) : (struct text_style){0};
    append_margin(view, margin, sizeof margin, number, line);
    buffer_clear(&view->text);
    append_source(view, text, size);
    trim_text(view);
    cut_text(view, strlen(margin));
    if (view->text.length == 0)
        for (size_t end = strlen(margin); end > 0 && margin[end - 1] == ' '; end--)
            margin[end - 1] = '\0';
    terminal_append_styled(view->out, view->style.color, look.hue != HUE_NONE ? look : dim, margin);
    if (view->text.failed)
        view->out->failed = true;
    terminal_append_styled(view->out, view->style.color && view->text.length > 0, look,
                           buffer_text(&view->text));
    buffer_append_char(view->out, '\n');
}

static void append_titles(struct view *view)
{
    char titles[4 * FORMAT_SIZE];
    if (view->style.columns < WIDE_COLUMNS)
        return;
    snprintf(titles, sizeof titles, "%*s  %-*s %*s %*s", (int)view->number_columns, "line",
             STATE_COLUMNS, "state", TIMES_COLUMNS, "times", ENDPOINT_COLUMNS, "endpoints");
    terminal_append_styled(view->out, view->style.color, (struct text_style){.dim = true}, titles);
    buffer_append_char(view->out, '\n');
}

static void append_text(struct view *view, const struct measured_text *text)
{
    const struct dead_file *file = view->file;
    size_t at = 0, size = 0, next = 0;
    uint32_t number = 0;
    const char *line;
    while ((line = measured_text_next_line(text, &at, &size)) != NULL && !view->out->failed) {
        number++;
        while (next < file->line_count && file->lines[next].line < number)
            next++;
        bool executable = next < file->line_count && file->lines[next].line == number;
        append_line(view, number, executable ? &file->lines[next] : NULL, line, size);
    }
}

static void append_head(struct view *view, const struct measured_text *text)
{
    const struct dead_file *file = view->file;
    struct buffer summary;
    buffer_init(&summary, TEXT_MAX_BYTES);
    layout_append_short(&summary, file->path, (size_t)view->style.columns, view->style.utf8);
    terminal_append_styled(view->out, view->style.color, (struct text_style){.bold = true},
                           buffer_text(&summary));
    buffer_append_char(view->out, '\n');
    buffer_clear(&summary);
    dead_append_file_summary(&summary, file, view->style.utf8);
    if (text->text == NULL)
        buffer_append_format(&summary, "\n%s", text->why);
    layout_append_wrapped(view->out, buffer_text(&summary),
                          (struct layout_paragraph){(size_t)view->style.columns, 0, 0});
    buffer_append_char(view->out, '\n');
    if (summary.failed)
        view->out->failed = true;
    buffer_release(&summary);
}

static size_t count_digits(uint32_t number)
{
    char digits[16];
    int size = snprintf(digits, sizeof digits, "%u", number);
    return size > 4 ? (size_t)size : 4;
}

/* So that the numbers stand in one column. */
static uint32_t last_number(const struct dead_file *file, const struct measured_text *text)
{
    uint32_t last = file->line_count > 0 ? file->lines[file->line_count - 1].line : 0;
    uint32_t lines = 0;
    for (size_t i = 0; text->text != NULL && i < text->size; i++)
        lines += text->text[i] == '\n';
    return lines > last ? lines : last;
}

bool source_view_append(struct buffer *out, const struct dead_file *file,
                        const struct measured_text *text, const struct report_style *style,
                        bool cut, struct error *err)
{
    struct view view = {.out = out,
                        .style = dead_fit_style(style),
                        .file = file,
                        .number_columns = count_digits(last_number(file, text)),
                        .cut = cut};
    buffer_init(&view.text, TEXT_MAX_BYTES);
    append_head(&view, text);
    append_titles(&view);
    if (text->text != NULL)
        append_text(&view, text);
    else
        for (size_t i = 0; i < file->line_count && !out->failed; i++)
            append_line(&view, file->lines[i].line, &file->lines[i], "", 0);
    buffer_release(&view.text);
    return buffer_check(out, err);
}
