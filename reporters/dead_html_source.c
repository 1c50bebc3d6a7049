#include "reporters/dead_html_source.h"

#include "base/markup.h"

#include <stdio.h>
#include <string.h>

enum {
    PAGE_MAX_BYTES = 24 << 20, /* beyond it no more source is added: browsers get slow */
    LINE_MAX_BYTES = 16 << 10, /* of a line's text */
    ENDPOINTS_NAMED = 8,       /* of a line */
};

void dead_html_anchor(size_t file, uint32_t line, char out[static DEAD_ANCHOR_SIZE - 1])
{
    if (line == 0)
        snprintf(out, DEAD_ANCHOR_SIZE - 1, "f%zu", file);
    else
        snprintf(out, DEAD_ANCHOR_SIZE - 1, "f%zuL%u", file, line);
}

void dead_html_append_link(struct buffer *out, const char *target, const char *path)
{
    markup_open(out, "a", "href", target, NULL);
    while (*path != '\0') {
        size_t size = strcspn(path, "/");
        size += path[size] == '/';
        markup_append_text_bytes(out, path, size);
        if (path[size] != '\0')
            markup_empty(out, "wbr", NULL);
        path += size;
    }
    markup_close(out, "a");
}

/* The endpoints behind a figure, for who points at it. */
static void name_endpoints(struct buffer *text, const struct dead *dead,
                           const struct dead_line *line)
{
    buffer_clear(text);
    for (size_t i = 0; i < line->endpoint_count && i < ENDPOINTS_NAMED; i++)
        buffer_append_format(text, "%s%s", i > 0 ? ", " : "", dead->endpoints[line->endpoints[i]]);
    if (line->endpoint_count > ENDPOINTS_NAMED)
        buffer_append_format(text, " and %zu more", line->endpoint_count - ENDPOINTS_NAMED);
}

static void append_figures(struct buffer *out, const struct dead *dead,
                           const struct dead_line *line, struct buffer *scratch)
{
    char times[FORMAT_SIZE] = "", endpoints[FORMAT_SIZE] = "";
    buffer_clear(scratch);
    if (line != NULL && line->endpoint_count > 0) {
        format_value(line->executions, UNIT_COUNT, true, times);
        snprintf(endpoints, sizeof endpoints, "%zu", line->endpoint_count);
        name_endpoints(scratch, dead, line);
    }
    markup_element(out, "td", times, "class", "number wide", NULL);
    markup_element(out, "td", endpoints, "class", "number wide", "title",
                   scratch->length > 0 ? buffer_text(scratch) : NULL, NULL);
}

