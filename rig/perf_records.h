/* The records that the kernel writes for sampling events, as perf_event_open(2) lays them out:
 * samples with call chains, registers and copies of the stack, and what says which process had
 * which file mapped where. They are read from memory that came from a ring buffer, in order of
 * arrival; the order of time is the reader's to make. Content is hostile. */
#ifndef TOLLGATE_RIG_PERF_RECORDS_H
#define TOLLGATE_RIG_PERF_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PERF_REGISTERS = 17,               /* by DWARF number: 16 is the instruction pointer (x86-64) */
    PERF_CHAIN_MAX = 256,              /* entries of a call chain; the kernel's own limit is 127 */
    PERF_RECORD_BYTES_MAX = UINT16_MAX /* as large as its header can say */
};

/* What the samples hold beside address, thread, time and call chain. */
struct perf_format {
    bool stacks; /* the user's registers and a copy of the top of its stack */
};

struct perf_sample {
    pid_t pid, tid;
    int64_t time_ns;  /* monotonic */
    uint64_t address; /* that was executed: of the kernel, or of the process */
    size_t chain_count;
    uint64_t chain[PERF_CHAIN_MAX]; /* innermost first, with PERF_CONTEXT_ marks in it */
    bool chain_cut;
    bool has_registers; /* then: of the user's side, also where the kernel was executed */
    uint64_t registers[PERF_REGISTERS];
    const unsigned char *stack; /* from the stack pointer upwards; in the record's memory */
    size_t stack_bytes;         /* 0 = none */
};

/* An executable mapping came into being. */
struct perf_mapping {
    uint64_t start, size, offset; /* offset: in the file */
    uint32_t major, minor;        /* of the file's device */
    uint64_t inode;               /* 0 = no file */
    const char *path;             /* "[vdso]", "//anon" for what is no file */
};

enum perf_record_kind {
    PERF_SAMPLED,
    PERF_MAPPED,
    PERF_EXECUTED, /* a process became another program: what was mapped is gone */
    PERF_FORKED,   /* a process began, with what `parent` had mapped */
    PERF_LOST,     /* `count` records could not be written */
    PERF_THROTTLED /* the kernel held sampling up */
};

struct perf_record {
    enum perf_record_kind kind;
    pid_t pid;
    int64_t time_ns;
    union {
        struct perf_sample sample;
        struct perf_mapping mapping;
        pid_t parent;
        uint64_t count;
    } u;
};

/* A run over records in memory. Zeroed but for the first three. */
struct perf_records {
    const unsigned char *data;
    size_t size;
    struct perf_format format;
    size_t start; /* where the latest record begins: from there it can be read again */
    size_t at;
    size_t broken; /* records that contradict themselves; they are passed over */
};

/* The next record of those above; others are passed over. False at the end. What it points to is in
 * the records' memory. */
bool perf_records_next(struct perf_records *records, struct perf_record *record);

/* The registers' mask for perf_event_open, and how many bits it has; 0 on machines whose stacks are
 * not unwound here. */
uint64_t perf_registers_mask(void);

/* Makes a sample smaller in place: the part of its stack copy that was never written goes. Returns
 * the record's new size; any other record stays as it is. `size` is what its header says. */
size_t perf_record_shrink(unsigned char *record, size_t size, struct perf_format format);

#endif
