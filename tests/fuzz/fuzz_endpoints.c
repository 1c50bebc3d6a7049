/* Whatever the bytes are: a map that comes out as it went in, or a reason why not that names the
 * file. Seeds: fixtures/endpoints. */
#include "replay/endpoint_file.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same_again(const struct endpoint_file *file, struct arena *arena)
{
    struct endpoint_file again;
    struct buffer text, second;
    struct error err = {0};
    buffer_init(&text, SIZE_MAX / 2);
    buffer_init(&second, SIZE_MAX / 2);
    if (!endpoint_file_append(&text, file, &err))
        BUG("cannot be written: %s", err.text);
    if (!endpoint_file_parse(&again, "again", buffer_text(&text), text.length, arena, &err))
        BUG("cannot be read again: %s: %s", err.where, err.text);
    if (!endpoint_file_append(&second, &again, &err) || again.count != file->count ||
        strcmp(buffer_text(&text), buffer_text(&second)) != 0)
        BUG("changed: %s", buffer_text(&second));
    buffer_release(&text);
    buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct endpoint_file file;
    struct error err = {0};
    arena_init(&arena);
    if (endpoint_file_parse(&file, "fuzz", (const char *)data, size, &arena, &err))
        expect_same_again(&file, &arena);
    else if (err.code == ERROR_NONE || err.text[0] == '\0')
        BUG("refused without a reason");
    else if (err.code == ERROR_INPUT && strncmp(err.where, "fuzz", 4) != 0)
        BUG("does not name the file: %s", err.where);
    arena_release(&arena);
    return 0;
}
