/* How the kinds of projects are built and started. */
#include "rig/init_look.h"

#include "base/file.h"
#include "base/json.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* ---- shared ---------------------------------------------------------------------------------- */

static void add_build(struct init_guess *guess, const char *const *words)
{
    if (guess->build_count < INIT_BUILD_MAX)
        init_set_command(&guess->build[guess->build_count++], words);
}

static bool note_commands(struct init_guess *guess, const char *why_build, const char *why_start,
                          const char *check, struct error *err)
{
    for (size_t i = 0; i < guess->build_count; i++) {
        const char *text = init_command_text(guess, &guess->build[i]);
        if (text == NULL)
            return error_set_memory(err);
        init_note(guess, "gateway.build", text, why_build,
                  i + 1 == guess->build_count ? "that it builds with optimisation, as production's"
                                              : NULL);
    }
    const char *start = init_command_text(guess, &guess->start);
    if (start == NULL || why_start == NULL)
        return error_set_memory(err);
    init_note(guess, "gateway.start", start, why_start, check);
    return true;
}

static bool exists(struct init_guess *guess, const char *name)
{
    const char *path = arena_format(guess->arena, "%s/%s", guess->folder, name);
    return path != NULL && file_exists(path);
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line == '\n' ? line + 1 : line;
}

static const char takes_port[] = "that it takes --port, and listens on 127.0.0.1";

/* ---- Cargo ----------------------------------------------------------------------------------- */

/* `name = "x"` of [package]. */
static char *find_cargo_name(struct init_guess *guess, const char *text)
{
    bool package = false;
    for (const char *line = text; *line != '\0'; line = next_line(line)) {
        if (*line == '[')
            package = strncmp(line, "[package]", 9) == 0;
        if (!package || strncmp(line, "name", 4) != 0)
            continue;
        const char *value = line + 4;
        value += strspn(value, " \t");
        if (*value != '=')
            continue;
        value += 1 + strspn(value + 1, " \t");
        if (*value == '"')
            return init_copy_name(guess, value + 1);
    }
    return NULL;
}

bool init_look_cargo(struct init_guess *guess, bool *found, struct error *err)
{
    const char *text;
    if (!init_read(guess, "Cargo.toml", &text, err))
        return false;
    const char *name = text != NULL ? find_cargo_name(guess, text) : NULL;
    if (name == NULL)
        return true;
    const char *program = arena_format(guess->arena, "target/release/%s", name);
    if (program == NULL)
        return error_set_memory(err);
    *found = true;
    guess->kind = "Cargo.toml";
    guess->toolchain = "Rust";
    add_build(guess, (const char *const[]){"cargo", "build", "--release", NULL});
    init_set_command(&guess->start, (const char *const[]){program, "--port", "${port}", NULL});
    return note_commands(guess, "there is a Cargo.toml", "the package's name in Cargo.toml",
                         takes_port, err);
}

/* ---- Go -------------------------------------------------------------------------------------- */

/* The first folder of cmd/ by name that has a main.go. */
static char *find_go_command(struct init_guess *guess)
{
    char *best = NULL;
    const char *path = arena_format(guess->arena, "%s/cmd", guess->folder);
    DIR *folder = path != NULL ? opendir(path) : NULL;
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char *name = init_copy_name(guess, entry->d_name);
        const char *main = name != NULL && strcmp(name, entry->d_name) == 0
                               ? arena_format(guess->arena, "cmd/%s/main.go", name)
                               : NULL;
        if (main != NULL && exists(guess, main) && (best == NULL || strcmp(name, best) < 0))
            best = name;
    }
    if (folder != NULL)
        closedir(folder);
    return best;
}

/* "module example.com/x/gateway/v2": "gateway". */
static char *find_go_module(struct init_guess *guess, const char *text)
{
    for (const char *line = text; *line != '\0'; line = next_line(line)) {
        if (strncmp(line, "module ", 7) != 0)
            continue;
        char *path = arena_copy_bytes(guess->arena, line + 7, strcspn(line + 7, " \t\r\n"));
        char *last = path != NULL ? strrchr(path, '/') : NULL;
        if (last != NULL && last[1] == 'v' && isdigit((unsigned char)last[2])) {
            *last = '\0';
            last = strrchr(path, '/');
        }
        return path != NULL ? init_copy_name(guess, last != NULL ? last + 1 : path) : NULL;
    }
    return NULL;
}

bool init_look_go(struct init_guess *guess, bool *found, struct error *err)
{
    const char *text;
    if (!init_read(guess, "go.mod", &text, err))
        return false;
    if (text == NULL)
        return true;
    const char *command = exists(guess, "main.go") ? NULL : find_go_command(guess);
    const char *name = command != NULL ? command : find_go_module(guess, text);
    if (name == NULL)
        return true;
    const char *program = arena_format(guess->arena, "bin/%s", name);
    const char *package = command != NULL ? arena_format(guess->arena, "./cmd/%s", command) : ".";
    if (program == NULL || package == NULL)
        return error_set_memory(err);
    *found = true;
    guess->kind = "go.mod";
    guess->toolchain = "Go";
    add_build(guess, (const char *const[]){"go", "build", "-o", program, package, NULL});
    init_set_command(&guess->start, (const char *const[]){program, "--port", "${port}", NULL});
    return note_commands(guess, "there is a go.mod",
                         command != NULL ? "the first command of cmd/" : "the module's name",
                         takes_port, err);
}

