#include "replay/recording.h"

#include "replay/recording_coding.h"
#include "replay/recording_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct queued {
    struct queued *next;
    struct captured_exchange *exchange;
};

struct recording {
    struct recording_options options;
    struct recording_files files;
    struct redaction *redaction;
    pthread_t thread;
    bool has_thread;
    uint64_t number; /* of the exchange, for its id */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    struct queued *head, **tail;
    size_t queued_count;
    size_t reserved_bytes;
    bool ending;
    struct recording_counts counts;
    uint64_t *endpoint_counts;
    struct error problem; /* why nothing more is written */
};

const char *drop_reason_text(enum drop_reason reason)
{
    static const char *const texts[] = {
        [DROP_QUEUE] = "more came than could be written (see --queue)",
        [DROP_LARGE] = "a body is over the maximum (see --max-body)",
        [DROP_UNREADABLE] = "the request could not be passed on",
        [DROP_CLIENT] = "the client went away before it was answered",
        [DROP_GATEWAY] = "the gateway gave no whole answer",
        [DROP_UPSTREAM] = "an upstream gave no whole answer",
        [DROP_EARLY] = "the answer came before the request's body was sent",
        [DROP_CODED] = "a body is compressed in a way that cannot be redacted",
        [DROP_UNWRITABLE] = "a corpus cannot hold it: not UTF-8, or too long",
        [DROP_DISK] = "the recording could not be written any more",
        [DROP_UNFINISHED] = "still under way at the end",
    };
    return texts[reason];
}

bool recording_reserve(struct recording *recording, size_t bytes)
{
    pthread_mutex_lock(&recording->lock);
    bool fits = bytes <= recording->options.queue_bytes &&
                recording->reserved_bytes <= recording->options.queue_bytes - bytes;
    if (fits)
        recording->reserved_bytes += bytes;
    if (recording->reserved_bytes > recording->counts.queue_bytes_peak)
        recording->counts.queue_bytes_peak = recording->reserved_bytes;
    pthread_mutex_unlock(&recording->lock);
    return fits;
}

void recording_release(struct recording *recording, size_t bytes)
{
    pthread_mutex_lock(&recording->lock);
    recording->reserved_bytes -= bytes;
    pthread_mutex_unlock(&recording->lock);
}

void recording_see(struct recording *recording)
{
    pthread_mutex_lock(&recording->lock);
    recording->counts.seen++;
    recording->counts.open++;
    pthread_mutex_unlock(&recording->lock);
}

/* Under the lock. */
static void count_drop(struct recording *recording, enum drop_reason reason)
{
    recording->counts.dropped++;
    recording->counts.open--;
    recording->counts.by_reason[reason]++;
}

void recording_drop(struct recording *recording, enum drop_reason reason)
{
    pthread_mutex_lock(&recording->lock);
    count_drop(recording, reason);
    pthread_mutex_unlock(&recording->lock);
}

static void forget(struct recording *recording, struct captured_exchange *exchange)
{
    recording_release(recording, exchange->reserved_bytes);
    captured_exchange_free(exchange);
}

void recording_push(struct recording *recording, struct captured_exchange *exchange)
{
    struct queued *queued = malloc(sizeof *queued);
    pthread_mutex_lock(&recording->lock);
    bool failed = recording->counts.failed;
    bool taken =
        queued != NULL && !failed && recording->queued_count < recording->options.queue_count;
    if (taken) {
        *queued = (struct queued){NULL, exchange};
        *recording->tail = queued;
        recording->tail = &queued->next;
        if (recording->queued_count++ == 0)
            pthread_cond_signal(&recording->more);
    } else {
        count_drop(recording, failed ? DROP_DISK : DROP_QUEUE);
    }
    pthread_mutex_unlock(&recording->lock);
    if (taken)
        return;
    free(queued);
    forget(recording, exchange);
}

/* ---- the writer's thread --------------------------------------------------------------------- */

