#include "rig/blame.h"

#include "rig/git_question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OUTPUT_MAX_BYTES = 256 << 20,
    RANGES_ASKED_MAX = 250, /* beyond these the whole file is asked about */
    HASH_MIN = 40,          /* hex digits, SHA-1 */
    HASH_MAX = 64,          /* SHA-256 */
};

/* One line of the file, with the commit that it came with. */
struct entry {
    char commit[HASH_MAX + 1];
    uint32_t line; /* 0 = none was read */
    int64_t changed_s;
    bool dated;
    bool boundary; /* of the first commit that the history has */
};

static bool is_hash(const char *text, size_t size)
{
    return size >= HASH_MIN && size <= HASH_MAX && strspn(text, "0123456789abcdef") >= size;
}

/* "HASH LINE-THEN LINE-NOW [COUNT]" */
static bool read_header(const char *text, size_t size, struct entry *entry)
{
    char copy[HASH_MAX + 64];
    unsigned long then, now;
    const char *space = memchr(text, ' ', size);
    if (space == NULL || size >= sizeof copy || !is_hash(text, (size_t)(space - text)))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    size_t digits = (size_t)(space - text);
    if (sscanf(copy + digits, " %10lu %10lu", &then, &now) != 2 || now == 0 || now > UINT32_MAX)
        return false;
    *entry = (struct entry){.line = (uint32_t)now};
    memcpy(entry->commit, text, digits);
    return true;
}

static bool starts_with(const char *text, size_t size, const char *start)
{
    return size >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

static void read_field(const char *text, size_t size, struct entry *entry)
{
    static const char key[] = "author-time ";
    char digits[24];
    char *end;
    if (starts_with(text, size, key) && size - strlen(key) < sizeof digits) {
        memcpy(digits, text + strlen(key), size - strlen(key));
        digits[size - strlen(key)] = '\0';
        entry->changed_s = strtoll(digits, &end, 10);
        entry->dated = end != digits && *end == '\0';
    } else if (size == strlen("boundary") && starts_with(text, size, "boundary")) {
        entry->boundary = true;
    }
}

/* Whether the entry is newer than what is known of a range so far. What is not yet committed is
 * newer than all that is. */
static bool is_newer(const struct entry *entry, bool uncommitted, const struct dead_age *age)
{
    if (!age->known || uncommitted != age->uncommitted)
        return !age->known || uncommitted;
    return entry->changed_s > age->changed_s;
}

static void apply(const struct entry *entry, bool shallow, struct blame_range *ranges, size_t count)
{
    bool uncommitted = strspn(entry->commit, "0") == strlen(entry->commit);
    if (!entry->dated)
        return;
    for (size_t i = 0; i < count; i++) {
        struct dead_age *age = &ranges[i].age;
        if (entry->line < ranges[i].first || entry->line > ranges[i].last ||
            !is_newer(entry, uncommitted, age))
            continue;
        *age = (struct dead_age){.known = true,
                                 .uncommitted = uncommitted,
                                 .at_least = shallow && entry->boundary,
                                 .changed_s = entry->changed_s};
        if (!uncommitted)
            snprintf(age->commit, sizeof age->commit, "%.12s", entry->commit);
    }
}

void blame_parse(const char *text, size_t size, bool shallow, struct blame_range *ranges,
                 size_t count)
{
    struct entry entry = {.line = 0};
    const char *end = text + size;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((stop != NULL ? stop : end) - text);
        if (entry.line == 0) {
            if (!read_header(text, length, &entry))
                return;
        } else if (length > 0 && *text == '\t') { /* the line's own text ends its entry */
            apply(&entry, shallow, ranges, count);
            entry.line = 0;
        } else {
            read_field(text, length, &entry);
        }
        text += length + 1;
    }
}

/* Asks about the ranges, or with none about the whole file. */
static bool ask(const struct blame_question *question, const struct blame_range *ranges,
                size_t count, struct buffer *out, bool *answered, struct error *err)
{
    const char *words[2 * RANGES_ASKED_MAX + 16] = {"-c", "blame.showRoot=false", "blame",
                                                    "--no-textconv", "--line-porcelain"};
    char texts[RANGES_ASKED_MAX][32];
    size_t at = 5;
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%u,%u", ranges[i].first, ranges[i].last);
        words[at++] = "-L";
        words[at++] = texts[i];
    }
    if (question->commit != NULL)
        words[at++] = question->commit;
    words[at++] = "--";
    words[at] = question->path;
    struct git_question git = {
        .folder = question->root, .words = words, .interrupt = question->interrupt};
    buffer_clear(out);
    return git_question_ask(&git, out, answered, err);
}

bool blame_lines(const struct blame_question *question, struct blame_range *ranges, size_t count,
                 bool *told, struct error *err)
{
    struct buffer out;
    bool answered = false, few = count > 0 && count <= RANGES_ASKED_MAX;
    if (question->commit != NULL && !is_hash(question->commit, strlen(question->commit)))
        return true;
    buffer_init(&out, OUTPUT_MAX_BYTES);
    bool ok = !few || ask(question, ranges, count, &out, &answered, err);
    /* A range beyond the file's end makes git refuse all. */
    if (ok && count > 0 && !answered)
        ok = ask(question, NULL, 0, &out, &answered, err);
    if (ok && answered)
        blame_parse(buffer_text(&out), out.length, question->shallow, ranges, count);
    if (told != NULL)
        *told = answered;
    buffer_release(&out);
    return ok;
}

bool blame_is_shallow(const char *root, const struct interrupt *interrupt, bool *shallow,
                      struct error *err)
{
    static const char *const words[] = {"rev-parse", "--is-shallow-repository", NULL};
    struct git_question git = {.folder = root, .words = words, .interrupt = interrupt};
    struct buffer out;
    bool answered = false;
    buffer_init(&out, 4096);
    bool ok = git_question_ask(&git, &out, &answered, err);
    *shallow = answered && strcmp(buffer_text(&out), "true\n") == 0;
    buffer_release(&out);
    return ok;
}
