#include "rig/config.h"

#include "base/file.h"
#include "tests/unit/fixture_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(config, .timeout = 60);

Test(config, everything_is_read)
{
    struct config config;
    struct error err = {0};
    cr_assert(config_read(&config, "fixtures/config/valid/everything.json", &err), "%s: %s",
              err.where, err.text);
    const struct gateway_config *gateway = &config.gateway;
    cr_assert_eq(gateway->build_count, 2);
    cr_assert_str_eq(gateway->build[1].arguments[1], "install");
    cr_assert_null(gateway->build[1].arguments[2]);
    cr_assert_str_eq(gateway->start[2], "${port}");
    cr_assert_str_eq(gateway->folder, "service");
    cr_assert_eq(gateway->environment_count, 3);
    cr_assert_str_eq(gateway->ready_path, "/healthz");
    cr_assert_eq(gateway->ready_status, 204);
    cr_assert_eq(gateway->ready_timeout_ms, 2500);
    cr_assert_eq(gateway->stop_timeout_ms, 500);
    cr_assert_eq(gateway->request_timeout_ms, 3600000);
    cr_assert_str_eq(config.corpus_path, "/var/corpus.jsonl");
    cr_assert_str_eq(config.store_path, "fixtures/config/valid/kept");
    cr_assert_str_eq(config.baseline, "main");
    cr_assert_eq(config.upstream_count, 2);
    cr_assert(config.check.ignore_bodies);
    cr_assert_eq(config.check.volatile_count, 2);
    cr_assert(config.inject_traceparent);
    cr_assert(!config.inject_request_id);
    cr_assert_eq(config.live.replicates, 200);
    cr_assert_eq(config.live.rounds, 1);
    cr_assert_eq(config.exact.rounds, 100000);
    cr_assert(!config.alloc.enabled);
    cr_assert_eq(config.gate.alpha, 0.05);
    cr_assert_eq(config.keep.count, 2);
    cr_assert_str_eq(config.keep.items[0].path, "gateway/admin.c");
    cr_assert_str_eq(config.keep.items[0].function, "health_*");
    cr_assert_str_eq(config.keep.items[1].until, "2028-02-29");
    cr_assert_null(config.keep.items[1].function);
    config_release(&config);
}

Test(config, cost_and_owners)
{
    struct config config;
    struct error err = {0};
    cr_assert(config_read(&config, "fixtures/config/valid/cost-and-owners.json", &err), "%s: %s",
              err.where, err.text);
    const struct cost_terms *terms = &config.cost.terms;
    cr_assert(config.cost.given && terms->has_amount);
    cr_assert_eq(terms->amount_micros, 3120500000);
    cr_assert_str_eq(terms->currency, "EUR");
    cr_assert_eq(terms->instance_hours, 1460);
    cr_assert_eq(terms->cpu_hours, 900);
    cr_assert_eq(terms->price_per_hour, 2.137);
    cr_assert_eq(terms->vcpus, 4);
    cr_assert_eq(terms->memory_gb, 16);
    cr_assert_eq(terms->utilisation, 0.6);
    cr_assert_eq(terms->period_hours, 720);
    cr_assert_str_eq(config.cost.requests_path, "fixtures/config/valid/requests.csv");
    cr_assert_eq(config.owners.map.count, 3);
    cr_assert_str_eq(config.owners.map.rows[1].owner, "team-search, team-core");
    cr_assert(config.owners.has_dialect);
    cr_assert_eq(config.owners.dialect, CODEOWNERS_GITLAB);
    cr_assert_str_eq(config.owners.codeowners_path, "fixtures/config/valid/CODEOWNERS");
    config_release(&config);
    cr_assert(config_read(&config, "fixtures/config/valid/cost-focus-and-owner-rows.json", &err));
    cr_assert_not(config.cost.terms.has_amount);
    cr_assert_str_eq(config.cost.focus_path, "/var/bill.csv");
    cr_assert_str_eq(config.cost.focus_cost, "BilledCost");
    cr_assert_eq(config.cost.focus_filter_count, 2);
    cr_assert_str_eq(config.cost.focus_filters[1].value, "i-1");
    cr_assert_null(config.owners.map.rows[1].owner);
    config_release(&config);
    cr_assert(config_read(&config, "fixtures/config/valid/minimal.json", &err));
    cr_assert_not(config.cost.given || config.owners.has_map || config.owners.has_dialect);
    config_release(&config);
}

