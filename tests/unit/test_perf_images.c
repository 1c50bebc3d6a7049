/* What processes have mapped, after mappings over mappings, forks and execs. */
#include "rig/perf_images.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Allocations as the linker wraps them: the n-th fails. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long allocations_left = -1; /* before one fails; below 0: none does */

static bool is_failing(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_failing() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_failing() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_failing() ? NULL : __real_realloc(old, size);
}

static struct perf_images *images;
static struct error err;

static void set_up(void)
{
    cr_assert(perf_images_new(&images, &err));
}

static void tear_down(void)
{
    perf_images_free(images);
}

TestSuite(perf_images, .init = set_up, .fini = tear_down, .timeout = 20);

static bool apply_map(pid_t pid, uint64_t start, uint64_t end, uint64_t offset, const char *path)
{
    struct perf_record record = {.kind = PERF_MAPPED, .pid = pid};
    record.u.mapping =
        (struct perf_mapping){.start = start, .size = end - start, .offset = offset, .path = path};
    return perf_images_apply(images, &record, &err);
}

static bool apply_fork(pid_t pid, pid_t parent)
{
    struct perf_record record = {.kind = PERF_FORKED, .pid = pid, .u.parent = parent};
    return perf_images_apply(images, &record, &err);
}

static bool apply_exec(pid_t pid)
{
    struct perf_record record = {.kind = PERF_EXECUTED, .pid = pid};
    return perf_images_apply(images, &record, &err);
}

/* "start-end@offset path" of each, in order. */
static const char *describe(pid_t pid)
{
    static char text[1024];
    const struct perf_image *image = perf_images_find(images, pid);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; image != NULL && i < image->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%s%" PRIx64 "-%" PRIx64 "@%" PRIx64 " %s", i > 0 ? ", " : "",
                                 image->maps[i].start, image->maps[i].end, image->maps[i].offset,
                                 image->maps[i].path);
    return text;
}

