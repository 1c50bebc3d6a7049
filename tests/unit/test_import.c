/* What the importers share: recognising, streams of records, the tally. */
#include "tests/unit/import_sample.h"

#include "replay/import_private.h"

#include <criterion/criterion.h>
#include <unistd.h>
#include <zlib.h>

TestSuite(import, .timeout = 600);

static const char *recognised(const char *path)
{
    static char text[sizeof((struct error *)0)->text];
    const struct importer *importer;
    struct error err = {0};
    char full[512];
    snprintf(full, sizeof full, "%s%s", path[0] == '/' ? "" : IMPORT_FOLDER, path);
    if (!importer_recognise(&importer, full, &err))
        snprintf(text, sizeof text, "%s", err.text);
    else
        snprintf(text, sizeof text, "%s", importer != NULL ? importer->name : "none");
    return text;
}

Test(import, formats_are_recognised_by_content)
{
    static const char *const cases[][2] = {
        {"har/valid/everything.har", "har"},
        {"har/valid/byte-order-mark.har", "har"},
        {"har/valid/log-keys-in-other-order.har", "har"},
        {"gor/valid/pair.gor", "gor"},
        {"gor/valid/old-ids.gor", "gor"},
        {"gor/valid/compressed.gor.gz", "gor"},
        {"vegeta/valid/targets.json", "vegeta"},
        {"log/valid/common.log", "common"},
        {"log/valid/combined.log", "combined"},
        {"log/valid/combined-more-fields.log", "combined"},
        {"log/valid/garbage-requests.log", "combined"},
        {"log/valid/nginx.json", "json"},
        {"log/valid/caddy.json", "json"},
        {"log/valid/parts.json", "json"},
        {"alb/valid/https.log", "alb"},
        {"alb/valid/few-fields.log", "alb"},
        {"log/invalid/binary.log", "none"},
        {"vegeta/invalid/list.json", "none"},
        {"gor/invalid/empty.gor", "none"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect_str_eq(recognised(cases[i][0]), cases[i][1], "%s: %s", cases[i][0],
                         recognised(cases[i][0]));
}

static void write_bytes(char *path, const char *data, size_t size)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

Test(import, what_is_no_format_of_ours_but_easily_told)
{
    char utf16[] = "/tmp/tollgate-import-XXXXXX", corpus[] = "/tmp/tollgate-import-XXXXXX";
    static const char header[] = "{\"schema_version\":1}\n";
    write_bytes(utf16, "\xff\xfe{\0", 4);
    write_bytes(corpus, header, sizeof header - 1);
    cr_expect(strstr(recognised(utf16), "is UTF-16") != NULL);
    cr_expect(strstr(recognised(corpus), "is a corpus already") != NULL);
    cr_expect(strstr(recognised("/dev/null"), "name its format with --format") != NULL);
    cr_expect(strstr(recognised("/tmp"), "is a folder") != NULL);
    cr_expect(strstr(recognised("/nowhere.log"), "No such file") != NULL);
    unlink(utf16);
    unlink(corpus);
}

Test(import, names)
{
    struct buffer names;
    buffer_init(&names, 1000);
    importer_append_names(&names);
    cr_expect_str_eq(buffer_text(&names), "har, gor, vegeta, combined, common, json, alb");
    for (size_t i = 0; importer_list()[i] != NULL; i++)
        cr_expect_eq(importer_by_name(importer_list()[i]->name), importer_list()[i]);
    cr_expect_null(importer_by_name("pcap"));
    buffer_release(&names);
}

/* Records of all lengths around the size of a read, in both encodings. */
static void write_records(char *path, bool packed, size_t count)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    gzFile file = gzdopen(fd, packed ? "wb" : "wbT");
    cr_assert_not_null(file);
    for (size_t i = 0; i < count; i++) {
        size_t size = i * 7919 % 70000;
        for (size_t j = 0; j < size; j++)
            cr_assert_eq(gzputc(file, 'a' + (int)(i % 26)), 'a' + (int)(i % 26));
        gzputs(file, i + 1 < count ? "\n<>\n" : "");
    }
    cr_assert_eq(gzclose(file), Z_OK);
}

static void expect_records(const char *path, size_t count)
{
    struct input input;
    struct input_record record;
    struct error err = {0};
    uint64_t offset = 0;
    cr_assert(input_open(&input, path, &err), "%s", err.text);
    for (size_t i = 0; i < count; i++) {
        size_t size = i * 7919 % 70000;
        cr_assert(input_next_record(&input, "\n<>\n", 4, 1 << 20, &record, &err));
        cr_assert_not_null(record.data, "record %zu", i);
        cr_assert_eq(record.size, size, "record %zu: %zu, not %zu", i, record.size, size);
        cr_expect_eq(record.number, i + 1);
        cr_expect_eq(record.offset, offset);
        cr_expect_eq(record.ended, i + 1 < count);
        cr_expect(size == 0 || (record.data[0] == 'a' + (char)(i % 26) &&
                                record.data[size - 1] == 'a' + (char)(i % 26)));
        offset += size + 4;
    }
    cr_assert(input_next_record(&input, "\n<>\n", 4, 1 << 20, &record, &err));
    cr_expect_null(record.data);
    cr_expect_not(input.cut);
    input_close(&input);
}

Test(import, records_come_out_as_they_went_in)
{
    char plain[] = "/tmp/tollgate-import-XXXXXX", packed[] = "/tmp/tollgate-import-XXXXXX";
    write_records(plain, false, 60);
    write_records(packed, true, 60);
    expect_records(plain, 60);
    expect_records(packed, 60);
    unlink(plain);
    unlink(packed);
}

Test(import, a_record_that_is_too_long_is_cut_and_the_rest_of_it_dropped)
{
    char path[] = "/tmp/tollgate-import-XXXXXX";
    struct input input;
    struct input_record record;
    struct error err = {0};
    size_t size = 900 * 1000;
    char *text = malloc(size + 3);
    cr_assert_not_null(text);
    memset(text, 'x', size);
    memcpy(text + size, "\ny", 3);
    write_bytes(path, text, size + 2);
    free(text);
    cr_assert(input_open(&input, path, &err));
    cr_assert(input_next_line(&input, 1000, &record, &err));
    cr_expect(record.too_long);
    cr_expect_eq(record.size, 1000);
    cr_assert(input_next_line(&input, 1000, &record, &err));
    cr_expect_not(record.too_long);
    cr_expect_eq(record.size, 1);
    cr_expect_eq(record.number, 2);
    cr_expect_eq(record.offset, size + 1);
    cr_assert(input_next_line(&input, 1000, &record, &err));
    cr_expect_null(record.data);
    cr_expect_lt(input.capacity, (size_t)2 * 1024 * 1024);
    input_close(&input);
    unlink(path);
}

Test(import, reasons_are_counted_and_the_last_row_takes_the_rest)
{
    struct import_tally tally = {0};
    struct import_run run = {.path = "a\033b.log", .unit = IMPORT_LINES, .tally = &tally};
    static const char *const reasons[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                          "j", "k", "l", "m", "n", "o", "p", "q", "r"};
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        import_note_left_out(&run, (struct import_place){i + 1, 0}, reasons[i]);
        import_note_left_out(&run, (struct import_place){i + 100, 0}, reasons[i]);
    }
    cr_expect_eq(tally.left_out.total, 36);
    cr_expect_eq(tally.left_out.count, IMPORT_REASONS_MAX);
    cr_expect_eq(tally.left_out.items[0].count, 2);
    cr_expect_str_eq(tally.left_out.items[1].first, "a\\x1bb.log:2");
    cr_expect_str_eq(tally.left_out.items[IMPORT_REASONS_MAX - 1].text, "for other reasons");
    cr_expect_eq(tally.left_out.items[IMPORT_REASONS_MAX - 1].count, 6);
    for (size_t i = 0; i < 7; i++)
        import_note_odd(&run, (struct import_place){i, 0}, "wrong\n");
    cr_expect_eq(tally.odd, 7);
    cr_expect_str_eq(tally.odd_shown[4].place, "a\\x1bb.log:4");
    cr_expect_str_eq(tally.odd_shown[4].why, "wrong\\x0a");
}

