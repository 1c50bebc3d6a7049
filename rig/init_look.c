#include "rig/init_look.h"

#include "base/file.h"
#include "replay/openapi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- for all kinds --------------------------------------------------------------------------- */

bool init_read(struct init_guess *guess, const char *name, const char **text, struct error *err)
{
    struct buffer content;
    struct stat info;
    struct error ignored = {0};
    *text = NULL;
    const char *path = arena_format(guess->arena, "%s/%s", guess->folder, name);
    if (path == NULL)
        return error_set_memory(err);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return true;
    buffer_init(&content, INIT_FILE_MAX_BYTES);
    bool read = file_read(path, &content, &ignored);
    if (read)
        *text = arena_copy_string(guess->arena, buffer_text(&content));
    buffer_release(&content);
    return !read || *text != NULL || error_set_memory(err);
}

char *init_copy_name(struct init_guess *guess, const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (size == 0 || size > INIT_NAME_MAX || *text == '-' || *text == '.')
        return NULL;
    return arena_copy_bytes(guess->arena, text, size);
}

void init_set_command(struct init_command *command, const char *const *words)
{
    size_t count = 0;
    *command = (struct init_command){0};
    for (; words[count] != NULL && count + 1 < INIT_WORDS_MAX; count++)
        command->words[count] = words[count];
}

void init_note(struct init_guess *guess, const char *key, const char *value, const char *why,
               const char *check)
{
    if (guess->note_count < INIT_NOTES_MAX)
        guess->notes[guess->note_count++] = (struct init_note){key, value, why, check};
}

const char *init_command_text(struct init_guess *guess, const struct init_command *command)
{
    const char *text = command->words[0];
    for (size_t i = 1; text != NULL && i < INIT_WORDS_MAX && command->words[i] != NULL; i++)
        text = arena_format(guess->arena, "%s %s", text, command->words[i]);
    return text;
}

/* ---- OpenAPI --------------------------------------------------------------------------------- */

static const char *const openapi_places[] = {
    "openapi.json",
    "api/openapi.json",
    "docs/openapi.json",
    "spec/openapi.json",
    "swagger.json",
    "api/swagger.json",
    "docs/swagger.json",
    "openapi/openapi.json",
    "src/openapi.json",
    "openapi.yaml",
    "openapi.yml",
    "api/openapi.yaml",
    "api/openapi.yml",
    "docs/openapi.yaml",
    "docs/openapi.yml",
    "spec/openapi.yaml",
    "swagger.yaml",
    "swagger.yml",
    NULL,
};

static bool is_yaml(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && strcmp(dot, ".json") != 0;
}

/* "GET /healthz": where a gateway says that it is ready. */
static const char *find_ready(const struct openapi *openapi)
{
    static const char *const paths[] = {
        "GET /healthz",     "GET /readyz", "GET /health", "GET /ready",
        "GET /healthcheck", "GET /ping",   "GET /status", NULL};
    for (size_t p = 0; paths[p] != NULL; p++)
        for (size_t i = 0; i < openapi->count; i++)
            if (strcmp(openapi->rows[i].text, paths[p]) == 0)
                return paths[p] + strlen("GET ");
    return NULL;
}

static bool take_openapi(struct init_guess *guess, const char *name, const char *path,
                         struct error *err)
{
    struct openapi openapi;
    struct error why = {0};
    if (!openapi_read(&openapi, path, guess->arena, &why)) {
        if (why.code == ERROR_MEMORY)
            return error_set_memory(err);
        const char *text = arena_format(guess->arena, "%s cannot be used: %.300s", name, why.text);
        if (text == NULL)
            return error_set_memory(err);
        init_note(guess, "endpoints", "left out", text, "mend it, or write templates by hand");
        return true;
    }
    const char *why_text = arena_format(guess->arena, "%s has %zu operations", name, openapi.count);
    if (why_text == NULL)
        return error_set_memory(err);
    guess->openapi = name;
    init_note(guess, "endpoints.openapi", name, why_text,
              "that it has the routes that the gateway serves");
    guess->ready_path = find_ready(&openapi);
    if (guess->ready_path != NULL)
        init_note(guess, "gateway.ready.path", guess->ready_path, "the OpenAPI document has it",
                  "that it answers 200 only once the gateway can serve");
    return true;
}

