/* Reading callgrind's dumps. Expected figures are added up by hand from the files in
 * fixtures/callgrind (profile-manual and profile-compressed are after the examples of valgrind's
 * manual), or told by callgrind_annotate for a program that is compiled here. */
#include "rig/callgrind_dump.h"

#include "base/buffer.h"
#include "base/child.h"
#include "base/file.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TOLLGATE_SOURCE_DIR
#define TOLLGATE_SOURCE_DIR "."
#endif
#define FIXTURES TOLLGATE_SOURCE_DIR "/fixtures/callgrind"

TestSuite(callgrind_dump, .timeout = 120);

static struct callgrind_profile *new_profile(void)
{
    struct callgrind_profile *profile;
    struct error err = {0};
    cr_assert(callgrind_profile_new(&profile, &err), "%s", err.text);
    return profile;
}

/* ---- what was read, as text ------------------------------------------------------------------ */

struct rows {
    char *texts[64];
    size_t count;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *name_of(const struct callgrind_profile *profile, uint32_t string)
{
    const char *name = callgrind_profile_string(profile, string);
    return name != NULL ? name : "-";
}

static void add_row(struct rows *rows, const char *format, ...) PRINTF_LIKE(2, 3);
static void add_row(struct rows *rows, const char *format, ...)
{
    va_list arguments;
    cr_assert_lt(rows->count, COUNT_OF(rows->texts));
    va_start(arguments, format);
    cr_assert_gt(vasprintf(&rows->texts[rows->count++], format, arguments), 0);
    va_end(arguments);
}

/* "OBJECT FUNCTION FILE:LINE 0xADDRESS COUNT" a line, "... -> FUNCTION@ADDRESS FILE OBJECT CALLS
 * COST" a call; sorted. The buffer is the caller's to release. */
static void render(const struct callgrind_profile *profile, struct buffer *text)
{
    struct rows rows = {0};
    size_t contexts, lines, calls;
    const struct callgrind_context *context = callgrind_profile_contexts(profile, &contexts);
    const struct callgrind_line_cost *line = callgrind_profile_lines(profile, &lines);
    const struct callgrind_call_cost *call = callgrind_profile_calls(profile, &calls);
    for (size_t i = 0; i < lines; i++) {
        const struct callgrind_context *at = &context[line[i].context];
        add_row(&rows, "%s %s %s:%u 0x%" PRIx64 " %" PRIu64 "\n", name_of(profile, at->object),
                name_of(profile, at->function), name_of(profile, at->file), line[i].line,
                line[i].address, line[i].instructions);
    }
    for (size_t i = 0; i < calls; i++) {
        const struct callgrind_context *at = &context[call[i].context], *to = &context[call[i].to];
        add_row(&rows, "%s %s:%u 0x%" PRIx64 " -> %s@%" PRIx64 " %s %s %" PRIu64 " %" PRIu64 "\n",
                name_of(profile, at->function), name_of(profile, at->file), call[i].line,
                call[i].address, name_of(profile, to->function), call[i].to_address,
                name_of(profile, to->file), name_of(profile, to->object), call[i].calls,
                call[i].instructions);
    }
    qsort(rows.texts, rows.count, sizeof *rows.texts, by_text);
    buffer_init(text, 1U << 16);
    for (size_t i = 0; i < rows.count; i++) {
        buffer_append_string(text, rows.texts[i]);
        free(rows.texts[i]);
    }
}

/* ---- valid files ----------------------------------------------------------------------------- */

struct valid_case {
    char name[40];
    uint64_t total;
    char rows[1024];
};

ParameterizedTestParameters(callgrind_dump, valid)
{
    static struct valid_case cases[] = {
        {"profile-manual.out", 8200,
         "- func1 file1.c:51 0x0 1000\n"
         "- func2 file2.c:20 0x0 7000\n"
         "- main file1.c:16 0x0 200\n"
         "func1 file1.c:51 0x0 -> func2@0 file2.c - 2 3000\n"
         "main file1.c:16 0x0 -> func1@0 file1.c - 1 4000\n"
         "main file1.c:16 0x0 -> func2@0 file2.c - 3 4001\n"},
        {"profile-compressed.out", 820,
         "- func1 file1.c:51 0x0 100\n"
         "- func2 file2.c:20 0x0 700\n"
         "- main file1.c:16 0x0 20\n"
         "func1 file1.c:51 0x0 -> func2@0 file2.c - 2 300\n"
         "main file1.c:16 0x0 -> func1@0 file1.c - 1 400\n"
         "main file1.c:16 0x0 -> func2@0 file2.c - 3 400\n"},
        {"profile-relative.out", 1018,
         "/usr/lib/libx.so f x.c:0 0x0 3\n"
         "/usr/lib/libx.so f x.c:89 0x80001234 3\n"
         "/usr/lib/libx.so f x.c:89 0x80001238 1000\n"
         "/usr/lib/libx.so f x.c:90 0x80001234 1\n"
         "/usr/lib/libx.so f x.c:90 0x80001237 5\n"
         "/usr/lib/libx.so f x.c:91 0x80001238 6\n"},
        /* The first part counts system calls before instructions, the second leaves zeros out. */
        {"profile-two-parts.out", 125,
         "/bin/counted work counted.c:10 0x401008 4\n"
         "/bin/counted work counted.c:3 0x401000 80\n"
         "/bin/counted work counted.c:4 0x400ffc 1\n"
         "/bin/counted work counted.c:4 0x401004 40\n"},
        /* memcpy is called from the header's lines, the second time out of inner's. */
        {"profile-inlined.out", 66,
         "/bin/counted inner a.c:31 0x0 9\n"
         "/bin/counted outer a.c:10 0x0 5\n"
         "/bin/counted outer a.c:11 0x0 1\n"
         "/bin/counted outer list.h:7 0x0 5\n"
         "/lib/libc.so.6 memcpy -:0 0x0 46\n"
         "outer a.c:11 0x0 -> inner@0 a.c /bin/counted 1 12\n"
         "outer list.h:7 0x0 -> memcpy@0 - /lib/libc.so.6 2 40\n"
         "outer list.h:7 0x0 -> memcpy@0 list.h /bin/counted 1 6\n"},
        {"profile-jumps.out", 15,
         "/bin/counted f a.c:5 0x1000 4\n"
         "/bin/counted f a.c:6 0x1002 1\n"
         "/bin/counted f a.c:6 0x1005 8\n"
         "/bin/counted g b.c:90 0x2000 2\n"},
        /* The row after "calls=" is nothing that "+24 +6" counts from. */
        {"profile-active-call.out", 42,
         "/bin/counted serve loop.c:50 0x1000 10\n"
         "/bin/counted serve loop.c:56 0x1018 2\n"
         "/lib/libc.so.6 epoll_wait -:0 0x9000 30\n"
         "serve loop.c:55 0x1014 -> epoll_wait@9000 - /lib/libc.so.6 0 30\n"},
    };
    return cr_make_param_array(struct valid_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct valid_case *c, callgrind_dump, valid)
{
    char path[600];
    struct error err = {0};
    struct buffer text;
    struct callgrind_profile *profile = new_profile();
    snprintf(path, sizeof path, "%s/valid/%s", FIXTURES, c->name);
    cr_assert(callgrind_profile_read(profile, path, NULL, &err), "%s: %s", err.where, err.text);
    render(profile, &text);
    cr_expect_str_eq(buffer_text(&text), c->rows, "%s:\n%s", c->name, buffer_text(&text));
    cr_expect_eq(callgrind_profile_total(profile), c->total);
    buffer_release(&text);
    callgrind_profile_free(profile);
}

/* By another tool than callgrind, what "+24" adds to is the row before, whatever that was. */
Test(callgrind_dump, other_writers_count_from_the_row_of_the_call)
{
    static const char text[] = "positions: instr line\nevents: Ir\nfn=a\n0x1000 50 10\ncfn=b\n"
                               "calls=1 0x9000 0\n+20 +5 30\n+24 +6 2\n";
    struct callgrind_profile *profile = new_profile();
    size_t count;
    cr_assert(callgrind_profile_parse(profile, "x", text, sizeof text - 1, NULL, NULL));
    const struct callgrind_line_cost *lines = callgrind_profile_lines(profile, &count);
    cr_assert_eq(count, 2);
    cr_expect_eq(lines[1].address, 0x1000 + 20 + 24);
    cr_expect_eq(lines[1].line, 50 + 5 + 6);
    callgrind_profile_free(profile);
}

Test(callgrind_dump, functions_of_one_name_in_two_files_are_two)
{
    static const char text[] =
        "events: Ir\nob=o\nfl=a.c\nfn=f\nfi=h\n7 1\nfl=b.c\nfn=f\nfi=h\n7 1\n";
    struct callgrind_profile *profile = new_profile();
    size_t count;
    cr_assert(callgrind_profile_parse(profile, "x", text, sizeof text - 1, NULL, NULL));
    callgrind_profile_lines(profile, &count);
    cr_expect_eq(count, 2);
    callgrind_profile_free(profile);
}

Test(callgrind_dump, files_add_up_and_clear_keeps_the_numbers)
{
    struct callgrind_profile *profile = new_profile();
    size_t first, count, contexts;
    bool cut;
    const char *path = FIXTURES "/valid/profile-inlined.out";
    cr_assert(callgrind_profile_read(profile, path, &cut, NULL));
    cr_expect_not(cut);
    callgrind_profile_lines(profile, &first);
    callgrind_profile_contexts(profile, &contexts);
    cr_assert(callgrind_profile_read(profile, path, &cut, NULL));
    const struct callgrind_line_cost *lines = callgrind_profile_lines(profile, &count);
    cr_expect_eq(count, first);
    cr_expect_eq(callgrind_profile_sum(profile), 2 * 66);
    cr_expect_eq(callgrind_profile_total(profile), 2 * 66);
    uint32_t context = lines[0].context;
    callgrind_profile_clear(profile);
    callgrind_profile_lines(profile, &count);
    cr_expect_eq(count, 0);
    cr_expect_eq(callgrind_profile_sum(profile), 0);
    cr_assert(callgrind_profile_read(profile, path, &cut, NULL));
    lines = callgrind_profile_lines(profile, &count);
    cr_expect_eq(count, first);
    cr_expect_eq(lines[0].context, context);
    callgrind_profile_contexts(profile, &count);
    cr_expect_eq(count, contexts);
    callgrind_profile_free(profile);
}

/* Places in any order, far apart and often: what comes out is what went in, added up. */
Test(callgrind_dump, a_hundred_thousand_places)
{
    enum { PLACES = 100000, TIMES = 3 };
    struct buffer text;
    struct callgrind_profile *profile = new_profile();
    buffer_init(&text, 1U << 26);
    buffer_append_string(&text, "positions: instr line\nevents: Ir\nfn=f\n");
    for (uint64_t i = 0; i < (uint64_t)TIMES * PLACES; i++) {
        uint64_t place = i * 7919 % PLACES; /* 7919 is prime: each once in PLACES */
        buffer_append_format(&text, "0x%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", place * 4 + 4096,
                             place / 3, place + 1);
    }
    cr_assert(callgrind_profile_parse(profile, "x", text.data, text.length, NULL, NULL));
    size_t count;
    const struct callgrind_line_cost *lines = callgrind_profile_lines(profile, &count);
    cr_assert_eq(count, PLACES);
    for (size_t i = 0; i < count; i++) {
        uint64_t place = (lines[i].address - 4096) / 4;
        cr_assert_eq(lines[i].line, place / 3);
        cr_assert_eq(lines[i].instructions, TIMES * (place + 1));
    }
    buffer_release(&text);
    callgrind_profile_free(profile);
}

/* ---- files that are refused, and files that were cut off ------------------------------------ */

struct refusal {
    char name[40];
    unsigned row;
    char text[64];
};

static const struct refusal refusals[] = {
    {"address-too-large", 4, "expected a position"},
    {"below-zero", 4, "expected a position"},
    {"calls-nowhere", 4, "expected a position"},
    {"calls-too-large", 7, "too many to be true"},
    {"calls-word", 4, "expected the number of calls"},
    {"empty-hex", 3, "expected at most one number for each event"},
    {"figures-first", 3, "figures came before the names of the events"},
    {"garbage", 4, "not a row of the callgrind format"},
    {"line-too-large", 3, "the line number is too large"},
    {"no-positions", 1, "no positions are named"},
    {"not-a-number", 3, "expected at most one number for each event"},
    {"nul", 2, "a name with a NUL"},
    {"open-bracket", 2, "expected \"(number)\""},
    {"other-headers", 2, "this is no dump of callgrind"},
    {"other-text", 1, "not a row of the callgrind format"},
    {"position-missing", 4, "expected a position"},
    {"positions-order", 1, "positions are \"instr\""},
    {"sum-too-large", 4, "too many to be true"},
    {"too-large", 3, "expected at most one number for each event"},
    {"too-many-events", 1, "more events than callgrind has"},
    {"too-many-figures", 3, "expected at most one number for each event"},
    {"totals-first", 2, "figures came before the names of the events"},
    {"unknown-number", 2, "this number was given no name before"},
    {"version-2", 2, "version 2 of the callgrind format; this tollgate reads 1"},
    {"version-word", 1, "expected the number of the format's version"},
    {"without-ir", 2, "instructions (Ir) are not among its events"},
};

ParameterizedTestParameters(callgrind_dump, refuse)
{
    static struct refusal cases[COUNT_OF(refusals)];
    memcpy(cases, refusals, sizeof refusals);
    return cr_make_param_array(struct refusal, cases, COUNT_OF(cases));
}

ParameterizedTest(struct refusal *each, callgrind_dump, refuse)
{
    char path[600], where[640];
    struct error err = {0};
    bool cut;
    struct callgrind_profile *profile = new_profile();
    snprintf(path, sizeof path, "%s/invalid/profile-%s.out", FIXTURES, each->name);
    snprintf(where, sizeof where, "%s:%u", path, each->row);
    cr_expect_not(callgrind_profile_read(profile, path, &cut, &err), "%s was taken", each->name);
    cr_expect_eq(err.code, ERROR_INPUT);
    cr_expect_str_eq(err.where, where, "%s: said %s: %s", each->name, err.where, err.text);
    cr_expect(strstr(err.text, each->text) != NULL, "%s: said: %s", each->name, err.text);
    callgrind_profile_free(profile);
}

Test(callgrind_dump, every_invalid_file_has_its_words_here)
{
    size_t count = 0;
    DIR *folder = opendir(FIXTURES "/invalid");
    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strncmp(entry->d_name, "profile-", 8) == 0;
    closedir(folder);
    cr_expect_eq(count, COUNT_OF(refusals));
}

Test(callgrind_dump, a_file_that_is_not_there)
{
    struct error err = {0};
    struct callgrind_profile *profile = new_profile();
    cr_expect_not(callgrind_profile_read(profile, "/nonexistent/cg.1", NULL, &err));
    cr_expect_eq(err.code, ERROR_IO);
    callgrind_profile_free(profile);
}

/* Of callgrind's own dumps every cut is seen, wherever it was made; what came before it is
 * there. */
Test(callgrind_dump, every_cut_is_seen)
{
    static const char *const names[] = {"profile-active-call.out", "profile-inlined.out"};
    for (size_t file = 0; file < COUNT_OF(names); file++) {
        char path[600];
        struct buffer text;
        buffer_init(&text, 1U << 16);
        snprintf(path, sizeof path, "%s/valid/%s", FIXTURES, names[file]);
        cr_assert(file_read(path, &text, NULL));
        struct callgrind_profile *profile = new_profile();
        uint64_t last = 0;
        for (size_t size = 0; size < text.length; size++) {
            struct error err = {0};
            bool cut = false;
            char *copy = malloc(size + 1); /* exact, so that a reader past the end is seen */
            cr_assert_not_null(copy);
            memcpy(copy, text.data, size);
            callgrind_profile_clear(profile);
            /* Before "# callgrind format" is complete it might be anything. */
            if (callgrind_profile_parse(profile, "cut", copy, size, &cut, &err))
                cr_expect(cut, "%s cut at %zu", names[file], size);
            else
                cr_expect_lt(size, 19, "%s cut at %zu: %s", names[file], size, err.text);
            cr_expect_geq(callgrind_profile_sum(profile), last);
            last = callgrind_profile_sum(profile);
            cr_expect_not(callgrind_profile_parse(profile, "cut", copy, size, NULL, &err));
            cr_expect_eq(err.code, ERROR_INPUT);
            free(copy);
        }
        cr_expect_gt(last, 0);
        callgrind_profile_free(profile);
        buffer_release(&text);
    }
}

Test(callgrind_dump, a_part_without_its_end_is_seen_behind_a_whole_one)
{
    static const char text[] = "version: 1\ncreator: callgrind-3.19.0\nevents: Ir\nsummary: 9\n"
                               "fn=f\n1 2\nevents: Ir\nfn=f\n1 2\ntotals: 2\n";
    bool cut = false;
    struct callgrind_profile *profile = new_profile();
    cr_assert(callgrind_profile_parse(profile, "x", text, sizeof text - 1, &cut, NULL));
    cr_expect(cut);
    cr_expect_eq(callgrind_profile_sum(profile), 4);
    /* The first part's own word, the second's total: 7 are missing. */
    cr_expect_eq(callgrind_profile_total(profile), 11);
    callgrind_profile_free(profile);
}

Test(callgrind_dump, the_nth_allocation_fails)
{
    struct buffer text;
    struct error err = {0};
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    buffer_init(&text, 1U << 16);
    cr_assert(file_read(FIXTURES "/valid/profile-inlined.out", &text, &err));
    /* Enough to make every table grow. */
    for (unsigned i = 0; i < 200; i++)
        buffer_append_format(&text, "fl=f%u\nfn=(%u) g%u\n%u 1\ncfn=g%u\ncalls=1 1\n%u 7\n", i,
                             i + 10, i, i * 64, i + 1, i);
    long n = 0;
    for (bool ok = false; !ok; n++) {
        struct callgrind_profile *profile = NULL;
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = callgrind_profile_new(&profile, &err) &&
             callgrind_profile_parse(profile, "x", text.data, text.length, NULL, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
        callgrind_profile_free(profile);
    }
    cr_expect_gt(n, 20);
    buffer_release(&text);
}

/* ---- against callgrind_annotate -------------------------------------------------------------- */

static const char program[] =
    "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    "static inline __attribute__((always_inline)) int twice(int n) { return n > 3 ? 2 * n : n; }\n"
    "static int by_value(const void *a, const void *b)\n"
    "{\n    return *(const int *)a - *(const int *)b;\n}\n"
    "static int walk(int n) { return n < 2 ? n : walk(n - 1) + walk(n - 2); }\n"
    "int main(void)\n{\n    int values[300];\n    for (int i = 0; i < 300; i++)\n"
    "        values[i] = twice(i * 37 % 300) + walk(i % 9);\n"
    "    qsort(values, 300, sizeof *values, by_value);\n"
    "    char *text = malloc(5000);\n    memset(text, values[7], 5000);\n"
    "    printf(\"%d %d\\n\", values[0], text[12]);\n    free(text);\n    return 0;\n}\n";

static bool run_program(const char *const *arguments, struct buffer *out)
{
    struct child_options options = {.arguments = arguments, .cpu = -1, .folder = "/"};
    struct child_status status = {0};
    struct buffer errors;
    struct error err = {0};
    buffer_init(&errors, 1U << 20);
    bool ok = child_run(&options, 100000, NULL, out, &errors, &status, &err);
    buffer_release(&errors);
    return ok && !status.signalled && status.code == 0;
}

/* What we have for a line of callgrind_annotate's, "FILE:FUNCTION" or "FILE:FUNCTION [OBJECT]". */
static uint64_t find_sum(const struct callgrind_profile *profile, const char *file,
                         const char *function)
{
    size_t count, contexts;
    uint64_t sum = 0;
    const struct callgrind_line_cost *lines = callgrind_profile_lines(profile, &count);
    const struct callgrind_context *context = callgrind_profile_contexts(profile, &contexts);
    for (size_t i = 0; i < count; i++) {
        const char *name = callgrind_profile_string(profile, context[lines[i].context].function);
        const char *in = callgrind_profile_string(profile, context[lines[i].context].file);
        if (strcmp(name != NULL ? name : "???", function) == 0 &&
            strcmp(in != NULL ? in : "???", file) == 0)
            sum += lines[i].instructions;
    }
    return sum;
}

/* Compares each "    1,234 (12.3%)  FILE:FUNCTION [OBJECT]"; returns the sum of them. */
static uint64_t compare_functions(const struct callgrind_profile *profile, char *text,
                                  size_t *count)
{
    char *rest = NULL;
    uint64_t total = 0;
    bool listed = false;
    for (char *row = strtok_r(text, "\n", &rest); row != NULL; row = strtok_r(NULL, "\n", &rest)) {
        uint64_t told = 0;
        char *at = row;
        if (strstr(row, "file:function") != NULL)
            listed = true;
        char *name = strstr(row, ")  ");
        if (!listed || name == NULL || strstr(row, "PROGRAM TOTALS") != NULL)
            continue;
        for (; *at != '(' && at < name; at++)
            told = *at >= '0' && *at <= '9' ? told * 10 + (uint64_t)(*at - '0') : told;
        name += 3;
        char *object = strstr(name, " [/");
        object = object != NULL ? object : strstr(name, " [???]");
        if (object != NULL)
            *object = '\0';
        char *colon = strrchr(name, ':');
        cr_assert_not_null(colon, "%s", row);
        *colon = '\0';
        cr_expect_eq(find_sum(profile, name, colon + 1), told, "%s %s: %" PRIu64 " for %" PRIu64,
                     name, colon + 1, find_sum(profile, name, colon + 1), told);
        total += told;
        (*count)++;
    }
    return total;
}

static void compare_dump(const char *folder, const char *instr_option)
{
    char path[400], option[440], binary[400];
    struct buffer out;
    size_t count = 0;
    struct error err = {0};
    buffer_init(&out, 1U << 24);
    snprintf(path, sizeof path, "%s/dump", folder);
    snprintf(binary, sizeof binary, "%s/program", folder);
    snprintf(option, sizeof option, "--callgrind-out-file=%s", path);
    const char *const count_it[] = {
        "valgrind", "-q", "--tool=callgrind", instr_option, "--dump-line=yes", option,
        binary,     NULL};
    const char *const annotate[] = {
        "callgrind_annotate", "--threshold=100", "--auto=no", "--show=Ir", path, NULL};
    struct callgrind_profile *profile = new_profile();
    cr_assert(run_program(count_it, &out));
    buffer_clear(&out);
    cr_assert(run_program(annotate, &out));
    cr_assert(callgrind_profile_read(profile, path, NULL, &err), "%s: %s", err.where, err.text);
    cr_expect_eq(callgrind_profile_sum(profile), callgrind_profile_total(profile));
    cr_expect_eq(compare_functions(profile, out.data, &count), callgrind_profile_total(profile));
    cr_expect_gt(count, 50, "%zu functions", count);
    callgrind_profile_free(profile);
    buffer_release(&out);
}

Test(callgrind_dump, functions_add_up_to_what_callgrind_annotate_says)
{
    char folder[] = "/tmp/tollgate-dump-XXXXXX", source[400], binary[400];
    static const char *const valgrind[] = {"valgrind", "--version", NULL};
    struct error err = {0};
    struct buffer ignored;
    buffer_init(&ignored, 1U << 20);
    if (!run_program(valgrind, &ignored))
        cr_skip_test("no valgrind");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(source, sizeof source, "%s/program.c", folder);
    snprintf(binary, sizeof binary, "%s/program", folder);
    cr_assert(file_write_atomic(source, program, sizeof program - 1, &err), "%s", err.text);
    const char *const compile[] = {"cc", "-O2", "-g", "-o", binary, source, NULL};
    if (!run_program(compile, &ignored)) {
        cr_skip_test("no compiler");
    } else {
        compare_dump(folder, "--dump-instr=yes");
        compare_dump(folder, "--dump-instr=no");
    }
    buffer_release(&ignored);
    cr_assert(file_remove_tree(folder, &err), "%s", err.text);
}
