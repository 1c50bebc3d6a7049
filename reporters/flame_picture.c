#include "reporters/flame_picture.h"

#include "base/markup.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* As in flame.css and flame.js. */
enum { ROW_PIXELS = 21, FRAME_PIXELS = 20, MARK_PIXELS = 4, TEXT_PIXELS = 14 };
enum { LABEL_MAX_BYTES = 160, TITLE_MAX_BYTES = 4096 };

#define NARROWEST 0.001 /* of the picture: what is drawn */
#define LABELLED  0.02  /* what has room for letters */

/* Slanted lines under what grew, dots under what shrank: told apart without colour. */
void flame_picture_append_patterns(struct buffer *out)
{
    markup_open(out, "svg", "class", "patterns", "width", "0", "height", "0", "aria-hidden", "true",
                NULL);
    markup_open(out, "defs", NULL);
    markup_open(out, "pattern", "id", "grew", "patternUnits", "userSpaceOnUse", "width", "6",
                "height", "4", NULL);
    markup_empty(out, "path", "d", "M-1 5L5 -1M2 8L8 2", "class", "stripe", NULL);
    markup_close(out, "pattern");
    markup_open(out, "pattern", "id", "shrank", "patternUnits", "userSpaceOnUse", "width", "6",
                "height", "4", NULL);
    markup_empty(out, "circle", "cx", "3", "cy", "2", "r", "1.2", "class", "dot", NULL);
    markup_close(out, "pattern");
    markup_close(out, "defs");
    markup_close(out, "svg");
}

/* "own", or with two sides "grew2": what colours the frame. */
static void find_class(const struct flame_view *view, uint32_t node, char name[static 32])
{
    enum flame_change change = flame_view_node_change(view, node);
    if (!view->tree->present[SIDE_BASE])
        snprintf(name, 32, "frame %s", flame_class(view->tree, node));
    else if (change == FLAME_SAME)
        snprintf(name, 32, "frame same");
    else
        snprintf(name, 32, "frame %s%d", change == FLAME_GREW ? "grew" : "shrank",
                 flame_view_level(view, node));
}

static void append_value(struct buffer *out, const struct flame_view *view, double value)
{
    char text[FORMAT_SIZE];
    flame_format(view, value, text);
    buffer_append_string(out, text);
}

/* What a pointer that rests on the frame is told. */
static void append_title(struct buffer *out, const struct flame_view *view, uint32_t node)
{
    char share[FORMAT_SIZE];
    double head = view->total[SIDE_HEAD][node], base = view->total[SIDE_BASE][node];
    double all = view->total[SIDE_HEAD][0];
    struct buffer title;
    buffer_init(&title, TITLE_MAX_BYTES);
    flame_append_name(&title, view->tree, node);
    buffer_append_char(&title, '\n');
    size_t before = title.length;
    flame_append_place(&title, view->tree, node);
    if (title.length > before)
        buffer_append_char(&title, '\n');
    append_value(&title, view, head);
    format_share(all > 0 ? head / all : 0, true, share);
    buffer_append_format(&title, " a request, %s of all", share);
    if (view->tree->present[SIDE_BASE]) {
        buffer_append_string(&title, "\nbefore ");
        append_value(&title, view, base);
        buffer_append_string(&title, ": ");
        flame_append_change(&title, head, base);
        if (flame_view_node_change(view, node) == FLAME_SAME && head != base)
            buffer_append_string(&title, ", no clear change");
    }
    markup_element(out, "title", buffer_text(&title), NULL);
    flame_release_text(out, &title);
}

static void append_label(struct buffer *out, const struct flame_view *view, uint32_t node)
{
    enum flame_change change = flame_view_node_change(view, node);
    struct buffer label, name;
    buffer_init(&label, TITLE_MAX_BYTES);
    buffer_init(&name, TITLE_MAX_BYTES);
    if (change != FLAME_SAME)
        buffer_append_string(&label, change == FLAME_GREW ? "▲ " : "▼ ");
    flame_append_name(&name, view->tree, node);
    flame_append_short(&label, buffer_text(&name), LABEL_MAX_BYTES);
    if (change != FLAME_SAME) {
        buffer_append_char(&label, ' ');
        flame_append_change(&label, view->total[SIDE_HEAD][node], view->total[SIDE_BASE][node]);
    }
    char y[16];
    snprintf(y, sizeof y, "%d", TEXT_PIXELS);
    markup_element(out, "text", buffer_text(&label), "x", "4", "y", y, NULL);
    flame_release_text(out, &name);
    flame_release_text(out, &label);
}

/* A picture within the picture: it ends at its own edges, and so does the text in it. */
static void append_frame(struct buffer *out, const struct flame_view *view, uint32_t node)
{
    char class[32], x[32], y[32], width[32], mark[16];
    double left = view->left[node] / view->width[0], share = view->width[node] / view->width[0];
    enum flame_change change = flame_view_node_change(view, node);
    find_class(view, node, class);
    snprintf(x, sizeof x, "%.3f%%", 100 * left);
    snprintf(y, sizeof y, "%" PRIu32, view->tree->nodes[node].depth * ROW_PIXELS);
    snprintf(width, sizeof width, "%.3f%%", 100 * share);
    snprintf(mark, sizeof mark, "%d", FRAME_PIXELS - MARK_PIXELS);
    markup_open(out, "svg", "class", class, "x", x, "y", y, "width", width, "height", "20", NULL);
    append_title(out, view, node);
    markup_empty(out, "rect", "width", "100%", "height", "20", NULL);
    if (change != FLAME_SAME)
        markup_empty(out, "rect", "class", "mark", "fill",
                     change == FLAME_GREW ? "url(#grew)" : "url(#shrank)", "y", mark, "width",
                     "100%", "height", "4", NULL);
    if (share >= LABELLED)
        append_label(out, view, node);
    markup_close(out, "svg");
    buffer_append_char(out, '\n');
}

static bool is_drawn(const struct flame_view *view, uint32_t node)
{
    return view->width[node] >= NARROWEST * view->width[0];
}

void flame_picture_append(struct buffer *out, const struct flame_view *view)
{
    uint32_t depth = 0;
    char height[32];
    if (!(view->width[0] > 0)) {
        markup_element(out, "p", "Nothing was spent.", "class", "quiet", NULL);
        return;
    }
    for (uint32_t i = 0; i < view->tree->node_count; i++)
        if (is_drawn(view, i) && view->tree->nodes[i].depth > depth)
            depth = view->tree->nodes[i].depth;
    snprintf(height, sizeof height, "%" PRIu32, (depth + 1) * ROW_PIXELS);
    markup_open(out, "svg", "class", "flame", "width", "100%", "height", height, NULL);
    for (uint32_t i = 0; i < view->tree->node_count && !out->failed; i++)
        if (is_drawn(view, i))
            append_frame(out, view, i);
    markup_close(out, "svg");
}
