#include "rig/source_diff.h"

#include "base/child.h"
#include "base/file.h"
#include "rig/source_hunks.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "fixtures/diff/"

/* ---- reading what git says ----------------------------------------------------------------------
 */

struct reading {
    struct arena arena;
    struct source_hunks hunks;
    struct error err;
};

static bool parse(struct reading *reading, const char *text, size_t size)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena);
    return source_hunks_parse(&reading->hunks, text, size, &reading->arena, &reading->err);
}

static void parse_file(struct reading *reading, const char *path)
{
    struct buffer text;
    struct error err = {0};
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(path, &text, &err), "%s", err.text);
    cr_assert(parse(reading, buffer_text(&text), text.length), "%s: %s", reading->err.where,
              reading->err.text);
    buffer_release(&text);
}

static const struct source_change *find(const struct source_change *list, size_t count,
                                        const char *base, const char *head)
{
    for (size_t i = 0; i < count; i++) {
        const struct source_change *one = &list[i];
        bool same_base = base == NULL ? one->base_path == NULL
                                      : one->base_path != NULL && strcmp(one->base_path, base) == 0;
        bool same_head = head == NULL ? one->head_path == NULL
                                      : one->head_path != NULL && strcmp(one->head_path, head) == 0;
        if (same_base && same_head)
            return one;
    }
    cr_assert_fail("no change of %s to %s", base, head);
    return NULL;
}

static void expect_hunks(const struct source_change *change, size_t count,
                         const uint32_t wanted[][4])
{
    cr_assert_eq(change->hunk_count, count, "%zu hunks in %s", change->hunk_count,
                 change->head_path);
    for (size_t i = 0; i < count; i++) {
        const struct source_hunk *hunk = &change->hunks[i];
        bool same = hunk->base_line == wanted[i][0] && hunk->base_count == wanted[i][1] &&
                    hunk->head_line == wanted[i][2] && hunk->head_count == wanted[i][3];
        cr_assert(same, "%s: hunk %zu is %u,%u %u,%u", change->head_path, i, hunk->base_line,
                  hunk->base_count, hunk->head_line, hunk->head_count);
    }
}

#define HUNKS(...)                                                                                 \
    sizeof((const uint32_t[][4]){__VA_ARGS__}) / sizeof(uint32_t[4]), (const uint32_t[][4])        \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* The file was written by git 2.39 over trees that are described beside each. */
Test(source_diff, everything, .timeout = 60)
{
    struct reading reading;
    parse_file(&reading, FOLDER "valid/everything.diff");
    const struct source_change *list = reading.hunks.changes;
    size_t count = reading.hunks.count;
    cr_assert_eq(count, 13, "not the empty file, nor the one that got another mode");
    /* Line 5 edited, two lines put in before 11, lines 19 to 21 gone. */
    expect_hunks(find(list, count, "a.c", "a.c"),
                 HUNKS({5, 1, 5, 1}, {11, 0, 11, 2}, {19, 3, 21, 0}));
    expect_hunks(find(list, count, NULL, "added.c"), HUNKS({1, 0, 1, 3}));
    expect_hunks(find(list, count, "gone.c", NULL), HUNKS({1, 2, 1, 0}));
    /* Removed lines that look like the heads of files and hunks. */
    expect_hunks(find(list, count, "dashes.c", "dashes.c"), HUNKS({1, 3, 1, 0}, {5, 0, 2, 1}));
    expect_hunks(find(list, count, "bin.dat", "bin.dat"),
                 HUNKS({1, SOURCE_LINES_MAX, 1, SOURCE_LINES_MAX}));
    expect_hunks(find(list, count, "no-newline.c", "no-newline.c"), HUNKS({2, 1, 2, 2}));
    expect_hunks(find(list, count, "old/name.c", "new/na\xc3\xafve name.c"), HUNKS({4, 0, 4, 1}));
    cr_assert_eq(find(list, count, "pure.c", "purer.c")->hunk_count, 0);
    expect_hunks(find(list, count, "quo\"te\\back.c", "quo\"te\\back.c"), HUNKS({3, 0, 3, 1}));
    expect_hunks(find(list, count, "new\nline.c", "new\nline.c"), HUNKS({3, 0, 3, 1}));
    expect_hunks(find(list, count, "tab\there.c", "tab\there.c"), HUNKS({3, 0, 3, 1}));
    expect_hunks(find(list, count, "src/with space.c", "src/with space.c"), HUNKS({2, 1, 2, 1}));
    arena_release(&reading.arena);
}

