#include "rig/perf_cfi.h"

#include "base/arena.h"
#include "base/hash.h"
#include "rig/perf_expression.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { SEGMENTS_MAX = 32, VDSO_MAX_BYTES = 1 << 16 };

enum rule_kind {
    RULE_UNDEFINED, /* the caller's value is gone; of the instruction's: there is no caller */
    RULE_SAME,
    RULE_SAVED,      /* in memory at the frame's address + offset */
    RULE_VALUE,      /* is the frame's address + offset */
    RULE_REGISTER,   /* is in the register of that number */
    RULE_EXPRESSION, /* whatever it yields */
    RULE_FOREIGN,    /* of a shape that we do not know */
};

struct rule {
    const Dwarf_Op *operations; /* of an expression; libdw's, as long as the file is open */
    int64_t offset;
    uint16_t count;
    uint8_t kind;
};

/* What the file says of one address. */
struct row {
    uint64_t address;
    bool present; /* else: nothing */
    bool signal;
    bool outermost;
    int frame_register; /* the frame's address is this + frame_offset; -1: an expression */
    int64_t frame_offset;
    const Dwarf_Op *frame_operations;
    size_t frame_count;
    struct rule rules[PERF_REGISTERS];
    UT_hash_handle hh;
};

struct segment {
    uint64_t offset, size, address;
};

struct cfi_file {
    Elf *elf;
    Dwarf *dwarf;
    Dwarf_CFI *frames; /* .eh_frame */
    Dwarf_CFI *debug_frames;
    int fd;
    struct stat status;
    struct segment segments[SEGMENTS_MAX];
    size_t segment_count;
    struct row *rows;
    struct cfi_files *files;
    UT_hash_handle hh;
    char path[];
};

struct cfi_files {
    struct cfi_file *by_path;
    struct arena arena;
};

bool cfi_files_new(struct cfi_files **files, struct error *err)
{
    *files = calloc(1, sizeof **files);
    if (*files == NULL)
        return error_set_memory(err);
    arena_init(&(*files)->arena);
    elf_version(EV_CURRENT);
    return true;
}

static void file_close(struct cfi_file *file)
{
    HASH_CLEAR(hh, file->rows);
    if (file->frames != NULL)
        dwarf_cfi_end(file->frames);
    if (file->dwarf != NULL)
        dwarf_end(file->dwarf);
    if (file->elf != NULL)
        elf_end(file->elf);
    if (file->fd >= 0)
        close(file->fd);
    file->frames = NULL;
    file->dwarf = NULL;
    file->elf = NULL;
    file->fd = -1;
}

void cfi_files_free(struct cfi_files *files)
{
    if (files == NULL)
        return;
    for (struct cfi_file *file = files->by_path; file != NULL; file = file->hh.next)
        file_close(file);
    HASH_CLEAR(hh, files->by_path);
    arena_release(&files->arena);
    free(files);
}

/* The kernel maps the same one into every process, ours among them. */
static Elf *open_vdso(void)
{
    /* An address that the kernel hands over as a number. */
    char *image = (char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
    if (image == NULL)
        return NULL;
    Elf64_Ehdr header;
    memcpy(&header, image, sizeof header);
    size_t size = (size_t)header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
    return size <= VDSO_MAX_BYTES ? elf_memory(image, size) : NULL;
}

static void read_segments(struct cfi_file *file)
{
    size_t count = 0;
    if (elf_getphdrnum(file->elf, &count) != 0)
        return;
    for (size_t i = 0; i < count && file->segment_count < SEGMENTS_MAX; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(file->elf, (int)i, &segment) == NULL || segment.p_type != PT_LOAD)
            continue;
        file->segments[file->segment_count++] =
            (struct segment){segment.p_offset, segment.p_filesz, segment.p_vaddr};
    }
}

