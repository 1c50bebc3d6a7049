#include "rig/github_pull.h"

#include <inttypes.h>
#include <string.h>

/* ---- which one ------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *outer, const char *inner)
{
    return json_string_value(json_object_get(json_object_get(object, outer), inner));
}

struct search {
    const struct github_event *event;
    int64_t number; /* 0 = not found */
};

static bool take_candidate(void *context, const json_t *pull, bool *enough, struct error *err)
{
    struct search *search = context;
    const struct github_event *event = search->event;
    const char *commit = text_of(pull, "head", "sha");
    const char *repository = text_of(json_object_get(pull, "head"), "repo", "full_name");
    (void)err;
    if (commit == NULL || strcmp(commit, event->head_commit) != 0 || repository == NULL ||
        strcmp(repository, event->head_repository) != 0)
        return true;
    search->number = json_integer_value(json_object_get(pull, "number"));
    *enough = search->number > 0;
    return true;
}

/* GitHub names no pull request of a fork in the event; its branch leads there. */
static bool find_number(struct github *github, const char *repository,
                        const struct github_event *event, int64_t *number, struct error *err)
{
    struct search search = {.event = event};
    struct buffer target;
    *number = event->number;
    if (*number > 0 || event->head_owner == NULL)
        return true;
    buffer_init(&target, GITHUB_URL_SIZE - 1);
    buffer_append_format(&target, "/repos/%s/pulls?state=open&per_page=100&head=", repository);
    github_append_escaped(&target, event->head_owner, false);
    buffer_append_string(&target, "%3A");
    github_append_escaped(&target, event->head_branch, false);
    bool ok = buffer_check(&target, err) &&
              github_list(github, buffer_text(&target), NULL, "look for the pull request",
                          take_candidate, &search, err);
    buffer_release(&target);
    *number = search.number;
    return ok;
}

static bool copy_commit(const json_t *json, const char *side, struct arena *arena, const char **out,
                        struct error *err)
{
    const char *commit = text_of(json, side, "sha");
    if (commit == NULL || !github_is_commit(commit))
        return error_set(err, ERROR_ENVIRONMENT,
                         "GitHub's answer names no commit of the pull request; is GITHUB_API_URL "
                         "the address of GitHub's API?");
    *out = arena_copy_string(arena, commit);
    return *out != NULL || error_set_memory(err);
}

static bool read_pull(struct github_pull *pull, const json_t *json,
                      const struct github_event *event, struct arena *arena, struct error *err)
{
    const char *state = json_string_value(json_object_get(json, "state"));
    if (!copy_commit(json, "head", arena, &pull->head_commit, err) ||
        !copy_commit(json, "base", arena, &pull->base_commit, err))
        return false;
    pull->closed = state != NULL && strcmp(state, "open") != 0;
    pull->moved = event->head_commit != NULL && strcmp(event->head_commit, pull->head_commit) != 0;
    return true;
}

bool github_pull_find(struct github_pull *pull, struct github *github, const char *repository,
                      const struct github_event *event, struct arena *arena, bool *found,
                      struct error *err)
{
    char target[GITHUB_URL_SIZE];
    struct github_answer answer;
    *pull = (struct github_pull){.repository = repository};
    *found = false;
    if (!find_number(github, repository, event, &pull->number, err))
        return false;
    if (pull->number == 0)
        return true;
    snprintf(target, sizeof target, "/repos/%s/pulls/%" PRId64, repository, pull->number);
    struct github_request request = {.method = "GET", .target = target};
    if (!github_ask(github, &request, &answer, err))
        return false;
    bool ok = github_check(&answer, "read the pull request", err) &&
              read_pull(pull, answer.json, event, arena, err);
    github_answer_release(&answer);
    *found = ok;
    return ok;
}

/* ---- who we are ------------------------------------------------------------------------------ */

/* "https://HOST/api/v3" has its other door at "https://HOST/api/graphql". */
static bool find_graphql(const struct github *github, char url[GITHUB_URL_SIZE])
{
    const char *api = github->settings.api, *given = github->settings.graphql;
    size_t size = strlen(api);
    bool enterprise = size > 7 && strcmp(api + size - 7, "/api/v3") == 0;
    int written = given != NULL ? snprintf(url, GITHUB_URL_SIZE, "%s", given)
                                : snprintf(url, GITHUB_URL_SIZE, "%.*s/graphql",
                                           (int)(enterprise ? size - 3 : size), api);
    return written < GITHUB_URL_SIZE;
}

static bool ask_viewer(struct github *github, struct github_answer *answer, struct error *err)
{
    char url[GITHUB_URL_SIZE];
    if (!find_graphql(github, url))
        return error_set(err, ERROR_USAGE, "GITHUB_GRAPHQL_URL is too long");
    json_t *body = json_pack("{s:s}", "query", "query{viewer{login}}");
    if (body == NULL)
        return error_set_memory(err);
    struct github_request request = {.method = "POST", .target = url, .body = body, .reads = true};
    bool ok = github_ask(github, &request, answer, err);
    json_decref(body);
    return ok;
}

static bool keep_author(struct github_pull *pull, const char *login, struct arena *arena,
                        struct error *err)
{
    if (login == NULL || *login == '\0' || strlen(login) > 200)
        return true;
    pull->author = arena_copy_string(arena, login);
    return pull->author != NULL || error_set_memory(err);
}

/* A user's token says it; a job's own may not ask, and has another door. */
bool github_pull_find_author(struct github_pull *pull, struct github *github, struct arena *arena,
                             struct error *err)
{
    struct github_request request = {.method = "GET", .target = "/user"};
    struct github_answer answer;
    if (pull->author != NULL)
        return true;
    if (!github_ask(github, &request, &answer, err))
        return false;
    bool ok = true, refused = answer.status == 403 || answer.status == 404;
    if (!refused)
        ok =
            github_check(&answer, "ask whose the token is", err) &&
            keep_author(pull, json_string_value(json_object_get(answer.json, "login")), arena, err);
    github_answer_release(&answer);
    if (ok && refused && (ok = ask_viewer(github, &answer, err))) {
        const json_t *viewer = json_object_get(json_object_get(answer.json, "data"), "viewer");
        ok = keep_author(pull, json_string_value(json_object_get(viewer, "login")), arena, err);
        github_answer_release(&answer);
    }
    if (ok && pull->author == NULL)
        return error_set(
            err, ERROR_ENVIRONMENT,
            "GitHub does not say whose the token is, so that our comment cannot be told "
            "from another's: name it with --author (a job's own token is "
            "\"github-actions[bot]\", an app's \"NAME[bot]\")");
    return ok;
}

/* ---- its diff -------------------------------------------------------------------------------- */

static bool take_file(void *context, const json_t *file, bool *enough, struct error *err)
{
    (void)enough;
    return github_diff_add(context, file, err);
}

bool github_pull_read_diff(const struct github_pull *pull, struct github *github,
                           struct github_diff *diff, struct error *err)
{
    char target[GITHUB_URL_SIZE];
    snprintf(target, sizeof target, "/repos/%s/pulls/%" PRId64 "/files?per_page=100",
             pull->repository, pull->number);
    if (!github_list(github, target, NULL, "read which files the pull request changes", take_file,
                     diff, err))
        return false;
    diff->known = true;
    return true;
}
