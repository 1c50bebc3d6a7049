/* Reading, refusing, indexing and writing corpora. The files are fixtures/corpus/valid and invalid,
 * made by hand; for each invalid one the place and the words are given here. */
#include "base/file.h"
#include "replay/base64.h"
#include "replay/corpus.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TOLLGATE_SOURCE_DIR
#define TOLLGATE_SOURCE_DIR "."
#endif

#define FOLDER TOLLGATE_SOURCE_DIR "/fixtures/corpus/"

TestSuite(corpus, .timeout = 60);

static const struct endpoint_map no_map;

/* The name is the caller's to unlink. */
static void write_file(char *path, const char *data, size_t size)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

struct refusal {
    char file[32];
    char where[48]; /* after the file's name */
    char text[64];
};

static const struct refusal refusals[] = {
    {"empty", "", "is empty"},
    {"header-only", "", "no exchanges"},
    {"no-header", ":1", "first line must be the corpus's header"},
    {"header-not-json", ":1", "first line must be the corpus's header"},
    {"other-schema", ":1: schema_version", "is 2, this tollgate reads 1"},
    {"header-unknown-key", ":1", "unknown key \"sourse\"; did you mean \"source\"?"},
    {"truncated", ":3", "the file ends in the middle of this line"},
    {"not-utf8", ":3", "(0xff) is not UTF-8"},
    {"not-an-object", ":2", "must be a JSON object"},
    {"wrong-json", ":3", "not valid JSON, at byte 11"},
    {"twice-a-key", ":2", "duplicate object key"},
    {"unknown-key", ":2", "did you mean \"response\"?"},
    {"no-method", ":2", "\"method\" is missing"},
    {"no-response", ":2", "\"response\" is missing"},
    {"no-status", ":2: response", "\"status\" is missing"},
    {"status-text", ":2: response.status", "is a string, must be a whole number"},
    {"status-99", ":2: response.status", "is 99, must be from 100 to 599"},
    {"status-600", ":2: response.status", "is 600, must be from 100 to 599"},
    {"target-spaces", ":2: target", "is not a request target"},
    {"target-newline", ":2: target", "is not a request target"},
    {"target-relative", ":2: target", "is not a request target"},
    {"target-nul", ":2: target", "without NUL"},
    {"method-space", ":2: method", "is not an HTTP method"},
    {"header-name", ":2: headers[1]", "not an HTTP field name"},
    {"header-pseudo", ":2: headers[0]", "not an HTTP field name"},
    {"header-newline", ":2: headers[0]", "control character"},
    {"header-nul", ":2: headers[0]", "control character"},
    {"header-triple", ":2: headers[0]", "must be a pair"},
    {"headers-object", ":2: headers", "must be an array"},
    {"body-twice", ":2", "both \"body\" and \"body_b64\""},
    {"body-number", ":2: body", "must be a string"},
    {"body-not-base64", ":2: body_b64", "is not base64"},
    {"weight-zero", ":2: weight", "is 0, must be above 0"},
    {"weight-negative", ":2: weight", "is -1.5, must be above 0"},
    {"weight-too-large", ":2", "not valid JSON"},
    {"proto-unknown", ":2: proto", "is not one of HTTP/1.1"},
    {"no-endpoint", ":2: endpoint", "no endpoint templates"},
    {"upstream-nameless", ":2: upstream[0]", "\"name\" is missing"},
    {"upstream-target", ":2: upstream[1].request.target", "is not a request target"},
    {"upstream-status-null", ":2: upstream[0].response.status", "is null, must be a whole number"},
    {"nested-too-deep", ":2", "maximum parsing depth"},
};

ParameterizedTestParameters(corpus, refuse)
{
    static struct refusal cases[COUNT_OF(refusals)];
    memcpy(cases, refusals, sizeof refusals);
    return cr_make_param_array(struct refusal, cases, COUNT_OF(cases));
}

