/* What dead code looks like: on a terminal, line by line, as JSON and as a page. */
#include "base/file.h"
#include "base/terminal.h"
#include "base/text.h"
#include "reporters/dead_html.h"
#include "reporters/dead_json.h"
#include "reporters/dead_text.h"
#include "reporters/source_view.h"
#include "tests/unit/dead_sample.h"
#include "tests/unit/golden.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>

TestSuite(dead_report, .timeout = 120);

#define FEED "GET /v3/feed"
#define USER "GET /v3/users/{id}"

/* service.c as it is, token.c in a content that one run of two saw, and header code. */
static const char service_text[] = "#include \"service.h\"\n"
                                   "\n"
                                   "void stats_get(struct request *request)\n"
                                   "{\n"
                                   "\tif (!request->operator)\n"
                                   "\t\treply_error(request, 403, \"only operators\");\n"
                                   "}\n"
                                   "\n"
                                   "int users_get(struct request *request)\n"
                                   "{\n"
                                   "\tfor (size_t i = 0; i < request->count; i++)\n"
                                   "\t\tadd(request, i);\n"
                                   "\tif (request->failed)\n"
                                   "\t\treturn reply_error(request, 404, \"no such user\");\n"
                                   "\treturn 0;\n"
                                   "}\n";
static const uint32_t service_lines[] = {3, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16};
static const struct source_function service_functions[] = {{"stats_get", 3, 7},
                                                           {"users_get", 9, 16}};
static const uint32_t token_lines[] = {20, 21, 22, 23, 40, 41, 42};
static const struct source_function token_functions[] = {{"token_check", 20, 30},
                                                         {"token_load", 40, 42}};
static const char header_text[] = "\n\n\nint x;\x1b[31m</td>\xff\0y";
static const uint32_t inline_lines[] = {4};
static const struct source_function inline_functions[] = {{"min_of", 4, 4}};

#define SERVICE "gateway/service.c"
#define TOKEN   "gateway/deep/authorization/token.c"

static const struct source_file new_files[] = {
    {TOKEN, HASH_A, true, token_lines, 7, token_functions, 2},
    {SERVICE, HASH_A, false, service_lines, 11, service_functions, 2},
    {"gateway/small.h", HASH_A, false, inline_lines, 1, inline_functions, 1}};
static const struct source_file old_files[] = {
    {TOKEN, HASH_B, false, token_lines, 7, token_functions, 2},
    {SERVICE, HASH_A, false, service_lines, 11, service_functions, 2}};
static const struct dead_fact new_facts[] = {{USER, SERVICE, "users_get", 9, 1, false},
                                             {USER, SERVICE, "users_get", 11, 26, false},
                                             {USER, SERVICE, "users_get", 12, 25, false},
                                             {USER, SERVICE, "users_get", 13, 1, false},
                                             {USER, SERVICE, "users_get", 14, 0.2, true},
                                             {USER, SERVICE, "users_get", 16, 1, false},
                                             {FEED, TOKEN, "token_check", 20, 1, false},
                                             {USER, TOKEN, "token_check", 20, 1, false},
                                             {FEED, TOKEN, "token_check", 23, 1, false},
                                             {NULL, TOKEN, "token_load", 40, 1, false},
                                             {NULL, TOKEN, "token_load", 41, 12, false},
                                             {FEED, "gateway/small.h", "min_of", 4, 8, false},
                                             {0}};
static const struct dead_fact old_facts[] = {{FEED, SERVICE, "users_get", 15, 1, false}, {0}};
static const char *const tracked[] = {SERVICE, TOKEN, "gateway/legacy.c", "gateway/probe.c", NULL};
static const struct dead_keep keeps[] = {
    {TOKEN, "token_load", "2026-01-31", "until the keys rotate"},
    {SERVICE, "stats_get", "2027-01-31", "operators ask for it by hand"},
    {"gateway/gone.c", NULL, "2027-01-31", "x"}};

/* Everything that a report is made of. */
struct scene {
    struct arena arena;
    struct dead dead;
    struct measured_text texts[3];
    struct dead_keep_list keep;
    const char *notes[1];
    struct dead_report report;
};

static void set_ages(struct dead *dead)
{
    static const int64_t now = 1790000000, day = 86400;
    for (size_t i = 0; i < dead->unit_count; i++) {
        struct dead_unit *unit = &dead->units[i];
        int64_t days = 3 + 400 * (int64_t)(i % 4);
        unit->age = (struct dead_age){.known = i != 5, .changed_s = now - days * day};
        snprintf(unit->age.commit, sizeof unit->age.commit, "1b22c30%05u", (unsigned)i % 100);
    }
    dead_rank(dead, now);
}

