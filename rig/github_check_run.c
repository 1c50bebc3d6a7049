#include "rig/github_check_run.h"

#include "base/sha256.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS_MAX = 4, PRINT_SIZE = 80 };

/* What is there already. */
struct search {
    const char *print; /* our external id */
    int64_t id;        /* 0 = there is none */
    bool completed;
    size_t annotations; /* that it has */
    bool refused;
};

/* Of all that is sent, so that the same is known again. */
static bool make_print(const struct github_check_run *check, char print[static PRINT_SIZE],
                       struct error *err)
{
    unsigned char digest[SHA256_SIZE];
    json_t *all =
        json_pack("[s, s, s, s]", check->name, check->conclusion, check->title, check->summary);
    for (size_t i = 0; all != NULL && i < check->annotations->count;
         i += GITHUB_ANNOTATIONS_A_REQUEST)
        if (json_array_append_new(all, github_annotations_batch(check->annotations, i)) != 0) {
            json_decref(all);
            all = NULL;
        }
    char *text = all != NULL ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    if (text == NULL)
        return error_set_memory(err);
    sha256(text, strlen(text), digest);
    free(text);
    snprintf(print, PRINT_SIZE, "tollgate:");
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(print + strlen("tollgate:") + 2 * i, 3, "%02x", digest[i]);
    return true;
}

static void take_check(struct search *search, const json_t *element)
{
    const char *external = json_string_value(json_object_get(element, "external_id"));
    const char *status = json_string_value(json_object_get(element, "status"));
    if (search->id > 0 || external == NULL || strcmp(external, search->print) != 0)
        return;
    search->id = json_integer_value(json_object_get(element, "id"));
    search->completed = status != NULL && strcmp(status, "completed") == 0;
    json_int_t count = json_integer_value(
        json_object_get(json_object_get(element, "output"), "annotations_count"));
    search->annotations = count > 0 ? (size_t)count : 0;
}

/* Tokens of people never may write checks, those of a job only with `checks: write`; where the head
 * is not known here there is nothing to write to. */
static bool is_refusal(const struct github_answer *answer, char why[512])
{
    if (answer->status != 403 && answer->status != 404 && answer->status != 422)
        return false;
    snprintf(why, 512, "GitHub answers %ld%s%.400s", answer->status,
             answer->message[0] != '\0' ? ": " : "", answer->message);
    return true;
}

static bool look(struct search *search, const struct github_check_run *check,
                 const struct github_pull *pull, struct github *github, char why[512],
                 struct error *err)
{
    struct buffer target;
    struct github_answer answer;
    buffer_init(&target, GITHUB_URL_SIZE - 1);
    buffer_append_format(&target, "/repos/%s/commits/%s/check-runs?per_page=100&check_name=",
                         pull->repository, pull->head_commit);
    github_append_escaped(&target, check->name, false);
    *search = (struct search){.print = search->print};
    struct github_request request = {.method = "GET", .target = buffer_text(&target)};
    bool ok = buffer_check(&target, err) && github_ask(github, &request, &answer, err);
    buffer_release(&target);
    if (!ok)
        return false;
    search->refused = is_refusal(&answer, why);
    ok = search->refused || github_check(&answer, "read the check runs of the head", err);
    const json_t *list = json_object_get(answer.json, "check_runs");
    for (size_t i = 0; ok && i < json_array_size(list); i++)
        take_check(search, json_array_get(list, i));
    github_answer_release(&answer);
    return ok;
}

/* One request's worth: the next annotations; with the last of them the check run is complete. */
static json_t *make_body(const struct github_check_run *check, const struct github_pull *pull,
                         const struct search *search)
{
    size_t next = search->annotations + GITHUB_ANNOTATIONS_A_REQUEST;
    bool last = next >= check->annotations->count;
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:o}}", "name", check->name, "external_id",
                  search->print, "status", last ? "completed" : "in_progress", "output", "title",
                  check->title, "summary", check->summary, "annotations",
                  github_annotations_batch(check->annotations, search->annotations));
    bool ok = body != NULL;
    if (ok && last)
        ok = json_object_set_new(body, "conclusion", json_string(check->conclusion)) == 0;
    if (ok && search->id == 0)
        ok = json_object_set_new(body, "head_sha", json_string(pull->head_commit)) == 0;
    if (ok && check->details_url != NULL)
        ok = json_object_set_new(body, "details_url", json_string(check->details_url)) == 0;
    if (!ok) {
        json_decref(body);
        return NULL;
    }
    return body;
}

