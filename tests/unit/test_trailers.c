#include "rig/trailers.h"

#include <criterion/criterion.h>
#include <string.h>

struct reading {
    struct arena arena;
    struct run notes;
    struct error err;
    struct waiver_list list;
};

static void read_log(struct reading *reading, const char *text, size_t size,
                     const struct waiver_list *listed)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena);
    run_init(&reading->notes);
    cr_assert(trailers_parse(&reading->list, text, size, listed, &reading->notes, &reading->arena,
                             &reading->err));
}

static void release(struct reading *reading)
{
    run_release(&reading->notes);
    arena_release(&reading->arena);
}

static const struct waiver_list nothing;

#define FIRST "1234567890abcdef1234567890abcdef12345678"
#define OTHER "abcdef1234567890abcdef1234567890abcdef12"

Test(trailers, of_several_commits, .timeout = 60)
{
    static const char log[] =
        FIRST "\0Ada\0GET /a cpu +8% because one\nGET /b cpu +9% because two\n\0" OTHER
              "\0Bob\0\0" OTHER "\0Cy\0GET /c cpu +1% because three\0";
    static const struct waiver listed[] = {{.endpoint = "GET /d"}};
    struct waiver_list list = {listed, 1};
    struct reading reading;
    read_log(&reading, log, sizeof log - 1, &list);
    cr_assert_eq(reading.list.count, 4);
    cr_assert_str_eq(reading.list.items[0].endpoint, "GET /a");
    cr_assert_str_eq(reading.list.items[0].by, "commit 1234567890ab by Ada");
    cr_assert_str_eq(reading.list.items[1].endpoint, "GET /b");
    cr_assert_str_eq(reading.list.items[2].by, "commit abcdef123456 by Cy");
    cr_assert_str_eq(reading.list.items[3].endpoint, "GET /d");
    cr_assert_eq(reading.notes.note_count, 0);
    release(&reading);
}

/* What is not understood accepts nothing, and a reader learns why. */
Test(trailers, not_understood, .timeout = 60)
{
    static const char log[] = FIRST "\0Ada\0nonsense\nGET /a cpu +8% because one\n1\n2\n3\n4\n5\0";
    struct reading reading;
    read_log(&reading, log, sizeof log - 1, &nothing);
    cr_assert_eq(reading.list.count, 1);
    cr_assert_eq(reading.notes.note_count, 6);
    cr_assert_not_null(
        strstr(reading.notes.notes[0], "\"Tollgate-Accept: nonsense\" accepts nothing"));
    cr_assert_not_null(strstr(reading.notes.notes[5], "1 more"));
    release(&reading);
}

/* Each prefix of a log: nothing is read beyond its end, half a record is none. */
Test(trailers, cut_off, .timeout = 60)
{
    static const char log[] = FIRST "\0Ada\0GET /a cpu +8% because one\0";
    for (size_t size = 0; size < sizeof log; size++) {
        struct reading reading;
        char *exact = malloc(size + 1);
        memcpy(exact, log, size);
        exact[size] = 'x';
        read_log(&reading, exact, size, &nothing);
        cr_assert_eq(reading.list.count, size == sizeof log - 1 ? 1 : 0);
        free(exact);
        release(&reading);
    }
}

/* No history: the list holds, and it is said. */
Test(trailers, git_does_not_know_them, .timeout = 300)
{
    static const struct waiver listed[] = {{.endpoint = "GET /d"}};
    struct waiver_list list = {listed, 1}, found;
    struct trailers_question question = {.folder = "/", .head = FIRST, .base = OTHER};
    struct reading reading = {0};
    arena_init(&reading.arena);
    run_init(&reading.notes);
    cr_assert(
        trailers_read(&found, &question, &list, &reading.notes, &reading.arena, &reading.err));
    cr_assert_eq(found.count, 1);
    cr_assert_eq(reading.notes.note_count, 1);
    question.base = NULL;
    cr_assert(
        trailers_read(&found, &question, &list, &reading.notes, &reading.arena, &reading.err));
    cr_assert_eq(reading.notes.note_count, 1);
    release(&reading);
}
