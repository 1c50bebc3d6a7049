/* CODEOWNERS in both dialects. The cases are what GitHub's and GitLab's manuals say of their
 * examples, with names of our own: who has a file, and which line decides. */
#include "insights/codeowners.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(codeowners, .timeout = 60);

/* "@a @b [1] + @c [3]": the owners of each answering section and the line; "-" = cleared; "" = no
 * rule fits. */
static void ask(enum codeowners_dialect dialect, const char *text, const char *file, char *out,
                size_t room)
{
    struct codeowners codeowners;
    struct codeowners_answer answers[CODEOWNERS_ANSWERS_MAX];
    struct arena arena;
    struct error err = {0};
    size_t used = 0;
    char *copy = malloc(strlen(text) + 1);
    cr_assert_not_null(copy);
    memcpy(copy, text, strlen(text)); /* no NUL behind it: the size counts */
    arena_init(&arena);
    cr_assert(
        codeowners_parse(&codeowners, dialect, "CODEOWNERS", copy, strlen(text), &arena, &err),
        "%s", err.text);
    free(copy);
    size_t count = codeowners_find(&codeowners, file, answers, CODEOWNERS_ANSWERS_MAX);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct codeowners_rule *rule = answers[i].rule;
        used += (size_t)snprintf(out + used, room - used, "%s", i > 0 ? " + " : "");
        for (size_t j = 0; j < rule->owner_count; j++)
            used += (size_t)snprintf(out + used, room - used, "%s ", rule->owners[j]);
        used += (size_t)snprintf(out + used, room - used, "%s[%zu]",
                                 rule->owner_count == 0 ? "- " : "", rule->line);
    }
    arena_release(&arena);
}

struct expectation {
    const char *file, *answer;
};

static void expect(enum codeowners_dialect dialect, const char *text,
                   const struct expectation *cases, size_t count)
{
    char found[1024];
    for (size_t i = 0; i < count; i++) {
        ask(dialect, text, cases[i].file, found, sizeof found);
        cr_expect_str_eq(found, cases[i].answer, "%s: \"%s\" where \"%s\" was expected\n%s",
                         cases[i].file, found, cases[i].answer, text);
    }
}

#define EXPECT(dialect, text, ...)                                                                 \
    do {                                                                                           \
        const struct expectation cases[] = {__VA_ARGS__};                                          \
        expect(dialect, text, cases, sizeof cases / sizeof cases[0]);                              \
    } while (0)

/* docs.github.com, "About code owners": its example file, line by line. */
Test(codeowners, github_the_manuals_example)
{
    static const char text[] = "# a comment\n"
                               "\n"
                               "*       @everyone @everyone-else\n" /* 3 */
                               "*.ts    @scripts #behind a rule\n"  /* 4 */
                               "*.go words@example.com\n"           /* 5 */
                               "*.txt @pin-org/scribes\n"           /* 6 */
                               "/build/logs/ @logkeeper\n"          /* 7 */
                               "notes/* words@example.com\n"        /* 8 */
                               "tools/ @toolsmith\n"                /* 9 */
                               "/scripts/ @logkeeper @toolsmith\n"  /* 10 */
                               "**/trail @trailkeeper\n"            /* 11 */
                               "/apps/ @toolsmith\n"                /* 12 */
                               "/apps/inner\n";                     /* 13 */
    EXPECT(CODEOWNERS_GITHUB, text, {"README", "@everyone @everyone-else [3]"},
           {"deep/in/it/main.c", "@everyone @everyone-else [3]"}, {"main.ts", "@scripts [4]"},
           {"deep/main.ts", "@scripts [4]"}, {"main.go", "words@example.com [5]"},
           {"a/b.txt", "@pin-org/scribes [6]"}, {"build/logs/today.log", "@logkeeper [7]"},
           {"build/logs/2026/today.log", "@logkeeper [7]"},
           {"other/build/logs/today.log", "@everyone @everyone-else [3]"},
           {"notes/first-steps.md", "words@example.com [8]"},
           {"notes/build/trouble.md", "@everyone @everyone-else [3]"},
           {"deep/notes/first-steps.md", "@everyone @everyone-else [3]"},
           {"tools/x.c", "@toolsmith [9]"}, {"any/where/tools/deep/x.c", "@toolsmith [9]"},
           {"scripts/x.sh", "@logkeeper @toolsmith [10]"},
           {"deep/scripts/x.sh", "@everyone @everyone-else [3]"}, {"trail", "@trailkeeper [11]"},
           {"build/logs/trail/x", "@trailkeeper [11]"},
           {"deeply/nested/trail/x/y", "@trailkeeper [11]"}, {"apps/x", "@toolsmith [12]"},
           {"apps/inner/x", "- [13]"}, {"apps/inner", "- [13]"},
           {"apps/inner2/x", "@toolsmith [12]"});
}

