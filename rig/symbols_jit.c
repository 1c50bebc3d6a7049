/* Functions that were compiled at run time, from the file /tmp/perf-PID.map that a just-in-time
 * compiler writes: "START SIZE name" a line. It grows while the process runs, addresses are used
 * again, and anybody may put a file there. */
#include "rig/symbols_private.h"

#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JIT_BYTES_MAX = 64 << 20, JIT_FUNCTIONS_MAX = 2 << 20, CHUNK_BYTES = 1 << 16 };

struct jit_function {
    const char *name; /* as written; NULL once `frame` is filled in */
    struct profile_frame frame;
};

struct symbols_jit {
    struct buffer text;
    struct jit_function *functions;
    size_t count, capacity;
    struct symbols_segments segments;
};

/* The process's number as it sees it itself: the last of "NSpid:". */
static long own_number(const struct symbols_process *process)
{
    char path[64];
    struct buffer text;
    struct error ignored = {0};
    long number = process->pid;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process->pid);
    buffer_init(&text, 1 << 16);
    const char *found =
        file_read(path, &text, &ignored) ? strstr(buffer_text(&text), "\nNSpid:") : NULL;
    if (found != NULL) {
        const char *end = found + 1 + strcspn(found + 1, "\n");
        const char *last = end;
        while (last > found && last[-1] >= '0' && last[-1] <= '9')
            last--;
        if (last < end)
            number = strtol(last, NULL, 10);
    }
    buffer_release(&text);
    return number;
}

/* Reads the file when it is one that the process, we or root wrote. */
static bool read_text(const struct symbols_process *process, struct buffer *text)
{
    char path[PATH_MAX], folder[64];
    struct stat file, owner;
    snprintf(path, sizeof path, "%s/tmp/perf-%ld.map", process->prefix, own_number(process));
    snprintf(folder, sizeof folder, "/proc/%d", (int)process->pid);
    int fd = open(path, SYMBOLS_OPEN_FLAGS | O_NOFOLLOW);
    if (fd < 0)
        return true;
    char *chunk = malloc(CHUNK_BYTES);
    ssize_t got =
        chunk != NULL && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
                stat(folder, &owner) == 0 &&
                (file.st_uid == owner.st_uid || file.st_uid == 0 || file.st_uid == geteuid())
            ? 1
            : 0;
    while (got > 0 && !text->failed) {
        got = read(fd, chunk, CHUNK_BYTES);
        if (got > 0)
            buffer_append(text, chunk, (size_t)got);
    }
    bool ok = chunk != NULL;
    free(chunk);
    close(fd);
    return ok;
}

static bool add_function(struct symbols_jit *jit, const char *name)
{
    if (jit->count == jit->capacity) {
        size_t capacity = jit->capacity > 0 ? jit->capacity * 2 : 1024;
        struct jit_function *grown = reallocarray(jit->functions, capacity, sizeof *jit->functions);
        if (grown == NULL)
            return false;
        jit->functions = grown;
        jit->capacity = capacity;
    }
    jit->functions[jit->count++] = (struct jit_function){.name = name};
    return true;
}

/* A later line wins over an earlier one for the same place. */
static bool parse_line(struct symbols_jit *jit, char *line, struct symbols_ranges *ranges)
{
    char *end;
    uint64_t high, low = strtoull(line, &end, 16);
    if (end == line || *end != ' ')
        return true;
    line = end + 1;
    uint64_t size = strtoull(line, &end, 16);
    if (end == line || *end != ' ' || end[1] == '\0' || __builtin_add_overflow(low, size, &high) ||
        jit->count >= JIT_FUNCTIONS_MAX)
        return true;
    uint32_t index = (uint32_t)jit->count;
    return add_function(jit, end + 1) && symbols_ranges_add(ranges, low, high, index, index);
}

static bool parse(struct symbols_jit *jit)
{
    struct symbols_ranges ranges = {0};
    bool ok = true;
    for (char *line = jit->text.data; ok && line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        /* The last line may be only half written. */
        if (end == NULL)
            break;
        *end = '\0';
        ok = parse_line(jit, line, &ranges);
        line = end + 1;
    }
    if (!ok) {
        free(ranges.items);
        return false;
    }
    return symbols_segments_build(&jit->segments, &ranges);
}

