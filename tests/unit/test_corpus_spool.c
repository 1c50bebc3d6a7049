/* Exchanges put in order of time, and files that are there whole or not at all. */
#include "replay/corpus_spool.h"

#include "base/output_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(corpus_spool, .timeout = 600);

static void add(struct corpus_spool *spool, const char *id, int64_t ts_ns)
{
    struct exchange exchange = {.id = id,
                                .ts_ns = ts_ns,
                                .authority = "",
                                .proto = "HTTP/1.1",
                                .request = {.method = "GET", .target = "/"},
                                .response = {.status = 200},
                                .variant = "",
                                .weight = 1};
    struct error err = {0};
    bool too_long;
    cr_assert(corpus_spool_add(spool, &exchange, NULL, &too_long, &err), "%s", err.text);
    cr_expect_not(too_long);
}

/* The ids of the lines, joined. */
static char *written(struct corpus_spool *spool)
{
    static char ids[200];
    char *text, *line;
    size_t size;
    struct error err = {0};
    FILE *file = open_memstream(&text, &size);
    cr_assert(corpus_spool_write(spool, file, &err), "%s", err.text);
    cr_assert_eq(fclose(file), 0);
    ids[0] = '\0';
    for (line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *id = strstr(line, "\"id\":\"") + 6;
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%.*s ", (int)strcspn(id, "\""), id);
    }
    free(text);
    return ids;
}

Test(corpus_spool, in_order_of_time_and_then_of_arrival)
{
    struct corpus_spool *spool;
    struct error err = {0};
    cr_assert(corpus_spool_new(&spool, "/tmp/tollgate-spool", &err), "%s", err.text);
    add(spool, "c", 3);
    add(spool, "a", 1);
    add(spool, "c2", 3);
    add(spool, "none", 0);
    add(spool, "b", 2);
    add(spool, "none2", 0);
    struct corpus_spool_state state = corpus_spool_state(spool);
    cr_expect_eq(state.exchanges, 6);
    cr_expect_eq(state.out_of_order, 4);
    cr_expect_eq(state.first_ns, 1);
    cr_expect_eq(state.last_ns, 3);
    cr_expect_str_eq(written(spool), "none none2 a b c c2 ");
    corpus_spool_free(spool);
}

Test(corpus_spool, what_comes_in_order_stays)
{
    struct corpus_spool *spool;
    struct error err = {0};
    cr_assert(corpus_spool_new(&spool, "/dev/null", &err), "%s", err.text);
    add(spool, "a", 1);
    add(spool, "b", 1);
    add(spool, "c", 2);
    cr_expect_eq(corpus_spool_state(spool).out_of_order, 0);
    cr_expect_str_eq(written(spool), "a b c ");
    corpus_spool_free(spool);
}

/* NULs are six characters each in JSON: 30 MB become more than a line may have. */
Test(corpus_spool, an_exchange_that_is_too_long_for_a_line_is_not_added)
{
    enum { SIZE = 30 * 1024 * 1024 };
    struct corpus_spool *spool;
    struct error err = {0};
    bool too_long = false;
    char *body = calloc(1, SIZE);
    cr_assert_not_null(body);
    struct exchange exchange = {.id = "long",
                                .authority = "",
                                .proto = "HTTP/1.1",
                                .request = {"POST", "/", {0}, {body, SIZE}},
                                .response = {.status = 200},
                                .variant = "",
                                .weight = 1};
    cr_assert(corpus_spool_new(&spool, "/tmp/tollgate-spool", &err));
    add(spool, "a", 1);
    cr_assert(corpus_spool_add(spool, &exchange, NULL, &too_long, &err), "%s", err.text);
    cr_expect(too_long);
    add(spool, "b", 2);
    cr_expect_str_eq(written(spool), "a b ");
    corpus_spool_free(spool);
    free(body);
}

static size_t count_files(const char *folder)
{
    size_t count = 0;
    DIR *listed = opendir(folder);
    cr_assert_not_null(listed);
    for (struct dirent *entry = readdir(listed); entry != NULL; entry = readdir(listed))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listed);
    return count;
}

static void expect_content(const char *path, const char *wanted)
{
    char text[100] = "";
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_expect_eq(fread(text, 1, sizeof text - 1, file), strlen(wanted));
    cr_expect_str_eq(text, wanted);
    fclose(file);
}

Test(output_file, is_there_whole_or_not_at_all, .timeout = 600)
{
    char folder[] = "/tmp/tollgate-output-XXXXXX", path[100];
    struct output_file file;
    struct error err = {0};
    struct stat info;
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/out", folder);
    cr_assert(output_file_open(&file, path, &err), "%s", err.text);
    fputs("first", file.stream);
    fflush(file.stream);
    cr_expect_neq(stat(path, &info), 0);
    cr_assert(output_file_keep(&file, &err), "%s", err.text);
    output_file_drop(&file);
    expect_content(path, "first");
    cr_expect_eq(count_files(folder), 1);

    cr_assert(output_file_open(&file, path, &err));
    fputs("second", file.stream);
    output_file_drop(&file);
    expect_content(path, "first");
    cr_expect_eq(count_files(folder), 1);

    cr_assert(output_file_open(&file, path, &err));
    fputs("third", file.stream);
    cr_assert(output_file_keep(&file, &err), "%s", err.text);
    expect_content(path, "third");
    cr_expect_eq(count_files(folder), 1);
    cr_assert_eq(stat(path, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0644);
    unlink(path);
    rmdir(folder);
}

Test(output_file, a_full_device_is_an_error_and_devices_stay, .timeout = 600)
{
    struct output_file file;
    struct error err = {0};
    struct stat info;
    cr_assert(output_file_open(&file, "/dev/full", &err), "%s", err.text);
    fputs("text", file.stream);
    cr_expect_not(output_file_keep(&file, &err));
    cr_expect_eq(err.code, ERROR_IO);
    cr_expect(strstr(err.text, "No space left") != NULL, "%s", err.text);
    cr_assert_eq(stat("/dev/full", &info), 0);
    cr_expect(S_ISCHR(info.st_mode));
    error_clear(&err);
    cr_expect_not(output_file_open(&file, "/nowhere/at/all", &err));
    cr_expect_eq(err.code, ERROR_IO);
}