ParameterizedTest(struct refusal *each, corpus, refuse)
{
    char path[256], where[512];
    struct corpus *corpus;
    struct error err = {0};
    snprintf(path, sizeof path, FOLDER "invalid/%s.jsonl", each->file);
    snprintf(where, sizeof where, "%s%s", path, each->where);
    cr_expect_not(corpus_open(&corpus, path, &no_map, &err), "%s was accepted", each->file);
    cr_expect_null(corpus);
    cr_expect_eq(err.code, ERROR_INPUT);
    cr_expect_str_eq(err.where, where, "%s: said %s: %s", each->file, err.where, err.text);
    cr_expect(strstr(err.text, each->text) != NULL, "%s: said: %s", each->file, err.text);
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    cr_assert_not_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

Test(corpus, every_invalid_file_has_its_words_here)
{
    cr_expect_eq(count_files(FOLDER "invalid"), COUNT_OF(refusals));
}

Test(corpus, valid_files_open)
{
    static const struct {
        const char *file;
        size_t count;
        uint32_t last_line;
    } wanted[] = {{"minimal", 1, 2},     {"everything", 1, 2},    {"no-last-newline", 2, 3},
                  {"blank-lines", 2, 5}, {"duplicate-ids", 3, 4}, {"windows-lines", 1, 2},
                  {"long-line", 2, 3},   {"status-unknown", 1, 2}};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        char path[256];
        struct corpus *corpus;
        struct arena arena;
        struct exchange exchange;
        struct error err = {0};
        snprintf(path, sizeof path, FOLDER "valid/%s.jsonl", wanted[i].file);
        cr_assert(corpus_open(&corpus, path, &no_map, &err), "%s: %s", err.where, err.text);
        size_t last = corpus_count(corpus) - 1;
        cr_expect_eq(corpus_count(corpus), wanted[i].count, "%s", wanted[i].file);
        cr_expect_eq(corpus_entries(corpus)[last].line, wanted[i].last_line);
        arena_init(&arena);
        cr_expect(corpus_load(corpus, last, &arena, &exchange, &err), "%s", err.text);
        cr_expect_eq(exchange.index, last);
        cr_expect_eq(exchange.line, wanted[i].last_line);
        arena_release(&arena);
        corpus_free(corpus);
    }
    cr_expect_eq(count_files(FOLDER "valid"), COUNT_OF(wanted));
}

static void expect_everything(const struct exchange *it)
{
    cr_expect_str_eq(it->id, "full");
    cr_expect_eq(it->ts_ns, 1760000000000000001LL);
    cr_expect_str_eq(it->authority, "api.example:81");
    cr_expect_str_eq(it->proto, "HTTP/2");
    cr_expect_str_eq(it->request.method, "POST");
    cr_expect_str_eq(it->request.target, "/../../x?q=%2F");
    cr_assert_eq(it->request.headers.count, 4);
    cr_expect_str_eq(it->request.headers.items[2].name, "x-dup");
    cr_expect_str_eq(it->request.headers.items[2].value, "2");
    cr_expect_str_eq(it->request.headers.items[3].value, "");
    cr_expect_eq(it->request.body.size, 12);
    cr_expect_eq(memcmp(it->request.body.data, "nul \0 and \xc3\xa9", 12), 0);
    cr_expect_str_eq(it->variant, "large");
    cr_expect(it->weight > 2.49 && it->weight < 2.51);
    cr_expect_eq(it->response.status, 422);
    cr_expect_eq(it->response.body.size, 3);
    cr_expect_eq(memcmp(it->response.body.data, "\x00\xff\x01", 3), 0);
    cr_assert_eq(it->upstream_count, 2);
    cr_expect_str_eq(it->upstream[0].name, "users");
    cr_expect_eq(it->upstream[0].latency_ns, 1200);
    cr_expect_not_null(it->upstream[0].request.body.data); /* there and empty */
    cr_expect_eq(it->upstream[0].request.body.size, 0);
    cr_expect_str_eq(it->upstream[0].response.body.data, "{}");
    cr_expect_null(it->upstream[1].response.body.data); /* not there */
    cr_expect_eq(it->upstream[1].response.status, 204);
}

