/* Whatever the bytes are, as an ELF file: every address can be asked for, and the sources; what
 * comes of it is bounded and valid UTF-8. What is no ELF file is read as the text of /proc/PID/maps
 * and as a perf map. */
#include "base/text.h"
#include "rig/symbols_private.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ADDRESSES_MAX = 512 };

static void check_text(const char *text)
{
    if (text != NULL && (text[0] == '\0' || !text_is_utf8(text, strlen(text))))
        BUG("not a text: %s", text);
}

static void check_place(const struct symbols_place *place)
{
    if (place->count > SYMBOLS_FRAMES_MAX)
        BUG("%zu frames", place->count);
    for (size_t i = 0; i < place->count; i++) {
        check_text(place->frames[i].function);
        check_text(place->frames[i].file);
        check_text(place->frames[i].object);
    }
}

static void ask(struct symbols *symbols, struct symbols_object *object)
{
    struct symbols_place place;
    for (size_t i = 0; i < object->code_count; i++)
        for (uint64_t at = 0; at < ADDRESSES_MAX; at++) {
            symbols_find(symbols, object, object->code[i].low + at, &place);
            check_place(&place);
        }
    symbols_find(symbols, object, UINT64_MAX, &place);
    check_place(&place);
}

static void read_sources(struct symbols *symbols, struct symbols_object *object)
{
    struct arena arena;
    struct source_tree tree;
    struct error err = {0};
    arena_init(&arena);
    if (!symbols_read_sources(symbols, &object, 1, &arena, &tree, &err))
        BUG("cannot read the sources: %s", err.text);
    for (size_t i = 0; i < tree.file_count; i++) {
        check_text(tree.files[i].path);
        for (size_t j = 1; j < tree.files[i].line_count; j++)
            if (tree.files[i].lines[j - 1] >= tree.files[i].lines[j])
                BUG("lines are not in order");
    }
    arena_release(&arena);
}

static void read_object(struct symbols *symbols, const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        BUG("no memory file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct symbols_object *object = symbols_open(symbols, path);
    if (object == NULL)
        BUG("no object");
    if (symbols_object_detail(object) != SYMBOLS_LINES && symbols_object_why(object) == NULL)
        BUG("lacks something without a reason");
    ask(symbols, object);
    read_sources(symbols, object);
    close(fd);
}

static void read_texts(struct symbols *symbols, const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct symbols_map *map;
    struct symbols_jit *jit;
    struct symbols_place place;
    if (!symbols_map_parse(&map, symbols, (const char *)data, size, &err))
        BUG("no map: %s", err.text);
    for (uint64_t address = 0; address < ADDRESSES_MAX; address++) {
        symbols_map_resolve(map, address << 8, &place);
        check_place(&place);
    }
    symbols_map_free(map);
    if (!symbols_jit_parse(&jit, (const char *)data, size))
        BUG("no perf map");
    for (uint64_t address = 0; address < ADDRESSES_MAX; address++)
        if (symbols_jit_find(jit, symbols, address << 8, &place))
            check_place(&place);
    symbols_jit_free(jit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct symbols *symbols;
    struct error err = {0};
    if (!symbols_new(&symbols, "/source", NULL, &err))
        BUG("%s", err.text);
    if (size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0)
        read_object(symbols, data, size);
    else
        read_texts(symbols, data, size);
    symbols_free(symbols);
    return 0;
}
