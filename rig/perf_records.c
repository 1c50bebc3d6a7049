#include "rig/perf_records.h"

#include "base/macros.h"

#include <linux/perf_event.h>
#include <string.h>
#if defined(__x86_64__)
#include <asm/perf_regs.h>
#endif

enum { TRAILER_BYTES = 16 }; /* pid, tid, time: behind every record that is no sample */

/* A place in one record, up to its end. What would go past it sets `failed` and reads zeros. */
struct cursor {
    const unsigned char *at;
    size_t left;
    bool failed;
};

static const unsigned char *take_bytes(struct cursor *cursor, size_t size)
{
    const unsigned char *bytes = cursor->at;
    if (cursor->failed || size > cursor->left) {
        cursor->failed = true;
        return NULL;
    }
    cursor->at += size;
    cursor->left -= size;
    return bytes;
}

static uint64_t take_u64(struct cursor *cursor)
{
    uint64_t value = 0;
    const unsigned char *bytes = take_bytes(cursor, sizeof value);
    if (bytes != NULL)
        memcpy(&value, bytes, sizeof value);
    return value;
}

static uint32_t take_u32(struct cursor *cursor)
{
    uint32_t value = 0;
    const unsigned char *bytes = take_bytes(cursor, sizeof value);
    if (bytes != NULL)
        memcpy(&value, bytes, sizeof value);
    return value;
}

#if defined(__x86_64__)
/* The kernel's registers in the order in which it writes them, and their DWARF numbers. */
static const struct {
    unsigned char bit, dwarf;
} registers[PERF_REGISTERS] = {
    {PERF_REG_X86_AX, 0},   {PERF_REG_X86_BX, 3},   {PERF_REG_X86_CX, 2},   {PERF_REG_X86_DX, 1},
    {PERF_REG_X86_SI, 4},   {PERF_REG_X86_DI, 5},   {PERF_REG_X86_BP, 6},   {PERF_REG_X86_SP, 7},
    {PERF_REG_X86_IP, 16},  {PERF_REG_X86_R8, 8},   {PERF_REG_X86_R9, 9},   {PERF_REG_X86_R10, 10},
    {PERF_REG_X86_R11, 11}, {PERF_REG_X86_R12, 12}, {PERF_REG_X86_R13, 13}, {PERF_REG_X86_R14, 14},
    {PERF_REG_X86_R15, 15},
};

uint64_t perf_registers_mask(void)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < COUNT_OF(registers); i++)
        mask |= 1ULL << registers[i].bit;
    return mask;
}

static void take_registers(struct cursor *cursor, uint64_t out[PERF_REGISTERS])
{
    for (size_t i = 0; i < COUNT_OF(registers); i++)
        out[registers[i].dwarf] = take_u64(cursor);
}
#else
uint64_t perf_registers_mask(void)
{
    return 0;
}

static void take_registers(struct cursor *cursor, uint64_t out[PERF_REGISTERS])
{
    (void)out;
    cursor->failed = true; /* none were asked for */
}
#endif

static void take_chain(struct cursor *cursor, struct perf_sample *sample)
{
    uint64_t count = take_u64(cursor);
    if (count > cursor->left / sizeof(uint64_t)) {
        cursor->failed = true;
        return;
    }
    sample->chain_cut = count > PERF_CHAIN_MAX;
    sample->chain_count = sample->chain_cut ? PERF_CHAIN_MAX : (size_t)count;
    const unsigned char *bytes = take_bytes(cursor, (size_t)count * sizeof(uint64_t));
    if (bytes != NULL)
        memcpy(sample->chain, bytes, sample->chain_count * sizeof(uint64_t));
}

/* The copy takes the room that was asked for; how much of it was written comes last. */
static void take_stack(struct cursor *cursor, struct perf_sample *sample)
{
    uint64_t room = take_u64(cursor);
    if (room == 0 || cursor->failed)
        return;
    if (room > cursor->left) {
        cursor->failed = true;
        return;
    }
    sample->stack = take_bytes(cursor, (size_t)room);
    uint64_t written = take_u64(cursor);
    if (written > room)
        cursor->failed = true;
    else
        sample->stack_bytes = (size_t)written;
}

static bool parse_sample(struct cursor *cursor, struct perf_format format,
                         struct perf_record *record)
{
    struct perf_sample *sample = &record->u.sample;
    sample->chain_count = sample->stack_bytes = 0;
    sample->has_registers = sample->chain_cut = false;
    sample->stack = NULL;
    sample->address = take_u64(cursor);
    sample->pid = record->pid = (pid_t)take_u32(cursor);
    sample->tid = (pid_t)take_u32(cursor);
    sample->time_ns = record->time_ns = (int64_t)take_u64(cursor);
    take_chain(cursor, sample);
    if (format.stacks) {
        uint64_t abi = take_u64(cursor);
        if (abi != PERF_SAMPLE_REGS_ABI_NONE)
            take_registers(cursor, sample->registers);
        /* A program of 32 bits has other registers: its call chain has to do. */
        sample->has_registers = abi == PERF_SAMPLE_REGS_ABI_64;
        take_stack(cursor, sample);
    }
    record->kind = PERF_SAMPLED;
    return !cursor->failed;
}

