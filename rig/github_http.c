#include "rig/github_http.h"

#include "base/clock.h"
#include "base/text.h"
#include "rig/github_wait.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    CONNECT_TIMEOUT_MS = 15000,
    ANSWER_TIMEOUT_MS = 60000,
    TRIES_MAX = 6,
    REDIRECTS_MAX = 5,
    TOKEN_MAX_BYTES = 4096,
    MESSAGE_MAX_BYTES = 400,
};

/* What one exchange fills in. */
struct transfer {
    struct github *github;
    struct github_answer *answer;
    struct github_limits limits;
    char location[GITHUB_URL_SIZE];
    char problem[CURL_ERROR_SIZE];
    bool too_large;
};

/* ---- addresses ------------------------------------------------------------------------------- */

bool github_is_repository(const char *text)
{
    static const char allowed[] =
        "._abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    size_t owner = strspn(text, allowed + 1); /* of whom none has a dot */
    if (owner == 0 || owner > 100 || text[owner] != '/')
        return false;
    const char *name = text + owner + 1;
    size_t size = strspn(name, allowed);
    return size > 0 && size <= 100 && name[size] == '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

bool github_is_commit(const char *text)
{
    size_t size = strspn(text, "0123456789abcdef");
    return (size == 40 || size == 64) && text[size] == '\0';
}

void github_append_escaped(struct buffer *out, const char *text, bool slashes)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL || (slashes && *text == '/'))
            buffer_append_char(out, *text);
        else
            buffer_append_format(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

/* Scheme, host and port: "https://api.github.com". */
static size_t origin_size(const char *url)
{
    const char *host = strstr(url, "://");
    return host != NULL ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
}

static bool is_same_origin(const char *url, const char *api)
{
    size_t size = origin_size(api);
    return origin_size(url) == size && strncasecmp(url, api, size) == 0;
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = url + strlen("http://");
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        size_t size = strlen(hosts[i]);
        if (strncasecmp(host, hosts[i], size) == 0 && strchr(":/", host[size]) != NULL)
            return true;
    }
    return false;
}

static bool check_api(const char *url, struct error *err)
{
    bool secure = strncasecmp(url, "https://", 8) == 0;
    bool clear = strncasecmp(url, "http://", 7) == 0;
    size_t size = origin_size(url);
    if ((!secure && !clear) || size >= GITHUB_URL_SIZE / 2 || strlen(url) >= GITHUB_URL_SIZE / 2 ||
        memchr(url, '@', size) != NULL || strpbrk(url, " \t\r\n?#") != NULL)
        return error_set(err, ERROR_USAGE,
                         "GITHUB_API_URL must be an address such as https://api.github.com, or "
                         "https://HOST/api/v3 of an Enterprise server");
    if (clear && !is_loopback(url))
        return error_set(err, ERROR_USAGE,
                         "GITHUB_API_URL has no https, and the token would go in the clear");
    return true;
}

static bool check_token(const char *token, struct error *err)
{
    size_t size = strlen(token);
    for (size_t i = 0; i < size; i++)
        if (token[i] <= ' ' || token[i] >= 127)
            return error_set(
                err, ERROR_USAGE,
                "GITHUB_TOKEN holds blanks or bytes that no token has (a line break at "
                "its end?)");
    if (size == 0 || size > TOKEN_MAX_BYTES)
        return error_set(err, ERROR_USAGE, "GITHUB_TOKEN is empty or too long for a token");
    return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

bool github_open(struct github *github, const struct github_settings *settings, struct error *err)
{
    *github = (struct github){.settings = *settings, .wait_left_ms = settings->wait_ms};
    if (!check_api(settings->api, err) ||
        (settings->token != NULL && !check_token(settings->token, err)))
        return false;
    random_seed(&github->random, (uint64_t)clock_realtime_ns());
    github->curl = curl_easy_init();
    return github->curl != NULL || error_set_memory(err);
}

void github_close(struct github *github)
{
    curl_easy_cleanup(github->curl);
    *github = (struct github){0};
}

/* ---- one exchange ---------------------------------------------------------------------------- */

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    buffer_append(&transfer->answer->text, data, size * count);
    transfer->too_large = transfer->answer->text.failed;
    return transfer->too_large ? 0 : size * count;
}

