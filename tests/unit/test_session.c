/* Values carried from answers into requests: what the plan finds in a corpus, what is sent, what
 * the check lets pass. */
#include "replay/session.h"

#include "base/macros.h"
#include "replay/session_private.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(session, .timeout = 60);

#define TOKEN "0123456789abcdef"
#define THING "feedfacecafebeef"

#define LOGIN                                                                                      \
    "{\"id\":\"login\",\"conn\":1,\"method\":\"POST\",\"target\":\"/login\",\"endpoint\":\"e\","   \
    "\"response\":{\"status\":200,\"headers\":[[\"Set-Cookie\",\"sid=cookie-of-one; Path=/\"],"    \
    "[\"X-Csrf\",\"nonce-0001\"]],\"body\":\"{\\\"token\\\":\\\"" TOKEN "\\\",\\\"n\\\":7}\"}}\n"
#define MAKE                                                                                       \
    "{\"id\":\"make\",\"conn\":1,\"method\":\"POST\",\"target\":\"/things\",\"endpoint\":\"e\","   \
    "\"headers\":[[\"Authorization\",\"Bearer " TOKEN "\"]],"                                      \
    "\"response\":{\"status\":201,\"body\":\"{\\\"id\\\":\\\"" THING "\\\"}\"}}\n"
#define USE                                                                                        \
    "{\"id\":\"use\",\"conn\":1,\"method\":\"PUT\","                                               \
    "\"target\":\"/things/" THING "/of/7?thing=feedface%63afebeef&n=7&token=other\","              \
    "\"endpoint\":\"e\",\"headers\":[[\"Host\",\"h\"],[\"authorization\",\"Bearer " TOKEN "\"],"   \
    "[\"Cookie\",\"theme=dark; sid=cookie-of-one\"],[\"X-Quoted\",\"\\\"" THING "\\\"\"]],"        \
    "\"body\":\"{ \\\"thing\\\" : \\\"" THING "\\\",\\\"n\\\":7, \\\"text\\\":\\\"a " THING        \
    " b\\\" }\",\"response\":{\"status\":200,\"body\":\"\"}}\n"

/* A corpus of the lines, with the plan for all of its exchanges. */
struct scene {
    char path[64];
    struct corpus *corpus;
    struct arena arena;
    struct exchange exchanges[8];
    size_t count;
    struct session_plan *plan;
    struct driver *driver;
    struct session *session;
    struct reply reply;
};

static void open_corpus(struct scene *scene, const char *lines)
{
    static const struct endpoint_map no_map;
    struct error err = {0};
    *scene = (struct scene){0};
    snprintf(scene->path, sizeof scene->path, "/tmp/tollgate-session-XXXXXX");
    int fd = mkstemp(scene->path);
    FILE *file = fdopen(fd, "w");
    fprintf(file, "{\"schema_version\":1}\n%s", lines);
    fclose(file);
    arena_init(&scene->arena);
    cr_assert(corpus_open(&scene->corpus, scene->path, &no_map, &err), "%s: %s", err.where,
              err.text);
    scene->count = corpus_count(scene->corpus);
    for (size_t i = 0; i < scene->count; i++)
        cr_assert(corpus_load(scene->corpus, i, &scene->arena, &scene->exchanges[i], &err));
}

static bool make_plan(struct scene *scene, const struct session_rules *rules, struct error *err)
{
    const struct exchange *replayed[8];
    for (size_t i = 0; i < scene->count; i++)
        replayed[i] = &scene->exchanges[i];
    return session_plan_new(&scene->plan, rules, scene->corpus, replayed, scene->count, err);
}

static void open_scene(struct scene *scene, const struct session_rules *rules, const char *lines)
{
    struct error err = {0};
    open_corpus(scene, lines);
    cr_assert(make_plan(scene, rules, &err), "%s", err.text);
    cr_assert(driver_new(&scene->driver, &(struct driver_options){.port = 1}, &err));
    cr_assert(session_new(&scene->session, scene->plan, scene->driver, &err));
    reply_init(&scene->reply);
}

static void close_scene(struct scene *scene)
{
    session_free(scene->session);
    if (scene->driver != NULL)
        driver_free(scene->driver);
    session_plan_free(scene->plan);
    corpus_free(scene->corpus);
    arena_release(&scene->arena);
    reply_release(&scene->reply);
    unlink(scene->path);
}