static const char *find_endpoint(const struct recording *recording, const struct exchange *exchange,
                                 long *index)
{
    const struct endpoint_map *map = recording->options.endpoints;
    *index = map->count == 0
                 ? -1
                 : endpoint_map_match(map, exchange->request.method, exchange->request.target);
    return *index >= 0 ? map->templates[*index].name : NULL;
}

/* What became of one exchange. */
struct result {
    bool written;
    enum drop_reason reason;
    long endpoint;
    size_t calls;
    size_t bodies_left_out;
};

static void write_one(struct recording *recording, const struct captured_exchange *captured,
                      struct result *result, struct error *err)
{
    struct arena arena;
    struct exchange exchange;
    char id[32];
    arena_init(&arena);
    snprintf(id, sizeof id, "r%llu", (unsigned long long)++recording->number);
    result->reason = DROP_UNWRITABLE;
    bool ok = captured_exchange_convert(captured, &arena, &exchange, err);
    exchange.id = id;
    const char *endpoint = ok ? find_endpoint(recording, &exchange, &result->endpoint) : NULL;
    result->calls = exchange.upstream_count;
    if (ok && recording->redaction != NULL) {
        ok = recording_decode(&exchange, &arena, &result->bodies_left_out, err);
        result->reason = ok ? DROP_UNWRITABLE : DROP_CODED;
        ok = ok && redaction_apply(recording->redaction, &exchange, &arena, err) &&
             recording_encode(&exchange, &arena, err);
    }
    result->written = ok && recording_files_write(&recording->files, &exchange, endpoint, err);
    if (err->code == ERROR_IO)
        result->reason = DROP_DISK;
    else if (err->code == ERROR_MEMORY)
        result->reason = DROP_QUEUE;
    arena_release(&arena);
}

/* Under the lock. */
static void count_result(struct recording *recording, const struct result *result,
                         const struct error *err)
{
    struct recording_counts *counts = &recording->counts;
    counts->written_bytes = recording->files.all_bytes;
    counts->files = recording->files.count;
    if (!result->written) {
        count_drop(recording, result->reason);
        if (err->code == ERROR_IO && !counts->failed) {
            counts->failed = true;
            recording->problem = *err;
        }
        return;
    }
    counts->open--;
    counts->written++;
    counts->joined_calls += result->calls;
    counts->bodies_left_out += result->bodies_left_out;
    if (result->endpoint >= 0)
        recording->endpoint_counts[result->endpoint]++;
    else
        counts->unmatched++;
}

static void take_one(struct recording *recording, struct captured_exchange *exchange, bool failed)
{
    struct error err = {0};
    struct result result = {.reason = DROP_DISK, .endpoint = -1};
    size_t bytes = exchange->reserved_bytes;
    if (!failed)
        write_one(recording, exchange, &result, &err);
    captured_exchange_free(exchange);
    pthread_mutex_lock(&recording->lock);
    recording->reserved_bytes -= bytes;
    count_result(recording, &result, &err);
    pthread_mutex_unlock(&recording->lock);
}

/* All that waits at once, so that the lock is taken seldom. NULL once the recording ends. */
static struct queued *take_all(struct recording *recording, bool *failed)
{
    pthread_mutex_lock(&recording->lock);
    while (recording->head == NULL && !recording->ending)
        pthread_cond_wait(&recording->more, &recording->lock);
    struct queued *all = recording->head;
    *failed = recording->counts.failed;
    recording->head = NULL;
    recording->tail = &recording->head;
    pthread_mutex_unlock(&recording->lock);
    return all;
}

static void *write_all(void *context)
{
    struct recording *recording = context;
    bool failed;
    for (struct queued *all = take_all(recording, &failed); all != NULL;
         all = take_all(recording, &failed)) {
        while (all != NULL) {
            struct queued *next = all->next;
            take_one(recording, all->exchange, failed || recording->problem.code != ERROR_NONE);
            free(all);
            all = next;
            pthread_mutex_lock(&recording->lock);
            recording->queued_count--;
            pthread_mutex_unlock(&recording->lock);
        }
    }
    return NULL;
}

