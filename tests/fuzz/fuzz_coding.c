/* Compressed bodies as the recorder opens them, and a traceparent. The first byte chooses the
 * coding; what was opened is closed and opened again, which must give the same. Seeds:
 * fixtures/coding. */
#include "replay/recorder_join.h"
#include "replay/recording_coding.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_and_close(const char *coding, const char *text, size_t size)
{
    struct header items[] = {{"Content-Encoding", coding}, {"Content-Length", "0"}};
    struct upstream_answer answer = {.name = "u",
                                     .request = {.method = "GET", .target = "/"},
                                     .response = {200, {items, COUNT_OF(items)}, {text, size}}};
    struct exchange exchange = {
        .request = {.method = "GET", .target = "/"}, .upstream = &answer, .upstream_count = 1};
    struct arena arena;
    size_t left_out = 0;
    arena_init(&arena);
    if (recording_decode(&exchange, &arena, &left_out, NULL)) {
        struct body opened = exchange.upstream[0].response.body;
        if (!recording_encode(&exchange, &arena, NULL) ||
            !recording_decode(&exchange, &arena, &left_out, NULL) ||
            exchange.upstream[0].response.body.size != opened.size ||
            (opened.size > 0 &&
             memcmp(exchange.upstream[0].response.body.data, opened.data, opened.size) != 0))
            abort();
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codings[] = {"gzip", "deflate", "identity", "gzip, br"};
    char id[33];
    if (size == 0)
        return 0;
    char *text = malloc(size);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (join_trace_id(text, id) && strlen(id) != 32)
        abort();
    open_and_close(codings[data[0] % COUNT_OF(codings)], text, size - 1);
    free(text);
    return 0;
}
