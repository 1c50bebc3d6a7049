/* Recordings of GoReplay: a line "TYPE ID START_NS [LATENCY_NS]", the bytes of an HTTP message as
 * they were on the wire, a separator. Types are 1 for a request, 2 for its answer, 3 for the answer
 * to a replay; a request and its answer have one id, and others may come in between. */
#include "replay/import_draft.h"

#include "base/hash.h"
#include "replay/http_parse.h"
#include "replay/timestamps.h"

#include <stdlib.h>

#define SEPARATOR "\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"

enum {
    RECORD_MAX_BYTES = 128 * 1024 * 1024,
    META_MAX_BYTES = 256,
    ID_MAX_BYTES = 64,
    /* Of records that wait for their other half. */
    WAITING_MAX = 4096,
    WAITING_MAX_BYTES = 64 * 1024 * 1024,
};

enum gor_type { GOR_REQUEST = '1', GOR_RESPONSE = '2', GOR_REPLAYED = '3' };

struct meta {
    enum gor_type type;
    struct span id;
    int64_t ts_ns;
};

/* An HTTP message, copied; `data` is NULL when there is none. */
struct message {
    char *data;
    size_t size;
    bool ended; /* its separator was there */
    struct import_place place;
    int64_t ts_ns;
};

/* A request, or an answer that came before its request. The table keeps the order of arrival. */
struct waiting {
    UT_hash_handle hh;
    struct message request, response;
    char id[];
};

struct state {
    struct import_run *run;
    struct waiting *table;
    size_t bytes;
};

static bool parse_meta(struct span line, struct meta *out)
{
    const char *end = line.data + line.size;
    if (line.size < 5 || line.size > META_MAX_BYTES || line.data[0] < '1' || line.data[0] > '3' ||
        line.data[1] != ' ')
        return false;
    const char *id = line.data + 2;
    const char *space = memchr(id, ' ', (size_t)(end - id));
    if (space == NULL || space == id || space - id > ID_MAX_BYTES)
        return false;
    for (const char *c = id; c < space; c++) {
        if (*c < '!' || *c > '~')
            return false;
    }
    const char *time = space + 1;
    const char *stop = memchr(time, ' ', (size_t)(end - time));
    *out = (struct meta){(enum gor_type)line.data[0], {id, (size_t)(space - id)}, 0};
    return timestamp_parse_epoch(time, (size_t)((stop != NULL ? stop : end) - time), &out->ts_ns);
}

static void drop(struct state *state, struct waiting *waiting)
{
    HASH_DEL(state->table, waiting);
    state->bytes -= waiting->request.size + waiting->response.size;
    free(waiting->request.data);
    free(waiting->response.data);
    free(waiting);
}

/* Sets *handed_on to false when the request is not to be imported; that is tallied then. */
static bool read_request(struct state *state, const struct message *message,
                         struct import_draft *draft, bool *handed_on)
{
    struct http_notes notes;
    const char *left_out = NULL;
    *handed_on = false;
    enum http_result result = http_parse_request(message->data, message->size, &draft->arena,
                                                 &draft->exchange.request, &notes);
    if (result == HTTP_MEMORY)
        return error_set_memory(state->run->err);
    if (!message->ended && (result == HTTP_WRONG || notes.body_is_cut))
        left_out = import_file_ends;
    else if (result == HTTP_OK && notes.body_is_cut)
        left_out = "its body was cut off while it was recorded";
    if (left_out != NULL) {
        import_note_left_out(state->run, message->place, left_out);
    } else if (result == HTTP_WRONG) {
        import_note_odd(state->run, message->place, notes.problem);
    } else {
        if (notes.latin1)
            import_draft_warn(draft, "header values were read as ISO 8859-1 and become UTF-8");
        if (notes.target_encoded)
            import_draft_warn(draft, import_target_encoded);
        draft->exchange.authority = notes.host;
        draft->exchange.proto = notes.proto;
        *handed_on = true;
    }
    return true;
}

/* Without a readable answer the request is imported alone. */
static bool read_response(struct state *state, const struct message *message,
                          struct import_draft *draft)
{
    struct http_notes notes;
    struct response *response = &draft->exchange.response;
    const char *warning = NULL;
    if (message->data == NULL) {
        import_draft_warn(draft, "no answer was recorded, so none is checked");
        return true;
    }
    enum http_result result =
        http_parse_response(message->data, message->size, draft->exchange.request.method,
                            &draft->arena, response, &notes);
    if (result == HTTP_MEMORY)
        return error_set_memory(state->run->err);
    if (result == HTTP_WRONG) {
        *response = (struct response){0};
        warning = "the answer is not HTTP/1, so none is checked";
    } else if (notes.body_is_cut) {
        response->body = (struct body){0};
        warning = "the body of the answer was cut off, so only the status is checked";
    } else if (notes.body_is_coded && response->body.size > 0) {
        warning = "the body of the answer is compressed and stays so: redaction cannot see into it";
    }
    if (warning != NULL)
        import_draft_warn(draft, warning);
    return true;
}

static bool hand_on(struct state *state, const struct waiting *waiting)
{
    struct import_draft draft;
    bool handed_on, taken;
    import_draft_init(&draft);
    draft.exchange.id = waiting->id;
    draft.exchange.ts_ns = waiting->request.ts_ns;
    bool ok = read_request(state, &waiting->request, &draft, &handed_on);
    if (ok && handed_on)
        ok = read_response(state, &waiting->response, &draft);
    if (ok && handed_on)
        ok = import_draft_take(&draft, state->run, waiting->request.place, &taken);
    import_draft_release(&draft);
    return ok;
}