static void load_everything(const char *path)
{
    struct corpus *corpus;
    struct arena arena;
    struct exchange exchange;
    struct error err = {0};
    arena_init(&arena);
    cr_assert(corpus_open(&corpus, path, &no_map, &err), "%s: %s", err.where, err.text);
    cr_assert(corpus_load(corpus, 0, &arena, &exchange, &err), "%s", err.text);
    expect_everything(&exchange);
    cr_expect_str_eq(corpus_endpoint_name(corpus, exchange.endpoint), "POST /x");
    cr_expect_str_eq(corpus_variant_name(corpus, corpus_entries(corpus)[0].variant), "large");
    corpus_free(corpus);
    arena_release(&arena);
}

Test(corpus, every_field_is_read)
{
    load_everything(FOLDER "valid/everything.jsonl");
}

Test(corpus, what_is_written_reads_the_same)
{
    char path[] = "/tmp/tollgate-corpus-XXXXXX";
    struct corpus *corpus;
    struct arena arena;
    struct exchange exchange;
    struct error err = {0};
    arena_init(&arena);
    cr_assert(corpus_open(&corpus, FOLDER "valid/everything.jsonl", &no_map, &err));
    cr_assert(corpus_load(corpus, 0, &arena, &exchange, &err));
    write_file(path, "", 0);
    FILE *file = fopen(path, "w");
    cr_expect(corpus_write_header(file, "a \"test\"", &err), "%s", err.text);
    cr_expect(corpus_write_exchange(file, &exchange, "POST /x", &err), "%s", err.text);
    cr_assert_eq(fclose(file), 0);
    corpus_free(corpus);
    arena_release(&arena);
    load_everything(path);
    unlink(path);
}

static void write_and_parse(const struct exchange *exchange, struct arena *arena,
                            struct exchange *out)
{
    struct error err = {0};
    char *text;
    const char *endpoint;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    cr_assert(corpus_write_exchange(file, exchange, NULL, &err), "%s", err.text);
    cr_assert_eq(fclose(file), 0);
    cr_assert(corpus_parse_exchange("x", 1, text, size, arena, out, &endpoint, &err), "%s: %s",
              err.where, err.text);
    free(text);
}

Test(corpus, an_answer_that_is_not_recorded_stays_so)
{
    struct corpus *corpus;
    struct arena arena;
    struct exchange exchange, again;
    struct error err = {0};
    arena_init(&arena);
    cr_assert(corpus_open(&corpus, FOLDER "valid/status-unknown.jsonl", &no_map, &err));
    cr_assert(corpus_load(corpus, 0, &arena, &exchange, &err), "%s", err.text);
    cr_expect_eq(exchange.response.status, 0);
    cr_expect_null(exchange.response.body.data);
    write_and_parse(&exchange, &arena, &again);
    cr_expect_eq(again.response.status, 0);
    arena_release(&arena);
    corpus_free(corpus);
}

Test(corpus, a_full_disk_is_an_error)
{
    struct error err = {0};
    FILE *file = fopen("/dev/full", "w");
    cr_assert_not_null(file);
    setvbuf(file, NULL, _IONBF, 0);
    cr_expect_not(corpus_write_header(file, "x", &err));
    cr_expect_eq(err.code, ERROR_IO);
    cr_expect(strstr(err.text, "No space left") != NULL, "%s", err.text);
    fclose(file);
}

Test(corpus, text_that_is_no_utf8_is_not_written)
{
    static const struct header latin[] = {{"X", "caf\xe9"}};
    struct exchange exchange = {.id = "",
                                .authority = "",
                                .proto = "HTTP/1.1",
                                .request = {"GET", "/", {latin, 1}, {0}},
                                .variant = "",
                                .weight = 1};
    struct error err = {0};
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    cr_expect_not(corpus_write_exchange(file, &exchange, NULL, &err));
    cr_expect(strstr(err.text, "header X") != NULL, "%s", err.text);
    fclose(file);
    cr_expect_eq(size, 0);
    free(text);
}

