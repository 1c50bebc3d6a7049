/* Stacks of this very program, unwound from registers and a copy of the stack, held against what
 * the C library's backtrace() says, which unwinds by other means (libgcc). The functions that call
 * each other are compiled without frame pointers. */
#include "rig/perf_unwind.h"

#include <criterion/criterion.h>
#include <execinfo.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define CAN_CAPTURE 1
#else
#define CAN_CAPTURE 0 /* a sanitizer moves the stack elsewhere */
#endif

enum { COPY_BYTES = 32 << 10, FRAMES = 64 };

struct captured {
    struct perf_sample sample;
    unsigned char copy[COPY_BYTES];
    void *expected[FRAMES];
    int expected_count;
    ucontext_t context;
};

static struct captured captured;
static struct perf_images *images;
static struct perf_unwinder *unwinder;
static struct error err;
static unsigned long stack_end;

/* What is mapped here, as records would tell. */
static void map_ourselves(void)
{
    char line[1024];
    unsigned long here = (unsigned long)&line;
    FILE *file = fopen("/proc/self/maps", "re");
    cr_assert(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long start, end, offset;
        char rights[5], path[512] = "";
        if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %511s", &start, &end, rights, &offset, path) < 4)
            continue;
        if (start <= here && here < end)
            stack_end = end;
        if (rights[2] != 'x' || strcmp(path, "[vsyscall]") == 0)
            continue;
        struct perf_record record = {.kind = PERF_MAPPED, .pid = 1};
        record.u.mapping = (struct perf_mapping){.start = start,
                                                 .size = end - start,
                                                 .offset = offset,
                                                 .path = path[0] != '\0' ? path : "//anon"};
        cr_assert(perf_images_apply(images, &record, &err));
    }
    fclose(file);
}

static void set_up(void)
{
    void *first[1];
    cr_assert(backtrace(first, 1) == 1); /* loads libgcc before the maps are read */
    cr_assert(perf_images_new(&images, &err) && perf_unwinder_new(&unwinder, &err));
    map_ourselves();
}

static void tear_down(void)
{
    perf_unwinder_free(unwinder);
    perf_images_free(images);
}

TestSuite(perf_unwind, .init = set_up, .fini = tear_down, .timeout = 20);

#if CAN_CAPTURE

