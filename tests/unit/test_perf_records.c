/* Records of sampling events: as the kernel writes them, and as nobody should. */
#include "perf_stream.h"

#include "base/file.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct perf_stream stream;
static struct perf_record record;

static struct perf_records read_stream(bool stacks)
{
    return (struct perf_records){
        .data = stream.data, .size = stream.size, .format = {.stacks = stacks}};
}

static size_t count_records(struct perf_records *records)
{
    size_t count = 0;
    while (perf_records_next(records, &record))
        count++;
    return count;
}

Test(perf_records, of_every_kind, .timeout = 10)
{
    const uint64_t chain[] = {0x401010, 0x401020};
    stream_fork(&stream, 12, 11, 1);
    stream_exec(&stream, 12, 2);
    stream_map(&stream, 12, 3, 0x400000, 0x2000, 0x1000, "/usr/bin/gateway");
    stream_chain(&stream, 12, 4, chain, 2);
    stream_lost(&stream, 9, 5);
    struct perf_records records = read_stream(false);

    cr_assert(perf_records_next(&records, &record));
    cr_assert(record.kind == PERF_FORKED && record.pid == 12 && record.u.parent == 11);
    cr_assert_eq(record.time_ns, 1);
    cr_assert(perf_records_next(&records, &record));
    cr_assert(record.kind == PERF_EXECUTED && record.pid == 12 && record.time_ns == 2);
    cr_assert(perf_records_next(&records, &record));
    cr_assert(record.kind == PERF_MAPPED && record.pid == 12 && record.time_ns == 3);
    cr_assert(record.u.mapping.start == 0x400000 && record.u.mapping.size == 0x2000);
    cr_assert_eq(record.u.mapping.offset, 0x1000);
    cr_assert_str_eq(record.u.mapping.path, "/usr/bin/gateway");
    cr_assert(perf_records_next(&records, &record));
    cr_assert(record.kind == PERF_SAMPLED && record.pid == 12 && record.time_ns == 4);
    cr_assert(record.u.sample.address == 0x401010 && record.u.sample.chain_count == 3);
    cr_assert(record.u.sample.chain[1] == 0x401010 && record.u.sample.chain[2] == 0x401020);
    cr_assert(perf_records_next(&records, &record));
    cr_assert(record.kind == PERF_LOST && record.u.count == 9);
    cr_assert_not(perf_records_next(&records, &record));
    cr_assert_eq(records.broken, 0);
}

Test(perf_records, can_be_read_again_from_where_they_begin, .timeout = 10)
{
    stream_lost(&stream, 1, 5);
    stream_fork(&stream, 12, 11, 6);
    struct perf_records records = read_stream(false);
    cr_assert(perf_records_next(&records, &record) && perf_records_next(&records, &record));
    struct perf_records again = read_stream(false);
    again.at = records.start;
    cr_assert(perf_records_next(&again, &record) && record.kind == PERF_FORKED);
}

/* The places in the kernel's order are of arch/x86/include/uapi/asm/perf_regs.h, the numbers of the
 * System V ABI for AMD64, figure 3.36. */
Test(perf_records, registers_by_their_dwarf_numbers, .timeout = 10)
{
    static const struct {
        int dwarf;
        uint64_t place;
    } cases[] = {{0, 0}, {1, 3}, {2, 2},  {3, 1}, {4, 4},  {5, 5},
                 {6, 6}, {7, 7}, {16, 8}, {8, 9}, {15, 16}};
    if (perf_registers_mask() == 0)
        cr_skip_test("this machine's stacks are not unwound");
    stream_stack(&stream, 12, 4, 64, 40);
    struct perf_records records = read_stream(true);
    cr_assert(perf_records_next(&records, &record));
    cr_assert(record.u.sample.has_registers);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect_eq(record.u.sample.registers[cases[i].dwarf], 100 + cases[i].place);
    cr_assert_eq(record.u.sample.stack_bytes, 40);
    cr_assert_eq(record.u.sample.stack[39], 39);
}

Test(perf_records, shrink_to_what_was_written, .timeout = 10)
{
    if (perf_registers_mask() == 0)
        cr_skip_test("this machine's stacks are not unwound");
    stream_stack(&stream, 12, 4, 512, 40);
    struct perf_format format = {.stacks = true};
    size_t before = stream.size;
    size_t after = perf_record_shrink(stream.data, stream.size, format);
    cr_assert_eq(after, before - (512 - 40));
    stream.size = after;
    struct perf_records records = read_stream(true);
    cr_assert(perf_records_next(&records, &record));
    cr_assert_eq(record.u.sample.stack_bytes, 40);
    cr_assert_eq(record.u.sample.stack[39], 39);
    cr_assert_eq(record.u.sample.registers[7], 107);
    cr_assert_not(perf_records_next(&records, &record));
    cr_assert_eq(perf_record_shrink(stream.data, stream.size, format), after, "no smaller");
}