static struct corpus *open_with(const char *const *texts, size_t count, const char *data,
                                struct error *err)
{
    char path[] = "/tmp/tollgate-corpus-XXXXXX";
    struct arena arena;
    struct endpoint_map map;
    struct corpus *corpus;
    arena_init(&arena);
    cr_assert(endpoint_map_parse(&map, texts, count, &arena, err), "%s", err->text);
    write_file(path, data, strlen(data));
    bool ok = corpus_open(&corpus, path, &map, err);
    unlink(path); /* an open corpus does not need the name */
    arena_release(&arena);
    cr_assert_eq(ok, corpus != NULL);
    return corpus;
}

#define LINE(target, rest)                                                                         \
    "{\"method\":\"GET\",\"target\":\"" target "\",\"response\":{\"status\":200}" rest "}\n"

Test(corpus, templates_beat_the_exchanges_own_endpoint_and_variants_are_pairs)
{
    static const char *const texts[] = {"GET /b/{x}", "GET /a", "GET /never"};
    struct error err = {0};
    struct corpus *corpus = open_with(texts, 3,
                                      "{\"schema_version\":1}\n" LINE("/a", ",\"endpoint\":\"X\"")
                                          LINE("/b/1", ",\"variant\":\"v\"") LINE("/b/2", "")
                                              LINE("/a", ",\"variant\":\"v\",\"weight\":4"),
                                      &err);
    cr_assert_not_null(corpus, "%s", err.text);
    static const uint32_t endpoints[] = {0, 1, 1, 0}, variants[] = {0, 1, 2, 3};
    const struct corpus_entry *entries = corpus_entries(corpus);
    cr_expect_eq(corpus_count(corpus), 4);
    cr_expect_eq(corpus_endpoint_count(corpus), 2);
    cr_expect_str_eq(corpus_endpoint_name(corpus, 0), "GET /a");
    cr_expect_str_eq(corpus_endpoint_name(corpus, 1), "GET /b/{x}");
    cr_expect_eq(corpus_variant_count(corpus), 4);
    cr_expect_str_eq(corpus_variant_name(corpus, 2), "plain"); /* of the request */
    cr_expect_str_eq(corpus_variant_name(corpus, 3), "v");
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(entries[i].endpoint, endpoints[i]);
        cr_expect_eq(entries[i].variant, variants[i]);
    }
    cr_expect(entries[3].weight > 3.9);
    corpus_free(corpus);
}

Test(corpus, the_unmatched_are_named_up_to_five_and_counted)
{
    static const char *const texts[] = {"GET /a"};
    struct error err = {0};
    struct corpus *corpus =
        open_with(texts, 1,
                  "{\"schema_version\":1}\n" LINE("/u1", "") LINE("/a", "") LINE("/u2", "")
                      LINE("/u3", "") LINE("/../../u4", "") LINE("/u5", "") LINE("/u6", ""),
                  &err);
    cr_expect_null(corpus);
    cr_expect_eq(err.code, ERROR_INPUT);
    cr_expect(strstr(err.text, "6 of 7 exchanges match no endpoint template") != NULL, "%s",
              err.text);
    cr_expect(strstr(err.text, "\n  line 2: GET /u1\n") != NULL, "%s", err.text);
    cr_expect(strstr(err.text, "line 6: GET /../../u4\n  line 7: GET /u5\n  …") != NULL, "%s",
              err.text);
    cr_expect(strstr(err.text, "/u6") == NULL, "%s", err.text);
}