static const int context_registers[PERF_REGISTERS] = {
    REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
    REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

/* The state of the caller at the call of getcontext, and the stack above it. */
static __attribute__((noinline)) void capture(size_t bytes)
{
    captured.expected_count = backtrace(captured.expected, FRAMES);
    getcontext(&captured.context);
    const greg_t *registers = captured.context.uc_mcontext.gregs;
    for (size_t i = 0; i < PERF_REGISTERS; i++)
        captured.sample.registers[i] = (uint64_t)registers[context_registers[i]];
    size_t there = stack_end - (size_t)registers[REG_RSP];
    bytes = bytes < there ? bytes : there;
    memcpy(captured.copy, (const void *)(uintptr_t)registers[REG_RSP], bytes);
    captured.sample.has_registers = true;
    captured.sample.stack = captured.copy;
    captured.sample.stack_bytes = bytes;
    captured.sample.address = captured.sample.registers[16];
}

#if defined(__clang__)
#define PLAIN __attribute__((noinline))
#else
#define PLAIN __attribute__((noinline, noclone, optimize("omit-frame-pointer")))
#endif

static PLAIN int innermost(size_t bytes)
{
    volatile char room[300];
    room[0] = 1;
    capture(bytes);
    return room[0];
}

/* A frame of a size that is only known when it runs. */
static PLAIN int middle(size_t bytes, size_t size)
{
    volatile char *room = __builtin_alloca(size);
    room[size - 1] = 2;
    return innermost(bytes) + room[size - 1];
}

static PLAIN int outer(size_t bytes)
{
    return middle(bytes, 700) * 3;
}

static PLAIN int recurse(size_t bytes, int depth)
{
    volatile int here = depth; /* else the compiler would make a loop of it */
    int below = depth == 0 ? innermost(bytes) : recurse(bytes, depth - 1);
    return below + here;
}

static void unwind(struct perf_stack *stack)
{
    perf_unwind(unwinder, perf_images_find(images, 1), &captured.sample, stack);
}

/* backtrace() gives return addresses; a stack's frames lie within the calls. */
static void expect_same(const struct perf_stack *stack)
{
    int count = captured.expected_count;
    cr_assert(count > 4 && stack->count > 4, "%d, %zu", count, stack->count);
    for (int i = 1; i < count && (size_t)i < stack->count; i++)
        cr_expect_eq(stack->addresses[i], (uint64_t)captured.expected[i] - 1,
                     "frame %d: %" PRIx64 " and %p", i, stack->addresses[i], captured.expected[i]);
}

static bool is_above(uint64_t address, int (*function)(size_t))
{
    return address > (uint64_t)function && address < (uint64_t)function + 400;
}

Test(perf_unwind, as_backtrace_says)
{
    struct perf_stack stack;
    cr_assert(outer(COPY_BYTES / 2) != 0);
    unwind(&stack);
    expect_same(&stack);
    cr_assert(is_above(stack.addresses[1], innermost));
    cr_assert(is_above(stack.addresses[3], outer));
    cr_assert_eq(stack.kernel_count, 0);
}

Test(perf_unwind, up_to_where_the_program_begins)
{
    struct perf_stack stack;
    cr_assert(outer(COPY_BYTES) != 0);
    unwind(&stack);
    cr_assert(stack.whole, "%zu frames", stack.count);
}

Test(perf_unwind, the_same_again_from_what_was_kept)
{
    struct perf_stack first, second;
    cr_assert(outer(COPY_BYTES / 2) != 0);
    unwind(&first);
    unwind(&second);
    cr_assert_eq(first.count, second.count);
    cr_assert_arr_eq(first.addresses, second.addresses, first.count * sizeof first.addresses[0]);
}

static int compare_from_sort(const void *left, const void *right)
{
    (void)left;
    (void)right;
    if (captured.expected_count == 0)
        capture(COPY_BYTES / 2);
    return 0;
}

/* The C library has no frame pointers. */
Test(perf_unwind, through_the_c_library)
{
    struct perf_stack stack;
    int values[64] = {0};
    qsort(values, COUNT_OF(values), sizeof values[0], compare_from_sort);
    unwind(&stack);
    expect_same(&stack);
}

static void handle(int number)
{
    volatile int kept = number; /* else the call would be a jump */
    capture(COPY_BYTES / 2);
    kept = 0;
    (void)kept;
}

/* Where a signal interrupted, the instruction itself is told, not the one after a call. */
Test(perf_unwind, through_a_signal)
{
    struct perf_stack stack;
    struct sigaction action = {.sa_handler = handle};
    cr_assert(sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0);
    unwind(&stack);
    cr_assert(captured.expected_count > 5 && stack.count > 5);
    /* capture, handle, the trampoline, and what was interrupted. */
    cr_assert_eq(stack.addresses[1], (uint64_t)captured.expected[1] - 1);
    cr_assert_eq(stack.addresses[3], (uint64_t)captured.expected[3]);
    for (int i = 4; i < captured.expected_count && (size_t)i < stack.count; i++)
        cr_expect_eq(stack.addresses[i], (uint64_t)captured.expected[i] - 1);
}

Test(perf_unwind, a_copy_that_is_too_small_cuts_the_stack)
{
    struct perf_stack stack;
    cr_assert(outer(500) != 0);
    unwind(&stack);
    cr_assert_not(stack.whole);
    cr_assert(stack.count >= 2 && stack.count < 5, "%zu", stack.count);
    cr_assert(is_above(stack.addresses[1], innermost));
}

/* Where the copy ends, the kernel's chain of frame pointers goes on, if it has that frame. */
Test(perf_unwind, a_cut_stack_goes_on_by_the_chain)
{
    struct perf_stack cut, joined;
    cr_assert(outer(500) != 0);
    unwind(&cut);
    uint64_t last = cut.addresses[cut.count - 1] + 1;
    uint64_t chain[] = {(uint64_t)PERF_CONTEXT_KERNEL,
                        0xffffffff81000010,
                        0xffffffff81000020,
                        (uint64_t)PERF_CONTEXT_USER,
                        captured.sample.address,
                        last,
                        (uint64_t)outer + 10,
                        (uint64_t)outer + 20,
                        0x5000,
                        0x6000};
    memcpy(captured.sample.chain, chain, sizeof chain);
    captured.sample.chain_count = COUNT_OF(chain);
    unwind(&joined);
    cr_assert_eq(joined.kernel_count, 2);
    cr_assert_eq(joined.addresses[0], 0xffffffff81000010);
    cr_assert_eq(joined.addresses[1], 0xffffffff8100001f, "of a caller, within the call");
    cr_assert_eq(joined.count, cut.count + 2 + 2);
    cr_assert_eq(joined.addresses[joined.count - 2], (uint64_t)outer + 9);
    cr_assert_eq(joined.addresses[joined.count - 1], (uint64_t)outer + 19, "the rest is no code");
}

Test(perf_unwind, too_deep_keeps_the_innermost)
{
    struct perf_stack stack;
    cr_assert(recurse(COPY_BYTES, 300) != 0);
    unwind(&stack);
    cr_assert_eq(stack.count, PERF_STACK_MAX);
    cr_assert_not(stack.whole);
    cr_assert(is_above(stack.addresses[1], innermost));
    cr_assert_eq(stack.addresses[10], stack.addresses[20]);
}

/* Code that was compiled at run time has no call frame information: three frames by hand, the
 * frame pointer of each leading to the next, in a mapping without a file. */
Test(perf_unwind, by_frame_pointers_where_there_is_nothing_else)
{
    struct perf_stack stack;
    uint64_t words[] = {0, 0, 0x7000000020, 0x100010, 0, 0x7000000030, 0x100020, 0, 0};
    struct perf_record record = {.kind = PERF_MAPPED, .pid = 2};
    record.u.mapping = (struct perf_mapping){.start = 0x100000, .size = 0x1000, .path = "//anon"};
    cr_assert(perf_images_apply(images, &record, &err));
    captured.sample = (struct perf_sample){.address = 0x100005, .has_registers = true};
    captured.sample.registers[16] = 0x100005;
    captured.sample.registers[7] = 0x7000000000;
    captured.sample.registers[6] = 0x7000000010;
    captured.sample.stack = (const unsigned char *)words;
    captured.sample.stack_bytes = sizeof words;
    words[4] = 0x7000000038; /* at ..20: the next frame pointer, and its return address */
    words[5] = 0x100020;
    words[7] = 0;        /* at ..38: the outermost */
    words[8] = 0x999999; /* which is no code */
    perf_unwind(unwinder, perf_images_find(images, 2), &captured.sample, &stack);
    cr_assert_eq(stack.count, 3);
    cr_assert_eq(stack.addresses[0], 0x100005);
    cr_assert_eq(stack.addresses[1], 0x10000f);
    cr_assert_eq(stack.addresses[2], 0x10001f);
    cr_assert_not(stack.whole);
}

/* A leaf may do without a frame; the frame pointer is then anything. */
Test(perf_unwind, code_without_a_frame_returns_to_the_top_of_the_stack)
{
    struct perf_stack stack;
    uint64_t words[] = {0x100010, 0, 0};
    struct perf_record record = {.kind = PERF_MAPPED, .pid = 2};
    record.u.mapping = (struct perf_mapping){.start = 0x100000, .size = 0x1000, .path = "//anon"};
    cr_assert(perf_images_apply(images, &record, &err));
    captured.sample = (struct perf_sample){.address = 0x100005, .has_registers = true};
    captured.sample.registers[16] = 0x100005;
    captured.sample.registers[7] = 0x7000000000;
    captured.sample.registers[6] = 4711;
    captured.sample.stack = (const unsigned char *)words;
    captured.sample.stack_bytes = sizeof words;
    perf_unwind(unwinder, perf_images_find(images, 2), &captured.sample, &stack);
    cr_assert_eq(stack.count, 2);
    cr_assert_eq(stack.addresses[1], 0x10000f);
}

/* Registers and stacks of any content end somewhere, and nowhere outside of the copy. */
Test(perf_unwind, noise_does_no_harm)
{
    struct perf_stack stack;
    cr_assert(outer(COPY_BYTES / 2) != 0);
    srand(7);
    for (int round = 0; round < 3000; round++) {
        struct captured kept = captured;
        for (int i = 0; i < 3; i++)
            captured.sample.registers[rand() % 16] = (uint64_t)rand() * (uint64_t)rand();
        for (int i = 0; i < 40; i++)
            captured.copy[rand() % 2000] = (unsigned char)rand();
        if (round % 3 == 0) {
            uint64_t anywhere = (uint64_t)&outer + (uint64_t)(rand() % 4000);
            captured.sample.registers[16] = anywhere;
        }
        unwind(&stack);
        cr_assert(stack.count >= 1 && stack.count <= PERF_STACK_MAX);
        captured = kept;
        captured.sample.stack = captured.copy;
    }
}

#endif

Test(perf_unwind, without_a_copy_the_chain_has_to_do)
{
    struct perf_stack stack;
    uint64_t chain[] = {(uint64_t)PERF_CONTEXT_USER, 0x1000, 0x2000, 0x3000};
    memcpy(captured.sample.chain, chain, sizeof chain);
    captured.sample.chain_count = COUNT_OF(chain);
    perf_unwind(unwinder, NULL, &captured.sample, &stack);
    cr_assert_eq(stack.count, 3);
    cr_assert_eq(stack.addresses[0], 0x1000);
    cr_assert_eq(stack.addresses[1], 0x1fff);
    cr_assert_eq(stack.addresses[2], 0x2fff);
}

Test(perf_unwind, no_chain_and_no_stack_is_no_frame)
{
    struct perf_stack stack;
    perf_unwind(unwinder, perf_images_find(images, 1), &captured.sample, &stack);
    cr_assert_eq(stack.count, 0);
    cr_assert_not(stack.whole);
}
