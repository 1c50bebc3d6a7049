#include "rig/github_event.h"

#include "base/json.h"
#include "rig/github_http.h"

#include <string.h>

/* What the parts of one event share. */
struct reader {
    struct github_event *event;
    struct arena *arena;
    struct error *err;
};

static bool copy(const struct reader *reader, const char *text, const char **out)
{
    *out = arena_copy_string(reader->arena, text);
    return *out != NULL || error_set_memory(reader->err);
}

static bool read_number(const struct reader *reader, const json_t *pull,
                        const struct json_place *place)
{
    int64_t number = 0;
    if (!json_get_int(pull, "number", JSON_REQUIRED, 1, INT32_MAX, &number, place, reader->err))
        return false;
    if (reader->event->number_count++ == 0)
        reader->event->number = number;
    return true;
}

static bool read_commit(const struct reader *reader, const json_t *object, const char *key,
                        const struct json_place *place)
{
    const char *commit = NULL;
    struct json_place at = json_place_key(place, key);
    if (!json_get_string(object, key, JSON_REQUIRED, &commit, place, reader->err))
        return false;
    if (!github_is_commit(commit))
        return json_fail(&at, reader->err, "must be a commit");
    return copy(reader, commit, &reader->event->head_commit);
}

static bool read_pull_request(const struct reader *reader, const json_t *pull,
                              const struct json_place *place)
{
    const json_t *head = NULL;
    struct json_place at = json_place_key(place, "head");
    return read_number(reader, pull, place) &&
           json_get_object(pull, "head", JSON_REQUIRED, &head, place, reader->err) &&
           read_commit(reader, head, "sha", &at);
}

/* Empty where the head is a fork's. */
static bool read_pulls(const struct reader *reader, const json_t *run,
                       const struct json_place *place)
{
    const json_t *pulls = json_object_get(run, "pull_requests");
    struct json_place list = json_place_key(place, "pull_requests");
    if (json_array_size(pulls) > GITHUB_EVENT_PULLS_MAX)
        return json_fail(&list, reader->err, "names too many pull requests");
    for (size_t i = 0; i < json_array_size(pulls); i++) {
        const json_t *pull = json_array_get(pulls, i);
        const char *sha = json_string_value(json_object_get(json_object_get(pull, "head"), "sha"));
        struct json_place at = json_place_index(&list, i);
        if (sha != NULL && strcmp(sha, reader->event->head_commit) == 0 &&
            !read_number(reader, pull, &at))
            return false;
    }
    return true;
}

static bool read_head(const struct reader *reader, const json_t *run,
                      const struct json_place *place)
{
    const json_t *repository = NULL;
    const char *branch = NULL, *name = NULL;
    struct github_event *event = reader->event;
    struct json_place at = json_place_key(place, "head_repository");
    struct json_place name_at = json_place_key(&at, "full_name");
    if (!json_is_object(json_object_get(run, "head_repository")))
        return true; /* a fork that is gone */
    if (!json_get_string(run, "head_branch", JSON_REQUIRED, &branch, place, reader->err) ||
        !json_get_object(run, "head_repository", JSON_REQUIRED, &repository, place, reader->err) ||
        !json_get_string(repository, "full_name", JSON_REQUIRED, &name, &at, reader->err))
        return false;
    if (!github_is_repository(name))
        return json_fail(&name_at, reader->err, "must be a repository as \"owner/name\"");
    const char *owner = arena_format(reader->arena, "%.*s", (int)strcspn(name, "/"), name);
    if (owner == NULL)
        return error_set_memory(reader->err);
    event->head_owner = owner;
    return copy(reader, branch, &event->head_branch) && copy(reader, name, &event->head_repository);
}

static bool read_workflow_run(const struct reader *reader, const json_t *run,
                              const struct json_place *place)
{
    const char *event = NULL, *url = NULL;
    if (!json_get_string(run, "event", JSON_REQUIRED, &event, place, reader->err))
        return false;
    reader->event->foreign = strcmp(event, "pull_request") != 0;
    if (reader->event->foreign)
        return true;
    return read_commit(reader, run, "head_sha", place) && read_pulls(reader, run, place) &&
           read_head(reader, run, place) &&
           json_get_string(run, "html_url", JSON_OPTIONAL, &url, place, reader->err) &&
           (url == NULL || copy(reader, url, &reader->event->url));
}

bool github_event_parse(struct github_event *event, const json_t *json, const char *name,
                        struct arena *arena, struct error *err)
{
    const json_t *pull = NULL, *run = NULL;
    struct reader reader = {event, arena, err};
    struct json_place root = json_place_root(name);
    struct json_place pull_at = json_place_key(&root, "pull_request");
    struct json_place run_at = json_place_key(&root, "workflow_run");
    *event = (struct github_event){0};
    if (!json_is_object(json))
        return json_fail(&root, err, "must be a JSON object: GITHUB_EVENT_PATH names no event");
    if (!json_get_object(json, "workflow_run", JSON_OPTIONAL, &run, &root, err) ||
        !json_get_object(json, "pull_request", JSON_OPTIONAL, &pull, &root, err))
        return false;
    if (run != NULL)
        return read_workflow_run(&reader, run, &run_at);
    event->foreign = pull == NULL;
    return pull == NULL || read_pull_request(&reader, pull, &pull_at);
}

bool github_event_read(struct github_event *event, const char *path, struct arena *arena,
                       struct error *err)
{
    json_t *json = json_parse_file(path, GITHUB_EVENT_MAX_BYTES, err);
    bool ok = json != NULL && github_event_parse(event, json, path, arena, err);
    json_decref(json);
    return ok;
}