/* The gateway's answer to an exchange. */
static bool answered(struct scene *scene, size_t which, const char *headers, const char *body,
                     struct buffer *why)
{
    scene->reply.status = 200;
    buffer_clear(&scene->reply.body);
    buffer_clear(&scene->reply.headers);
    buffer_append_string(&scene->reply.body, body);
    buffer_append_string(&scene->reply.headers, headers);
    return session_take(scene->session, &scene->exchanges[which], &scene->reply, why);
}

static void answer(struct scene *scene, size_t which, const char *headers, const char *body)
{
    struct buffer why;
    buffer_init(&why, 4096);
    cr_expect(answered(scene, which, headers, body, &why), "%s", buffer_text(&why));
    buffer_release(&why);
}

static const struct exchange *next(struct scene *scene, size_t which)
{
    struct error err = {0};
    const struct exchange *request = session_next(scene->session, &scene->exchanges[which], &err);
    cr_assert_not_null(request, "%s", err.text);
    return request;
}

static struct endpoint_map map_of(const char *text, struct arena *arena)
{
    struct endpoint_map map;
    cr_assert(endpoint_map_parse(&map, &text, 1, arena, NULL));
    return map;
}

/* Captures of the three lines. The arena is the test's. */
static void make_captures(struct capture_rule captures[3], struct arena *arena)
{
    captures[0] = (struct capture_rule){.name = "token",
                                        .from = "POST /login",
                                        .answers = map_of("POST /login", arena),
                                        .place = {SESSION_JSON, "/token"}};
    captures[1] = (struct capture_rule){.name = "thing",
                                        .from = "POST /things",
                                        .answers = map_of("POST /things", arena),
                                        .place = {SESSION_JSON, "/id"}};
    captures[2] = (struct capture_rule){.name = "sid",
                                        .from = "POST /login",
                                        .answers = map_of("POST /login", arena),
                                        .place = {SESSION_COOKIE, "sid"}};
}

Test(session, without_rules_a_value_goes_wherever_it_stood)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    arena_init(&arena);
    make_captures(captures, &arena);
    struct session_rules rules = {.captures = captures, .capture_count = 3};
    open_scene(&scene, &rules, LOGIN MAKE USE);
    cr_expect_eq(session_plan_source_count(scene.plan), 2);
    cr_expect_str_eq(session_plan_source(scene.plan, 0)->id, "login");
    cr_expect_str_eq(session_plan_source(scene.plan, 1)->id, "make");
    cr_expect(session_plan_wants_headers(scene.plan));
    cr_expect_eq(next(&scene, 0), &scene.exchanges[0], "a login bears nothing");
    answer(&scene, 0, "HTTP/1.1 200 OK\r\nset-cookie: sid=new cookie; Path=/\r\n\r\n",
           "{\"token\":\"T+1\"}");
    cr_expect_str_eq(next(&scene, 1)->request.headers.items[0].value, "Bearer T+1");
    answer(&scene, 1, "", "{\"id\":\"a/\\\"b\"}");
    const struct request *request = &next(&scene, 2)->request;
    cr_expect_str_eq(request->target, "/things/a%2F%22b/of/7?thing=a%2F%22b&n=7&token=other");
    cr_expect_str_eq(request->headers.items[1].value, "Bearer T+1");
    cr_expect_str_eq(request->headers.items[2].value, "theme=dark; sid=new cookie");
    cr_expect_str_eq(request->headers.items[3].value, "\"a/\"b\"");
    /* A text that merely has it inside is another text; space and the rest stay. */
    cr_expect_str_eq(request->body.data,
                     "{ \"thing\" : \"a/\\\"b\",\"n\":7, \"text\":\"a " THING " b\" }");
    cr_expect_eq(request->body.size, strlen(request->body.data));
    cr_expect_eq(next(&scene, 2), next(&scene, 2), "built once");
    close_scene(&scene);
    arena_release(&arena);
}

