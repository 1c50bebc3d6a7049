/* Names for addresses of programs built in many ways, against what binutils' addr2line says. */
#include "symbols_sample.h"

#include <criterion/parameterized.h>
#include <sys/stat.h>

TestSuite(symbols, .timeout = 300);

enum { FUNCTION_BYTES_MAX = 4096 };

enum tool { ADDR2LINE, LLVM_SYMBOLIZER, TOOL_COUNT };

static const char *const tool_names[TOOL_COUNT] = {"addr2line", "llvm-symbolizer"};

#define C_SOURCES "shapes.c print.c"

struct build {
    char name[24];
    char compiler[8];
    char sources[32];
    char flags[5][32];
    unsigned wrong; /* a bit each tool that gets this kind wrong: binutils 2.40, LLVM 14 */
};

static const struct build builds[] = {
    {"O0", "gcc", C_SOURCES, {"-O0", "-g"}, 0},
    {"O1", "gcc", C_SOURCES, {"-O1", "-g"}, 0},
    {"O2", "gcc", C_SOURCES, {"-O2", "-g"}, 0},
    {"O3", "gcc", C_SOURCES, {"-O3", "-g"}, 0},
    {"not-pie", "gcc", C_SOURCES, {"-O2", "-g", "-no-pie", "-fno-pie"}, 0},
    {"static", "gcc", C_SOURCES, {"-O2", "-g", "-static"}, 0},
    {"static-pie", "gcc", C_SOURCES, {"-O2", "-g", "-static-pie"}, 0},
    {"dwarf2", "gcc", C_SOURCES, {"-O2", "-gdwarf-2"}, 0},
    {"dwarf4", "gcc", C_SOURCES, {"-O2", "-gdwarf-4"}, 0},
    {"compressed", "gcc", C_SOURCES, {"-O2", "-g", "-gz=zlib"}, 0},
    {"dropped",
     "gcc",
     C_SOURCES,
     {"-O2", "-g", "-ffunction-sections", "-Wl,--gc-sections"},
     1 << ADDR2LINE},
    {"link-time", "gcc", C_SOURCES, {"-O2", "-g", "-flto"}, 1 << ADDR2LINE},
    {"clang", "clang", C_SOURCES, {"-O2", "-g"}, 1 << ADDR2LINE},
    {"clang-O0", "clang", C_SOURCES, {"-O0", "-g"}, 0},
    {"c++", "g++", "shapes.cpp", {"-O2", "-g"}, 0},
    {"c++-O0", "g++", "shapes.cpp", {"-O0", "-g"}, 0},
};

/* Builds the program as "FOLDER/program"; false when this compiler cannot. */
static bool compile(const struct sample *sample, const struct build *build)
{
    const char *words[SAMPLE_WORDS_MAX] = {build->compiler, "-o", sample_path(sample, "program"),
                                           "-dumpdir", sample_path(sample, "")};
    char sources[32], *rest = sources;
    struct buffer out;
    /* Where the split files go; clang has no such option. */
    size_t count = strcmp(build->compiler, "clang") == 0 ? 3 : 5;
    snprintf(sources, sizeof sources, "%s", build->sources);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " "))
        words[count++] = word;
    for (size_t i = 0; i < COUNT_OF(build->flags) && build->flags[i][0] != '\0'; i++)
        words[count++] = build->flags[i];
    words[count] = NULL;
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    bool ok = sample_run(sample->sources, words, NULL, &out);
    buffer_release(&out);
    return ok;
}

/* Adds "0x..." lines for places in the functions that nm gives a size, without the start-up code,
 * which has no DWARF. */