/* A header's value without blanks around it. */
static bool take_value(const char *line, size_t size, const char *name, char *out, size_t capacity)
{
    size_t length = strlen(name);
    if (size <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
        return false;
    line += length + 1;
    size -= length + 1;
    while (size > 0 && strchr(" \t", *line) != NULL)
        line++, size--;
    while (size > 0 && strchr(" \t\r\n", line[size - 1]) != NULL)
        size--;
    if (size >= capacity || memchr(line, '\0', size) != NULL)
        return false;
    memcpy(out, line, size);
    out[size] = '\0';
    return true;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    char links[4 * GITHUB_URL_SIZE];
    size *= count;
    github_limits_read(&transfer->limits, data, size);
    take_value(data, size, "location", transfer->location, sizeof transfer->location);
    if (take_value(data, size, "link", links, sizeof links))
        github_find_next(links, transfer->answer->next);
    return size;
}

void github_find_next(const char *value, char next[GITHUB_URL_SIZE])
{
    next[0] = '\0';
    for (const char *at = strchr(value, '<'); at != NULL; at = strchr(at, '<')) {
        size_t size = strcspn(++at, ">");
        const char *rest = at + size;
        size_t parameters = strcspn(rest, "<");
        const char *rel = strstr(rest, "rel=\"next\"");
        if (rel != NULL && rel < rest + parameters && size < GITHUB_URL_SIZE) {
            memcpy(next, at, size);
            next[size] = '\0';
            return;
        }
        at = rest;
    }
}

static int watch(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return interrupt_pending(((struct transfer *)context)->github->settings.interrupt);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *format, const char *value)
{
    char line[TOKEN_MAX_BYTES + 128];
    if (list == NULL && value == NULL)
        return NULL;
    snprintf(line, sizeof line, "%s%s", format, value != NULL ? value : "");
    struct curl_slist *longer = curl_slist_append(list, line);
    if (longer == NULL)
        curl_slist_free_all(list);
    return longer;
}

static struct curl_slist *make_headers(const struct github *github,
                                       const struct github_request *request)
{
    struct curl_slist *list = add_header(NULL, "Authorization: Bearer ", github->settings.token);
    list = add_header(list,
                      request->raw ? "Accept: application/vnd.github.raw+json"
                                   : "Accept: application/vnd.github+json",
                      NULL);
    list = add_header(list, "X-GitHub-Api-Version: 2022-11-28", NULL);
    list = add_header(list, "Expect:", NULL);
    return request->body != NULL ? add_header(list, "Content-Type: application/json", NULL) : list;
}

static void set_options(CURL *curl, const struct github *github,
                        const struct github_request *request, struct transfer *transfer,
                        const char *url, const char *body, struct curl_slist *headers)
{
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L); /* by hand, to our own host alone */
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (strncasecmp(url, "http:", 5) == 0)
        curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* of this machine: no proxy gets the token */
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, github->settings.agent);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->problem);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    }
}

/* GitHub's "message", and what it says of the fields. */
static void read_message(struct github_answer *answer)
{
    struct buffer text, safe;
    const char *message = json_string_value(json_object_get(answer->json, "message"));
    const json_t *errors = json_object_get(answer->json, "errors");
    buffer_init(&text, 1 << 16);
    buffer_init(&safe, 1 << 18);
    buffer_append_string(&text, message != NULL ? message : "");
    for (size_t i = 0; i < json_array_size(errors) && i < 3; i++) {
        const json_t *each = json_array_get(errors, i);
        const char *said = json_is_string(each)
                               ? json_string_value(each)
                               : json_string_value(json_object_get(each, "message"));
        if (said != NULL)
            buffer_append_format(&text, "; %.200s", said);
    }
    text_append_safe(&safe, buffer_text(&text),
                     text.length < MESSAGE_MAX_BYTES ? text.length : MESSAGE_MAX_BYTES, false);
    snprintf(answer->message, sizeof answer->message, "%s", buffer_text(&safe));
    buffer_release(&text);
    buffer_release(&safe);
}

