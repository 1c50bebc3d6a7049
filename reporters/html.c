#include "reporters/html.h"

#include "base/markup.h"
#include "base/sha256.h"
#include "reporters/embedded.h"
#include "reporters/export.h"
#include "reporters/flame_picture.h"
#include "reporters/flame_words.h"
#include "reporters/html_private.h"
#include "reporters/order.h"
#include "reporters/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLUG_BYTES = 80 };

/* ---- links to a place ------------------------------------------------------------------------ */

/* "endpoint-get-v3-users-id": letters and digits alone, whatever the name holds. */
static void write_slug(const char *name, char slug[static SLUG_BYTES])
{
    size_t length = (size_t)snprintf(slug, SLUG_BYTES, "endpoint");
    bool gap = true;
    for (; *name != '\0' && length + 2 < SLUG_BYTES; name++) {
        unsigned char c = (unsigned char)*name;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain && gap)
            slug[length++] = '-';
        if (plain)
            slug[length++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        gap = !plain;
    }
    slug[length] = '\0';
}

struct slug {
    char text[SLUG_BYTES];
    size_t number;
};

static int compare_slugs(const void *a, const void *b)
{
    const struct slug *left = a, *right = b;
    int order = strcmp(left->text, right->text);
    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

/* A name that comes to the same as another's gets digits of its own digest, so that a link stays
 * what it is when endpoints come and go. */
static const char *anchor_of(struct html *html, const struct slug *slug, bool alike)
{
    unsigned char digest[SHA256_SIZE];
    const char *name = html->report->comparison->endpoints[slug->number].name;
    if (!alike)
        return arena_copy_string(&html->arena, slug->text);
    sha256(name, strlen(name), digest);
    return arena_format(&html->arena, "%s-%02x%02x%02x%02x", slug->text, digest[0], digest[1],
                        digest[2], digest[3]);
}

static bool find_anchors(struct html *html)
{
    const struct comparison *comparison = html->report->comparison;
    size_t count = comparison->endpoint_count;
    struct slug *slugs = calloc(count + 1, sizeof *slugs);
    html->anchors = arena_alloc_array(&html->arena, count + 1, sizeof *html->anchors);
    bool ok = slugs != NULL && html->anchors != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        slugs[i].number = i;
        write_slug(comparison->endpoints[i].name, slugs[i].text);
    }
    if (ok)
        qsort(slugs, count, sizeof *slugs, compare_slugs);
    for (size_t i = 0; ok && i < count; i++) {
        bool alike = (i > 0 && strcmp(slugs[i - 1].text, slugs[i].text) == 0) ||
                     (i + 1 < count && strcmp(slugs[i + 1].text, slugs[i].text) == 0);
        html->anchors[slugs[i].number] = anchor_of(html, &slugs[i], alike);
        ok = html->anchors[slugs[i].number] != NULL;
    }
    free(slugs);
    return ok;
}

/* ---- what the page is of --------------------------------------------------------------------- */

static bool find(struct html *html, struct error *err)
{
    const struct report *report = html->report;
    html->order = order_endpoints(report->comparison, err);
    if (html->order == NULL)
        return false;
    for (; html->order[html->total] != NULL; html->total++)
        if (export_wants(report, html->order[html->total]->name))
            html->order[html->count++] = html->order[html->total];
    html->order[html->count] = NULL;
    html->metric = order_find_cost_metric(report->comparison);
    if (html->total > 0 && html->count == 0)
        return error_set(err, ERROR_USAGE, "no endpoint matches %s", report->choice.endpoint);
    return find_anchors(html) || error_set_memory(err);
}

/* By rank, until there are enough for one page. */
static bool append_sections(struct buffer *out, struct html *html, struct error *err)
{
    while (html->sections < html->count && html->sections < HTML_SECTIONS_MAX &&
           out->length < HTML_SECTIONS_BYTES && !out->failed) {
        if (!html_append_endpoint(out, html, html->order[html->sections], err))
            return false;
        html->sections++;
    }
    return buffer_check(out, err);
}

/* ---- the page -------------------------------------------------------------------------------- */

static void append_way(struct buffer *out)
{
    static const char *const ways[][2] = {
        {"#endpoints", "Endpoints"},    {"#plots", "Plots"},
        {"#details", "Details"},        {"#costs", "Costs"},
        {"#dead", "Dead lines"},        {"#ground", "What this rests on"},
        {"#guide", "How to read this"},
    };
    markup_open(out, "nav", "aria-label", "Sections", NULL);
    markup_open(out, "ul", NULL);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        markup_open(out, "li", NULL);
        markup_element(out, "a", ways[i][1], "href", ways[i][0], NULL);
        markup_close(out, "li");
    }
    markup_close(out, "ul");
    markup_close(out, "nav");
    buffer_append_char(out, '\n');
}

static void append_details(struct buffer *out, const struct html *html,
                           const struct buffer *sections)
{
    html_open_section(out, "details", "Endpoint by endpoint");
    html_append_left_out(out, html->sections, html->count,
                         "those that changed and the dearest have a section");
    buffer_append(out, buffer_text(sections), sections->length);
    markup_close(out, "section");
    buffer_append_char(out, '\n');
}

static bool append_body(struct buffer *out, const struct html *html, const struct buffer *sections,
                        struct error *err)
{
    flame_picture_append_patterns(out);
    markup_element(out, "a", "To the endpoints", "class", "skip", "href", "#endpoints", NULL);
    html_append_summary(out, html);
    append_way(out);
    markup_open(out, "main", NULL);
    html_append_table(out, html);
    if (!html_append_plots(out, html, err))
        return false;
    append_details(out, html, sections);
    if (!html_append_costs(out, html, err) || !html_append_dead(out, html, err))
        return false;
    html_append_ground(out, html);
    html_append_guide(out, html);
    markup_close(out, "main");
    return true;
}

static bool html_write(const struct report *report, const struct report_style *style,
                       struct buffer *out, struct error *err)
{
    (void)style;
    static const struct page page = {"tollgate: what this change costs", embedded_html_css,
                                     embedded_html_js};
    struct html html = {.report = report};
    struct buffer sections;
    arena_init(&html.arena);
    buffer_init(&sections, out->max);
    bool ok = find(&html, err) && append_sections(&sections, &html, err);
    if (ok) {
        page_open(out, &page);
        ok = append_body(out, &html, &sections, err);
        page_close(out, &page);
    }
    buffer_release(&sections);
    free(html.order);
    arena_release(&html.arena);
    return ok && buffer_check(out, err);
}

const struct reporter reporter_html = {
    .name = "html",
    .help = "the page to dig in: every endpoint, in one file",
    .has_history = true,
    .write = html_write,
};