/* ---- Node ------------------------------------------------------------------------------------ */

/* "node server.js" is started without npm between, which would be weighed as well. */
static bool set_node_start(struct init_guess *guess, const char *script, struct error *err)
{
    const char *file = script != NULL && strncmp(script, "node ", 5) == 0 ? script + 5 : NULL;
    size_t size = file != NULL ? strspn(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789._-/")
                               : 0;
    if (size == 0 || file[size] != '\0' || *file == '-') {
        init_set_command(&guess->start, (const char *const[]){"npm", "start", NULL});
        return true;
    }
    const char *name = arena_copy_bytes(guess->arena, file, size);
    init_set_command(&guess->start, (const char *const[]){"node", name, NULL});
    return name != NULL || error_set_memory(err);
}

bool init_look_node(struct init_guess *guess, bool *found, struct error *err)
{
    const char *text;
    if (!init_read(guess, "package.json", &text, err))
        return false;
    json_auto_t *package = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const json_t *scripts = json_object_get(package, "scripts");
    const char *start = json_string_value(json_object_get(scripts, "start"));
    if (start == NULL)
        return true;
    bool locked = exists(guess, "package-lock.json");
    *found = true;
    guess->kind = "package.json";
    guess->toolchain = "Node.js";
    guess->port_in_env = true;
    add_build(guess, (const char *const[]){"npm", locked ? "ci" : "install", NULL});
    if (json_object_get(scripts, "build") != NULL)
        add_build(guess, (const char *const[]){"npm", "run", "build", NULL});
    return set_node_start(guess, start, err) &&
           note_commands(guess, "there is a package.json", "its \"start\" script",
                         "that it listens on 127.0.0.1 and on the port in PORT", err);
}

/* ---- Python ---------------------------------------------------------------------------------- */

/* Whether a line begins with the word, as requirements do, or holds it in quotes, as TOML does. */
static bool requires(const char *text, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = text; (at = strcasestr(at, word)) != NULL; at += size) {
        bool begins = at == text || strchr("\n\"' [,", at[-1]) != NULL;
        if (begins && !isalnum((unsigned char)at[size]) && at[size] != '-' && at[size] != '_')
            return true;
    }
    return false;
}

/* The variable of a line `app = Flask(`. */
static char *find_flask_variable(struct init_guess *guess, const char *text)
{
    for (const char *line = text; *line != '\0'; line = next_line(line)) {
        char *name = init_copy_name(guess, line);
        if (name == NULL || strpbrk(name, ".-") != NULL)
            continue;
        const char *rest = line + strlen(name);
        rest += strspn(rest, " \t");
        if (*rest != '=')
            continue;
        rest += 1 + strspn(rest + 1, " \t");
        if (strncmp(rest, "Flask(", 6) == 0 || strncmp(rest, "flask.Flask(", 12) == 0)
            return name;
    }
    return NULL;
}

struct python {
    bool flask, gunicorn;
    const char *requirements; /* a file for pip; NULL = another kind, or none */
    const char *app;          /* "app:app" */
    const char *module;       /* "app" */
};

static bool read_requirements(struct init_guess *guess, struct python *python, struct error *err)
{
    static const char *const files[] = {"requirements.txt", "pyproject.toml", "Pipfile", "setup.py",
                                        NULL};
    for (size_t i = 0; files[i] != NULL; i++) {
        const char *text;
        if (!init_read(guess, files[i], &text, err))
            return false;
        if (text == NULL)
            continue;
        python->flask |= requires(text, "flask");
        python->gunicorn |= requires(text, "gunicorn");
        if (i == 0)
            python->requirements = files[i];
    }
    return true;
}

static bool find_app(struct init_guess *guess, struct python *python, struct error *err)
{
    static const char *const modules[] = {"app", "wsgi", "main", "server", "gateway", NULL};
    for (size_t i = 0; modules[i] != NULL && python->app == NULL; i++) {
        const char *text, *name = arena_format(guess->arena, "%s.py", modules[i]);
        if (name == NULL)
            return error_set_memory(err);
        if (!init_read(guess, name, &text, err))
            return false;
        const char *variable = text != NULL ? find_flask_variable(guess, text) : NULL;
        if (variable == NULL)
            continue;
        python->module = modules[i];
        python->app = arena_format(guess->arena, "%s:%s", modules[i], variable);
        if (python->app == NULL)
            return error_set_memory(err);
    }
    return true;
}

