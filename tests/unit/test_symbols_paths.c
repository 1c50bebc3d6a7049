/* Which files are the source tree's own, and by what path, wherever the program was built. */
#include "symbols_sample.h"

#include <sys/stat.h>

TestSuite(symbols_paths, .timeout = 120);

/* A tree with sources in folders, and a program "FOLDER/program" of it. */
static void write_source(const struct sample *sample, const char *folder, const char *name,
                         const char *text)
{
    char path[PATH_MAX], *slash;
    struct error err = {0};
    snprintf(path, sizeof path, "%s/%s/%s", sample->folder, folder, name);
    slash = strrchr(path, '/');
    *slash = '\0';
    cr_assert(file_make_directories(path, &err), "%s", err.text);
    *slash = '/';
    cr_assert(file_write_atomic(path, text, strlen(text), &err), "%s", err.text);
}

static void write_tree(const struct sample *sample, const char *folder)
{
    write_source(
        sample, folder, "src/main.c",
        "int help(int);\nint lib(int);\nint main(void)\n{\n    return help(1) + lib(2);\n}\n");
    write_source(sample, folder, "src/util/help.c", "int help(int n)\n{\n    return n + 1;\n}\n");
    write_source(sample, folder, "main.c", "/* Not compiled. */\n");
}

/* Compiles in `folder`, with the compiler's words for the sources as they are given. */
static void compile(const struct sample *sample, const char *folder, const char *const *words)
{
    const char *all[SAMPLE_WORDS_MAX] = {"gcc", "-g", "-o", sample_path(sample, "program")};
    struct buffer out;
    size_t count = 4;
    for (size_t i = 0; words[i] != NULL; i++)
        all[count++] = words[i];
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    cr_assert(sample_run(sample_path(sample, folder), all, NULL, &out));
    buffer_release(&out);
}

/* The file of a function, asked for in a tree at `root`; of what is not own, how it ends. */
static void expect_file(const struct sample *sample, const char *root, const char *const *tracked,
                        const char *function, const char *file, bool own)
{
    uint64_t address, size;
    const char *program = sample_path(sample, "program");
    struct symbols *symbols = sample_symbols(root, tracked);
    cr_assert(sample_symbol(sample, program, function, &address, &size));
    struct profile_frame frame = sample_find(symbols, symbols_open(symbols, program), address);
    cr_expect_str_eq(frame.function, function);
    cr_assert_not_null(frame.file, "%s", function);
    size_t length = strlen(frame.file), tail = strlen(file);
    cr_expect(length >= tail && strcmp(frame.file + length - tail, file) == 0, "%s", frame.file);
    cr_expect(!own || length == tail, "%s", frame.file);
    cr_expect_eq(frame.own, own, "%s: %s", function, frame.file);
    symbols_free(symbols);
}

static const char *const tracked[] = {"main.c", "src/main.c", "src/util/help.c", NULL};

#define LIBRARY "int lib(int n)\n{\n    return n * 2;\n}\n"

/* In the folder where the tree is, with dots and doubled slashes on the way. */
Test(symbols_paths, built_where_it_is)
{
    struct sample sample;
    sample_open(&sample);
    write_tree(&sample, "tree");
    write_source(&sample, "else/src", "main.c", LIBRARY);
    const char *words[] = {"./src/../src//main.c", "../tree/src/./util/help.c",
                           "../else/src/main.c", NULL};
    compile(&sample, "tree", words);
    char root[PATH_MAX];
    snprintf(root, sizeof root, "%s/tree", sample.folder);
    for (int i = 0; i < 2; i++) {
        const char *const *files = i == 0 ? NULL : tracked;
        expect_file(&sample, root, files, "main", "src/main.c", true);
        expect_file(&sample, root, files, "help", "src/util/help.c", true);
        /* Ends like a tracked file, but the tree was built where it is. */
        expect_file(&sample, root, files, "lib", "else/src/main.c", false);
    }
    sample_close(&sample);
}

