/* What a file lacks is said, and what can be said still is: stripped, built without -g, a debug
 * file of another build, damaged in any way. */
#include "symbols_sample.h"

#include "base/random.h"

#include <fcntl.h>
#include <sys/stat.h>

TestSuite(symbols_why, .timeout = 300);

static void expect_why(struct symbols *symbols, const char *path, enum symbols_detail detail,
                       const char *words)
{
    struct symbols_object *object = symbols_open(symbols, path);
    const char *why = symbols_object_why(object);
    cr_expect_eq(symbols_object_detail(object), detail, "%s: %d", path,
                 (int)symbols_object_detail(object));
    cr_expect(why != NULL && strstr(why, words) != NULL, "%s: said: %s", path, why);
    cr_expect(why != NULL && strstr(why, path) != NULL, "names no file: %s", why);
    cr_expect_eq(symbols_open(symbols, path), object);
}

Test(symbols_why, no_program)
{
    struct sample sample;
    struct symbols_place place;
    sample_open(&sample);
    struct symbols *symbols = sample_symbols(sample.sources, NULL);
    expect_why(symbols, "/nowhere/program", SYMBOLS_NOTHING, "No such file");
    expect_why(symbols, sample.folder, SYMBOLS_NOTHING, "is not a file");
    expect_why(symbols, "/dev/zero", SYMBOLS_NOTHING, "is not a file");
    const char *script = sample_path(&sample, "script");
    struct error err = {0};
    cr_assert(file_write_atomic(script, "#!/bin/sh\n", 10, &err));
    expect_why(symbols, script, SYMBOLS_NOTHING, "is not an ELF program");
    const char *empty = sample_path(&sample, "empty");
    cr_assert(file_write_atomic(empty, "", 0, &err));
    expect_why(symbols, empty, SYMBOLS_NOTHING, "is not an ELF program");
    struct symbols_object *object = symbols_open(symbols, script);
    cr_expect_str_eq(symbols_object_name(object), "script");
    symbols_find(symbols, object, 0x1234, &place);
    cr_expect_eq(place.count, 0);
    cr_expect_str_eq(place.frames[0].object, "script");
    cr_expect_null(place.frames[0].function);
    symbols_free(symbols);
    sample_close(&sample);
}

static void build(const struct sample *sample, const char *name, const char *flag)
{
    cr_assert(sample_do(sample, "gcc", "-O1", flag, "-rdynamic", "shapes.c", "print.c", "-o",
                        sample_path(sample, name), NULL));
}

/* Functions as nm has them, lines none. */
Test(symbols_why, built_without_g)
{
    struct sample sample;
    uint64_t address, size;
    sample_open(&sample);
    build(&sample, "plain", "-g0");
    const char *plain = sample_path(&sample, "plain");
    struct symbols *symbols = sample_symbols(sample.sources, NULL);
    expect_why(symbols, plain, SYMBOLS_FUNCTIONS, "built without -g");
    struct symbols_object *object = symbols_open(symbols, plain);
    static const char *const names[] = {"main", "total_of", "print_shapes", "by_area", "_start"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        cr_assert(sample_symbol(&sample, plain, names[i], &address, &size), "%s", names[i]);
        for (uint64_t at = address; at < address + size; at++) {
            struct profile_frame frame = sample_find(symbols, object, at);
            cr_expect_str_eq(frame.function, names[i]);
            cr_expect_null(frame.file);
            cr_expect_eq(frame.line, 0);
            cr_expect_not(frame.own);
        }
    }
    symbols_free(symbols);
    sample_close(&sample);
}

Test(symbols_why, stripped)
{
    struct sample sample;
    uint64_t address, local, size;
    sample_open(&sample);
    build(&sample, "plain", "-g");
    const char *plain = sample_path(&sample, "plain"), *bare = sample_path(&sample, "bare");
    cr_assert(sample_do(&sample, "strip", "-o", bare, plain, NULL));
    struct symbols *symbols = sample_symbols(sample.sources, NULL);
    expect_why(symbols, bare, SYMBOLS_EXPORTS, "is stripped: build it with -g");
    cr_expect_not_null(strstr(symbols_object_why(symbols_open(symbols, bare)), "(build id "));
    cr_assert(sample_symbol(&sample, plain, "total_of", &address, &size));
    cr_assert(sample_symbol(&sample, plain, "by_area", &local, &size));
    struct symbols_object *object = symbols_open(symbols, bare);
    cr_expect_str_eq(sample_find(symbols, object, address).function, "total_of");
    cr_expect_null(sample_find(symbols, object, local).function, "by_area is not exported");
    symbols_free(symbols);
    sample_close(&sample);
}

