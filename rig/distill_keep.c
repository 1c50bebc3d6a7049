#include "rig/distill_keep.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The requests of one endpoint that were answered, or those that were refused. */
struct unit {
    const struct profile_endpoint *lines; /* NULL: the run has none of it */
    size_t endpoint;                      /* of the corpus */
    bool refused;
    bool possible; /* the corpus has such requests */
    size_t gain;   /* lines that nothing taken so far reaches; at most */
};

struct cover {
    const struct profile *profile;
    unsigned char *error_line; /* by node: only refused requests reach it */
    unsigned char *wanted;     /* by node: nothing taken so far reaches it */
    struct unit *units;
    size_t unit_count;
    bool own_only; /* the run knows which lines are the gateway's own */
};

static bool is_line(const struct cover *cover, uint32_t node)
{
    const struct profile_frame *frame = &cover->profile->frames[cover->profile->nodes[node].frame];
    return frame->file != NULL && frame->line > 0 && (frame->own || !cover->own_only);
}

static bool reaches(const struct cover *cover, const struct unit *unit,
                    const struct profile_cost *cost)
{
    return cost->values[LINES_HITS] > 0 && (cover->error_line[cost->node] != 0) == unit->refused;
}

static size_t count_gain(const struct cover *cover, const struct unit *unit)
{
    size_t gain = 0;
    for (size_t i = 0; unit->lines != NULL && unit->possible && i < unit->lines->cost_count; i++) {
        const struct profile_cost *cost = &unit->lines->costs[i];
        gain += cover->wanted[cost->node] != 0 && reaches(cover, unit, cost);
    }
    return gain;
}

static void strike_out(struct cover *cover, const struct unit *unit)
{
    for (size_t i = 0; i < unit->lines->cost_count; i++)
        if (reaches(cover, unit, &unit->lines->costs[i]))
            cover->wanted[unit->lines->costs[i].node] = 0;
}

/* Takes what reaches most that is new, again and again. A gain only ever falls, so the largest that
 * was worked out anew and is still the largest is the largest. */
static void take_units(struct cover *cover, struct distill_keep *keep)
{
    for (;;) {
        struct unit *best = &cover->units[0];
        for (size_t u = 1; u < cover->unit_count; u++)
            if (cover->units[u].gain > best->gain)
                best = &cover->units[u];
        if (best->gain == 0)
            return;
        size_t gain = count_gain(cover, best);
        bool stale = gain < best->gain;
        best->gain = gain;
        if (stale)
            continue;
        strike_out(cover, best);
        best->gain = 0;
        keep->needs[best->endpoint] |= best->refused ? DISTILL_NEED_REFUSED : DISTILL_NEED_ANSWERED;
        keep->lines[best->endpoint] += gain;
    }
}

/* Lines that no endpoint of the run reaches, or that are no source's, are nobody's. */
static void want_lines(struct cover *cover, struct distill_keep *keep)
{
    const struct profile *profile = cover->profile;
    for (size_t i = 0; i < profile->frame_count; i++)
        cover->own_only = cover->own_only || profile->frames[i].own;
    for (size_t i = 0; i < profile->error_node_count; i++)
        cover->error_line[profile->error_nodes[i]] = 1;
    for (size_t e = 0; e < profile->endpoint_count; e++) {
        const struct profile_endpoint *endpoint = &profile->endpoints[e];
        for (size_t i = 0; i < endpoint->cost_count; i++)
            if (endpoint->costs[i].values[LINES_HITS] > 0 &&
                is_line(cover, endpoint->costs[i].node))
                cover->wanted[endpoint->costs[i].node] = 1;
    }
    for (size_t n = 0; n < profile->node_count; n++)
        keep->line_count += cover->wanted[n];
}

static void make_units(struct cover *cover, const struct distill_corpus *corpus)
{
    for (size_t e = 0; e < corpus_endpoint_count(corpus->corpus); e++) {
        const struct profile_endpoint *lines =
            profile_endpoint(cover->profile, corpus_endpoint_name(corpus->corpus, e));
        for (int refused = 0; refused < 2; refused++)
            cover->units[cover->unit_count++] =
                (struct unit){.lines = lines, .endpoint = e, .refused = refused != 0};
    }
    for (size_t i = 0; i < corpus->count; i++)
        cover->units[2 * corpus->items[i].endpoint + (corpus->items[i].status >= 400)].possible =
            true;
    for (size_t u = 0; u < cover->unit_count; u++)
        cover->units[u].gain = count_gain(cover, &cover->units[u]);
}

