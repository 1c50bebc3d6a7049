#include "reporters/json.h"

#include "base/json.h"
#include "tests/unit/report_sample.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct sample sample;
static const json_t *schema;

typedef void (*make_kind)(struct sample *);

static void leave(struct sample *unchanged)
{
    (void)unchanged;
}

static const make_kind kinds[] = {
    leave,
    sample_make_regressed,
    sample_make_inconclusive,
    sample_make_alone,
    sample_make_invalid,
    sample_make_hostile,
    sample_make_extreme,
    sample_make_accepted,
};

static void write_text(struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {80, true, true};
    buffer_init(out, 1 << 24);
    cr_assert(reporter_json.write(&sample.report, &style, out, &err), "%s", err.text);
}

static json_t *write_report(make_kind make)
{
    struct buffer out;
    struct error err = {0};
    sample_init(&sample);
    make(&sample);
    write_text(&out);
    json_t *json = json_parse_text("report", buffer_text(&out), out.length, &err);
    cr_assert_not_null(json, "%s: %s", err.where, err.text);
    buffer_release(&out);
    return json;
}

/* The parts of JSON Schema that report.schema.json uses: $ref into $defs, anyOf, type, enum, const,
 * minimum, maximum, properties with required and without others, items. */

static bool conforms(const json_t *rule, const json_t *value);

static bool has_type(const char *type, const json_t *value)
{
    return (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "null") == 0 && json_is_null(value));
}

static bool type_conforms(const json_t *type, const json_t *value)
{
    if (json_is_string(type))
        return has_type(json_string_value(type), value);
    size_t index;
    const json_t *each;
    json_array_foreach(type, index, each)
    {
        if (has_type(json_string_value(each), value))
            return true;
    }
    return type == NULL;
}

static bool one_of(const json_t *list, const json_t *value)
{
    size_t index;
    const json_t *each;
    json_array_foreach(list, index, each)
    {
        if (json_equal(each, value))
            return true;
    }
    return list == NULL;
}

static bool object_conforms(const json_t *rule, const json_t *value)
{
    const json_t *properties = json_object_get(rule, "properties"), *each;
    if (properties == NULL)
        return true;
    size_t index;
    json_array_foreach(json_object_get(rule, "required"), index, each)
    {
        if (json_object_get(value, json_string_value(each)) == NULL)
            return false;
    }
    const char *key;
    json_t *held;
    json_object_foreach((json_t *)(uintptr_t)value, key, held)
    {
        const json_t *property = json_object_get(properties, key);
        if (property == NULL || !conforms(property, held))
            return false;
    }
    return true;
}

static bool array_conforms(const json_t *rule, const json_t *value)
{
    size_t index;
    const json_t *each;
    const json_t *items = json_object_get(rule, "items");
    json_array_foreach(value, index, each)
    {
        if (items != NULL && !conforms(items, each))
            return false;
    }
    return true;
}

static bool conforms(const json_t *rule, const json_t *value)
{
    const char *ref = json_string_value(json_object_get(rule, "$ref"));
    if (ref != NULL)
        rule = json_object_get(json_object_get(schema, "$defs"), ref + strlen("#/$defs/"));
    cr_assert_not_null(rule);
    size_t index;
    const json_t *each, *any = json_object_get(rule, "anyOf");
    bool found = any == NULL;
    json_array_foreach(any, index, each)
    {
        found = found || conforms(each, value);
    }
    const json_t *constant = json_object_get(rule, "const");
    const json_t *minimum = json_object_get(rule, "minimum");
    const json_t *maximum = json_object_get(rule, "maximum");
    return found && type_conforms(json_object_get(rule, "type"), value) &&
           one_of(json_object_get(rule, "enum"), value) &&
           (constant == NULL || json_equal(constant, value)) &&
           (minimum == NULL || json_number_value(value) >= json_number_value(minimum)) &&
           (maximum == NULL || json_number_value(value) <= json_number_value(maximum)) &&
           object_conforms(rule, value) && array_conforms(rule, value);
}

static json_t *read_schema(void)
{
    char path[4096];
    struct error err = {0};
    const char *here = strrchr(__FILE__, '/');
    snprintf(path, sizeof path, "%.*s/../../reporters/report.schema.json", (int)(here - __FILE__),
             __FILE__);
    json_t *json = json_parse_file(path, 1 << 20, &err);
    cr_assert_not_null(json, "%s: %s", err.where, err.text);
    schema = json;
    return json;
}

Test(report_json, conforms_to_its_schema, .timeout = 300)
{
    json_auto_t *rules = read_schema();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        json_auto_t *json = write_report(kinds[i]);
        cr_assert(conforms(rules, json), "kind %zu", i);
        json_object_set_new(json, "surplus", json_null());
        cr_assert_not(conforms(rules, json), "the schema is not strict");
        json_object_del(json, "surplus");
        json_object_del(json, "verdict");
        cr_assert_not(conforms(rules, json), "the schema requires nothing");
    }
}