/* Only files of our own machine's kind: the registers are counted by it. */
static bool file_read(struct cfi_file *file)
{
    GElf_Ehdr header;
    if (strcmp(file->path, "[vdso]") == 0) {
        file->elf = open_vdso();
    } else {
        file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (file->fd >= 0 && fstat(file->fd, &file->status) == 0 && S_ISREG(file->status.st_mode))
            file->elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
    }
    if (file->elf == NULL || elf_kind(file->elf) != ELF_K_ELF ||
        gelf_getehdr(file->elf, &header) == NULL || header.e_machine != EM_X86_64 ||
        gelf_getclass(file->elf) != ELFCLASS64)
        return false;
    read_segments(file);
    file->frames = dwarf_getcfi_elf(file->elf);
    if (file->frames == NULL && strcmp(file->path, "[vdso]") != 0)
        file->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
    if (file->dwarf != NULL)
        file->debug_frames = dwarf_getcfi(file->dwarf);
    return true;
}

static struct cfi_file *add_file(struct cfi_files *files, const char *path)
{
    size_t size = strlen(path);
    struct cfi_file *file = arena_alloc(&files->arena, sizeof *file + size + 1);
    if (file == NULL)
        return NULL;
    file->fd = -1;
    file->files = files;
    memcpy(file->path, path, size + 1);
    HASH_ADD_KEYPTR(hh, files->by_path, file->path, size, file);
    if (file->hh.tbl == NULL)
        return NULL;
    if ((path[0] != '/' && strcmp(path, "[vdso]") != 0) || !file_read(file))
        file_close(file);
    return file;
}

/* Some file systems number their files otherwise in a mapping than in stat: numbers tell on one
 * device only. */
static bool is_file_of(const struct cfi_file *file, const struct perf_map *map)
{
    return file->fd < 0 || map->inode == 0 || map->inode == file->status.st_ino ||
           makedev(map->major, map->minor) != file->status.st_dev;
}

struct cfi_file *cfi_files_open(struct cfi_files *files, const struct perf_map *map)
{
    struct cfi_file *file;
    HASH_FIND(hh, files->by_path, map->path, strlen(map->path), file);
    if (file == NULL)
        file = add_file(files, map->path);
    return file != NULL && file->elf != NULL && is_file_of(file, map) ? file : NULL;
}

bool cfi_file_address(const struct cfi_file *file, uint64_t offset, uint64_t *address)
{
    for (size_t i = 0; i < file->segment_count; i++) {
        const struct segment *segment = &file->segments[i];
        if (offset < segment->offset || offset - segment->offset >= segment->size)
            continue;
        *address = segment->address + (offset - segment->offset);
        return true;
    }
    return false;
}

/* The shapes that libdw writes into `own` are kept as numbers. */
static struct rule make_simple_rule(const Dwarf_Op *own, size_t count)
{
    struct rule rule = {.kind = RULE_FOREIGN};
    size_t at = 1;
    if (own[0].atom == DW_OP_regx && count == 1 && own[0].number < PERF_REGISTERS)
        return (struct rule){.kind = RULE_REGISTER, .offset = (int64_t)own[0].number};
    if (own[0].atom != DW_OP_call_frame_cfa)
        return rule;
    if (at < count && own[at].atom == DW_OP_plus_uconst)
        rule.offset = (int64_t)own[at++].number;
    bool is_value = at < count && own[at].atom == DW_OP_stack_value;
    at += is_value;
    if (at == count)
        rule.kind = is_value ? RULE_VALUE : RULE_SAVED;
    return rule;
}

static struct rule make_rule(const Dwarf_Op *operations, size_t count, const Dwarf_Op *own)
{
    if (count == 0)
        return (struct rule){.kind = operations == NULL ? RULE_SAME : RULE_UNDEFINED};
    if (operations == own)
        return make_simple_rule(own, count);
    if (count > UINT16_MAX)
        return (struct rule){.kind = RULE_FOREIGN};
    return (struct rule){operations, 0, (uint16_t)count, RULE_EXPRESSION};
}

static bool fill_frame_address(struct row *row, Dwarf_Frame *frame)
{
    Dwarf_Op *operations;
    size_t count;
    if (dwarf_frame_cfa(frame, &operations, &count) != 0 || count == 0)
        return false;
    row->frame_register = -1;
    if (count == 1 && operations[0].atom == DW_OP_bregx && operations[0].number < PERF_REGISTERS) {
        row->frame_register = (int)operations[0].number;
        row->frame_offset = (int64_t)operations[0].number2;
        return true;
    }
    row->frame_operations = operations;
    row->frame_count = count;
    return operations[0].atom != DW_OP_bregx;
}