/* ---- from outside ---------------------------------------------------------------------------- */

bool recording_new(struct recording **out, const struct recording_options *options,
                   struct error *err)
{
    struct recording *recording = calloc(1, sizeof *recording);
    *out = NULL;
    if (recording == NULL)
        return error_set_memory(err);
    recording->options = *options;
    recording->tail = &recording->head;
    recording->endpoint_counts =
        calloc(options->endpoints->count + 1, sizeof *recording->endpoint_counts);
    pthread_mutex_init(&recording->lock, NULL);
    pthread_cond_init(&recording->more, NULL);
    bool ok = (recording->endpoint_counts != NULL || error_set_memory(err)) &&
              (options->redaction == NULL ||
               redaction_new(&recording->redaction, options->redaction, err));
    struct corpus_header header = {.source = options->source};
    if (ok && recording->redaction != NULL)
        header.redaction = redaction_policy(recording->redaction);
    ok = ok && recording_files_open(&recording->files, options->path, options->rotate_bytes,
                                    &header, err);
    recording->counts.files = recording->files.count;
    recording->counts.written_bytes = recording->files.all_bytes;
    if (ok && pthread_create(&recording->thread, NULL, write_all, recording) != 0)
        ok = error_set(err, ERROR_ENVIRONMENT, "cannot start a thread to write the recording");
    recording->has_thread = ok;
    if (ok) {
        *out = recording;
    } else {
        if (recording->files.stream != NULL)
            (void)!recording_files_close(&recording->files, err);
        recording_free(recording);
    }
    return ok;
}

void recording_count(struct recording *recording, struct recording_counts *counts)
{
    pthread_mutex_lock(&recording->lock);
    *counts = recording->counts;
    pthread_mutex_unlock(&recording->lock);
}

void recording_count_endpoints(struct recording *recording, uint64_t *counts)
{
    pthread_mutex_lock(&recording->lock);
    memcpy(counts, recording->endpoint_counts,
           recording->options.endpoints->count * sizeof *counts);
    pthread_mutex_unlock(&recording->lock);
}

bool recording_problem(struct recording *recording, struct error *err)
{
    pthread_mutex_lock(&recording->lock);
    bool failed = recording->counts.failed;
    if (failed)
        error_set_at(err, recording->problem.code, recording->problem.where, "%s",
                     recording->problem.text);
    pthread_mutex_unlock(&recording->lock);
    return failed;
}

static void end_thread(struct recording *recording)
{
    if (!recording->has_thread)
        return;
    pthread_mutex_lock(&recording->lock);
    recording->ending = true;
    pthread_cond_signal(&recording->more);
    pthread_mutex_unlock(&recording->lock);
    pthread_join(recording->thread, NULL);
    recording->has_thread = false;
}

bool recording_finish(struct recording *recording, struct error *err)
{
    end_thread(recording);
    bool ok = !recording_problem(recording, err);
    ok = recording_files_close(&recording->files, err) && ok;
    recording->counts.files = recording->files.count;
    return ok;
}

void recording_append_redactions(const struct recording *recording, struct buffer *out)
{
    if (recording->redaction != NULL)
        redaction_append_report(recording->redaction, out);
}

size_t recording_redactions(const struct recording *recording)
{
    return recording->redaction != NULL ? redaction_count(recording->redaction) : 0;
}

const char *recording_file_name(const struct recording *recording, size_t index)
{
    return index < recording->files.count ? recording->files.names[index] : NULL;
}

void recording_free(struct recording *recording)
{
    if (recording == NULL)
        return;
    end_thread(recording);
    recording_files_release(&recording->files);
    redaction_free(recording->redaction);
    pthread_mutex_destroy(&recording->lock);
    pthread_cond_destroy(&recording->more);
    free(recording->endpoint_counts);
    free(recording);
}