Test(report_json, the_schema_names_every_metric_and_no_other, .timeout = 60)
{
    json_auto_t *rules = read_schema();
    json_t *metrics = NULL;
    cr_assert_eq(json_unpack(rules, "{s{s{s{s{so}}}}}", "$defs", "endpoint", "properties",
                             "metrics", "properties", &metrics),
                 0);
    cr_assert_eq(json_object_size(metrics), METRIC_COUNT);
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        cr_assert_not_null(json_object_get(metrics, metric_info((enum metric)i)->key));
}

Test(report_json, says_what_was_found, .timeout = 60)
{
    json_auto_t *json = write_report(sample_make_regressed);
    const char *verdict, *name, *metric_verdict, *base, *head;
    int exit_code;
    double change, low, high, value, before;
    cr_assert_eq(json_unpack(json, "{ss si s{ss} s{ss}}", "verdict", &verdict, "exit_code",
                             &exit_code, "base", "ref", &base, "head", "ref", &head),
                 0);
    cr_assert_str_eq(verdict, "regressed");
    cr_assert_eq(exit_code, 1);
    cr_assert_str_eq(base, "main");
    cr_assert_str_eq(head, "HEAD");
    const json_t *feed = json_array_get(json_object_get(json, "endpoints"), 2);
    cr_assert_eq(json_unpack((json_t *)(uintptr_t)feed, "{ss s{s{sF sF sF sF sF ss}}}", "endpoint",
                             &name, "metrics", "cpu_ns", "head", &value, "base", &before, "change",
                             &change, "low", &low, "high", &high, "verdict", &metric_verdict),
                 0);
    cr_assert_str_eq(name, "GET /v3/feed");
    cr_assert_str_eq(metric_verdict, "regressed");
    cr_assert_float_eq(value, 1241370, 0.01); /* 1.17 ms * 1.061 */
    cr_assert_float_eq(before, 1170000, 0.01);
    cr_assert_float_eq(change, 0.061, 1e-12);
    cr_assert_float_eq(low, 0.052, 1e-12);
    cr_assert_float_eq(high, 0.070, 1e-12);
}

Test(report_json, what_was_not_measured_is_null_with_a_reason, .timeout = 60)
{
    json_auto_t *json = write_report(sample_make_alone);
    cr_assert(json_is_null(json_object_get(json, "base")));
    cr_assert(json_is_null(json_object_get(json, "verdict")));
    cr_assert(json_is_null(json_object_get(json, "smallest_cpu_change")));
    const json_t *endpoint = json_array_get(json_object_get(json, "endpoints"), 0);
    const json_t *metric = json_object_get(json_object_get(endpoint, "metrics"), "instructions");
    static const char *const nulls[] = {"head", "base", "change", "low", "high", "verdict"};
    for (size_t i = 0; i < COUNT(nulls); i++)
        cr_assert(json_is_null(json_object_get(metric, nulls[i])), "%s", nulls[i]);
    cr_assert_str_eq(json_string_value(json_object_get(metric, "reason")),
                     "valgrind is not installed");
}

Test(report_json, a_wrong_answer_is_told, .timeout = 60)
{
    json_auto_t *json = write_report(sample_make_invalid);
    const json_t *search = json_array_get(json_object_get(json, "endpoints"), 4);
    cr_assert(json_is_true(json_object_get(json, "invalid")));
    cr_assert(json_is_false(json_object_get(search, "valid")));
    const char *text = json_string_value(json_object_get(search, "invalid"));
    cr_assert_not_null(strstr(text, "got 500"));
}

Test(report_json, a_stored_base_is_told_with_its_time, .timeout = 60)
{
    static struct run stored;
    sample_init(&sample);
    stored.created = "2026-01-01T00:00:00Z";
    stored.sides[SIDE_HEAD] = (struct run_side){.present = true, .ref = "old"};
    sample.report.base = &stored;
    struct buffer out;
    struct error err = {0};
    write_text(&out);
    json_auto_t *json = json_parse_text("report", buffer_text(&out), out.length, &err);
    const char *ref, *time;
    cr_assert_eq(json_unpack(json, "{s{ss ss}}", "base", "ref", &ref, "stored", &time), 0);
    cr_assert_str_eq(ref, "old");
    cr_assert_str_eq(time, "2026-01-01T00:00:00Z");
    buffer_release(&out);
}

Test(report_json, is_pure_ascii_json_and_ends_with_a_newline, .timeout = 60)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct buffer out;
        sample_init(&sample);
        kinds[i](&sample);
        write_text(&out);
        const char *text = buffer_text(&out);
        cr_assert_eq(text[0], '{');
        cr_assert_str_eq(text + out.length - 3, "\n}\n");
        for (size_t at = 0; at < out.length; at++)
            cr_assert(text[at] == '\n' || (text[at] >= 0x20 && text[at] < 0x7f));
        cr_assert(strstr(text, "nan") == NULL && strstr(text, ": inf") == NULL);
        buffer_release(&out);
    }
}

Test(report_json, a_full_buffer_is_an_error, .timeout = 60)
{
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    sample_init(&sample);
    buffer_init(&out, 300);
    cr_assert_not(reporter_json.write(&sample.report, &style, &out, &err));
    cr_assert_eq(err.code, ERROR_MEMORY);
    buffer_release(&out);
}
