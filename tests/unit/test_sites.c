/* From what agents wrote into the map to the profile of a run: maps made here, whose addresses are
 * this program's own functions. */
#include "rig/site_names.h"
#include "rig/site_profile.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODES = 64 };

static struct agent_map *map;
static struct agent_sites *sites;
static struct agent_node *nodes;
static struct site_counts *counts;
static struct error err;

static void make_map(void)
{
    size_t size = agent_wire_size_bytes(AGENT_WIRE_DEFAULT_SLOTS, NODES);
    map = aligned_alloc(64, (size + 63) / 64 * 64);
    cr_assert_not_null(map);
    memset(map, 0, size);
    agent_wire_init(map, AGENT_WIRE_DEFAULT_SLOTS, NODES);
    sites = agent_wire_sites(map, AGENT_WIRE_DEFAULT_SLOTS);
    nodes = agent_wire_nodes(sites);
    cr_assert(site_counts_new(&counts, map, NODES, &err));
}

static void release_map(void)
{
    site_counts_free(counts);
    free(map);
    error_clear(&err);
}

/* As an agent does. */
static uint32_t add_node(uint32_t parent, uint64_t address, uint32_t root)
{
    uint32_t number = sites->used_nodes++;
    nodes[number].parent = parent;
    nodes[number].address = address;
    nodes[number].root = (root == AGENT_WIRE_NO_NODE ? number : root) + 1;
    return number;
}

static uint32_t add_root(uint32_t slot, uint32_t process)
{
    return add_node(AGENT_WIRE_NO_NODE, (uint64_t)slot << 32 | process, AGENT_WIRE_NO_NODE);
}

static void add_counts(uint32_t node, uint64_t allocations, uint64_t bytes, uint64_t usable,
                       uint64_t freed, uint64_t freed_elsewhere)
{
    nodes[node].allocations += allocations;
    nodes[node].requested_bytes += bytes;
    nodes[node].usable_allocated_bytes += usable;
    nodes[node].usable_freed_bytes += freed;
    nodes[node].usable_freed_elsewhere_bytes += freed_elsewhere;
}

/* ---- counts --------------------------------------------------------------------------------- */

static void assert_delta(const struct site_delta *delta, uint32_t node, uint64_t allocations,
                         uint64_t bytes, int64_t retained)
{
    cr_assert_eq(delta->node, node);
    cr_assert_eq(delta->allocations, allocations);
    cr_assert_eq(delta->bytes, bytes);
    cr_assert_eq(delta->retained, retained);
}

Test(sites, a_look_gives_what_is_new, .timeout = 10)
{
    struct site_part part;
    make_map();
    uint32_t root = add_root(0, 0), one = add_node(root, 0x1000, root);
    add_counts(one, 3, 300, 312, 104, 0);
    cr_assert(site_counts_look(counts, &part, &err));
    cr_assert_eq(part.count, 1);
    assert_delta(&part.deltas[0], one, 3, 300, 208);
    cr_assert(site_counts_look(counts, &part, &err));
    cr_assert_eq(part.count, 0);
    /* Another thread frees what was retained; a second node appears. */
    uint32_t other = add_node(one, 0x2000, root);
    add_counts(one, 0, 0, 0, 0, 208);
    add_counts(other, 1, 10, 24, 0, 0);
    cr_assert(site_counts_look(counts, &part, &err));
    cr_assert_eq(part.count, 2);
    assert_delta(&part.deltas[0], one, 0, 0, -208);
    assert_delta(&part.deltas[1], other, 1, 10, 24);
    cr_assert_eq(site_counts_allocations(counts), 4);
    cr_assert_eq(site_counts_seen(counts), 3);
    release_map();
}

/* More nodes wanted than there is room for. */
Test(sites, a_full_map, .timeout = 10)
{
    struct site_part part;
    make_map();
    for (uint32_t i = 0; i < NODES; i++)
        add_counts(add_root(i, 0), 1, 1, 24, 0, 0);
    sites->used_nodes = UINT32_MAX;
    cr_assert(site_counts_look(counts, &part, &err));
    cr_assert_eq(part.count, NODES);
    cr_assert_eq(site_counts_seen(counts), NODES);
    release_map();
}

