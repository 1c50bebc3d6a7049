/* Ages of lines from what git itself printed: fixtures/blame/valid holds the output of
 * `git blame --line-porcelain` (2.39) for histories whose dates are in the comments here. */
#include "rig/blame.h"

#include "base/child.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "fixtures/blame/"

TestSuite(blame, .timeout = 60);

/* date -ud '2024-03-01 12:00' +%s, and so on */
static const int64_t first_s = 1709294400;  /* 2024-03-01, all lines */
static const int64_t second_s = 1749988800; /* 2025-06-15, line 3 */
static const int64_t third_s = 1736510400;  /* 2025-01-10, line 5, though the last commit */

static void parse(const char *name, bool shallow, struct blame_range *ranges, size_t count)
{
    struct buffer text;
    struct error err = {0};
    char path[256];
    snprintf(path, sizeof path, FOLDER "%s", name);
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(path, &text, &err), "%s", err.text);
    blame_parse(buffer_text(&text), text.length, shallow, ranges, count);
    buffer_release(&text);
}

Test(blame, the_newest_change_of_a_range_counts)
{
    struct blame_range ranges[] = {{1, 2, {0}}, {1, 5, {0}}, {5, 9, {0}}, {6, 9, {0}}, {3, 3, {0}}};
    parse("valid/history.txt", false, ranges, COUNT_OF(ranges));
    cr_expect(ranges[0].age.known);
    cr_expect_eq(ranges[0].age.changed_s, first_s);
    cr_expect_str_eq(ranges[0].age.commit, "974ad467e066");
    cr_expect_eq(ranges[1].age.changed_s, second_s);
    cr_expect_eq(ranges[2].age.changed_s, third_s);
    cr_expect_str_eq(ranges[2].age.commit, "ecf42782de31");
    cr_expect_not(ranges[3].age.known, "the file has five lines");
    cr_expect_eq(ranges[4].age.changed_s, second_s);
    cr_expect_not(ranges[0].age.at_least, "the history is whole");
}

Test(blame, what_is_not_committed_is_newest)
{
    struct blame_range ranges[] = {{4, 5, {0}}, {5, 5, {0}}};
    parse("valid/uncommitted.txt", false, ranges, COUNT_OF(ranges));
    cr_expect(ranges[0].age.known && ranges[0].age.uncommitted);
    cr_expect_str_eq(ranges[0].age.commit, "");
    cr_expect(ranges[1].age.known && !ranges[1].age.uncommitted);
}

/* A clone of depth 1: all lines seem to be of its only commit. */
Test(blame, a_shallow_history_gives_a_least_age)
{
    struct blame_range range = {1, 1, {0}};
    parse("valid/shallow.txt", true, &range, 1);
    cr_expect(range.age.at_least);
    cr_expect_eq(range.age.changed_s, third_s);
}

Test(blame, longer_object_ids)
{
    struct blame_range range = {1, 1, {0}};
    parse("valid/sha256.txt", false, &range, 1);
    cr_expect_str_eq(range.age.commit, "7553e1698ae9");
}

/* Whatever is cut off or malformed gives no age to a line that it does not describe whole. */
Test(blame, malformed_output)
{
    DIR *folder = opendir(FOLDER "invalid");
    size_t seen = 0;
    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[300];
        struct blame_range range = {2, 1000, {0}}, line = {1, 1, {0}};
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "invalid/%s", entry->d_name);
        parse(name, false, &range, 1);
        cr_expect_not(range.age.known, "%s", name);
        parse(name, false, &line, 1);
        bool whole = strcmp(entry->d_name, "cut.txt") == 0; /* only its second line is cut */
        bool large = strcmp(entry->d_name, "time-too-large.txt") == 0;
        cr_expect(line.age.known == (whole || large), "%s", name);
        seen++;
    }
    closedir(folder);
    cr_expect_geq(seen, 7);
}

/* --- git itself --- */

struct place {
    char root[64];
};

static void git(const struct place *place, const char *date, const char *const *words)
{
    const char *arguments[24] = {"git",
                                 "-C",
                                 place->root,
                                 "-c",
                                 "user.name=test",
                                 "-c",
                                 "user.email=test@localhost",
                                 "-c",
                                 "commit.gpgsign=false"};
    char author[64], committer[64], path[4096];
    const char *environment[] = {
        author, committer, path, "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", NULL};
    struct child_status status;
    struct error err = {0};
    size_t at = 9;
    for (size_t i = 0; words[i] != NULL; i++)
        arguments[at++] = words[i];
    snprintf(author, sizeof author, "GIT_AUTHOR_DATE=%sT12:00:00Z", date);
    snprintf(committer, sizeof committer, "GIT_COMMITTER_DATE=%sT12:00:00Z", date);
    snprintf(path, sizeof path, "PATH=%s", getenv("PATH"));
    struct child_options options = {.arguments = arguments, .environment = environment, .cpu = -1};
    cr_assert(child_run(&options, 30000, NULL, NULL, NULL, &status, &err), "%s", err.text);
    cr_assert_eq(status.code, 0, "git %s", words[0]);
}

