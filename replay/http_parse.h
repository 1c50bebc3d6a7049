/* HTTP/1 messages as they were on the wire, read from memory: captures, not a live connection. */
#ifndef TOLLGATE_REPLAY_HTTP_PARSE_H
#define TOLLGATE_REPLAY_HTTP_PARSE_H

#include "base/arena.h"
#include "replay/corpus.h"

enum http_result {
    HTTP_OK,
    HTTP_WRONG,  /* no HTTP/1 message; `problem` says why */
    HTTP_MEMORY, /* out of memory */
};

/* What is told apart from the message. */
struct http_notes {
    const char *problem; /* constant text; NULL when all went well */
    bool body_is_cut;    /* fewer bytes are there than the message announces */
    bool body_is_coded;  /* it has a Content-Encoding and is left as it was */
    bool latin1;         /* header values that were not UTF-8 were read as ISO 8859-1 */
    bool target_encoded; /* of the target some bytes became %HH */
    const char *host;    /* of a request: its Host, or "" */
    const char *proto;   /* "HTTP/1.1" or "HTTP/1.0" */
};

/* Chunks are joined. A request keeps its Transfer-Encoding field, so that it is sent in chunks
 * again; a response loses it. All strings are in the arena. */
MUST_CHECK enum http_result http_parse_request(const char *data, size_t size, struct arena *arena,
                                               struct request *out, struct http_notes *notes);

/* `method` is that of the request, which decides whether a body may follow; NULL = unknown.
 * Interim responses (100 to 199, but for 101) are passed over. */
MUST_CHECK enum http_result http_parse_response(const char *data, size_t size, const char *method,
                                                struct arena *arena, struct response *out,
                                                struct http_notes *notes);

#endif
