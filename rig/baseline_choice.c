#include "rig/baseline_choice.h"

#include "base/file.h"
#include "baselines/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool choose_stored(struct baseline_choice *choice, const char *path, struct error *err)
{
    if (!run_read(&choice->stored, path, err))
        return false;
    choice->kind = BASELINE_STORED;
    return true;
}

/* A commit that was asked for by name. In a shallow clone it may rightly be missing. */
static bool choose_commit(struct baseline_choice *choice, const struct baseline_question *question,
                          const char *ref, struct arena *arena, struct error *err)
{
    bool found;
    const char *why = NULL;
    if (!source_commit(question->config, ref, question->interrupt, arena, &choice->source, &found,
                       &why, err))
        return false;
    if (found) {
        choice->kind = BASELINE_SOURCE;
        return true;
    }
    if (!source_is_shallow(question->config, question->interrupt))
        return error_set(err, ERROR_USAGE, "--base %s: %s", ref, why);
    choice->note = arena_format(arena,
                                "no comparison: %s; it is a shallow clone: fetch more of the "
                                "history (fetch-depth: 0) to compare",
                                why);
    return choice->note != NULL || error_set_memory(err);
}

static bool choose_base(struct baseline_choice *choice, const struct baseline_question *question,
                        struct arena *arena, struct error *err)
{
    const char *base = question->base;
    if (ends_with(base, ".json") && file_exists(base))
        return choose_stored(choice, base, err);
    if (is_folder(base)) {
        choice->kind = BASELINE_SOURCE;
        return source_folder(question->config, base, question->interrupt, arena, &choice->source,
                             err);
    }
    return choose_commit(choice, question, base, arena, err);
}

/* Why a stored run cannot be held against this one, or NULL. */
static const char *difference(const struct baseline_question *question, const struct run *stored,
                              char why[256])
{
    const struct run *here = question->here;
    if (stored->corpus_hash == NULL || strcmp(stored->corpus_hash, here->corpus_hash) != 0)
        return "the corpus has changed since";
    if (stored->config_hash == NULL || strcmp(stored->config_hash, here->config_hash) != 0)
        return "the config has changed since";
    return fingerprint_difference(&here->fingerprint, &stored->fingerprint, why);
}

/* The stored figures do not hold here, but the commit that they came from can be measured here. */
static bool choose_its_commit(struct baseline_choice *choice,
                              const struct baseline_question *question, const char *name,
                              const char *different, struct arena *arena, struct error *err)
{
    bool found = false;
    const char *commit = choice->stored.sides[SIDE_HEAD].commit;
    const char *why = "it was not measured from a commit";
    if (commit != NULL) {
        commit = arena_copy_string(arena, commit);
        if (commit == NULL)
            return error_set_memory(err);
        if (!source_commit(question->config, commit, question->interrupt, arena, &choice->source,
                           &found, &why, err))
            return false;
    }
    choice->kind = found ? BASELINE_SOURCE : BASELINE_NONE;
    choice->note =
        found ? arena_format(arena, "baseline %s: %s; its commit %.12s is built and measured here",
                             name, different, commit)
              : arena_format(arena, "no comparison: baseline %s: %s, and %s", name, different, why);
    run_release(&choice->stored);
    run_init(&choice->stored);
    return choice->note != NULL || error_set_memory(err);
}

static bool choose_baseline(struct baseline_choice *choice,
                            const struct baseline_question *question, const char *name,
                            bool asked_for, struct arena *arena, struct error *err)
{
    bool found = false;
    char why[256];
    if (asked_for && (strchr(name, '/') != NULL || ends_with(name, ".json")))
        return choose_stored(choice, name, err);
    if (!store_load(question->config->store_path, name, &choice->stored, &found, err))
        return false;
    if (!found && asked_for)
        return error_set(err, ERROR_USAGE, "there is no baseline \"%s\" in %s", name,
                         question->config->store_path);
    if (!found) {
        choice->note = arena_format(arena,
                                    "there is no baseline \"%s\" yet: save one with "
                                    "tollgate bench -c %s --save-baseline %s",
                                    name, question->config->path, name);
        return choice->note != NULL || error_set_memory(err);
    }
    const char *different = difference(question, &choice->stored, why);
    if (different != NULL)
        return choose_its_commit(choice, question, name, different, arena, err);
    choice->kind = BASELINE_STORED;
    return true;
}

bool baseline_choose(struct baseline_choice *choice, const struct baseline_question *question,
                     struct arena *arena, struct error *err)
{
    *choice = (struct baseline_choice){.kind = BASELINE_NONE};
    run_init(&choice->stored);
    bool asked_for = question->baseline != NULL;
    const char *name = asked_for ? question->baseline : question->config->baseline;
    if (question->base != NULL && asked_for)
        return error_set(err, ERROR_USAGE, "--base and --baseline exclude each other");
    if (question->base != NULL)
        return choose_base(choice, question, arena, err);
    if (name != NULL && strcmp(name, "none") == 0 && asked_for)
        return true;
    if (name != NULL)
        return choose_baseline(choice, question, name, asked_for, arena, err);
    choice->note = arena_format(arena,
                                "nothing to compare with: save a baseline with tollgate bench -c "
                                "%s --save-baseline main, or give --base REF",
                                question->config->path);
    return choice->note != NULL || error_set_memory(err);
}

void baseline_choice_release(struct baseline_choice *choice)
{
    run_release(&choice->stored);
}
