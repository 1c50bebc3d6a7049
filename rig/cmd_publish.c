/* tollgate publish: the comment and the check run on a pull request. */
#include "rig/command.h"

#include "base/file.h"
#include "base/text.h"
#include "reporters/markdown.h"
#include "rig/publish.h"
#include "rig/version.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_DEFAULT_S = 600, WAIT_MOST_S = 7200, ADDRESS_SIZE = 1024 };

/* What the command holds. */
struct job {
    const struct arguments *arguments;
    struct arena arena;
    struct interrupt interrupt;
    struct publish_settings publish;
    struct github_settings github;
    struct github_event event;
    char api[ADDRESS_SIZE], agent[64], run_url[ADDRESS_SIZE];
};

/* A variable that is set to something, or NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static bool read_when(struct job *job, struct error *err)
{
    static const char *const names[] = {"always", "regression", "change", NULL};
    const char *text = arguments_value(job->arguments, "when");
    size_t when = 0;
    while (text != NULL && names[when] != NULL && strcmp(names[when], text) != 0)
        when++;
    if (names[when] == NULL)
        return error_set(err, ERROR_USAGE, "--when takes always, regression or change, not \"%s\"",
                         text);
    job->publish.when = (enum publish_when)when;
    return true;
}

static bool read_words(struct job *job, struct error *err)
{
    static const char *const services[] = {"github", NULL};
    const struct arguments *arguments = job->arguments;
    struct publish_settings *publish = &job->publish;
    const char *const *words = arguments->words;
    if (strcmp(words[0], "github") != 0) {
        const char *nearest = text_nearest(words[0], services);
        return error_set(err, ERROR_USAGE, "\"%s\" is no place to publish to%s: there is github",
                         words[0], nearest != NULL ? "; did you mean \"github\"?" : "");
    }
    publish->run_path = words[1];
    publish->base_path = arguments->word_count == 3 ? words[2] : NULL;
    publish->config = arguments_value(arguments, "config");
    publish->config_path = arguments_value(arguments, "config-path");
    publish->author = arguments_value(arguments, "author");
    publish->details_url = arguments_value(arguments, "details-url");
    publish->key = arguments_value(arguments, "key");
    publish->mention = arguments_flag(arguments, "mention");
    publish->check = !arguments_flag(arguments, "no-check");
    publish->allow_inconclusive = arguments_flag(arguments, "allow-inconclusive");
    if (publish->config_path == NULL)
        publish->config_path = "tollgate.json";
    if (publish->key != NULL && !markdown_is_key(publish->key))
        return error_set(err, ERROR_USAGE,
                         "--key takes at most %d letters, digits and \"._-\", not \"%s\"",
                         (int)MARKDOWN_KEY_MAX_BYTES, publish->key);
    return read_when(job, err);
}

/* Within a job the run is known to whoever reads the comment. */
static void find_run_url(struct job *job)
{
    const char *server = variable("GITHUB_SERVER_URL"), *run = variable("GITHUB_RUN_ID");
    if (server == NULL || run == NULL || job->publish.repository == NULL)
        return;
    int size = snprintf(job->run_url, sizeof job->run_url, "%s/%s/actions/runs/%s", server,
                        job->publish.repository, run);
    if (job->event.url == NULL && size < ADDRESS_SIZE)
        job->event.url = job->run_url;
}

static bool find_pull_request(struct job *job, struct error *err)
{
    long number = 0;
    const char *path = variable("GITHUB_EVENT_PATH");
    if (!arguments_int(job->arguments, "pull-request", 1, 2147483647, &number, err))
        return false;
    if (number > 0)
        job->event = (struct github_event){.number = number, .number_count = 1};
    else if (path != NULL)
        return github_event_read(&job->event, path, &job->arena, err);
    else
        return error_set(err, ERROR_USAGE,
                         "which pull request? Give --pull-request NUMBER; in a job of GitHub "
                         "Actions GITHUB_EVENT_PATH says it");
    return true;
}

