#include "rig/site_profile.h"

#include "baselines/profile_builder.h"
#include "rig/site_images.h"
#include "rig/site_names.h"
#include "rig/source_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one node had in one part. */
struct cost {
    uint32_t node; /* an agent's; once named, the profile's */
    uint32_t half;
    double values[PROFILE_VALUES_MAX]; /* a request, times the share */
};

/* All costs of one endpoint, or of the start. */
struct account {
    struct cost *costs;
    size_t count, room;
};

struct site_profile {
    struct bench *bench;
    enum side side;
    const struct site_counts *counts;
    struct arena arena;
    struct source_files files;
    struct symbols *symbols;
    struct site_images images;
    struct profile_builder *builder;
    struct account *accounts; /* by endpoint; the last is the start's */
    size_t endpoint_count;
    uint64_t *measured; /* by agent node: allocations in measured requests */
    uint32_t measured_count;
};

bool site_profile_new(struct site_profile **out, struct bench *bench, enum side side,
                      const struct site_counts *counts, struct error *err)
{
    const struct run *run = bench->run;
    struct site_profile *profile = calloc(1, sizeof *profile);
    *out = profile;
    if (profile == NULL)
        return error_set_memory(err);
    profile->bench = bench;
    profile->side = side;
    profile->counts = counts;
    arena_init(&profile->arena);
    const char **names = arena_alloc_array(&profile->arena, run->endpoint_count, sizeof *names);
    profile->accounts =
        arena_alloc_array(&profile->arena, run->endpoint_count + 1, sizeof *profile->accounts);
    if (names == NULL || profile->accounts == NULL)
        return error_set_memory(err);
    profile->endpoint_count = run->endpoint_count;
    for (size_t e = 0; e < run->endpoint_count; e++)
        names[e] = run->endpoints[e].name;
    return profile_builder_new(&profile->builder, PROFILE_ALLOC, names, run->endpoint_count, err) &&
           source_files_read(&profile->files, bench->sides[side].source.folder, bench->interrupt,
                             &profile->arena, err) &&
           symbols_new(&profile->symbols, profile->files.root, profile->files.tracked, err) &&
           site_images_init(&profile->images, site_counts_sites(counts), profile->symbols, err);
}

