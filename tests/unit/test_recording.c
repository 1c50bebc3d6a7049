/* Many threads record into one queue while its writer works: for ThreadSanitizer too, which
 * Criterion does not run under. Prints what is wrong, and exits 0 when nothing is. */
#include "replay/recording.h"

#include "base/file.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PRODUCERS = 4, EXCHANGES = 500, BODY_BYTES = 1000 };

static int wrong;

#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: " #condition ": ", __LINE__);                                         \
            printf(__VA_ARGS__);                                                                   \
            putchar('\n');                                                                         \
            wrong++;                                                                               \
        }                                                                                          \
    } while (0)

static struct captured_exchange *make_exchange(void)
{
    struct captured_exchange *exchange = captured_exchange_new();
    struct captured_call *call = captured_exchange_add_call(exchange, "users");
    exchange->own.method = strdup("GET");
    exchange->own.target = strdup("/a?token=hunter2hunter2");
    exchange->own.proto = "HTTP/1.1";
    exchange->own.status = 200;
    buffer_append_repeat(&exchange->own.response_body, 'x', BODY_BYTES);
    call->method = strdup("GET");
    call->target = strdup("/b");
    call->proto = "HTTP/1.1";
    call->status = 200;
    return exchange;
}

/* Records one exchange the way the recorder does: seen, reserved, handed over. */
static void record(struct recording *recording)
{
    struct captured_exchange *exchange = make_exchange();
    size_t bytes = captured_call_bytes(&exchange->own);
    recording_see(recording);
    if (!recording_reserve(recording, bytes)) {
        captured_exchange_free(exchange);
        recording_drop(recording, DROP_QUEUE);
        return;
    }
    exchange->reserved_bytes = bytes;
    recording_push(recording, exchange);
}

static void *produce(void *context)
{
    struct recording_counts counts;
    for (int i = 0; i < EXCHANGES; i++) {
        record(context);
        recording_count(context, &counts);
        EXPECT(counts.seen == counts.written + counts.dropped + counts.open, "at exchange %d", i);
    }
    return NULL;
}

static size_t count_lines(const char *path)
{
    struct buffer text;
    size_t lines = 0;
    buffer_init(&text, 64 * 1024 * 1024);
    if (!file_read(path, &text, NULL))
        return 0;
    for (size_t i = 0; i < text.length; i++)
        lines += text.data[i] == '\n';
    EXPECT(strstr(buffer_text(&text), "hunter2") == NULL, "a secret is on the disk");
    buffer_release(&text);
    return lines;
}

static struct recording *open_recording(const char *path, size_t bytes, size_t count)
{
    static const struct endpoint_map none;
    static const struct redaction_options redaction;
    struct recording_options options = {.path = path,
                                        .queue_bytes = bytes,
                                        .queue_count = count,
                                        .redaction = &redaction,
                                        .endpoints = &none};
    struct recording *recording = NULL;
    struct error err = {0};
    EXPECT(recording_new(&recording, &options, &err), "%s", err.text);
    return recording;
}

/* Nothing is dropped when the queue has room for all. */
static void test_all_written(const char *path)
{
    struct recording *recording = open_recording(path, 1 << 30, 1 << 20);
    struct recording_counts counts;
    pthread_t threads[PRODUCERS];
    struct error err = {0};
    for (int i = 0; i < PRODUCERS; i++)
        pthread_create(&threads[i], NULL, produce, recording);
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(recording_finish(recording, &err), "%s", err.text);
    recording_count(recording, &counts);
    EXPECT(counts.written == PRODUCERS * EXCHANGES, "%llu", (unsigned long long)counts.written);
    EXPECT(counts.open == 0 && counts.dropped == 0, "%llu", (unsigned long long)counts.dropped);
    EXPECT(counts.joined_calls == counts.written, "%llu", (unsigned long long)counts.joined_calls);
    EXPECT(count_lines(path) == counts.written + 1, "%zu", count_lines(path));
    EXPECT(recording_redactions(recording) >= counts.written, "nothing was redacted");
    recording_free(recording);
}

/* A queue that holds little drops, by size and by count, and tells each; nobody waits. */
static void test_bounded(const char *path, size_t bytes, size_t count)
{
    struct recording *recording = open_recording(path, bytes, count);
    struct recording_counts counts;
    struct error err = {0};
    for (int i = 0; i < 20 * EXCHANGES; i++)
        record(recording);
    EXPECT(recording_finish(recording, &err), "%s", err.text);
    recording_count(recording, &counts);
    EXPECT(counts.seen == 20 * EXCHANGES, "%llu", (unsigned long long)counts.seen);
    EXPECT(counts.seen == counts.written + counts.dropped, "they do not add up");
    EXPECT(counts.dropped > 0 && counts.by_reason[DROP_QUEUE] == counts.dropped, "%llu",
           (unsigned long long)counts.dropped);
    EXPECT(counts.written > 0, "nothing was written");
    EXPECT(counts.queue_bytes_peak <= bytes, "%zu", counts.queue_bytes_peak);
    EXPECT(count_lines(path) == counts.written + 1, "%zu", count_lines(path));
    recording_free(recording);
}

/* What was reserved is free again once it is written or given back. */
static void test_reservations(const char *path)
{
    struct recording *recording = open_recording(path, 10000, 100);
    struct error err = {0};
    EXPECT(!recording_reserve(recording, 10001), "more than there is");
    EXPECT(recording_reserve(recording, 6000), "it fits");
    EXPECT(!recording_reserve(recording, 6000), "both do not");
    recording_release(recording, 6000);
    EXPECT(recording_reserve(recording, 10000), "all of it");
    recording_release(recording, 10000);
    recording_see(recording);
    recording_drop(recording, DROP_CLIENT);
    EXPECT(recording_finish(recording, &err), "%s", err.text);
    EXPECT(!file_exists(path), "a file without exchanges");
    recording_free(recording);
}

/* As on a full disk: what comes after the failure is dropped with that reason, the error is told,
 * and what was written before is whole. */
static void test_full_disk(const char *path)
{
    struct recording *recording = open_recording(path, 1 << 30, 1 << 20);
    struct recording_counts counts;
    struct error problem = {0}, err = {0};
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return;
    rlim_t most = limit.rlim_cur;
    limit.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    EXPECT(!recording_problem(recording, &problem), "there is none yet");
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < EXCHANGES; i++)
        record(recording);
    EXPECT(!recording_finish(recording, &err) && err.code == ERROR_IO, "%s", err.text);
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
    recording_count(recording, &counts);
    EXPECT(counts.failed, "it did not fail");
    EXPECT(counts.written > 10 && counts.by_reason[DROP_DISK] == counts.dropped, "%llu written",
           (unsigned long long)counts.written);
    EXPECT(counts.seen == counts.written + counts.dropped, "they do not add up");
    EXPECT(count_lines(path) == counts.written + 1, "%zu", count_lines(path));
    recording_free(recording);
}

int main(void)
{
    char folder[] = "/tmp/tollgate-recording-XXXXXX";
    char path[64];
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/out.jsonl", folder);
    test_all_written(path);
    test_bounded(path, 20000, 1 << 20);
    test_bounded(path, 1 << 30, 5);
    unlink(path);
    test_reservations(path);
    test_full_disk(path);
    (void)!file_remove_tree(folder, NULL);
    return wrong != 0;
}
