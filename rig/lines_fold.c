#include "rig/lines_fold.h"

#include "base/hash.h"
#include "rig/lines_hits.h"
#include "rig/lines_stubs.h"

#include <stdlib.h>

struct sum_entry {
    uint32_t node;
    double values[PROFILE_VALUES_MAX];
    double executions[LINES_TELLERS];
    UT_hash_handle hh;
};

struct call_key {
    uint32_t from, to;
};

struct call_entry {
    struct call_key key;
    double calls, instructions;
    UT_hash_handle hh;
};

struct folding {
    struct lines_places *places;
    struct lines_stubs stubs;
    struct arena arena;
    struct sum_entry *sums;
    struct lines_hits hits;
    struct call_entry *calls;
};

/* NULL when out of memory. */
static struct sum_entry *sum_of(struct folding *folding, uint32_t node)
{
    struct sum_entry *entry = NULL;
    HASH_FIND(hh, folding->sums, &node, sizeof node, entry);
    if (entry != NULL)
        return entry;
    entry = arena_alloc(&folding->arena, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->node = node;
    HASH_ADD(hh, folding->sums, node, sizeof node, entry);
    return entry->hh.tbl != NULL ? entry : NULL;
}

static bool add(struct folding *folding, uint32_t node, size_t column, double value)
{
    struct sum_entry *entry = sum_of(folding, node);
    if (entry != NULL)
        entry->values[column] += value;
    return entry != NULL;
}

static bool add_call(struct folding *folding, uint32_t from, uint32_t to, double calls, double cost)
{
    struct call_key key = {from, to};
    struct call_entry *entry = NULL;
    HASH_FIND(hh, folding->calls, &key, sizeof key, entry);
    if (entry == NULL) {
        entry = arena_alloc(&folding->arena, sizeof *entry);
        if (entry == NULL)
            return false;
        entry->key = key;
        HASH_ADD(hh, folding->calls, key, sizeof key, entry);
        if (entry->hh.tbl == NULL)
            return false;
    }
    entry->calls += calls;
    entry->instructions += cost;
    return true;
}

/* To the place itself and to all that it was inlined at. There it is the cost of a call that nobody
 * counted. */
static bool add_inclusive(struct folding *folding, const struct lines_place *place, double value)
{
    bool ok = add(folding, place->node, LINES_INCLUSIVE, value);
    for (size_t i = 0; ok && i < place->outer_count; i++) {
        const struct lines_outer *outer = &place->outer[i];
        ok = (outer->repeated || add(folding, outer->node, LINES_INCLUSIVE, value)) &&
             add_call(folding, outer->frame, outer->function, 0, value);
    }
    return ok;
}

static bool add_hits(void *owner, uint32_t node, enum lines_teller teller, uint64_t count)
{
    struct sum_entry *entry = sum_of(owner, node);
    if (entry != NULL)
        entry->executions[teller] += (double)count;
    return entry != NULL;
}

/* Its own instructions know best. A mark without any that was executed stands where statements were
 * merged. */
static double executions_of(const struct sum_entry *entry)
{
    double own = entry->executions[LINES_OWN], inlined = entry->executions[LINES_INLINED];
    if (own > 0)
        return own;
    if (inlined > 0)
        return inlined;
    return entry->values[LINES_INSTRUCTIONS] > 0 ? entry->executions[LINES_MARK] : 0;
}

static bool fold_lines(struct folding *folding, const struct lines_part *part)
{
    for (size_t i = 0; i < part->line_count; i++) {
        const struct callgrind_line_cost *line = &part->lines[i];
        if (lines_stubs_at(&folding->stubs, line->context) != NULL)
            continue; /* it is its callers' */
        const struct lines_place *place =
            lines_places_find(folding->places, line->context, line->address, line->line);
        double cost = (double)line->instructions;
        if (place == NULL || !add(folding, place->node, LINES_INSTRUCTIONS, cost) ||
            !add_inclusive(folding, place, cost) ||
            !lines_hits_add(&folding->hits, place, line->address, line->instructions))
            return false;
    }
    return true;
}

/* After all lines of the part have their nodes. */
static bool fold_hits(struct folding *folding, const struct lines_part *part)
{
    for (size_t i = 0; i < part->line_count; i++) {
        const struct callgrind_line_cost *line = &part->lines[i];
        const struct lines_place *place =
            lines_places_find(folding->places, line->context, line->address, line->line);
        if (place == NULL)
            return false;
        for (size_t k = 0; k < place->statement_count; k++) {
            uint32_t node = lines_places_statement(folding->places, &place->statements[k]);
            if (!lines_hits_add_statement(&folding->hits, node, place->copy, line->instructions))
                return false;
        }
    }
    return lines_hits_each(&folding->hits, add_hits, folding);
}

/* What a function calls of itself is in its own cost already: that matters for code without names,
 * all of which is one node a file. */
static bool fold_call(struct folding *folding, const struct lines_place *place,
                      const struct lines_callee *to, double calls, double cost)
{
    return (to->node == place->node || add_inclusive(folding, place, cost)) &&
           (to->node == PROFILE_NONE || add(folding, to->node, LINES_HITS, calls)) &&
           add_call(folding, place->frame, to->frame, calls, cost);
}

/* What goes through a stub goes to the function behind it; the stub's own cost is the caller's. */
static bool fold_calls(struct folding *folding, const struct lines_part *part)
{
    for (size_t i = 0; i < part->call_count; i++) {
        const struct callgrind_call_cost *call = &part->calls[i];
        const struct lines_stub *through = lines_stubs_at(&folding->stubs, call->to);
        double calls = (double)call->calls, cost = (double)call->instructions, own = 0;
        if (lines_stubs_at(&folding->stubs, call->context) != NULL)
            continue;
        const struct lines_place *place =
            lines_places_find(folding->places, call->context, call->address, call->line);
        const struct lines_callee *to =
            lines_places_callee(folding->places, through != NULL ? through->onward : call);
        if (place == NULL || to == NULL)
            return false;
        if (through != NULL)
            own = (double)through->cost * calls / (double)through->calls;
        if ((own > 0 && (!add(folding, place->node, LINES_INSTRUCTIONS, own) ||
                         !add_inclusive(folding, place, own))) ||
            !fold_call(folding, place, to, calls, cost > own ? cost - own : 0))
            return false;
    }
    return true;
}

static double at_most(double value, double most)
{
    return value < most ? value : most;
}

static bool finish(const struct folding *folding, double most, struct lines_sums *sums)
{
    sums->items = calloc(HASH_COUNT(folding->sums) + 1, sizeof *sums->items);
    sums->calls = calloc(HASH_COUNT(folding->calls) + 1, sizeof *sums->calls);
    if (sums->items == NULL || sums->calls == NULL)
        return false;
    for (const struct sum_entry *entry = folding->sums; entry != NULL; entry = entry->hh.next) {
        struct lines_sum *sum = &sums->items[sums->count++];
        sum->node = entry->node;
        memcpy(sum->values, entry->values, sizeof sum->values);
        sum->values[LINES_HITS] += executions_of(entry);
        sum->values[LINES_INCLUSIVE] = at_most(sum->values[LINES_INCLUSIVE], most);
    }
    for (const struct call_entry *entry = folding->calls; entry != NULL; entry = entry->hh.next)
        sums->calls[sums->call_count++] = (struct profile_call){
            entry->key.from, entry->key.to, entry->calls, at_most(entry->instructions, most)};
    return true;
}

bool lines_fold(const struct lines_part *part, struct lines_places *places, struct lines_sums *sums,
                struct error *err)
{
    struct folding folding = {.places = places};
    arena_init(&folding.arena);
    lines_hits_init(&folding.hits);
    *sums = (struct lines_sums){0};
    bool ok = lines_stubs_find(&folding.stubs, part, lines_places_profile(places), err) &&
              fold_lines(&folding, part) && fold_hits(&folding, part) &&
              fold_calls(&folding, part) && finish(&folding, (double)part->sum, sums);
    HASH_CLEAR(hh, folding.sums);
    lines_hits_release(&folding.hits);
    HASH_CLEAR(hh, folding.calls);
    lines_stubs_release(&folding.stubs);
    arena_release(&folding.arena);
    if (!ok) {
        lines_sums_release(sums);
        return error_set_memory(err);
    }
    return true;
}

void lines_sums_release(struct lines_sums *sums)
{
    free(sums->items);
    free(sums->calls);
    *sums = (struct lines_sums){0};
}