bool init_look_openapi(struct init_guess *guess, struct error *err)
{
    for (size_t i = 0; openapi_places[i] != NULL; i++) {
        const char *name = openapi_places[i];
        const char *path = arena_format(guess->arena, "%s/%s", guess->folder, name);
        if (path == NULL)
            return error_set_memory(err);
        if (!file_exists(path))
            continue;
        if (!is_yaml(name))
            return take_openapi(guess, name, path, err);
        const char *text =
            arena_format(guess->arena, "%s is YAML, and the document must be JSON", name);
        if (text == NULL)
            return error_set_memory(err);
        init_note(guess, "endpoints", "left out", text,
                  "convert it, and name the result as \"endpoints\": {\"openapi\": FILE}");
        return true;
    }
    init_note(guess, "endpoints", "left out", "there is no OpenAPI document",
              "once there is a corpus: tollgate corpus endpoints --freeze FILE");
    return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool look_codeowners(struct init_guess *guess, struct error *err)
{
    static const char *const places[] = {".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS",
                                         ".gitlab/CODEOWNERS", NULL};
    for (size_t i = 0; places[i] != NULL; i++) {
        const char *path = arena_format(guess->arena, "%s/%s", guess->folder, places[i]);
        if (path == NULL)
            return error_set_memory(err);
        if (!file_exists(path))
            continue;
        init_note(guess, "owners", places[i], "is found without being named", NULL);
        return true;
    }
    init_note(guess, "owners", "none", "there is no CODEOWNERS",
              "\"owners\" maps endpoints to people, if you want them named");
    return true;
}

static bool look_corpus(struct init_guess *guess, struct error *err)
{
    const char *path = arena_format(guess->arena, "%s/corpus.jsonl", guess->folder);
    if (path == NULL)
        return error_set_memory(err);
    if (file_exists(path))
        init_note(guess, "corpus", "corpus.jsonl", "is there", "tollgate corpus validate");
    else
        init_note(guess, "corpus", "corpus.jsonl", "is still to be made",
                  "tollgate record, or tollgate import of a HAR file or an access log");
    return true;
}

/* Nothing to go by: a start that names what has to be put in. */
static bool fall_back(struct init_guess *guess, struct error *err)
{
    char *resolved = realpath(guess->folder, NULL);
    const char *slash = resolved != NULL ? strrchr(resolved, '/') : NULL;
    const char *name = slash != NULL ? init_copy_name(guess, slash + 1) : NULL;
    free(resolved);
    const char *program = arena_format(guess->arena, "./%s", name != NULL ? name : "gateway");
    if (program == NULL)
        return error_set_memory(err);
    init_set_command(&guess->start, (const char *const[]){program, "--port", "${port}", NULL});
    init_note(guess, "gateway.build", "none", "no build file is known here",
              "put in what builds the gateway");
    init_note(guess, "gateway.start", init_command_text(guess, &guess->start),
              "the folder's name, for want of anything else",
              "put in what starts the gateway on the port ${port}");
    return true;
}

static bool look_kinds(struct init_guess *guess, struct error *err)
{
    static init_kind *const kinds[] = {init_look_cargo,  init_look_go,    init_look_node,
                                       init_look_python, init_look_cmake, init_look_make};
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(kinds) && !found; i++)
        if (!kinds[i](guess, &found, err))
            return false;
    return found || fall_back(guess, err);
}

bool init_look(struct init_guess *guess, const char *folder, struct arena *arena, struct error *err)
{
    struct stat info;
    *guess = (struct init_guess){.arena = arena, .folder = folder};
    if (stat(folder, &info) != 0)
        return error_set_errno(err, "cannot look at %s", folder);
    if (!S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
        return error_set_errno(err, "cannot look at %s", folder);
    }
    return look_kinds(guess, err) && init_look_openapi(guess, err) && look_corpus(guess, err) &&
           look_codeowners(guess, err);
}
