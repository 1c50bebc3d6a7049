/* Source text around the lines that matter, with what each line costs a request. */
#include "base/markup.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/words.h"

#include <stdio.h>
#include <string.h>

enum {
    CONTEXT_LINES = 4,
    MARKS_MAX = 8,
    FILE_LINES_MAX = MARKS_MAX * (2 * CONTEXT_LINES + 1),
    LINE_BYTES = 400, /* of a line's text */
};

/* The lines of one file that are shown, rising. */
struct excerpt {
    const char *path;
    const struct html_code_mark *marks[MARKS_MAX];
    size_t mark_count;
    uint32_t lines[FILE_LINES_MAX];
    double instructions[FILE_LINES_MAX], times[FILE_LINES_MAX];
    size_t count;
};

static bool is_shown(const struct html_code_mark *mark)
{
    return mark->place->own && mark->place->file != NULL && mark->place->line > 0;
}

static void add_line(struct excerpt *excerpt, uint32_t line)
{
    size_t at = excerpt->count;
    while (at > 0 && excerpt->lines[at - 1] > line)
        at--;
    if ((at > 0 && excerpt->lines[at - 1] == line) || excerpt->count == FILE_LINES_MAX)
        return;
    memmove(&excerpt->lines[at + 1], &excerpt->lines[at],
            (excerpt->count - at) * sizeof *excerpt->lines);
    excerpt->lines[at] = line;
    excerpt->count++;
}

static void add_mark(struct excerpt *excerpt, const struct html_code_mark *mark)
{
    uint32_t line = mark->place->line;
    excerpt->marks[excerpt->mark_count++] = mark;
    for (uint32_t near = line > CONTEXT_LINES ? line - CONTEXT_LINES : 1;
         near <= line + CONTEXT_LINES && near != 0; near++)
        add_line(excerpt, near);
}

/* The file of marks[first], unless an earlier mark is in it, too. */
static bool make_excerpt(struct excerpt *excerpt, const struct html_code_mark *marks, size_t count,
                         size_t first)
{
    *excerpt = (struct excerpt){.path = marks[first].place->file};
    for (size_t i = 0; i < count; i++) {
        if (!is_shown(&marks[i]) || strcmp(marks[i].place->file, excerpt->path) != 0)
            continue;
        if (i < first)
            return false;
        add_mark(excerpt, &marks[i]);
    }
    return true;
}

static void add_costs(struct excerpt *excerpt, const struct profile *profile,
                      const struct profile_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        const struct profile_cost *cost = &endpoint->costs[i];
        const struct profile_frame *frame = &profile->frames[profile->nodes[cost->node].frame];
        if (!frame->own || frame->file == NULL || strcmp(frame->file, excerpt->path) != 0)
            continue;
        for (size_t line = 0; line < excerpt->count; line++) {
            if (excerpt->lines[line] != frame->line)
                continue;
            excerpt->instructions[line] += cost->values[LINES_INSTRUCTIONS];
            excerpt->times[line] += cost->values[LINES_HITS];
        }
    }
}

/* ---- as markup ------------------------------------------------------------------------------- */

static void append_cost(struct buffer *out, double value, const char *class)
{
    char text[FORMAT_SIZE] = "";
    if (value > 0)
        format_value(value, UNIT_COUNT, true, text);
    markup_element(out, "td", text, "class", class, NULL);
}

static void append_row(struct buffer *out, const struct excerpt *excerpt, size_t index,
                       const char *text, size_t size, bool marked)
{
    char number[16];
    snprintf(number, sizeof number, "%u", excerpt->lines[index]);
    markup_open(out, "tr", "class", marked ? "marked" : NULL, NULL);
    markup_element(out, "td", number, "class", "number quiet", NULL);
    append_cost(out, excerpt->instructions[index], "number");
    append_cost(out, excerpt->times[index], "number wide");
    markup_open(out, "td", NULL);
    markup_append_text_bytes(out, text, size < LINE_BYTES ? size : LINE_BYTES);
    markup_close(out, "td");
    markup_close(out, "tr");
}

/* A row with something to say in place of code. */
static void append_remark(struct buffer *out, const char *class, const char *text)
{
    markup_open(out, "tr", "class", class, NULL);
    markup_element(out, "td", "", "class", "number", NULL);
    markup_element(out, "td", "", "class", "number", NULL);
    markup_element(out, "td", "", "class", "number wide", NULL);
    markup_element(out, "td", text, NULL);
    markup_close(out, "tr");
}

