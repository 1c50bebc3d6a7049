#include "rig/github_base.h"

#include "base/file.h"
#include "base/json.h"
#include "insights/codeowners.h"
#include "rig/config.h"
#include "rig/trailers.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What one fetch holds. */
struct fetching {
    const struct github_pull *pull;
    struct github *github;
    struct arena *arena;
    const char *folder;
};

/* ---- paths ----------------------------------------------------------------------------------- */

/* Takes the last part off. */
static bool go_up(char *path, size_t *size)
{
    if (*size == 0)
        return false;
    while (*size > 0 && path[*size - 1] != '/')
        --*size;
    *size -= *size > 0; /* the slash */
    path[*size] = '\0';
    return true;
}

char *github_base_resolve(struct arena *arena, const char *from, const char *name)
{
    const char *slash = strrchr(from, '/');
    size_t size = slash != NULL ? (size_t)(slash - from) : 0;
    char *path = arena_alloc(arena, strlen(from) + strlen(name) + 2);
    if (path == NULL || *name == '/')
        return NULL;
    memcpy(path, from, size);
    while (*name != '\0') {
        size_t part = strcspn(name, "/");
        if (part == 2 && strncmp(name, "..", 2) == 0) {
            if (!go_up(path, &size))
                return NULL;
        } else if (part > 0 && !(part == 1 && *name == '.')) {
            if (size > 0)
                path[size++] = '/';
            memcpy(path + size, name, part);
            size += part;
        }
        name += part + (name[part] == '/');
    }
    path[size] = '\0';
    return size > 0 ? path : NULL;
}

/* ---- files of the base ----------------------------------------------------------------------- */

static bool keep_file(const struct fetching *fetching, const char *path,
                      const struct buffer *content, struct error *err)
{
    const char *place = arena_format(fetching->arena, "%s/%s", fetching->folder, path);
    char *copy = place != NULL ? arena_copy_string(fetching->arena, place) : NULL;
    if (copy == NULL)
        return error_set_memory(err);
    return file_make_directories(dirname(copy), err) &&
           file_write_atomic(place, buffer_text(content), content->length, err);
}

/* *there is false when the base has no such file. */
static bool fetch_file(const struct fetching *fetching, const char *path, bool *there,
                       struct error *err)
{
    struct buffer target;
    struct github_answer answer;
    buffer_init(&target, GITHUB_URL_SIZE - 1);
    buffer_append_format(&target, "/repos/%s/contents/", fetching->pull->repository);
    github_append_escaped(&target, path, true);
    buffer_append_format(&target, "?ref=%s", fetching->pull->base_commit);
    struct github_request request = {.method = "GET", .target = buffer_text(&target), .raw = true};
    bool ok = buffer_check(&target, err) && github_ask(fetching->github, &request, &answer, err);
    buffer_release(&target);
    if (!ok)
        return false;
    *there = answer.status != 404;
    ok = !*there || (github_check(&answer, "read a file of the base commit", err) &&
                     keep_file(fetching, path, &answer.text, err));
    github_answer_release(&answer);
    return ok;
}

/* A file that the config names; one that is not there is the config's reader to complain of. */
static bool fetch_named(const struct fetching *fetching, const char *config, const json_t *name,
                        struct error *err)
{
    bool there;
    if (!json_is_string(name))
        return true;
    const char *path = github_base_resolve(fetching->arena, config, json_string_value(name));
    return path == NULL || fetch_file(fetching, path, &there, err);
}

static const json_t *find(const json_t *config, const char *section, const char *key)
{
    return json_object_get(json_object_get(config, section), key);
}

static bool fetch_codeowners(const struct fetching *fetching, const char *config,
                             const json_t *json, struct error *err)
{
    const json_t *named = find(json, "codeowners", "file");
    bool there = false;
    if (named != NULL)
        return fetch_named(fetching, config, named, err);
    const char *const *places = codeowners_places(CODEOWNERS_GITHUB);
    for (size_t i = 0; places[i] != NULL && !there; i++)
        if (!fetch_file(fetching, places[i], &there, err))
            return false;
    return true;
}