static void append_line(struct buffer *out, const struct dead_report *report, size_t file,
                        uint32_t number, const struct dead_line *line, const char *text,
                        size_t size, struct buffer *scratch)
{
    char anchor[DEAD_ANCHOR_SIZE], digits[16];
    bool marked = line != NULL && line->state != DEAD_HIT;
    dead_html_anchor(file, number, anchor);
    snprintf(digits, sizeof digits, "%u", number);
    markup_open(out, "tr", "id", anchor, "class", marked ? dead_state_key(line->state) : NULL,
                NULL);
    markup_element(out, "td", digits, "class", "number", NULL);
    markup_element(out, "td", marked ? dead_state_key(line->state) : "", "class", "word", NULL);
    append_figures(out, report->dead, line, scratch);
    markup_open(out, "td", "class", "code", NULL);
    markup_append_text_bytes(out, text, size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES);
    markup_close(out, "td");
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

static void append_titles(struct buffer *out)
{
    markup_open(out, "thead", NULL);
    markup_open(out, "tr", NULL);
    markup_element(out, "th", "line", "scope", "col", "class", "number", NULL);
    markup_element(out, "th", "state", "scope", "col", NULL);
    markup_element(out, "th", "times", "scope", "col", "class", "number wide", "title",
                   "executions a request of the endpoints that reach the line", NULL);
    markup_element(out, "th", "endpoints", "scope", "col", "class", "number wide", "title",
                   "that reach the line", NULL);
    markup_element(out, "th", "text", "scope", "col", NULL);
    markup_close(out, "tr");
    markup_close(out, "thead");
}

/* With the text every line, without it those that are executable. False when the page is full. */
static bool append_lines(struct buffer *out, const struct dead_report *report, size_t index,
                         struct buffer *scratch)
{
    const struct dead_file *file = &report->dead->files[index];
    const struct measured_text *text = &report->texts[index];
    size_t at = 0, size = 0, next = 0;
    uint32_t number = 0;
    const char *line;
    if (text->text == NULL) {
        for (size_t i = 0; i < file->line_count && out->length < PAGE_MAX_BYTES; i++)
            append_line(out, report, index, file->lines[i].line, &file->lines[i], "", 0, scratch);
        return out->length < PAGE_MAX_BYTES;
    }
    while (out->length < PAGE_MAX_BYTES &&
           (line = measured_text_next_line(text, &at, &size)) != NULL) {
        number++;
        while (next < file->line_count && file->lines[next].line < number)
            next++;
        bool executable = next < file->line_count && file->lines[next].line == number;
        append_line(out, report, index, number, executable ? &file->lines[next] : NULL, line, size,
                    scratch);
    }
    return out->length < PAGE_MAX_BYTES;
}

static void append_table(struct buffer *out, const struct dead_report *report, size_t index,
                         struct buffer *scratch)
{
    markup_open(out, "div", "class", "scroll", "tabindex", "0", NULL);
    markup_open(out, "table", "class", "source", NULL);
    append_titles(out);
    markup_open(out, "tbody", NULL);
    bool whole = append_lines(out, report, index, scratch);
    markup_close(out, "tbody");
    markup_close(out, "table");
    markup_close(out, "div");
    if (!whole)
        markup_element(out, "p", "The rest is left out: the page would get too large.", "class",
                       "quiet", NULL);
}

static bool has_listed_lines(const struct dead_report *report, const struct dead_file *file)
{
    for (unsigned state = 0; state < DEAD_STATE_COUNT; state++)
        if (report->states[state] && file->lines_by_state[state] > 0)
            return true;
    return false;
}

static void append_file(struct buffer *out, const struct dead_report *report, size_t index,
                        bool open, struct buffer *scratch)
{
    const struct dead_file *file = &report->dead->files[index];
    char anchor[DEAD_ANCHOR_SIZE];
    dead_html_anchor(index, 0, anchor);
    markup_element(out, "h3", file->path, "id", anchor, NULL);
    buffer_clear(scratch);
    dead_append_file_summary(scratch, file, true);
    markup_element(out, "p", buffer_text(scratch), "class", "quiet", NULL);
    if (report->texts[index].text == NULL)
        markup_element(out, "p", report->texts[index].why, NULL);
    if (out->length >= PAGE_MAX_BYTES) {
        markup_element(out, "p", "Left out: the page would get too large.", NULL);
        return;
    }
    if (open) {
        append_table(out, report, index, scratch);
        return;
    }
    markup_open(out, "details", NULL);
    markup_element(out, "summary", "its lines", NULL);
    append_table(out, report, index, scratch);
    markup_close(out, "details");
}

static void append_row(struct buffer *out, const struct dead_file *file, size_t index)
{
    static const enum dead_state shown[] = {DEAD_HIT, DEAD_ERROR, DEAD_START, DEAD_NEVER};
    char target[DEAD_ANCHOR_SIZE], number[FORMAT_SIZE];
    target[0] = '#';
    dead_html_anchor(index, 0, target + 1);
    markup_open(out, "tr", NULL);
    markup_open(out, "td", "class", "place", NULL);
    dead_html_append_link(out, target, file->path);
    markup_close(out, "td");
    format_integer((int64_t)file->line_count, number);
    markup_element(out, "td", number, "class", "number", NULL);
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        format_integer((int64_t)file->lines_by_state[shown[i]], number);
        bool none = file->lines_by_state[shown[i]] == 0;
        markup_element(out, "td", none ? "" : number, "class",
                       shown[i] == DEAD_START || shown[i] == DEAD_ERROR ? "number wide" : "number",
                       NULL);
    }
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

static void append_index(struct buffer *out, const struct dead *dead)
{
    markup_open(out, "table", "class", "list", NULL);
    markup_open(out, "thead", NULL);
    markup_open(out, "tr", NULL);
    markup_element(out, "th", "file", "scope", "col", NULL);
    markup_element(out, "th", "lines", "scope", "col", "class", "number", NULL);
    markup_element(out, "th", "reached", "scope", "col", "class", "number", NULL);
    markup_element(out, "th", "error", "scope", "col", "class", "number wide", NULL);
    markup_element(out, "th", "start", "scope", "col", "class", "number wide", NULL);
    markup_element(out, "th", "never", "scope", "col", "class", "number", NULL);
    markup_close(out, "tr");
    markup_close(out, "thead");
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < dead->file_count; i++)
        append_row(out, &dead->files[i], i);
    markup_close(out, "tbody");
    markup_close(out, "table");
}

void dead_html_append_sources(struct buffer *out, const struct dead_report *report)
{
    struct buffer scratch;
    buffer_init(&scratch, 1 << 20);
    markup_open(out, "section", NULL);
    markup_element(out, "h2", "Files", NULL);
    append_index(out, report->dead);
    /* Should there not be room for all, it is the others that are left out. */
    for (int open = 1; open >= 0; open--)
        for (size_t i = 0; i < report->dead->file_count; i++)
            if (has_listed_lines(report, &report->dead->files[i]) == (open == 1))
                append_file(out, report, i, open == 1, &scratch);
    markup_close(out, "section");
    if (scratch.failed)
        out->failed = true;
    buffer_release(&scratch);
}
