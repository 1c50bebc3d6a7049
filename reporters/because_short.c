#include "base/file.h"
#include "reporters/because.h"
#include "reporters/because_private.h"
#include "reporters/fault.h"
#include "reporters/layout.h"

#include <string.h>

enum {
    VARIANTS_NAMED = 3,
    LABEL_COLUMNS = 9, /* as of the metrics above */
    TEXT_MAX_BYTES = 1 << 20,
};

/* Behind the label of the first. */
static void append_paragraph(struct buffer *out, const struct report_style *style, bool *begun,
                             const struct buffer *sentence)
{
    static const char label[] = "because";
    bool narrow = style->columns < LAYOUT_NARROW_COLUMNS;
    size_t indent = narrow ? 4 : 2 + LABEL_COLUMNS, used = *begun ? 0 : 2 + strlen(label);
    struct buffer line;
    buffer_init(&line, TEXT_MAX_BYTES);
    if (!*begun)
        buffer_append_format(out, "  %s", label);
    layout_pad(&line, used, *begun ? 0 : narrow ? used + 1 : indent);
    buffer_append_string(&line, buffer_text(sentence));
    if (sentence->failed || line.failed)
        out->failed = true;
    layout_append_wrapped(out, buffer_text(&line),
                          (struct layout_paragraph){(size_t)style->columns, used, indent});
    *begun = true;
    buffer_release(&line);
}

static void append_places(struct buffer *out, const struct fault *fault,
                          const struct report_style *style, bool *begun)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < fault->place_count; i++) {
        buffer_clear(&text);
        fault_append_place(&text, fault, fault->places[i], style->utf8);
        append_paragraph(out, style, begun, &text);
    }
    buffer_release(&text);
}

static void append_stale(struct buffer *out, const struct fault *fault,
                         const struct report_style *style, bool *begun)
{
    struct buffer text;
    if (fault->stale == NULL || fault->place_count == 0)
        return;
    buffer_init(&text, TEXT_MAX_BYTES);
    layout_append_safe(&text, fault->stale, style->utf8, false);
    buffer_append_string(&text, " is newer than the program: its lines may not fit");
    append_paragraph(out, style, begun, &text);
    buffer_release(&text);
}

/* "only 1 of 3 variants: limit=100", of the first metric of which only some grew. */
static void append_variants(struct buffer *out, const struct fault *fault,
                            const struct report_style *style, bool *begun)
{
    const struct growth *growth = NULL;
    struct buffer text;
    size_t grew = 0, named = 0;
    for (size_t i = 0; i < fault->count && growth == NULL; i++)
        growth = fault->growths[i].one_variant ? &fault->growths[i] : NULL;
    if (growth == NULL)
        return;
    for (size_t i = 0; i < growth->variant_count; i++)
        grew += growth->variants[i].grew;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_format(&text, "only %zu of %zu variants of its requests grew: ", grew,
                         growth->variant_count);
    for (size_t i = 0; i < growth->variant_count; i++) {
        if (!growth->variants[i].grew || ++named > VARIANTS_NAMED)
            continue;
        buffer_append_string(&text, named > 1 ? ", " : "");
        because_append_variant(&text, growth->variants[i].name, style->utf8);
    }
    if (grew > VARIANTS_NAMED)
        buffer_append_format(&text, " and %zu more", grew - VARIANTS_NAMED);
    append_paragraph(out, style, begun, &text);
    buffer_release(&text);
}

static void append_missing(struct buffer *out, const struct fault *fault,
                           const struct report_style *style, uint64_t *told, bool *begun)
{
    struct buffer text;
    if (fault->missing == NULL || fault->place_count > 0)
        return;
    uint64_t hash = file_hash_bytes(FILE_HASH_START, fault->missing, strlen(fault->missing));
    if (*told == hash)
        return;
    *told = hash;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_string(&text, "no lines can be named: ");
    layout_append_safe(&text, fault->missing, style->utf8, false);
    append_paragraph(out, style, begun, &text);
    buffer_release(&text);
}

void because_append(struct buffer *out, const struct report *report,
                    const struct report_style *style, const struct endpoint_verdict *endpoint,
                    uint64_t *told)
{
    struct fault fault;
    struct arena arena;
    bool begun = false;
    arena_init(&arena);
    if (fault_find(&fault, report, endpoint, &arena)) {
        append_places(out, &fault, style, &begun);
        append_stale(out, &fault, style, &begun);
        append_variants(out, &fault, style, &begun);
        append_missing(out, &fault, style, told, &begun);
    } else {
        out->failed = true;
    }
    arena_release(&arena);
}