void site_profile_free(struct site_profile *profile)
{
    if (profile == NULL)
        return;
    for (size_t i = 0; profile->accounts != NULL && i <= profile->endpoint_count; i++)
        free(profile->accounts[i].costs);
    free(profile->measured);
    site_images_release(&profile->images);
    symbols_free(profile->symbols);
    profile_builder_free(profile->builder);
    arena_release(&profile->arena);
    free(profile);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static bool add_costs(struct account *account, const struct site_part *part, uint32_t half,
                      double factor, struct error *err)
{
    if (account->count + part->count > account->room) {
        size_t room = 2 * (account->count + part->count);
        struct cost *grown = reallocarray(account->costs, room, sizeof *grown);
        if (grown == NULL)
            return error_set_memory(err);
        account->costs = grown;
        account->room = room;
    }
    for (size_t i = 0; i < part->count; i++) {
        const struct site_delta *delta = &part->deltas[i];
        struct cost *cost = &account->costs[account->count++];
        *cost = (struct cost){.node = delta->node, .half = half};
        cost->values[ALLOC_ALLOCATIONS] = (double)delta->allocations * factor;
        cost->values[ALLOC_BYTES] = (double)delta->bytes * factor;
        cost->values[ALLOC_RETAINED] = (double)delta->retained * factor;
    }
    return true;
}

bool site_profile_add_start(struct site_profile *profile, const struct site_part *part,
                            struct error *err)
{
    return add_costs(&profile->accounts[profile->endpoint_count], part, 0, 1, err);
}

static bool note_measured(struct site_profile *profile, const struct site_part *part,
                          struct error *err)
{
    uint32_t seen = site_counts_seen(profile->counts);
    if (seen > profile->measured_count) {
        uint64_t *grown = reallocarray(profile->measured, 2 * (size_t)seen, sizeof *grown);
        if (grown == NULL)
            return error_set_memory(err);
        memset(grown + profile->measured_count, 0,
               (2 * (size_t)seen - profile->measured_count) * sizeof *grown);
        profile->measured = grown;
        profile->measured_count = 2 * seen;
    }
    for (size_t i = 0; i < part->count; i++)
        profile->measured[part->deltas[i].node] += part->deltas[i].allocations;
    return true;
}

bool site_profile_add(struct site_profile *profile, size_t endpoint, int half, double share,
                      int64_t requests, const struct site_part *part, struct error *err)
{
    profile_builder_add_requests(profile->builder, (int)endpoint, requests);
    return note_measured(profile, part, err) &&
           add_costs(&profile->accounts[endpoint], part, (uint32_t)half, share / (double)requests,
                     err);
}

void site_profile_read_maps(struct site_profile *profile, const struct gateway *gateway, bool again)
{
    struct process_tree tree;
    gateway_read_tree(gateway, &tree);
    site_images_read(&profile->images, &tree, again);
}

/* ---- into the run --------------------------------------------------------------------------- */

static int by_node(const void *left, const void *right)
{
    const struct cost *a = left, *b = right;
    return a->node != b->node ? (a->node > b->node) - (a->node < b->node)
                              : (a->half > b->half) - (a->half < b->half);
}

/* From agents' nodes to the profile's, in order; several of them become one. */
static bool name_costs(struct site_names *names, struct account *account, struct error *err)
{
    for (size_t i = 0; i < account->count; i++) {
        struct site_name name;
        if (!site_names_find(names, account->costs[i].node, &name, err))
            return false;
        account->costs[i].node = name.node;
    }
    if (account->count > 0)
        qsort(account->costs, account->count, sizeof *account->costs, by_node);
    return true;
}

/* Adds the costs up by node. The halves make a mean, but for what is retained. */
static void add_account(struct site_profile *profile, const struct account *account, int endpoint)
{
    double weight = endpoint == PROFILE_START ? 1 : 1.0 / SITE_HALVES;
    for (size_t i = 0; i < account->count;) {
        uint32_t node = account->costs[i].node;
        double values[PROFILE_VALUES_MAX] = {0}, retained[SITE_HALVES] = {0};
        for (; i < account->count && account->costs[i].node == node; i++) {
            const struct cost *cost = &account->costs[i];
            values[ALLOC_ALLOCATIONS] += cost->values[ALLOC_ALLOCATIONS] * weight;
            values[ALLOC_BYTES] += cost->values[ALLOC_BYTES] * weight;
            retained[cost->half] += cost->values[ALLOC_RETAINED];
        }
        values[ALLOC_RETAINED] =
            endpoint == PROFILE_START ? retained[0] : fmin(retained[0], retained[1]);
        /* Shares are fractions: without this the last bits would differ by the order. */
        for (size_t v = 0; v < PROFILE_VALUES_MAX; v++)
            values[v] = round(values[v] * 1e6) / 1e6;
        if (node != PROFILE_NONE)
            profile_builder_add(profile->builder, endpoint, node, values);
    }
}

static bool add_accounts(struct site_profile *profile, struct site_names *names, struct error *err)
{
    for (size_t i = 0; i <= profile->endpoint_count; i++) {
        if (!name_costs(names, &profile->accounts[i], err))
            return false;
        add_account(profile, &profile->accounts[i],
                    i < profile->endpoint_count ? (int)i : PROFILE_START);
    }
    return true;
}

/* Allocations in measured requests whose stack was cut or has a frame that nothing is known of. */
static bool count_unresolved(struct site_profile *profile, struct site_names *names,
                             int64_t *unresolved, struct error *err)
{
    *unresolved = 0;
    for (uint32_t i = 0; i < profile->measured_count && i < site_counts_seen(profile->counts);
         i++) {
        struct site_name name;
        if (profile->measured[i] == 0)
            continue;
        if (!site_names_find(names, i, &name, err))
            return false;
        if (!name.whole || !name.known)
            *unresolved += (int64_t)profile->measured[i];
    }
    return true;
}

static void note_lost(struct site_profile *profile, const struct agent_totals *counted)
{
    uint64_t kept = site_counts_allocations(profile->counts);
    const struct agent_sites *sites = site_counts_sites(profile->counts);
    uint64_t untied = atomic_load(&sites->untied_blocks);
    if (counted->allocations > kept)
        profile_builder_add_note(
            profile->builder,
            "%.1f %% of the allocations have no stack: there were more stacks, "
            "threads or processes than the agent has room for",
            100.0 * (double)(counted->allocations - kept) / (double)counted->allocations);
    if (untied > 0)
        profile_builder_add_note(profile->builder,
                                 "%llu blocks were too many to follow to their end: what their "
                                 "sites retain is too much",
                                 (unsigned long long)untied);
}

/* Why there are no source lines, where no frame has one of the gateway's own. Of the files that a
 * process has mapped its program is the first. */
static void note_nameless(struct site_profile *profile, const struct site_names *names)
{
    size_t count;
    if (site_names_has_own(names))
        return;
    for (uint32_t i = 0; i < profile->images.count; i++) {
        if (profile->images.maps[i] == NULL)
            continue;
        struct symbols_object *const *objects =
            symbols_map_objects(profile->images.maps[i], &count);
        const char *why = count > 0 ? symbols_object_why(objects[0]) : NULL;
        if (why != NULL)
            profile_builder_add_note(profile->builder, "%s: %s", symbols_object_name(objects[0]),
                                     why);
    }
}

bool site_profile_finish(struct site_profile *profile, const struct agent_totals *counted,
                         struct error *err)
{
    struct run *run = profile->bench->run;
    struct profile *out = &run->profiles[PROFILE_ALLOC][profile->side];
    struct site_names *names = NULL;
    int64_t unresolved = 0;
    bool ok = site_names_new(&names, profile->builder, profile->counts, &profile->images, err) &&
              add_accounts(profile, names, err) &&
              count_unresolved(profile, names, &unresolved, err);
    if (ok) {
        note_lost(profile, counted);
        note_nameless(profile, names);
        ok = profile_builder_finish(profile->builder, &run->arena, out, err);
    }
    if (ok)
        out->unresolved = unresolved;
    site_names_free(names);
    return ok;
}
