#include "reporters/markdown_private.h"

#include "reporters/reasons.h"
#include "reporters/words.h"

#include <string.h>

enum { EXPLANATION_COLUMNS = 88, EXPLANATION_MAX_BYTES = 8000 };

static bool is_changed(const struct endpoint_verdict *endpoint)
{
    return endpoint->invalid != NULL || endpoint->accepted != NULL ||
           endpoint->verdict == VERDICT_REGRESSED || endpoint->verdict == VERDICT_INCONCLUSIVE ||
           endpoint->verdict == VERDICT_IMPROVED;
}

static bool got_dearer(const struct endpoint_verdict *endpoint)
{
    return endpoint->invalid == NULL &&
           (endpoint->verdict == VERDICT_REGRESSED || endpoint->accepted != NULL);
}

/* One that another endpoint has too is told once. True when it was. */
static bool join_line(struct markdown *markdown, const struct growth_item *item)
{
    for (size_t i = 0; i < markdown->line_count; i++) {
        struct markdown_line *line = &markdown->lines[i];
        if (fault_same_place(&line->item->place, &item->place)) {
            line->others++;
            return true;
        }
    }
    return false;
}

static bool add_line(struct markdown *markdown, const struct endpoint_verdict *endpoint,
                     const struct fault *fault, const struct growth_item *item)
{
    struct buffer text;
    if (join_line(markdown, item) || markdown->line_count == MARKDOWN_LINES)
        return true;
    buffer_init(&text, MARKDOWN_TEXT_MAX);
    fault_append_amounts(&text, fault, &item->place, true);
    markdown->lines[markdown->line_count] = (struct markdown_line){
        .item = item,
        .text = text.failed ? NULL : arena_copy_string(&markdown->arena, buffer_text(&text)),
        .changed = item->changed && fault->changes_known,
        .endpoint = endpoint,
    };
    buffer_release(&text);
    return markdown->lines[markdown->line_count++].text != NULL;
}

/* The first line of each endpoint, in their order; where room is left, the second ones. */
static bool find_lines(struct markdown *markdown, const struct fault *const *faults, size_t count)
{
    for (size_t rank = 0; rank < FAULT_PLACES; rank++)
        for (size_t i = 0; i < count; i++) {
            if (rank > 0 && markdown->line_count == MARKDOWN_LINES)
                return true;
            if (faults[i] != NULL && rank < faults[i]->place_count &&
                !add_line(markdown, markdown->order[i], faults[i], faults[i]->places[rank]))
                return false;
        }
    return true;
}

static bool find_faults(struct markdown *markdown)
{
    const struct fault **faults =
        arena_alloc_array(&markdown->arena, markdown->changed + 1, sizeof(struct fault *));
    if (faults == NULL)
        return false;
    for (size_t i = 0; i < markdown->changed; i++) {
        if (!got_dearer(markdown->order[i]))
            continue;
        faults[i] = fault_book_find(&markdown->book, markdown->order[i]);
        if (faults[i] == NULL)
            return false;
        if (markdown->missing == NULL)
            markdown->missing = faults[i]->missing;
    }
    return find_lines(markdown, faults, markdown->changed);
}

static void explain(struct buffer *text, const struct markdown *markdown,
                    const struct endpoint_verdict *endpoint, uint64_t *told)
{
    static const struct report_style style = {.columns = EXPLANATION_COLUMNS, .utf8 = true};
    if (endpoint->invalid == NULL) {
        reasons_append_endpoint(text, markdown->report, &style, endpoint, told);
        return;
    }
    reasons_append_invalid(text, &style, (const struct endpoint_verdict *const[]){endpoint, NULL});
}

static bool find_explanations(struct markdown *markdown)
{
    uint64_t told = 0;
    for (size_t i = 0; i < markdown->changed && i < MARKDOWN_EXPLAINED; i++) {
        struct buffer text, cut;
        buffer_init(&text, MARKDOWN_TEXT_MAX);
        buffer_init(&cut, MARKDOWN_TEXT_MAX);
        explain(&text, markdown, markdown->order[i], &told);
        words_append_cut(&cut, buffer_text(&text) + (*buffer_text(&text) == '\n'),
                         EXPLANATION_MAX_BYTES, true);
        bool ok = !text.failed && !cut.failed;
        markdown->explanations[i] =
            ok ? arena_copy_string(&markdown->arena, buffer_text(&cut)) : NULL;
        buffer_release(&text);
        buffer_release(&cut);
        if (markdown->explanations[i] == NULL)
            return false;
        markdown->explained++;
    }
    return true;
}

bool markdown_find(struct markdown *markdown, struct error *err)
{
    while (markdown->order[markdown->count] != NULL)
        markdown->count++;
    while (markdown->changed < markdown->count && is_changed(markdown->order[markdown->changed]))
        markdown->changed++;
    return (find_faults(markdown) && find_explanations(markdown)) || error_set_memory(err);
}
