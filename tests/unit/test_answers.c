/* Each failing allocation while the stand-ins learn an answer. */
#include "replay/answers.h"

#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(answers, .timeout = 60);

static const struct answer_rules rules = {.templates = true};

static struct upstream_answer call(const char *target, const char *body)
{
    return (struct upstream_answer){
        .name = "users",
        .request = {.method = "POST", .target = target, .body = {body, strlen(body)}},
        .response = {.status = 200, .body = {"x", 1}}};
}

/* Two answers to one request, so that places for the order are made, too. */
static bool learn(struct answer_table **table, const struct exchange *exchange, struct error *err)
{
    static const char body[] = "{\"b\":1,\"a\":[{\"c\":\"d\"}]}";
    struct upstream_answer calls[] = {call("/u/1?b=1&a=2", body), call("/u/1?b=1&a=2", body),
                                      call("/u/2?q", "b=1&a=2")};
    if (!answer_table_new(table, &rules, err))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!answer_table_add(*table, exchange, &calls[i], err))
            return false;
    return true;
}

Test(answers, each_failing_allocation_is_an_error_and_leaks_nothing)
{
    struct exchange exchange = {.line = 2};
    struct error err = {0};
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    long n = 0;
    for (bool ok = false; !ok; n++) {
        struct answer_table *table;
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = learn(&table, &exchange, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
        answer_table_free(table);
    }
    cr_expect_gt(n, 10);
}

/* What does not need another tier allocates nothing: it is what measured requests meet. */
Test(answers, an_exact_match_allocates_nothing)
{
    struct exchange exchange = {.line = 2};
    struct answer_table *table;
    struct buffer key;
    enum answer_tier tier;
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    cr_assert(learn(&table, &exchange, NULL));
    buffer_init(&key, 4096);
    answer_key_start(&key, "POST", "/u/1?b=1&a=2");
    buffer_append_string(&key, "{\"b\":1,\"a\":[{\"c\":\"d\"}]}");
    for (uint64_t turn = 1; turn < 200; turn++) {
        long before = allocations_seen;
        const struct answer *found = answer_table_find(table, &key, &exchange, turn, &tier);
        cr_expect_eq(allocations_seen, before, "something was allocated");
        cr_expect(found != NULL && tier == ANSWER_EXACT);
    }
    buffer_release(&key);
    answer_table_free(table);
}
