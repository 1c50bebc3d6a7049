#include "insights/owners_private.h"

#include "base/buffer.h"
#include "base/macros.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64, OWNER_MAX_BYTES = 4096 };

void owners_files_init(struct owners_files *files, const struct owners_question *question,
                       struct arena *arena)
{
    *files = (struct owners_files){.question = question, .arena = arena};
    name_table_init(&files->file_numbers);
    name_table_init(&files->owner_numbers);
}

void owners_files_release(struct owners_files *files)
{
    free(files->items);
    free(files->touched);
    free(files->sums);
    name_table_release(&files->file_numbers);
    name_table_release(&files->owner_numbers);
}

/* Whether one of the owners before says the same. */
static bool is_known(const struct codeowners_answer *answers, size_t rule, size_t owner)
{
    const char *name = answers[rule].rule->owners[owner];
    for (size_t i = 0; i <= rule; i++)
        for (size_t j = 0; j < answers[i].rule->owner_count && (i < rule || j < owner); j++)
            if (strcmp(answers[i].rule->owners[j], name) == 0)
                return true;
    return false;
}

/* More owners than fit are cut: nobody reads hundreds. */
static void append_owner(struct buffer *owners, const char *name)
{
    if (owners->length + strlen(name) + 2 < OWNER_MAX_BYTES)
        buffer_append_format(owners, "%s%s", owners->length > 0 ? ", " : "", name);
}

/* All owners of all sections, each once, and the lines that name them. */
static bool describe(struct owners_files *files, struct owners_file *out,
                     const struct codeowners_answer *answers, size_t count, struct error *err)
{
    struct buffer owners, rule;
    bool owned = false;
    size_t told = 0;
    buffer_init(&owners, OWNER_MAX_BYTES);
    buffer_init(&rule, 2 * OWNER_MAX_BYTES);
    buffer_append_format(&rule, "%s:", files->question->codeowners->path);
    for (size_t i = 0; i < count; i++)
        owned = owned || answers[i].rule->owner_count > 0;
    for (size_t i = 0; i < count; i++) {
        if (owned && answers[i].rule->owner_count == 0)
            continue;
        buffer_append_format(&rule, "%s%zu", told++ > 0 ? "," : "", answers[i].rule->line);
        for (size_t j = 0; j < answers[i].rule->owner_count; j++)
            if (!is_known(answers, i, j))
                append_owner(&owners, answers[i].rule->owners[j]);
    }
    out->rule = arena_copy_string(files->arena, buffer_text(&rule));
    bool ok =
        out->rule != NULL && !owners.failed && !rule.failed &&
        (!owned || name_table_add(&files->owner_numbers, 0, buffer_text(&owners), &out->owner));
    buffer_release(&owners);
    buffer_release(&rule);
    return ok || error_set_memory(err);
}

static bool make_room(struct owners_files *files, size_t count, struct error *err)
{
    if (count <= files->room)
        return true;
    size_t room = files->room > 0 ? 2 * files->room : FIRST_ROOM;
    struct owners_file *items = reallocarray(files->items, room, sizeof *items);
    if (items == NULL)
        return error_set_memory(err);
    files->items = items;
    uint32_t *touched = reallocarray(files->touched, room, sizeof *touched);
    if (touched == NULL)
        return error_set_memory(err);
    files->touched = touched;
    files->room = room;
    return true;
}

static bool find_file(struct owners_files *files, const char *name, uint32_t *number,
                      struct error *err)
{
    struct codeowners_answer answers[CODEOWNERS_ANSWERS_MAX];
    size_t known = files->file_numbers.count;
    if (!name_table_add(&files->file_numbers, 0, name, number))
        return error_set_memory(err);
    if (*number < known)
        return true;
    if (!make_room(files, known + 1, err))
        return false;
    struct owners_file *item = &files->items[known];
    *item = (struct owners_file){.file = name, .owner = OWNERS_NOBODY};
    size_t count =
        codeowners_find(files->question->codeowners, name, answers, CODEOWNERS_ANSWERS_MAX);
    return count == 0 || describe(files, item, answers, count, err);
}

