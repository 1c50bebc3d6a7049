#include "rig/record_settings.h"

#include "base/file.h"
#include "rig/output.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MEBIBYTE  (1024ULL * 1024)
#define SIZE_MOST (1ULL << 40)

enum {
    QUEUE_COUNT = 100000,
    HEADERS_DEFAULT_BYTES = 128 * 1024,
    HEADERS_LEAST_BYTES = 16 * 1024,
};

bool record_parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMG";
    char *end;
    double factor = 1, number = strtod(text, &end);
    if (*text < '0' || *text > '9' || !(number >= 0))
        return false;
    if (*end != '\0') {
        const char *unit = strchr(units, *end >= 'a' && *end <= 'z' ? *end - 'a' + 'A' : *end);
        if (unit == NULL)
            return false;
        for (const char *u = units; u <= unit; u++)
            factor *= 1024;
        end++;
        if (strcasecmp(end, "B") == 0 || strcasecmp(end, "iB") == 0)
            end += strlen(end);
    }
    if (*end != '\0' || number * factor > (double)SIZE_MOST)
        return false;
    *bytes = (uint64_t)(number * factor);
    return true;
}

static bool read_size(const struct arguments *arguments, const char *name, uint64_t least,
                      uint64_t *bytes, struct error *err)
{
    const char *text = arguments_value(arguments, name);
    if (text == NULL)
        return true;
    if (record_parse_size(text, bytes) && *bytes >= least)
        return true;
    return error_set(err, ERROR_USAGE,
                     "--%s takes a size of at least %llu KiB, as in 64M, not \"%s\"", name,
                     (unsigned long long)(least / 1024), text);
}

static bool read_sizes(struct record_settings *settings, const struct arguments *arguments,
                       struct error *err)
{
    uint64_t queue = 128 * MEBIBYTE, body = 8 * MEBIBYTE, headers = HEADERS_DEFAULT_BYTES;
    uint64_t rotate = 0;
    if (!read_size(arguments, "rotate", 64 * 1024, &rotate, err) ||
        !read_size(arguments, "queue", 1024 * 1024, &queue, err) ||
        !read_size(arguments, "max-body", 1024, &body, err) ||
        !read_size(arguments, "max-headers", HEADERS_LEAST_BYTES, &headers, err))
        return false;
    settings->recording.rotate_bytes = rotate;
    settings->recording.queue_bytes = (size_t)queue;
    settings->recording.queue_count = QUEUE_COUNT;
    settings->recorder.body_max_bytes = (size_t)body;
    settings->recorder.header_max_bytes = (size_t)headers;
    return true;
}

/* The config that was named, or the one that lies here; else none. */
static bool read_config(struct record_settings *settings, const struct arguments *arguments,
                        struct error *err)
{
    const char *path = arguments_value(arguments, "config");
    settings->recording.endpoints = &settings->no_endpoints;
    if (path == NULL && !file_exists("tollgate.json"))
        return true;
    if (!config_read_before_map(&settings->config, path != NULL ? path : "tollgate.json", err))
        return false;
    settings->has_config = true;
    settings->recording.endpoints = &settings->config.endpoints;
    settings->recorder.inject_request_id = settings->config.inject_request_id;
    return true;
}

static bool read_redaction(struct record_settings *settings, const struct arguments *arguments,
                           struct error *err)
{
    if (arguments_flag(arguments, "no-redact"))
        return true;
    settings->recording.redaction = &settings->redaction;
    return !settings->has_config ||
           config_redaction_options(&settings->config, &settings->redaction, err);
}

/* A name that the config does not have would fail later, when the recording is replayed. */
static bool check_upstream(const struct record_settings *settings, const char *name,
                           struct error *err)
{
    const struct config *config = &settings->config;
    if (!settings->has_config)
        return true;
    for (size_t i = 0; i < config->upstream_count; i++) {
        if (strcmp(config->upstreams[i], name) == 0)
            return true;
    }
    return error_set(err, ERROR_USAGE,
                     "--upstream %s: %s has no upstream of that name; add it to \"upstreams\"",
                     name, config->path);
}