/* The stubs that objdump names. */
Test(symbols_why, stubs_have_names)
{
    struct sample sample;
    struct buffer out;
    size_t stubs = 0;
    sample_open(&sample);
    build(&sample, "plain", "-g");
    const char *plain = sample_path(&sample, "plain");
    const char *words[] = {"objdump", "-d", "--no-show-raw-insn", plain, NULL};
    struct symbols *symbols = sample_symbols(sample.sources, NULL);
    struct symbols_object *object = symbols_open(symbols, plain);
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    cr_assert(sample_run(sample.sources, words, NULL, &out));
    for (const char *line = out.data; line != NULL && *line != '\0';) {
        unsigned long long at;
        char name[256];
        if (sscanf(line, "%llx <%255[^>]>:", &at, name) == 2 &&
            strcmp(strchrnul(name, '@'), "@plt") == 0) {
            const char *function = sample_find(symbols, object, at + 4).function;
            cr_expect(function != NULL && strcmp(function, name) == 0, "%s: %s", name, function);
            stubs++;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    if (strcmp(sample_machine(), "x86_64") == 0)
        cr_expect_gt(stubs, 2);
    buffer_release(&out);
    symbols_free(symbols);
    sample_close(&sample);
}

/* The debug file is there, but of a program with one option more. */
Test(symbols_why, debug_file_of_another_build)
{
    static const char *const flags[] = {"-Wl,--build-id", "-Wl,--build-id=none"};
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        struct sample sample;
        sample_open(&sample);
        const char *program = sample_path(&sample, "program");
        cr_assert(sample_do(&sample, "gcc", "-O1", "-g", flags[i], "shapes.c", "print.c", "-o",
                            program, NULL));
        cr_assert(sample_do(&sample, "objcopy", "--only-keep-debug", program,
                            sample_path(&sample, "program.debug"), NULL));
        cr_assert(sample_do(&sample, "objcopy", "--strip-debug", "--add-gnu-debuglink",
                            sample_path(&sample, "program.debug"), program, NULL));
        cr_assert(sample_do(&sample, "gcc", "-O2", "-g", flags[i], "shapes.c", "print.c", "-o",
                            sample_path(&sample, "program.debug"), NULL));
        struct symbols *symbols = sample_symbols(sample.sources, NULL);
        expect_why(symbols, program, SYMBOLS_FUNCTIONS, "belongs to another build");
        symbols_free(symbols);
        sample_close(&sample);
    }
}

/* A libdw that can read it says nothing; one that cannot says how to build. */
Test(symbols_why, compressed_otherwise)
{
    struct sample sample;
    sample_open(&sample);
    const char *program = sample_path(&sample, "program");
    bool built =
        sample_do(&sample, "gcc", "-O1", "-g", "shapes.c", "print.c", "-o", program, NULL) &&
        sample_do(&sample, "objcopy", "--compress-debug-sections=zstd", program, NULL);
    if (built) {
        struct symbols *symbols = sample_symbols(sample.sources, NULL);
        struct symbols_object *object = symbols_open(symbols, program);
        if (symbols_object_detail(object) == SYMBOLS_LINES)
            cr_expect_null(symbols_object_why(object));
        else
            expect_why(symbols, program, SYMBOLS_FUNCTIONS, "-gz=zlib");
        symbols_free(symbols);
    }
    sample_close(&sample);
    if (!built)
        cr_skip("binutils cannot compress with zstd");
}

static void read_program(const struct sample *sample, const char *path, struct buffer *out)
{
    struct error err = {0};
    cr_assert(sample_do(sample, "gcc", "-O2", "-g", "shapes.c", "print.c", "-o", path, NULL));
    buffer_init(out, SAMPLE_OUTPUT_MAX);
    cr_assert(file_read(path, out, &err), "%s", err.text);
}

/* Asks for addresses all over; what comes of it is bounded and made of whole strings. */
static void ask_everywhere(struct symbols *symbols, struct symbols_object *object)
{
    for (uint64_t address = 0; address < 0x6000; address += 7) {
        struct symbols_place place;
        symbols_find(symbols, object, address, &place);
        cr_assert_leq(place.count, SYMBOLS_FRAMES_MAX);
        for (size_t i = 0; i < place.count; i++)
            cr_assert(place.frames[i].function == NULL || place.frames[i].function[0] != '\0');
    }
}

static void survive(const struct sample *sample, const char *name, const char *data, size_t size)
{
    struct error err = {0};
    struct arena arena;
    struct source_tree tree;
    const char *path = sample_path(sample, name);
    cr_assert(file_write_atomic(path, data, size, &err), "%s", err.text);
    struct symbols *symbols = sample_symbols(sample->sources, NULL);
    struct symbols_object *object = symbols_open(symbols, path);
    ask_everywhere(symbols, object);
    arena_init(&arena);
    cr_assert(symbols_read_sources(symbols, &object, 1, &arena, &tree, &err), "%s", err.text);
    if (symbols_object_detail(object) != SYMBOLS_LINES)
        cr_expect_not_null(symbols_object_why(object));
    arena_release(&arena);
    symbols_free(symbols);
}

Test(symbols_why, cut_short)
{
    struct sample sample;
    struct buffer whole;
    sample_open(&sample);
    read_program(&sample, sample_path(&sample, "whole"), &whole);
    for (size_t i = 0; i < 200; i++)
        survive(&sample, "cut", whole.data, whole.length * i / 200);
    struct symbols *symbols = sample_symbols(sample.sources, NULL);
    expect_why(symbols, sample_path(&sample, "cut"), SYMBOLS_NOTHING, "is cut short");
    symbols_free(symbols);
    buffer_release(&whole);
    sample_close(&sample);
}

/* Bytes overwritten anywhere, a few or many. */
Test(symbols_why, damaged)
{
    struct sample sample;
    struct buffer whole;
    struct random random;
    sample_open(&sample);
    read_program(&sample, sample_path(&sample, "whole"), &whole);
    random_seed(&random, 4);
    char *data = malloc(whole.length);
    cr_assert_not_null(data);
    for (size_t round = 0; round < 300; round++) {
        memcpy(data, whole.data, whole.length);
        for (uint64_t i = random_below(&random, 1 + 4 * (round % 64)) + 1; i > 0; i--)
            data[random_below(&random, whole.length)] = (char)random_next(&random);
        survive(&sample, "damaged", data, whole.length);
    }
    free(data);
    buffer_release(&whole);
    sample_close(&sample);
}

/* Small programs made once from fixtures/symbols/seed.c; the places are what addr2line says. */
Test(symbols_why, small_programs)
{
    static const char *const names[] = {"valid/dwarf4.elf", "valid/dwarf5.elf"};
    struct sample sample;
    sample_open(&sample);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[2 * PATH_MAX];
        struct symbols_place place;
        struct symbols *symbols = sample_symbols("/source", NULL);
        snprintf(path, sizeof path, "%s/%s", sample.sources, names[i]);
        struct symbols_object *object = symbols_open(symbols, path);
        cr_expect_eq(symbols_object_detail(object), SYMBOLS_LINES);
        cr_expect_null(symbols_object_why(object));
        symbols_find(symbols, object, 0x4000b4, &place);
        cr_assert_eq(place.count, 2);
        cr_expect_str_eq(place.frames[0].function, "folded");
        cr_expect_str_eq(place.frames[0].file, "seed.c");
        cr_expect_eq(place.frames[0].line, 16);
        cr_expect_str_eq(place.frames[1].function, "work");
        cr_expect_eq(place.frames[1].line, 26);
        cr_expect(place.frames[1].own);
        symbols_find(symbols, object, 0x4000e0, &place);
        cr_assert_eq(place.count, 1);
        cr_expect_str_eq(place.frames[0].function, "_start");
        cr_expect_eq(place.frames[0].line, 32);
        symbols_free(symbols);
    }
    sample_close(&sample);
}

/* A program cut off, and one whose names do not end where their section does. */
Test(symbols_why, small_programs_that_are_damaged)
{
    static const char *const names[] = {"invalid/truncated.elf", "invalid/unterminated-name.elf"};
    struct sample sample;
    sample_open(&sample);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[2 * PATH_MAX];
        struct buffer whole;
        struct error err = {0};
        snprintf(path, sizeof path, "%s/%s", sample.sources, names[i]);
        buffer_init(&whole, SAMPLE_OUTPUT_MAX);
        cr_assert(file_read(path, &whole, &err), "%s", err.text);
        survive(&sample, "damaged", whole.data, whole.length);
        buffer_release(&whole);
    }
    sample_close(&sample);
}
