#include "rig/perf_unwind.h"

#include "rig/perf_cfi.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

struct perf_unwinder {
    struct cfi_files *files;
};

bool perf_unwinder_new(struct perf_unwinder **unwinder, struct error *err)
{
    *unwinder = calloc(1, sizeof **unwinder);
    if (*unwinder == NULL)
        return error_set_memory(err);
    if (cfi_files_new(&(*unwinder)->files, err))
        return true;
    free(*unwinder);
    *unwinder = NULL;
    return false;
}

void perf_unwinder_free(struct perf_unwinder *unwinder)
{
    if (unwinder == NULL)
        return;
    cfi_files_free(unwinder->files);
    free(unwinder);
}

/* The chain in its two halves. */
struct chain {
    const uint64_t *kernel, *user;
    size_t kernel_count, user_count;
};

static void add_half(struct chain *chain, uint64_t mark, const uint64_t *entries, size_t count)
{
    if (mark == (uint64_t)PERF_CONTEXT_KERNEL) {
        chain->kernel = entries;
        chain->kernel_count = count;
    } else if (mark == (uint64_t)PERF_CONTEXT_USER) {
        chain->user = entries;
        chain->user_count = count;
    }
}

/* A mark says what the entries behind it are, up to the next. */
static struct chain split_chain(const struct perf_sample *sample)
{
    struct chain chain = {0};
    uint64_t mark = 0;
    size_t start = 0;
    for (size_t i = 0; i < sample->chain_count; i++) {
        if (sample->chain[i] < (uint64_t)PERF_CONTEXT_MAX)
            continue;
        add_half(&chain, mark, sample->chain + start, i - start);
        mark = sample->chain[i];
        start = i + 1;
    }
    add_half(&chain, mark, sample->chain + start, sample->chain_count - start);
    return chain;
}

/* Entries of a chain behind the first are return addresses. With an image: up to the first that is
 * no code, since where there are no frame pointers the kernel follows whatever it finds. */
static void append_chain(struct perf_stack *stack, const struct perf_image *image,
                         const uint64_t *entries, size_t count, bool callers)
{
    for (size_t i = 0; i < count && stack->count < PERF_STACK_MAX; i++) {
        bool is_caller = i > 0 || callers;
        if (is_caller && image != NULL && perf_image_find(image, entries[i] - 1) == NULL)
            return;
        stack->addresses[stack->count++] = entries[i] - is_caller;
    }
}

static bool read_stack(void *argument, uint64_t address, uint64_t *value)
{
    const struct perf_sample *sample = argument;
    uint64_t offset = address - sample->registers[CFI_STACK_POINTER];
    if (offset > sample->stack_bytes || sample->stack_bytes - offset < sizeof *value)
        return false;
    memcpy(value, sample->stack + offset, sizeof *value);
    return true;
}

/* The caller by the convention that the frame pointer leads to the caller's, with the return
 * address above it. What comes out must be code, or it was no frame pointer. */
static bool step_by_frame_pointer(const struct perf_image *image, struct cfi_registers *registers,
                                  const struct cfi_memory *memory)
{
    uint64_t frame = registers->values[CFI_FRAME_POINTER], caller, address;
    uint32_t needed = 1U << CFI_FRAME_POINTER | 1U << CFI_STACK_POINTER;
    if ((registers->known & needed) != needed || frame < registers->values[CFI_STACK_POINTER] ||
        !memory->read(memory->argument, frame, &caller) ||
        !memory->read(memory->argument, frame + 8, &address) ||
        perf_image_find(image, address) == NULL)
        return false;
    registers->values[CFI_FRAME_POINTER] = caller;
    registers->values[CFI_STACK_POINTER] = frame + 16;
    registers->values[CFI_INSTRUCTION] = address;
    registers->known = needed | 1U << CFI_INSTRUCTION;
    return true;
}