/* A root with a '/' at its end, one that is a link, and a program built by way of a link. */
Test(symbols_paths, through_links)
{
    struct sample sample;
    char root[PATH_MAX], link[PATH_MAX];
    sample_open(&sample);
    write_tree(&sample, "tree");
    write_source(&sample, "else", "lib.c", LIBRARY);
    snprintf(root, sizeof root, "%s/tree/", sample.folder);
    snprintf(link, sizeof link, "%s/link", sample.folder);
    cr_assert_eq(symlink(root, link), 0);
    const char *words[] = {sample_path(&sample, "link/src/main.c"), "src/util/help.c",
                           sample_path(&sample, "else/lib.c"), NULL};
    compile(&sample, "tree", words);
    expect_file(&sample, root, NULL, "main", "src/main.c", true);
    expect_file(&sample, link, NULL, "main", "src/main.c", true);
    expect_file(&sample, link, NULL, "help", "src/util/help.c", true);
    expect_file(&sample, link, NULL, "lib", "else/lib.c", false);
    sample_close(&sample);
}

/* The tree was built at another place: "src/util/help.c" gives it away, and "src/main.c" then is
 * that of the tree, though "main.c" is tracked too and "lib.c" of elsewhere ends like one. */
Test(symbols_paths, built_elsewhere)
{
    struct sample sample;
    char away[PATH_MAX];
    struct error err = {0};
    sample_open(&sample);
    write_tree(&sample, "away/deep");
    write_tree(&sample, "tree");
    write_source(&sample, "else", "main.c", LIBRARY);
    const char *words[] = {"src/main.c", "src/util/help.c", sample_path(&sample, "else/main.c"),
                           NULL};
    compile(&sample, "away/deep", words);
    snprintf(away, sizeof away, "%s/away", sample.folder);
    cr_assert(file_remove_tree(away, &err), "%s", err.text);
    const char *root = sample_path(&sample, "tree");
    expect_file(&sample, root, tracked, "main", "src/main.c", true);
    expect_file(&sample, root, tracked, "help", "src/util/help.c", true);
    expect_file(&sample, root, tracked, "lib", "else/main.c", false);
    /* Without a list nothing can be told. */
    expect_file(&sample, root, NULL, "main", "/away/deep/src/main.c", false);
    sample_close(&sample);
}

/* A reproducible build names the tree ".". */
Test(symbols_paths, mapped_to_a_dot)
{
    struct sample sample;
    char map[PATH_MAX];
    sample_open(&sample);
    write_tree(&sample, "tree");
    write_source(&sample, "else", "lib.c", LIBRARY);
    snprintf(map, sizeof map, "-ffile-prefix-map=%s/tree=.", sample.folder);
    const char *words[] = {map, "src/main.c", sample_path(&sample, "tree/src/util/help.c"),
                           sample_path(&sample, "else/lib.c"), NULL};
    compile(&sample, "tree", words);
    const char *root = sample_path(&sample, "tree");
    expect_file(&sample, root, NULL, "main", "src/main.c", true);
    expect_file(&sample, root, tracked, "help", "src/util/help.c", true);
    expect_file(&sample, root, NULL, "lib", "else/lib.c", false);
    sample_close(&sample);
}

/* Built in a folder beside, and one below, as CMake and others do. */
Test(symbols_paths, built_beside_and_below)
{
    struct sample sample;
    struct error err = {0};
    sample_open(&sample);
    write_tree(&sample, "tree");
    write_source(&sample, "else", "lib.c", LIBRARY);
    cr_assert(file_make_directories(sample_path(&sample, "tree/build/deep"), &err));
    cr_assert(file_make_directories(sample_path(&sample, "beside"), &err));
    const char *below[] = {"../../src/main.c", "../../src/util/help.c", "../../../else/lib.c",
                           NULL};
    const char *beside[] = {"../tree/src/main.c", "../tree/src/util/help.c", "../else/lib.c", NULL};
    for (int i = 0; i < 2; i++) {
        compile(&sample, i == 0 ? "tree/build/deep" : "beside", i == 0 ? below : beside);
        const char *root = sample_path(&sample, "tree");
        expect_file(&sample, root, tracked, "main", "src/main.c", true);
        expect_file(&sample, root, tracked, "help", "src/util/help.c", true);
        expect_file(&sample, root, tracked, "lib", "else/lib.c", false);
    }
    sample_close(&sample);
}

/* A sibling whose name begins with the root's is not below it. */
Test(symbols_paths, a_root_is_a_whole_folder)
{
    struct sample sample;
    sample_open(&sample);
    write_tree(&sample, "tree-2");
    write_source(&sample, "else", "lib.c", LIBRARY);
    const char *words[] = {"src/main.c", "src/util/help.c", "../else/lib.c", NULL};
    compile(&sample, "tree-2", words);
    expect_file(&sample, sample_path(&sample, "tree"), NULL, "main", "tree-2/src/main.c", false);
    sample_close(&sample);
}
