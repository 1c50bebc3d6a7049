/* tollgate import: recordings and logs of other tools into a corpus. */
#include "rig/command.h"

#include "base/file.h"
#include "replay/distinct.h"
#include "rig/config.h"
#include "rig/import_corpus.h"
#include "rig/import_weights.h"
#include "rig/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_MAX_BYTES = 4096 };

/* The settings and what they point into. */
struct import_command {
    struct import_settings settings;
    struct redaction_options redaction;
    struct buffer key;
    struct config config;
    bool has_config;
    struct endpoint_map no_endpoints;
};

/* The templates of the config that was named, or of the one that lies here; else none. */
static bool read_templates(struct import_command *command, const struct arguments *arguments,
                           struct error *err)
{
    const char *path = arguments_value(arguments, "config");
    command->settings.endpoints = &command->no_endpoints;
    if (path == NULL && !file_exists("tollgate.json"))
        return true;
    if (!config_read_before_map(&command->config, path != NULL ? path : "tollgate.json", err))
        return false;
    command->has_config = true;
    command->settings.endpoints = &command->config.endpoints;
    return true;
}

static bool read_format(struct import_command *command, const struct arguments *arguments,
                        struct error *err)
{
    const char *name = arguments_value(arguments, "format");
    struct buffer names;
    if (name == NULL)
        return true;
    command->settings.format = importer_by_name(name);
    if (command->settings.format != NULL)
        return true;
    buffer_init(&names, 1024);
    importer_append_names(&names);
    error_set(err, ERROR_USAGE, "--format %s: there is no such format; there are: %s", name,
              buffer_text(&names));
    buffer_release(&names);
    return false;
}

static bool read_share(struct import_command *command, const struct arguments *arguments,
                       struct error *err)
{
    const char *text = arguments_value(arguments, "max-odd");
    char *end;
    command->settings.max_odd = 0.05;
    if (text == NULL)
        return true;
    double percent = strtod(text, &end);
    if (end == text || (*end != '\0' && strcmp(end, "%") != 0) || !(percent >= 0 && percent <= 100))
        return error_set(err, ERROR_USAGE, "--max-odd takes a share from 0%% to 100%%, not \"%s\"",
                         text);
    command->settings.max_odd = percent / 100;
    return true;
}

/* What the config says is secret and what is none, and its key where no other is given. */
static bool read_redaction(struct import_command *command, struct error *err)
{
    struct redaction_options options;
    if (command->settings.redaction == NULL || !command->has_config)
        return true;
    if (!config_redaction_options(&command->config, &options, err))
        return false;
    if (command->redaction.key != NULL)
        options.key = command->redaction.key;
    command->redaction = options;
    return true;
}

/* The first line of the file; whoever has it makes the same pseudonyms again. */
static bool read_key(struct import_command *command, const struct arguments *arguments,
                     struct error *err)
{
    const char *path = arguments_value(arguments, "redact-key-file");
    if (arguments_flag(arguments, "no-redact")) {
        if (path != NULL)
            return error_set(err, ERROR_USAGE,
                             "--redact-key-file and --no-redact exclude each "
                             "other");
        return true;
    }
    command->settings.redaction = &command->redaction;
    if (path == NULL)
        return true;
    if (!file_read(path, &command->key, err))
        return false;
    char *key = command->key.data;
    size_t size = strcspn(buffer_text(&command->key), "\r\n");
    if (size < 16)
        return error_set_at(err, ERROR_INPUT, path,
                            "a key for pseudonyms is one line of 16 characters or more; make one, "
                            "as in: openssl rand -hex 32");
    key[size] = '\0';
    command->redaction.key = key;
    return true;
}

static bool check_json_keys(const struct arguments *arguments, struct error *err)
{
    const char *const *pairs = arguments_values(arguments, "json-key");
    for (size_t i = 0; pairs[i] != NULL; i++) {
        if (!import_check_json_key(pairs[i], err))
            return false;
    }
    return true;
}

/* A corpus that goes to a pipe may go to where the report goes. */
static FILE *choose_report(const char *output)
{
    struct stat info;
    bool special = stat(output, &info) == 0 && !S_ISREG(info.st_mode);
    return special ? stderr : stdout;
}