struct counted {
    size_t exchanges, answered;
    size_t largest;
};

static bool count_exchange(void *context, struct exchange *exchange, struct import_outcome *outcome,
                           struct error *err)
{
    struct counted *counted = context;
    (void)outcome;
    (void)err;
    counted->exchanges++;
    counted->answered += exchange->response.status != 0;
    if (exchange->request.body.size > counted->largest)
        counted->largest = exchange->request.body.size;
    return true;
}

static struct counted count_gor(const char *path, struct import_tally *tally)
{
    struct counted counted = {0};
    struct import_sink sink = {count_exchange, NULL, &counted};
    struct error err = {0};
    cr_assert(importer_gor.read(path, NULL, &sink, tally, &err), "%s", err.text);
    cr_expect_eq(tally->seen, tally->imported + tally->joined + tally->left_out.total + tally->odd);
    return counted;
}

#define SEPARATOR "\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"

/* More requests in a row than wait for their answers: the first ones go without. */
Test(import, waiting_for_answers_has_an_end)
{
    enum { COUNT = 10000, WAITING = 4096 };
    char path[] = "/tmp/tollgate-import-XXXXXX";
    struct import_tally tally = {0};
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    FILE *file = fdopen(fd, "w");
    for (int i = 0; i < COUNT; i++)
        fprintf(file, "1 %024d 1715932800000000000\nGET /%d HTTP/1.1\r\n\r\n" SEPARATOR, i, i);
    for (int i = COUNT - WAITING; i < COUNT; i++)
        fprintf(file, "2 %024d 1715932800000000001 1\nHTTP/1.1 204 No Content\r\n\r\n" SEPARATOR,
                i);
    cr_assert_eq(fclose(file), 0);
    struct counted counted = count_gor(path, &tally);
    cr_expect_eq(counted.exchanges, COUNT);
    cr_expect_eq(counted.answered, WAITING);
    cr_expect_eq(tally.joined, WAITING);
    cr_expect_eq(tally.warnings.total, COUNT - WAITING);
    unlink(path);
}

