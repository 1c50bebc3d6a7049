#include "insights/owners.h"

#include "insights/owners_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_MAX = 16, BAD_LINES_TOLD = 3 };

const char *owner_source_key(enum owner_source source)
{
    switch (source) {
    case OWNER_UNKNOWN:
        return "";
    case OWNER_CONFIG:
        return "config";
    case OWNER_OPENAPI:
        return "openapi";
    case OWNER_CODEOWNERS:
        return "codeowners";
    }
    BUG("no source %d", (int)source);
}

static bool ask_map(struct endpoint_owner *out, const struct owners_map *map)
{
    const struct owners_row *row = map != NULL ? owners_map_find(map, out->endpoint) : NULL;
    if (row == NULL)
        return false;
    out->source = OWNER_CONFIG;
    out->owner = row->owner;
    out->rule = row->rule;
    out->why = row->owner == NULL ? "the config says that it has no owner" : NULL;
    return true;
}

static bool ask_openapi(struct endpoint_owner *out, const struct owners_openapi *openapi)
{
    const struct openapi_owner *row =
        openapi != NULL ? owners_openapi_find(openapi, out->endpoint) : NULL;
    if (row == NULL)
        return false;
    out->source = OWNER_OPENAPI;
    out->owner = row->owner;
    out->rule = row->rule;
    return true;
}

static bool has_rules(const struct owners_question *question)
{
    return question->map != NULL || question->openapi != NULL || question->codeowners != NULL;
}

static const char *say_unowned(const struct owners_question *question)
{
    return has_rules(question) ? "no rule fits" : "no owners are configured";
}

static bool find_one(struct endpoint_owner *out, const struct owners_question *question,
                     struct owners_files *files, struct error *err)
{
    if (ask_map(out, question->map) || ask_openapi(out, question->openapi))
        return true;
    out->why = say_unowned(question);
    return question->codeowners == NULL || owners_files_ask(files, out, err);
}

static bool note_bad_lines(struct owners *owners, const struct codeowners *codeowners,
                           const char **notes, struct arena *arena, struct error *err)
{
    for (size_t i = 0; codeowners != NULL && i < codeowners->bad_count; i++) {
        const char *note;
        if (i < BAD_LINES_TOLD)
            note = arena_format(arena, "%s:%zu: %s", codeowners->path, codeowners->bad[i].line,
                                codeowners->bad[i].why);
        else
            note = arena_format(arena, "%s: %zu more lines like that", codeowners->path,
                                codeowners->bad_count - i);
        if (note == NULL)
            return error_set_memory(err);
        notes[owners->note_count++] = note;
        if (i == BAD_LINES_TOLD)
            break;
    }
    return true;
}

/* How many have no owner, for each reason but the config's own word. */
static bool note_unowned(struct owners *owners, const char **notes, struct arena *arena,
                         struct error *err)
{
    for (size_t i = 0; i < owners->count && owners->note_count < NOTES_MAX; i++) {
        const char *why = owners->endpoints[i].why;
        size_t before = 0, alike = 0;
        if (why == NULL || owners->endpoints[i].source == OWNER_CONFIG)
            continue;
        for (size_t j = 0; j < owners->count; j++) {
            bool same =
                owners->endpoints[j].why != NULL && strcmp(owners->endpoints[j].why, why) == 0;
            alike += same;
            before += same && j < i;
        }
        if (before > 0)
            continue;
        const char *note =
            arena_format(arena, "%zu of %zu endpoints unowned: %s", alike, owners->count, why);
        if (note == NULL)
            return error_set_memory(err);
        notes[owners->note_count++] = note;
    }
    return true;
}

bool owners_find(struct owners *owners, const struct owners_question *question, struct arena *arena,
                 struct error *err)
{
    const struct comparison *comparison = question->comparison;
    struct owners_files files;
    const char **notes = arena_alloc_array(arena, NOTES_MAX, sizeof *notes);
    *owners = (struct owners){.endpoints = arena_alloc_array(arena, comparison->endpoint_count,
                                                             sizeof *owners->endpoints),
                              .notes = notes};
    if (owners->endpoints == NULL || notes == NULL)
        return error_set_memory(err);
    owners_files_init(&files, question, arena);
    bool ok = note_bad_lines(owners, question->codeowners, notes, arena, err);
    for (size_t i = 0; ok && i < comparison->endpoint_count; i++) {
        struct endpoint_owner *out = &owners->endpoints[owners->count++];
        out->endpoint = comparison->endpoints[i].name;
        out->file_share = NAN;
        ok = find_one(out, question, &files, err);
    }
    owners_files_release(&files);
    return ok && (!has_rules(question) || note_unowned(owners, notes, arena, err));
}

const struct endpoint_owner *owners_endpoint(const struct owners *owners, const char *endpoint)
{
    for (size_t i = 0; owners != NULL && i < owners->count; i++)
        if (strcmp(owners->endpoints[i].endpoint, endpoint) == 0)
            return &owners->endpoints[i];
    return NULL;
}