Test(codeowners, github_patterns)
{
    EXPECT(CODEOWNERS_GITHUB, "/a.c @a\n", {"a.c", "@a [1]"}, {"x/a.c", ""});
    EXPECT(CODEOWNERS_GITHUB, "a/b.c @a\n", {"a/b.c", "@a [1]"}, {"x/a/b.c", ""});
    EXPECT(CODEOWNERS_GITHUB, "Feed.c @a\n", {"feed.c", ""}, {"Feed.c", "@a [1]"});
    EXPECT(CODEOWNERS_GITHUB, "feed @a\n", {"feed/x.c", "@a [1]"}, {"x/feed/y/z.c", "@a [1]"},
           {"feed", "@a [1]"}, {"feeds", ""});
    EXPECT(CODEOWNERS_GITHUB, "feed/ @a\n", {"feed", ""}, {"feed/x", "@a [1]"});
    EXPECT(CODEOWNERS_GITHUB, "/* @a\n", {"x.c", "@a [1]"}, {"d/x.c", ""});
    EXPECT(CODEOWNERS_GITHUB, "src/** @a\n", {"src/x", "@a [1]"}, {"src/d/x", "@a [1]"},
           {"src", ""});
    EXPECT(CODEOWNERS_GITHUB, "src/**/x @a\n", {"src/x", "@a [1]"}, {"src/a/b/x", "@a [1]"},
           {"src/a/xx", ""}, {"o/src/x", ""});
    EXPECT(CODEOWNERS_GITHUB, "src/*/x @a\n", {"src/a/x", "@a [1]"}, {"src/a/b/x", ""},
           {"src/a/x/below", "@a [1]"});
    EXPECT(CODEOWNERS_GITHUB, "*.c @a\nx?.c @b\n", {"x1.c", "@b [2]"}, {"x.c", "@a [1]"});
    EXPECT(CODEOWNERS_GITHUB, "two\\ words/ @a\n", {"two words/x", "@a [1]"}, {"two/x", ""});
    EXPECT(CODEOWNERS_GITHUB, "a*b*c @a\n", {"abc", "@a [1]"}, {"a1b2b3c", "@a [1]"}, {"ab", ""});
    EXPECT(CODEOWNERS_GITHUB, ".env @a\n", {".env", "@a [1]"}, {"d/.env", "@a [1]"});
    EXPECT(CODEOWNERS_GITHUB, "* @a\r\n*.c\t@b\r\n", {"x.c", "@b [2]"}, {"x", "@a [1]"});
    EXPECT(CODEOWNERS_GITHUB, "/ @a\n", {"x", ""});
    EXPECT(CODEOWNERS_GITHUB, "", {"x", ""});
}

/* What does not work there makes the line none: the rule before it holds. */
Test(codeowners, github_lines_that_are_none)
{
    struct codeowners codeowners;
    struct arena arena;
    struct error err = {0};
    static const char text[] = "* @a\n"
                               "!x.c @b\n"           /* 2 */
                               "[a-z].c @b\n"        /* 3 */
                               "\\#x @b\n"           /* 4 */
                               "y.c b\n"             /* 5 */
                               "y.c @b @\n"          /* 6 */
                               "y.c @b/ \n"          /* 7 */
                               "y.c @b @two@three\n" /* 8 */
                               "z.c @@maintainer\n"; /* 9: GitLab's */
    static const size_t lines[] = {2, 3, 4, 5, 6, 7, 8, 9};
    EXPECT(CODEOWNERS_GITHUB, text, {"x.c", "@a [1]"}, {"y.c", "@a [1]"}, {"#x", "@a [1]"});
    arena_init(&arena);
    cr_assert(codeowners_parse(&codeowners, CODEOWNERS_GITHUB, "CODEOWNERS", text, sizeof text - 1,
                               &arena, &err));
    cr_expect_eq(codeowners.rule_count, 1);
    cr_assert_eq(codeowners.bad_count, sizeof lines / sizeof lines[0]);
    for (size_t i = 0; i < codeowners.bad_count; i++)
        cr_expect_eq(codeowners.bad[i].line, lines[i]);
    arena_release(&arena);
}