static void list_addresses(const struct sample *sample, const char *path, struct buffer *out)
{
    const char *words[] = {"nm", "-S", "--defined-only", path, NULL};
    struct buffer text;
    buffer_init(&text, SAMPLE_OUTPUT_MAX);
    cr_assert(sample_run(sample->sources, words, NULL, &text));
    for (const char *line = text.data; line != NULL && *line != '\0';) {
        unsigned long long at, size;
        char type, name[512];
        if (sscanf(line, "%llx %llx %c %511s", &at, &size, &type, name) == 4 &&
            strchr("tTwW", type) != NULL && (name[0] != '_' || name[1] == 'Z'))
            for (unsigned long long i = 0; i < size && i < FUNCTION_BYTES_MAX; i += 1 + i % 3)
                buffer_append_format(out, "0x%llx\n", at + i);
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    buffer_release(&text);
}

/* A line without its newline, and the way on. NULL at the end. */
static char *take_line(char **text)
{
    char *line = *text, *end = line != NULL ? strchr(line, '\n') : NULL;
    if (line == NULL || *line == '\0')
        return NULL;
    if (end != NULL)
        *end = '\0';
    *text = end != NULL ? end + 1 : NULL;
    return line;
}

/* "/a/./b/../c.h" as "/a/c.h": binutils leaves the path as it is written. */
static void plain_path(char *path)
{
    for (char *at; (at = strstr(path, "/./")) != NULL;)
        memmove(at, at + 2, strlen(at + 2) + 1);
    for (char *at; (at = strstr(path, "/../")) != NULL;) {
        char *before = at;
        while (before > path && before[-1] != '/')
            before--;
        memmove(before, at + 4, strlen(at + 4) + 1);
    }
}

/* "function" and "file:line (discriminator 3)" of addr2line. */
struct answer {
    char function[4096];
    char file[4096];
    unsigned line;
};

static void parse_answer(struct answer *answer, const char *function, const char *place)
{
    snprintf(answer->function, sizeof answer->function, "%s", function);
    snprintf(answer->file, sizeof answer->file, "%s", place);
    answer->file[strcspn(answer->file, " ")] = '\0';
    char *colon = strrchr(answer->file, ':');
    cr_assert_not_null(colon);
    *colon = '\0';
    answer->line = (unsigned)strtoul(colon + 1, NULL, 10);
    plain_path(answer->file);
    /* What the compiler splits off is named by the symbol table as a part of its function. */
    char *dot = strchr(answer->function, '.');
    if (dot != NULL && dot > answer->function)
        *dot = '\0';
}

/* For a function of another file than the unit's that stands alone, binutils names the unit's file
 * with the other's line; readelf shows that it is not so. */
static bool same_file(const struct sample *sample, const struct profile_frame *frame,
                      const struct answer *answer, enum tool tool, bool innermost)
{
    char full[2 * PATH_MAX];
    snprintf(full, sizeof full, "%s%s%s", frame->own ? sample->sources : "", frame->own ? "/" : "",
             frame->file != NULL ? frame->file : "??");
    return strcmp(full, answer->file) == 0 ||
           (tool == ADDR2LINE && innermost && strstr(answer->file, "/shapes.c") != NULL) ||
           (tool == ADDR2LINE && innermost && strstr(answer->file, "/print.c") != NULL);
}

/* "...D1Ev" and "...D2Ev": a destructor that is both; so with constructors. */
static bool is_alias(const char *a, const char *b)
{
    size_t same = strspn(a, "_") == 1 && a[1] == 'Z' ? 2 : 0;
    while (same > 0 && a[same] == b[same] && a[same] != '\0')
        same++;
    return same > 2 && strchr("CDI", a[same - 1]) != NULL &&
           strcmp(a + same + 1, b + same + 1) == 0;
}

/* A C++ function without a linkage name in DWARF has one in the symbol table, which some show. */
static bool same_function(const struct profile_frame *frame, const struct answer *answer)
{
    const char *function = frame->function != NULL ? frame->function : "??";
    bool cpp = strstr(answer->file, ".cpp") != NULL || strstr(answer->file, "c++") != NULL;
    return strcmp(function, answer->function) == 0 || (cpp && strncmp(function, "_Z", 2) != 0) ||
           is_alias(function, answer->function);
}

static bool agrees(const struct sample *sample, const struct profile_frame *frame,
                   const struct answer *answer, enum tool tool, bool innermost)
{
    return frame->line == answer->line && same_function(frame, answer) &&
           same_file(sample, frame, answer, tool, innermost);
}

enum { REPORTED_MAX = 5 };

struct tally {
    size_t addresses, lines, inlined, bad;
};

/* What an outside tool says of one address. */
struct answers {
    enum tool tool;
    const char *address;
    struct answer items[SYMBOLS_FRAMES_MAX];
    size_t count;
};

static void report(const struct answers *answers, const struct symbols_place *place, size_t at)
{
    const struct profile_frame *frame = &place->frames[at < place->count ? at : 0];
    const struct answer *answer = &answers->items[at < answers->count ? at : 0];
    cr_log_error("%s, frame %zu: %s %s:%u of %zu, %s has %s %s:%u of %zu", answers->address, at,
                 frame->function, frame->file, frame->line, place->count, tool_names[answers->tool],
                 answer->function, answer->file, answer->line, answers->count);
}

/* The frames of both, from the innermost on. Without DWARF each has names of its own for aliases;
 * those are for the tests of the symbol table. */
static void check_address(const struct sample *sample, const struct symbols_place *place,
                          const struct answers *answers, struct tally *tally)
{
    bool same = place->count == answers->count;
    size_t at = 0;
    tally->addresses++;
    if (answers->items[0].line == 0)
        return;
    tally->lines++;
    tally->inlined += answers->count > 1;
    while (same && at < answers->count) {
        same = agrees(sample, &place->frames[at], &answers->items[at], answers->tool, at == 0);
        at += same;
    }
    if (!same && tally->bad++ < REPORTED_MAX)
        report(answers, place, at);
}

/* Takes the frames of the address at the head of the text. */
static bool take_answers(struct answers *answers, char **text)
{
    answers->address = take_line(text);
    answers->count = 0;
    while (*text != NULL && **text != '\0' && strncmp(*text, "0x", 2) != 0) {
        char *function = take_line(text), *place = take_line(text);
        cr_assert_not_null(place);
        cr_assert_lt(answers->count, SYMBOLS_FRAMES_MAX);
        parse_answer(&answers->items[answers->count++], function, place);
    }
    return answers->address != NULL;
}

/* Asks both for all addresses of the list. */
static struct tally compare(const struct sample *sample, const char *path, const char *list,
                            enum tool tool)
{
    const char *binutils[] = {"addr2line", "-a", "-f", "-i", "-e", path, NULL};
    const char *llvm[] = {"llvm-symbolizer",
                          "--output-style=GNU",
                          "-a",
                          "-i",
                          "-f=linkage",
                          "--no-demangle",
                          "-e",
                          path,
                          NULL};
    static struct answers answers;
    struct tally tally = {0};
    struct buffer out;
    struct symbols *symbols = sample_symbols(sample->sources, NULL);
    struct symbols_object *object = symbols_open(symbols, path);
    cr_assert_eq(symbols_object_detail(object), SYMBOLS_LINES, "%s", symbols_object_why(object));
    cr_expect_null(symbols_object_why(object));
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    cr_assert(sample_run(sample->sources, tool == ADDR2LINE ? binutils : llvm, list, &out));
    answers.tool = tool;
    for (char *text = out.data; take_answers(&answers, &text);) {
        struct symbols_place place;
        symbols_find(symbols, object, strtoull(answers.address, NULL, 16), &place);
        check_address(sample, &place, &answers, &tally);
    }
    buffer_release(&out);
    symbols_free(symbols);
    return tally;
}

static void compare_build(const struct sample *sample, const struct build *build, enum tool tool)
{
    struct buffer list;
    buffer_init(&list, SAMPLE_OUTPUT_MAX);
    list_addresses(sample, sample_path(sample, "program"), &list);
    struct tally tally = compare(sample, sample_path(sample, "program"), buffer_text(&list), tool);
    cr_expect_gt(tally.lines, 250, "%s: %zu lines only", build->name, tally.lines);
    if (strstr(build->name, "O0") == NULL)
        cr_expect_gt(tally.inlined, 50, "%s: %zu inlined only", build->name, tally.inlined);
    cr_expect_eq(tally.bad, 0, "%s: %zu of %zu differ from %s", build->name, tally.bad,
                 tally.addresses, tool_names[tool]);
    buffer_release(&list);
}

ParameterizedTestParameters(symbols, names_are_those_of_other_tools)
{
    static struct build cases[COUNT_OF(builds)];
    memcpy(cases, builds, sizeof builds);
    return cr_make_param_array(struct build, cases, COUNT_OF(cases));
}

ParameterizedTest(struct build *build, symbols, names_are_those_of_other_tools, .timeout = 300)
{
    struct sample sample;
    sample_open(&sample);
    bool compiled = compile(&sample, build);
    for (enum tool tool = ADDR2LINE; compiled && tool < TOOL_COUNT; tool++)
        if ((build->wrong & 1U << tool) == 0 && sample_has(&sample, tool_names[tool]))
            compare_build(&sample, build, tool);
    sample_close(&sample);
    if (!compiled)
        cr_skip("%s cannot build it like that", build->compiler);
}

/* --- the same code, its DWARF in another form or place --------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_place(const struct symbols_place *a, const struct symbols_place *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_text(a->frames[i].function, b->frames[i].function) &&
               same_text(a->frames[i].file, b->frames[i].file) &&
               a->frames[i].line == b->frames[i].line && a->frames[i].own == b->frames[i].own;
    return same;
}

/* Every place of `plain`, whose names were compared above, has the same in `other`. */
static void expect_same(const struct sample *sample, const char *plain, const char *other)
{
    struct symbols *symbols = sample_symbols(sample->sources, NULL);
    struct symbols_object *known = symbols_open(symbols, plain);
    struct symbols_object *object = symbols_open(symbols, other);
    struct buffer list;
    size_t differing = 0, own = 0;
    buffer_init(&list, SAMPLE_OUTPUT_MAX);
    list_addresses(sample, plain, &list);
    cr_expect_eq(symbols_object_detail(object), SYMBOLS_LINES, "%s: %s", other,
                 symbols_object_why(object));
    cr_expect_null(symbols_object_why(object));
    for (char *text = list.data, *line; (line = take_line(&text)) != NULL;) {
        struct symbols_place a, b;
        uint64_t address = strtoull(line, NULL, 16);
        symbols_find(symbols, known, address, &a);
        symbols_find(symbols, object, address, &b);
        differing += !same_place(&a, &b);
        own += a.count > 0 && a.frames[0].own;
    }
    cr_expect_gt(own, 250);
    cr_expect_eq(differing, 0, "%s: %zu places differ", other, differing);
    buffer_release(&list);
    symbols_free(symbols);
}

static bool compile_c(const struct sample *sample, const char *name, const char *flag)
{
    return sample_do(sample, "gcc", "-O2", "-g", flag, "shapes.c", "print.c", "-o",
                     sample_path(sample, name), "-dumpdir", sample_path(sample, ""), NULL);
}

/* The options only change .debug sections: the code of both programs is the same. */
Test(symbols, other_forms_say_the_same)
{
    static const char *const flags[] = {"-gdwarf64", "-gsplit-dwarf", "-gz=zlib", "-gz=zlib-gnu"};
    struct sample sample;
    sample_open(&sample);
    cr_assert(compile_c(&sample, "plain", "-g"));
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (compile_c(&sample, "other", flags[i]))
            expect_same(&sample, sample_path(&sample, "plain"), sample_path(&sample, "other"));
    sample_close(&sample);
}

/* "program" without its DWARF, which is in "program.debug", and "plain" that has it. */
static void strip_apart(const struct sample *sample, const char *flag)
{
    cr_assert(compile_c(sample, "plain", flag));
    cr_assert(sample_do(sample, "objcopy", "--only-keep-debug", sample_path(sample, "plain"),
                        sample_path(sample, "program.debug"), NULL));
    cr_assert(sample_do(sample, "objcopy", "--strip-all", "--add-gnu-debuglink",
                        sample_path(sample, "program.debug"), sample_path(sample, "plain"),
                        sample_path(sample, "program"), NULL));
}

Test(symbols, a_separate_debug_file_is_found_by_its_link)
{
    static const char *const flags[] = {"-Wl,--build-id", "-Wl,--build-id=none"};
    struct sample sample;
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        sample_open(&sample);
        strip_apart(&sample, flags[i]);
        expect_same(&sample, sample_path(&sample, "plain"), sample_path(&sample, "program"));
        cr_assert_eq(mkdir(sample_path(&sample, ".debug"), 0755), 0);
        cr_assert_eq(rename(sample_path(&sample, "program.debug"),
                            sample_path(&sample, ".debug/program.debug")),
                     0);
        expect_same(&sample, sample_path(&sample, "plain"), sample_path(&sample, "program"));
        sample_close(&sample);
    }
}