Test(session, rules_say_where_values_go_and_what_stands_around_them)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    arena_init(&arena);
    make_captures(captures, &arena);
    captures[2].name = "n";
    captures[2].place = (struct session_place){SESSION_JSON, "/n"};
    const char *to = "PUT /things/{id}/of/{n}";
    struct endpoint_map put = map_of(to, &arena);
    const struct inject_rule injects[] = {
        {.capture = 0,
         .to = "*",
         .place = {SESSION_HEADER, "Authorization"},
         .before = "Token ",
         .after = "!"},
        {.capture = 0, .to = "*", .place = {SESSION_QUERY, "token"}, .before = "", .after = ""},
        {.capture = 0,
         .to = to,
         .requests = put,
         .place = {SESSION_HEADER, "X-Token"},
         .before = "",
         .after = "",
         .add = true},
        {.capture = 1, .to = to, .requests = put, .place = {SESSION_JSON, "/thing"}},
        {.capture = 2, .to = to, .requests = put, .place = {SESSION_PATH, "n"}},
        {.capture = 2, .to = to, .requests = put, .place = {SESSION_JSON, "/n"}},
    };
    struct session_rules rules = {.captures = captures,
                                  .capture_count = 3,
                                  .injects = injects,
                                  .inject_count = COUNT_OF(injects)};
    open_scene(&scene, &rules, LOGIN MAKE USE);
    answer(&scene, 0, "", "{\"token\":\"T1\",\"n\":12}");
    answer(&scene, 1, "", "{\"id\":99}");
    const struct request *request = &next(&scene, 2)->request;
    cr_expect_str_eq(request->target,
                     "/things/" THING "/of/12?thing=feedface%63afebeef&n=7&token=T1");
    cr_expect_str_eq(request->headers.items[1].value, "Token T1!");
    cr_assert_eq(request->headers.count, 5);
    cr_expect_str_eq(request->headers.items[4].name, "X-Token");
    cr_expect_str_eq(request->headers.items[4].value, "T1");
    cr_expect_str_eq(request->body.data,
                     "{ \"thing\" : \"99\",\"n\":12, \"text\":\"a " THING " b\" }");
    cr_expect_str_eq(next(&scene, 1)->request.headers.items[0].value, "Token T1!");
    close_scene(&scene);
    arena_release(&arena);
}

/* A second login on another connection, whose token was recorded as the same. */
#define LOGIN_OF_TWO                                                                               \
    "{\"id\":\"two\",\"conn\":2,\"method\":\"POST\",\"target\":\"/login\",\"endpoint\":\"e\","     \
    "\"response\":{\"status\":200,\"body\":\"{\\\"token\\\":\\\"" TOKEN "\\\"}\"}}\n"

Test(session, the_value_of_the_same_session_is_meant)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    arena_init(&arena);
    make_captures(captures, &arena);
    struct session_rules rules = {.captures = captures, .capture_count = 2};
    open_scene(&scene, &rules, LOGIN LOGIN_OF_TWO MAKE);
    answer(&scene, 0, "", "{\"token\":\"of one\"}");
    answer(&scene, 1, "", "{\"token\":\"of two\"}");
    cr_expect_str_eq(next(&scene, 2)->request.headers.items[0].value, "Bearer of one");
    close_scene(&scene);
    /* Told apart by a cookie that neither has, the last one before it counts. */
    rules.scope = SESSION_BY_COOKIE;
    rules.scope_name = "none";
    open_scene(&scene, &rules, LOGIN LOGIN_OF_TWO MAKE);
    answer(&scene, 0, "", "{\"token\":\"of one\"}");
    answer(&scene, 1, "", "{\"token\":\"of two\"}");
    cr_expect_str_eq(next(&scene, 2)->request.headers.items[0].value, "Bearer of two");
    close_scene(&scene);
    arena_release(&arena);
}

Test(session, a_later_answer_has_no_say_in_an_earlier_request)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    arena_init(&arena);
    make_captures(captures, &arena);
    struct session_rules rules = {
        .captures = captures, .capture_count = 2, .scope = SESSION_BY_COOKIE, .scope_name = "none"};
    open_scene(&scene, &rules, MAKE LOGIN MAKE LOGIN_OF_TWO);
    answer(&scene, 1, "", "{\"token\":\"of one\"}");
    answer(&scene, 3, "", "{\"token\":\"of two\"}");
    cr_expect_eq(next(&scene, 0), &scene.exchanges[0], "nothing came before it");
    cr_expect_str_eq(next(&scene, 2)->request.headers.items[0].value, "Bearer of one");
    close_scene(&scene);
    arena_release(&arena);
}