/* Adds up the endpoint's own cost by file. */
static bool add_costs(struct owners_files *files, const struct profile *profile, const char *name,
                      struct error *err)
{
    const struct profile_endpoint *endpoint = profile_endpoint(profile, name);
    for (size_t i = 0; endpoint != NULL && i < endpoint->cost_count; i++) {
        const struct profile_cost *cost = &endpoint->costs[i];
        const struct profile_frame *frame = &profile->frames[profile->nodes[cost->node].frame];
        uint32_t number = 0;
        /* The first column of lines and of CPU time is what is spent at the place itself. */
        if (!frame->own || frame->file == NULL || !(cost->values[0] > 0))
            continue;
        if (!find_file(files, frame->file, &number, err))
            return false;
        if (!(files->items[number].cost > 0))
            files->touched[files->touched_count++] = number;
        files->items[number].cost += cost->values[0];
    }
    return true;
}

static void forget_costs(struct owners_files *files)
{
    for (size_t i = 0; i < files->touched_count; i++)
        files->items[files->touched[i]].cost = 0;
    files->touched_count = 0;
}

/* The first profile that knows files of the endpoint: exact lines before sampled stacks, the change
 * before what it is held against. */
static bool find_costs(struct owners_files *files, const char *name, struct error *err)
{
    static const enum profile_kind kinds[] = {PROFILE_LINES, PROFILE_CPU};
    static const enum side sides[] = {SIDE_HEAD, SIDE_BASE, SIDE_HEAD};
    const struct owners_question *question = files->question;
    const struct run *runs[] = {question->head, question->head, question->base};
    forget_costs(files);
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
        for (size_t i = 0; i < COUNT_OF(runs) && files->touched_count == 0; i++) {
            const struct profile *profile =
                runs[i] != NULL ? &runs[i]->profiles[kinds[kind]][sides[i]] : NULL;
            if (profile != NULL && profile->present && !add_costs(files, profile, name, err))
                return false;
        }
    return true;
}

/* What each owner's files cost, and of how much. */
static bool sum_owners(struct owners_files *files, double *all, struct error *err)
{
    size_t count = files->owner_numbers.count;
    if (count > files->sum_room) {
        double *sums = reallocarray(files->sums, count, sizeof *sums);
        if (sums == NULL)
            return error_set_memory(err);
        files->sums = sums;
        files->sum_room = count;
    }
    for (size_t i = 0; i < count; i++)
        files->sums[i] = 0;
    *all = 0;
    for (size_t i = 0; i < files->touched_count; i++) {
        const struct owners_file *file = &files->items[files->touched[i]];
        *all += file->cost;
        if (file->owner != OWNERS_NOBODY)
            files->sums[file->owner] += file->cost;
    }
    return true;
}

/* The one with the dearest files; OWNERS_NOBODY when no file has one. */
static uint32_t choose_owner(const struct owners_files *files)
{
    uint32_t best = OWNERS_NOBODY;
    for (size_t i = 0; i < files->touched_count; i++) {
        uint32_t owner = files->items[files->touched[i]].owner;
        if (owner != OWNERS_NOBODY &&
            (best == OWNERS_NOBODY || files->sums[owner] > files->sums[best]))
            best = owner;
    }
    return best;
}

/* The dearest file of the owner; of any where there is none. */
static const struct owners_file *choose_file(const struct owners_files *files, uint32_t owner)
{
    const struct owners_file *best = NULL;
    for (size_t i = 0; i < files->touched_count; i++) {
        const struct owners_file *file = &files->items[files->touched[i]];
        if (file->owner == owner && (best == NULL || file->cost > best->cost))
            best = file;
    }
    if (best == NULL)
        BUG("an owner of no file");
    return best;
}

bool owners_files_ask(struct owners_files *files, struct endpoint_owner *out, struct error *err)
{
    double all = 0;
    if (!find_costs(files, out->endpoint, err) || !sum_owners(files, &all, err))
        return false;
    if (files->touched_count == 0) {
        out->why = "no line of the gateway's own sources is known for it, so CODEOWNERS cannot be "
                   "asked; --passes lines finds them";
        return true;
    }
    uint32_t owner = choose_owner(files);
    const struct owners_file *file = choose_file(files, owner);
    out->file = file->file;
    out->rule = file->rule;
    out->source = file->rule != NULL ? OWNER_CODEOWNERS : OWNER_UNKNOWN;
    out->file_share = owner != OWNERS_NOBODY ? files->sums[owner] / all : 0;
    if (owner == OWNERS_NOBODY) {
        out->why = file->rule != NULL ? "CODEOWNERS names nobody for its files"
                                      : "no line of CODEOWNERS fits its files";
        return true;
    }
    out->why = NULL;
    out->owner = arena_copy_string(files->arena, name_table_get(&files->owner_numbers, owner));
    return out->owner != NULL || error_set_memory(err);
}
