/* Whatever the bytes are: read as records with and without stacks, applied, and each sample is
 * unwound; what is made smaller reads as before. */
#include "rig/perf_unwind.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Files that the input names are none of its business: ourselves, or no file. */
static void blind(struct perf_mapping *mapping)
{
    mapping->path = mapping->path[0] == '/' ? "/proc/self/exe" : "//anon";
    mapping->inode = 0;
}

static void read_all(const uint8_t *data, size_t size, bool stacks)
{
    static struct perf_record record;
    struct perf_records records = {.data = data, .size = size, .format = {.stacks = stacks}};
    struct perf_images *images;
    struct perf_unwinder *unwinder;
    struct error err = {0};
    if (!perf_images_new(&images, &err) || !perf_unwinder_new(&unwinder, &err))
        abort();
    while (perf_records_next(&records, &record)) {
        struct perf_stack stack;
        if (record.kind == PERF_MAPPED)
            blind(&record.u.mapping);
        if (!perf_images_apply(images, &record, &err))
            abort();
        if (record.kind != PERF_SAMPLED)
            continue;
        perf_unwind(unwinder, perf_images_find(images, record.pid), &record.u.sample, &stack);
        if (stack.count > PERF_STACK_MAX || stack.kernel_count > stack.count)
            abort();
    }
    perf_unwinder_free(unwinder);
    perf_images_free(images);
}

static void shrink_first(const uint8_t *data, size_t size)
{
    static struct perf_record before, after;
    struct perf_format format = {.stacks = true};
    struct perf_records records = {.data = data, .size = size, .format = format};
    if (!perf_records_next(&records, &before) || before.kind != PERF_SAMPLED ||
        before.u.sample.stack_bytes == 0)
        return;
    size_t length = records.at - records.start;
    unsigned char *copy = malloc(length);
    if (copy == NULL)
        return;
    memcpy(copy, data + records.start, length);
    size_t shrunk = perf_record_shrink(copy, length, format);
    struct perf_records again = {.data = copy, .size = shrunk, .format = format};
    if (shrunk > length || !perf_records_next(&again, &after) ||
        after.u.sample.stack_bytes != before.u.sample.stack_bytes ||
        memcmp(after.u.sample.stack, before.u.sample.stack, before.u.sample.stack_bytes) != 0)
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_all(data, size, false);
    read_all(data, size, true);
    shrink_first(data, size);
    return 0;
}
