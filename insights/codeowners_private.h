/* What the two dialects of CODEOWNERS share. */
#ifndef TOLLGATE_INSIGHTS_CODEOWNERS_PRIVATE_H
#define TOLLGATE_INSIGHTS_CODEOWNERS_PRIVATE_H

#include "insights/codeowners.h"

#include <stdbool.h>

/* Longer patterns and paths are no path of a repository. */
enum { CODEOWNERS_PATTERN_MAX_BYTES = 1024, CODEOWNERS_DEPTH_MAX = 256 };

/* The file while it is read. */
struct codeowners_reader {
    struct arena *arena;
    struct codeowners_rule *rules;
    size_t rule_count, rule_room;
    struct codeowners_section *sections;
    size_t section_count, section_room;
    struct codeowners_bad_line *bad;
    size_t bad_count, bad_room;
    size_t line;
    size_t section;              /* that rules go into */
    const char *const *defaults; /* of the section's heading */
    size_t default_count;
    bool failed; /* out of memory */
};

/* A stretch of a line. */
struct codeowners_word {
    const char *text;
    size_t size;
};

/* The next word of [*at, end), parted by spaces and tabs; a backslash before one makes it part of
 * the word. False when there is none. */
bool codeowners_next_word(const char **at, const char *end, struct codeowners_word *word);

void codeowners_add_rule(struct codeowners_reader *reader, struct codeowners_rule rule);
void codeowners_add_section(struct codeowners_reader *reader, struct codeowners_section section);
/* The line as one that was skipped, or the part of it that was. */
void codeowners_add_bad(struct codeowners_reader *reader, const char *why);
const char *codeowners_copy(struct codeowners_reader *reader, struct codeowners_word word);
/* The words as the owners of a rule. */
const char *const *codeowners_copy_owners(struct codeowners_reader *reader,
                                          const struct codeowners_word *words, size_t count);

/* "docs@example.com" */
bool codeowners_is_email(struct codeowners_word word);
/* "@name", "@org/team", "@group/subgroup/team". */
bool codeowners_is_name(struct codeowners_word word);

/* One line that is neither empty nor a comment, without spaces at its ends. */
void codeowners_read_github(struct codeowners_reader *reader, const char *line, const char *end);
void codeowners_read_gitlab(struct codeowners_reader *reader, const char *line, const char *end);

bool codeowners_matches_github(const char *pattern, const char *file);
bool codeowners_matches_gitlab(const char *pattern, const char *file);

#endif
