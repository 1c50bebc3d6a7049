/* Lines that no replayed request of this run reached: the sum by file. What to remove is said by
 * `tollgate dead`, over many runs. */
#include "base/markup.h"
#include "insights/dead.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/words.h"

#include <stdio.h>
#include <stdlib.h>

static int compare_files(const void *a, const void *b)
{
    const struct dead_file *left = *(const struct dead_file *const *)a;
    const struct dead_file *right = *(const struct dead_file *const *)b;
    size_t of_left = left->lines_by_state[DEAD_NEVER], of_right = right->lines_by_state[DEAD_NEVER];
    if (of_left != of_right)
        return of_left > of_right ? -1 : 1;
    return left < right ? -1 : left > right;
}

static void append_count(struct buffer *out, size_t count, const char *class)
{
    char text[FORMAT_SIZE];
    format_integer((int64_t)count, text);
    html_append_number(out, class, text, (double)count);
}

static void append_path(struct buffer *out, const char *path)
{
    struct buffer cut;
    buffer_init(&cut, HTML_TEXT_MAX);
    words_append_cut(&cut, path, HTML_NAME_BYTES, false);
    markup_open(out, "span", "class", "code", NULL);
    html_append_parted(out, buffer_text(&cut));
    markup_close(out, "span");
    out->failed |= cut.failed;
    buffer_release(&cut);
}

static void append_file(struct buffer *out, const struct dead_file *file)
{
    char share[FORMAT_SIZE];
    double part = file->line_count > 0
                      ? (double)file->lines_by_state[DEAD_NEVER] / (double)file->line_count
                      : 0;
    markup_open(out, "tr", NULL);
    markup_open(out, "th", "scope", "row", NULL);
    append_path(out, file->path);
    markup_close(out, "th");
    append_count(out, file->lines_by_state[DEAD_NEVER], "number");
    format_share(part, true, share);
    html_append_number(out, "number", share, part);
    append_count(out, file->lines_by_state[DEAD_START], "number wide");
    append_count(out, file->lines_by_state[DEAD_ERROR], "number wide");
    append_count(out, file->line_count, "number wide");
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

static bool append_files(struct buffer *out, const struct dead *dead, struct error *err)
{
    static const struct html_column columns[] = {
        {"File", NULL, "text"},
        {"Never", "number", "number"},
        {"Of its lines", "number", "number"},
        {"At start only", "number wide", "number"},
        {"In errors only", "number wide", "number"},
        {"Executable", "number wide", "number"},
    };
    const struct dead_file **order = calloc(dead->file_count + 1, sizeof *order);
    if (order == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < dead->file_count; i++)
        order[i] = &dead->files[i];
    qsort(order, dead->file_count, sizeof(struct dead_file *), compare_files);
    html_open_table(out, "list sortable", "Lines that no request reached, by file");
    html_append_columns(out, columns, COUNT_OF(columns));
    markup_open(out, "tbody", NULL);
    size_t count = 0; /* of files that have such lines: they come first */
    while (count < dead->file_count && order[count]->lines_by_state[DEAD_NEVER] > 0)
        count++;
    for (size_t i = 0; i < count && i < HTML_FILES_MAX; i++)
        append_file(out, order[i]);
    markup_close(out, "tbody");
    html_close_table(out);
    if (count > HTML_FILES_MAX)
        html_append_paragraph(out, "left-out", "%zu more files with such lines are left out.",
                              count - HTML_FILES_MAX);
    free(order);
    return true;
}

static bool append_dead(struct buffer *out, const struct dead *dead, struct error *err)
{
    char never[FORMAT_SIZE], all[FORMAT_SIZE], share[FORMAT_SIZE];
    size_t count = dead->lines_by_state[DEAD_NEVER];
    format_integer((int64_t)count, never);
    format_integer((int64_t)dead->line_count, all);
    format_share(dead->line_count > 0 ? (double)count / (double)dead->line_count : 0, true, share);
    html_append_paragraph(out, NULL,
                          "%s of %s executable lines (%s) were reached by no request of this run, "
                          "nor at start. One run is little evidence: `tollgate dead` takes many, "
                          "names the lines, and knows their age.",
                          never, all, share);
    return count == 0 || append_files(out, dead, err);
}

static bool find_dead(struct dead *dead, struct dead_merge *merge, const struct run *head,
                      const char **why, struct arena *arena, struct error *err)
{
    static const struct dead_question question = {.keep_folder = "", .today = "1970-01-01"};
    return dead_merge_add(merge, head, why, err) &&
           (*why != NULL || dead_find(dead, merge, &question, arena, err));
}

bool html_append_dead(struct buffer *out, const struct html *html, struct error *err)
{
    struct dead dead = {0};
    struct dead_merge *merge = NULL;
    const char *why = NULL;
    struct arena arena;
    arena_init(&arena);
    html_open_section(out, "dead", "Dead lines");
    bool ok = dead_merge_new(&merge, err) &&
              find_dead(&dead, merge, html->report->head, &why, &arena, err);
    if (ok && why != NULL)
        html_append_cut(out, "p", NULL, why, HTML_WORDS_BYTES);
    else if (ok && dead.line_count == 0)
        html_append_paragraph(out, NULL, "No executable lines are known.");
    else if (ok)
        ok = append_dead(out, &dead, err);
    markup_close(out, "section");
    buffer_append_char(out, '\n');
    dead_merge_free(merge);
    arena_release(&arena);
    return ok;
}