bool symbols_jit_parse(struct symbols_jit **jit, const char *text, size_t size)
{
    *jit = calloc(1, sizeof **jit);
    if (*jit == NULL)
        return false;
    buffer_init(&(*jit)->text, JIT_BYTES_MAX);
    buffer_append(&(*jit)->text, text, size);
    if (!(*jit)->text.failed && parse(*jit))
        return true;
    symbols_jit_free(*jit);
    *jit = NULL;
    return false;
}

bool symbols_jit_read(struct symbols_jit **jit, struct symbols *symbols,
                      const struct symbols_process *process)
{
    struct buffer text;
    bool ok = true;
    (void)symbols;
    *jit = NULL;
    if (process->pid <= 0)
        return true;
    buffer_init(&text, JIT_BYTES_MAX);
    ok = read_text(process, &text);
    /* What is too large is read as far as it goes. */
    if (ok && text.length > 0)
        ok = symbols_jit_parse(jit, text.data, text.length);
    buffer_release(&text);
    return ok;
}

void symbols_jit_free(struct symbols_jit *jit)
{
    if (jit == NULL)
        return;
    buffer_release(&jit->text);
    free(jit->functions);
    symbols_segments_release(&jit->segments);
    free(jit);
}

/* Takes ":LINE" off the end of a text; 0 when there is none. */
static uint32_t take_number(char *text)
{
    char *colon = strrchr(text, ':'), *end;
    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return 0;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || number > UINT32_MAX)
        return 0;
    *colon = '\0';
    return (uint32_t)number;
}

/* V8: "JS:*name /path/file.js:12:7", the mark telling how well it is compiled. */
static bool split_javascript(char *text, struct profile_frame *frame, const char **file)
{
    static const char *const kinds[] = {"JS:", "LazyCompile:", "Function:", "Script:", "Eval:"};
    size_t skip = 0;
    for (size_t i = 0; i < COUNT_OF(kinds) && skip == 0; i++)
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
            skip = strlen(kinds[i]);
    if (skip == 0)
        return false;
    skip += strspn(text + skip, "*~^+");
    char *name = text + skip;
    frame->function = name;
    char *path = strstr(name, " file:///");
    size_t scheme = path != NULL ? strlen(" file://") : 1;
    if (path == NULL)
        path = strstr(name, " /");
    if (path == NULL)
        path = strstr(name, " node:");
    if (path != NULL) {
        *path = '\0';
        *file = path + scheme;
        uint32_t column = take_number(path + scheme), line = take_number(path + scheme);
        frame->line = line > 0 ? line : column;
    }
    return true;
}

/* CPython: "py::name:/path/file.py". */
static bool split_python(char *text, struct profile_frame *frame, const char **file)
{
    if (strncmp(text, "py::", 4) != 0)
        return false;
    char *colon = strstr(text + 4, ":/");
    if (colon == NULL)
        colon = strchr(text + 4, ':');
    frame->function = text + 4;
    if (colon != NULL) {
        *colon = '\0';
        *file = colon + 1;
    }
    return true;
}

static void fill_frame(struct symbols *symbols, struct jit_function *function)
{
    const char *file = NULL;
    const char *clean = symbols_clean_text(symbols, function->name);
    char *copy = clean != NULL ? arena_copy_string(&symbols->arena, clean) : NULL;
    function->name = NULL;
    function->frame = (struct profile_frame){.object = "[jit]", .function = copy};
    if (copy == NULL)
        return;
    if (!split_javascript(copy, &function->frame, &file) &&
        !split_python(copy, &function->frame, &file))
        return;
    if (function->frame.function[0] == '\0')
        function->frame.function = "(anonymous)";
    struct symbols_object *object = symbols_opened(symbols, "[jit]");
    struct symbols_opening opening = {.key = "[jit]", .shown = "[jit]", .prefix = ""};
    if (object == NULL)
        object = symbols_open_nothing(symbols, &opening);
    const struct symbols_file *found = object != NULL ? symbols_file(object, file) : NULL;
    if (found != NULL) {
        function->frame.file = found->path;
        function->frame.own = found->own;
    }
}

bool symbols_jit_find(struct symbols_jit *jit, struct symbols *symbols, uint64_t address,
                      struct symbols_place *place)
{
    uint32_t index = jit != NULL ? symbols_segments_find(&jit->segments, address) : SYMBOLS_NONE;
    if (index == SYMBOLS_NONE)
        return false;
    struct jit_function *function = &jit->functions[index];
    if (function->name != NULL)
        fill_frame(symbols, function);
    place->frames[0] = function->frame;
    place->count = 1;
    return true;
}