Test(perf_records, shrink_leaves_others_alone, .timeout = 10)
{
    struct perf_format format = {.stacks = true};
    stream_fork(&stream, 12, 11, 1);
    cr_assert_eq(perf_record_shrink(stream.data, stream.size, format), stream.size);
    stream.size = 0;
    stream_stack(&stream, 12, 4, 64, 900); /* more than there is room for */
    cr_assert_eq(perf_record_shrink(stream.data, stream.size, format), stream.size);
    stream.size = 0;
    stream_stack(&stream, 12, 4, 0, 0);
    cr_assert_eq(perf_record_shrink(stream.data, stream.size, format), stream.size);
}

/* ---- what contradicts itself ---- */

Test(perf_records, a_size_beyond_the_end_ends_it, .timeout = 10)
{
    stream_lost(&stream, 1, 5);
    stream_lost(&stream, 2, 6);
    for (size_t cut = stream.start + 1; cut < stream.size; cut++) {
        struct perf_records records = read_stream(false);
        records.size = cut;
        cr_assert_eq(count_records(&records), 1);
        cr_assert_eq(records.broken, 1);
    }
}

Test(perf_records, a_size_below_the_header_ends_it, .timeout = 10)
{
    for (uint16_t size = 0; size < sizeof(struct perf_event_header); size++) {
        stream.size = 0;
        stream_lost(&stream, 1, 5);
        memcpy(stream.data + offsetof(struct perf_event_header, size), &size, sizeof size);
        struct perf_records records = read_stream(false);
        cr_assert_eq(count_records(&records), 0);
        cr_assert_eq(records.broken, 1);
    }
}

/* Every kind, with every smaller size in its header and the rest of it gone. */
Test(perf_records, too_small_for_their_kind_are_passed_over, .timeout = 30)
{
    static const uint64_t chain[] = {1, 2, 3};
    for (int kind = 0; kind < 5; kind++) {
        size_t whole = SIZE_MAX;
        for (size_t size = 8; size < whole; size += 4) {
            memset(&stream, 0, sizeof stream);
            if (kind == 0)
                stream_fork(&stream, 12, 11, 1);
            else if (kind == 1)
                stream_exec(&stream, 12, 1);
            else if (kind == 2)
                stream_map(&stream, 12, 1, 0x1000, 0x1000, 0, "/some/path");
            else if (kind == 3)
                stream_chain(&stream, 12, 1, chain, 3);
            else
                stream_stack(&stream, 12, 1, 64, 64);
            whole = stream.size;
            uint16_t told = (uint16_t)size;
            memcpy(stream.data + offsetof(struct perf_event_header, size), &told, sizeof told);
            stream.size = size;
            stream_lost(&stream, 3, 9); /* what follows is still found */
            struct perf_records records = read_stream(kind == 4);
            size_t count = count_records(&records);
            cr_expect(count >= 1 && count + records.broken == 2, "kind %d size %zu", kind, size);
            cr_expect(record.kind == PERF_LOST && record.u.count == 3);
        }
    }
}

Test(perf_records, counts_that_lie, .timeout = 10)
{
    static const uint64_t lies[] = {4, 1000, UINT64_MAX, UINT64_MAX / 8 + 1, 1ULL << 61};
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        const uint64_t chain[] = {1, 2};
        stream.size = 0;
        stream_chain(&stream, 12, 4, chain, 2);
        memcpy(stream.data + 8 + 8 + 8 + 8, &lies[i], sizeof lies[i]); /* of the chain's entries */
        struct perf_records records = read_stream(false);
        cr_expect_eq(count_records(&records), 0);
        cr_expect_eq(records.broken, 1);

        stream.size = 0;
        stream_stack(&stream, 12, 4, 64, 64);
        size_t room = stream.size - 8 - 64 - 8;
        memcpy(stream.data + room, &(uint64_t){lies[i] + 64}, sizeof(uint64_t));
        records = read_stream(true);
        cr_expect_eq(count_records(&records), 0);
    }
}

Test(perf_records, a_path_needs_an_end, .timeout = 10)
{
    stream_map(&stream, 12, 1, 0x1000, 0x1000, 0, "/seven.");
    memset(stream.data + stream.size - 16 - 8, 'x', 8);
    struct perf_records records = read_stream(false);
    cr_assert_eq(count_records(&records), 0);
    cr_assert_eq(records.broken, 1);
}

