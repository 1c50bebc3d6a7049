/* Failing the n-th allocation, for every n, of what makes templates: an OpenAPI document, the map
 * file, inference, and the map of all. Linked with --wrap, every call in our own code comes through
 * here; those of jansson are left alone. A leak is for the address sanitizer to see. */
#include "base/file.h"
#include "replay/corpus_variants.h"
#include "replay/endpoint_file.h"
#include "replay/infer.h"
#include "replay/openapi.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(endpoints_memory, .timeout = 300);

typedef bool job(struct arena *arena, struct error *err);

static void fail_each(job *once)
{
    bool ok = false;
    long n = 0;
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    for (; !ok; n++) {
        struct arena arena;
        struct error err = {0};
        cr_assert_lt(n, 20000);
        arena_init(&arena);
        allocations_left = n;
        ok = once(&arena, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s: %s", n, (int)err.code,
                  err.where, err.text);
        arena_release(&arena);
    }
    cr_expect_gt(n, 3); /* it did fail on the way */
}

/* Reading files is another module's. */
static void read_whole(const char *path, struct buffer *out)
{
    struct error err = {0};
    long left = allocations_left;
    allocations_left = -1;
    buffer_init(out, 1 << 20);
    cr_assert(file_read(path, out, &err), "%s", err.text);
    allocations_left = left;
}

static bool read_openapi(struct arena *arena, struct error *err)
{
    static const char *const paths[] = {"shop", "servers", "references", "some-unusable"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct openapi out;
        struct buffer text;
        char path[128];
        snprintf(path, sizeof path, "fixtures/openapi/valid/%s.json", paths[i]);
        read_whole(path, &text);
        bool ok = openapi_parse(&out, path, buffer_text(&text), text.length, arena, err);
        buffer_release(&text);
        if (!ok)
            return false;
    }
    return true;
}

Test(endpoints_memory, openapi)
{
    fail_each(read_openapi);
}

static bool read_and_write_map(struct arena *arena, struct error *err)
{
    struct endpoint_file file;
    struct buffer text, written;
    read_whole("fixtures/endpoints/valid/one-a-line.json", &text);
    buffer_init(&written, 65536);
    bool ok = endpoint_file_parse(&file, "map", buffer_text(&text), text.length, arena, err) &&
              endpoint_file_append(&written, &file, err);
    buffer_release(&text);
    buffer_release(&written);
    return ok;
}

Test(endpoints_memory, map_file)
{
    fail_each(read_and_write_map);
}

static bool add_all(struct infer *infer, struct error *err)
{
    static const char *const targets[] = {
        "/users/me",     "/users/123",           "/u/user-7",         "/u/user-12345",
        "/s/step-1/a/b", "/s/step-2/a/c/step-1", "/s/step-3/c0ffee/x"};
    for (size_t i = 0; i < COUNT_OF(targets); i++)
        if (!infer_add(infer, i % 2 ? "GET" : "PUT", targets[i], err))
            return false;
    for (int i = 0; i < 30; i++) {
        char target[64];
        snprintf(target, sizeof target, "/users/%c%cname/pin-%d/user-1234%d", 'a' + i / 10,
                 'a' + i % 10, i % 4, i);
        if (!infer_add(infer, "GET", target, err))
            return false;
    }
    return true;
}

static bool infer_and_match(struct arena *arena, struct error *err)
{
    struct infer *infer;
    struct endpoint_row *rows;
    struct endpoint_map map;
    size_t count;
    if (!infer_new(&infer, err))
        return false;
    bool ok = add_all(infer, err) && infer_finish(infer, &rows, &count, arena, err) &&
              endpoint_map_build(&map, rows, count, arena, err);
    infer_free(infer);
    return ok;
}

Test(endpoints_memory, inference)
{
    fail_each(infer_and_match);
}

static bool add_variants(struct arena *arena, struct error *err)
{
    struct corpus_variants variants;
    struct corpus_entry entries[80] = {0};
    bool ok = true;
    (void)arena;
    corpus_variants_init(&variants);
    for (uint32_t i = 0; ok && i < COUNT_OF(entries); i++) {
        char target[64];
        snprintf(target, sizeof target, "/a?k%u=1&b=%u", i, i);
        struct exchange exchange = {
            .request = {.method = "GET", .target = target, .body = {"{\"a\":[1,{}]}", 12}},
            .variant = ""};
        entries[i].weight = 1;
        ok = corpus_variants_add(&variants, 0, &exchange, &entries[i].variant);
    }
    ok = ok && corpus_variants_fold(&variants, entries, COUNT_OF(entries));
    corpus_variants_release(&variants);
    return ok || error_set_memory(err);
}

Test(endpoints_memory, variants)
{
    fail_each(add_variants);
}
