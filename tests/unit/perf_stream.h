/* Writes records as the kernel lays them out, for the tests of what reads them: perf_event_open(2),
 * "MMAP layout". */
#ifndef TOLLGATE_TESTS_PERF_STREAM_H
#define TOLLGATE_TESTS_PERF_STREAM_H

#include "rig/perf_records.h"

#include <linux/perf_event.h>
#include <string.h>

struct perf_stream {
    unsigned char data[1 << 16];
    size_t size;
    size_t start; /* of the record that is being written */
};

static inline void stream_put(struct perf_stream *stream, const void *bytes, size_t size)
{
    memcpy(stream->data + stream->size, bytes, size);
    stream->size += size;
}

static inline void stream_u64(struct perf_stream *stream, uint64_t value)
{
    stream_put(stream, &value, sizeof value);
}

static inline void stream_u32(struct perf_stream *stream, uint32_t value)
{
    stream_put(stream, &value, sizeof value);
}

static inline void stream_begin(struct perf_stream *stream, uint32_t type, uint16_t misc)
{
    struct perf_event_header header = {.type = type, .misc = misc};
    stream->start = stream->size;
    stream_put(stream, &header, sizeof header);
}

/* Writes the size into the header. */
static inline void stream_end(struct perf_stream *stream)
{
    uint16_t size = (uint16_t)(stream->size - stream->start);
    memcpy(stream->data + stream->start + offsetof(struct perf_event_header, size), &size,
           sizeof size);
}

/* Process, thread and time stand behind every record that is no sample. */
static inline void stream_trailer(struct perf_stream *stream, pid_t pid, int64_t time_ns)
{
    stream_u32(stream, (uint32_t)pid);
    stream_u32(stream, (uint32_t)pid);
    stream_u64(stream, (uint64_t)time_ns);
    stream_end(stream);
}

static inline void stream_map(struct perf_stream *stream, pid_t pid, int64_t time_ns,
                              uint64_t start, uint64_t size, uint64_t offset, const char *path)
{
    char padded[256] = "";
    size_t length = (strlen(path) + 8) & ~(size_t)7;
    snprintf(padded, sizeof padded, "%s", path);
    stream_begin(stream, PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER);
    stream_u32(stream, (uint32_t)pid);
    stream_u32(stream, (uint32_t)pid);
    stream_u64(stream, start);
    stream_u64(stream, size);
    stream_u64(stream, offset);
    stream_u32(stream, 0); /* device */
    stream_u32(stream, 0);
    stream_u64(stream, 0); /* inode */
    stream_u64(stream, 0); /* its generation */
    stream_u32(stream, 5); /* readable, executable */
    stream_u32(stream, 2); /* private */
    stream_put(stream, padded, length);
    stream_trailer(stream, pid, time_ns);
}

static inline void stream_fork(struct perf_stream *stream, pid_t pid, pid_t parent, int64_t time_ns)
{
    stream_begin(stream, PERF_RECORD_FORK, 0);
    stream_u32(stream, (uint32_t)pid);
    stream_u32(stream, (uint32_t)parent);
    stream_u32(stream, (uint32_t)pid);
    stream_u32(stream, (uint32_t)parent);
    stream_u64(stream, (uint64_t)time_ns);
    stream_trailer(stream, parent, time_ns);
}

static inline void stream_exec(struct perf_stream *stream, pid_t pid, int64_t time_ns)
{
    stream_begin(stream, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
    stream_u32(stream, (uint32_t)pid);
    stream_u32(stream, (uint32_t)pid);
    stream_put(stream, "gateway\0", 8);
    stream_trailer(stream, pid, time_ns);
}

static inline void stream_lost(struct perf_stream *stream, uint64_t count, int64_t time_ns)
{
    stream_begin(stream, PERF_RECORD_LOST, 0);
    stream_u64(stream, 7);
    stream_u64(stream, count);
    stream_trailer(stream, 0, time_ns);
}

/* The user's part of a chain, without registers and stack: the format has to say so too. */
static inline void stream_chain(struct perf_stream *stream, pid_t pid, int64_t time_ns,
                                const uint64_t *chain, size_t count)
{
    stream_begin(stream, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
    stream_u64(stream, count > 0 ? chain[0] : 0);
    stream_u32(stream, (uint32_t)pid);
    stream_u32(stream, (uint32_t)pid);
    stream_u64(stream, (uint64_t)time_ns);
    stream_u64(stream, count + 1);
    stream_u64(stream, (uint64_t)PERF_CONTEXT_USER);
    for (size_t i = 0; i < count; i++)
        stream_u64(stream, chain[i]);
    stream_end(stream);
}

/* With registers, each holding 100 + its place in the kernel's order, and `room` bytes of stack of
 * which `written` are told to be there. */
static inline void stream_stack(struct perf_stream *stream, pid_t pid, int64_t time_ns, size_t room,
                                uint64_t written)
{
    stream_begin(stream, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
    stream_u64(stream, 0x401000);
    stream_u32(stream, (uint32_t)pid);
    stream_u32(stream, (uint32_t)pid);
    stream_u64(stream, (uint64_t)time_ns);
    stream_u64(stream, 1);
    stream_u64(stream, (uint64_t)PERF_CONTEXT_USER);
    stream_u64(stream, PERF_SAMPLE_REGS_ABI_64);
    for (uint64_t i = 0; i < PERF_REGISTERS; i++)
        stream_u64(stream, 100 + i);
    stream_u64(stream, room);
    for (size_t i = 0; i < room; i++) {
        unsigned char byte = (unsigned char)i;
        stream_put(stream, &byte, 1);
    }
    if (room > 0)
        stream_u64(stream, written);
    stream_end(stream);
}

#endif
