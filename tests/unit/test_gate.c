#include "baselines/gate.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

/* *gate borrows from the arena. */
static bool parse(const char *text, struct gate *gate, struct arena *arena, struct error *err)
{
    struct json_place root = json_place_root("tollgate.json");
    struct json_place place = json_place_key(&root, "gate");
    arena_init(arena);
    json_t *json = json_parse_text("tollgate.json", text, strlen(text), err);
    if (json == NULL)
        return false;
    bool ok = gate_parse(gate, json, &place, arena, err);
    json_decref(json);
    return ok;
}

Test(gate, defaults_are_the_metrics_own, .timeout = 60)
{
    struct gate gate;
    struct arena arena;
    struct error err = {0};
    cr_assert(parse("{}", &gate, &arena, &err));
    cr_assert_eq(gate.alpha, 0.01);
    cr_assert_eq(gate.confidence, 0.95);
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        struct limits limits = gate_limits(&gate, "GET /", (enum metric)i);
        cr_assert_eq(limits.relative, metric_info((enum metric)i)->relative);
        cr_assert_eq(limits.absolute, metric_info((enum metric)i)->absolute);
        cr_assert(isnan(limits.max));
    }
    arena_release(&arena);
}

Test(gate, the_later_rule_wins_field_by_field, .timeout = 60)
{
    struct gate gate;
    struct arena arena;
    struct error err = {0};
    cr_assert(parse("{\"alpha\": 0.05, \"cpu_ns\": {\"relative\": 0.03, \"max\": 5e5},"
                    " \"endpoints\": ["
                    "{\"match\": \"GET *\", \"cpu_ns\": {\"relative\": 0.1, \"absolute\": 7}},"
                    "{\"match\": \"GET /v3/feed*\", \"cpu_ns\": {\"relative\": 0.2},"
                    " \"instructions\": {\"max\": 9}}]}",
                    &gate, &arena, &err),
              "%s: %s", err.where, err.text);
    cr_assert_eq(gate.alpha, 0.05);
    struct limits feed = gate_limits(&gate, "GET /v3/feed/{id}", METRIC_CPU_NS);
    struct limits get = gate_limits(&gate, "GET /v3/users", METRIC_CPU_NS);
    struct limits post = gate_limits(&gate, "POST /v3/users", METRIC_CPU_NS);
    cr_assert_eq(feed.relative, 0.2);
    cr_assert_eq(feed.absolute, 7);
    cr_assert_eq(feed.max, 5e5);
    cr_assert_eq(get.relative, 0.1);
    cr_assert_eq(post.relative, 0.03);
    cr_assert_eq(post.absolute, 1000);
    cr_assert_eq(gate_limits(&gate, "GET /v3/feed", METRIC_INSTRUCTIONS).max, 9);
    cr_assert(isnan(gate_limits(&gate, "GET /v3/users", METRIC_INSTRUCTIONS).max));
    arena_release(&arena);
}

struct refusal {
    char text[160];
    char where[96];
    char words[64];
};

ParameterizedTestParameters(gate_refusal, names_the_place)
{
    static struct refusal cases[] = {
        {"[]", "tollgate.json: gate", "must be an object"},
        {"{\"alpa\": 0.1}", "tollgate.json: gate", "did you mean \"alpha\""},
        {"{\"instruction\": {}}", "tollgate.json: gate", "did you mean \"instructions\""},
        {"{\"match\": \"x\"}", "tollgate.json: gate", "unknown key"},
        {"{\"alpha\": 0}", "tollgate.json: gate.alpha", "must be from"},
        {"{\"alpha\": 1}", "tollgate.json: gate.alpha", "must be from"},
        {"{\"alpha\": \"0.01\"}", "tollgate.json: gate.alpha", "a string, must be a number"},
        {"{\"confidence\": 1}", "tollgate.json: gate.confidence", "must be from"},
        {"{\"cpu_ns\": 3}", "tollgate.json: gate.cpu_ns", "must be an object"},
        {"{\"cpu_ns\": {\"relativ\": 1}}", "tollgate.json: gate.cpu_ns", "\"relative\""},
        {"{\"cpu_ns\": {\"relative\": -0.1}}", "tollgate.json: gate.cpu_ns.relative", "from 0"},
        {"{\"cpu_ns\": {\"absolute\": -1}}", "tollgate.json: gate.cpu_ns.absolute", "from 0"},
        {"{\"cpu_ns\": {\"max\": -1}}", "tollgate.json: gate.cpu_ns.max", "from 0"},
        {"{\"cpu_ns\": {\"max\": 1e300}}", "tollgate.json: gate.cpu_ns.max", "must be from"},
        {"{\"wall_p99_ns\": {\"relative\": 1}}", "tollgate.json: gate.wall_p99_ns", "only \"max\""},
        {"{\"endpoints\": {}}", "tollgate.json: gate.endpoints", "must be an array"},
        {"{\"endpoints\": [3]}", "tollgate.json: gate.endpoints[0]", "must be an object"},
        {"{\"endpoints\": [{}]}", "tollgate.json: gate.endpoints[0]", "\"match\" is missing"},
        {"{\"endpoints\": [{\"match\": \"\"}]}", "tollgate.json: gate.endpoints[0].match",
         "must be 1 to"},
        {"{\"endpoints\": [{\"match\": \"a\"}, {\"match\": \"b\", \"alpha\": 1}]}",
         "tollgate.json: gate.endpoints[1]", "unknown key \"alpha\""},
        {"{\"endpoints\": [{\"match\": \"a\", \"syscalls\": {\"max\": null, \"x\": 1}}]}",
         "tollgate.json: gate.endpoints[0].syscalls", "unknown key \"x\""},
    };
    return cr_make_param_array(struct refusal, cases, COUNT_OF(cases));
}

ParameterizedTest(struct refusal *each, gate_refusal, names_the_place, .timeout = 60)
{
    struct gate gate;
    struct arena arena;
    struct error err = {0};
    cr_assert_not(parse(each->text, &gate, &arena, &err), "%s", each->text);
    cr_assert_eq(err.code, ERROR_INPUT);
    cr_assert_str_eq(err.where, each->where, "%s: %s (%s)", each->text, err.where, err.text);
    cr_assert_not_null(strstr(err.text, each->words), "%s: %s", each->text, err.text);
    arena_release(&arena);
}