static bool read_settings(struct import_command *command, const struct arguments *arguments,
                          struct error *err)
{
    struct import_settings *settings = &command->settings;
    long distinct = DISTINCT_DEFAULT_MAX;
    settings->output = arguments_value(arguments, "output");
    if (settings->output == NULL)
        return error_set(err, ERROR_USAGE,
                         "name the corpus to write with -o; see tollgate import "
                         "--help");
    if (!output_check_path(settings->output, err) ||
        !arguments_int(arguments, "max-distinct", 1, 10000000, &distinct, err) ||
        !check_json_keys(arguments, err) || !read_format(command, arguments, err) ||
        !read_share(command, arguments, err) || !read_key(command, arguments, err) ||
        !read_templates(command, arguments, err) || !read_redaction(command, err))
        return false;
    settings->max_distinct = (size_t)distinct;
    settings->options.json_keys = arguments_values(arguments, "json-key");
    settings->hosts = arguments_values(arguments, "host");
    settings->report = choose_report(settings->output);
    return true;
}

static bool act(struct import_command *command, const struct arguments *arguments,
                struct error *err)
{
    const char *const *logs = arguments_values(arguments, "weights-from");
    if (!read_settings(command, arguments, err))
        return false;
    if (logs[0] == NULL)
        return import_corpus(&command->settings, arguments->words, arguments->word_count, err);
    if (arguments->word_count != 1)
        return error_set(err, ERROR_USAGE, "--weights-from takes one corpus to put weights on");
    return import_weights(&command->settings, arguments->words[0], logs, err);
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct import_command command = {0};
    buffer_init(&command.key, KEY_MAX_BYTES);
    bool ok = act(&command, arguments, err);
    buffer_release(&command.key);
    if (command.has_config)
        config_release(&command.config);
    return ok ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"output", 'o', "FILE", "the corpus to write; it is there whole or not at all"},
    {"config", 'c', "FILE",
     "names the endpoint templates and what is secret; default: "
     "tollgate.json, if it is there"},
    {"format", 0, "NAME",
     "of all inputs, instead of by their looks; an unknown one names those "
     "that there are"},
    {"json-key", 0, "FIELD=KEY",
     "where a JSON log has a field, as in status=response_code; "
     "repeatable"},
    {"host", 0, "GLOB", "only requests to this host; repeatable"},
    {"max-odd", 0, "SHARE", "of an input's lines may be odd and are skipped; default: 5%"},
    {"max-distinct", 0, "N", "different requests of logs that are kept; default: 100000"},
    {"weights-from", 0, "LOG", "put the counts of this log on a corpus; repeatable"},
    {"no-redact", 0, NULL, "keep secrets and personal data as they are"},
    {"redact-key-file", 0, "FILE", "its first line keys the pseudonyms, so that imports join"},
    {0},
};

static const char *const examples[] = {
    "what a browser recorded, of one host",
    "tollgate import --host api.example.com session.har -o corpus.jsonl",
    "GoReplay's files of a day, in order of time",
    "tollgate import requests_0.gor requests_1.gor.gz -o corpus.jsonl",
    "an nginx log in JSON with keys of its own",
    "tollgate import --json-key status=code access.json -o corpus.jsonl",
    "production's counts on a corpus that has bodies",
    "tollgate import --weights-from access.log corpus.jsonl -o weighted.jsonl",
    NULL,
};

const struct command command_import = {
    .name = "import",
    .summary = "turn recordings and logs of other tools into a corpus",
    .words = "FILE...",
    .words_least = 1,
    .words_most = 10000,
    .options = options,
    .examples = examples,
    .details = "Reads HAR, GoReplay, vegeta's JSON targets, and access logs: Common, Combined,\n"
               "JSON, AWS ALB; gzip as well. Exchanges come out in order of time, redacted.\n"
               "\n"
               "A log has no bodies and no headers: equal requests of it become one exchange\n"
               "that weighs as many as there were, and those that had a body are left out.\n"
               "With --weights-from the corpus keeps what it has and gets weights alone: an\n"
               "endpoint's requests in the log, shared by its exchanges.",
    .run = run,
};