static bool fetch_all_named(const struct fetching *fetching, const char *path, struct error *err)
{
    const char *place = arena_format(fetching->arena, "%s/%s", fetching->folder, path);
    if (place == NULL)
        return error_set_memory(err);
    json_t *json = json_parse_file(place, CONFIG_MAX_BYTES, err);
    bool ok =
        json != NULL && fetch_named(fetching, path, find(json, "endpoints", "openapi"), err) &&
        fetch_named(fetching, path, find(json, "endpoints", "map"), err) &&
        fetch_named(fetching, path, find(json, "cost", "requests"), err) &&
        fetch_named(fetching, path, json_object_get(find(json, "cost", "focus"), "file"), err) &&
        fetch_codeowners(fetching, path, json, err);
    json_decref(json);
    return ok;
}

/* The empty ".git" and ".github" are what tells the root of a tree, and whose rules hold in it. */
static bool make_folder(struct fetching *fetching, const char **folder, struct error *err)
{
    const char *parent = getenv("RUNNER_TEMP");
    if (parent == NULL || *parent == '\0')
        parent = getenv("TMPDIR");
    char *path = arena_format(fetching->arena, "%s/tollgate-base-XXXXXX",
                              parent != NULL && *parent != '\0' ? parent : "/tmp");
    if (path == NULL)
        return error_set_memory(err);
    if (mkdtemp(path) == NULL)
        return error_set_errno(err, "cannot make a folder for the base's config, %s", path);
    *folder = fetching->folder = path;
    const char *git = arena_format(fetching->arena, "%s/.git", path);
    const char *github = arena_format(fetching->arena, "%s/.github", path);
    if (git == NULL || github == NULL)
        return error_set_memory(err);
    return file_make_directories(git, err) && file_make_directories(github, err);
}

bool github_base_fetch_config(const struct github_pull *pull, struct github *github,
                              const char *path, struct arena *arena, const char **folder,
                              const char **config_path, struct error *err)
{
    struct fetching fetching = {.pull = pull, .github = github, .arena = arena};
    bool there = false;
    *folder = *config_path = NULL;
    const char *inside = github_base_resolve(arena, "", path);
    if (inside == NULL)
        return error_set(err, ERROR_USAGE, "--config-path must be a path within the repository");
    if (!make_folder(&fetching, folder, err) || !fetch_file(&fetching, inside, &there, err))
        return false;
    if (!there)
        return true;
    *config_path = arena_format(arena, "%s/%s", fetching.folder, inside);
    if (*config_path == NULL)
        return error_set_memory(err);
    return fetch_all_named(&fetching, inside, err);
}

/* ---- what the commits accept ----------------------------------------------------------------- */

static const char trailer_key[] = "Tollgate-Accept:";

static bool is_blank(const char *line, size_t size)
{
    return strspn(line, " \t\r") >= size;
}

static const char *find_last_paragraph(const char *message)
{
    const char *last = NULL;
    bool before_blank = true;
    for (const char *line = message; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        bool blank = is_blank(line, size);
        if (!blank && before_blank)
            last = line;
        before_blank = blank;
        line += size + (line[size] == '\n');
    }
    return last != NULL && last != message ? last : NULL; /* the first is the subject */
}

static bool is_trailer(const char *line)
{
    size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return key > 0 && line[key] == ':';
}

static bool is_continuation(const char *line)
{
    return *line == ' ' || *line == '\t';
}

static bool are_trailers(const char *paragraph)
{
    bool first = true;
    for (const char *line = paragraph; *line != '\0'; first = false) {
        size_t size = strcspn(line, "\n");
        if (!is_blank(line, size) && !is_trailer(line) && (first || !is_continuation(line)))
            return false;
        line += size + (line[size] == '\n');
    }
    return true;
}

