#include "insights/codeowners_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64, BAD_LINES_MAX = 1000 };

const char *const *codeowners_places(enum codeowners_dialect dialect)
{
    static const char *const github[] = {".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS",
                                         NULL};
    static const char *const gitlab[] = {"CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS",
                                         NULL};
    return dialect == CODEOWNERS_GITHUB ? github : gitlab;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

bool codeowners_next_word(const char **at, const char *end, struct codeowners_word *word)
{
    while (*at < end && is_space(**at))
        (*at)++;
    const char *start = *at;
    while (*at < end && !is_space(**at))
        *at += **at == '\\' && *at + 1 < end ? 2 : 1;
    *word = (struct codeowners_word){start, (size_t)(*at - start)};
    return word->size > 0;
}

/* Makes room for one more of `size` bytes each; NULL when out of memory. */
static void *grow(struct codeowners_reader *reader, void *items, size_t count, size_t *room,
                  size_t size)
{
    if (reader->failed || count < *room)
        return reader->failed ? NULL : items;
    size_t wanted = *room > 0 ? 2 * *room : FIRST_ROOM;
    void *grown = reallocarray(items, wanted, size);
    if (grown == NULL)
        reader->failed = true;
    else
        *room = wanted;
    return grown;
}

void codeowners_add_rule(struct codeowners_reader *reader, struct codeowners_rule rule)
{
    struct codeowners_rule *rules =
        grow(reader, reader->rules, reader->rule_count, &reader->rule_room, sizeof *rules);
    if (rules == NULL)
        return;
    rule.line = reader->line;
    rule.section = reader->section;
    reader->rules = rules;
    rules[reader->rule_count++] = rule;
}

void codeowners_add_section(struct codeowners_reader *reader, struct codeowners_section section)
{
    struct codeowners_section *sections = grow(reader, reader->sections, reader->section_count,
                                               &reader->section_room, sizeof *sections);
    if (sections == NULL)
        return;
    reader->sections = sections;
    sections[reader->section_count++] = section;
}

void codeowners_add_bad(struct codeowners_reader *reader, const char *why)
{
    if (reader->bad_count == BAD_LINES_MAX)
        return;
    struct codeowners_bad_line *bad =
        grow(reader, reader->bad, reader->bad_count, &reader->bad_room, sizeof *bad);
    if (bad == NULL)
        return;
    reader->bad = bad;
    bad[reader->bad_count++] = (struct codeowners_bad_line){reader->line, why};
}

const char *codeowners_copy(struct codeowners_reader *reader, struct codeowners_word word)
{
    const char *copy = arena_copy_bytes(reader->arena, word.text, word.size);
    reader->failed = reader->failed || copy == NULL;
    return copy;
}

const char *const *codeowners_copy_owners(struct codeowners_reader *reader,
                                          const struct codeowners_word *words, size_t count)
{
    const char **owners = arena_alloc_array(reader->arena, count, sizeof *owners);
    if (owners == NULL) {
        reader->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        owners[i] = codeowners_copy(reader, words[i]);
    return owners;
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

bool codeowners_is_email(struct codeowners_word word)
{
    const char *sign = memchr(word.text, '@', word.size);
    if (sign == NULL || sign == word.text || sign + 1 == word.text + word.size)
        return false;
    for (size_t i = 0; i < word.size; i++) {
        unsigned char c = (unsigned char)word.text[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),:;<>[\\]", c) != NULL ||
            (c == '@' && word.text + i != sign))
            return false;
    }
    return true;
}

bool codeowners_is_name(struct codeowners_word word)
{
    if (word.size < 2 || word.text[0] != '@')
        return false;
    bool part = false; /* within one */
    for (size_t i = 1; i < word.size; i++) {
        if (word.text[i] == '/' ? !part : !is_name_byte(word.text[i]))
            return false;
        part = word.text[i] != '/';
    }
    return part;
}

static void read_lines(struct codeowners_reader *reader, enum codeowners_dialect dialect,
                       const char *text, const char *end)
{
    while (text < end && !reader->failed) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline != NULL ? newline : end;
        const char *last = line_end;
        reader->line++;
        while (text < line_end && is_space(*text))
            text++;
        while (last > text && is_space(last[-1]))
            last--;
        if (last > text && memchr(text, '\0', (size_t)(last - text)) != NULL)
            codeowners_add_bad(reader, "holds a NUL byte");
        else if (last > text && *text != '#' && dialect == CODEOWNERS_GITHUB)
            codeowners_read_github(reader, text, last);
        else if (last > text && *text != '#')
            codeowners_read_gitlab(reader, text, last);
        text = newline != NULL ? newline + 1 : end;
    }
}

/* Into the arena. */
static void *settle(struct codeowners_reader *reader, const void *items, size_t count, size_t size)
{
    void *kept = reader->failed ? NULL : arena_alloc_array(reader->arena, count, size);
    if (kept == NULL)
        reader->failed = true;
    else if (count > 0)
        memcpy(kept, items, count * size);
    return kept;
}

bool codeowners_parse(struct codeowners *codeowners, enum codeowners_dialect dialect,
                      const char *path, const char *text, size_t size, struct arena *arena,
                      struct error *err)
{
    struct codeowners_reader reader = {.arena = arena};
    *codeowners = (struct codeowners){0};
    if (size >= CODEOWNERS_MAX_BYTES)
        return error_set_at(err, ERROR_INPUT, path, "has 3 MB or more, and is then read by nobody");
    codeowners_add_section(&reader, (struct codeowners_section){.name = "", .approvals = 1});
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3, size -= 3;
    read_lines(&reader, dialect, text, text + size);
    *codeowners = (struct codeowners){
        .path = codeowners_copy(&reader, (struct codeowners_word){path, strlen(path)}),
        .dialect = dialect,
        .rules = settle(&reader, reader.rules, reader.rule_count, sizeof *reader.rules),
        .rule_count = reader.rule_count,
        .sections = settle(&reader, reader.sections, reader.section_count, sizeof *reader.sections),
        .section_count = reader.section_count,
        .bad = settle(&reader, reader.bad, reader.bad_count, sizeof *reader.bad),
        .bad_count = reader.bad_count};
    free(reader.rules);
    free(reader.sections);
    free(reader.bad);
    if (!reader.failed)
        return true;
    *codeowners = (struct codeowners){0};
    return error_set_memory(err);
}

/* NULL = the section says nothing. What is excluded stays so, whatever follows. */
static const struct codeowners_rule *find_in_section(const struct codeowners *codeowners,
                                                     size_t section, const char *file)
{
    const struct codeowners_rule *found = NULL;
    for (size_t i = 0; i < codeowners->rule_count; i++) {
        const struct codeowners_rule *rule = &codeowners->rules[i];
        if (rule->section != section)
            continue;
        bool fits = codeowners->dialect == CODEOWNERS_GITHUB
                        ? codeowners_matches_github(rule->pattern, file)
                        : codeowners_matches_gitlab(rule->pattern, file);
        if (fits && rule->excludes)
            return rule;
        if (fits)
            found = rule;
    }
    return found;
}

size_t codeowners_find(const struct codeowners *codeowners, const char *file,
                       struct codeowners_answer *answers, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < codeowners->section_count && count < room; i++) {
        const struct codeowners_rule *rule = find_in_section(codeowners, i, file);
        if (rule != NULL)
            answers[count++].rule = rule;
    }
    return count;
}