/* Lines around a change are no part of it. */
Test(source_diff, with_context, .timeout = 60)
{
    struct reading reading;
    parse_file(&reading, FOLDER "valid/context.diff");
    cr_assert_eq(reading.hunks.count, 3);
    expect_hunks(&reading.hunks.changes[0], HUNKS({5, 1, 5, 1}, {11, 0, 11, 2}, {19, 3, 21, 0}));
    expect_hunks(&reading.hunks.changes[1], HUNKS({1, 3, 1, 0}, {5, 0, 2, 1}));
    expect_hunks(&reading.hunks.changes[2], HUNKS({2, 1, 2, 2}));
    arena_release(&reading.arena);
}

Test(source_diff, what_is_no_diff, .timeout = 60)
{
    glob_t found;
    cr_assert_eq(glob(FOLDER "invalid/*.diff", 0, NULL, &found), 0);
    cr_assert_geq(found.gl_pathc, 10);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct reading reading;
        struct buffer text;
        struct error err = {0};
        buffer_init(&text, 1 << 20);
        cr_assert(file_read(found.gl_pathv[i], &text, &err));
        cr_expect_not(parse(&reading, buffer_text(&text), text.length), "%s", found.gl_pathv[i]);
        cr_expect_eq(reading.err.code, ERROR_INPUT, "%s", found.gl_pathv[i]);
        cr_expect_eq(strncmp(reading.err.where, "git diff:", 9), 0);
        arena_release(&reading.arena);
        buffer_release(&text);
    }
    globfree(&found);
}

/* However the output is cut off, nothing is read beyond it. */
Test(source_diff, cut_off_anywhere, .timeout = 60)
{
    struct buffer text;
    struct error err = {0};
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(FOLDER "valid/everything.diff", &text, &err));
    for (size_t size = 0; size <= text.length; size++) {
        struct reading reading;
        char *part = malloc(size + 1);
        memcpy(part, text.data, size);
        if (!parse(&reading, part, size))
            cr_expect_eq(reading.err.code, ERROR_INPUT);
        free(part);
        arena_release(&reading.arena);
    }
    buffer_release(&text);
}

/* Hunks so far down that no code is there are left out, and the rest stays. */
Test(source_diff, very_long_files, .timeout = 60)
{
    static const char text[] = "diff --git a a\n--- a\n+++ a\n@@ -3 +3 @@\n-x\n+y\n"
                               "@@ -99999999 +99999999 @@\n-x\n+y\n";
    struct reading reading;
    cr_assert(parse(&reading, text, sizeof text - 1));
    expect_hunks(&reading.hunks.changes[0], HUNKS({3, 1, 3, 1}));
    arena_release(&reading.arena);
}

/* ---- asking git ------------------------------------------------------------------------------ */

struct trees {
    char folder[64];
    struct run run;
    struct source head, base;
    struct error err;
};

static struct trees trees;

static void command(const char *const *arguments)
{
    struct child_options options = {.arguments = arguments, .folder = trees.folder, .cpu = -1};
    struct child_status status = {0};
    struct buffer out, errors;
    buffer_init(&out, 1 << 20);
    buffer_init(&errors, 1 << 20);
    cr_assert(child_run(&options, 60000, NULL, &out, &errors, &status, &trees.err), "%s",
              trees.err.text);
    cr_assert_eq(status.code, 0, "%s: %s", arguments[0], buffer_text(&errors));
    buffer_release(&out);
    buffer_release(&errors);
}

#define COMMAND(...) command((const char *const[]){__VA_ARGS__, NULL})
#define GIT(...)                                                                                   \
    COMMAND("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c",                      \
            "commit.gpgsign=false", __VA_ARGS__)

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", trees.folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    char *path = strdup(path_of(name));
    *strrchr(path, '/') = '\0';
    cr_assert(file_make_directories(path, &trees.err));
    free(path);
    cr_assert(file_write_atomic(path_of(name), text, strlen(text), &trees.err), "%s",
              trees.err.text);
}

static void make_trees(void)
{
    trees = (struct trees){0};
    snprintf(trees.folder, sizeof trees.folder, "/tmp/tollgate-test-XXXXXX");
    cr_assert_not_null(mkdtemp(trees.folder));
    run_init(&trees.run);
}