/* An echo of the token must not reach a log. */
static void hide_token(const struct github *github, char *text)
{
    const char *token = github->settings.token;
    size_t size = token != NULL ? strlen(token) : 0;
    for (char *at = text; size > 0 && (at = strstr(at, token)) != NULL; at += size)
        memset(at, '*', size);
}

static void begin_answer(struct transfer *transfer)
{
    struct github_answer *answer = transfer->answer;
    json_decref(answer->json);
    answer->json = NULL;
    answer->status = 0;
    answer->next[0] = answer->message[0] = '\0';
    buffer_clear(&answer->text);
    answer->text.failed = false;
    transfer->location[0] = transfer->problem[0] = '\0';
    transfer->too_large = false;
    github_limits_init(&transfer->limits);
}

/* False for what trying again does not mend. */
static bool exchange(const struct github_request *request, struct transfer *transfer,
                     const char *url, const char *body, struct error *err)
{
    struct github *github = transfer->github;
    struct github_answer *answer = transfer->answer;
    begin_answer(transfer);
    struct curl_slist *headers = make_headers(github, request);
    if (headers == NULL)
        return error_set_memory(err);
    set_options(github->curl, github, request, transfer, url, body, headers);
    CURLcode done = curl_easy_perform(github->curl);
    curl_slist_free_all(headers);
    if (!interrupt_check(github->settings.interrupt, err))
        return false;
    if (transfer->too_large)
        return error_set(err, ERROR_ENVIRONMENT, "GitHub's answer to %s is over %d MiB",
                         request->target, GITHUB_ANSWER_MAX_BYTES >> 20);
    if (done == CURLE_OUT_OF_MEMORY)
        return error_set_memory(err);
    if (done == CURLE_OK)
        curl_easy_getinfo(github->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    else if (transfer->problem[0] == '\0')
        snprintf(transfer->problem, sizeof transfer->problem, "%s", curl_easy_strerror(done));
    if (done == CURLE_OK && !request->raw)
        answer->json =
            json_loadb(buffer_text(&answer->text), answer->text.length, JSON_DECODE_ANY, NULL);
    read_message(answer);
    hide_token(github, answer->message);
    hide_token(github, transfer->problem);
    if (github->settings.verbose)
        fprintf(stderr, "tollgate: %s %s: %ld%s%s\n", request->method, request->target,
                answer->status, done != CURLE_OK ? " " : "",
                done != CURLE_OK ? transfer->problem : "");
    return true;
}

/* ---- redirects ------------------------------------------------------------------------------- */

static bool make_url(const struct github *github, const char *target, char url[GITHUB_URL_SIZE],
                     struct error *err)
{
    const char *api = github->settings.api;
    bool whole = strstr(target, "://") != NULL && target[0] != '/';
    int size = whole ? snprintf(url, GITHUB_URL_SIZE, "%s", target)
                     : snprintf(url, GITHUB_URL_SIZE, "%s%s", api, target);
    if (size >= GITHUB_URL_SIZE)
        return error_set(err, ERROR_ENVIRONMENT, "an address of GitHub's API is too long");
    if (!is_same_origin(url, api))
        return error_set(err, ERROR_ENVIRONMENT,
                         "GitHub's API names an address of another host, which is not asked, since "
                         "it would get the token; is GITHUB_API_URL right?");
    return true;
}

/* A repository that was renamed: the same request, elsewhere on the same host. */
static bool follow(struct transfer *transfer, char url[GITHUB_URL_SIZE], struct error *err)
{
    const char *api = transfer->github->settings.api, *location = transfer->location;
    if (location[0] == '/' && location[1] != '/') {
        char whole[2 * GITHUB_URL_SIZE];
        int size = snprintf(whole, sizeof whole, "%.*s%s", (int)origin_size(api), api, location);
        if (size < GITHUB_URL_SIZE) {
            memcpy(url, whole, (size_t)size + 1);
            return true;
        }
    }
    if (!is_same_origin(location, api)) {
        struct buffer host;
        buffer_init(&host, 1 << 16);
        text_append_safe(&host, location, origin_size(location), false);
        error_set(err, ERROR_ENVIRONMENT,
                  "GitHub's API sends on to %.200s, another host, which is not asked, since it "
                  "would get the token; is GITHUB_API_URL right?",
                  host.length > 0 ? buffer_text(&host) : "nowhere");
        buffer_release(&host);
        return false;
    }
    snprintf(url, GITHUB_URL_SIZE, "%s", location);
    return true;
}

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

static bool exchange_with_redirects(const struct github_request *request, struct transfer *transfer,
                                    const char *body, struct error *err)
{
    char url[GITHUB_URL_SIZE];
    if (!make_url(transfer->github, request->target, url, err))
        return false;
    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        if (!exchange(request, transfer, url, body, err))
            return false;
        if (!is_redirect(transfer->answer->status))
            return true;
        if (!follow(transfer, url, err))
            return false;
    }
    return error_set(err, ERROR_ENVIRONMENT, "GitHub's API sends %s from one address to the next",
                     request->target);
}