Test(import, a_body_of_fifty_megabytes)
{
    enum { SIZE = 50 * 1024 * 1024 };
    char path[] = "/tmp/tollgate-import-XXXXXX";
    struct import_tally tally = {0};
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    FILE *file = fdopen(fd, "w");
    char *body = malloc(SIZE);
    cr_assert_not_null(body);
    memset(body, 0xff, SIZE);
    fprintf(file, "1 %024d 1715932800000000000\nPOST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", 1,
            SIZE);
    cr_assert_eq(fwrite(body, 1, SIZE, file), SIZE);
    fprintf(file, SEPARATOR "2 %024d 1715932800000000001\nHTTP/1.1 204 x\r\n\r\n" SEPARATOR, 1);
    cr_assert_eq(fclose(file), 0);
    free(body);
    struct counted counted = count_gor(path, &tally);
    cr_expect_eq(counted.exchanges, 1);
    cr_expect_eq(counted.answered, 1);
    cr_expect_eq(counted.largest, SIZE);
    unlink(path);
}

Test(import, ten_thousand_headers)
{
    enum { COUNT = 10000 };
    char path[] = "/tmp/tollgate-import-XXXXXX";
    struct import_tally tally = {0};
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    FILE *file = fdopen(fd, "w");
    fprintf(file, "1 %024d 1715932800000000000\nGET / HTTP/1.1\r\n", 1);
    for (int i = 0; i < COUNT; i++)
        fprintf(file, "X-%d: %d\r\n", i, i);
    fprintf(file, "\r\n");
    cr_assert_eq(fclose(file), 0);
    cr_expect_eq(count_gor(path, &tally).exchanges, 1);
    cr_expect_eq(tally.imported, 1);
    unlink(path);
}