/* docs.gitlab.com, "Syntax of CODEOWNERS file": examples of sections, in its order. */
Test(codeowners, gitlab_sections)
{
    static const char readme[] = "* @all\n"
                                 "\n"
                                 "[Readers]\n"
                                 "README @one @two\n"   /* 4 */
                                 "inner/README @four\n" /* 5 */
                                 "\n"
                                 "[Other readers]\n"
                                 "README @three\n"; /* 8 */
    EXPECT(CODEOWNERS_GITLAB, readme, {"README", "@all [1] + @one @two [4] + @three [8]"},
           {"inner/README", "@all [1] + @four [5] + @three [8]"}, {"main.c", "@all [1]"});
    static const char defaults[] = "[Words] @words\n"
                                   "notes/\n" /* 2 */
                                   "README\n" /* 3 */
                                   "\n"
                                   "[Data][2] @data @dana\n"
                                   "model/db/\n"                  /* 6 */
                                   "config/db/setup.md @words\n"; /* 7 */
    EXPECT(CODEOWNERS_GITLAB, defaults, {"notes/x", "@words [2]"}, {"README", "@words [3]"},
           {"model/db/x", "@data @dana [6]"}, {"config/db/setup.md", "@words [7]"}, {"main.c", ""});
    /* Sections of one name are one, whatever their case; the last rule of them counts. */
    static const char twins[] = "[Words]\n"
                                "ee/notes/ @words\n" /* 2 */
                                "[Data]\n"
                                "README @data\n" /* 4 */
                                "[WORDS]\n"
                                "README @words\n"; /* 6 */
    EXPECT(CODEOWNERS_GITLAB, twins, {"README", "@words [6] + @data [4]"},
           {"ee/notes/README", "@words [6] + @data [4]"}, {"ee/notes/x", "@words [2]"});
}

Test(codeowners, gitlab_headings)
{
    struct codeowners codeowners;
    struct arena arena;
    struct error err = {0};
    static const char text[] = "[One]\n^[Two]\n[Three][5]\n[Four][0] @a\n"
                               "^[ONE]\n[two][7]\n^[Five]\n";
    arena_init(&arena);
    cr_assert(codeowners_parse(&codeowners, CODEOWNERS_GITLAB, "CODEOWNERS", text, sizeof text - 1,
                               &arena, &err));
    cr_assert_eq(codeowners.section_count, 6);
    cr_expect_str_eq(codeowners.sections[0].name, "");
    cr_expect_str_eq(codeowners.sections[1].name, "One");
    cr_expect_not(codeowners.sections[1].optional, "required when one of the two is");
    cr_expect_not(codeowners.sections[2].optional, "whichever comes first");
    cr_expect(codeowners.sections[5].optional);
    cr_expect_eq(codeowners.sections[2].approvals, 1);
    cr_expect_eq(codeowners.sections[3].approvals, 5);
    cr_expect_eq(codeowners.sections[4].approvals, 1, "less than one is one");
    cr_expect_eq(codeowners.rule_count, 0);
    arena_release(&arena);
}

/* A heading that cannot be read is an entry of the section before it. */
Test(codeowners, gitlab_headings_that_are_none)
{
    static const char first[] = "* @group\n"
                                "\n"
                                "[Section name\n"
                                "notes/ @notes\n";
    EXPECT(CODEOWNERS_GITLAB, first, {"x", "@group [1]"}, {"notes/x", "@notes [4]"},
           {"[Section", "- [3]"});
    static const char second[] = "[Notes]\n"
                                 "notes/**/* @group\n"
                                 "[Section name\n"
                                 "notes/ @notes\n";
    EXPECT(CODEOWNERS_GITLAB, second, {"notes/x", "@notes [4]"});
}