static void append_value(struct buffer *out, const char *line, size_t size)
{
    size_t blank = strspn(line, " \t");
    blank = blank < size ? blank : size;
    while (size > blank && strchr(" \t\r", line[size - 1]) != NULL)
        size--;
    buffer_append(out, line + blank, size - blank);
}

void github_base_append_trailers(struct buffer *out, const char *message)
{
    const char *paragraph = find_last_paragraph(message);
    bool ours = false;
    if (paragraph == NULL || !are_trailers(paragraph))
        return;
    for (const char *line = paragraph; *line != '\0';) {
        size_t size = strcspn(line, "\n"), key = strlen(trailer_key);
        if (!is_continuation(line)) {
            if (ours)
                buffer_append_char(out, '\n');
            ours = strncasecmp(line, trailer_key, key) == 0;
            if (ours)
                append_value(out, line + key, size - key);
        } else if (ours) {
            buffer_append_char(out, ' ');
            append_value(out, line, size);
        }
        line += size + (line[size] == '\n');
    }
    if (ours)
        buffer_append_char(out, '\n');
}

/* Records as git would print them, oldest first, as GitHub lists commits. */
struct log {
    const char **records;
    size_t *sizes;
    size_t count;
    struct arena *arena;
};

enum { COMMITS_MAX = 250 /* of a pull request that GitHub lists */ };

static bool take_commit(void *context, const json_t *element, bool *enough, struct error *err)
{
    struct log *log = context;
    const json_t *commit = json_object_get(element, "commit");
    const char *sha = json_string_value(json_object_get(element, "sha"));
    const char *message = json_string_value(json_object_get(commit, "message"));
    const char *author =
        json_string_value(json_object_get(json_object_get(commit, "author"), "name"));
    struct buffer record;
    if (sha == NULL || !github_is_commit(sha) || message == NULL)
        return true;
    buffer_init(&record, 1 << 24);
    buffer_append(&record, sha, strlen(sha) + 1);
    buffer_append_string(&record, author != NULL ? author : "?");
    buffer_append_char(&record, '\0');
    github_base_append_trailers(&record, message);
    buffer_append_char(&record, '\0');
    log->records[log->count] = arena_copy_bytes(log->arena, buffer_text(&record), record.length);
    log->sizes[log->count] = record.length;
    bool ok =
        buffer_check(&record, err) && (log->records[log->count] != NULL || error_set_memory(err));
    buffer_release(&record);
    log->count += ok;
    *enough = log->count == COMMITS_MAX;
    return ok;
}

static bool parse_log(const struct log *log, const struct waiver_list *listed,
                      struct waiver_list *list, struct run *notes, struct error *err)
{
    struct buffer text;
    buffer_init(&text, 1 << 28);
    for (size_t i = log->count; i > 0; i--)
        buffer_append(&text, log->records[i - 1], log->sizes[i - 1]);
    bool ok = buffer_check(&text, err) &&
              trailers_parse(list, buffer_text(&text), text.length, listed, notes, log->arena, err);
    buffer_release(&text);
    return ok;
}

bool github_base_read_trailers(const struct github_pull *pull, struct github *github,
                               const struct waiver_list *listed, struct waiver_list *list,
                               struct run *notes, struct arena *arena, struct error *err)
{
    char target[GITHUB_URL_SIZE];
    struct log log = {.arena = arena};
    log.records = arena_alloc_array(arena, COMMITS_MAX, sizeof *log.records);
    log.sizes = arena_alloc_array(arena, COMMITS_MAX, sizeof *log.sizes);
    if (log.records == NULL || log.sizes == NULL)
        return error_set_memory(err);
    snprintf(target, sizeof target, "/repos/%s/pulls/%" PRId64 "/commits?per_page=100",
             pull->repository, pull->number);
    return github_list(github, target, NULL, "read the commits of the pull request", take_commit,
                       &log, err) &&
           parse_log(&log, listed, list, notes, err);
}
