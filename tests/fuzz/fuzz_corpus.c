/* One line of a corpus, as anybody may have written it. What is accepted must be fit for the wire
 * and survive being written. Seeds: the lines of fixtures/corpus. */
#include "replay/corpus.h"

#include "base/text.h"
#include "replay/variant_name.h"
#include "replay/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void expect_request(const struct request *request)
{
    expect(wire_is_token(request->method) && wire_is_target(request->target));
    for (size_t i = 0; i < request->headers.count; i++) {
        expect(wire_is_token(request->headers.items[i].name));
        expect(wire_is_value(request->headers.items[i].value));
    }
}

/* A name for the variant is short, and fit to be recorded. */
static void expect_variant(const struct request *request)
{
    struct buffer name;
    buffer_init(&name, SIZE_MAX / 2);
    variant_name_append(&name, request);
    expect(!name.failed && name.length > 0 && name.length < VARIANT_NAME_MAX_BYTES);
    expect(text_is_utf8(buffer_text(&name), name.length) && wire_is_value(buffer_text(&name)));
    buffer_release(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct exchange exchange;
    struct error err = {0};
    const char *endpoint;
    arena_init(&arena);
    if (corpus_parse_exchange("fuzz", 1, (const char *)data, size, &arena, &exchange, &endpoint,
                              &err)) {
        char *text = NULL;
        size_t text_bytes = 0;
        expect_request(&exchange.request);
        expect_variant(&exchange.request);
        expect(exchange.weight > 0);
        expect(exchange.response.status == 0 || exchange.response.status >= 100);
        for (size_t i = 0; i < exchange.upstream_count; i++)
            expect_request(&exchange.upstream[i].request);
        FILE *file = open_memstream(&text, &text_bytes);
        expect(file != NULL && corpus_write_exchange(file, &exchange, endpoint, &err));
        expect(fclose(file) == 0);
        expect(corpus_parse_exchange("again", 1, text, text_bytes, &arena, &exchange, &endpoint,
                                     &err));
        free(text);
    } else {
        expect(err.code != ERROR_NONE && err.text[0] != '\0');
    }
    arena_release(&arena);
    return 0;
}