/* dwz moves what several files have in common to one that all of them name. */
Test(symbols, a_shared_debug_file_is_found)
{
    struct sample sample;
    sample_open(&sample);
    bool has_dwz = sample_has(&sample, "dwz");
    if (has_dwz) {
        cr_assert(compile_c(&sample, "plain", "-g"));
        cr_assert(compile_c(&sample, "a", "-g") && compile_c(&sample, "b", "-g"));
        cr_assert(sample_do(&sample, "dwz", "-m", sample_path(&sample, "common"),
                            sample_path(&sample, "a"), sample_path(&sample, "b"), NULL));
        expect_same(&sample, sample_path(&sample, "plain"), sample_path(&sample, "a"));
        cr_assert_eq(unlink(sample_path(&sample, "common")), 0);
        struct symbols *symbols = sample_symbols(sample.sources, NULL);
        struct symbols_object *object = symbols_open(symbols, sample_path(&sample, "a"));
        cr_expect_not_null(strstr(symbols_object_why(object), "/common, which is not there"));
        symbols_free(symbols);
    }
    sample_close(&sample);
    if (!has_dwz)
        cr_skip("dwz is not installed");
}

/* What the linker dropped begins at the address 0, where the line table then puts 256 steps of
 * `dropped`: none of them is a line of the start-up code, which has none. */
Test(symbols, what_the_linker_dropped_names_nothing)
{
    struct sample sample;
    uint64_t start, size;
    sample_open(&sample);
    cr_assert(sample_do(&sample, "gcc", "-O0", "-g", "-ffunction-sections", "-Wl,--gc-sections",
                        "shapes.c", "print.c", "-o", sample_path(&sample, "program"), NULL));
    const char *program = sample_path(&sample, "program");
    cr_assert_not(sample_symbol(&sample, program, "dropped", &start, &size));
    cr_assert(sample_symbol(&sample, program, "_start", &start, &size));
    struct symbols *symbols = sample_symbols(sample.sources, NULL);
    struct symbols_object *object = symbols_open(symbols, program);
    for (uint64_t i = 0; i < size; i++) {
        struct profile_frame frame = sample_find(symbols, object, start + i);
        cr_expect_str_eq(frame.function, "_start");
        cr_expect_null(frame.file);
    }
    cr_assert(sample_symbol(&sample, program, "complain", &start, &size));
    for (uint64_t i = 0; i < size; i++)
        cr_expect_str_eq(sample_find(symbols, object, start + i).function, "complain");
    symbols_free(symbols);
    sample_close(&sample);
}