#define LOGIN_WITH_LONG_N                                                                          \
    "{\"id\":\"long\",\"method\":\"POST\",\"target\":\"/login\",\"endpoint\":\"e\","               \
    "\"response\":{\"status\":200,\"body\":\"{\\\"n\\\":\\\"long-enough\\\"}\"}}\n"

Test(session, short_values_are_left_alone_without_a_rule)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    arena_init(&arena);
    make_captures(captures, &arena);
    captures[0].place.name = "/n";
    struct session_rules rules = {.captures = captures, .capture_count = 1};
    open_scene(&scene, &rules, LOGIN LOGIN_WITH_LONG_N USE);
    answer(&scene, 0, "", "{\"n\":12}");
    cr_expect_eq(next(&scene, 2), &scene.exchanges[2]);
    close_scene(&scene);
    arena_release(&arena);
}

#define DELETE                                                                                     \
    "{\"id\":\"delete\",\"conn\":1,\"method\":\"DELETE\",\"target\":\"/things/" THING "\","        \
    "\"endpoint\":\"e\",\"response\":{\"status\":204}}\n"

/* Answers each making with the next number. */
struct maker {
    struct scene *scene;
    int made;
};

static bool send_make(void *context, const struct exchange *source, struct error *err)
{
    struct maker *maker = context;
    char body[64];
    (void)err;
    cr_expect_str_eq(source->id, "make");
    snprintf(body, sizeof body, "{\"id\":\"own %d\"}", ++maker->made);
    (void)session_next(maker->scene->session, source, err);
    answer(maker->scene, 1, "", body);
    return true;
}

Test(session, what_a_delete_takes_away_is_made_for_it_alone)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    struct error err = {0};
    arena_init(&arena);
    make_captures(captures, &arena);
    struct session_rules rules = {.captures = captures, .capture_count = 2};
    open_scene(&scene, &rules, LOGIN MAKE USE DELETE);
    struct maker maker = {&scene, 0};
    answer(&scene, 0, "", "{\"token\":\"T1\"}");
    answer(&scene, 1, "", "{\"id\":\"shared\"}");
    cr_expect_eq(session_count_ready(scene.session, &scene.exchanges[2]), SIZE_MAX);
    cr_expect_eq(session_count_ready(scene.session, &scene.exchanges[3]), 0);
    for (int i = 0; i < 3; i++)
        cr_assert(session_make_ready(scene.session, &scene.exchanges[3], send_make, &maker, &err));
    cr_expect_eq(session_count_ready(scene.session, &scene.exchanges[3]), 3);
    cr_expect_str_eq(next(&scene, 3)->request.target, "/things/own%201");
    cr_expect(session_same_text(scene.session, THING, 16, "own 1", 5));
    cr_expect_not(session_same_text(scene.session, THING, 16, "shared", 6));
    cr_expect_str_eq(next(&scene, 3)->request.target, "/things/own%202");
    cr_expect(strncmp(next(&scene, 2)->request.target, "/things/shared/", 15) == 0);
    cr_expect(session_same_text(scene.session, THING, 16, "shared", 6));
    cr_expect_eq(session_count_ready(scene.session, &scene.exchanges[3]), 1);
    close_scene(&scene);
    arena_release(&arena);
}

