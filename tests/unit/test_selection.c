#include "rig/selection.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static struct corpus *corpus;
static struct endpoint_map no_templates;

static void begin(void)
{
    snprintf(path, sizeof path, "/tmp/tollgate-selection-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void end(void)
{
    if (corpus != NULL)
        corpus_free(corpus);
    remove(path);
}

TestSuite(selection, .init = begin, .fini = end, .timeout = 60);

static FILE *open_corpus(void)
{
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs("{\"schema_version\":1}\n", file);
    return file;
}

static void add(FILE *file, const char *endpoint, const char *variant, double weight, int number)
{
    fprintf(file,
            "{\"id\":\"%d\",\"method\":\"GET\",\"target\":\"/%d\",\"endpoint\":\"%s\","
            "\"variant\":\"%s\",\"weight\":%g,\"response\":{\"status\":200}}\n",
            number, number, endpoint, variant, weight);
}

static void select_from(FILE *file, struct selection *selection, const char *const *globs,
                        size_t most)
{
    struct error err = {0};
    cr_assert_eq(fclose(file), 0);
    cr_assert(corpus_open(&corpus, path, &no_templates, &err), "%s: %s", err.where, err.text);
    cr_assert(selection_make(selection, corpus, globs, most, &err), "%s", err.text);
}

static void expect_shares(const struct selection *selection)
{
    for (size_t e = 0; e < selection->endpoint_count; e++) {
        double sum = 0;
        for (size_t i = 0; i < selection->endpoints[e].count; i++)
            sum += selection->items[selection->endpoints[e].first + i].share;
        cr_assert_float_eq(sum, 1, 1e-9);
    }
}

Test(selection, takes_all_where_there_are_few)
{
    struct selection selection;
    FILE *file = open_corpus();
    add(file, "GET /a", "x", 1, 1);
    add(file, "GET /b", "x", 3, 2);
    add(file, "GET /a", "y", 3, 3);
    select_from(file, &selection, NULL, 16);
    cr_assert_eq(selection.count, 3);
    cr_assert_eq(selection.endpoint_count, 2);
    const struct selected_endpoint *a = &selection.endpoints[0];
    cr_assert_eq(a->requests, 2);
    cr_assert_eq(a->weight, 4);
    cr_assert_str_eq(selection.items[a->first].exchange.id, "1");
    cr_assert_str_eq(selection.items[a->first + 1].exchange.id, "3");
    cr_assert_float_eq(selection.items[a->first + 1].share, 0.75, 1e-9);
    expect_shares(&selection);
    selection_release(&selection);
}

/* 90 plain requests, 9 of one variant, 1 of another: with room for five, each variant is there and
 * the shares are those of the traffic. */
Test(selection, every_variant_is_there_while_there_is_room)
{
    struct selection selection;
    FILE *file = open_corpus();
    for (int i = 0; i < 100; i++)
        add(file, "GET /a", i == 50 ? "rare" : i % 11 == 0 ? "some" : "plain", 1, i);
    select_from(file, &selection, NULL, 5);
    cr_assert_eq(selection.count, 5);
    bool rare = false;
    double some = 0;
    for (size_t i = 0; i < selection.count; i++) {
        const struct exchange *exchange = &selection.items[i].exchange;
        rare = rare || strcmp(exchange->variant, "rare") == 0;
        if (strcmp(exchange->variant, "rare") == 0)
            cr_assert_float_eq(selection.items[i].share, 0.01, 1e-9);
        if (strcmp(exchange->variant, "some") == 0)
            some += selection.items[i].share;
    }
    cr_assert(rare);
    cr_assert_float_eq(some, 0.10, 1e-9); /* 0, 11, ..., 99 */
    expect_shares(&selection);
    selection_release(&selection);
}

/* A distilled corpus: three of one shape that stand for 60, 30 and 10 requests. */
Test(selection, exchanges_of_one_variant_count_by_their_own_weights)
{
    static const double weights[] = {60, 30, 10};
    struct selection selection;
    FILE *file = open_corpus();
    for (int i = 0; i < 3; i++)
        add(file, "GET /a", "x", weights[i], i);
    select_from(file, &selection, NULL, 16);
    cr_assert_eq(selection.count, 3);
    for (size_t i = 0; i < 3; i++)
        cr_expect_float_eq(selection.items[i].share, weights[i] / 100, 1e-12);
    selection_release(&selection);
}

/* Of four with weights 1, 9, 1, 9 the two that are taken (the first and the third) are alike. */
Test(selection, those_left_out_lend_their_weight_to_the_rest_of_their_variant)
{
    struct selection selection;
    FILE *file = open_corpus();
    for (int i = 0; i < 4; i++)
        add(file, "GET /a", "x", i % 2 == 0 ? 1 : 9, i);
    select_from(file, &selection, NULL, 2);
    cr_assert_eq(selection.count, 2);
    cr_expect_float_eq(selection.items[0].share, 0.5, 1e-12);
    cr_expect_float_eq(selection.items[1].share, 0.5, 1e-12);
    expect_shares(&selection);
    selection_release(&selection);
}

Test(selection, is_the_same_each_time)
{
    struct selection one, other;
    struct error err = {0};
    FILE *file = open_corpus();
    for (int i = 0; i < 300; i++)
        add(file, i % 3 == 0 ? "GET /a" : "GET /b", i % 7 == 0 ? "x" : "y", 1 + i % 5, i);
    select_from(file, &one, NULL, 8);
    cr_assert(selection_make(&other, corpus, NULL, 8, &err));
    cr_assert_eq(one.count, other.count);
    for (size_t i = 0; i < one.count; i++)
        cr_assert_str_eq(one.items[i].exchange.id, other.items[i].exchange.id);
    expect_shares(&one);
    selection_release(&one);
    selection_release(&other);
}

Test(selection, more_variants_than_room_keeps_the_heaviest)
{
    struct selection selection;
    char variant[16];
    FILE *file = open_corpus();
    for (int i = 0; i < 50; i++) {
        snprintf(variant, sizeof variant, "v%d", i);
        add(file, "GET /a", variant, i == 33 ? 1000 : 1, i);
    }
    select_from(file, &selection, NULL, 3);
    cr_assert_eq(selection.count, 3);
    bool heaviest = false;
    for (size_t i = 0; i < selection.count; i++)
        heaviest = heaviest || strcmp(selection.items[i].exchange.id, "33") == 0;
    cr_assert(heaviest);
    expect_shares(&selection);
    selection_release(&selection);
}

Test(selection, globs_choose_endpoints)
{
    static const char *const some[] = {"* /b", "POST *", NULL}, *const none[] = {"PUT *", NULL};
    struct selection selection;
    struct error err = {0};
    FILE *file = open_corpus();
    add(file, "GET /a", "x", 1, 1);
    add(file, "GET /b", "x", 1, 2);
    select_from(file, &selection, some, 4);
    cr_assert_eq(selection.endpoint_count, 1);
    cr_assert_str_eq(corpus_endpoint_name(corpus, selection.endpoints[0].endpoint), "GET /b");
    selection_release(&selection);
    cr_assert(!selection_make(&selection, corpus, none, 4, &err));
    cr_assert_eq(err.code, ERROR_USAGE);
    cr_assert_not_null(strstr(err.text, "GET /a"));
    cr_assert_not_null(strstr(err.text, "GET /b"));
}