static bool read_environment(struct job *job, struct error *err)
{
    const char *api = variable("GITHUB_API_URL");
    struct github_settings *github = &job->github;
    size_t size = strlen(api != NULL ? api : "");
    while (size > 0 && api[size - 1] == '/')
        size--;
    snprintf(job->api, sizeof job->api, "%.*s", (int)(size < ADDRESS_SIZE ? size : 0),
             api != NULL ? api : "");
    snprintf(job->agent, sizeof job->agent, "tollgate/%s", version_text());
    github->api = api != NULL ? job->api : "https://api.github.com";
    github->graphql = variable("GITHUB_GRAPHQL_URL");
    github->agent = job->agent;
    github->token = variable("GITHUB_TOKEN");
    github->dry_run = arguments_flag(job->arguments, "dry-run");
    github->verbose = arguments_flag(job->arguments, "verbose");
    github->interrupt = &job->interrupt;
    job->publish.repository = variable("GITHUB_REPOSITORY");
    if (github->token == NULL && github->dry_run)
        return true; /* nobody is asked */
    if (github->token == NULL)
        return error_set(err, ERROR_USAGE,
                         "GITHUB_TOKEN is not set; in a job give it with `env: GITHUB_TOKEN: ${{ "
                         "github.token }}`, or see what would be sent with --dry-run");
    if (job->publish.repository == NULL || !github_is_repository(job->publish.repository))
        return error_set(err, ERROR_USAGE,
                         "GITHUB_REPOSITORY must be the repository, as \"owner/name\"");
    return find_pull_request(job, err);
}

static bool publish(struct job *job, struct error *err)
{
    struct github github;
    long wait_s = WAIT_DEFAULT_S;
    if (!read_words(job, err) ||
        !arguments_int(job->arguments, "wait", 0, WAIT_MOST_S, &wait_s, err) ||
        !read_environment(job, err))
        return false;
    job->github.wait_ms = 1000 * (int64_t)wait_s;
    find_run_url(job);
    if (!github_open(&github, &job->github, err))
        return false;
    bool ok = publish_github(&job->publish, &github, &job->event, err);
    github_close(&github);
    return ok;
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct job job = {.arguments = arguments};
    arena_init(&job.arena);
    if (!interrupt_open(&job.interrupt, err))
        return exit_code_of(err);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bool ok = publish(&job, err);
    curl_global_cleanup();
    interrupt_close(&job.interrupt);
    arena_release(&job.arena);
    return ok ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"pull-request", 0, "NUMBER",
     "default: what GITHUB_EVENT_PATH says, of pull_request and "
     "workflow_run events"},
    {"when", 0, "CASE",
     "a comment where there is none yet: always (the default), regression (or "
     "undecided, or invalid), change; one that is there is always updated"},
    {"config", 'c', "FILE|none", "judge by this config; default: the base commit's own"},
    {"config-path", 0, "PATH", "where the base commit has it; default: tollgate.json"},
    {"key", 0, "NAME", "of several gateways in one repository: whose comment and check run"},
    {"mention", 0, NULL, "let the comment call the owners, and not only name them"},
    {"no-check", 0, NULL, "the comment alone, no check run"},
    {"allow-inconclusive", 0, NULL, "the check run is neutral when inconclusive, and not failed"},
    {"author", 0, "NAME", "whom the token writes as; default: GitHub is asked"},
    {"details-url", 0, "URL", "of the full report, linked from both"},
    {"wait", 0, "SECONDS", "for GitHub's limits and failures, in all at most; default: 600"},
    {"dry-run", 0, NULL, "print what would be sent; without a token nobody is asked"},
    {"verbose", 'v', NULL, "each request in a line on stderr"},
    {0},
};

static const char *const examples[] = {
    "in a job of GitHub Actions, with GITHUB_TOKEN in its environment",
    "tollgate publish github run.json",
    "what the comment would say, without any token",
    "tollgate publish github run.json --dry-run",
    "quiet unless something got dearer",
    "tollgate publish github run.json --when=regression",
    NULL,
};

const struct command command_publish = {
    .name = "publish",
    .summary = "the comment and the check run on a pull request",
    .words = "github RUN.json [BASE.json]",
    .words_least = 2,
    .words_most = 3,
    .options = options,
    .examples = examples,
    .details = "The job that measures a pull request from a fork has no right to write, and\n"
               "the one that has must run nothing of the fork's: it takes RUN.json, which may\n"
               "come from anybody, and no checkout. Thresholds, owners and the accept list are\n"
               "read from the base commit through GitHub's API, Tollgate-Accept trailers from\n"
               "the pull request's commits.\n"
               "\n"
               "Environment: GITHUB_TOKEN (with `pull-requests: write`, `contents: read` and,\n"
               "for the check run, `checks: write`), GITHUB_REPOSITORY, GITHUB_API_URL (of an\n"
               "Enterprise server), GITHUB_EVENT_PATH. A verdict never fails this command.",
    .run = run,
};
