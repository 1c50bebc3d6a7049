/* Requests to GitHub's REST API: one at a time, tried again after the wait that an answer states,
 * and never with the token to another host or in anybody's sight. */
#ifndef TOLLGATE_RIG_GITHUB_HTTP_H
#define TOLLGATE_RIG_GITHUB_HTTP_H

#include "base/buffer.h"
#include "base/interrupt.h"
#include "base/random.h"

#include <jansson.h>
#include <stdio.h>

enum {
    GITHUB_ANSWER_MAX_BYTES = 64 << 20,
    GITHUB_PAGES_MAX = 200, /* of a list; more is an error */
    GITHUB_URL_SIZE = 2048,
};

struct github_settings {
    const char *api;     /* "https://api.github.com"; without a slash at its end */
    const char *graphql; /* NULL = made of `api` */
    const char *token;   /* NULL = offline: nothing may be asked */
    const char *agent;   /* "tollgate/0.1.0" */
    int64_t wait_ms;     /* waited at most, all requests together */
    bool dry_run;        /* what would change something is printed to stdout, not sent */
    bool verbose;        /* each request in a line on stderr */
    const struct interrupt *interrupt; /* NULL = none */
};

struct github {
    struct github_settings settings;
    void *curl;
    struct random random;
    int64_t wait_left_ms;
};

/* Refuses an address that would carry the token in the clear, and a token with bytes that no header
 * may have. Strings are borrowed. On failure nothing needs release. */
MUST_CHECK bool github_open(struct github *github, const struct github_settings *settings,
                            struct error *err);
void github_close(struct github *github);

struct github_request {
    const char *method; /* "GET" */
    const char *target; /* "/repos/a/b/pulls/1", or an address below `api` that GitHub gave */
    const json_t *body; /* NULL = none */
    bool raw;           /* the answer is a file's content */
    bool reads;         /* changes nothing although it is no GET; sent in a dry run too */
    /* Must not be done twice: when it is not known whether it was done, the answer has status 0
     * after the wait, and the caller looks what is there before he asks again. */
    bool once;
};

struct github_answer {
    long status; /* 0: not known whether it was done; or not sent, in a dry run */
    struct buffer text;
    json_t *json;               /* NULL = none, or `raw` */
    char next[GITHUB_URL_SIZE]; /* of a list's next page; "" = this is the last */
    char message[512];          /* GitHub's own, made safe; "" = none */
};

/* True once there is an answer that stands, whatever its status. False when none could be had,
 * waiting would take longer than allowed, or the user asked to stop. */
MUST_CHECK bool github_ask(struct github *github, const struct github_request *request,
                           struct github_answer *answer, struct error *err);
void github_answer_release(struct github_answer *answer);

/* Whether the status is one of 200 to 299; else false with what GitHub said of `what`, and what to
 * do next. */
MUST_CHECK bool github_check(const struct github_answer *answer, const char *what,
                             struct error *err);

/* Asks page by page and hands each element of the lists to `take`, until it sets *enough. The list
 * is the answer itself, or its field `key`. */
typedef bool github_take(void *context, const json_t *element, bool *enough, struct error *err);
MUST_CHECK bool github_list(struct github *github, const char *target, const char *key,
                            const char *what, github_take *take, void *context, struct error *err);

/* The target of the "next" page in a Link header's value, or "". */
void github_find_next(const char *value, char next[GITHUB_URL_SIZE]);

/* "owner/name" as GitHub allows it. */
bool github_is_repository(const char *text);
/* 40 or 64 hexadecimal digits. */
bool github_is_commit(const char *text);

/* Appends text as a part of a path or query: all but letters, digits and "-._~" (and '/' when
 * `slashes`) as %XX. */
void github_append_escaped(struct buffer *out, const char *text, bool slashes);

#endif