bool init_look_python(struct init_guess *guess, bool *found, struct error *err)
{
    struct python python = {0};
    if (!read_requirements(guess, &python, err) || !find_app(guess, &python, err))
        return false;
    if ((!python.flask && !python.gunicorn) || python.app == NULL)
        return true;
    *found = true;
    guess->kind = "Flask";
    guess->toolchain = "Python";
    if (python.requirements != NULL)
        add_build(guess, (const char *const[]){"python3", "-m", "pip", "install", "-q", "-r",
                                               python.requirements, NULL});
    if (python.gunicorn)
        init_set_command(&guess->start,
                         (const char *const[]){"gunicorn", "--bind", "127.0.0.1:${port}",
                                               "--workers", "1", python.app, NULL});
    else
        init_set_command(&guess->start,
                         (const char *const[]){"python3", "-m", "flask", "--app", python.app, "run",
                                               "--port", "${port}", NULL});
    const char *why = arena_format(guess->arena, "%s.py makes a Flask application%s", python.module,
                                   python.gunicorn ? ", and gunicorn is required" : "");
    return note_commands(guess, "there is a requirements.txt", why,
                         python.gunicorn ? "that one worker is how it should be weighed"
                                         : "Flask's own server is none for production: is there "
                                           "another?",
                         err);
}

/* ---- CMake ----------------------------------------------------------------------------------- */

/* The first add_executable that is no test. */
static char *find_executable(struct init_guess *guess, const char *text)
{
    char *first = NULL;
    for (const char *line = text; *line != '\0'; line = next_line(line)) {
        const char *at = line + strspn(line, " \t");
        if (strncasecmp(at, "add_executable", 14) != 0)
            continue;
        at += 14 + strspn(at + 14, " \t");
        if (*at != '(')
            continue;
        at += 1 + strspn(at + 1, " \t\r\n");
        char *name = init_copy_name(guess, at);
        if (name != NULL && strcasestr(name, "test") == NULL)
            return name;
        first = first != NULL ? first : name;
    }
    return first;
}

bool init_look_cmake(struct init_guess *guess, bool *found, struct error *err)
{
    const char *text;
    if (!init_read(guess, "CMakeLists.txt", &text, err))
        return false;
    const char *name = text != NULL ? find_executable(guess, text) : NULL;
    if (name == NULL)
        return true;
    const char *program = arena_format(guess->arena, "build/%s", name);
    if (program == NULL)
        return error_set_memory(err);
    *found = true;
    guess->kind = "CMakeLists.txt";
    add_build(guess, (const char *const[]){"cmake", "-S", ".", "-B", "build",
                                           "-DCMAKE_BUILD_TYPE=RelWithDebInfo", NULL});
    add_build(guess, (const char *const[]){"cmake", "--build", "build", NULL});
    init_set_command(&guess->start, (const char *const[]){program, "--port", "${port}", NULL});
    return note_commands(guess, "there is a CMakeLists.txt", "its first add_executable", takes_port,
                         err);
}

/* ---- Make ------------------------------------------------------------------------------------ */

/* "PROGRAM = gateway", or what a recipe links with "-o gateway". */
static char *find_program(struct init_guess *guess, const char *text)
{
    static const char *const variables[] = {"PROGRAM", "TARGET", "BIN", "BINARY",
                                            "EXE",     "NAME",   NULL};
    for (const char *line = text; *line != '\0'; line = next_line(line))
        for (size_t i = 0; variables[i] != NULL; i++) {
            size_t size = strlen(variables[i]);
            const char *rest = line + size;
            if (strncmp(line, variables[i], size) != 0)
                continue;
            rest += strspn(rest, " \t:?");
            char *name =
                *rest == '=' ? init_copy_name(guess, rest + 1 + strspn(rest + 1, " \t")) : NULL;
            if (name != NULL)
                return name;
        }
    for (const char *at = text; (at = strstr(at, " -o ")) != NULL; at += 4) {
        char *name = init_copy_name(guess, at + 4);
        if (name != NULL && strstr(name, ".o") == NULL)
            return name;
    }
    return NULL;
}

bool init_look_make(struct init_guess *guess, bool *found, struct error *err)
{
    static const char *const files[] = {"Makefile", "makefile", "GNUmakefile", NULL};
    const char *text = NULL;
    size_t i = 0;
    for (; files[i] != NULL && text == NULL; i++)
        if (!init_read(guess, files[i], &text, err))
            return false;
    const char *name = text != NULL ? find_program(guess, text) : NULL;
    if (name == NULL)
        return true;
    const char *program = arena_format(guess->arena, "./%s", name);
    if (program == NULL)
        return error_set_memory(err);
    *found = true;
    guess->kind = files[i - 1];
    add_build(guess, (const char *const[]){"make", NULL});
    init_set_command(&guess->start, (const char *const[]){program, "--port", "${port}", NULL});
    return note_commands(guess, "there is a Makefile", "the program that the Makefile links",
                         takes_port, err);
}
