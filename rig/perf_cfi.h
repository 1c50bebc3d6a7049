/* Call frame information of ELF files: where, at an instruction, the caller's registers are. Read
 * by libdw from .eh_frame, else from .debug_frame, and kept by address, since the same few thousand
 * instructions come again and again. x86-64. */
#ifndef TOLLGATE_RIG_PERF_CFI_H
#define TOLLGATE_RIG_PERF_CFI_H

#include "base/error.h"
#include "rig/perf_images.h"

struct cfi_files; /* every file that was asked about */
struct cfi_file;

/* Registers by DWARF number; a bit of `known` for each. */
struct cfi_registers {
    uint64_t values[PERF_REGISTERS];
    uint32_t known;
};

enum { CFI_STACK_POINTER = 7, CFI_FRAME_POINTER = 6, CFI_INSTRUCTION = 16 };

/* Memory of the process. False: not in it. */
struct cfi_memory {
    bool (*read)(void *argument, uint64_t address, uint64_t *value);
    void *argument;
};

enum cfi_step {
    CFI_NOTHING,   /* the file tells nothing about this address */
    CFI_FAILED,    /* it tells what cannot be followed: memory that we do not have */
    CFI_OUTERMOST, /* this frame has no caller */
    CFI_CALLER,    /* the registers are now the caller's */
};

MUST_CHECK bool cfi_files_new(struct cfi_files **files, struct error *err);
void cfi_files_free(struct cfi_files *files);

/* The file of a mapping, "[vdso]" for the kernel's own. NULL when it cannot be read, or when
 * another one lies there by now. */
struct cfi_file *cfi_files_open(struct cfi_files *files, const struct perf_map *map);

/* The address that the ELF file gives to what lies at the offset in it. False: to nothing. */
bool cfi_file_address(const struct cfi_file *file, uint64_t offset, uint64_t *address);

/* From one frame to its caller's. `address` is the file's own, of an instruction of the frame: for
 * a caller, one before the return address. *signal: the frame is where a signal interrupted its
 * caller, whose instruction is then exact. */
enum cfi_step cfi_file_step(struct cfi_file *file, uint64_t address,
                            struct cfi_registers *registers, const struct cfi_memory *memory,
                            bool *signal);

#endif