static void write_in(const struct place *place, const char *name, const char *text)
{
    char path[512];
    struct error err = {0};
    snprintf(path, sizeof path, "%s/%s", place->root, name);
    cr_assert(file_write_atomic(path, text, strlen(text), &err), "%s", err.text);
}

static void commit(const struct place *place, const char *date)
{
    git(place, date, (const char *const[]){"add", "-A", NULL});
    git(place, date, (const char *const[]){"commit", "-q", "-m", "change", NULL});
}

static void place_begin(struct place *place)
{
    snprintf(place->root, sizeof place->root, "/tmp/test-blame-XXXXXX");
    cr_assert_not_null(mkdtemp(place->root));
}

static void place_end(struct place *place)
{
    struct error err = {0};
    cr_assert(file_remove_tree(place->root, &err), "%s", err.text);
}

static const char old_text[] = "one\ntwo\nthree\n";
static const char new_text[] = "one\n2\nthree\n";

/* A name that would be an option, or a revision, were it not for what stands before it. */
static const char name[] = "-L HEAD~1:a.c";

static void make_history(struct place *place)
{
    place_begin(place);
    git(place, "2024-03-01", (const char *const[]){"init", "-q", NULL});
    write_in(place, name, old_text);
    commit(place, "2024-03-01");
    write_in(place, name, new_text);
    commit(place, "2025-06-15");
}

Test(blame, lines_of_the_work_tree)
{
    struct place place;
    struct error err = {0};
    bool told = false, shallow = true;
    struct blame_range ranges[] = {{1, 1, {0}}, {1, 3, {0}}, {3, 3, {0}}};
    make_history(&place);
    struct blame_question question = {.root = place.root, .path = name};
    write_in(&place, name, "one\n2\nthree times\n");
    cr_assert(blame_is_shallow(place.root, NULL, &shallow, &err));
    cr_expect_not(shallow);
    cr_assert(blame_lines(&question, ranges, COUNT_OF(ranges), &told, &err), "%s", err.text);
    cr_expect(told);
    cr_expect_eq(ranges[0].age.changed_s, first_s);
    cr_expect(ranges[1].age.uncommitted);
    cr_expect(ranges[2].age.uncommitted);
    place_end(&place);
}

Test(blame, lines_of_a_commit)
{
    struct place place;
    struct error err = {0};
    struct blame_range ranges[] = {{2, 2, {0}}, {2, 2, {0}}};
    char head[128];
    struct buffer id;
    make_history(&place);
    snprintf(head, sizeof head, "%s/.git/refs/heads/master", place.root);
    if (!file_exists(head))
        snprintf(head, sizeof head, "%s/.git/refs/heads/main", place.root);
    buffer_init(&id, 256);
    cr_assert(file_read(head, &id, &err), "%s", err.text);
    id.data[40] = '\0';
    write_in(&place, name, old_text);
    struct blame_question question = {.root = place.root, .path = name, .commit = id.data};
    cr_assert(blame_lines(&question, ranges, 1, NULL, &err), "%s", err.text);
    cr_expect_eq(ranges[0].age.changed_s, second_s);
    cr_expect_eq(strncmp(ranges[0].age.commit, id.data, 12), 0);
    question.commit = "--output=/tmp/never";
    cr_assert(blame_lines(&question, &ranges[1], 1, NULL, &err), "%s", err.text);
    cr_expect_not(ranges[1].age.known);
    buffer_release(&id);
    place_end(&place);
}

/* git refuses the whole question when one range lies behind the end; the others still get theirs.
 */
Test(blame, ranges_beyond_the_end_and_very_many)
{
    enum { MANY = 400 };
    struct place place;
    struct error err = {0};
    struct blame_range ranges[MANY];
    make_history(&place);
    struct blame_question question = {.root = place.root, .path = name};
    for (size_t i = 0; i < MANY; i++)
        ranges[i] = (struct blame_range){.first = (uint32_t)i + 1, .last = (uint32_t)i + 1};
    cr_assert(blame_lines(&question, ranges, 5, NULL, &err), "%s", err.text);
    cr_expect_eq(ranges[1].age.changed_s, second_s);
    cr_expect_eq(ranges[2].age.changed_s, first_s);
    cr_expect_not(ranges[3].age.known);
    ranges[1].age = (struct dead_age){0};
    cr_assert(blame_lines(&question, ranges, MANY, NULL, &err), "%s", err.text);
    cr_expect_eq(ranges[1].age.changed_s, second_s);
    place_end(&place);
}

Test(blame, where_git_knows_nothing)
{
    struct place place;
    struct error err = {0};
    struct blame_range range = {1, 1, {0}};
    bool told = true, shallow = true;
    place_begin(&place);
    write_in(&place, "a.c", "x\n");
    struct blame_question question = {.root = place.root, .path = "a.c"};
    cr_assert(blame_lines(&question, &range, 1, &told, &err), "%s", err.text);
    cr_expect_not(told);
    cr_expect_not(range.age.known);
    cr_assert(blame_is_shallow(place.root, NULL, &shallow, &err));
    cr_expect_not(shallow);
    cr_assert(blame_lines(&question, NULL, 0, &told, &err), "%s", err.text);
    place_end(&place);
}