static bool find_cover(struct distill_keep *keep, const struct distill_corpus *corpus,
                       const struct profile *profile, struct error *err)
{
    size_t endpoints = corpus_endpoint_count(corpus->corpus);
    struct cover cover = {.profile = profile};
    cover.error_line = calloc(profile->node_count + 1, 1);
    cover.wanted = calloc(profile->node_count + 1, 1);
    cover.units = calloc(2 * endpoints, sizeof *cover.units);
    keep->needs = calloc(endpoints, sizeof *keep->needs);
    keep->lines = calloc(endpoints, sizeof *keep->lines);
    bool ok = cover.error_line != NULL && cover.wanted != NULL && cover.units != NULL &&
              keep->needs != NULL && keep->lines != NULL;
    if (ok) {
        want_lines(&cover, keep);
        make_units(&cover, corpus);
        take_units(&cover, keep);
        for (size_t n = 0; n < profile->node_count; n++)
            keep->elsewhere += cover.wanted[n];
    }
    free(cover.error_line);
    free(cover.wanted);
    free(cover.units);
    return ok || error_set_memory(err);
}

bool distill_keep_find(struct distill_keep *keep, const struct distill_corpus *corpus,
                       const char *path, struct error *err)
{
    struct run run;
    *keep = (struct distill_keep){0};
    if (path == NULL)
        return true;
    if (!run_read(&run, path, err))
        return false;
    const struct profile *profile = &run.profiles[PROFILE_LINES][SIDE_HEAD];
    bool ok = profile->present
                  ? find_cover(keep, corpus, profile, err)
                  : error_set_at(err, ERROR_INPUT, path,
                                 "it does not tell lines: %s\nA run that tells them is made by: "
                                 "tollgate bench --passes lines -o run.json",
                                 profile->missing != NULL ? profile->missing : "not asked for");
    run_release(&run);
    return ok;
}

void distill_keep_release(struct distill_keep *keep)
{
    free(keep->needs);
    free(keep->lines);
    *keep = (struct distill_keep){0};
}

static void append_missing(struct buffer *out, const struct distill_keep *keep,
                           const struct distill_corpus *corpus, const unsigned char *kept)
{
    for (size_t e = 0; e < corpus_endpoint_count(corpus->corpus); e++) {
        const char *name = corpus_endpoint_name(corpus->corpus, e);
        unsigned missing = keep->needs[e] & ~(unsigned)kept[e];
        if (missing == 0)
            continue;
        buffer_append_string(out, "  not kept: ");
        text_append_safe(out, name, strlen(name), false);
        buffer_append_format(out, "%s, of %zu lines that it was wanted for\n",
                             missing == DISTILL_NEED_REFUSED ? ", refused requests" : "",
                             keep->lines[e]);
    }
}

void distill_keep_append(struct buffer *out, const struct distill_keep *keep,
                         const struct distill_corpus *corpus, const struct distillation *chosen)
{
    size_t endpoints = corpus_endpoint_count(corpus->corpus), needed = 0, refused = 0;
    if (keep->needs == NULL)
        return;
    unsigned char *kept = calloc(endpoints, sizeof *kept);
    if (kept == NULL)
        return;
    for (size_t c = 0; c < chosen->count; c++) {
        const struct distill_item *item = &corpus->items[chosen->choices[c].item];
        kept[item->endpoint] |= item->status >= 400 ? DISTILL_NEED_REFUSED : DISTILL_NEED_ANSWERED;
    }
    for (size_t e = 0; e < endpoints; e++) {
        needed += keep->needs[e] != 0;
        refused += (keep->needs[e] & DISTILL_NEED_REFUSED) != 0;
    }
    buffer_append_format(out,
                         "lines: %zu that the run reached need %zu of %zu endpoints, %zu with a "
                         "refused request\n",
                         keep->line_count, needed, endpoints, refused);
    append_missing(out, keep, corpus, kept);
    if (keep->elsewhere > 0)
        buffer_append_format(out, "  %zu lines are of endpoints that this corpus does not have\n",
                             keep->elsewhere);
    buffer_append_string(out, "  a run tells lines by endpoint, and whether only refused requests "
                              "reach them; not by\n  variant: lines of a variant without an "
                              "exchange of its own may be lost\n");
    free(kept);
}
