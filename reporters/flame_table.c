#include "reporters/flame_table.h"

#include "base/markup.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"

#include <math.h>
#include <stdlib.h>

enum { CELL_MAX_BYTES = 4096 };

/* One function, over all places of the tree. */
struct row {
    uint32_t node; /* the dearest of its places, for its name */
    double self[SIDE_COUNT];
    double total[SIDE_COUNT]; /* once where it calls itself */
    double variance;          /* of the difference of what it spent itself */
    double dearest;
};

struct table {
    const struct flame_view *view;
    struct row *rows; /* by frame */
    bool two_sides;
    double whole;
};

/* Whether the function is among those above the node. */
static bool calls_itself(const struct flame_tree *tree, uint32_t node)
{
    for (uint32_t at = tree->nodes[node].parent; at != PROFILE_NONE; at = tree->nodes[at].parent)
        if (tree->nodes[at].frame == tree->nodes[node].frame)
            return true;
    return false;
}

/* A line is a row only as part of its function, which is above it. */
static uint32_t row_of(const struct flame_tree *tree, uint32_t node)
{
    if (tree->kind == PROFILE_LINES && tree->nodes[node].depth == 2)
        node = tree->nodes[node].parent;
    return tree->nodes[node].frame;
}

static void fill_rows(struct table *table)
{
    const struct flame_tree *tree = table->view->tree;
    for (uint32_t i = 1; i < tree->node_count; i++) {
        uint32_t frame = row_of(tree, i);
        if (frame == PROFILE_NONE)
            continue;
        struct row *row = &table->rows[frame];
        bool again = tree->nodes[i].frame != frame || calls_itself(tree, i);
        row->variance += table->view->self_variance[i];
        for (unsigned side = 0; side < SIDE_COUNT; side++) {
            row->self[side] += table->view->self[side][i];
            row->total[side] += again ? 0 : table->view->total[side][i];
        }
        if (tree->nodes[i].frame == frame &&
            (row->node == 0 || table->view->width[i] > row->dearest)) {
            row->node = i;
            row->dearest = table->view->width[i];
        }
    }
}

/* By what is to be seen first: growth in either direction, beyond what is chance; then cost. */
static double worth(const struct table *table, const struct row *row)
{
    double difference = fabs(row->self[SIDE_HEAD] - row->self[SIDE_BASE]);
    double cost = fmax(row->self[SIDE_HEAD], row->self[SIDE_BASE]);
    bool clear = table->two_sides && flame_view_change(row->self[SIDE_HEAD], row->self[SIDE_BASE],
                                                       row->variance, table->whole) != FLAME_SAME;
    return clear ? table->whole + difference : cost;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct table *table = context;
    const struct row *left = a, *right = b;
    double left_worth = worth(table, left), right_worth = worth(table, right);
    if (left_worth != right_worth)
        return left_worth > right_worth ? -1 : 1;
    return left->node < right->node ? -1 : left->node > right->node;
}

static void append_number(struct buffer *out, const struct table *table, double value,
                          const char *class)
{
    char text[FORMAT_SIZE];
    flame_format(table->view, value, text);
    markup_element(out, "td", text, "class", class, NULL);
}

static void append_change(struct buffer *out, const struct table *table, const struct row *row)
{
    double head = row->self[SIDE_HEAD], base = row->self[SIDE_BASE];
    enum flame_change change = flame_view_change(head, base, row->variance, table->whole);
    struct buffer text;
    buffer_init(&text, CELL_MAX_BYTES);
    if (change == FLAME_SAME) {
        buffer_append_string(&text, head == base ? "=" : "no clear change");
    } else {
        buffer_append_string(&text, change == FLAME_GREW ? "▲ " : "▼ ");
        flame_append_change(&text, head, base);
    }
    markup_element(out, "td", buffer_text(&text), "class",
                   change == FLAME_SAME   ? "change quiet"
                   : change == FLAME_GREW ? "change up"
                                          : "change down",
                   NULL);
    flame_release_text(out, &text);
}

static void append_row(struct buffer *out, const struct table *table, const struct row *row)
{
    char share[FORMAT_SIZE];
    const struct flame_tree *tree = table->view->tree;
    double all = table->view->total[SIDE_HEAD][0];
    struct buffer name, place;
    buffer_init(&name, CELL_MAX_BYTES);
    buffer_init(&place, CELL_MAX_BYTES);
    flame_append_name(&name, tree, row->node);
    flame_append_place(&place, tree, row->node);
    markup_open(out, "tr", NULL);
    markup_open(out, "th", "scope", "row", NULL);
    markup_element(out, "span", buffer_text(&name), "class", "name", NULL);
    markup_element(out, "span", buffer_text(&place), "class", "place", NULL);
    markup_close(out, "th");
    append_number(out, table, row->self[SIDE_HEAD], "number");
    if (table->two_sides) {
        append_number(out, table, row->self[SIDE_BASE], "number wide");
        append_change(out, table, row);
    }
    format_share(all > 0 ? row->self[SIDE_HEAD] / all : 0, true, share);
    markup_element(out, "td", share, "class", table->two_sides ? "number wide" : "number", NULL);
    append_number(out, table, row->total[SIDE_HEAD], "number wide");
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
    flame_release_text(out, &place);
    flame_release_text(out, &name);
}

static void append_head(struct buffer *out, bool two_sides)
{
    markup_open(out, "thead", NULL);
    markup_open(out, "tr", NULL);
    markup_element(out, "th", "Function", "scope", "col", NULL);
    markup_element(out, "th", "Itself", "scope", "col", "class", "number", NULL);
    if (two_sides) {
        markup_element(out, "th", "Before", "scope", "col", "class", "number wide", NULL);
        markup_element(out, "th", "Change", "scope", "col", NULL);
    }
    markup_element(out, "th", "Share", "scope", "col", "class",
                   two_sides ? "number wide" : "number", NULL);
    markup_element(out, "th", "With calls", "scope", "col", "class", "number wide", NULL);
    markup_close(out, "tr");
    markup_close(out, "thead");
}

bool flame_table_append(struct buffer *out, const struct flame_view *view, struct arena *arena,
                        struct error *err)
{
    const struct flame_tree *tree = view->tree;
    struct table table = {.view = view,
                          .rows = arena_alloc_array(arena, tree->frame_count, sizeof(struct row)),
                          .two_sides = tree->present[SIDE_BASE],
                          .whole = flame_view_whole(view)};
    if (table.rows == NULL)
        return error_set_memory(err);
    fill_rows(&table);
    qsort_r(table.rows, tree->frame_count, sizeof *table.rows, compare_rows, &table);
    markup_open(out, "table", "id", "functions", NULL);
    append_head(out, table.two_sides);
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < tree->frame_count && i < FLAME_TABLE_ROWS; i++)
        if (table.rows[i].self[SIDE_HEAD] > 0 || table.rows[i].self[SIDE_BASE] > 0)
            append_row(out, &table, &table.rows[i]);
    markup_close(out, "tbody");
    markup_close(out, "table");
    return true;
}