/* docs.gitlab.com, "Path matching". */
Test(codeowners, gitlab_patterns)
{
    EXPECT(CODEOWNERS_GITLAB, "/README @a\n", {"README", "@a [1]"}, {"x/README", ""});
    EXPECT(CODEOWNERS_GITLAB, "README @a\n", {"README", "@a [1]"}, {"inner/README", "@a [1]"},
           {"app/lib/README", "@a [1]"});
    EXPECT(CODEOWNERS_GITLAB, "inner/README @a\n", {"inner/README", "@a [1]"},
           {"notes/inner/README", "@a [1]"}, {"notes/api/inner/README", "@a [1]"}, {"README", ""});
    EXPECT(CODEOWNERS_GITLAB, "/notes/ @a\n", {"notes/x", "@a [1]"}, {"notes/d/x", "@a [1]"},
           {"d/notes/x", ""});
    EXPECT(CODEOWNERS_GITLAB, "lib/ @a\n", {"lib/x", "@a [1]"}, {"d/lib/e/x", "@a [1]"});
    EXPECT(CODEOWNERS_GITLAB, "/notes/*.md @a\n", {"notes/x.md", "@a [1]"}, {"notes/d/x.md", ""});
    EXPECT(CODEOWNERS_GITLAB, "/notes/index.* @a\n", {"notes/index.html", "@a [1]"},
           {"notes/index", ""});
    EXPECT(CODEOWNERS_GITLAB, "/notes/*spec* @a\n", {"notes/qa_specs.rb", "@a [1]"},
           {"notes/spec", "@a [1]"}, {"notes/d/spec", ""});
    EXPECT(CODEOWNERS_GITLAB, "/notes/*/README @a\n", {"notes/api/README", "@a [1]"},
           {"notes/README", ""}, {"notes/api/v/README", ""});
    EXPECT(CODEOWNERS_GITLAB, "/notes/**/index @a\n", {"notes/index", "@a [1]"},
           {"notes/api/index", "@a [1]"}, {"notes/api/graph/index", "@a [1]"});
    EXPECT(CODEOWNERS_GITLAB, "/notes/* @a\n", {"notes/x", "@a [1]"}, {"notes/d/x", ""});
    EXPECT(CODEOWNERS_GITLAB, "*.c @a\n", {".hidden.c", "@a [1]"}, {"d/x.c", "@a [1]"});
    EXPECT(CODEOWNERS_GITLAB, "path\\ with\\ spaces/*.md @a\n", {"path with spaces/x.md", "@a [1]"},
           {"path", ""});
    EXPECT(CODEOWNERS_GITLAB, "\\#file @a\n", {"#file", "@a [1]"});
    EXPECT(CODEOWNERS_GITLAB, "[a-c].h @z\nx[!0-9].c @a\nx[1-3].c @b\n", {"xa.c", "@a [2]"},
           {"x2.c", "@b [3]"}, {"x7.c", ""}, {"b.h", "@z [1]"});
    /* A name without a slash at its end is no folder. */
    EXPECT(CODEOWNERS_GITLAB, "notes @a\n", {"notes", "@a [1]"}, {"notes/x", ""});
    /* ** is any depth only between slashes. */
    EXPECT(CODEOWNERS_GITLAB, "/notes/** @a\n", {"notes/x", "@a [1]"}, {"notes/d/x", ""});
}

/* docs.gitlab.com, "Exclusion patterns": within their section, and for good. */
Test(codeowners, gitlab_exclusions)
{
    static const char text[] = "* @all\n"
                               "!pom.xml\n" /* 2 */
                               "[Ruby]\n"
                               "*.rb @ruby\n"              /* 4 */
                               "!/config/**/*.rb\n"        /* 5 */
                               "/config/routes.rb @ops\n"; /* 6 */
    EXPECT(CODEOWNERS_GITLAB, text, {"pom.xml", "- [2]"}, {"x.rb", "@all [1] + @ruby [4]"},
           {"config/a/x.rb", "@all [1] + - [5]"}, {"config/routes.rb", "@all [1] + - [5]"});
}