/* ---- trying again ---------------------------------------------------------------------------- */

static bool fail_waiting(const struct transfer *transfer, const struct github_request *request,
                         enum github_again again, int64_t wait_ms, struct error *err)
{
    const struct github_answer *answer = transfer->answer;
    if (again == GITHUB_LIMITED)
        return error_set(err, ERROR_ENVIRONMENT,
                         "GitHub allows no more requests for %lld s, which is longer than --wait "
                         "lets us: try again then, or give a longer --wait%s%s",
                         (long long)(wait_ms / 1000), answer->message[0] != '\0' ? ": " : "",
                         answer->message);
    if (answer->status == 0)
        return error_set(err, ERROR_ENVIRONMENT, "GitHub's API does not answer %s %s: %s",
                         request->method, request->target, transfer->problem);
    return error_set(err, ERROR_ENVIRONMENT, "GitHub's API fails with %ld at %s %s%s%s; try again",
                     answer->status, request->method, request->target,
                     answer->message[0] != '\0' ? ": " : "", answer->message);
}

static bool wait_for(struct transfer *transfer, const struct github_request *request,
                     enum github_again again, int attempt, struct error *err)
{
    struct github *github = transfer->github;
    int64_t wait_ms =
        github_wait_ms(again, &transfer->limits, attempt, random_unit(&github->random),
                       clock_realtime_ns() / NS_PER_SECOND);
    if (attempt + 1 >= TRIES_MAX || wait_ms > github->wait_left_ms)
        return fail_waiting(transfer, request, again, wait_ms, err);
    github->wait_left_ms -= wait_ms;
    if (wait_ms >= 5000 || github->settings.verbose)
        fprintf(stderr, "tollgate: GitHub %s; trying again in %lld s\n",
                again == GITHUB_LIMITED ? "asks us to wait" : "does not answer well",
                (long long)((wait_ms + 999) / 1000));
    return interrupt_sleep_ms(github->settings.interrupt, (int)wait_ms, err);
}

static void print_unsent(const struct github_request *request, const char *body)
{
    printf("would send %s %s\n%s\n", request->method, request->target, body != NULL ? body : "");
}

static bool try_again_and_again(struct transfer *transfer, const struct github_request *request,
                                const char *body, struct error *err)
{
    for (int attempt = 0;; attempt++) {
        if (!exchange_with_redirects(request, transfer, body, err))
            return false;
        struct github_answer *answer = transfer->answer;
        enum github_again again = github_again(answer->status, &transfer->limits, answer->message);
        if (again == GITHUB_FINAL)
            return true;
        if (!wait_for(transfer, request, again, attempt, err))
            return false;
        if (again == GITHUB_FAILED && request->once) {
            answer->status = 0;
            return true;
        }
    }
}

