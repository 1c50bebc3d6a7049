#include "rig/github_comment.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { LOOKS_MAX = 4 };

/* Ours among all. */
struct search {
    const struct github_comment *comment;
    const char *author;
    int64_t id; /* 0 = there is none */
    bool same;
    char *url;
};

static const char *user_of(const json_t *comment)
{
    return json_string_value(json_object_get(json_object_get(comment, "user"), "login"));
}

static void keep_url(const json_t *comment, char url[GITHUB_URL_SIZE])
{
    const char *given = json_string_value(json_object_get(comment, "html_url"));
    snprintf(url, GITHUB_URL_SIZE, "%s", given != NULL ? given : "");
}

/* GitHub may hand line ends back as CR LF, and without those at the end. */
static bool says_the_same(const char *there, const char *wanted)
{
    for (;;) {
        there += *there == '\r';
        if (*there == '\0' || *wanted == '\0')
            return there[strspn(there, "\r\n")] == '\0' && wanted[strspn(wanted, "\n")] == '\0';
        if (*there++ != *wanted++)
            return false;
    }
}

static bool take_comment(void *context, const json_t *element, bool *enough, struct error *err)
{
    struct search *search = context;
    const char *body = json_string_value(json_object_get(element, "body"));
    const char *user = user_of(element), *marker = search->comment->marker;
    (void)err;
    if (body == NULL || user == NULL || strcasecmp(user, search->author) != 0 ||
        strncmp(body, marker, strlen(marker)) != 0)
        return true;
    search->id = json_integer_value(json_object_get(element, "id"));
    search->same = says_the_same(body, search->comment->body);
    keep_url(element, search->url);
    *enough = search->id > 0;
    return true;
}

static bool look(struct search *search, const struct github_pull *pull, struct github *github,
                 struct error *err)
{
    char target[GITHUB_URL_SIZE];
    snprintf(target, sizeof target, "/repos/%s/issues/%" PRId64 "/comments?per_page=100",
             pull->repository, pull->number);
    search->id = 0;
    search->same = false;
    search->url[0] = '\0';
    return github_list(github, target, NULL, "read the comments of the pull request", take_comment,
                       search, err);
}

/* *done is false when nobody knows whether it was written. */
static bool write_comment(const struct search *search, const struct github_pull *pull,
                          struct github *github, bool *done, struct error *err)
{
    char target[GITHUB_URL_SIZE];
    struct github_answer answer;
    json_t *body = json_pack("{s:s}", "body", search->comment->body);
    if (body == NULL)
        return error_set_memory(err);
    if (search->id > 0)
        snprintf(target, sizeof target, "/repos/%s/issues/comments/%" PRId64, pull->repository,
                 search->id);
    else
        snprintf(target, sizeof target, "/repos/%s/issues/%" PRId64 "/comments", pull->repository,
                 pull->number);
    struct github_request request = {.method = search->id > 0 ? "PATCH" : "POST",
                                     .target = target,
                                     .body = body,
                                     .once = search->id == 0};
    bool ok = github_ask(github, &request, &answer, err);
    json_decref(body);
    if (!ok)
        return false;
    bool gone = search->id > 0 && answer.status == 404; /* deleted since we looked */
    *done = (answer.status != 0 && !gone) || github->settings.dry_run;
    if (*done && !github->settings.dry_run) {
        ok = github_check(&answer, "write the comment", err);
        keep_url(answer.json, search->url);
    }
    github_answer_release(&answer);
    return ok;
}

bool github_comment_publish(const struct github_comment *comment, const struct github_pull *pull,
                            struct github *github, enum github_comment_outcome *outcome,
                            char url[GITHUB_URL_SIZE], struct error *err)
{
    struct search search = {.comment = comment, .author = pull->author, .url = url};
    bool tried = false;
    for (int i = 0; i < LOOKS_MAX; i++) {
        bool done = false;
        if (!look(&search, pull, github, err))
            return false;
        *outcome = search.same           ? (tried ? GITHUB_COMMENT_CREATED : GITHUB_COMMENT_SAME)
                   : search.id > 0       ? GITHUB_COMMENT_UPDATED
                   : comment->may_create ? GITHUB_COMMENT_CREATED
                                         : GITHUB_COMMENT_NOT_NEW;
        if (search.same || (search.id == 0 && !comment->may_create))
            return true;
        if (!write_comment(&search, pull, github, &done, err))
            return false;
        if (done)
            return true;
        tried = true;
    }
    return error_set(err, ERROR_ENVIRONMENT,
                     "cannot write the comment: GitHub's API failed %d times; try again",
                     LOOKS_MAX);
}