/* docs.gitlab.com, "Malformed owners", "Zero owners" and roles. */
Test(codeowners, gitlab_owners)
{
    EXPECT(CODEOWNERS_GITLAB, "/path/* @group without_sign @user\n",
           {"path/x", "@group @user [1]"});
    EXPECT(CODEOWNERS_GITLAB, "a.c @@developer @@Maintainers @@owner @@guest\n",
           {"a.c", "@@developer @@Maintainers @@owner [1]"});
    EXPECT(CODEOWNERS_GITLAB, "a.c @group/inner/most legal@example.com\n",
           {"a.c", "@group/inner/most legal@example.com [1]"});
    EXPECT(CODEOWNERS_GITLAB, "* @a\na.c\n", {"a.c", "- [2]"}, {"b.c", "@a [1]"});
    /* There are no comments behind a rule: names in them are owners. */
    EXPECT(CODEOWNERS_GITLAB, "a.c @a # and @b\n", {"a.c", "@a @b [1]"});
}

Test(codeowners, places)
{
    cr_expect_str_eq(codeowners_places(CODEOWNERS_GITHUB)[0], ".github/CODEOWNERS");
    cr_expect_str_eq(codeowners_places(CODEOWNERS_GITHUB)[1], "CODEOWNERS");
    cr_expect_str_eq(codeowners_places(CODEOWNERS_GITHUB)[2], "docs/CODEOWNERS");
    cr_expect_str_eq(codeowners_places(CODEOWNERS_GITLAB)[0], "CODEOWNERS");
    cr_expect_str_eq(codeowners_places(CODEOWNERS_GITLAB)[2], ".gitlab/CODEOWNERS");
}

/* The limit, one byte below it, and one above. */
Test(codeowners, size_limit)
{
    char *text = malloc(CODEOWNERS_MAX_BYTES + 1);
    cr_assert_not_null(text);
    memset(text, '#', CODEOWNERS_MAX_BYTES + 1);
    for (size_t size = CODEOWNERS_MAX_BYTES - 1; size <= CODEOWNERS_MAX_BYTES + 1; size++) {
        struct codeowners codeowners;
        struct arena arena;
        struct error err = {0};
        arena_init(&arena);
        bool ok = codeowners_parse(&codeowners, CODEOWNERS_GITHUB, "CODEOWNERS", text, size, &arena,
                                   &err);
        cr_expect_eq(ok, size < CODEOWNERS_MAX_BYTES);
        cr_expect(ok || strcmp(err.where, "CODEOWNERS") == 0);
        arena_release(&arena);
    }
    free(text);
}

/* Long patterns of stars against long names: what would take for ever if it were tried way by
 * way. */
Test(codeowners, no_pattern_takes_long)
{
    char text[1100] = "", file[1025] = "", found[64];
    for (size_t i = 0; i < 500; i++)
        strncat(text, "a*", sizeof text - strlen(text) - 1);
    strncat(text, "b @x\n", sizeof text - strlen(text) - 1);
    memset(file, 'a', sizeof file - 1);
    ask(CODEOWNERS_GITHUB, text, file, found, sizeof found);
    cr_expect_str_eq(found, "");
    text[0] = file[0] = '\0';
    for (size_t i = 0; i < 120; i++) {
        strncat(text, "**/a/", sizeof text - strlen(text) - 1);
        strncat(file, "a/", sizeof file - strlen(file) - 1);
    }
    strncat(text, "b @x\n", sizeof text - strlen(text) - 1);
    strncat(file, "c", sizeof file - strlen(file) - 1);
    ask(CODEOWNERS_GITLAB, text, file, found, sizeof found);
    cr_expect_str_eq(found, "");
}

/* Fixtures parse without a fault, those for the invalid folder with one. */
Test(codeowners, fixtures)
{
    static const char *const paths[] = {"valid/github", "valid/gitlab", "invalid/github",
                                        "invalid/gitlab", "invalid/binary"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct codeowners codeowners;
        struct buffer text;
        struct arena arena;
        struct error err = {0};
        char path[256];
        bool gitlab = strstr(paths[i], "gitlab") != NULL;
        snprintf(path, sizeof path, "fixtures/codeowners/%s", paths[i]);
        buffer_init(&text, 1 << 20);
        arena_init(&arena);
        cr_assert(file_read(path, &text, &err), "%s", err.text);
        cr_assert(codeowners_parse(&codeowners, gitlab ? CODEOWNERS_GITLAB : CODEOWNERS_GITHUB,
                                   path, buffer_text(&text), text.length, &arena, &err));
        cr_expect_eq(codeowners.bad_count == 0, strncmp(paths[i], "valid", 5) == 0, "%s", path);
        arena_release(&arena);
        buffer_release(&text);
    }
}
