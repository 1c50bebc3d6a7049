/* What segments are without their numbers: "step-#" of step-1 and step-12. */
#include "replay/infer_private.h"

static struct infer_stem *add_stem(struct infer *infer, struct infer_node *node,
                                   const struct buffer *text)
{
    struct infer_stem *stem = arena_alloc(&infer->arena, sizeof *stem + text->length + 1);
    if (stem == NULL)
        return NULL;
    memcpy(stem->key, buffer_text(text), text->length);
    HASH_ADD_KEYPTR(hh, node->stems, stem->key, text->length, stem);
    return stem->hh.tbl != NULL ? stem : NULL;
}

bool infer_find_stem(struct infer *infer, struct infer_node *node, struct segment segment,
                     bool make, struct infer_stem **out)
{
    struct buffer text;
    bool ok = true;
    *out = NULL;
    buffer_init(&text, 2 * INFER_LITERAL_MAX_BYTES);
    if (infer_append_stem(&text, segment) && !text.failed) {
        HASH_FIND(hh, node->stems, buffer_text(&text), text.length, *out);
        if (*out == NULL && make) {
            *out = add_stem(infer, node, &text);
            ok = *out != NULL;
        }
    }
    ok = ok && !text.failed;
    buffer_release(&text);
    return ok;
}