static void begin(struct scene *scene, bool keep)
{
    struct error err = {0};
    struct dead_merge *merge;
    const char *why;
    *scene = (struct scene){.notes = {"old.json is left out: it does not tell which lines were "
                                      "executed"},
                            .keep = {keeps, COUNT_OF(keeps)}};
    struct dead_sample newer = {"2026-11-12T08:00:00Z", new_files, 3,  new_facts,
                                {FEED, USER},           {3, 1},    600};
    struct dead_sample older = {"2026-10-20T08:00:00Z", old_files, 2, old_facts, {FEED}, {1}, 40};
    struct dead_question question = {.tracked = tracked, .keep_folder = "", .today = "2026-11-22"};
    if (keep)
        question.keep = &scene->keep;
    arena_init(&scene->arena);
    cr_assert(dead_merge_new(&merge, &err));
    cr_assert(dead_merge_add(merge, dead_sample_make(&newer), &why, &err) && why == NULL);
    cr_assert(dead_merge_add(merge, dead_sample_make(&older), &why, &err) && why == NULL);
    cr_assert(dead_find(&scene->dead, merge, &question, &scene->arena, &err), "%s", err.text);
    dead_merge_free(merge);
    set_ages(&scene->dead);
    cr_assert_str_eq(scene->dead.files[1].path, SERVICE);
    scene->texts[0].why = "the text of the file as it was measured is not at hand";
    scene->texts[1] = (struct measured_text){service_text, strlen(service_text), NULL};
    scene->texts[2] = (struct measured_text){header_text, sizeof header_text - 1, NULL};
    scene->report = (struct dead_report){.dead = &scene->dead,
                                         .states = {[DEAD_NEVER] = true},
                                         .ages = true,
                                         .texts = scene->texts,
                                         .notes = scene->notes,
                                         .note_count = 1,
                                         .today = "2026-11-22"};
    setlocale(LC_ALL, "C.utf8");
}

static void end(struct scene *scene)
{
    arena_release(&scene->arena);
}

static void show_all_states(struct scene *scene)
{
    scene->report.states[DEAD_START] = scene->report.states[DEAD_ERROR] = true;
}

static const char *write_text(struct buffer *out, const struct scene *scene,
                              struct report_style style)
{
    struct error err = {0};
    buffer_init(out, 1 << 24);
    cr_assert(dead_text_append(out, &scene->report, &style, &err), "%s", err.text);
    return buffer_text(out);
}

static const char *write_view(struct buffer *out, const struct scene *scene, size_t file,
                              struct report_style style, bool cut)
{
    struct error err = {0};
    buffer_init(out, 1 << 24);
    cr_assert(
        source_view_append(out, &scene->dead.files[file], &scene->texts[file], &style, cut, &err),
        "%s", err.text);
    return buffer_text(out);
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        char line[8192];
        cr_assert_lt(size, sizeof line);
        snprintf(line, sizeof line, "%.*s", (int)size, text);
        size_t columns = text_columns(line);
        widest = columns > widest ? columns : widest;
        cr_assert(size == 0 || line[size - 1] != ' ', "a space at the end of \"%s\"", line);
        text += size + (text[size] == '\n');
    }
    return widest;
}

static void check_golden(const char *name, struct buffer *out)
{
    char file[256];
    snprintf(file, sizeof file, "dead-%s.txt", name);
    golden_check(file, out);
    buffer_release(out);
}

Test(dead_report, transcripts)
{
    static const int widths[] = {40, 80, 200};
    struct scene scene;
    struct buffer out;
    char name[64];
    begin(&scene, true);
    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        write_text(&out, &scene, (struct report_style){widths[i], false, true});
        snprintf(name, sizeof name, "never-%d", widths[i]);
        check_golden(name, &out);
        write_view(&out, &scene, 1, (struct report_style){widths[i], false, true}, true);
        snprintf(name, sizeof name, "source-%d", widths[i]);
        check_golden(name, &out);
    }
    show_all_states(&scene);
    scene.report.all = true;
    write_text(&out, &scene, (struct report_style){80, false, true});
    check_golden("all-80", &out);
    write_text(&out, &scene, (struct report_style){80, true, false});
    check_golden("all-80-color-ascii", &out);
    write_view(&out, &scene, 0, (struct report_style){80, true, true}, true);
    check_golden("source-without-text-80-color", &out);
    end(&scene);
}