Test(session, what_stands_for_a_recorded_value_is_no_difference)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    arena_init(&arena);
    make_captures(captures, &arena);
    captures[2].place = (struct session_place){SESSION_JSON, "/n"};
    struct inject_rule inject = {.capture = 2, .to = "*", .place = {SESSION_QUERY, "n"}};
    struct session_rules rules = {
        .captures = captures, .capture_count = 3, .injects = &inject, .inject_count = 1};
    open_scene(&scene, &rules, LOGIN MAKE USE);
    cr_expect_not(session_same_text(scene.session, THING, 16, "new-one", 7), "nothing was taken");
    answer(&scene, 0, "", "{\"token\":\"T1\",\"n\":12}");
    answer(&scene, 1, "", "{\"id\":\"new-one\"}");
    static const struct {
        const char *recorded, *got;
        bool same;
    } cases[] = {
        {THING, "new-one", true},
        {THING, THING "x", false},
        {"/things/" THING "?by=" TOKEN, "/things/new-one?by=T1", true},
        {"/things/" THING, "/things/other", false},
        {"/things/" THING, "/things/new-one/", false},
        {THING THING, "new-one" THING, true}, /* either may stand */
        {"7", "12", true},
        {"page 7", "page 12", false}, /* too short to be found inside a text */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect_eq(session_same_text(scene.session, cases[i].recorded, strlen(cases[i].recorded),
                                       cases[i].got, strlen(cases[i].got)),
                     cases[i].same, "%s, %s", cases[i].recorded, cases[i].got);
    close_scene(&scene);
    arena_release(&arena);
}

Test(session, a_value_that_is_not_handed_out_is_explained_by_its_first_cause)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    struct buffer why;
    arena_init(&arena);
    make_captures(captures, &arena);
    struct session_rules rules = {.captures = captures, .capture_count = 2};
    open_scene(&scene, &rules, LOGIN MAKE USE);
    buffer_init(&why, 4096);
    cr_expect_not(answered(&scene, 0, "", "{\"token\":[]}", &why));
    cr_expect_str_eq(buffer_text(&why), "POST /login (line 2 of the corpus) answered 200 without a "
                                        "value at /token for \"token\": {\"token\":[]}");
    static const char *const useless[] = {"{\"id\":\"\"}", "{\"id\":true}",
                                          "{\"id\":\"a\\r\\nX: y\"}", "no JSON", ""};
    for (size_t i = 0; i < COUNT_OF(useless); i++) {
        buffer_clear(&why);
        cr_expect_not(answered(&scene, 1, "", useless[i], &why), "%s", useless[i]);
    }
    buffer_clear(&why);
    cr_expect(session_explain_missing(scene.session, &scene.exchanges[2], &why));
    cr_expect(strstr(buffer_text(&why), "needs the value of \"token\"") != NULL, "%s",
              buffer_text(&why));
    /* The recorded values stay. */
    cr_expect(strncmp(next(&scene, 2)->request.target, "/things/" THING, 24) == 0);
    buffer_release(&why);
    close_scene(&scene);
    arena_release(&arena);
}

Test(session, rules_that_fit_nothing_are_refused)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    struct error err = {0};
    arena_init(&arena);
    make_captures(captures, &arena);
    struct session_rules rules = {.captures = captures, .capture_count = 1};
    captures[0].place.name = "/tokn";
    open_corpus(&scene, LOGIN MAKE);
    cr_expect_not(make_plan(&scene, &rules, &err));
    cr_expect(strstr(err.text, "no answer of the corpus to \"POST /login\" has a value at /tokn") !=
                  NULL,
              "%s", err.text);
    error_clear(&err);
    captures[0].place.name = "/n";
    cr_expect_not(make_plan(&scene, &rules, &err));
    cr_expect(strstr(err.text, "shorter than 8 characters") != NULL, "%s", err.text);
    close_scene(&scene);
    arena_release(&arena);
}

Test(session, the_nth_allocation_fails)
{
    struct arena arena;
    struct capture_rule captures[3];
    struct scene scene;
    struct error err = {0};
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    arena_init(&arena);
    make_captures(captures, &arena);
    struct session_rules rules = {.captures = captures, .capture_count = 3};
    open_corpus(&scene, LOGIN MAKE USE);
    long n = 0;
    for (bool ok = false; !ok; n++) {
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = make_plan(&scene, &rules, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
    }
    cr_expect_gt(n, 10);
    cr_assert(driver_new(&scene.driver, &(struct driver_options){.port = 1}, &err));
    for (bool ok = false; !ok; n++) {
        error_clear(&err);
        allocations_left = n % 97;
        ok = session_new(&scene.session, scene.plan, scene.driver, &err) &&
             session_next(scene.session, &scene.exchanges[2], &err) != NULL;
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "%d %s", (int)err.code, err.text);
        if (!ok)
            session_free(scene.session);
    }
    close_scene(&scene);
    arena_release(&arena);
}