bool github_ask(struct github *github, const struct github_request *request,
                struct github_answer *answer, struct error *err)
{
    struct transfer transfer = {.github = github, .answer = answer};
    bool unsent =
        github->settings.dry_run && strcmp(request->method, "GET") != 0 && !request->reads;
    *answer = (struct github_answer){0};
    buffer_init(&answer->text, GITHUB_ANSWER_MAX_BYTES);
    char *body = NULL;
    if (request->body != NULL &&
        (body = json_dumps(request->body, unsent ? JSON_INDENT(2) : JSON_COMPACT)) == NULL)
        return error_set_memory(err);
    bool ok = true;
    if (unsent)
        print_unsent(request, body);
    else if (github->settings.token == NULL)
        ok = error_set(err, ERROR_USAGE, "GITHUB_TOKEN is not set");
    else
        ok = try_again_and_again(&transfer, request, body, err);
    free(body);
    if (!ok)
        github_answer_release(answer);
    return ok;
}

void github_answer_release(struct github_answer *answer)
{
    json_decref(answer->json);
    buffer_release(&answer->text);
    *answer = (struct github_answer){0};
}

/* ---- what an answer means -------------------------------------------------------------------- */

static const char *advice(long status)
{
    switch (status) {
    case 401:
        return "the token is not valid, or no longer; a job's own is ${{ github.token }}";
    case 403:
        return "the token may not do that: the job needs `permissions: pull-requests: write`, and "
               "`contents: read`; the token of a pull request from a fork never has the first";
    case 404:
        return "there is no such thing, or the token may not see it: GITHUB_REPOSITORY and the "
               "number of the pull request must fit, and the token the repository";
    case 410:
        return "it is gone, or switched off in this repository";
    case 422:
        return "GitHub does not take what was sent";
    default:
        return "is GITHUB_API_URL the address of GitHub's API?";
    }
}

bool github_check(const struct github_answer *answer, const char *what, struct error *err)
{
    if (answer->status >= 200 && answer->status <= 299)
        return true;
    return error_set(err, ERROR_ENVIRONMENT, "cannot %s: GitHub answers %ld%s%s%s; %s", what,
                     answer->status, answer->message[0] != '\0' ? " (" : "", answer->message,
                     answer->message[0] != '\0' ? ")" : "", advice(answer->status));
}

static bool take_page(const struct github_answer *answer, const char *key, const char *what,
                      github_take *take, void *context, bool *enough, struct error *err)
{
    const json_t *list = key != NULL ? json_object_get(answer->json, key) : answer->json;
    if (!json_is_array(list))
        return error_set(err, ERROR_ENVIRONMENT,
                         "cannot %s: what answers is no list; is GITHUB_API_URL the address of "
                         "GitHub's API?",
                         what);
    for (size_t i = 0; i < json_array_size(list) && !*enough; i++)
        if (!take(context, json_array_get(list, i), enough, err))
            return false;
    return true;
}

bool github_list(struct github *github, const char *target, const char *key, const char *what,
                 github_take *take, void *context, struct error *err)
{
    char at[GITHUB_URL_SIZE];
    bool enough = false;
    snprintf(at, sizeof at, "%s", target);
    for (int page = 0; page < GITHUB_PAGES_MAX; page++) {
        struct github_request request = {.method = "GET", .target = at};
        struct github_answer answer;
        if (!github_ask(github, &request, &answer, err))
            return false;
        bool ok = github_check(&answer, what, err) &&
                  take_page(&answer, key, what, take, context, &enough, err);
        snprintf(at, sizeof at, "%s", answer.next);
        github_answer_release(&answer);
        if (!ok || enough || at[0] == '\0')
            return ok;
    }
    return error_set(err, ERROR_ENVIRONMENT, "cannot %s: the list has over %d pages", what,
                     GITHUB_PAGES_MAX);
}