Test(corpus, the_hash_is_that_of_the_file)
{
    unsigned long long hash = 0;
    struct corpus *corpus;
    struct error err = {0};
    cr_assert(corpus_open(&corpus, FOLDER "valid/long-line.jsonl", &no_map, &err));
    cr_assert(file_hash(FOLDER "valid/long-line.jsonl", &hash, &err));
    cr_expect_eq(corpus_hash(corpus), hash);
    corpus_free(corpus);
}

Test(corpus, missing_files_and_folders_are_errors)
{
    struct corpus *corpus;
    struct error err = {0};
    cr_expect_not(corpus_open(&corpus, "/nowhere/corpus.jsonl", &no_map, &err));
    cr_expect_eq(err.code, ERROR_IO);
    error_clear(&err);
    cr_expect_not(corpus_open(&corpus, "/tmp", &no_map, &err));
    cr_expect(strstr(err.text, "regular file") != NULL, "%s", err.text);
}

Test(corpus, a_file_that_shrinks_is_noticed)
{
    char path[] = "/tmp/tollgate-corpus-XXXXXX";
    static const char data[] = "{\"schema_version\":1}\n" LINE("/a", ",\"endpoint\":\"A\"");
    struct corpus *corpus;
    struct arena arena;
    struct exchange exchange;
    struct error err = {0};
    write_file(path, data, sizeof data - 1);
    cr_assert(corpus_open(&corpus, path, &no_map, &err));
    cr_assert_eq(truncate(path, 30), 0);
    arena_init(&arena);
    cr_expect_not(corpus_load(corpus, 0, &arena, &exchange, &err));
    cr_expect(strstr(err.text, "shorter") != NULL, "%s", err.text);
    arena_release(&arena);
    corpus_free(corpus);
    unlink(path);
}

/* The vectors of RFC 4648, section 10. */
Test(corpus, base64)
{
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    static const char *const wrong[] = {
        "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Z-_v"};
    struct arena arena;
    struct buffer text;
    size_t size;
    bool valid;
    arena_init(&arena);
    buffer_init(&text, 100);
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        buffer_clear(&text);
        base64_encode(vectors[i][0], strlen(vectors[i][0]), &text);
        cr_expect_str_eq(buffer_text(&text), vectors[i][1]);
        char *back = base64_decode(vectors[i][1], strlen(vectors[i][1]), &arena, &size, &valid);
        cr_expect(valid && back != NULL && strcmp(back, vectors[i][0]) == 0);
        cr_expect_eq(size, strlen(vectors[i][0]));
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        cr_expect(base64_decode(wrong[i], strlen(wrong[i]), &arena, &size, &valid) == NULL &&
                      !valid,
                  "%s", wrong[i]);
    buffer_release(&text);
    arena_release(&arena);
}

static bool parse_once(const char *text, size_t size, struct error *err)
{
    struct arena arena;
    struct exchange exchange;
    const char *endpoint;
    arena_init(&arena);
    bool ok = corpus_parse_exchange("x", 1, text, size, &arena, &exchange, &endpoint, err);
    arena_release(&arena);
    return ok;
}

Test(corpus, each_failing_allocation_of_a_parse_is_an_error_and_leaks_nothing)
{
    struct buffer file;
    struct error err = {0};
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    buffer_init(&file, 1 << 20);
    cr_assert(file_read(FOLDER "valid/everything.jsonl", &file, &err));
    const char *text = strchr(file.data, '\n') + 1;
    size_t size = strlen(text);
    long n = 0;
    for (bool ok = false; !ok; n++) {
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = parse_once(text, size, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
    }
    cr_expect_gt(n, 1); /* it did fail on the way */
    buffer_release(&file);
}

Test(corpus, each_failing_allocation_of_an_opening_is_an_error)
{
    struct corpus *corpus;
    struct error err = {0};
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    long n = 0;
    for (bool ok = false; !ok; n++) {
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = corpus_open(&corpus, FOLDER "valid/everything.jsonl", &no_map, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s: %s", n, (int)err.code,
                  err.where, err.text);
    }
    corpus_free(corpus);
}
