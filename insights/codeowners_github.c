/* A line of GitHub's CODEOWNERS: a pattern, its owners, and a comment. What is not valid makes the
 * whole line none. */
#include "insights/codeowners_private.h"

#include <string.h>

static const char *find_fault(struct codeowners_word pattern)
{
    if (pattern.size > CODEOWNERS_PATTERN_MAX_BYTES)
        return "its pattern is longer than any path";
    if (pattern.text[0] == '!')
        return "GitHub knows no patterns that begin with \"!\"";
    if (pattern.size > 1 && memcmp(pattern.text, "\\#", 2) == 0)
        return "GitHub knows no patterns that begin with \"\\#\"";
    if (memchr(pattern.text, '[', pattern.size) != NULL ||
        memchr(pattern.text, ']', pattern.size) != NULL)
        return "GitHub knows no ranges with [ ] in patterns";
    return NULL;
}

void codeowners_read_github(struct codeowners_reader *reader, const char *line, const char *end)
{
    struct codeowners_word pattern, owners[CODEOWNERS_OWNERS_MAX], word;
    size_t count = 0;
    const char *why = NULL;
    if (!codeowners_next_word(&line, end, &pattern))
        return;
    why = find_fault(pattern);
    while (why == NULL && codeowners_next_word(&line, end, &word) && word.text[0] != '#') {
        if (count == CODEOWNERS_OWNERS_MAX)
            why = "has more than 100 owners";
        else if (!codeowners_is_name(word) && !codeowners_is_email(word))
            why = "one of its owners is no @name, @org/team or e-mail address";
        else
            owners[count++] = word;
    }
    if (why != NULL) {
        codeowners_add_bad(reader, why);
        return;
    }
    struct codeowners_rule rule = {.pattern = codeowners_copy(reader, pattern),
                                   .owners = codeowners_copy_owners(reader, owners, count),
                                   .owner_count = count};
    codeowners_add_rule(reader, rule);
}