/* Names and texts of someone who wishes harm. */
static void make_hostile(struct scene *scene)
{
    static const char evil[] = "ev\x1b]0;il\xe2\x80\xae\xff<script>alert(1)</script>&\"' \n  x";
    struct dead_file *files = (struct dead_file *)(uintptr_t)scene->dead.files;
    files[1].path = evil;
    for (size_t i = 0; i < files[1].function_count; i++)
        ((struct dead_function *)(uintptr_t)&files[1].functions[i])->name =
            "f<img src=x onerror=alert(1)>漢字漢字漢字漢字漢字漢字漢字\x1b[2J";
    ((const char **)(uintptr_t)scene->dead.endpoints)[0] = "GET /\"><script>";
    scene->notes[0] = evil;
    scene->texts[1] = (struct measured_text){evil, sizeof evil - 1, NULL};
}

Test(dead_report, no_line_is_wider_than_the_terminal)
{
    struct scene scene;
    for (int hostile = 0; hostile < 2; hostile++) {
        begin(&scene, hostile == 0);
        show_all_states(&scene);
        if (hostile)
            make_hostile(&scene);
        for (int columns = 20; columns <= 240; columns += columns < 100 ? 1 : 17)
            for (int utf8 = 0; utf8 < 2; utf8++) {
                struct buffer out;
                struct report_style style = {columns, false, utf8 != 0};
                size_t widest = widest_line(write_text(&out, &scene, style));
                cr_assert(widest <= (size_t)columns, "%d has a line of %zu:\n%s", columns, widest,
                          buffer_text(&out));
                buffer_release(&out);
                for (size_t file = 0; file < 3; file++) {
                    widest = widest_line(write_view(&out, &scene, file, style, true));
                    cr_assert(widest <= (size_t)columns, "%d has a line of %zu:\n%s", columns,
                              widest, buffer_text(&out));
                    buffer_release(&out);
                }
            }
        end(&scene);
    }
}

/* In a pipe the text is whole, whatever its length. */
Test(dead_report, a_pipe_gets_whole_lines)
{
    struct scene scene;
    struct buffer out;
    begin(&scene, false);
    const char *text = write_view(&out, &scene, 1, (struct report_style){40, false, false}, false);
    cr_expect_not_null(strstr(text, "  14 error         return reply_error(request, 404, \"no such "
                                    "user\");\n"),
                       "%s", text);
    buffer_release(&out);
    end(&scene);
}

Test(dead_report, nothing_hostile_reaches_the_terminal_or_the_page)
{
    struct scene scene;
    struct buffer out;
    struct error err = {0};
    begin(&scene, false);
    show_all_states(&scene);
    make_hostile(&scene);
    const char *text = write_text(&out, &scene, (struct report_style){80, false, true});
    cr_expect_null(strchr(text, '\x1b'));
    cr_expect_null(strstr(text, "\xe2\x80\xae"));
    cr_expect(text_is_utf8(text, strlen(text)));
    buffer_release(&out);
    text = write_view(&out, &scene, 1, (struct report_style){80, false, true}, true);
    cr_expect_null(strchr(text, '\x1b'));
    buffer_release(&out);
    buffer_init(&out, 1 << 24);
    cr_assert(dead_html_append(&out, &scene.report, &err), "%s", err.text);
    text = buffer_text(&out);
    cr_expect_null(strstr(text, "<script"));
    cr_expect_null(strstr(text, "<img"));
    cr_expect_null(strchr(text, '\x1b'));
    cr_expect_null(strstr(text, "\xe2\x80\xae"));
    cr_expect_not_null(strstr(text, "&lt;script&gt;"));
    cr_expect(text_is_utf8(text, out.length));
    cr_expect_eq(strlen(text), out.length, "a NUL in the page");
    buffer_release(&out);
    buffer_init(&out, 1 << 24);
    cr_assert(dead_json_append(&out, &scene.report, &err), "%s", err.text);
    json_t *json = json_loadb(buffer_text(&out), out.length, 0, NULL);
    cr_expect_not_null(json);
    json_decref(json);
    buffer_release(&out);
    end(&scene);
}

/* Every link of the page leads somewhere, and each line of the text is there. */
Test(dead_report, the_page_is_whole)
{
    struct scene scene;
    struct buffer out;
    struct error err = {0};
    begin(&scene, true);
    show_all_states(&scene);
    buffer_init(&out, 1 << 24);
    cr_assert(dead_html_append(&out, &scene.report, &err), "%s", err.text);
    const char *text = buffer_text(&out);
    size_t links = 0;
    for (const char *at = text; (at = strstr(at, "href=\"#")) != NULL; links++) {
        char id[64];
        at += strlen("href=\"#");
        snprintf(id, sizeof id, "id=\"%.*s\"", (int)strcspn(at, "\""), at);
        cr_expect_not_null(strstr(text, id), "%s is nowhere", id);
    }
    cr_expect_geq(links, 7);
    cr_expect_not_null(strstr(text, "content=\"default-src &#39;none&#39;; style-src"));
    cr_expect_not_null(strstr(text, "only operators"));
    cr_expect_not_null(strstr(text, scene.texts[0].why));
    cr_expect_not_null(strstr(text, "until the keys rotate"));
    cr_expect_null(strstr(text, "http://"));
    cr_expect_null(strstr(text, "https://"));
    buffer_release(&out);
    end(&scene);
}

