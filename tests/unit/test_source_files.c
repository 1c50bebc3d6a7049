/* Which files belong to a tree: of a git repository made here, and of a folder outside git. */
#include "rig/source_files.h"

#include "base/child.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(source_files, .timeout = 60);

static void git(const char *folder, const char *first, const char *second, const char *third)
{
    const char *const arguments[] = {"git", "-C", folder, first, second, third, NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status = {0};
    struct buffer out;
    buffer_init(&out, 1U << 20);
    bool ok = child_run(&options, 30000, NULL, &out, NULL, &status, NULL);
    buffer_release(&out);
    cr_assert(ok && !status.signalled && status.code == 0, "git %s", first);
}

static void write_file(const char *folder, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert(file_write_atomic(path, "x\n", 2, NULL), "%s", path);
}

static bool has(const struct source_files *files, const char *name)
{
    for (size_t i = 0; i < files->tracked_count; i++)
        if (strcmp(files->tracked[i], name) == 0)
            return true;
    return false;
}

Test(source_files, of_a_repository)
{
    char folder[] = "/tmp/tollgate-files-XXXXXX", sub[600];
    struct source_files files;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(sub, sizeof sub, "%s/sub folder", folder);
    cr_assert(file_make_directories(sub, &err));
    git(folder, "init", "-q", NULL);
    write_file(folder, "a.c");
    write_file(folder, "two\nlines.c");
    write_file(sub, "\xc3\xa4.c");
    git(folder, "add", "-A", NULL);
    write_file(folder, "made.c"); /* not tracked */
    /* From below, the root is still the repository's. */
    cr_assert(source_files_read(&files, sub, NULL, &arena, &err), "%s", err.text);
    char *real = realpath(folder, NULL);
    cr_expect_str_eq(files.root, real);
    free(real);
    cr_assert_not_null(files.tracked);
    cr_expect_eq(files.tracked_count, 3);
    cr_expect_null(files.tracked[3]);
    cr_expect(has(&files, "a.c"));
    cr_expect(has(&files, "two\nlines.c"));
    cr_expect(has(&files, "sub folder/\xc3\xa4.c"));
    arena_release(&arena);
    cr_assert(file_remove_tree(folder, &err), "%s", err.text);
}

Test(source_files, of_an_empty_repository)
{
    char folder[] = "/tmp/tollgate-files-XXXXXX";
    struct source_files files;
    struct arena arena;
    arena_init(&arena);
    cr_assert_not_null(mkdtemp(folder));
    git(folder, "init", "-q", NULL);
    cr_assert(source_files_read(&files, folder, NULL, &arena, NULL));
    cr_assert_not_null(files.tracked);
    cr_expect_eq(files.tracked_count, 0);
    cr_expect_null(files.tracked[0]);
    arena_release(&arena);
    cr_assert(file_remove_tree(folder, NULL));
}

Test(source_files, outside_git)
{
    char folder[] = "/tmp/tollgate-files-XXXXXX", link[64];
    struct source_files files;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(link, sizeof link, "%s/link", folder);
    cr_assert_eq(symlink(folder, link), 0);
    cr_assert(source_files_read(&files, link, NULL, &arena, &err), "%s", err.text);
    char *real = realpath(folder, NULL);
    cr_expect_str_eq(files.root, real);
    free(real);
    cr_expect_null(files.tracked);
    cr_expect_not(source_files_read(&files, "/nonexistent/folder", NULL, &arena, &err));
    cr_expect_eq(err.code, ERROR_IO);
    arena_release(&arena);
    cr_assert(file_remove_tree(folder, NULL));
}
