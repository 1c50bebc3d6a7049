/* tollgate init: a config and workflows for a repository, after looking at it. */
#include "rig/command.h"

#include "base/file.h"
#include "base/text.h"
#include "rig/config.h"
#include "rig/init_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TEXT_MAX_BYTES = 1 << 20, FILES = 3 };

/* A file to write. */
struct target {
    const char *name; /* below the folder */
    struct buffer text;
};

/* What the command holds. */
struct job {
    struct arena arena;
    struct init_guess guess;
    const char *folder, *action;
    bool force, dry_run;
    struct target targets[FILES];
};

static bool is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static const char *place_of(struct job *job, const struct target *target)
{
    bool here = strcmp(job->folder, ".") == 0;
    return arena_format(&job->arena, "%s%s%s", here ? "" : job->folder, here ? "" : "/",
                        target->name);
}

static void print_safe(const char *before, const char *text, const char *after)
{
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    text_append_safe(&safe, text, strlen(text), false);
    printf("%s%s%s", before, buffer_text(&safe), after);
    buffer_release(&safe);
}

static void print_notes(const struct job *job)
{
    printf("\nWhat was guessed, and what to check:\n");
    for (size_t i = 0; i < job->guess.note_count; i++) {
        const struct init_note *note = &job->guess.notes[i];
        print_safe("  ", note->key, ": ");
        print_safe("", note->value != NULL ? note->value : "", "\n");
        print_safe("      ", note->why, "\n");
        if (note->check != NULL)
            print_safe("      check: ", note->check, "\n");
    }
}

static void print_next(const struct job *job)
{
    printf("\nNext:\n");
    if (job->action == NULL)
        printf("  put in the workflows where your tollgate lies, in place of\n"
               "  %s; or write them anew:\n"
               "      tollgate init --force --action OWNER/NAME@COMMIT\n",
               INIT_ACTION_OPEN);
    printf(
        "  name the services that the gateway calls, so that stand-ins take their\n"
        "  place: \"upstreams\": [\"users\"], and ${upstream.users.url} in \"start\" or \"env\"\n"
        "  record a corpus, see what can be measured here, and measure:\n"
        "      tollgate record --help\n"
        "      tollgate doctor\n"
        "      tollgate bench --base HEAD\n");
}

/* What we wrote must be what we read. */
static bool check_config(const char *path, struct error *err)
{
    struct config config;
    if (!config_read(&config, path, err))
        return false;
    config_release(&config);
    return true;
}

static bool write_target(struct job *job, const struct target *target, struct error *err)
{
    const char *path = place_of(job, target);
    if (path == NULL)
        return error_set_memory(err);
    bool there = is_there(path);
    if (there && !job->force) {
        print_safe("left as it is: ", path, job->dry_run ? "\n" : " (--force replaces it)\n");
        return true;
    }
    if (job->dry_run) {
        print_safe("would write ", path, ":\n\n");
        printf("%s\n", buffer_text(&target->text));
        return true;
    }
    char *copy = arena_copy_string(&job->arena, path);
    if (copy == NULL)
        return error_set_memory(err);
    char *slash = strrchr(copy, '/');
    if (slash != NULL && slash != copy) {
        *slash = '\0';
        if (!file_make_directories(copy, err))
            return false;
    }
    if (!file_write_atomic(path, buffer_text(&target->text), target->text.length, err))
        return false;
    print_safe(there ? "replaced " : "wrote ", path, "\n");
    return target != &job->targets[0] || check_config(path, err);
}

static bool make_texts(struct job *job, struct error *err)
{
    static const char *const names[FILES] = {"tollgate.json", ".github/workflows/tollgate.yml",
                                             ".github/workflows/tollgate-publish.yml"};
    const char *action = job->action != NULL ? job->action : INIT_ACTION_OPEN;
    for (size_t i = 0; i < FILES; i++)
        job->targets[i].name = names[i];
    if (!init_append_config(&job->targets[0].text, &job->guess, err))
        return false;
    init_append_measure(&job->targets[1].text, &job->guess, action);
    init_append_publish(&job->targets[2].text, action);
    return buffer_check(&job->targets[1].text, err) && buffer_check(&job->targets[2].text, err);
}

static bool init(struct job *job, const struct arguments *arguments, struct error *err)
{
    job->folder = arguments->word_count > 0 ? arguments->words[0] : ".";
    job->force = arguments_flag(arguments, "force");
    job->dry_run = arguments_flag(arguments, "dry-run");
    job->action = arguments_value(arguments, "action");
    if (job->action != NULL && !init_is_action(job->action))
        return error_set(err, ERROR_USAGE,
                         "--action takes the repository and commit of tollgate, as "
                         "OWNER/NAME@COMMIT, not \"%s\"",
                         job->action);
    if (!init_look(&job->guess, job->folder, &job->arena, err) || !make_texts(job, err))
        return false;
    for (size_t i = 0; i < FILES; i++)
        if (!write_target(job, &job->targets[i], err))
            return false;
    print_notes(job);
    print_next(job);
    return true;
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct job job = {0};
    arena_init(&job.arena);
    for (size_t i = 0; i < FILES; i++)
        buffer_init(&job.targets[i].text, TEXT_MAX_BYTES);
    bool ok = init(&job, arguments, err);
    for (size_t i = 0; i < FILES; i++)
        buffer_release(&job.targets[i].text);
    arena_release(&job.arena);
    return ok ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"action", 0, "OWNER/NAME@COMMIT", "where tollgate's actions lie, for the workflows"},
    {"force", 0, NULL, "replace files that are there"},
    {"dry-run", 0, NULL, "print the files, write nothing"},
    {0},
};

static const char *const examples[] = {
    "what would be written for the repository here",
    "tollgate init --dry-run",
    "write it",
    "tollgate init",
    NULL,
};

const struct command command_init = {
    .name = "init",
    .summary = "write tollgate.json and workflows for this repository",
    .words = "[FOLDER]",
    .words_least = 0,
    .words_most = 1,
    .options = options,
    .examples = examples,
    .details = "Looks for Cargo.toml, go.mod, package.json, Flask, CMakeLists.txt and a\n"
               "Makefile, in this order, and for an OpenAPI document, a corpus and CODEOWNERS.\n"
               "Runs nothing. Each guess is told with what it was made from and what to check.",
    .run = run,
};
