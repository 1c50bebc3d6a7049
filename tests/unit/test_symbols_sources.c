/* What of the source tree is in a program: lines, functions, hash, age. */
#include "symbols_sample.h"

#include <sys/stat.h>

TestSuite(symbols_sources, .timeout = 120);

struct survey {
    struct symbols *symbols;
    struct symbols_object *objects[2];
    size_t count;
    struct arena arena;
    struct source_tree tree;
};

static void survey_open(struct survey *survey, const char *root, const char *first,
                        const char *second)
{
    struct error err = {0};
    *survey = (struct survey){.symbols = sample_symbols(root, NULL)};
    arena_init(&survey->arena);
    survey->objects[survey->count++] = symbols_open(survey->symbols, first);
    if (second != NULL)
        survey->objects[survey->count++] = symbols_open(survey->symbols, second);
    cr_assert(symbols_read_sources(survey->symbols, survey->objects, survey->count, &survey->arena,
                                   &survey->tree, &err),
              "%s", err.text);
}

static void survey_close(struct survey *survey)
{
    arena_release(&survey->arena);
    symbols_free(survey->symbols);
}

static const struct source_file *file_of(const struct survey *survey, const char *path)
{
    const struct source_file *file = source_tree_file(&survey->tree, path);
    cr_assert_not_null(file, "%s is not there", path);
    return file;
}

static const struct source_function *function_of(const struct source_file *file, const char *name)
{
    for (size_t i = 0; i < file->function_count; i++)
        if (strcmp(file->functions[i].name, name) == 0)
            return &file->functions[i];
    return NULL;
}

static bool has_line(const struct source_file *file, uint32_t line)
{
    for (size_t i = 0; i < file->line_count; i++)
        if (file->lines[i] == line)
            return true;
    return false;
}

/* The line that holds the text, from 1, as grep would number it. */
static uint32_t line_of(const struct sample *sample, const char *name, const char *text)
{
    char path[2 * PATH_MAX];
    struct buffer out;
    struct error err = {0};
    uint32_t line = 1;
    snprintf(path, sizeof path, "%s/%s", sample->sources, name);
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    cr_assert(file_read(path, &out, &err), "%s", err.text);
    const char *found = strstr(out.data, text);
    cr_assert_not_null(found, "no %s in %s", text, name);
    for (const char *c = out.data; c < found; c++)
        line += *c == '\n';
    buffer_release(&out);
    return line;
}

static void build(const struct sample *sample, const char *name, const char *flag)
{
    cr_assert(sample_do(sample, "gcc", flag, "-g", "-ffunction-sections", "-Wl,--gc-sections",
                        "shapes.c", "print.c", "-o", sample_path(sample, name), NULL));
}

Test(symbols_sources, files_and_functions)
{
    static const struct {
        const char *file, *name, *first, *last;
    } wanted[] = {
        {"shapes.h", "square", "unsigned square(", "return side * side"},
        {"shapes.h", "area", "unsigned area(", "return shape->width * shape->height"},
        {"shapes.h", "weight", "unsigned weight(", "return sum;"},
        {"shapes.c", "checked", "unsigned checked(", "    }\n}\n\n/* Recursive"},
        {"shapes.c", "halved", "unsigned halved(", "return value < 2"},
        {"shapes.c", "by_area", "int by_area(", "return (a > b)"},
        {"shapes.c", "main", "int main(", "return (int)((total_of"},
        {"print.c", "print_shapes", "unsigned print_shapes(", "    return sum;"},
    };
    struct sample sample;
    struct survey survey;
    sample_open(&sample);
    build(&sample, "program", "-O0");
    survey_open(&survey, sample.sources, sample_path(&sample, "program"), NULL);
    cr_expect_eq(survey.tree.file_count, 3);
    cr_expect_str_eq(survey.tree.files[0].path, "print.c");
    cr_expect_str_eq(survey.tree.files[2].path, "shapes.h");
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        const struct source_file *file = file_of(&survey, wanted[i].file);
        const struct source_function *function = function_of(file, wanted[i].name);
        uint32_t last = line_of(&sample, wanted[i].file, wanted[i].last);
        cr_assert_not_null(function, "%s", wanted[i].name);
        cr_expect_eq(function->line, line_of(&sample, wanted[i].file, wanted[i].first));
        /* Its closing brace comes next. */
        cr_expect_eq(function->last_line, last + 1, "%s: %u", wanted[i].name, function->last_line);
        cr_expect(has_line(file, function->last_line));
        cr_expect_not(has_line(file, function->line - 1));
    }
    const struct source_file *file = file_of(&survey, "shapes.c");
    cr_expect_null(function_of(file, "dropped"), "the linker dropped it");
    cr_expect_not(has_line(file, line_of(&sample, "shapes.c", "OFTEN(sum")));
    for (size_t i = 1; i < file->function_count; i++)
        cr_expect_lt(file->functions[i - 1].line, file->functions[i].line);
    for (size_t i = 1; i < file->line_count; i++)
        cr_expect_lt(file->lines[i - 1], file->lines[i]);
    survey_close(&survey);
    sample_close(&sample);
}

