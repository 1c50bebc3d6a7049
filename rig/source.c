#include "rig/source.h"

#include "base/child.h"
#include "base/file.h"
#include "base/text.h"
#include "rig/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { GIT_OUTPUT_MAX = 1 << 20, GIT_TIMEOUT_MS = 120000, BUILD_LOG_LINES = 15 };

#define BUILT_MARK ".tollgate-built"

struct git {
    const char *folder;
    const struct interrupt *interrupt;
    struct arena *arena;
};

/* Runs git in the folder. *text is its output without the last newline, or NULL when it exited
 * non-zero or is not there; *problem then is what it said. */
static bool git_ask(const struct git *git, const char *const *words, const char **text,
                    const char **problem, struct error *err)
{
    /* Hooks of the repository are not ours to run. */
    const char *arguments[16] = {"git", "-c", "core.hooksPath=/dev/null", "-C", git->folder};
    size_t at = 5;
    for (size_t i = 0; words[i] != NULL && at < COUNT_OF(arguments) - 1; i++)
        arguments[at++] = words[i];
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status = {0};
    struct buffer out, errors;
    struct error local = {0};
    buffer_init(&out, GIT_OUTPUT_MAX);
    buffer_init(&errors, GIT_OUTPUT_MAX);
    *text = NULL;
    *problem = "git is not installed";
    bool ok = child_run(&options, GIT_TIMEOUT_MS, git->interrupt, &out, &errors, &status, &local);
    if (!ok && local.code == ERROR_INTERRUPTED) {
        error_set(err, ERROR_INTERRUPTED, "interrupted");
        goto out;
    }
    struct buffer *said = ok && !status.signalled && status.code == 0 ? &out : &errors;
    while (said->length > 0 && said->data[said->length - 1] == '\n')
        said->data[--said->length] = '\0';
    const char *copy = arena_copy_string(git->arena, buffer_text(said));
    if (copy == NULL) {
        ok = error_set_memory(err);
        goto out;
    }
    if (said == &out)
        *text = copy;
    else if (ok)
        *problem = copy;
    ok = true;
out:
    buffer_release(&out);
    buffer_release(&errors);
    return ok;
}

/* What git knows of a folder; outside git both stay unset. */
static bool describe(const struct git *git, struct source *source, struct error *err)
{
    const char *text, *problem;
    const char *const head[] = {"rev-parse", "HEAD", NULL};
    const char *const status[] = {"status", "--porcelain", "--untracked-files=no", NULL};
    if (!git_ask(git, head, &text, &problem, err))
        return false;
    if (text == NULL)
        return true;
    source->commit = text;
    if (!git_ask(git, status, &text, &problem, err))
        return false;
    source->dirty = text != NULL && text[0] != '\0';
    return true;
}

static bool absolute(const char *folder, struct arena *arena, const char **out, struct error *err)
{
    char *resolved = realpath(folder, NULL);
    if (resolved == NULL)
        return error_set_errno(err, "cannot find the folder %s", folder);
    *out = arena_copy_string(arena, resolved);
    free(resolved);
    return *out != NULL || error_set_memory(err);
}

bool source_head(const struct config *config, const struct interrupt *interrupt,
                 struct arena *arena, struct source *source, struct error *err)
{
    struct git git = {config->folder, interrupt, arena};
    *source = (struct source){.ref = "HEAD"};
    return absolute(config->folder, arena, &source->folder, err) && describe(&git, source, err);
}

/* Where the config lies inside its repository: "fixtures/" or "". */
static bool find_prefix(const struct git *git, const char **prefix, struct error *err)
{
    const char *problem;
    const char *const words[] = {"rev-parse", "--show-prefix", NULL};
    if (!git_ask(git, words, prefix, &problem, err))
        return false;
    if (*prefix == NULL)
        *prefix = "";
    return true;
}