/* Whatever is written there, no walk to the root leaves the map or goes on for ever. */
Test(sites, nodes_that_make_no_sense, .timeout = 10)
{
    struct site_part part;
    struct site_node node;
    make_map();
    uint32_t root = add_root(5, 7);
    uint32_t good = add_node(root, 0x1000, root);
    uint32_t unfinished = add_node(root, 0x1000, root);
    nodes[unfinished].root = 0;
    uint32_t own_parent = add_node(root, 0x1000, root);
    nodes[own_parent].parent = own_parent;
    uint32_t later_parent = add_node(root, 0x1000, root);
    nodes[later_parent].parent = later_parent + 1;
    uint32_t no_parent = add_node(AGENT_WIRE_NO_NODE, 0x1000, root);
    uint32_t far_parent = add_node(1000000, 0x1000, root);
    uint32_t far_root = add_node(root, 0x1000, 1000000);
    uint32_t far_process = add_root(0, AGENT_WIRE_PROCESSES);
    cr_assert(site_counts_look(counts, &part, &err));
    cr_assert(site_counts_node(counts, root, &node));
    cr_assert(node.parent == AGENT_WIRE_NO_NODE && node.process == 7 && node.address == 0);
    cr_assert(site_counts_node(counts, good, &node));
    cr_assert(node.parent == root && node.process == 7 && node.address == 0x1000);
    const uint32_t bad[] = {unfinished, own_parent, later_parent, no_parent,
                            far_parent, far_root,   far_process,  NODES - 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!site_counts_node(counts, bad[i], &node), "%zu", i);
    release_map();
}

/* ---- names ---------------------------------------------------------------------------------- */

static const char *const endpoint_names[] = {"GET /a", "GET /b"};

__attribute__((noipa)) int site_outer(int value);
__attribute__((noipa)) int site_inner(int value);

int site_outer(int value)
{
    return value + 1;
}

int site_inner(int value)
{
    return value + 2;
}

/* As a return address: one further than an instruction of the function. */
static uint64_t address_in(int (*function)(int))
{
    return (uint64_t)(uintptr_t)function + 2;
}

struct named {
    struct symbols *symbols;
    struct site_images images;
    struct profile_builder *builder;
    struct site_names *names;
};

static void begin_names(struct named *named)
{
    struct site_part part;
    struct process_tree tree = {.pids = {getpid()}, .count = 1};
    *named = (struct named){0};
    cr_assert(site_counts_look(counts, &part, &err));
    cr_assert(symbols_new(&named->symbols, "/nonexistent", NULL, &err), "%s", err.text);
    cr_assert(site_images_init(&named->images, sites, named->symbols, &err));
    site_images_read(&named->images, &tree, false);
    cr_assert(profile_builder_new(&named->builder, PROFILE_ALLOC, endpoint_names, 2, &err));
    cr_assert(site_names_new(&named->names, named->builder, counts, &named->images, &err));
}

/* The functions from the node outwards, "inner outer". */
static const char *ways_of(struct named *named, uint32_t node, char text[256])
{
    static const double ones[PROFILE_VALUES_MAX] = {1, 1, 1};
    struct arena arena;
    struct profile profile;
    arena_init(&arena);
    profile_builder_add(named->builder, 0, node, ones);
    cr_assert(profile_builder_finish(named->builder, &arena, &profile, &err));
    text[0] = '\0';
    for (; node != PROFILE_NONE; node = profile.nodes[node].parent) {
        const struct profile_frame *frame = &profile.frames[profile.nodes[node].frame];
        size_t used = strlen(text);
        snprintf(text + used, 256 - used, "%s%s", used > 0 ? " " : "",
                 frame->function != NULL ? frame->function : "?");
    }
    arena_release(&arena);
    return text;
}

