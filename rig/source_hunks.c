#include "rig/source_hunks.h"

#include "base/macros.h"

#include <stdio.h>
#include <string.h>

/* A line of git's output, or a part of one. */
struct span {
    const char *text;
    size_t size;
};

/* What was said of one file so far. */
struct file {
    bool begun;
    struct span names;       /* behind "diff --git" */
    const char *base, *head; /* NULL = not said */
    bool created, removed;   /* then there is no such file on the other side */
    bool whole;              /* changed, and nobody knows where */
    struct source_hunk *hunks;
    size_t hunk_count, hunk_capacity;
};

struct reader {
    const char *at, *end;
    size_t line; /* number of the last one taken */
    struct arena *arena;
    struct error *err;
    struct source_hunks *out;
    size_t capacity;
    struct file file;
};

static bool fail(const struct reader *reader, const char *what)
{
    char where[48];
    snprintf(where, sizeof where, "git diff:%zu", reader->line);
    return error_set_at(reader->err, ERROR_INPUT, where, "%s", what);
}

/* The next line without its end; false when there is none. A last line may lack its end. */
static bool take_line(struct reader *reader, struct span *line)
{
    if (reader->at == reader->end)
        return false;
    const char *stop = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    *line = (struct span){reader->at, (size_t)((stop != NULL ? stop : reader->end) - reader->at)};
    reader->at = stop != NULL ? stop + 1 : reader->end;
    reader->line++;
    return true;
}

/* Whether the line begins with the words; *rest is what follows. */
static bool begins(struct span line, const char *words, struct span *rest)
{
    size_t size = strlen(words);
    if (line.size < size || memcmp(line.text, words, size) != 0)
        return false;
    *rest = (struct span){line.text + size, line.size - size};
    return true;
}

/* ---- names ------------------------------------------------------------------------------------
 */

/* The byte that stands behind a backslash in a quoted name; *size is how long it is written. */
static int unescape(const char *text, size_t left, size_t *size)
{
    static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";
    const char *letter = left > 0 && text[0] != '\0' ? strchr(letters, text[0]) : NULL;
    *size = 1;
    if (letter != NULL)
        return bytes[letter - letters];
    int value = 0;
    for (*size = 0; *size < 3 && *size < left && text[*size] >= '0' && text[*size] <= '7'; ++*size)
        value = value * 8 + (text[*size] - '0');
    return *size == 3 && value > 0 && value < 256 ? value : -1;
}

/* Takes a name's quotes and escapes away, in `name` itself, which is whole. */
static bool unquote(char *name, size_t size)
{
    size_t length = 0, i = 1;
    for (; i < size && name[i] != '"'; i++) {
        int byte = (unsigned char)name[i];
        if (byte == '\\') {
            size_t written;
            byte = unescape(name + i + 1, size - i - 1, &written);
            i += written;
        }
        if (byte <= 0)
            return false;
        name[length++] = (char)byte;
    }
    name[length] = '\0';
    return i + 1 == size && length > 0;
}

/* A name as it stands at the end of a line. */
static bool read_name(struct reader *reader, struct span text, const char **name)
{
    if (text.size > 0 && text.text[text.size - 1] == '\t')
        text.size--; /* what git puts behind a name with blanks */
    if (text.size == 0 || memchr(text.text, '\0', text.size) != NULL)
        return fail(reader, "a file's name cannot be read");
    char *copy = arena_copy_bytes(reader->arena, text.text, text.size);
    if (copy == NULL)
        return error_set_memory(reader->err);
    if (copy[0] == '"' && !unquote(copy, text.size))
        return fail(reader, "a file's name cannot be read");
    *name = copy;
    return true;
}

/* "--- name", "+++ name": /dev/null where that side has no such file. */
static bool read_side(struct reader *reader, struct span text, const char **name, bool *absent)
{
    if (text.size == strlen("/dev/null") && memcmp(text.text, "/dev/null", text.size) == 0) {
        *absent = true;
        return true;
    }
    return read_name(reader, text, name);
}

