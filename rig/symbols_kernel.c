/* The kernel's functions, from /proc/kallsyms where it shows addresses to us. */
#include "rig/symbols_private.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

enum { KALLSYMS_BYTES_MAX = 128 << 20, KERNEL_SYMBOLS_MAX = 4 << 20 };

struct kernel_symbol {
    uint64_t address;
    const char *name;
};

struct symbols_kernel {
    struct buffer text;
    struct kernel_symbol *symbols; /* by address, each once */
    size_t count, capacity;
};

static bool add_symbol(struct symbols_kernel *kernel, uint64_t address, const char *name)
{
    if (kernel->count == kernel->capacity) {
        size_t capacity = kernel->capacity > 0 ? kernel->capacity * 2 : 1 << 16;
        struct kernel_symbol *grown =
            reallocarray(kernel->symbols, capacity, sizeof *kernel->symbols);
        if (grown == NULL)
            return false;
        kernel->symbols = grown;
        kernel->capacity = capacity;
    }
    kernel->symbols[kernel->count++] = (struct kernel_symbol){address, name};
    return true;
}

/* "ffffffff81000000 T name" or "... name\t[module]"; only what is code. */
static bool parse_line(struct symbols_kernel *kernel, char *line)
{
    char *end;
    uint64_t address = strtoull(line, &end, 16);
    if (end == line || end[0] != ' ' || strchr("tTwW", end[1]) == NULL || end[1] == '\0' ||
        end[2] != ' ' || address <= INT64_MAX || kernel->count >= KERNEL_SYMBOLS_MAX)
        return true;
    char *name = end + 3;
    name[strcspn(name, "\t ")] = '\0';
    return name[0] == '\0' || add_symbol(kernel, address, name);
}

/* Of names for one address the shortest with the fewest underscores before it comes first. */
static int by_address(const void *left, const void *right)
{
    const struct kernel_symbol *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    size_t lines = strspn(a->name, "_"), others = strspn(b->name, "_");
    if (lines != others)
        return lines < others ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool parse(struct symbols_kernel *kernel)
{
    size_t kept = 0;
    for (char *line = kernel->text.data; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        if (!parse_line(kernel, line))
            return false;
        line = end != NULL ? end + 1 : NULL;
    }
    if (kernel->count > 0)
        qsort(kernel->symbols, kernel->count, sizeof *kernel->symbols, by_address);
    for (size_t i = 0; i < kernel->count; i++)
        if (kept == 0 || kernel->symbols[i].address != kernel->symbols[kept - 1].address)
            kernel->symbols[kept++] = kernel->symbols[i];
    kernel->count = kept;
    return true;
}

/* NULL only when out of memory; what cannot be read is empty. */
static struct symbols_kernel *read_kernel(void)
{
    struct error ignored = {0};
    struct symbols_kernel *kernel = calloc(1, sizeof *kernel);
    if (kernel == NULL)
        return NULL;
    buffer_init(&kernel->text, KALLSYMS_BYTES_MAX);
    if (file_read("/proc/kallsyms", &kernel->text, &ignored) && !parse(kernel)) {
        symbols_kernel_free(kernel);
        return NULL;
    }
    return kernel;
}

void symbols_kernel_free(struct symbols_kernel *kernel)
{
    if (kernel == NULL)
        return;
    buffer_release(&kernel->text);
    free(kernel->symbols);
    free(kernel);
}

void symbols_kernel_find(struct symbols *symbols, uint64_t address, struct symbols_place *place)
{
    place->count = 0;
    place->frames[0] = (struct profile_frame){.object = "[kernel]"};
    if (symbols->kernel == NULL)
        symbols->kernel = read_kernel();
    const struct symbols_kernel *kernel = symbols->kernel;
    size_t low = 0, high = kernel != NULL ? kernel->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kernel->symbols[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return;
    place->frames[0].function = symbols_clean_text(symbols, kernel->symbols[low - 1].name);
    place->count = 1;
}