static void end_names(struct named *named)
{
    site_names_free(named->names);
    profile_builder_free(named->builder);
    site_images_release(&named->images);
    symbols_free(named->symbols);
}

Test(sites, names_of_a_stack, .timeout = 60)
{
    struct named named;
    struct site_name name;
    char text[256];
    make_map();
    sites->used_processes = 1;
    sites->processes[0].pid = (uint32_t)getpid();
    uint32_t root = add_root(0, 0);
    uint32_t outer = add_node(root, address_in(site_outer), root);
    uint32_t inner = add_node(outer, address_in(site_inner), root);
    uint32_t unknown = add_node(outer, 0x10, root);
    uint32_t more = add_node(unknown, 0x20, root);
    uint32_t cut = add_node(root, 0, root);
    uint32_t cut_inner = add_node(cut, address_in(site_inner), root);
    begin_names(&named);
    cr_assert(site_names_find(named.names, inner, &name, &err));
    cr_assert(name.whole && name.known);
    cr_assert_str_eq(ways_of(&named, name.node, text), "site_inner site_outer");
    cr_assert(site_names_find(named.names, more, &name, &err));
    cr_assert(name.whole && !name.known);
    cr_assert_str_eq(ways_of(&named, name.node, text), "? site_outer"); /* two in a row are one */
    cr_assert(site_names_find(named.names, cut_inner, &name, &err));
    cr_assert(!name.whole && name.known);
    cr_assert_str_eq(ways_of(&named, name.node, text), "site_inner");
    cr_assert(site_names_find(named.names, root, &name, &err));
    cr_assert_eq(name.node, PROFILE_NONE);
    end_names(&named);
    release_map();
}

/* A process that was forked and has ended had its parent's addresses; one that was exec'ed has its
 * own; a process that became another program has lost them. */
Test(sites, names_of_processes_that_ended, .timeout = 60)
{
    struct named named;
    make_map();
    sites->used_processes = 6;
    sites->processes[0].pid = (uint32_t)getpid(); /* now process 1 */
    sites->processes[1].pid = (uint32_t)getpid();
    sites->processes[2] = (struct agent_process){.pid = 999999, .parent = 2};
    sites->processes[3] = (struct agent_process){.pid = 999998, .parent = 3};
    sites->processes[4] = (struct agent_process){.pid = 999997, .parent = 0};
    sites->processes[5] = (struct agent_process){.pid = 999996, .parent = 6}; /* its own */
    begin_names(&named);
    const struct symbols_map *own = site_images_find(&named.images, 1);
    cr_assert_not_null(own);
    cr_assert_null(site_images_find(&named.images, 0));
    cr_assert_eq(site_images_find(&named.images, 2), own);
    cr_assert_eq(site_images_find(&named.images, 3), own);
    cr_assert_null(site_images_find(&named.images, 4));
    cr_assert_null(site_images_find(&named.images, 5));
    cr_assert_null(site_images_find(&named.images, AGENT_WIRE_PROCESSES + 1));
    end_names(&named);
    release_map();
}

/* ---- the profile ---------------------------------------------------------------------------- */

static struct run run;
static struct endpoint_result endpoints[] = {{.name = "GET /a"}, {.name = "GET /b"}};

static bool add_part(struct site_profile *profile, size_t endpoint, int half, double share,
                     int64_t requests)
{
    struct site_part part;
    return site_counts_look(counts, &part, &err) &&
           site_profile_add(profile, endpoint, half, share, requests, &part, &err);
}

/* Endpoint a: two exchanges of 3/4 and 1/4 of its traffic, four requests each, in both halves. The
 * first allocates one block of 100 a request; the second four of 10, one of which is kept. In the
 * first half it also fills a cache. */
