#include "base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tollgate-file-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    struct error err = {0};
    cr_assert(file_remove_tree(folder, &err), "%s", err.text);
    cr_assert(!file_exists(folder));
}

TestSuite(file, .init = make_folder, .fini = remove_folder, .timeout = 60);

static const char *path_of(const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

static void write_file(const char *name, const char *text)
{
    struct error err = {0};
    cr_assert(file_write_atomic(path_of(name), text, strlen(text), &err), "%s", err.text);
}

static void expect_file(const char *name, const char *text)
{
    struct buffer content;
    struct error err = {0};
    buffer_init(&content, 1 << 20);
    cr_assert(file_read(path_of(name), &content, &err), "%s", err.text);
    cr_assert_str_eq(buffer_text(&content), text);
    buffer_release(&content);
}

static int count_entries(void)
{
    int count = 0;
    DIR *entries = opendir(folder);
    cr_assert_not_null(entries);
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count - 2;
}

Test(file, replaces_whole_files)
{
    struct stat info;
    write_file("a", "first, and longer");
    write_file("a", "second");
    expect_file("a", "second");
    cr_assert_eq(count_entries(), 1);
    cr_assert_eq(stat(path_of("a"), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0644);
}

Test(file, leaves_nothing_where_it_cannot_write)
{
    struct error err = {0};
    cr_assert(!file_write_atomic(path_of("gone/a"), "x", 1, &err));
    cr_assert_eq(err.code, ERROR_IO);
    cr_assert_not_null(strstr(err.text, "gone/a: No such file"));
    error_clear(&err);
    cr_assert_eq(mkdir(path_of("taken"), 0700), 0);
    cr_assert(!file_write_atomic(path_of("taken"), "x", 1, &err));
    cr_assert_eq(count_entries(), 1);
}

/* A pipe stands for all that is no regular file; nobody's /dev/null is at stake. */
Test(file, does_not_replace_what_is_no_regular_file)
{
    struct error err = {0};
    struct stat info;
    char text[8] = "";
    cr_assert_eq(mkfifo(path_of("pipe"), 0600), 0);
    int reader = open(path_of("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    cr_assert_geq(reader, 0);
    cr_assert(file_write_atomic(path_of("pipe"), "text", 4, &err), "%s", err.text);
    cr_assert_eq(stat(path_of("pipe"), &info), 0);
    cr_assert(S_ISFIFO(info.st_mode), "the pipe was replaced");
    cr_assert_eq(read(reader, text, sizeof text - 1), 4);
    cr_assert_str_eq(text, "text");
    cr_assert_eq(count_entries(), 1);
    close(reader);
}

Test(file, read_says_what_is_wrong)
{
    struct buffer content;
    struct error err = {0};
    buffer_init(&content, 3);
    cr_assert(!file_read(path_of("gone"), &content, &err));
    cr_assert_eq(err.code, ERROR_IO);
    error_clear(&err);
    write_file("four", "1234");
    cr_assert(!file_read(path_of("four"), &content, &err));
    cr_assert_eq(err.code, ERROR_INPUT);
    cr_assert_not_null(strstr(err.text, "larger than 3 bytes"));
    error_clear(&err);
    cr_assert(!file_read(folder, &content, &err));
    cr_assert_not_null(strstr(err.text, "Is a directory"));
    buffer_release(&content);
}

Test(file, makes_folders_and_removes_them_without_following_links)
{
    struct error err = {0};
    write_file("kept", "kept");
    cr_assert(file_make_directories(path_of("a/b//c/"), &err), "%s", err.text);
    cr_assert(file_make_directories(path_of("a/b/c"), &err), "%s", err.text);
    write_file("a/b/c/file", "x");
    cr_assert_eq(symlink("../kept", path_of("a/link")), 0);
    cr_assert_eq(symlink("..", path_of("a/b/up")), 0);
    cr_assert(file_remove_tree(path_of("a"), &err), "%s", err.text);
    cr_assert(!file_exists(path_of("a")));
    expect_file("kept", "kept");
    cr_assert(file_remove_tree(path_of("never-was"), &err));
    cr_assert(!file_make_directories(path_of("kept/below"), &err));
    cr_assert_eq(err.code, ERROR_IO);
}

static void expect_tail(const char *text, size_t lines, const char *expected)
{
    struct buffer tail;
    write_file("log", text);
    buffer_init(&tail, 1 << 16);
    file_append_tail(path_of("log"), lines, &tail);
    cr_assert_str_eq(buffer_text(&tail), expected);
    buffer_release(&tail);
}

Test(file, tail_takes_the_last_lines)
{
    expect_tail("", 3, "");
    expect_tail("one", 1, "one");
    expect_tail("one\ntwo\nthree\n", 2, "two\nthree\n");
    expect_tail("one\ntwo\nthree", 2, "two\nthree");
    expect_tail("one\n\n\n", 2, "\n\n");
    expect_tail("one\ntwo\n", 9, "one\ntwo\n");
    struct buffer tail;
    buffer_init(&tail, 100);
    file_append_tail(path_of("gone"), 3, &tail);
    cr_assert_eq(tail.length, 0);
    buffer_release(&tail);
}

Test(file, tail_of_an_endless_line_is_bounded)
{
    struct buffer tail;
    char *text = malloc(100001);
    cr_assert_not_null(text);
    memset(text, 'x', 100000);
    text[100000] = '\0';
    write_file("log", text);
    free(text);
    buffer_init(&tail, 1 << 20);
    file_append_tail(path_of("log"), 5, &tail);
    cr_assert_eq(tail.length, 16 * 1024);
    buffer_release(&tail);
}

/* The published test vectors of FNV-1a, 64 bits (Fowler, Noll, Vo). */
Test(file, hash_is_fnv_1a)
{
    unsigned long long hash;
    struct error err = {0};
    cr_assert_eq(file_hash_bytes(FILE_HASH_START, "", 0), 0xcbf29ce484222325ULL);
    cr_assert_eq(file_hash_bytes(FILE_HASH_START, "a", 1), 0xaf63dc4c8601ec8cULL);
    cr_assert_eq(file_hash_bytes(FILE_HASH_START, "foobar", 6), 0x85944171f73967e8ULL);
    write_file("foobar", "foobar");
    cr_assert(file_hash(path_of("foobar"), &hash, &err));
    cr_assert_eq(hash, 0x85944171f73967e8ULL);
    cr_assert(!file_hash(path_of("gone"), &hash, &err));
}
