/* A line of GitLab's CODEOWNERS: a section's heading, an exclusion, or a pattern and its owners. */
#include "insights/codeowners_private.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { APPROVALS_MAX = 100 };

/* "@@developer", and the plural. */
static bool is_role(struct codeowners_word word)
{
    static const char *const roles[] = {"developer", "maintainer", "owner"};
    if (word.size < 3 || memcmp(word.text, "@@", 2) != 0)
        return false;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        size_t length = strlen(roles[i]);
        size_t rest = word.size - 2;
        if (rest >= length && strncasecmp(word.text + 2, roles[i], length) == 0 &&
            (rest == length ||
             (rest == length + 1 && tolower((unsigned char)word.text[2 + length]) == 's')))
            return true;
    }
    return false;
}

/* Words that are no owners are left out, as GitLab leaves them. */
static size_t read_owners(struct codeowners_reader *reader, const char *at, const char *end,
                          struct codeowners_word owners[static CODEOWNERS_OWNERS_MAX])
{
    struct codeowners_word word;
    const char *why = NULL;
    size_t count = 0;
    while (codeowners_next_word(&at, end, &word)) {
        bool owner = is_role(word) || codeowners_is_name(word) || codeowners_is_email(word);
        if (owner && count < CODEOWNERS_OWNERS_MAX)
            owners[count++] = word;
        else if (why == NULL)
            why = owner ? "has more than 100 owners, and the others are left out"
                        : "a word that is no @name, @@role or e-mail address is left out";
    }
    if (why != NULL)
        codeowners_add_bad(reader, why);
    return count;
}

struct heading {
    struct codeowners_word name;
    bool optional;
    int approvals;
    const char *rest; /* the default owners */
};

/* What stands in the brackets, if anything but blanks does. */
static bool read_brackets(const char **at, const char *end, struct codeowners_word *inside)
{
    if (*at == end || **at != '[')
        return false;
    const char *close = memchr(*at, ']', (size_t)(end - *at));
    if (close == NULL)
        return false;
    *inside = (struct codeowners_word){*at + 1, (size_t)(close - *at - 1)};
    *at = close + 1;
    for (size_t i = 0; i < inside->size; i++)
        if (!isspace((unsigned char)inside->text[i]))
            return true;
    return false;
}

/* At least one, whatever is written. */
static int read_approvals(struct codeowners_word word)
{
    int count = 0;
    for (size_t i = 0; i < word.size; i++) {
        if (!isdigit((unsigned char)word.text[i]))
            return 1;
        count = count * 10 + (word.text[i] - '0');
        if (count > APPROVALS_MAX)
            return APPROVALS_MAX;
    }
    return count > 0 ? count : 1;
}

static bool parse_heading(const char *line, const char *end, struct heading *heading)
{
    struct codeowners_word approvals;
    *heading = (struct heading){.optional = *line == '^', .approvals = 1};
    line += heading->optional;
    if (!read_brackets(&line, end, &heading->name))
        return false;
    if (line < end && *line == '[' && read_brackets(&line, end, &approvals))
        heading->approvals = read_approvals(approvals);
    heading->rest = line;
    return line == end || isspace((unsigned char)*line);
}

/* Sections of one name are one, however they are spelt; required when one of them is. */
static void enter_section(struct codeowners_reader *reader, const struct heading *heading)
{
    for (size_t i = 1; i < reader->section_count; i++) {
        struct codeowners_section *section = &reader->sections[i];
        if (strlen(section->name) != heading->name.size ||
            strncasecmp(section->name, heading->name.text, heading->name.size) != 0)
            continue;
        section->optional = section->optional && heading->optional;
        reader->section = i;
        return;
    }
    struct codeowners_section section = {.name = codeowners_copy(reader, heading->name),
                                         .optional = heading->optional,
                                         .approvals = heading->approvals};
    reader->section = reader->section_count;
    codeowners_add_section(reader, section);
}

static void read_heading(struct codeowners_reader *reader, const struct heading *heading,
                         const char *end)
{
    struct codeowners_word owners[CODEOWNERS_OWNERS_MAX];
    enter_section(reader, heading);
    reader->default_count = read_owners(reader, heading->rest, end, owners);
    reader->defaults = codeowners_copy_owners(reader, owners, reader->default_count);
}

void codeowners_read_gitlab(struct codeowners_reader *reader, const char *line, const char *end)
{
    struct codeowners_word pattern, owners[CODEOWNERS_OWNERS_MAX];
    struct heading heading;
    struct codeowners_rule rule = {0};
    if (parse_heading(line, end, &heading)) {
        read_heading(reader, &heading, end);
        return;
    }
    if (!codeowners_next_word(&line, end, &pattern))
        return;
    rule.excludes = pattern.text[0] == '!' && pattern.size > 1;
    pattern.text += rule.excludes;
    pattern.size -= rule.excludes;
    if (pattern.size > CODEOWNERS_PATTERN_MAX_BYTES) {
        codeowners_add_bad(reader, "its pattern is longer than any path");
        return;
    }
    rule.pattern = codeowners_copy(reader, pattern);
    if (!rule.excludes) {
        rule.owner_count = read_owners(reader, line, end, owners);
        rule.owners = codeowners_copy_owners(reader, owners, rule.owner_count);
    }
    if (!rule.excludes && rule.owner_count == 0) {
        rule.owners = reader->defaults;
        rule.owner_count = reader->default_count;
    }
    codeowners_add_rule(reader, rule);
}