static bool play(struct site_profile *profile, uint32_t one, uint32_t other)
{
    struct site_part part;
    add_counts(one, 10, 1000, 1040, 0, 0);
    if (!site_counts_look(counts, &part, &err) || !site_profile_add_start(profile, &part, &err))
        return false;
    for (int half = 0; half < SITE_HALVES; half++) {
        add_counts(one, 4, 400, 416, 416, 0);
        if (!add_part(profile, 0, half, 0.75, 4))
            return false;
        add_counts(other, 16, 160, 384, 288, 0);
        if (half == 0)
            add_counts(one, 1, 1000, 1000, 0, 0);
        if (!add_part(profile, 0, half, 0.25, 4))
            return false;
    }
    return true;
}

static bool make_profile(uint32_t one, uint32_t other, uint64_t lost)
{
    struct bench bench = {.run = &run};
    struct agent_totals counted = {.allocations = 10 + 2 * (4 + 16) + 1 + lost};
    struct site_profile *profile = NULL;
    bench.sides[SIDE_HEAD].source.folder = "/";
    run_init(&run);
    run.endpoints = endpoints;
    run.endpoint_count = 2;
    bool ok = site_profile_new(&profile, &bench, SIDE_HEAD, counts, &err) &&
              play(profile, one, other) && site_profile_finish(profile, &counted, &err);
    site_profile_free(profile);
    return ok;
}

/* Without maps there are no names: stacks of one process differ by nothing, those that were cut are
 * as unknown. */
Test(sites, values_are_a_request, .timeout = 60)
{
    make_map();
    uint32_t root = add_root(0, 0);
    uint32_t one = add_node(root, 0x1000, root), other = add_node(one, 0x2000, root);
    cr_assert(make_profile(one, other, 51), "%s", err.text);
    const struct profile *profile = &run.profiles[PROFILE_ALLOC][SIDE_HEAD];
    cr_assert(profile->present);
    const struct profile_endpoint *a = profile_endpoint(profile, "GET /a");
    cr_assert_not_null(a);
    cr_assert_eq(a->requests, 16);
    cr_assert_eq(a->cost_count, 1);
    /* 3/4 x 1 + 1/4 x 4, and the cache: 1/4 x 1/4 in one half of two. */
    cr_assert_float_eq(a->costs[0].values[ALLOC_ALLOCATIONS], 1.75 + 0.03125, 1e-9);
    /* 3/4 x 100 + 1/4 x 40, and 1/4 x 1000/4 in one half of two. */
    cr_assert_float_eq(a->costs[0].values[ALLOC_BYTES], 85 + 31.25, 1e-9);
    /* 1/4 of (384 - 288)/4 in both halves; the cache, in one only, is none. */
    cr_assert_float_eq(a->costs[0].values[ALLOC_RETAINED], 6, 1e-9);
    cr_assert_eq(profile->start_count, 1);
    cr_assert_float_eq(profile->start[0].values[ALLOC_ALLOCATIONS], 10, 1e-9);
    cr_assert_float_eq(profile->start[0].values[ALLOC_RETAINED], 1040, 1e-9);
    cr_assert_eq(profile->unresolved, 41);
    /* 51 lost of 102. */
    cr_assert_eq(profile->note_count, 1);
    cr_assert_not_null(strstr(profile->notes[0], "50.0 % of the allocations have no stack"));
    run.endpoints = NULL;
    run.endpoint_count = 0;
    run_release(&run);
    release_map();
}

Test(sites, each_allocation_fails_in_turn, .timeout = 120)
{
    bool ok = false;
    long n = 0;
    for (; !ok && n < 2000; n++) {
        make_map();
        uint32_t root = add_root(0, 0);
        uint32_t one = add_node(root, 0x1000, root), other = add_node(one, 0x2000, root);
        allocations_left = n;
        ok = make_profile(one, other, 0);
        allocations_left = -1;
        if (!ok)
            cr_assert(err.code == ERROR_MEMORY || err.code == ERROR_IO ||
                          err.code == ERROR_ENVIRONMENT,
                      "allocation %ld: %s", n, err.text);
        run.endpoints = NULL;
        run.endpoint_count = 0;
        run_release(&run);
        release_map();
    }
    cr_assert(ok && n > 10, "%ld", n);
}
