#include "rig/github_annotations.h"

#include "reporters/words.h"

#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = 100000, LINES_SHOWN = 8, TEXT_MAX_BYTES = 1 << 20, PATH_MAX_BYTES = 1000 };

/* ---- where ----------------------------------------------------------------------------------- */

/* The innermost function of the gateway's own sources that holds the line; 0 = not known. */
static uint32_t find_function_line(const struct report *report, const struct profile_frame *place)
{
    const struct source_file *file =
        source_tree_file(&report->head->sources[SIDE_HEAD], place->file);
    uint32_t found = 0;
    for (size_t i = 0; file != NULL && i < file->function_count; i++) {
        const struct source_function *function = &file->functions[i];
        if (function->line <= place->line && place->line <= function->last_line &&
            function->line > found)
            found = function->line;
    }
    return found;
}

/* 0 = nowhere. */
static uint32_t find_line(const struct report *report, const struct github_diff *diff,
                          const struct finding *finding)
{
    const struct profile_frame *place = finding->place;
    if (place == NULL || strlen(place->file) > PATH_MAX_BYTES || place->line > INT32_MAX)
        return 0;
    return github_diff_shows(diff, place->file, place->line) ? place->line
                                                             : find_function_line(report, place);
}

/* ---- grouping -------------------------------------------------------------------------------- */

/* What stands at one place. */
struct group {
    size_t first;
    uint32_t line;
};

struct making {
    struct github_annotations *out;
    const struct finding_list *findings;
    uint32_t *lines; /* of each finding */
    struct group *groups;
    size_t count;
};

static bool belongs(const struct making *making, size_t group, size_t finding)
{
    size_t first = making->groups[group].first;
    const struct finding *a = &making->findings->items[first];
    const struct finding *b = &making->findings->items[finding];
    return making->lines[first] == making->lines[finding] && a->level == b->level &&
           strcmp(a->place->file, b->place->file) == 0;
}

static void collect(struct making *making, const struct report *report,
                    const struct github_diff *diff)
{
    for (size_t i = 0; i < making->findings->count; i++) {
        size_t at = 0;
        making->lines[i] = find_line(report, diff, &making->findings->items[i]);
        if (making->lines[i] == 0) {
            making->out->unplaced++;
            continue;
        }
        while (at < making->count && !belongs(making, at, i))
            at++;
        if (at < making->count)
            continue;
        if (making->count < GITHUB_ANNOTATIONS_MOST)
            making->groups[making->count++] = (struct group){i, making->lines[i]};
        else
            making->out->left_off++;
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *keep(struct arena *arena, const struct buffer *text, size_t most)
{
    struct buffer cut;
    buffer_init(&cut, 2 * TEXT_MAX_BYTES);
    words_append_cut(&cut, buffer_text(text), most, true);
    const char *kept =
        text->failed || cut.failed ? NULL : arena_copy_string(arena, buffer_text(&cut));
    buffer_release(&cut);
    return kept;
}

static const char *make_title(struct making *making, size_t group)
{
    struct buffer text;
    size_t more = 0;
    const struct finding *first = &making->findings->items[making->groups[group].first];
    for (size_t i = making->groups[group].first + 1; i < making->findings->count; i++)
        more += making->lines[i] != 0 && belongs(making, group, i);
    buffer_init(&text, TEXT_MAX_BYTES);
    finding_append_title(&text, first);
    if (more > 0)
        buffer_append_format(&text, " and %zu more", more);
    const char *title = keep(&making->out->arena, &text, GITHUB_ANNOTATION_TITLE_MAX_BYTES);
    buffer_release(&text);
    return title;
}

static const char *make_message(struct making *making, size_t group)
{
    struct buffer text;
    size_t told = 0, left = 0;
    const struct finding *first = &making->findings->items[making->groups[group].first];
    buffer_init(&text, TEXT_MAX_BYTES);
    for (size_t i = making->groups[group].first; i < making->findings->count; i++) {
        if (making->lines[i] == 0 || !belongs(making, group, i))
            continue;
        if (told == LINES_SHOWN) {
            left++;
            continue;
        }
        buffer_append_string(&text, told++ > 0 ? "\n" : "");
        finding_append_title(&text, &making->findings->items[i]);
        buffer_append_string(&text, ": ");
        finding_append_reason(&text, &making->findings->items[i]);
    }
    if (left > 0)
        buffer_append_format(&text, "\nand %zu more", left);
    if (first->because != NULL)
        buffer_append_format(&text, "\n%s", first->because);
    if (making->groups[group].line != first->place->line)
        buffer_append_format(&text, "\nLine %u, which the diff does not show, is in this function.",
                             first->place->line);
    const char *message = keep(&making->out->arena, &text, GITHUB_ANNOTATION_MESSAGE_MAX_BYTES);
    buffer_release(&text);
    return message;
}

static bool write_items(struct making *making)
{
    struct github_annotations *out = making->out;
    out->items = arena_alloc_array(&out->arena, making->count + 1, sizeof *out->items);
    for (size_t i = 0; out->items != NULL && i < making->count; i++) {
        const struct finding *first = &making->findings->items[making->groups[i].first];
        struct github_annotation *item = &out->items[i];
        *item =
            (struct github_annotation){.level = first->level,
                                       .path = arena_copy_string(&out->arena, first->place->file),
                                       .line = making->groups[i].line,
                                       .title = make_title(making, i),
                                       .message = make_message(making, i)};
        if (item->path == NULL || item->title == NULL || item->message == NULL)
            return false;
    }
    out->count = making->count;
    return out->items != NULL;
}

bool github_annotations_make(struct github_annotations *annotations, const struct report *report,
                             const struct github_diff *diff, struct error *err)
{
    struct finding_list findings;
    *annotations = (struct github_annotations){0};
    if (!finding_list_make(&findings, report, FINDINGS_MAX, err))
        return false;
    arena_init(&annotations->arena);
    struct making making = {.out = annotations, .findings = &findings};
    making.lines = arena_alloc_array(&annotations->arena, findings.count + 1, sizeof(uint32_t));
    making.groups =
        arena_alloc_array(&annotations->arena, GITHUB_ANNOTATIONS_MOST, sizeof *making.groups);
    bool ok = making.lines != NULL && making.groups != NULL;
    if (ok)
        collect(&making, report, diff);
    annotations->unplaced += findings.left_off;
    ok = ok && write_items(&making);
    finding_list_release(&findings);
    if (ok)
        return true;
    github_annotations_release(annotations);
    return error_set_memory(err);
}

void github_annotations_release(struct github_annotations *annotations)
{
    arena_release(&annotations->arena);
    *annotations = (struct github_annotations){0};
}

/* ---- batches --------------------------------------------------------------------------------- */

static const char *level_name(enum finding_level level)
{
    static const char *const names[] = {
        [FINDING_ERROR] = "failure", [FINDING_WARNING] = "warning", [FINDING_NOTICE] = "notice"};
    return names[level];
}

json_t *github_annotations_batch(const struct github_annotations *annotations, size_t first)
{
    json_t *list = json_array();
    for (size_t i = first;
         list != NULL && i < annotations->count && i < first + GITHUB_ANNOTATIONS_A_REQUEST; i++) {
        const struct github_annotation *item = &annotations->items[i];
        json_t *each = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "path", item->path, "start_line",
                                 (json_int_t)item->line, "end_line", (json_int_t)item->line,
                                 "annotation_level", level_name(item->level), "title", item->title,
                                 "message", item->message);
        if (json_array_append_new(list, each) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