static void remove_trees(void)
{
    run_release(&trees.run);
    cr_assert(file_remove_tree(trees.folder, &trees.err));
}

/* Folders below the trees' one; "" = no commit. */
static void read_diff(const char *head, const char *base, const char *commit, bool dirty)
{
    char *head_folder = strdup(path_of(head)), *base_folder = strdup(path_of(base));
    struct interrupt never = {-1};
    trees.head = (struct source){.ref = "HEAD", .folder = head_folder};
    trees.base = (struct source){.ref = "base",
                                 .folder = base_folder,
                                 .dirty = dirty,
                                 .commit = *commit != '\0' ? commit : NULL};
    cr_assert(source_diff_read(&trees.run, &trees.head, &trees.base, &never, &trees.err), "%s",
              trees.err.text);
    free(head_folder);
    free(base_folder);
}

static void read_commit(char commit[41])
{
    struct buffer text;
    buffer_init(&text, 64);
    GIT("-C", "tree", "branch", "-f", "here");
    cr_assert(file_read(path_of("tree/.git/refs/heads/here"), &text, &trees.err));
    snprintf(commit, 41, "%s", buffer_text(&text));
    buffer_release(&text);
}

static const struct source_change *changed(const char *base, const char *head)
{
    return find(trees.run.source_changes, trees.run.source_change_count, base, head);
}

/* The config may lie deeper; paths begin at git's top level. Settings of the user and of the tree
 * that change how a diff looks change nothing. */