/* One that waits no longer: with both halves, or with the one that came. */
static bool settle(struct state *state, struct waiting *waiting)
{
    bool ok = true;
    if (waiting->request.data == NULL)
        import_note_left_out(state->run, waiting->response.place,
                             "it is the answer to a request that is not there");
    else
        ok = hand_on(state, waiting);
    if (waiting->request.data != NULL && waiting->response.data != NULL)
        state->run->tally->joined++;
    drop(state, waiting);
    return ok;
}

static struct waiting *add_waiting(struct state *state, struct span id)
{
    struct waiting *waiting = calloc(1, sizeof *waiting + id.size + 1);
    if (waiting == NULL)
        return NULL;
    memcpy(waiting->id, id.data, id.size);
    HASH_ADD_KEYPTR(hh, state->table, waiting->id, id.size, waiting);
    if (waiting->hh.tbl != NULL)
        return waiting;
    free(waiting);
    return NULL;
}

static bool make_room(struct state *state)
{
    while (state->table != NULL &&
           (HASH_COUNT(state->table) > WAITING_MAX || state->bytes > WAITING_MAX_BYTES)) {
        if (!settle(state, state->table))
            return false;
    }
    return true;
}

/* Puts a message beside its other half, or lets it wait for that. */
static bool place_message(struct state *state, const struct meta *meta,
                          const struct message *message)
{
    struct waiting *waiting = NULL;
    bool is_request = meta->type == GOR_REQUEST;
    HASH_FIND(hh, state->table, meta->id.data, meta->id.size, waiting);
    struct message *slot = waiting == NULL ? NULL
                           : is_request    ? &waiting->request
                                           : &waiting->response;
    if (slot != NULL && slot->data != NULL) {
        import_note_warning(state->run, message->place, "its id is there twice");
        if (!settle(state, waiting))
            return false;
        waiting = NULL;
    }
    if (waiting == NULL)
        waiting = add_waiting(state, meta->id);
    char *copy = waiting == NULL ? NULL : malloc(message->size + 1);
    if (copy == NULL)
        return error_set_memory(state->run->err);
    memcpy(copy, message->data, message->size);
    slot = is_request ? &waiting->request : &waiting->response;
    *slot = *message;
    slot->data = copy;
    state->bytes += message->size;
    bool is_whole = waiting->request.data != NULL && waiting->response.data != NULL;
    return is_whole ? settle(state, waiting) : make_room(state);
}

static bool take_record(struct state *state, const struct input_record *record)
{
    struct import_place place = {record->number, record->offset};
    const char *newline = memchr(record->data, '\n', record->size);
    struct span line = {record->data,
                        newline != NULL ? (size_t)(newline - record->data) : record->size};
    struct meta meta;
    state->run->tally->seen++;
    state->run->at_cut = !record->ended && record->number > 1;
    if (record->too_long) {
        import_note_odd(state->run, place, "the record is too long");
        return true;
    }
    if (newline == NULL || !parse_meta(line, &meta)) {
        import_note_odd(state->run, place, "it does not begin with TYPE ID TIME");
        return true;
    }
    state->run->at_cut = false; /* messages know it for themselves */
    if (meta.type == GOR_REPLAYED) {
        import_note_left_out(state->run, place, "it is the answer to a replay");
        return true;
    }
    /* Borrowed for the time of the call: place_message copies it. */
    struct message message = {(char *)(uintptr_t)(newline + 1),
                              (size_t)(record->data + record->size - (newline + 1)), record->ended,
                              place, meta.ts_ns};
    return place_message(state, &meta, &message);
}

static bool read_records(struct state *state)
{
    struct import_run *run = state->run;
    struct input input;
    struct input_record record;
    bool ok;
    if (!input_open(&input, run->path, run->err))
        return false;
    while ((ok = input_next_record(&input, SEPARATOR, sizeof SEPARATOR - 1, RECORD_MAX_BYTES,
                                   &record, run->err)) &&
           record.data != NULL) {
        if (record.size > 0 && !take_record(state, &record)) {
            ok = false;
            break;
        }
    }
    state->run->at_cut = false;
    while (ok && state->table != NULL)
        ok = settle(state, state->table);
    if (ok)
        import_end(run, &input);
    input_close(&input);
    return ok;
}

static bool read_recording(const char *path, const struct import_options *options,
                           struct import_sink *sink, struct import_tally *tally, struct error *err)
{
    struct import_run run = {path, IMPORT_RECORDS, options, sink, tally, err, false};
    struct state state = {.run = &run};
    bool ok = read_records(&state);
    while (state.table != NULL)
        drop(&state, state.table);
    return ok;
}

static int recognise(const char *head, size_t size)
{
    const char *at = head;
    struct span line;
    struct meta meta;
    return import_head_line(&at, head + size, &line) && parse_meta(line, &meta) ? 95 : 0;
}

const struct importer importer_gor = {
    .name = "gor",
    .help = "GoReplay's recording (.gor, .gor.gz)",
    .unit = "record",
    .recognise = recognise,
    .read = read_recording,
};
