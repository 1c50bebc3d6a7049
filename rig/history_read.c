#include "rig/history_read.h"

#include "base/json.h"
#include "rig/git_question.h"

#include <stdio.h>
#include <string.h>

enum { LIST_MAX_BYTES = 64 << 10, VERSION_MAX_BYTES = 64 << 20 };

static bool add_version(struct history *history, const char *text, size_t size, struct error *err)
{
    struct error unreadable = {0};
    struct run run;
    json_t *json = json_parse_text("a version of the baseline", text, size, &unreadable);
    if (json == NULL)
        return true;
    run_init(&run);
    bool ok = !run_from_json(&run, json, "a version of the baseline", &unreadable) ||
              history_add(history, &run) || error_set_memory(err);
    run_release(&run);
    json_decref(json);
    return ok;
}

/* `commit` is git's own word. */
static bool read_version(struct history *history, const struct config *config, const char *commit,
                         struct error *err)
{
    struct buffer name, text;
    bool answered = false;
    buffer_init(&name, LIST_MAX_BYTES);
    buffer_init(&text, VERSION_MAX_BYTES);
    buffer_append_format(&name, "%s:./%s.json", commit, config->baseline);
    const char *const words[] = {"cat-file", "blob", buffer_text(&name), NULL};
    struct git_question git = {.folder = config->store_path, .words = words};
    bool ok = buffer_check(&name, err) && git_question_ask(&git, &text, &answered, err) &&
              (!answered || add_version(history, buffer_text(&text), text.length, err));
    buffer_release(&name);
    buffer_release(&text);
    return ok;
}

static bool list_commits(const struct config *config, struct buffer *out, bool *answered,
                         struct error *err)
{
    char file[256], count[16];
    snprintf(file, sizeof file, "./%s.json", config->baseline);
    snprintf(count, sizeof count, "-n%d", HISTORY_VERSIONS_MAX);
    const char *const words[] = {"log",  "--reverse", "--format=%H", count,
                                 "HEAD", "--",        file,          NULL};
    struct git_question git = {.folder = config->store_path, .words = words};
    return git_question_ask(&git, out, answered, err);
}

bool history_read(struct history *history, const struct config *config, struct error *err)
{
    struct buffer commits;
    bool answered = false;
    if (config->baseline == NULL)
        return true;
    buffer_init(&commits, LIST_MAX_BYTES);
    bool ok = list_commits(config, &commits, &answered, err);
    char *at = answered ? commits.data : NULL, *end;
    while (ok && at != NULL && (end = strchr(at, '\n')) != NULL) {
        *end = '\0';
        ok = read_version(history, config, at, err);
        at = end + 1;
    }
    buffer_release(&commits);
    return ok;
}