/* The two names behind "diff --git", which are the same one where nothing else says a name. */
static bool read_names(struct reader *reader, struct file *file)
{
    struct span text = file->names;
    size_t half = text.size / 2;
    bool same = text.size % 2 == 1 && text.text[half] == ' ' &&
                memcmp(text.text, text.text + half + 1, half) == 0;
    if (!same)
        return fail(reader, "the names of a file cannot be told apart");
    if (!read_name(reader, (struct span){text.text, half}, &file->base))
        return false;
    file->head = file->base;
    return true;
}

/* ---- files ------------------------------------------------------------------------------------
 */

static bool grow(struct reader *reader, void **list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 8 : 2 * *capacity;
    void *grown = arena_alloc_array(reader->arena, wanted, size);
    if (grown == NULL)
        return error_set_memory(reader->err);
    if (count > 0)
        memcpy(grown, *list, count * size);
    *list = grown;
    *capacity = wanted;
    return true;
}

static bool add_hunk(struct reader *reader, struct source_hunk hunk)
{
    struct file *file = &reader->file;
    void *list = file->hunks;
    if (hunk.base_line > SOURCE_LINES_MAX || hunk.head_line > SOURCE_LINES_MAX ||
        hunk.base_count > SOURCE_LINES_MAX || hunk.head_count > SOURCE_LINES_MAX)
        return true;
    if (file->hunk_count == SOURCE_HUNKS_MAX) {
        file->whole = true;
        return true;
    }
    if (file->hunk_count > 0) {
        const struct source_hunk *last = &file->hunks[file->hunk_count - 1];
        if (hunk.base_line < last->base_line + last->base_count ||
            hunk.head_line < last->head_line + last->head_count)
            return fail(reader, "a hunk lies before the one in front of it");
    }
    if (!grow(reader, &list, file->hunk_count, &file->hunk_capacity, sizeof hunk))
        return false;
    file->hunks = list;
    file->hunks[file->hunk_count++] = hunk;
    return true;
}

static bool add_change(struct reader *reader, struct source_change change)
{
    void *list = reader->out->changes;
    if (reader->out->count == SOURCE_CHANGES_MAX)
        return fail(reader, "more files changed than can be looked at");
    if (!grow(reader, &list, reader->out->count, &reader->capacity, sizeof change))
        return false;
    reader->out->changes = list;
    reader->out->changes[reader->out->count++] = change;
    return true;
}

static bool end_file(struct reader *reader)
{
    struct file *file = &reader->file;
    if (!file->begun)
        return true;
    if (file->whole) {
        if (file->base == NULL && file->head == NULL && !read_names(reader, file))
            return false;
        file->hunk_count = 0;
        if (!add_hunk(reader, (struct source_hunk){1, file->created ? 0 : SOURCE_LINES_MAX, 1,
                                                   file->removed ? 0 : SOURCE_LINES_MAX}))
            return false;
    }
    const char *base = file->created ? NULL : file->base, *head = file->removed ? NULL : file->head;
    struct source_change change = {base, head, file->hunks, file->hunk_count};
    *file = (struct file){0};
    bool renamed = base != NULL && head != NULL && strcmp(base, head) != 0;
    bool named = (base != NULL || head != NULL) &&
                 (base == NULL || strlen(base) <= SOURCE_PATH_MAX) &&
                 (head == NULL || strlen(head) <= SOURCE_PATH_MAX);
    return !named || (change.hunk_count == 0 && !renamed) || add_change(reader, change);
}

/* ---- hunks ------------------------------------------------------------------------------------
 */