static void fill_row(struct row *row, Dwarf_Frame *frame)
{
    Dwarf_Addr start, end;
    int return_register = dwarf_frame_info(frame, &start, &end, &row->signal);
    if (return_register != CFI_INSTRUCTION || !fill_frame_address(row, frame))
        return;
    for (int i = 0; i < PERF_REGISTERS; i++) {
        Dwarf_Op own[3], *operations;
        size_t count;
        if (dwarf_frame_register(frame, i, own, &operations, &count) == 0)
            row->rules[i] = make_rule(operations, count, own);
        else
            row->rules[i].kind = RULE_FOREIGN;
    }
    row->present = true;
    row->outermost = row->rules[CFI_INSTRUCTION].kind == RULE_UNDEFINED;
}

static const struct row *find_row(struct cfi_file *file, uint64_t address)
{
    struct row *row;
    Dwarf_Frame *frame = NULL;
    HASH_FIND(hh, file->rows, &address, sizeof address, row);
    if (row != NULL)
        return row;
    row = arena_alloc(&file->files->arena, sizeof *row);
    if (row == NULL)
        return NULL;
    row->address = address;
    if ((file->frames != NULL && dwarf_cfi_addrframe(file->frames, address, &frame) == 0) ||
        (file->debug_frames != NULL &&
         dwarf_cfi_addrframe(file->debug_frames, address, &frame) == 0))
        fill_row(row, frame);
    free(frame);
    HASH_ADD(hh, file->rows, address, sizeof row->address, row);
    return row;
}

static bool read_register(const struct cfi_registers *registers, unsigned number, uint64_t *value)
{
    *value = registers->values[number];
    return (registers->known & 1U << number) != 0;
}

static bool find_frame_address(const struct row *row, const struct cfi_registers *registers,
                               const struct cfi_memory *memory, uint64_t *address)
{
    bool in_memory;
    if (row->frame_register >= 0) {
        bool known = read_register(registers, (unsigned)row->frame_register, address);
        *address += (uint64_t)row->frame_offset;
        return known;
    }
    return expression_evaluate(row->frame_operations, row->frame_count, registers, NULL, memory,
                               address, &in_memory);
}

/* The caller's value of register `number`. */
static bool apply_rule(const struct rule *rule, unsigned number, uint64_t frame_address,
                       const struct cfi_registers *registers, const struct cfi_memory *memory,
                       uint64_t *value)
{
    bool in_memory;
    switch ((enum rule_kind)rule->kind) {
    case RULE_SAME:
        return read_register(registers, number, value);
    case RULE_REGISTER:
        return read_register(registers, (unsigned)rule->offset, value);
    case RULE_SAVED:
        return memory->read(memory->argument, frame_address + (uint64_t)rule->offset, value);
    case RULE_VALUE:
        *value = frame_address + (uint64_t)rule->offset;
        return true;
    case RULE_EXPRESSION:
        return expression_evaluate(rule->operations, rule->count, registers, &frame_address, memory,
                                   value, &in_memory) &&
               (!in_memory || memory->read(memory->argument, *value, value));
    case RULE_UNDEFINED:
    case RULE_FOREIGN:
        break;
    }
    return false;
}

enum cfi_step cfi_file_step(struct cfi_file *file, uint64_t address,
                            struct cfi_registers *registers, const struct cfi_memory *memory,
                            bool *signal)
{
    const struct row *row = find_row(file, address);
    struct cfi_registers caller = {.known = 0};
    uint64_t frame_address;
    *signal = false;
    if (row == NULL || !row->present)
        return CFI_NOTHING;
    if (row->outermost)
        return CFI_OUTERMOST;
    if (!find_frame_address(row, registers, memory, &frame_address))
        return CFI_FAILED;
    for (unsigned i = 0; i < PERF_REGISTERS; i++)
        if (apply_rule(&row->rules[i], i, frame_address, registers, memory, &caller.values[i]))
            caller.known |= 1U << i;
    if ((caller.known & 1U << CFI_INSTRUCTION) == 0)
        return CFI_FAILED;
    *signal = row->signal;
    *registers = caller;
    return CFI_CALLER;
}
