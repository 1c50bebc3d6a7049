/* Lines of "METHOD target", whatever they are: each that is a request matches one of the templates
 * that are inferred, those fit together, and another order of the lines makes the same. Seeds:
 * fixtures/infer. */
#include "replay/infer.h"
#include "replay/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUESTS_MAX = 2000 };

struct requests {
    const char *methods[REQUESTS_MAX], *targets[REQUESTS_MAX];
    size_t count;
};

/* Splits the text in place. */
static void read_requests(struct requests *requests, char *text)
{
    char *rest = NULL;
    for (char *line = text; line != NULL && requests->count < REQUESTS_MAX; line = rest) {
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        char *space = strchr(line, ' ');
        if (space == NULL)
            continue;
        *space = '\0';
        if (!wire_is_token(line) || !wire_is_target(space + 1))
            continue;
        requests->methods[requests->count] = line;
        requests->targets[requests->count++] = space + 1;
    }
}

static void infer_all(const struct requests *requests, bool backwards, struct arena *arena,
                      struct endpoint_row **rows, size_t *count)
{
    struct infer *infer;
    struct error err = {0};
    if (!infer_new(&infer, &err))
        BUG("no memory");
    for (size_t i = 0; i < requests->count; i++) {
        size_t at = backwards ? requests->count - 1 - i : i;
        if (!infer_add(infer, requests->methods[at], requests->targets[at], &err))
            BUG("not added: %s", err.text);
    }
    if (!infer_finish(infer, rows, count, arena, &err))
        BUG("no templates: %s", err.text);
    infer_free(infer);
}

static void check(const struct requests *requests)
{
    struct arena arena;
    struct endpoint_map map;
    struct endpoint_row *rows, *again;
    size_t count, count_again;
    struct error err = {0};
    arena_init(&arena);
    infer_all(requests, false, &arena, &rows, &count);
    infer_all(requests, true, &arena, &again, &count_again);
    if (count != count_again)
        BUG("%zu templates, %zu in another order", count, count_again);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].text, again[i].text) != 0 || strcmp(rows[i].rule, again[i].rule) != 0)
            BUG("%s (%s) is %s (%s) in another order", rows[i].text, rows[i].rule, again[i].text,
                again[i].rule);
    if (!endpoint_map_build(&map, rows, count, &arena, &err))
        BUG("do not fit together: %s", err.text);
    for (size_t i = 0; i < requests->count; i++)
        if (endpoint_map_match(&map, requests->methods[i], requests->targets[i]) < 0)
            BUG("nothing matches %s %s", requests->methods[i], requests->targets[i]);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct requests *requests = calloc(1, sizeof *requests);
    if (text == NULL || requests == NULL)
        BUG("no memory");
    memcpy(text, data, size);
    text[size] = '\0';
    read_requests(requests, text);
    check(requests);
    free(requests);
    free(text);
    return 0;
}