/* pid, tid, start, size, offset, device, inode and its generation, protection, flags, path. */
static bool parse_mapping(struct cursor *cursor, struct perf_record *record)
{
    struct perf_mapping *mapping = &record->u.mapping;
    record->kind = PERF_MAPPED;
    record->pid = (pid_t)take_u32(cursor);
    take_u32(cursor);
    mapping->start = take_u64(cursor);
    mapping->size = take_u64(cursor);
    mapping->offset = take_u64(cursor);
    mapping->major = take_u32(cursor);
    mapping->minor = take_u32(cursor);
    mapping->inode = take_u64(cursor);
    take_bytes(cursor, 8 + 8);
    mapping->path = (const char *)cursor->at;
    uint64_t end;
    return !cursor->failed && memchr(cursor->at, '\0', cursor->left) != NULL &&
           !__builtin_add_overflow(mapping->start, mapping->size, &end);
}

/* Only an exec's: a thread's new name changes no mapping. */
static bool parse_comm(struct cursor *cursor, struct perf_record *record)
{
    record->kind = PERF_EXECUTED;
    record->pid = (pid_t)take_u32(cursor);
    return !cursor->failed;
}

/* pid, parent's pid. A new thread of a process comes with the process itself as its parent. */
static bool parse_fork(struct cursor *cursor, struct perf_record *record)
{
    record->kind = PERF_FORKED;
    record->pid = (pid_t)take_u32(cursor);
    record->u.parent = (pid_t)take_u32(cursor);
    return !cursor->failed;
}

static bool parse_lost(struct cursor *cursor, bool has_id, struct perf_record *record)
{
    record->kind = PERF_LOST;
    if (has_id)
        take_u64(cursor);
    record->u.count = take_u64(cursor);
    return !cursor->failed;
}

/* Whether this is a record for the caller; *broken when it should be and is not whole. */
static bool parse_record(const struct perf_event_header *header, const unsigned char *body,
                         struct perf_format format, struct perf_record *record, bool *broken)
{
    struct cursor cursor = {.at = body, .left = header->size - sizeof *header};
    bool ok = false;
    *broken = false;
    record->pid = 0;
    if (header->type == PERF_RECORD_SAMPLE) {
        ok = parse_sample(&cursor, format, record);
        *broken = !ok;
        return ok;
    }
    if (cursor.left < TRAILER_BYTES) {
        *broken = true;
        return false;
    }
    memcpy(&record->time_ns, body + cursor.left - 8, sizeof record->time_ns);
    cursor.left -= TRAILER_BYTES;
    switch (header->type) {
    case PERF_RECORD_MMAP2:
        ok = parse_mapping(&cursor, record);
        break;
    case PERF_RECORD_COMM:
        if (!(header->misc & PERF_RECORD_MISC_COMM_EXEC))
            return false;
        ok = parse_comm(&cursor, record);
        break;
    case PERF_RECORD_FORK:
        ok = parse_fork(&cursor, record);
        break;
    case PERF_RECORD_LOST:
    case PERF_RECORD_LOST_SAMPLES:
        ok = parse_lost(&cursor, header->type == PERF_RECORD_LOST, record);
        break;
    case PERF_RECORD_THROTTLE:
        record->kind = PERF_THROTTLED;
        return true;
    default:
        return false;
    }
    *broken = !ok;
    return ok;
}

bool perf_records_next(struct perf_records *records, struct perf_record *record)
{
    while (records->at < records->size) {
        struct perf_event_header header;
        const unsigned char *start = records->data + records->at;
        size_t left = records->size - records->at;
        bool broken;
        if (left >= sizeof header)
            memcpy(&header, start, sizeof header);
        /* Without a size there is no telling where the next one begins. */
        if (left < sizeof header || header.size < sizeof header || header.size > left) {
            records->broken++;
            records->at = records->size;
            return false;
        }
        records->start = records->at;
        records->at += header.size;
        if (parse_record(&header, start + sizeof header, records->format, record, &broken))
            return true;
        records->broken += broken;
    }
    return false;
}

size_t perf_record_shrink(unsigned char *record, size_t size, struct perf_format format)
{
    struct perf_event_header header;
    struct perf_record parsed;
    bool broken;
    memcpy(&header, record, sizeof header);
    if (header.type != PERF_RECORD_SAMPLE || !format.stacks ||
        !parse_record(&header, record + sizeof header, format, &parsed, &broken) ||
        parsed.u.sample.stack == NULL)
        return size;
    /* The kernel writes whole words, and so do we: the next record stays aligned. */
    uint64_t written = parsed.u.sample.stack_bytes;
    uint64_t room = (written + 7) & ~7ULL;
    size_t at = (size_t)(parsed.u.sample.stack - record);
    size_t shrunk = at + (size_t)room + sizeof written;
    if (shrunk >= size)
        return size;
    memcpy(record + at - sizeof room, &room, sizeof room);
    memcpy(record + at + room, &written, sizeof written);
    header.size = (uint16_t)shrunk;
    memcpy(record, &header, sizeof header);
    return shrunk;
}
