/* CSV as RFC 4180 has it: what is in the fields, and where what is not right stands. */
#include "base/csv.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "fixtures/csv/"

TestSuite(csv, .timeout = 60);

/* All records as "a|b;c|d", the header first. An error becomes "where: text". */
static void read_all(const char *text, size_t size, char *out, size_t room)
{
    struct csv_reader *csv = malloc(sizeof *csv);
    struct error err = {0};
    bool more = true;
    size_t used = 0;
    *out = '\0';
    cr_assert_not_null(csv);
    if (!csv_open(csv, "x.csv", text, size, &err)) {
        snprintf(out, room, "%.300s: %.600s", err.where, err.text);
        free(csv);
        return;
    }
    for (size_t i = 0; i < csv->header_count; i++)
        used += (size_t)snprintf(out + used, room - used, "%s%s", i > 0 ? "|" : "",
                                 csv_column_name(csv, i));
    while (more) {
        if (!csv_next(csv, &more, &err)) {
            snprintf(out, room, "%.300s: %.600s", err.where, err.text);
            break;
        }
        for (size_t i = 0; more && i < csv->header_count; i++)
            used += (size_t)snprintf(out + used, room - used, "%s%s", i > 0 ? "|" : ";",
                                     csv_field(csv, i));
    }
    csv_release(csv);
    free(csv);
}

static void expect(const char *text, size_t size, const char *wanted)
{
    char found[1024];
    char *copy = malloc(size + 1); /* exact, so that a reader past the end is seen */
    cr_assert_not_null(copy);
    memcpy(copy, text, size);
    read_all(copy, size, found, sizeof found);
    cr_expect_str_eq(found, wanted, "\"%s\" where \"%s\" was expected", found, wanted);
    free(copy);
}

#define EXPECT(text, wanted) expect(text, sizeof(text) - 1, wanted)

Test(csv, fields)
{
    EXPECT("a,b\n1,2\n", "a|b;1|2");
    EXPECT("a,b\r\n1,2\r\n", "a|b;1|2");
    EXPECT("a,b\n1,2", "a|b;1|2");
    EXPECT("a\n\"x, y\"\n", "a;x, y");
    EXPECT("a\n\"say \"\"yes\"\"\"\n", "a;say \"yes\"");
    EXPECT("a,b\n\"\",\"\"\"\"\n", "a|b;|\"");
    EXPECT("a,b\n,\n", "a|b;|");
    EXPECT("a\n\"one\ntwo\r\nthree\"\n", "a;one\ntwo\r\nthree");
    EXPECT("\xef\xbb\xbf"
           "a\n1\n",
           "a;1");
    EXPECT("\n\r\na\n\n1\n\n", "a;1");
    EXPECT("a\n 1 \n", "a; 1 "); /* spaces are part of a field */
}

Test(csv, what_is_wrong_has_a_place)
{
    EXPECT("", "x.csv:1:1: is empty: the first line names the columns");
    EXPECT("\n\n", "x.csv:1:1: is empty: the first line names the columns");
    EXPECT("a,b\n1,x\"y\"\n", "x.csv:2:4: a quote inside a field that does not begin with one; put "
                              "the whole field in quotes and write this one twice");
    EXPECT("a,b\n1,\"x\n\ny", "x.csv:2:3: a quoted field begins here and does not end");
    EXPECT("a,b\n1,\"x\"y\n", "x.csv:2:6: text behind the quote that ends the field");
    EXPECT("a,b\n1\n", "x.csv:2:1: 1 field, where the first line names 2");
    EXPECT("a,b\n1,2,3\n", "x.csv:2:1: 3 fields, where the first line names 2");
    EXPECT("a,b\n1,\r2\n", "x.csv:2:3: a carriage return that no line feed follows");
    EXPECT("a,b\n1,2\0\n", "x.csv:2:4: a NUL byte: this is no text");
    EXPECT("a,b\n1,\xff\n", "x.csv:2:3: this field is not UTF-8");
    EXPECT("a,b,a\n", "x.csv:1:5: the column \"a\" is there twice");
    /* Lines inside a field count as lines of the file. */
    EXPECT("a,b\n\"1\n2\",3\n4\n", "x.csv:4:1: 1 field, where the first line names 2");
}

Test(csv, bounds)
{
    struct buffer text;
    char found[1024];
    buffer_init(&text, 4 << 20);
    buffer_append_string(&text, "a,b\n1,");
    buffer_append_repeat(&text, 'x', CSV_RECORD_MAX_BYTES + 1);
    read_all(buffer_text(&text), text.length, found, sizeof found);
    cr_expect_str_eq(found, "x.csv:2:1: a record of more than 1048576 bytes");
    buffer_clear(&text);
    buffer_append_string(&text, "a,");
    for (size_t i = 1; i < CSV_FIELDS_MAX; i++)
        buffer_append_format(&text, "%zu,", i);
    read_all(buffer_text(&text), text.length, found, sizeof found);
    cr_expect_str_eq(found, "x.csv:1:1: more than 1024 fields");
    buffer_release(&text);
}

Test(csv, columns_by_name)
{
    static const char text[] = "endpoint,requests\nGET /a,7\n";
    struct csv_reader csv;
    struct error err = {0};
    bool more = false;
    cr_assert(csv_open(&csv, "x.csv", text, sizeof text - 1, &err));
    cr_expect_eq(csv_column(&csv, "requests"), 1);
    cr_expect_eq(csv_column(&csv, "Requests"), CSV_NONE);
    cr_assert(csv_next(&csv, &more, &err) && more);
    cr_expect_eq(csv_line(&csv), 2);
    cr_expect_not(csv_fail(&csv, 1, &err, "is %d", 7));
    cr_expect_str_eq(err.where, "x.csv:2:8 (requests)");
    cr_expect_str_eq(err.text, "is 7");
    error_clear(&err);
    cr_expect_not(csv_fail_without(&csv, "request", &err));
    cr_expect_str_eq(err.text, "there is no column \"request\"; did you mean \"requests\"?");
    csv_release(&csv);
}

static void try_folder(const char *kind, bool valid)
{
    char path[512], found[4096];
    struct dirent *entry;
    size_t seen = 0;
    snprintf(path, sizeof path, FOLDER "%s", kind);
    DIR *folder = opendir(path);
    cr_assert_not_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        struct buffer text;
        struct error err = {0};
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, FOLDER "%s/%s", kind, entry->d_name);
        buffer_init(&text, 1 << 20);
        cr_assert(file_read(path, &text, &err));
        read_all(buffer_text(&text), text.length, found, sizeof found);
        cr_expect_eq(strncmp(found, "x.csv:", 6) != 0, valid, "%s: %s", path, found);
        buffer_release(&text);
        seen++;
    }
    closedir(folder);
    cr_expect_gt(seen, 8);
}

Test(csv, fixtures)
{
    try_folder("valid", true);
    try_folder("invalid", false);
}
