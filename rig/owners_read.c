#include "rig/owners_read.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Absolute; NULL when out of memory. */
static const char *find_root(const char *folder, struct arena *arena)
{
    char *resolved = realpath(folder, NULL);
    if (resolved == NULL)
        return arena_copy_string(arena, folder);
    const char *root = arena_copy_string(arena, resolved);
    for (char *slash = resolved + strlen(resolved); root != NULL && slash > resolved;) {
        *slash = '\0';
        const char *git = arena_format(arena, "%s/.git", resolved);
        if (git == NULL || file_exists(git)) {
            root = git != NULL ? arena_copy_string(arena, resolved) : NULL;
            break;
        }
        slash = strrchr(resolved, '/');
    }
    free(resolved);
    return root;
}

static bool is_there(const char *root, const char *name, struct arena *arena, const char **path)
{
    struct stat info;
    *path = arena_format(arena, "%s/%s", root, name);
    return *path != NULL && stat(*path, &info) == 0;
}

/* GitLab's only where something of GitLab's lies there and nothing of GitHub's. */
static enum codeowners_dialect guess_dialect(const char *root, struct arena *arena)
{
    const char *path;
    if (is_there(root, ".github", arena, &path))
        return CODEOWNERS_GITHUB;
    return is_there(root, ".gitlab-ci.yml", arena, &path) || is_there(root, ".gitlab", arena, &path)
               ? CODEOWNERS_GITLAB
               : CODEOWNERS_GITHUB;
}

static bool read_codeowners(struct owners_rules *rules, enum codeowners_dialect dialect,
                            const char *path, const char *name, struct arena *arena,
                            struct error *err)
{
    struct buffer text;
    struct codeowners *codeowners = arena_alloc(arena, sizeof *codeowners);
    if (codeowners == NULL)
        return error_set_memory(err);
    buffer_init(&text, CODEOWNERS_MAX_BYTES);
    bool ok =
        file_read(path, &text, err) &&
        codeowners_parse(codeowners, dialect, name, buffer_text(&text), text.length, arena, err);
    buffer_release(&text);
    if (ok)
        rules->codeowners = codeowners;
    return ok;
}

/* A file that the repository has for others is no reason to fail here. */
static bool make_note(struct owners_rules *rules, const struct error *problem, struct arena *arena,
                      struct error *err)
{
    if (problem->code == ERROR_MEMORY)
        return error_set_memory(err);
    rules->note = arena_format(arena, "owners are incomplete: %s%s%.300s", problem->where,
                               problem->where[0] != '\0' ? ": " : "", problem->text);
    return rules->note != NULL || error_set_memory(err);
}

static bool find_codeowners(struct owners_rules *rules, const struct config *config,
                            struct arena *arena, struct error *err)
{
    const struct owners_config *owners = &config->owners;
    struct error problem = {0};
    const char *root = find_root(config->folder, arena), *path = NULL;
    if (root == NULL)
        return error_set_memory(err);
    enum codeowners_dialect dialect =
        owners->has_dialect ? owners->dialect : guess_dialect(root, arena);
    if (owners->codeowners_path != NULL)
        return read_codeowners(rules, dialect, owners->codeowners_path, owners->codeowners_path,
                               arena, err);
    const char *const *places = codeowners_places(dialect);
    size_t i = 0;
    while (places[i] != NULL && !is_there(root, places[i], arena, &path))
        i++;
    return places[i] == NULL || read_codeowners(rules, dialect, path, places[i], arena, &problem) ||
           make_note(rules, &problem, arena, err);
}

static bool find_openapi(struct owners_rules *rules, const struct config *config,
                         struct arena *arena, struct error *err)
{
    const char *path = config->endpoint_sources.openapi_path;
    struct buffer text;
    struct error problem = {0};
    struct owners_openapi *openapi = arena_alloc(arena, sizeof *openapi);
    if (openapi == NULL)
        return error_set_memory(err);
    if (path == NULL)
        return true;
    buffer_init(&text, OWNERS_OPENAPI_MAX_BYTES);
    bool ok = file_read(path, &text, &problem) &&
              owners_openapi_parse(openapi, path, buffer_text(&text), text.length, arena, &problem);
    buffer_release(&text);
    if (ok)
        rules->openapi = openapi;
    return ok || make_note(rules, &problem, arena, err);
}

bool owners_read(struct owners_rules *rules, const struct config *config, struct arena *arena,
                 struct error *err)
{
    *rules = (struct owners_rules){.map = config->owners.has_map ? &config->owners.map : NULL};
    return find_openapi(rules, config, arena, err) && find_codeowners(rules, config, arena, err);
}