/* "NAME=URL@PORT" */
static bool read_upstream(struct record_settings *settings, const char *text, struct error *err)
{
    const char *equals = strchr(text, '='), *at = strrchr(text, '@');
    if (equals == NULL || equals == text || at == NULL || at < equals)
        return error_set(err, ERROR_USAGE,
                         "--upstream %s: takes NAME=URL@PORT, as in users=users.internal:80@9001",
                         text);
    struct arena *arena = &settings->arena;
    const char *name = arena_format(arena, "%.*s", (int)(equals - text), text);
    const char *url = arena_format(arena, "%.*s", (int)(at - equals - 1), equals + 1);
    if (name == NULL || url == NULL)
        return error_set_memory(err);
    for (size_t i = 1; i < settings->recorder.site_count; i++) {
        if (strcmp(settings->sites[i].name, name) == 0)
            return error_set(err, ERROR_USAGE, "--upstream %s is given twice", name);
    }
    settings->sites[settings->recorder.site_count++] =
        (struct recorder_site_options){name, at + 1, url};
    return check_upstream(settings, name, err);
}

static bool read_sites(struct record_settings *settings, const struct arguments *arguments,
                       struct error *err)
{
    const char *listen = arguments_value(arguments, "listen"),
               *to = arguments_value(arguments, "to");
    const char *const *upstreams = arguments_values(arguments, "upstream");
    if (listen == NULL || to == NULL)
        return error_set(err, ERROR_USAGE,
                         "say with --listen PORT where requests come in, and with --to URL where "
                         "the gateway is; see tollgate record --help");
    settings->sites[0] = (struct recorder_site_options){NULL, listen, to};
    settings->recorder.sites = settings->sites;
    settings->recorder.site_count = 1;
    for (size_t i = 0; upstreams[i] != NULL; i++) {
        if (!read_upstream(settings, upstreams[i], err))
            return false;
    }
    return true;
}

static bool read_output(struct record_settings *settings, const struct arguments *arguments,
                        struct error *err)
{
    const char *path = arguments_value(arguments, "output");
    struct stat info;
    if (path == NULL)
        return error_set(err, ERROR_USAGE,
                         "name the corpus to write with -o; see tollgate record --help");
    if (!output_check_path(path, err))
        return false;
    /* A corpus that goes to a pipe may go to where the report goes. */
    bool special = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
    settings->recording.path = path;
    settings->report = special ? stderr : stdout;
    if (special && arguments_value(arguments, "rotate") != NULL)
        return error_set(err, ERROR_USAGE, "--rotate needs a file to write; %s is none", path);
    return true;
}

bool record_settings_read(struct record_settings *settings, const struct arguments *arguments,
                          struct error *err)
{
    *settings = (struct record_settings){0};
    arena_init(&settings->arena);
    settings->recorder.inject_traceparent = !arguments_flag(arguments, "no-inject");
    settings->recorder.insecure = arguments_flag(arguments, "insecure");
    settings->recorder.ca_file = arguments_value(arguments, "ca");
    if (settings->recorder.ca_file != NULL && !file_exists(settings->recorder.ca_file))
        return error_set(err, ERROR_USAGE, "--ca %s: there is no such file",
                         settings->recorder.ca_file);
    if (!read_output(settings, arguments, err) || !read_sizes(settings, arguments, err) ||
        !arguments_int(arguments, "seconds", 1, 10000000, &settings->seconds, err) ||
        !read_config(settings, arguments, err) || !read_redaction(settings, arguments, err) ||
        !read_sites(settings, arguments, err))
        return false;
    settings->recorder.inject_request_id =
        settings->recorder.inject_request_id && settings->recorder.inject_traceparent;
    return true;
}

void record_settings_release(struct record_settings *settings)
{
    if (settings->has_config)
        config_release(&settings->config);
    arena_release(&settings->arena);
}