/* The caller of code that has no frame: its return address is on top of the stack. */
static bool step_without_frame(const struct perf_image *image, struct cfi_registers *registers,
                               const struct cfi_memory *memory)
{
    uint64_t address;
    if (!memory->read(memory->argument, registers->values[CFI_STACK_POINTER], &address) ||
        perf_image_find(image, address) == NULL)
        return false;
    registers->values[CFI_STACK_POINTER] += 8;
    registers->values[CFI_INSTRUCTION] = address;
    return true;
}

/* A process begins with a frame pointer of 0, and the first code of all, the dynamic linker's, has
 * no call frame information. */
static bool is_beginning(const struct perf_map *map, const struct cfi_registers *registers)
{
    return map != NULL && map->path[0] == '/' &&
           (registers->known & 1U << CFI_FRAME_POINTER) != 0 &&
           registers->values[CFI_FRAME_POINTER] == 0;
}

static enum cfi_step step(struct perf_unwinder *unwinder, const struct perf_image *image,
                          uint64_t address, bool innermost, struct cfi_registers *registers,
                          const struct cfi_memory *memory, bool *signal)
{
    const struct perf_map *map = perf_image_find(image, address);
    struct cfi_file *file = map != NULL ? cfi_files_open(unwinder->files, map) : NULL;
    uint64_t in_file;
    enum cfi_step result = CFI_NOTHING;
    *signal = false;
    if (file != NULL && cfi_file_address(file, map->offset + (address - map->start), &in_file))
        result = cfi_file_step(file, in_file, registers, memory, signal);
    if (result != CFI_NOTHING)
        return result;
    if (is_beginning(map, registers))
        return CFI_OUTERMOST;
    if (step_by_frame_pointer(image, registers, memory) ||
        (innermost && step_without_frame(image, registers, memory)))
        return CFI_CALLER;
    return CFI_NOTHING;
}

/* Follows the copy of the stack. `last` becomes the address at which the last frame went on, as it
 * stood in memory. */
static void unwind_copy(struct perf_unwinder *unwinder, const struct perf_image *image,
                        const struct perf_sample *sample, struct perf_stack *stack, uint64_t *last)
{
    struct cfi_registers registers = {.known = (1U << PERF_REGISTERS) - 1};
    /* The reader does not write to it. */
    struct cfi_memory memory = {.read = read_stack, .argument = (void *)(uintptr_t)sample};
    bool exact = true; /* the instruction itself, not the one behind a call */
    memcpy(registers.values, sample->registers, sizeof registers.values);
    while (stack->count < PERF_STACK_MAX) {
        bool signal;
        uint64_t address = registers.values[CFI_INSTRUCTION] - !exact;
        *last = registers.values[CFI_INSTRUCTION];
        stack->addresses[stack->count++] = address;
        bool innermost = stack->count == stack->kernel_count + 1;
        enum cfi_step result =
            step(unwinder, image, address, innermost, &registers, &memory, &signal);
        stack->whole = result == CFI_OUTERMOST ||
                       (result == CFI_CALLER && registers.values[CFI_INSTRUCTION] == 0);
        if (stack->whole || result != CFI_CALLER)
            return;
        exact = signal;
    }
}

void perf_unwind(struct perf_unwinder *unwinder, const struct perf_image *image,
                 const struct perf_sample *sample, struct perf_stack *stack)
{
    struct chain chain = split_chain(sample);
    uint64_t last = 0;
    stack->count = 0;
    stack->whole = false;
    append_chain(stack, NULL, chain.kernel, chain.kernel_count, false);
    stack->kernel_count = stack->count;
    if (image == NULL || !sample->has_registers || sample->stack_bytes == 0) {
        append_chain(stack, image, chain.user, chain.user_count, false);
        return;
    }
    unwind_copy(unwinder, image, sample, stack, &last);
    if (stack->whole)
        return;
    for (size_t i = 0; i < chain.user_count; i++) {
        if (chain.user[i] != last)
            continue;
        append_chain(stack, image, chain.user + i + 1, chain.user_count - i - 1, true);
        return;
    }
}
