/* "endpoints" of tollgate.json: where templates come from, and that what they are decides the
 * workload. */
#include "rig/config.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(config_endpoints, .timeout = 60);

static const char *match(const struct config *config, const char *method, const char *target)
{
    long found = endpoint_map_match(&config->endpoints, method, target);
    return found < 0 ? "none" : config->endpoints.templates[found].name;
}

Test(config_endpoints, sources_and_their_rank)
{
    struct config config;
    struct error err = {0};
    cr_assert(config_read(&config, "fixtures/config/valid/endpoint-sources.json", &err), "%s: %s",
              err.where, err.text);
    /* of the config, and in the OpenAPI document as well */
    long mine = endpoint_map_match(&config.endpoints, "GET", "/v3/items/mine");
    cr_assert_eq(mine, 0);
    cr_expect_eq(config.endpoints.templates[mine].source, ENDPOINT_FROM_USER);
    cr_expect_str_eq(match(&config, "GET", "/v3/items/7"), "GET /v3/items/{itemId}");
    cr_expect_str_eq(match(&config, "GET", "/v3/items/7.csv"), "GET /v3/items/{itemId}.csv");
    cr_expect_str_eq(match(&config, "GET", "/v3/users/me"), "GET /v3/users/me");
    cr_expect_str_eq(match(&config, "GET", "/v3/users/7"), "GET /v3/users/{id}");
    cr_expect_str_eq(match(&config, "PUT", "/v3/users/7"), "none");
    cr_expect_eq(config.endpoints.count, 1 + 7 + 3);
    cr_expect_eq(config.endpoint_sources.openapi.count, 7);
    long user = endpoint_map_match(&config.endpoints, "GET", "/v3/users/7");
    cr_expect_str_eq(config.endpoints.templates[user].rule, "by hand");
    config_release(&config);
}

/* A folder with a config that names a map; the caller writes the map. */
static void make_folder(char folder[64])
{
    static const char text[] =
        "{\"gateway\": {\"start\": [\"x\", \"${port}\"]}, \"corpus\": \"c\", "
        "\"endpoints\": {\"map\": \"map.json\"}}";
    char path[128];
    struct error err = {0};
    snprintf(folder, 64, "/tmp/tollgate-config-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/tollgate.json", folder);
    cr_assert(file_write_atomic(path, text, strlen(text), &err), "%s", err.text);
}

static void write_map(const char *folder, const char *template, const char *rule)
{
    char path[128], text[256];
    struct error err = {0};
    snprintf(path, sizeof path, "%s/map.json", folder);
    snprintf(text, sizeof text,
             "{\"schema_version\": 1, \"endpoints\": [{\"template\": \"%s\", \"rule\": \"%s\"}]}",
             template, rule);
    cr_assert(file_write_atomic(path, text, strlen(text), &err), "%s", err.text);
}

static unsigned long long hash_in(const char *folder)
{
    struct config config;
    struct error err = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/tollgate.json", folder);
    cr_assert(config_read(&config, path, &err), "%s: %s", err.where, err.text);
    unsigned long long hash = config.workload_hash;
    config_release(&config);
    return hash;
}

Test(config_endpoints, the_templates_of_the_map_decide_the_workload_and_their_rules_do_not)
{
    char folder[64];
    struct error err = {0};
    make_folder(folder);
    write_map(folder, "GET /a/{id}", "number");
    unsigned long long first = hash_in(folder);
    write_map(folder, "GET /a/{id}", "slug");
    cr_expect_eq(hash_in(folder), first);
    write_map(folder, "GET /b/{id}", "number");
    cr_expect_neq(hash_in(folder), first);
    cr_expect(file_remove_tree(folder, &err));
}

Test(config_endpoints, a_map_that_is_not_there_is_an_error_but_for_those_who_make_it)
{
    char folder[64], path[128];
    struct config config;
    struct error err = {0};
    make_folder(folder);
    snprintf(path, sizeof path, "%s/tollgate.json", folder);
    cr_expect_not(config_read(&config, path, &err));
    cr_expect_eq(err.code, ERROR_INPUT);
    cr_expect(strstr(err.text, "corpus endpoints --freeze") != NULL, "%s", err.text);
    error_clear(&err);
    cr_assert(config_read_before_map(&config, path, &err), "%s", err.text);
    cr_expect_eq(config.endpoints.count, 0);
    cr_expect_not_null(config.endpoint_sources.map_path);
    config_release(&config);
    cr_expect(file_remove_tree(folder, &err));
}
