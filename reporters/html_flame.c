/* The flame graph of one endpoint, folded away below it. */
#include "base/markup.h"
#include "reporters/flame_picture.h"
#include "reporters/flame_tree.h"
#include "reporters/flame_view.h"
#include "reporters/flame_words.h"
#include "reporters/html_private.h"

#include <string.h>

/* Share below which frames are folded: a small picture's, of which the flame graph's own page has
 * the rest. */
static const double THRESHOLD = 0.005;

/* CPU time; where nobody sampled it, instructions by line. */
static enum profile_kind choose_kind(const struct run *head, const char *name)
{
    static const enum profile_kind kinds[] = {PROFILE_CPU, PROFILE_LINES, PROFILE_ALLOC};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct profile *profile = &head->profiles[kinds[i]][SIDE_HEAD];
        if (profile->present && profile_endpoint(profile, name) != NULL)
            return kinds[i];
    }
    return PROFILE_KIND_COUNT;
}

static void append_picture(struct buffer *out, struct html *html, const struct flame_view *view)
{
    struct buffer picture;
    buffer_init(&picture, out->max);
    flame_picture_append(&picture, view);
    html->flame_bytes += picture.length;
    html->flames++;
    buffer_append(out, buffer_text(&picture), picture.length);
    flame_release_text(out, &picture);
}

/* A name that is a pattern as well would take others with it. */
static bool is_pattern(const char *name)
{
    return strpbrk(name, "*?") != NULL;
}

bool html_append_flame(struct buffer *out, struct html *html,
                       const struct endpoint_verdict *endpoint, struct error *err)
{
    struct report report = *html->report;
    enum profile_kind kind = choose_kind(report.head, endpoint->name);
    struct flame_tree tree;
    struct flame_view view;
    struct arena arena;
    char title[160];
    if (kind == PROFILE_KIND_COUNT || is_pattern(endpoint->name))
        return true;
    if (html->flames >= HTML_FLAMES_MAX || html->flame_bytes >= HTML_FLAMES_BYTES) {
        html_append_paragraph(out, "quiet",
                              "Its flame graph is left out here: `tollgate report "
                              "RUN -O flame:flame.html` has all of them.");
        return true;
    }
    arena_init(&arena);
    report.choice = (struct report_choice){.profile = kind, .endpoint = endpoint->name};
    bool ok = flame_tree_make(&tree, &report, kind, THRESHOLD, &arena, err) &&
              flame_view_make(&view, &tree, 0, &arena, err);
    if (ok) {
        snprintf(title, sizeof title, "Flame graph: %s a request",
                 profile_kind_info(kind)->values[0].title);
        markup_open(out, "details", "class", "flames", NULL);
        markup_element(out, "summary", title, NULL);
        html_append_paragraph(out, "quiet",
                              tree.present[SIDE_BASE]
                                  ? "Callers above, what they call below; as wide as the dearer "
                                    "side. ▲ and slanted lines: grew. ▼ and dots: shrank."
                                  : "Callers above, what they call below; as wide as dear.");
        append_picture(out, html, &view);
        markup_close(out, "details");
        buffer_append_char(out, '\n');
    }
    arena_release(&arena);
    return ok;
}