bool source_folder(const struct config *config, const char *folder,
                   const struct interrupt *interrupt, struct arena *arena, struct source *source,
                   struct error *err)
{
    const char *prefix;
    struct git here = {config->folder, interrupt, arena};
    *source = (struct source){.ref = folder};
    if (!find_prefix(&here, &prefix, err))
        return false;
    const char *inside = arena_format(arena, "%s/%s", folder, prefix);
    if (inside == NULL)
        return error_set_memory(err);
    if (!file_exists(inside))
        return error_set(err, ERROR_USAGE, "%s is not a checkout of the same project: it has no %s",
                         folder, prefix);
    struct git there = {inside, interrupt, arena};
    return absolute(inside, arena, &source->folder, err) && describe(&there, source, err);
}

/* Makes the worktree unless it is there. Guarded by a lock, so that two runs do not make it
 * both. */
static bool add_worktree(const struct git *git, const char *path, const char *commit,
                         struct error *err)
{
    const char *text, *problem;
    const char *const prune[] = {"worktree", "prune", NULL};
    const char *const add[] = {"worktree", "add", "--detach", "--force", path, commit, NULL};
    const char *mark = arena_format(git->arena, "%s/.git", path);
    if (mark == NULL)
        return error_set_memory(err);
    if (file_exists(mark))
        return true;
    if (!git_ask(git, prune, &text, &problem, err) || !git_ask(git, add, &text, &problem, err))
        return false;
    if (text == NULL)
        return error_set(err, ERROR_ENVIRONMENT, "cannot check out %s for the base: %s", commit,
                         problem);
    return true;
}

static bool lock_and_add(const struct git *git, const char *path, const char *commit,
                         struct error *err)
{
    const char *lock_path = arena_format(git->arena, "%s.lock", path);
    if (lock_path == NULL)
        return error_set_memory(err);
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        if (lock >= 0)
            close(lock);
        return error_set_errno(err, "cannot lock %s", lock_path);
    }
    bool ok = add_worktree(git, path, commit, err);
    close(lock);
    return ok;
}

bool source_commit(const struct config *config, const char *ref, const struct interrupt *interrupt,
                   struct arena *arena, struct source *source, bool *found, const char **why,
                   struct error *err)
{
    struct git git = {config->folder, interrupt, arena};
    const char *prefix, *problem, *work;
    *source = (struct source){.ref = ref, .kept = true};
    *found = false;
    const char *wanted = arena_format(arena, "%s^{commit}", ref);
    if (wanted == NULL)
        return error_set_memory(err);
    const char *const resolve[] = {"rev-parse", "--verify", "--end-of-options", wanted, NULL};
    if (!git_ask(&git, resolve, &source->commit, &problem, err) || !find_prefix(&git, &prefix, err))
        return false;
    if (source->commit == NULL) {
        *why = arena_format(arena, "this clone does not have the commit %s (%s)", ref, problem);
        return *why != NULL || error_set_memory(err);
    }
    const char *base = arena_format(arena, "%s/base", config->work_path);
    if (base == NULL)
        return error_set_memory(err);
    if (!file_make_directories(base, err) || !absolute(base, arena, &work, err))
        return false;
    const char *path = arena_format(arena, "%s/%s", work, source->commit);
    source->folder = arena_format(arena, "%s/%s/%s", work, source->commit, prefix);
    if (path == NULL || source->folder == NULL)
        return error_set_memory(err);
    if (!lock_and_add(&git, path, source->commit, err))
        return false;
    *found = file_exists(source->folder);
    if (!*found)
        *why = arena_format(arena, "the commit %.12s has no folder %s", source->commit, prefix);
    return *found || *why != NULL || error_set_memory(err);
}

bool source_is_shallow(const struct config *config, const struct interrupt *interrupt)
{
    const char *const words[] = {"rev-parse", "--is-shallow-repository", NULL};
    const char *text, *problem;
    struct error ignored = {0};
    struct arena arena;
    arena_init(&arena);
    struct git git = {config->folder, interrupt, &arena};
    bool shallow = git_ask(&git, words, &text, &problem, &ignored) && text != NULL &&
                   strcmp(text, "true") == 0;
    arena_release(&arena);
    return shallow;
}