Test(perf_records, a_mapping_does_not_wrap_around, .timeout = 10)
{
    stream_map(&stream, 12, 1, UINT64_MAX - 10, 100, 0, "/file");
    struct perf_records records = read_stream(false);
    cr_assert_eq(count_records(&records), 0);
}

Test(perf_records, a_chain_longer_than_is_kept_is_cut, .timeout = 10)
{
    static uint64_t chain[1000];
    stream_chain(&stream, 12, 4, chain, COUNT_OF(chain));
    struct perf_records records = read_stream(false);
    cr_assert(perf_records_next(&records, &record));
    cr_assert(record.u.sample.chain_cut);
    cr_assert_eq(record.u.sample.chain_count, PERF_CHAIN_MAX);
}

/* Nothing may be read outside: for the sanitizers. */
Test(perf_records, noise_does_no_harm, .timeout = 60)
{
    struct random random;
    random_seed(&random, 4);
    for (int round = 0; round < 20000; round++) {
        size_t size = random_below(&random, 400);
        unsigned char *bytes = malloc(size + 1);
        cr_assert(bytes != NULL);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (unsigned char)random_next(&random);
        if (size >= 8) {
            bytes[0] = (unsigned char)random_below(&random, 16);
            bytes[1] = bytes[2] = bytes[3] = 0;
            bytes[6] = (unsigned char)size;
            bytes[7] = (unsigned char)(size >> 8);
            perf_record_shrink(bytes, size, (struct perf_format){.stacks = round % 2});
        }
        struct perf_records records = {
            .data = bytes, .size = size, .format = {.stacks = round % 2}};
        count_records(&records);
        free(bytes);
    }
}

/* ---- fixtures: what a kernel wrote, and the same spoilt; those named stack* have stacks ---- */

static void read_fixture(const char *folder, const char *name, struct buffer *data)
{
    char path[512];
    struct error err = {0};
    snprintf(path, sizeof path, "fixtures/perf/%s/%s", folder, name);
    buffer_init(data, 1 << 20);
    cr_assert(file_read(path, data, &err), "%s", err.text);
}

static struct perf_records fixture_records(const char *name, const struct buffer *data)
{
    return (struct perf_records){.data = (const unsigned char *)data->data,
                                 .size = data->length,
                                 .format = {.stacks = strncmp(name, "stack", 5) == 0}};
}

Test(perf_fixtures, of_a_kernel, .timeout = 10)
{
    static const struct {
        const char *name, *program;
        size_t samples, maps;
    } cases[] = {{"chains.bin", "/usr/bin/true", 3, 4}, {"stacks.bin", "/usr/bin/date", 1, 4}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer data;
        size_t samples = 0, maps = 0;
        bool mapped_program = false, mapped_vdso = false;
        read_fixture("valid", cases[i].name, &data);
        struct perf_records records = fixture_records(cases[i].name, &data);
        if (records.format.stacks && perf_registers_mask() == 0)
            continue;
        while (perf_records_next(&records, &record)) {
            cr_expect(record.time_ns > 0);
            samples += record.kind == PERF_SAMPLED;
            maps += record.kind == PERF_MAPPED;
            if (record.kind != PERF_MAPPED)
                continue;
            mapped_program = mapped_program || strcmp(record.u.mapping.path, cases[i].program) == 0;
            mapped_vdso = mapped_vdso || strcmp(record.u.mapping.path, "[vdso]") == 0;
        }
        cr_expect(samples == cases[i].samples && maps == cases[i].maps, "%zu, %zu", samples, maps);
        cr_expect(mapped_program && mapped_vdso && records.broken == 0);
        buffer_release(&data);
    }
}

Test(perf_fixtures, spoilt, .timeout = 10)
{
    static const char *const cases[] = {
        "chain-overflows.bin",     "chain-too-long.bin",    "cut-in-a-header.bin",
        "cut-in-a-record.bin",     "mapping-wraps.bin",     "path-without-end.bin",
        "size-below-header.bin",   "size-beyond-end.bin",   "size-zero.bin",
        "stack-beyond-record.bin", "stack-more-written.bin"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer data;
        read_fixture("invalid", cases[i], &data);
        struct perf_records records = fixture_records(cases[i], &data);
        count_records(&records);
        cr_expect_eq(records.broken, 1, "%s: %zu", cases[i], records.broken);
        buffer_release(&data);
    }
}