/* "12" or "12,3" from *text on; what is left of the line stays there. */
static bool read_range(struct span *text, uint32_t range[2])
{
    size_t number = 0;
    range[0] = 0;
    range[1] = 1;
    for (size_t digits = 0; text->size > 0; text->text++, text->size--) {
        char c = text->text[0];
        if (c == ',' && number == 0 && digits > 0) {
            range[++number] = 0;
            digits = 0;
        } else if (c >= '0' && c <= '9' && digits < 9) {
            range[number] = range[number] * 10 + (uint32_t)(c - '0');
            digits++;
        } else {
            return digits > 0 && (c == ' ');
        }
    }
    return false;
}

/* Where we are in a hunk: the next line of either side, and the run of changed lines before it. */
struct position {
    uint32_t base, head;
    uint32_t base_left, head_left;
    struct source_hunk run;
};

static bool end_run(struct reader *reader, struct position *position)
{
    struct source_hunk run = position->run;
    position->run = (struct source_hunk){position->base, 0, position->head, 0};
    return run.base_count + run.head_count == 0 || add_hunk(reader, run);
}

static bool read_hunk_line(struct reader *reader, struct position *position, struct span line)
{
    char mark = line.size > 0 ? line.text[0] : ' ';
    bool both = mark == ' ';
    if (mark == '\\') /* no newline at the end of the file */
        return true;
    if ((!both && mark != '-' && mark != '+') || (mark != '+' && position->base_left == 0) ||
        (mark != '-' && position->head_left == 0))
        return fail(reader, "a hunk has other lines than it says");
    if (mark != '+') {
        position->base++;
        position->base_left--;
        position->run.base_count += !both;
    }
    if (mark != '-') {
        position->head++;
        position->head_left--;
        position->run.head_count += !both;
    }
    return !both || end_run(reader, position);
}

/* Behind "@@ -". */
static bool read_hunk(struct reader *reader, struct span text)
{
    uint32_t base[2], head[2];
    struct span line, rest;
    if (!reader->file.begun || !read_range(&text, base) || !begins(text, " +", &rest) ||
        !read_range(&rest, head))
        return fail(reader, "the head of a hunk cannot be read");
    /* Where a side has no line, git names the one before. */
    struct position position = {
        base[0] + (base[1] == 0), head[0] + (head[1] == 0), base[1], head[1], {0}};
    position.run = (struct source_hunk){position.base, 0, position.head, 0};
    while (position.base_left > 0 || position.head_left > 0) {
        if (!take_line(reader, &line))
            return fail(reader, "the output ends within a hunk");
        if (!read_hunk_line(reader, &position, line))
            return false;
    }
    return end_run(reader, &position);
}

/* ---- lines outside of hunks --------------------------------------------------------------------
 */

static bool read_header(struct reader *reader, struct span line)
{
    struct file *file = &reader->file;
    struct span rest;
    if (begins(line, "diff --git ", &rest)) {
        if (!end_file(reader))
            return false;
        *file = (struct file){.begun = true, .names = rest};
        return true;
    }
    if (begins(line, "@@ -", &rest))
        return read_hunk(reader, rest);
    if (begins(line, "rename from ", &rest) || begins(line, "copy from ", &rest))
        return read_name(reader, rest, &file->base);
    if (begins(line, "rename to ", &rest) || begins(line, "copy to ", &rest))
        return read_name(reader, rest, &file->head);
    if (begins(line, "--- ", &rest))
        return read_side(reader, rest, &file->base, &file->created);
    if (begins(line, "+++ ", &rest))
        return read_side(reader, rest, &file->head, &file->removed);
    file->created |= begins(line, "new file mode ", &rest);
    file->removed |= begins(line, "deleted file mode ", &rest);
    file->whole |= begins(line, "Binary files ", &rest);
    return true; /* modes, similarity, what a later git may add */
}

bool source_hunks_parse(struct source_hunks *hunks, const char *text, size_t size,
                        struct arena *arena, struct error *err)
{
    struct reader reader = {
        .at = text, .end = text + size, .arena = arena, .err = err, .out = hunks};
    struct span line;
    *hunks = (struct source_hunks){0};
    while (take_line(&reader, &line))
        if (!read_header(&reader, line))
            return false;
    return end_file(&reader);
}
