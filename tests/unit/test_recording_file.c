/* Files of a recording: their names, when the next one begins, what a failed write leaves. */
#include "replay/recording_file.h"

#include "base/buffer.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

TestSuite(recording_file, .timeout = 60);

static const struct corpus_header header = {.source = "test"};

struct lab {
    char folder[64];
    char path[96];
    struct recording_files files;
    struct error err;
};

static void begin(struct lab *lab, uint64_t rotate_bytes)
{
    *lab = (struct lab){0};
    snprintf(lab->folder, sizeof lab->folder, "/tmp/tollgate-recording-XXXXXX");
    cr_assert_not_null(mkdtemp(lab->folder));
    snprintf(lab->path, sizeof lab->path, "%s/out.jsonl", lab->folder);
    cr_assert(recording_files_open(&lab->files, lab->path, rotate_bytes, &header, &lab->err), "%s",
              lab->err.text);
}

static void end(struct lab *lab)
{
    recording_files_release(&lab->files);
    cr_assert(file_remove_tree(lab->folder, NULL));
}

/* An exchange of which the line has some hundred bytes more than `size`. */
static bool add(struct lab *lab, const char *id, size_t size)
{
    char *body = malloc(size + 1);
    memset(body, 'x', size);
    struct exchange exchange = {.id = id,
                                .ts_ns = 1,
                                .authority = "",
                                .proto = "HTTP/1.1",
                                .request = {.method = "GET", .target = "/"},
                                .response = {.status = 200, .body = {body, size}},
                                .variant = "",
                                .weight = 1};
    error_clear(&lab->err);
    bool ok = recording_files_write(&lab->files, &exchange, NULL, &lab->err);
    free(body);
    return ok;
}

/* The ids in a file, joined; "-" when there is no such file, "?" when a line is not whole. */
static const char *ids_in(const struct lab *lab, const char *name)
{
    static char ids[200];
    char path[160];
    struct buffer text;
    buffer_init(&text, 64 * 1024 * 1024);
    snprintf(path, sizeof path, "%s/%s", lab->folder, name);
    snprintf(ids, sizeof ids, "%s", file_read(path, &text, NULL) ? "" : "-");
    for (const char *line = buffer_text(&text), *next; *line != '\0'; line = next) {
        const char *id = strstr(line, "\"id\":\"");
        size_t size = strcspn(line, "\n");
        next = line + size + (line[size] == '\n');
        if (line[size] != '\n')
            snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "?");
        else if (id != NULL && id < line + size)
            snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%.*s ",
                     (int)strcspn(id + 6, "\""), id + 6);
    }
    buffer_release(&text);
    return ids;
}