/* At -O0 a file's lines are those that addr2line has for the instructions of its functions. */
Test(symbols_sources, lines_are_those_of_the_instructions)
{
    struct sample sample;
    struct survey survey;
    struct buffer list, out;
    size_t seen = 0;
    bool met[256] = {false};
    sample_open(&sample);
    const char *program = sample_path(&sample, "program");
    /* Nothing dropped: addr2line is led astray by that. */
    cr_assert(sample_do(&sample, "gcc", "-O0", "-g", "shapes.c", "print.c", "-o", program, NULL));
    const char *functions[] = {"complain", "checked", "halved", "total_of",
                               "dropped",  "by_area", "main"};
    buffer_init(&list, SAMPLE_OUTPUT_MAX);
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        uint64_t address, size;
        cr_assert(sample_symbol(&sample, program, functions[i], &address, &size));
        for (uint64_t j = 0; j < size; j++)
            buffer_append_format(&list, "0x%llx\n", (unsigned long long)(address + j));
    }
    const char *words[] = {"addr2line", "-e", program, NULL};
    cr_assert(sample_run(sample.sources, words, buffer_text(&list), &out));
    for (const char *at = out.data; (at = strstr(at, "/shapes.c:")) != NULL;) {
        at += strlen("/shapes.c:");
        unsigned long line = strtoul(at, NULL, 10);
        cr_assert_lt(line, COUNT_OF(met));
        seen += !met[line];
        met[line] = true;
    }
    survey_open(&survey, sample.sources, program, NULL);
    const struct source_file *file = file_of(&survey, "shapes.c");
    cr_expect_gt(seen, 30);
    for (uint32_t line = 1; line < COUNT_OF(met); line++)
        cr_expect_eq(has_line(file, line), met[line], "line %u: %d", line, met[line]);
    survey_close(&survey);
    buffer_release(&list);
    buffer_release(&out);
    sample_close(&sample);
}

/* Functions that are nowhere but inlined have their lines too, and one that both programs hold is
 * there once. */
Test(symbols_sources, inlined_and_of_several_programs)
{
    struct sample sample;
    struct survey one, both;
    size_t weights = 0;
    uint64_t address, size;
    sample_open(&sample);
    build(&sample, "O2", "-O2");
    build(&sample, "O0", "-O0");
    cr_assert_not(sample_symbol(&sample, sample_path(&sample, "O2"), "weight", &address, &size));
    survey_open(&one, sample.sources, sample_path(&sample, "O2"), NULL);
    const struct source_function *weight = function_of(file_of(&one, "shapes.h"), "weight");
    cr_assert_not_null(weight);
    cr_expect_eq(weight->line, line_of(&sample, "shapes.h", "unsigned weight("));
    cr_expect_gt(weight->last_line, weight->line + 2);
    cr_expect_not_null(function_of(file_of(&one, "print.c"), "three"));
    survey_open(&both, sample.sources, sample_path(&sample, "O2"), sample_path(&sample, "O0"));
    const struct source_file *file = file_of(&both, "shapes.h");
    for (size_t i = 0; i < file->function_count; i++)
        weights += strcmp(file->functions[i].name, "weight") == 0;
    cr_expect_eq(weights, 1);
    cr_expect_geq(file->line_count, file_of(&one, "shapes.h")->line_count);
    for (size_t i = 0; i < file_of(&one, "shapes.h")->line_count; i++)
        cr_expect(has_line(file, file_of(&one, "shapes.h")->lines[i]));
    survey_close(&one);
    survey_close(&both);
    sample_close(&sample);
}

/* The hash is what git says; a source that was changed after the build is stale, and one that is
 * gone has no hash. */
Test(symbols_sources, hash_and_age)
{
    struct sample sample;
    struct survey survey;
    struct buffer out;
    struct error err = {0};
    static const char *const names[] = {"shapes.c", "shapes.h", "print.c"};
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    sample_open(&sample);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        cr_assert(sample_do(&sample, "cp", names[i], sample.folder, NULL));
        cr_assert_eq(utimensat(AT_FDCWD, sample_path(&sample, names[i]), old, 0), 0);
    }
    const char *program = sample_path(&sample, "program");
    const char *build_words[] = {"gcc", "-g", "shapes.c", "print.c", "-o", "program", NULL};
    const char *hash_words[] = {"git", "hash-object", "--no-filters", "shapes.c", NULL};
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    cr_assert(sample_run(sample.folder, build_words, NULL, &out));
    buffer_clear(&out);
    bool has_git = sample_run(sample.folder, hash_words, NULL, &out);
    survey_open(&survey, sample.folder, program, NULL);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        cr_expect_not(file_of(&survey, names[i])->stale);
    if (has_git)
        cr_expect_eq(strncmp(file_of(&survey, "shapes.c")->hash, out.data, 40), 0);
    survey_close(&survey);
    cr_assert(file_write_atomic(sample_path(&sample, "shapes.c"), "changed\n", 8, &err));
    struct timespec later[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};
    cr_assert_eq(utimensat(AT_FDCWD, sample_path(&sample, "shapes.c"), later, 0), 0);
    cr_assert_eq(unlink(sample_path(&sample, "print.c")), 0);
    survey_open(&survey, sample.folder, program, NULL);
    cr_expect(file_of(&survey, "shapes.c")->stale);
    cr_expect_not(file_of(&survey, "shapes.h")->stale);
    cr_expect_null(file_of(&survey, "print.c")->hash);
    cr_expect_gt(file_of(&survey, "print.c")->line_count, 5);
    survey_close(&survey);
    buffer_release(&out);
    sample_close(&sample);
}

Test(symbols_sources, nothing_of_the_tree)
{
    struct sample sample;
    struct survey survey;
    sample_open(&sample);
    build(&sample, "program", "-O0");
    survey_open(&survey, "/nowhere", sample_path(&sample, "program"), "/nowhere/library");
    cr_expect_eq(survey.tree.file_count, 0);
    survey_close(&survey);
    sample_close(&sample);
}