Test(config, environment_null_passes_ours_on)
{
    struct config config;
    struct error err = {0};
    cr_assert(config_read(&config, "fixtures/config/valid/everything.json", &err));
    size_t passed_on = 0;
    for (size_t i = 0; i < config.gateway.environment_count; i++)
        if (config.gateway.environment[i].value == NULL) {
            cr_assert_str_eq(config.gateway.environment[i].name, "HOME");
            passed_on++;
        }
    cr_assert_eq(passed_on, 1);
    config_release(&config);
}

Test(config, minimal_has_defaults)
{
    struct config config;
    struct error err = {0};
    cr_assert(config_read(&config, "fixtures/config/valid/minimal.json", &err));
    cr_assert_eq(config.gateway.build_count, 0);
    cr_assert_str_eq(config.gateway.folder, ".");
    cr_assert_null(config.gateway.ready_path);
    cr_assert_eq(config.gateway.ready_timeout_ms, 30000);
    cr_assert_eq(config.gateway.request_timeout_ms, 10000);
    cr_assert_str_eq(config.corpus_path, "fixtures/config/valid/corpus.jsonl");
    cr_assert_str_eq(config.store_path, "fixtures/config/valid/.tollgate/baselines");
    cr_assert_null(config.baseline);
    cr_assert(config.live.enabled && config.exact.enabled && config.alloc.enabled);
    cr_assert(!config.check.ignore_bodies);
    config_release(&config);
}

static unsigned long long hash_of(const char *text)
{
    struct config config;
    struct error err = {0};
    char path[64];
    snprintf(path, sizeof path, "/tmp/tollgate-config-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert(file_write_atomic(path, text, strlen(text), &err));
    bool ok = config_read(&config, path, &err);
    remove(path);
    cr_assert(ok, "%s: %s", err.where, err.text);
    unsigned long long hash = config.workload_hash;
    config_release(&config);
    return hash;
}

#define GATEWAY "\"gateway\": {\"start\": [\"x\", \"${port}\"]}, \"corpus\": \"c\""

Test(config, workload_is_not_named_by_layout_gate_or_store)
{
    unsigned long long plain = hash_of("{" GATEWAY "}");
    cr_assert_eq(plain,
                 hash_of("{\"corpus\":   \"c\",\n\"gateway\": {\"start\": [\"x\", \"${port}\"]}}"));
    cr_assert_eq(plain, hash_of("{" GATEWAY ", \"gate\": {\"alpha\": 0.1}}"));
    cr_assert_eq(plain, hash_of("{" GATEWAY ", \"baseline\": {\"name\": \"main\"}}"));
    cr_assert_eq(plain, hash_of("{" GATEWAY ", \"dead\": {\"keep\": []}}"));
    cr_assert_neq(plain, hash_of("{" GATEWAY ", \"inject\": {\"traceparent\": true}}"));
    cr_assert_neq(plain,
                  hash_of("{\"gateway\": {\"start\": [\"y\", \"${port}\"]}, \"corpus\": \"c\"}"));
}

static bool read_one(const char *path, struct error *err)
{
    struct config config;
    bool ok = config_read(&config, path, err);
    if (ok)
        config_release(&config);
    return ok;
}

Test(config, fixtures)
{
    cr_assert_geq(fixture_folder_read("fixtures/config/valid", true, read_one), 5);
    cr_assert_geq(fixture_folder_read("fixtures/config/invalid", false, read_one), 60);
}

Test(config, a_file_that_is_not_there)
{
    struct config config;
    struct error err = {0};
    cr_assert(!config_read(&config, "fixtures/config/gone.json", &err));
    cr_assert_eq(err.code, ERROR_IO);
    cr_assert_not_null(strstr(err.text, "fixtures/config/gone.json"));
}
