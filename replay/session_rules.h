/* What is carried from one answer into later requests: a login's token, the id of what was made.
 * A gateway that was started afresh hands out other values than the recorded one did. */
#ifndef TOLLGATE_REPLAY_SESSION_RULES_H
#define TOLLGATE_REPLAY_SESSION_RULES_H

#include "replay/endpoints.h"

enum {
    SESSION_RULES_MAX = 64,              /* of either kind */
    SESSION_VALUE_MAX_BYTES = 64 * 1024, /* a longer value is not carried */
    SESSION_PLAIN_MIN_BYTES = 8,         /* a shorter one is only looked for where a rule says so */
};

/* Where in a message a value stands. */
enum session_place_kind {
    SESSION_JSON,   /* name: an RFC 6901 pointer into the body, "/user/id" */
    SESSION_HEADER, /* name: of the field */
    SESSION_COOKIE, /* name: of the cookie, in Set-Cookie of an answer and Cookie of a request */
    SESSION_QUERY,  /* name: the key. This and those below in requests alone */
    SESSION_FORM,   /* name: the key in a form's body */
    SESSION_PATH,   /* name: of the variable in the rule's template */
};

struct session_place {
    enum session_place_kind kind;
    const char *name;
};

/* "from": whose answers have the value. */
struct capture_rule {
    const char *name;
    const char *from; /* as written */
    struct endpoint_map answers;
    struct session_place place;
    bool fresh; /* each request that needs it gets one of its own: a nonce */
};

/* "to": where a value goes. */
struct inject_rule {
    size_t capture;               /* index of its rule */
    const char *to;               /* as written; "*" = every request */
    struct endpoint_map requests; /* empty = every request */
    struct session_place place;
    const char
        *before;       /* with a template: its text up to the value; NULL = without: the recorded */
    const char *after; /* value is replaced wherever it stands in the place */
    bool add;          /* a header that the recorded request lacks is added */
    bool fresh;        /* the request uses the value up, and gets one of its own: a logout */
};

/* Which requests belong together: where two recorded answers could be meant, that of the same
 * session is. */
enum session_scope {
    SESSION_BY_CONNECTION,
    SESSION_BY_COOKIE, /* of this name */
    SESSION_BY_HEADER, /* of this name */
};

struct session_rules {
    const struct capture_rule *captures;
    size_t capture_count; /* 0 = nothing is carried */
    const struct inject_rule *injects;
    size_t inject_count;
    enum session_scope scope;
    const char *scope_name;
};

#endif
