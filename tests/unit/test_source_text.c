#include "rig/source_text.h"

#include "base/child.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(source_text, .timeout = 60);

/* A folder with src/a.c in a repository, links of all kinds, a pipe, and a secret beside it. */
struct place {
    char base[64];
    char root[96];
};

static const char text[] = "int main;\r\n\tint x;\n";
/* printf 'int main;\r\n\tint x;\n' | git hash-object --stdin */
static const char text_id[] = "29b63a6fa33ac27e81ba7c3cbd0207af395a746f";

static void write_at(const char *folder, const char *name, const char *content)
{
    char path[512];
    struct error err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert(file_write_atomic(path, content, strlen(content), &err), "%s", err.text);
}

static void run_git(const struct place *place, const char *const *words)
{
    const char *arguments[16] = {
        "git", "-C", place->root, "-c", "user.name=test", "-c", "user.email=test@localhost"};
    struct child_status status;
    struct error err = {0};
    struct buffer out;
    size_t at = 7;
    for (size_t i = 0; words[i] != NULL; i++)
        arguments[at++] = words[i];
    struct child_options options = {.arguments = arguments, .cpu = -1};
    buffer_init(&out, 1 << 16);
    cr_assert(child_run(&options, 30000, NULL, &out, NULL, &status, &err), "%s", err.text);
    cr_assert_eq(status.code, 0, "git %s", words[0]);
    buffer_release(&out);
}

static void link_at(const struct place *place, const char *target, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", place->root, name);
    cr_assert_eq(symlink(target, path), 0);
}

static void place_begin(struct place *place)
{
    char path[512];
    struct error err = {0};
    snprintf(place->base, sizeof place->base, "/tmp/test-source-XXXXXX");
    cr_assert_not_null(mkdtemp(place->base));
    snprintf(place->root, sizeof place->root, "%s/tree", place->base);
    snprintf(path, sizeof path, "%s/src/deep", place->root);
    cr_assert(file_make_directories(path, &err));
    write_at(place->base, "secret.c", "secret\n");
    write_at(place->root, "src/a.c", text);
    write_at(place->root, "src/deep/b.c", "b\n");
    link_at(place, "a.c", "src/link.c");
    link_at(place, "../../secret.c", "src/out.c");
    link_at(place, "src", "linked");
    link_at(place, "..", "up");
    snprintf(path, sizeof path, "%s/src/pipe.c", place->root);
    cr_assert_eq(mkfifo(path, 0644), 0);
    run_git(place, (const char *const[]){"init", "-q", NULL});
}

static void place_end(struct place *place)
{
    struct error err = {0};
    cr_assert(file_remove_tree(place->base, &err), "%s", err.text);
}

Test(source_text, what_may_be_opened)
{
    static const char *const refused[] = {"",
                                          "/",
                                          "/etc/passwd",
                                          "..",
                                          "../secret.c",
                                          "src/../src/a.c",
                                          "src/../../secret.c",
                                          "./src/a.c",
                                          "src//a.c",
                                          "src/./a.c",
                                          "src/link.c",
                                          "src/out.c",
                                          "linked/a.c",
                                          "up/secret.c",
                                          "src/pipe.c",
                                          "src",
                                          "src/none.c",
                                          "src/a.c/b",
                                          ".git/config",
                                          ".GIT/config",
                                          "src/.git/x",
                                          "up/tree/src/a.c"};
    struct place place;
    place_begin(&place);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        cr_expect_eq(source_text_open(place.root, refused[i]), -1, "%s", refused[i]);
    static const char *const allowed[] = {"src/a.c", "src/deep/b.c"};
    for (size_t i = 0; i < COUNT_OF(allowed); i++) {
        int fd = source_text_open(place.root, allowed[i]);
        cr_expect_geq(fd, 0, "%s", allowed[i]);
        close(fd);
    }
    cr_expect_eq(source_text_open("/nonexistent", "a.c"), -1);
    place_end(&place);
}

static void read_text(const struct place *place, const char *path, const char *hash, bool current,
                      struct buffer *out, const char **why)
{
    struct error err = {0};
    struct source_text_question question = {
        .root = place->root, .path = path, .hash = hash, .current = current};
    buffer_init(out, SOURCE_TEXT_MAX_BYTES);
    cr_assert(source_text_read(&question, out, why, &err), "%s", err.text);
}

Test(source_text, ids_are_those_of_git)
{
    static const char *const paths[] = {"../secret.c", "src/a.c",      "src/pipe.c",
                                        "none.c",      "src/deep/b.c", "src/a\n.c"};
    const char *hashes[COUNT_OF(paths)];
    struct place place;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    place_begin(&place);
    write_at(place.root, "src/a\n.c", "x");
    cr_assert(source_text_hash(place.root, paths, COUNT_OF(paths), NULL, &arena, hashes, &err),
              "%s", err.text);
    cr_expect_null(hashes[0]);
    cr_assert_not_null(hashes[1]);
    cr_expect_str_eq(hashes[1], text_id);
    cr_expect_null(hashes[2]);
    cr_expect_null(hashes[3]);
    cr_assert_not_null(hashes[4]);
    /* printf 'b\n' | git hash-object --stdin */
    cr_expect_str_eq(hashes[4], "61780798228d17af2d34fce4cfbdf35556832472");
    cr_expect_null(hashes[5]);
    cr_assert(source_text_hash(place.root, paths, 0, NULL, &arena, hashes, &err));
    place_end(&place);
    arena_release(&arena);
}

Test(source_text, the_work_tree_then_the_repository)
{
    struct place place;
    struct buffer out;
    const char *why;
    place_begin(&place);
    read_text(&place, "src/a.c", text_id, true, &out, &why);
    cr_expect_null(why);
    cr_expect_str_eq(buffer_text(&out), text);
    buffer_release(&out);
    read_text(&place, "src/a.c", text_id, false, &out, &why);
    cr_assert_not_null(why, "git was not told of it yet");
    cr_expect_not_null(strstr(why, "not at hand"));
    cr_expect_eq(out.length, 0);
    buffer_release(&out);
    run_git(&place, (const char *const[]){"add", "src/a.c", NULL});
    write_at(place.root, "src/a.c", "another text\n");
    read_text(&place, "src/a.c", text_id, false, &out, &why);
    cr_expect_null(why);
    cr_expect_str_eq(buffer_text(&out), text);
    buffer_release(&out);
    place_end(&place);
}

Test(source_text, hashes_that_are_none)
{
    static const char *const hashes[] = {"",
                                         "--help",
                                         "HEAD",
                                         "7e3ccb6a",
                                         "7E3CCB6A7F4DCD0E7E48F0A1D4D4A1F8B4E6C0A1",
                                         "0000000000000000000000000000000000000000"};
    struct place place;
    struct buffer out;
    const char *why;
    place_begin(&place);
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        read_text(&place, "src/a.c", hashes[i], false, &out, &why);
        cr_expect_not_null(why, "%s", hashes[i]);
        cr_expect_eq(out.length, 0, "%s", hashes[i]);
        buffer_release(&out);
    }
    read_text(&place, "src/a.c", NULL, true, &out, &why);
    cr_expect_not_null(why);
    buffer_release(&out);
    place_end(&place);
}
