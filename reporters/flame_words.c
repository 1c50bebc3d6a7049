#include "reporters/flame_words.h"

#include "base/text.h"
#include "reporters/export.h"
#include "reporters/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COMMIT_DIGITS = 7, TEXT_MAX_BYTES = 1 << 20 };

void flame_release_text(struct buffer *out, struct buffer *text)
{
    if (text->failed)
        out->failed = true;
    buffer_release(text);
}

void flame_append_short(struct buffer *out, const char *text, size_t max_bytes)
{
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    text_append_safe(&safe, text, strnlen(text, max_bytes + 1), false);
    const char *whole = buffer_text(&safe);
    size_t length = safe.length;
    if (length > max_bytes) {
        length = max_bytes;
        while (length > 0 && ((unsigned char)whole[length] & 0xc0) == 0x80)
            length--;
    }
    buffer_append(out, whole, length);
    if (length < safe.length)
        buffer_append_string(out, "…");
    flame_release_text(out, &safe);
}

void flame_append_name(struct buffer *out, const struct flame_tree *tree, uint32_t node)
{
    char text[256];
    uint32_t frame = tree->nodes[node].frame;
    if (frame != PROFILE_NONE && tree->frames[frame].line > 0)
        buffer_append_format(out, "line %" PRIu32, tree->frames[frame].line);
    else if (frame != PROFILE_NONE)
        flame_append_short(out, export_name(&tree->frames[frame], text), FLAME_NAME_MAX_BYTES);
    else if (node > 0)
        buffer_append_string(out, "small ones");
    else if (tree->endpoint_count == 1 && tree->endpoints[0].name != NULL)
        flame_append_short(out, tree->endpoints[0].name, FLAME_NAME_MAX_BYTES);
    else
        buffer_append_string(out, "all endpoints");
}

void flame_append_place(struct buffer *out, const struct flame_tree *tree, uint32_t node)
{
    const struct flame_node *place = &tree->nodes[node];
    if (place->frame == PROFILE_NONE)
        return;
    const struct profile_frame *frame = &tree->frames[place->frame];
    if (frame->file != NULL) {
        flame_append_short(out, frame->file, FLAME_NAME_MAX_BYTES);
        if (place->line > 0)
            buffer_append_format(out, ":%" PRIu32, place->line);
        if (place->line_count > 1)
            buffer_append_format(out, " and %" PRIu32 " more %s", place->line_count - 1,
                                 place->line_count > 2 ? "lines" : "line");
    }
    if (frame->object != NULL) {
        buffer_append_string(out, frame->file != NULL ? ", " : "");
        flame_append_short(out, frame->object, FLAME_NAME_MAX_BYTES);
    }
}

void flame_format(const struct flame_view *view, double value, char text[static FORMAT_SIZE])
{
    if (value == 0)
        snprintf(text, FORMAT_SIZE, "0");
    else
        format_value(value, profile_kind_info(view->tree->kind)->values[view->value].unit, true,
                     text);
}

void flame_append_change(struct buffer *out, double head, double base)
{
    char text[FORMAT_SIZE];
    if (base <= 0 && head <= 0) {
        buffer_append_char(out, '=');
    } else if (base <= 0 || head <= 0) {
        buffer_append_string(out, base <= 0 ? "new" : "gone");
    } else {
        format_change(head / base - 1, true, text);
        buffer_append_string(out, text);
    }
}

const char *flame_class(const struct flame_tree *tree, uint32_t node)
{
    if (node == 0)
        return "root";
    if (tree->nodes[node].frame == PROFILE_NONE)
        return "small";
    const struct profile_frame *frame = &tree->frames[tree->nodes[node].frame];
    if (frame->own)
        return "own";
    return frame->object != NULL && strcmp(frame->object, "[kernel]") == 0 ? "kernel" : "library";
}

void flame_append_side(struct buffer *out, const struct run_side *side)
{
    const char *ref = side->ref != NULL ? side->ref : "?";
    char commit[COMMIT_DIGITS + 1];
    flame_append_short(out, ref, 100);
    if (side->commit == NULL || strcmp(ref, side->commit) == 0)
        return;
    snprintf(commit, sizeof commit, "%s", side->commit);
    buffer_append_char(out, ' ');
    flame_append_short(out, commit, sizeof commit);
}