Test(source_diff, against_a_commit, .init = make_trees, .fini = remove_trees, .timeout = 60)
{
    char commit[41];
    GIT("init", "-q", "tree");
    write_text("tree/gateway/a.c", "1\n2\n3\n4\n5\n6\n7\n8\n");
    write_text("tree/gateway/b.c", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    write_text("tree/other/c.c", "1\n2\n");
    write_text("tree/.gitattributes", "*.c diff=odd\n");
    write_text("tree/.gitignore", "build/\n");
    GIT("-C", "tree", "add", "-A");
    GIT("-C", "tree", "commit", "-qm", "base");
    read_commit(commit);
    GIT("-C", "tree", "config", "diff.odd.textconv", "cat -n");
    GIT("-C", "tree", "config", "diff.external", "false");
    GIT("-C", "tree", "config", "diff.relative", "true");
    GIT("-C", "tree", "config", "diff.interHunkContext", "9");
    GIT("-C", "tree", "config", "diff.mnemonicPrefix", "true");
    GIT("-C", "tree", "config", "color.ui", "always");
    GIT("-C", "tree", "config", "diff.renames", "false");
    write_text("tree/gateway/a.c", "1\n2a\n3\n4\n5a\n6\n7\n8\n");
    write_text("tree/other/c.c", "1\n2\n3\n");
    GIT("-C", "tree", "mv", "gateway/b.c", "gateway/\"b\".c");
    write_text("tree/gateway/new.c", "1\n2\n3");
    write_text("tree/gateway/build/made.c", "1\n");
    read_diff("tree/gateway", "tree/gateway", commit, false);
    cr_assert(trees.run.source_changes_known);
    cr_assert_eq(trees.run.source_change_count, 4);
    expect_hunks(changed("gateway/a.c", "gateway/a.c"), HUNKS({2, 1, 2, 1}, {5, 1, 5, 1}));
    expect_hunks(changed("other/c.c", "other/c.c"), HUNKS({3, 0, 3, 1}));
    cr_assert_eq(changed("gateway/b.c", "gateway/\"b\".c")->hunk_count, 0);
    expect_hunks(changed(NULL, "gateway/new.c"), HUNKS({1, 0, 1, 3}));
}

Test(source_diff, nothing_changed, .init = make_trees, .fini = remove_trees, .timeout = 60)
{
    char commit[41];
    GIT("init", "-q", "tree");
    write_text("tree/a.c", "1\n");
    GIT("-C", "tree", "add", "-A");
    GIT("-C", "tree", "commit", "-qm", "base");
    read_commit(commit);
    read_diff("tree", "tree", commit, false);
    cr_assert(trees.run.source_changes_known);
    cr_assert_eq(trees.run.source_change_count, 0);
    cr_assert_eq(trees.run.note_count, 0);
}

/* Another checkout that was edited: not what its commit has, but what lies there. */
Test(source_diff, against_a_dirty_checkout, .init = make_trees, .fini = remove_trees, .timeout = 60)
{
    char commit[41];
    GIT("init", "-q", "tree");
    write_text("tree/fixtures/a.c", "1\n2\n3\n");
    write_text("tree/fixtures/same.c", "1\n");
    GIT("-C", "tree", "add", "-A");
    GIT("-C", "tree", "commit", "-qm", "base");
    read_commit(commit);
    GIT("clone", "-q", "tree", "other");
    write_text("other/fixtures/a.c", "0\n1\n2\n3\n");
    write_text("tree/fixtures/only here.c", "1\n2\n");
    read_diff("tree/fixtures", "other/fixtures", commit, true);
    cr_assert(trees.run.source_changes_known);
    cr_assert_eq(trees.run.source_change_count, 2);
    expect_hunks(changed("fixtures/a.c", "fixtures/a.c"), HUNKS({1, 1, 1, 0}));
    expect_hunks(changed(NULL, "fixtures/only here.c"), HUNKS({1, 0, 1, 2}));
}

/* Neither is in git. What begins with a dot is nobody's source, and links lead elsewhere. */
Test(source_diff, two_plain_folders, .init = make_trees, .fini = remove_trees, .timeout = 60)
{
    write_text("head/src/a.c", "1\n2\nthree\n");
    write_text("base/src/a.c", "1\n2\n3\n");
    write_text("head/src/new\nline.c", "1\n2\n");
    write_text("base/src/new\nline.c", "2\n");
    write_text("head/.hidden/x.c", "1\n");
    cr_assert_eq(symlink("/etc/passwd", path_of("head/src/link.c")), 0);
    read_diff("head", "base", "", false);
    cr_assert(trees.run.source_changes_known);
    cr_assert_eq(trees.run.source_change_count, 2);
    expect_hunks(changed("src/a.c", "src/a.c"), HUNKS({3, 1, 3, 1}));
    expect_hunks(changed("src/new\nline.c", "src/new\nline.c"), HUNKS({1, 0, 1, 1}));
}

/* The head is in git and the base is a copy of a part of it: paths as each tree has them. */
Test(source_diff, trees_of_other_depth, .init = make_trees, .fini = remove_trees, .timeout = 60)
{
    GIT("init", "-q", "tree");
    write_text("tree/fixtures/a.c", "1\n2\n");
    write_text("tree/fixtures/same.c", "1\n");
    write_text("copy/a.c", "1\n");
    write_text("copy/same.c", "1\n");
    read_diff("tree/fixtures", "copy", "", false);
    cr_assert_eq(trees.run.source_change_count, 2);
    expect_hunks(changed("a.c", "fixtures/a.c"), HUNKS({2, 0, 2, 1}));
    cr_assert_eq(changed("same.c", "fixtures/same.c")->hunk_count, 0);
}

/* ---- when memory is out ---------------------------------------------------------------------- */

void *__real_calloc(size_t count, size_t size) __attribute__((weak));
void *__wrap_calloc(size_t count, size_t size);

static long allocations_left = -1; /* -1 = do not fail */

void *__wrap_calloc(size_t count, size_t size)
{
    if (allocations_left == 0 || (allocations_left > 0 && allocations_left-- == 0))
        return NULL;
    return __real_calloc(count, size);
}

Test(source_diff, allocations_that_fail, .timeout = 60)
{
    if (__real_calloc == NULL)
        cr_skip_test("not linked with --wrap");
    struct buffer text;
    long n = 0;
    buffer_init(&text, 1 << 20);
    /* Each name takes a block of the arena to itself, so that there are many. */
    for (int i = 0; i < 20; i++) {
        buffer_append_format(&text, "diff --git a a\n--- %d", i);
        buffer_append_repeat(&text, 'x', 40000);
        buffer_append_string(&text, "\n+++ b\n@@ -1 +1 @@\n-x\n+y\n");
    }
    for (bool ok = false; !ok; n++) {
        struct reading reading;
        cr_assert_lt(n, 5000);
        allocations_left = n;
        ok = parse(&reading, buffer_text(&text), text.length);
        allocations_left = -1;
        cr_expect(ok || reading.err.code == ERROR_MEMORY, "allocation %ld: %s", n,
                  reading.err.text);
        arena_release(&reading.arena);
    }
    cr_assert_gt(n, 10);
    buffer_release(&text);
}