/* A page has an end: sources beyond it are left out, and it says so. */
Test(dead_report, a_page_too_large)
{
    enum { LARGE = 12 << 20 };
    struct scene scene;
    struct buffer out;
    struct error err = {0};
    begin(&scene, false);
    char *large = malloc(LARGE);
    cr_assert_not_null(large);
    memset(large, '\n', LARGE);
    scene.texts[0] = (struct measured_text){large, LARGE, NULL};
    buffer_init(&out, 256 << 20);
    cr_assert(dead_html_append(&out, &scene.report, &err), "%s", err.text);
    cr_expect_lt(out.length, (size_t)26 << 20);
    cr_expect_not_null(strstr(buffer_text(&out), "The rest is left out"));
    cr_expect_not_null(strstr(buffer_text(&out), "Left out: the page would get too large."));
    buffer_release(&out);
    free(large);
    end(&scene);
}

static json_t *make_json(const struct scene *scene)
{
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, 1 << 24);
    cr_assert(dead_json_append(&out, &scene->report, &err), "%s", err.text);
    json_t *json = json_loadb(buffer_text(&out), out.length, 0, NULL);
    cr_assert_not_null(json);
    buffer_release(&out);
    return json;
}

/* The file's ranges by hand: 3 to 7 never, 14 in errors; 15 was reached by the older run. */
Test(dead_report, json)
{
    struct scene scene;
    json_int_t first, last;
    const char *path, *state, *until;
    int whole;
    begin(&scene, true);
    json_t *json = make_json(&scene);
    json_t *file = json_array_get(json_object_get(json, "files"), 1);
    json_t *ranges = json_object_get(file, "ranges");
    cr_assert_eq(json_array_size(json_object_get(ranges, "never")), 1);
    cr_assert_eq(json_unpack(ranges, "{s:[[I,I]]}", "never", &first, &last), 0);
    cr_expect(first == 3 && last == 7);
    cr_assert_eq(json_unpack(ranges, "{s:[[I,I]]}", "error", &first, &last), 0);
    cr_expect(first == 14 && last == 14);
    json_t *units = json_object_get(json, "units");
    cr_assert_eq(json_array_size(units), 3, "%zu", json_array_size(units));
    for (size_t i = 0; i < json_array_size(units); i++) {
        json_t *unit = json_array_get(units, i);
        cr_assert_eq(json_unpack(unit, "{s:s, s:s, s:b, s:I}", "path", &path, "state", &state,
                                 "whole", &whole, "first", &first),
                     0);
        cr_expect_str_eq(state, "never");
        if (strcmp(path, SERVICE) != 0)
            continue;
        cr_expect(whole);
        cr_assert_eq(json_unpack(unit, "{s:{s:s}}", "kept", "until", &until), 0);
        cr_expect_str_eq(until, "2027-01-31");
    }
    cr_expect_eq(json_array_size(json_object_get(json, "without_code")), 2);
    cr_expect_eq(json_array_size(json_object_get(json, "idle_keeps")), 1);
    cr_expect_eq(json_array_size(json_object_get(json, "notes")), 1);
    json_decref(json);
    end(&scene);
}

Test(dead_report, ages_in_words)
{
    static const struct {
        struct dead_age age;
        double days;
        const char *words;
    } cases[] = {
        {{.known = false}, 0, "-"},
        {{.known = true, .uncommitted = true}, 0, "new"},
        {{.known = true}, 0.5, "<1 d"},
        {{.known = true}, 1, "1 d"},
        {{.known = true}, 60, "60 d"},
        {{.known = true}, 61, "2 mo"},
        {{.known = true}, 730, "24 mo"},
        {{.known = true}, 731, "2.0 y"},
        {{.known = true}, 3653, "10.0 y"},
        {{.known = true, .at_least = true}, 40, ">=40 d"},
        {{.known = true, .at_least = true}, 0.5, "-"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char words[FORMAT_SIZE];
        struct dead_unit unit = {.age = cases[i].age, .age_days = cases[i].days};
        dead_format_age(&unit, false, words);
        cr_expect_str_eq(words, cases[i].words, "%s, not %s", words, cases[i].words);
    }
}
