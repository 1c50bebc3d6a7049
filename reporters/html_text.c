#include "base/markup.h"
#include "reporters/export.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct html_word word_of(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_REGRESSED:
        return (struct html_word){"regressed", "▲", "regressed"};
    case VERDICT_INCONCLUSIVE:
        return (struct html_word){"inconclusive", "?", "undecided"};
    case VERDICT_IMPROVED:
        return (struct html_word){"improved", "▼", "improved"};
    case VERDICT_PASSED:
        return (struct html_word){"passed", "✓", "passed"};
    case VERDICT_NONE:
        break;
    }
    return (struct html_word){"none", "–", "not judged"};
}

struct html_word html_word_endpoint(const struct endpoint_verdict *endpoint)
{
    if (endpoint->invalid != NULL)
        return (struct html_word){"invalid", "✕", "wrong answer"};
    if (endpoint->verdict == VERDICT_PASSED && endpoint->accepted != NULL)
        return (struct html_word){"accepted", "△", "accepted"};
    return word_of(endpoint->verdict);
}

struct html_word html_word_metric(const struct metric_verdict *metric)
{
    if (metric->accepted != NULL)
        return (struct html_word){"accepted", "△", "accepted"};
    return word_of(metric->verdict);
}

void html_append_word(struct buffer *out, struct html_word word)
{
    char text[64], class[64];
    snprintf(class, sizeof class, "word %s", word.class);
    snprintf(text, sizeof text, "%s %s", word.mark, word.text);
    markup_element(out, "span", text, "class", class, NULL);
}

size_t html_number(const struct html *html, const struct endpoint_verdict *endpoint)
{
    return (size_t)(endpoint - html->report->comparison->endpoints);
}

void html_append_cut(struct buffer *out, const char *element, const char *class, const char *text,
                     size_t most)
{
    struct buffer cut;
    buffer_init(&cut, HTML_TEXT_MAX);
    words_append_cut(&cut, text, most, true);
    markup_element(out, element, buffer_text(&cut), "class", class, NULL);
    flame_release_text(out, &cut);
}

void html_append_paragraph(struct buffer *out, const char *class, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    markup_element(out, "p", text, "class", class, NULL);
}

void html_open_section(struct buffer *out, const char *id, const char *title)
{
    char heading[64];
    snprintf(heading, sizeof heading, "%s-title", id);
    markup_open(out, "section", "id", id, "aria-labelledby", heading, NULL);
    markup_element(out, "h2", title, "id", heading, NULL);
    buffer_append_char(out, '\n');
}

void html_open_table(struct buffer *out, const char *class, const char *caption)
{
    markup_open(out, "div", "class", "scroll", "tabindex", "0", "role", "group", "aria-label",
                caption, NULL);
    markup_open(out, "table", "class", class, NULL);
    markup_element(out, "caption", caption, NULL);
}

void html_close_table(struct buffer *out)
{
    markup_close(out, "table");
    markup_close(out, "div");
    buffer_append_char(out, '\n');
}

void html_append_columns(struct buffer *out, const struct html_column *columns, size_t count)
{
    markup_open(out, "thead", NULL);
    markup_open(out, "tr", NULL);
    for (size_t i = 0; i < count; i++)
        markup_element(out, "th", columns[i].title, "scope", "col", "class", columns[i].class,
                       "data-sort", columns[i].sort, NULL);
    markup_close(out, "tr");
    markup_close(out, "thead");
    buffer_append_char(out, '\n');
}

static bool has_section(const struct html *html, const struct endpoint_verdict *endpoint)
{
    for (size_t i = 0; i < html->sections; i++)
        if (html->order[i] == endpoint)
            return true;
    return false;
}

void html_append_parted(struct buffer *out, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "/_");
        size += text[size] != '\0';
        markup_append_text_bytes(out, text, size);
        if (text[size] != '\0')
            markup_empty(out, "wbr", NULL);
        text += size;
    }
}

void html_append_name(struct buffer *out, const struct html *html,
                      const struct endpoint_verdict *endpoint)
{
    struct buffer target, cut;
    buffer_init(&target, HTML_TEXT_MAX);
    buffer_init(&cut, HTML_TEXT_MAX);
    words_append_cut(&cut, endpoint->name, HTML_NAME_BYTES, false);
    buffer_append_format(&target, "#%s", html->anchors[html_number(html, endpoint)]);
    bool linked = has_section(html, endpoint);
    markup_open(out, linked ? "a" : "span", "class", "name", "href",
                linked ? buffer_text(&target) : NULL, NULL);
    html_append_parted(out, buffer_text(&cut));
    markup_close(out, linked ? "a" : "span");
    flame_release_text(out, &cut);
    flame_release_text(out, &target);
}

void html_append_number(struct buffer *out, const char *class, const char *text, double value)
{
    char sort[40];
    snprintf(sort, sizeof sort, "%.9g", value);
    markup_element(out, "td", text, "class", class, "data-v", isfinite(value) ? sort : NULL, NULL);
}

void html_append_left_out(struct buffer *out, size_t shown, size_t total, const char *what)
{
    char left[FORMAT_SIZE], all[FORMAT_SIZE];
    if (shown >= total)
        return;
    format_integer((int64_t)(total - shown), left);
    format_integer((int64_t)total, all);
    html_append_paragraph(
        out, "left-out",
        "%s of %s endpoints are left out here: %s. All of them are in `tollgate "
        "report RUN -O json` and `-O csv`; `--endpoint GLOB` makes this page of a "
        "few.",
        left, all, what);
}

void html_append_side(struct buffer *text, const struct run_side *side)
{
    flame_append_side(text, side);
    if (side->dirty)
        buffer_append_string(text, ", with changes");
}

const struct endpoint_owner *html_find_owner(const struct html *html,
                                             const struct endpoint_verdict *endpoint)
{
    const struct owners *owners = html->report->owners;
    size_t number = html_number(html, endpoint);
    return owners != NULL && number < owners->count ? &owners->endpoints[number] : NULL;
}
