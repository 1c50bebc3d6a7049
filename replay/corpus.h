/* The corpus: recorded requests with their responses and what the upstreams answered. A file is
 * scanned once, as a stream; what stays in memory is an index of some tens of bytes an exchange.
 * Format: a header line, then one JSON object a line; corpus.schema.json says it field by field. */
#ifndef TOLLGATE_REPLAY_CORPUS_H
#define TOLLGATE_REPLAY_CORPUS_H

#include "base/arena.h"
#include "base/error.h"
#include "replay/endpoints.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    CORPUS_SCHEMA_VERSION = 1,
    CORPUS_LINE_MAX_BYTES = 128 * 1024 * 1024, /* a longer line is an error */
};

/* Bytes of a body; `data` is NULL when there is none, and "" with size 0 when it is empty. Of a
 * response that is not recorded whole the size may be known though `data` is NULL. */
struct body {
    const char *data;
    size_t size;
};

/* Name and value as they were on the wire: no CR, LF or NUL in either. */
struct header {
    const char *name;
    const char *value;
};

struct headers {
    const struct header *items; /* in order, duplicates kept */
    size_t count;
};

struct request {
    const char *method;
    const char *target; /* as it was sent: origin form, not decoded, no spaces or controls */
    struct headers headers;
    struct body body;
};

struct response {
    int status; /* 100 to 599; 0: not recorded, so it is not checked */
    struct headers headers;
    struct body body; /* NULL data: the corpus does not have it, so it is not checked */
};

/* One call that the gateway made while it answered. */
struct upstream_answer {
    const char *name; /* of the upstream, as in tollgate.json */
    struct request request;
    struct response response;
    int64_t latency_ns; /* as recorded; 0 = unknown */
};

struct exchange {
    size_t index; /* position in the corpus, from 0 */
    size_t line;  /* in the file, from 1 */
    const char *id;
    int64_t ts_ns;
    int64_t conn;          /* number of its connection; -1 = not recorded */
    const char *authority; /* the Host it was sent to; "" = unknown */
    const char *proto;     /* "HTTP/1.1", "HTTP/1.0" or "HTTP/2" */
    struct request request;
    struct response response;
    const struct upstream_answer *upstream;
    size_t upstream_count;
    size_t endpoint;     /* index into the corpus's endpoint names */
    const char *variant; /* "" = not recorded; corpus_load puts one that the request gives */
    double weight;       /* requests of production that it stands for; 1 when not stated */
};

/* What the index keeps of an exchange. */
struct corpus_entry {
    uint64_t offset; /* of its line in the file, bytes */
    uint32_t line_bytes;
    uint32_t endpoint;
    uint32_t variant; /* number of the (endpoint, variant) pair, from 0 */
    uint32_t line;
    double weight;
};

struct corpus;

/* The file stays open and is read again by corpus_load. Endpoints and variants are numbered in
 * order of first appearance; a template that no exchange matches is not among them.
 *
 * Reads, validates and indexes. Every line is checked in full: wrong JSON, a missing or mistyped
 * field, invalid UTF-8, an endpoint that no template matches: ERROR_INPUT with file:line and
 * field. A corpus without exchanges is an error. When `map` has no templates, the exchanges' own
 * "endpoint" fields are used, and one without is an error. Unmatched exchanges are collected and
 * the error names up to five of them and how many there are. `corpus` is NULL on failure. */
MUST_CHECK bool corpus_open(struct corpus **corpus, const char *path,
                            const struct endpoint_map *map, struct error *err);
void corpus_free(struct corpus *corpus);

size_t corpus_count(const struct corpus *corpus);
const struct corpus_entry *corpus_entries(const struct corpus *corpus);
size_t corpus_endpoint_count(const struct corpus *corpus);
const char *corpus_endpoint_name(const struct corpus *corpus, size_t endpoint);
size_t corpus_variant_count(const struct corpus *corpus);
const char *corpus_variant_name(const struct corpus *corpus, size_t variant);

/* FNV-1a of the file's bytes: names this corpus in runs and baselines. */
unsigned long long corpus_hash(const struct corpus *corpus);

/* Loads one exchange; its strings live in `arena`. Threads may load at the same time. */
MUST_CHECK bool corpus_load(const struct corpus *corpus, size_t index, struct arena *arena,
                            struct exchange *out, struct error *err);

/* Parses one line, for whoever has a line and no file. `name` and `line` are for errors. Endpoint
 * assignment is left to the caller: *endpoint is the line's own field, or NULL. */
MUST_CHECK bool corpus_parse_exchange(const char *name, size_t line, const char *text, size_t size,
                                      struct arena *arena, struct exchange *out,
                                      const char **endpoint, struct error *err);

/* What the header line says besides the schema version. NULL = not known. */
struct corpus_header {
    const char *source;
    const char *redaction;    /* hash of the policy */
    const char *endpoint_map; /* hash of the templates */
};

/* Writing: a header line, then exchanges. `endpoint` may be NULL. Body bytes that are not UTF-8
 * go out as base64; header values that are not UTF-8 cannot be written (ERROR_INPUT). What struct
 * exchange does not hold (conn, seq, body_sha256, schema) is not written. */
MUST_CHECK bool corpus_write_header(FILE *file, const char *source, struct error *err);
MUST_CHECK bool corpus_write_header_fields(FILE *file, const struct corpus_header *header,
                                           struct error *err);
MUST_CHECK bool corpus_write_exchange(FILE *file, const struct exchange *exchange,
                                      const char *endpoint, struct error *err);

#endif