Test(recording_file, names)
{
    static const char *const cases[][3] = {
        {"corpus.jsonl", "corpus-2.jsonl", "corpus-10.jsonl"},
        {"a.b/corpus", "a.b/corpus-2", "a.b/corpus-10"},
        {"./.hidden", "./.hidden-2", "./.hidden-10"},
        {"x/a.b.jsonl", "x/a.b-2.jsonl", "x/a.b-10.jsonl"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *first = recording_file_numbered(cases[i][0], 1);
        char *second = recording_file_numbered(cases[i][0], 2);
        char *tenth = recording_file_numbered(cases[i][0], 10);
        cr_expect_str_eq(first, cases[i][0]);
        cr_expect_str_eq(second, cases[i][1]);
        cr_expect_str_eq(tenth, cases[i][2]);
        free(first);
        free(second);
        free(tenth);
    }
}

Test(recording_file, there_whole_when_it_is_closed)
{
    struct lab lab;
    begin(&lab, 0);
    cr_assert(add(&lab, "a", 10));
    cr_expect_str_eq(ids_in(&lab, "out.jsonl"), "-");
    cr_expect_str_eq(ids_in(&lab, "out.jsonl.part"), "a ", "at once, should we be killed");
    cr_assert(add(&lab, "b", 10));
    cr_assert(recording_files_close(&lab.files, &lab.err));
    cr_expect_str_eq(ids_in(&lab, "out.jsonl"), "a b ");
    cr_expect_str_eq(ids_in(&lab, "out.jsonl.part"), "-");
    end(&lab);
}

Test(recording_file, none_without_exchanges)
{
    struct lab lab;
    begin(&lab, 0);
    cr_assert(recording_files_close(&lab.files, &lab.err));
    cr_expect_eq(lab.files.count, 0);
    cr_expect_str_eq(ids_in(&lab, "out.jsonl"), "-");
    cr_expect_str_eq(ids_in(&lab, "out.jsonl.part"), "-");
    end(&lab);
}

/* The next file begins once one has the size; an exchange larger than it has one of its own. */
Test(recording_file, rotates_by_size)
{
    struct lab lab;
    begin(&lab, 1000);
    cr_assert(add(&lab, "a", 600)); /* below with header and fields */
    cr_assert(add(&lab, "b", 600)); /* reaches it */
    cr_assert(add(&lab, "c", 5000));
    cr_assert(add(&lab, "d", 10));
    cr_assert(recording_files_close(&lab.files, &lab.err));
    cr_expect_eq(lab.files.count, 3);
    cr_expect_str_eq(ids_in(&lab, "out.jsonl"), "a b ");
    cr_expect_str_eq(ids_in(&lab, "out-2.jsonl"), "c ");
    cr_expect_str_eq(ids_in(&lab, "out-3.jsonl"), "d ");
    end(&lab);
}

Test(recording_file, another_part_is_not_overwritten)
{
    struct lab lab;
    struct recording_files second;
    struct error err = {0};
    begin(&lab, 0);
    cr_assert(add(&lab, "a", 10));
    cr_expect_not(recording_files_open(&second, lab.path, 0, &header, &err));
    cr_expect_eq(err.code, ERROR_USAGE);
    cr_expect_str_eq(ids_in(&lab, "out.jsonl.part"), "a ");
    end(&lab);
}

/* As on a full disk: a write that does not fit is cut off, and what is there stays readable. */
Test(recording_file, a_line_that_does_not_fit_is_cut_off)
{
    struct lab lab;
    struct rlimit limit;
    begin(&lab, 0);
    cr_assert(add(&lab, "a", 1000));
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t most = limit.rlim_cur;
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = 20000;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_not(add(&lab, "b", 500000));
    cr_expect_eq(lab.err.code, ERROR_IO, "%s", lab.err.text);
    cr_expect_str_eq(ids_in(&lab, "out.jsonl.part"), "a ");
    cr_expect(add(&lab, "c", 100), "%s", lab.err.text);
    cr_assert(recording_files_close(&lab.files, &lab.err), "%s", lab.err.text);
    limit.rlim_cur = most;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_str_eq(ids_in(&lab, "out.jsonl"), "a c ");
    end(&lab);
}

Test(recording_file, what_a_corpus_cannot_hold_is_left_out)
{
    struct lab lab;
    static const struct header latin = {"X-Latin", "caf\xe9"};
    struct exchange exchange = {.id = "x",
                                .authority = "",
                                .proto = "HTTP/1.1",
                                .request = {.method = "GET", .target = "/", .headers = {&latin, 1}},
                                .response = {.status = 200},
                                .variant = "",
                                .weight = 1};
    begin(&lab, 0);
    cr_assert(add(&lab, "a", 10));
    cr_expect_not(recording_files_write(&lab.files, &exchange, NULL, &lab.err));
    cr_expect_eq(lab.err.code, ERROR_INPUT);
    cr_assert(add(&lab, "b", 10));
    cr_assert(recording_files_close(&lab.files, &lab.err));
    cr_expect_str_eq(ids_in(&lab, "out.jsonl"), "a b ");
    end(&lab);
}

Test(recording_file, no_place_to_write)
{
    struct recording_files files;
    struct error err = {0};
    cr_expect_not(recording_files_open(&files, "/proc/tollgate/out.jsonl", 0, &header, &err));
    cr_expect_eq(err.code, ERROR_IO);
}