static void append_marks(struct buffer *out, const struct excerpt *excerpt, uint32_t line)
{
    struct buffer text;
    buffer_init(&text, HTML_TEXT_MAX);
    for (size_t i = 0; i < excerpt->mark_count; i++) {
        if (excerpt->marks[i]->place->line != line)
            continue;
        buffer_clear(&text);
        buffer_append_format(&text, "▲ %s", excerpt->marks[i]->text);
        append_remark(out, "said", buffer_text(&text));
    }
    flame_release_text(out, &text);
}

static bool is_marked(const struct excerpt *excerpt, uint32_t line)
{
    for (size_t i = 0; i < excerpt->mark_count; i++)
        if (excerpt->marks[i]->place->line == line)
            return true;
    return false;
}

static void append_lines(struct buffer *out, const struct excerpt *excerpt,
                         const struct measured_text *text)
{
    size_t at = 0, size = 0, next = 0;
    uint32_t number = 0;
    const char *line;
    while (next < excerpt->count && (line = measured_text_next_line(text, &at, &size)) != NULL) {
        number++;
        if (excerpt->lines[next] != number)
            continue;
        if (next > 0 && excerpt->lines[next - 1] + 1 != number)
            append_remark(out, "quiet", "⋯");
        append_row(out, excerpt, next, line, size, is_marked(excerpt, number));
        append_marks(out, excerpt, number);
        next++;
    }
}

static void append_excerpt(struct buffer *out, const struct excerpt *excerpt,
                           const struct measured_text *text)
{
    static const struct html_column columns[] = {
        {"Line", "number", NULL},
        {"Instructions", "number", NULL},
        {"Times", "number wide", NULL},
        {"Code", NULL, NULL},
    };
    struct buffer caption;
    buffer_init(&caption, HTML_TEXT_MAX);
    words_append_cut(&caption, excerpt->path, HTML_NAME_BYTES, false);
    buffer_append_string(&caption, ": what each line itself executes a request");
    html_open_table(out, "source", buffer_text(&caption));
    html_append_columns(out, columns, COUNT_OF(columns));
    markup_open(out, "tbody", NULL);
    append_lines(out, excerpt, text);
    markup_close(out, "tbody");
    html_close_table(out);
    flame_release_text(out, &caption);
}

/* ---- what the page has room and text for ----------------------------------------------------- */

/* Said once on a page. */
static void append_missing(struct buffer *out, struct html *html, const char *why)
{
    if (!html->code_missing_told)
        html_append_paragraph(out, "quiet", "Source text is not shown: %s.", why);
    html->code_missing_told = true;
}

static bool append_file(struct buffer *out, struct html *html,
                        const struct endpoint_verdict *endpoint, struct excerpt *excerpt,
                        struct error *err)
{
    const struct measured_texts *texts = html->report->texts;
    const struct profile *profile = &html->report->head->profiles[PROFILE_LINES][SIDE_HEAD];
    const struct profile_endpoint *costs =
        profile->present ? profile_endpoint(profile, endpoint->name) : NULL;
    const struct measured_text *text = texts->find(texts->context, excerpt->path);
    if (text == NULL)
        return error_set_memory(err);
    if (text->text == NULL) {
        append_missing(out, html, text->why);
        return true;
    }
    if (costs != NULL)
        add_costs(excerpt, profile, costs);
    append_excerpt(out, excerpt, text);
    return true;
}

bool html_append_code(struct buffer *out, struct html *html,
                      const struct endpoint_verdict *endpoint, const struct html_code_mark *marks,
                      size_t count, struct error *err)
{
    struct excerpt excerpt;
    size_t before = out->length;
    bool ok = true;
    if (html->report->texts == NULL)
        return true;
    for (size_t i = 0; i < count && i < MARKS_MAX && ok; i++) {
        if (!is_shown(&marks[i]) || !make_excerpt(&excerpt, marks, count, i))
            continue;
        if (html->code_bytes + out->length - before < HTML_CODE_BYTES)
            ok = append_file(out, html, endpoint, &excerpt, err);
        else
            append_missing(out, html, "of further endpoints, the page would get too large");
    }
    html->code_bytes += out->length - before;
    return ok;
}
