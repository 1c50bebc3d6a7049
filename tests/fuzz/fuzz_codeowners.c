/* Whatever the bytes are, in both dialects: rules with lines of the file, and an answer for any
 * path. What stands behind the last line break is asked about as a path as well. Seeds:
 * fixtures/codeowners. */
#include "insights/codeowners.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rules(const struct codeowners *codeowners, size_t size)
{
    size_t line = 0;
    for (size_t i = 0; i < codeowners->rule_count; i++) {
        const struct codeowners_rule *rule = &codeowners->rules[i];
        if (rule->line <= line || rule->line > size + 1)
            BUG("rule %zu is on no line", i);
        if (rule->section >= codeowners->section_count ||
            rule->owner_count > CODEOWNERS_OWNERS_MAX || rule->pattern[0] == '\0')
            BUG("rule %zu is out of bounds", i);
        for (size_t j = 0; j < rule->owner_count; j++)
            if (strchr(rule->owners[j], '@') == NULL)
                BUG("an owner without a sign");
        line = rule->line;
    }
}

static void check_answers(const struct codeowners *codeowners, const char *path)
{
    struct codeowners_answer answers[CODEOWNERS_ANSWERS_MAX];
    size_t count = codeowners_find(codeowners, path, answers, CODEOWNERS_ANSWERS_MAX);
    if (count > codeowners->section_count)
        BUG("more answers than sections");
    for (size_t i = 1; i < count; i++)
        if (answers[i].rule->section <= answers[i - 1].rule->section)
            BUG("two answers of a section");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"gateway/feed.c", "a", "docs/x/y.md", ".github/x y"};
    const uint8_t *newline = size > 0 ? memrchr(data, '\n', size) : NULL;
    size_t tail = newline != NULL ? (size_t)(data + size - newline - 1) : size;
    char *path = strndup((const char *)data + size - tail, tail);
    for (unsigned dialect = 0; path != NULL && dialect < 2; dialect++) {
        struct codeowners codeowners;
        struct arena arena;
        struct error err = {0};
        arena_init(&arena);
        if (codeowners_parse(&codeowners, (enum codeowners_dialect)dialect, "CODEOWNERS",
                             (const char *)data, size, &arena, &err)) {
            check_rules(&codeowners, size);
            check_answers(&codeowners, path);
            for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
                check_answers(&codeowners, paths[i]);
        } else if (err.code == ERROR_NONE) {
            BUG("refused without a reason");
        }
        arena_release(&arena);
    }
    free(path);
    return 0;
}