Test(perf_images, a_later_mapping_takes_the_place)
{
    static const struct {
        uint64_t start, end;
        const char *after;
    } cases[] = {
        {0x10, 0x20, "10-20@5 b, 100-200@0 a, 300-400@0 a"},
        {0x200, 0x300, "100-200@0 a, 200-300@5 b, 300-400@0 a"},
        {0x100, 0x200, "100-200@5 b, 300-400@0 a"},
        {0x80, 0x280, "80-280@5 b, 300-400@0 a"},
        {0x80, 0x180, "80-180@5 b, 180-200@80 a, 300-400@0 a"},
        {0x180, 0x280, "100-180@0 a, 180-280@5 b, 300-400@0 a"},
        {0x140, 0x160, "100-140@0 a, 140-160@5 b, 160-200@60 a, 300-400@0 a"},
        {0x180, 0x380, "100-180@0 a, 180-380@5 b, 380-400@80 a"},
        {0x100, 0x400, "100-400@5 b"},
        {0x180, 0x500, "100-180@0 a, 180-500@5 b"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        pid_t pid = (pid_t)(100 + i);
        cr_assert(apply_map(pid, 0x100, 0x200, 0, "a") && apply_map(pid, 0x300, 0x400, 0, "a"));
        cr_assert(apply_map(pid, cases[i].start, cases[i].end, 5, "b"));
        cr_expect_str_eq(describe(pid), cases[i].after);
    }
}

Test(perf_images, addresses_are_found)
{
    cr_assert(apply_map(1, 0x100, 0x200, 0x40, "a") && apply_map(1, 0x300, 0x400, 0, "b"));
    const struct perf_image *image = perf_images_find(images, 1);
    static const struct {
        uint64_t address;
        const char *path;
    } cases[] = {{0xff, NULL}, {0x100, "a"}, {0x1ff, "a"},  {0x200, NULL}, {0x2ff, NULL},
                 {0x300, "b"}, {0x3ff, "b"}, {0x400, NULL}, {0, NULL},     {UINT64_MAX, NULL}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct perf_map *map = perf_image_find(image, cases[i].address);
        cr_expect(cases[i].path == NULL ? map == NULL
                                        : map != NULL && strcmp(map->path, cases[i].path) == 0,
                  "%" PRIx64, cases[i].address);
    }
}

Test(perf_images, a_child_shares_until_it_maps)
{
    cr_assert(apply_map(1, 0x100, 0x200, 0, "a") && apply_fork(2, 1) && apply_fork(3, 2));
    cr_assert_eq(perf_images_find(images, 2), perf_images_find(images, 1));
    cr_assert(apply_map(2, 0x300, 0x400, 0, "b"));
    cr_assert_str_eq(describe(1), "100-200@0 a");
    cr_assert_str_eq(describe(2), "100-200@0 a, 300-400@0 b");
    cr_assert_str_eq(describe(3), "100-200@0 a");
    cr_assert_neq(perf_images_find(images, 1)->number, perf_images_find(images, 2)->number);
    cr_assert(apply_map(1, 0x500, 0x600, 0, "c"));
    cr_assert_str_eq(describe(3), "100-200@0 a");
}

Test(perf_images, an_exec_begins_anew)
{
    cr_assert(apply_map(1, 0x100, 0x200, 0, "a") && apply_fork(2, 1) && apply_exec(2));
    cr_assert_eq(perf_images_find(images, 2), NULL);
    cr_assert(apply_map(2, 0x700, 0x800, 0, "c"));
    cr_assert_str_eq(describe(2), "700-800@0 c");
    cr_assert_str_eq(describe(1), "100-200@0 a");
    cr_assert(perf_images_program(images, 2) > perf_images_program(images, 1));
}

Test(perf_images, a_number_can_be_used_again)
{
    cr_assert(apply_map(1, 0x100, 0x200, 0, "a") && apply_map(2, 0x300, 0x400, 0, "b"));
    uint32_t before = perf_images_program(images, 2);
    cr_assert(apply_fork(2, 1));
    cr_assert_str_eq(describe(2), "100-200@0 a");
    cr_assert(perf_images_program(images, 2) > before);
}

Test(perf_images, a_thread_changes_nothing)
{
    cr_assert(apply_map(1, 0x100, 0x200, 0, "a"));
    uint32_t before = perf_images_program(images, 1);
    cr_assert(apply_fork(1, 1));
    cr_assert_str_eq(describe(1), "100-200@0 a");
    cr_assert_eq(perf_images_program(images, 1), before);
}

Test(perf_images, follow_a_tree_from_its_exec_on)
{
    perf_images_follow(images, 5);
    cr_assert(apply_fork(5, 1));
    cr_assert_not(perf_images_is_followed(images, 5), "it is still its parent's program");
    cr_assert(apply_exec(5) && apply_fork(6, 5) && apply_fork(7, 6) && apply_fork(8, 1));
    cr_assert(perf_images_is_followed(images, 5));
    cr_assert(perf_images_is_followed(images, 6));
    cr_assert(perf_images_is_followed(images, 7));
    cr_assert_not(perf_images_is_followed(images, 8));
    cr_assert(apply_exec(7), "a program of another name is still of the tree");
    cr_assert(perf_images_is_followed(images, 7));
    cr_assert(apply_fork(7, 1), "the number went to a stranger");
    cr_assert_not(perf_images_is_followed(images, 7));
}

/* The form is that of proc(5), "/proc/PID/maps". */
Test(perf_images, as_text)
{
    struct buffer text;
    buffer_init(&text, 4096);
    struct perf_record record = {.kind = PERF_MAPPED, .pid = 1};
    record.u.mapping = (struct perf_mapping){0x400000, 0x1000, 0x2000, 8, 17, 4711, "/a b\nc"};
    cr_assert(perf_images_apply(images, &record, &err));
    cr_assert(apply_map(1, 0x7f0000000000, 0x7f0000001000, 0, "//anon"));
    perf_image_append_text(perf_images_find(images, 1), &text);
    cr_assert_str_eq(buffer_text(&text), "400000-401000 r-xp 00002000 8:11 4711 /a b\\012c\n"
                                         "7f0000000000-7f0000001000 r-xp 00000000 0:0 0 \n");
    buffer_release(&text);
}

Test(perf_images, too_many_mappings_are_dropped_and_told)
{
    for (uint64_t i = 0; i < 20000; i++)
        cr_assert(apply_map(1, 0x1000 + 0x20 * i, 0x1010 + 0x20 * i, 0, "a"));
    cr_assert(perf_images_find(images, 1)->count < 20000);
    cr_assert_eq(perf_images_dropped(images) + perf_images_find(images, 1)->count, 20000);
}

Test(perf_images, what_has_no_size_is_no_mapping)
{
    cr_assert(apply_map(1, 0x100, 0x100, 0, "a"));
    cr_assert_str_eq(describe(1), "");
}

static bool do_everything(void)
{
    return perf_images_new(&images, &err) && apply_map(1, 0x100, 0x200, 0, "a") &&
           apply_fork(2, 1) && apply_map(2, 0x180, 0x1a0, 0, "b") &&
           apply_map(2, 0x300, 0x400, 0, "c") && apply_exec(2) && apply_fork(3, 1) &&
           apply_map(3, 0x110, 0x120, 0, "d");
}

Test(perf_images, every_allocation_may_fail)
{
    bool done = false;
    tear_down();
    for (long n = 0; !done && n < 200; n++) {
        images = NULL;
        error_clear(&err);
        allocations_left = n;
        done = do_everything();
        allocations_left = -1;
        cr_assert(done || err.code == ERROR_MEMORY);
        perf_images_free(images);
        images = NULL;
    }
    cr_assert(done);
}