/* What was sent goes into `search`; status 0: not known whether it was taken. */
static bool send(struct search *search, const struct github_check_run *check,
                 const struct github_pull *pull, struct github *github,
                 struct github_answer *answer, struct error *err)
{
    char target[GITHUB_URL_SIZE];
    json_t *body = make_body(check, pull, search);
    if (body == NULL)
        return error_set_memory(err);
    if (search->id > 0)
        snprintf(target, sizeof target, "/repos/%s/check-runs/%" PRId64, pull->repository,
                 search->id);
    else
        snprintf(target, sizeof target, "/repos/%s/check-runs", pull->repository);
    struct github_request request = {
        .method = search->id > 0 ? "PATCH" : "POST", .target = target, .body = body, .once = true};
    bool ok = github_ask(github, &request, answer, err);
    json_decref(body);
    return ok;
}

/* The next request. *known is false when nobody knows whether it was taken. */
static bool go_on(struct search *search, const struct github_check_run *check,
                  const struct github_pull *pull, struct github *github, bool *known, char why[512],
                  struct error *err)
{
    struct github_answer answer;
    bool dry = github->settings.dry_run;
    if (!send(search, check, pull, github, &answer, err))
        return false;
    *known = answer.status != 0 || dry;
    search->refused = *known && search->id == 0 && is_refusal(&answer, why);
    bool ok =
        !*known || dry || search->refused || github_check(&answer, "write the check run", err);
    if (ok && *known && search->id == 0)
        search->id = dry ? 1 : json_integer_value(json_object_get(answer.json, "id"));
    github_answer_release(&answer);
    if (ok && *known && search->id <= 0 && !search->refused)
        return error_set(err, ERROR_ENVIRONMENT, "GitHub's answer names no check run");
    search->annotations += *known ? GITHUB_ANNOTATIONS_A_REQUEST : 0;
    search->completed = *known && search->annotations >= check->annotations->count;
    return ok;
}

/* Until it is complete, refused, or nobody knows. */
static bool send_all(struct search *search, const struct github_check_run *check,
                     const struct github_pull *pull, struct github *github, char why[512],
                     struct error *err)
{
    for (bool known = true; known && !search->completed && !search->refused;)
        if (!go_on(search, check, pull, github, &known, why, err))
            return false;
    return true;
}

bool github_check_run_publish(const struct github_check_run *check, const struct github_pull *pull,
                              struct github *github, enum github_check_outcome *outcome,
                              char why[512], struct error *err)
{
    char print[PRINT_SIZE];
    struct search search = {.print = print};
    if (!make_print(check, print, err))
        return false;
    for (int i = 0; i < LOOKS_MAX; i++) {
        if (!look(&search, check, pull, github, why, err))
            return false;
        bool begun = search.id > 0;
        *outcome = search.refused     ? GITHUB_CHECK_REFUSED
                   : search.completed ? (i == 0 ? GITHUB_CHECK_SAME : GITHUB_CHECK_CREATED)
                   : begun            ? GITHUB_CHECK_COMPLETED
                                      : GITHUB_CHECK_CREATED;
        if (search.refused || search.completed)
            return true;
        if (!send_all(&search, check, pull, github, why, err))
            return false;
        if (search.refused)
            *outcome = GITHUB_CHECK_REFUSED;
        if (search.refused || search.completed)
            return true;
    }
    return error_set(err, ERROR_ENVIRONMENT,
                     "cannot write the check run: GitHub's API failed %d times; try again",
                     LOOKS_MAX);
}