static bool fail_build(const char *log_path, const char *program, const char *how,
                       struct error *err)
{
    struct buffer tail, safe;
    buffer_init(&tail, 32 * 1024);
    buffer_init(&safe, sizeof err->text);
    file_append_tail(log_path, BUILD_LOG_LINES, &tail);
    while (tail.length > 0 && tail.data[tail.length - 1] == '\n')
        tail.length--;
    text_append_safe(&safe, buffer_text(&tail), tail.length, true);
    error_set(err, ERROR_ENVIRONMENT,
              "the gateway did not build: %s %s\nThe last lines of its output (%s):\n%s", program,
              how, log_path, buffer_text(&safe));
    buffer_release(&tail);
    buffer_release(&safe);
    return false;
}

static bool build_step(const struct command_line *line, const char *folder, int log,
                       const char *log_path, const struct interrupt *interrupt, struct error *err)
{
    struct child_status status = {0};
    char how[128];
    struct error problem = {0};
    if (!kept_run(line->arguments, folder, log, interrupt, &status, &problem))
        return error_set_at(err, problem.code,
                            problem.code == ERROR_INTERRUPTED ? NULL : "gateway.build", "%s",
                            problem.text);
    if (!status.signalled && status.code == 0)
        return true;
    child_describe(&status, how, sizeof how);
    return fail_build(log_path, line->arguments[0], how, err);
}

static unsigned long long hash_commands(const struct gateway_config *config)
{
    unsigned long long hash = FILE_HASH_START;
    for (size_t i = 0; i < config->build_count; i++)
        for (size_t j = 0; config->build[i].arguments[j] != NULL; j++)
            hash = file_hash_bytes(hash, config->build[i].arguments[j],
                                   strlen(config->build[i].arguments[j]) + 1);
    return hash;
}

static bool was_built(const char *mark, const char *stamp)
{
    struct buffer text;
    struct error ignored = {0};
    buffer_init(&text, 64);
    bool same = file_read(mark, &text, &ignored) && strcmp(buffer_text(&text), stamp) == 0;
    buffer_release(&text);
    return same;
}

bool source_build(const struct source *source, const struct gateway_config *config,
                  const char *log_path, const struct interrupt *interrupt, struct error *err)
{
    bool ok = false;
    char stamp[32];
    char *folder = NULL, *mark = NULL;
    int log = -1;
    snprintf(stamp, sizeof stamp, "%016llx\n", hash_commands(config));
    if (asprintf(&folder, "%s/%s", source->folder, config->folder) < 0 ||
        asprintf(&mark, "%s/" BUILT_MARK, source->folder) < 0) {
        error_set_memory(err);
        goto out;
    }
    if (source->kept && was_built(mark, stamp)) {
        ok = true;
        goto out;
    }
    log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) {
        error_set_errno(err, "cannot write the build's log %s", log_path);
        goto out;
    }
    for (size_t i = 0; i < config->build_count; i++)
        if (!build_step(&config->build[i], folder, log, log_path, interrupt, err))
            goto out;
    ok = !source->kept || file_write_atomic(mark, stamp, strlen(stamp), err);
out:
    if (log >= 0)
        close(log);
    free(folder);
    free(mark);
    return ok;
}

const char *source_program_id(const struct source *source, const struct gateway_config *config,
                              struct arena *arena)
{
    unsigned long long hash;
    struct error ignored = {0};
    if (strchr(config->start[0], '/') == NULL)
        return NULL;
    const char *path = config->start[0][0] == '/' ? config->start[0]
                                                  : arena_format(arena, "%s/%s/%s", source->folder,
                                                                 config->folder, config->start[0]);
    if (path == NULL || !file_hash(path, &hash, &ignored))
        return NULL;
    return arena_format(arena, "%016llx", hash);
}
