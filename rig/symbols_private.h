/* Shared by the files of the symbols module alone. */
#ifndef TOLLGATE_RIG_SYMBOLS_PRIVATE_H
#define TOLLGATE_RIG_SYMBOLS_PRIVATE_H

#include "base/arena.h"
#include "base/hash.h"
#include "rig/symbols.h"

#include <elfutils/libdw.h>
#include <gelf.h>
#include <sys/stat.h>

#define SYMBOLS_NONE UINT32_MAX

enum {
    SYMBOLS_NAME_MAX = 4096,     /* bytes of a name; what is longer is cut */
    SYMBOLS_OBJECTS_MAX = 4096,  /* files in all */
    SYMBOLS_NESTING_MAX = 256,   /* of debugging entries */
    SYMBOLS_ORIGINS_MAX = 16,    /* entries that refer to each other for a name */
    SYMBOLS_BUDGET_PER_BYTE = 8, /* entries of one kind and another; files may be compressed */
};

/* What is opened may be anything that a process named. */
#define SYMBOLS_OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* --- symbols_ranges.c: which of many overlapping ranges holds an address -------------------- */

struct symbols_range {
    uint64_t low, high; /* [low, high) */
    uint32_t rank;      /* of overlapping ranges the highest wins, then the last added */
    uint32_t value;
};

/* Growable, to be flattened. */
struct symbols_ranges {
    struct symbols_range *items;
    size_t count, capacity;
};

/* False when out of memory. An empty range is left out. */
MUST_CHECK bool symbols_ranges_add(struct symbols_ranges *ranges, uint64_t low, uint64_t high,
                                   uint32_t rank, uint32_t value);

/* From `start` up to the next one's start. */
struct symbols_segment {
    uint64_t start;
    uint32_t value; /* SYMBOLS_NONE = nothing is here */
};

struct symbols_segments {
    struct symbols_segment *items; /* by start, rising, each once */
    size_t count;
};

/* Flattens and releases the ranges. */
MUST_CHECK bool symbols_segments_build(struct symbols_segments *segments,
                                       struct symbols_ranges *ranges);
void symbols_segments_release(struct symbols_segments *segments);
uint32_t symbols_segments_find(const struct symbols_segments *segments, uint64_t address);

/* --- symbols_files.c: the paths that debug information names -------------------------------- */

struct symbols_file {
    const char *raw;  /* as the debug information has it; the key */
    const char *path; /* as struct profile_frame wants it */
    bool own;
    UT_hash_handle hh;
};

/* --- symbols_reader.c, symbols_named.c: what line tables are made of ------------------------- */

struct symbols_reader {
    const unsigned char *at, *end;
    bool big_endian;
    bool failed; /* the data ended too early */
};

uint64_t symbols_read_number(struct symbols_reader *reader, size_t size);
void symbols_read_past(struct symbols_reader *reader, uint64_t size);
uint64_t symbols_read_leb(struct symbols_reader *reader, bool is_signed); /* above 63 bits: cut */

/* NULL when it does not end. */
const char *symbols_read_string(struct symbols_reader *reader);
const char *symbols_read_string_at(const Elf_Data *data, uint64_t offset);

/* Sections of one file, decompressed; NULL = it has none. */
struct symbols_line_data {
    Elf_Data *lines, *line_strings, *strings;
    bool big_endian;
};

struct symbols_line_head {
    struct symbols_reader reader; /* behind the head: at the tables of folders and files */
    const unsigned char *program; /* the rows */
    unsigned version;
    size_t offset_size;
    uint8_t step, line_range, opcode_base;
    int8_t line_base;
    bool first_statement;  /* whether the first row of a sequence is one */
    uint8_t operands[256]; /* of standard opcodes */
};

/* False when it is damaged. In symbols_lines.c. */
bool symbols_line_head_read(struct symbols_line_head *head, const struct symbols_line_data *data,
                            const unsigned char *at);

struct symbols_named {
    const char *folder, *name;       /* as they are written */
    const struct symbols_file *file; /* NULL = not asked for yet */
};

struct symbols_named_files {
    const void *key;
    const char *base; /* the folder of the compilation; NULL = not known */
    struct symbols_named *names;
    size_t count;
    UT_hash_handle hh;
};

/* The files that entries of the unit refer to by number; NULL when it has none of its own, or when
 * out of memory. */
struct symbols_named_files *symbols_named_files(struct symbols_object *object, Dwarf_Die *unit);
const struct symbols_file *symbols_named_file(struct symbols_object *object,
                                              struct symbols_named_files *files, uint64_t index);

/* --- the objects ---------------------------------------------------------------------------- */

/* One row of a line table. */
struct symbols_row {
    uint64_t address;
    uint32_t line;
    uint32_t file : 30;     /* of the unit */
    uint32_t statement : 1; /* the line's begins here, or goes on */
    uint32_t end : 1;       /* the sequence ends before this address */
};

#define SYMBOLS_FILES_MAX (1U << 30)

/* Rows of consecutive code, the last of them an `end`. */
struct symbols_sequence {
    uint32_t first, count;
};

/* A function that is in the file, or one inlined into another. */
struct symbols_function {
    Dwarf_Die die;
    const char *name; /* once `named` */
    bool named;
    uint32_t parent; /* that it is inlined into; SYMBOLS_NONE = a function of its own */
    uint32_t call_file, call_line;
};

/* A compilation unit. What is below `indexed` is read when an address falls into it. */
struct symbols_unit {
    Dwarf_Die die;  /* lines and ranges */
    Dwarf_Die tree; /* functions: the same, or the split one of the unit */
    bool indexed;
    bool plain_names;         /* of functions: a C unit's */
    struct symbols_row *rows; /* by sequence; in one by address */
    size_t row_count;
    struct symbols_sequence *sequences;
    size_t sequence_count;
    struct symbols_segments sequence_segments; /* values: sequences */
    struct symbols_named_files *files;         /* NULL = none */
    struct symbols_function *functions;
    size_t function_count;
    struct symbols_segments segments; /* values: functions */
};

/* A file with debug information; see symbols_image.c. */
struct symbols_image {
    void *memory; /* NULL = none */
    size_t mapped_bytes;
    Elf *elf;
};

struct symbols_load {
    uint64_t offset, file_size, address;
    bool executable;
};

struct symbols_span {
    uint64_t low, high;
};

struct symbols_object {
    struct symbols *symbols;
    const char *path; /* as shown */
    const char *name;
    enum symbols_detail detail;
    const char *why;
    struct stat stat;       /* of the file itself */
    int64_t budget;         /* how many more entries may be read: no honest file has more */
    const char *prefix;     /* of the namespace that it was opened in: "/proc/17/root"; else "" */
    const char *debug_path; /* of its separate debug file; NULL = none */

    int fd; /* of `elf`, while it is opened; -1 = none */
    Elf *elf;
    struct symbols_image debug, shared; /* what has the DWARF; what several of those share */
    Dwarf *dwarf, *alt;
    struct symbols_line_data lines, alt_lines;
    struct symbols_named_files *named_files; /* by where they are */
    struct symbols_load *loads;
    size_t load_count;
    struct symbols_span *code; /* executable sections, by address */
    size_t code_count;

    struct symbols_segments functions; /* of the symbol table; values: names */
    const char **names;
    size_t name_count;

    struct symbols_unit *units;
    size_t unit_count;
    struct symbols_segments unit_segments;
    const char *built_root;     /* where the source tree was when this was built; NULL = here */
    struct symbols_file *files; /* by raw path */
    const char *key;
    UT_hash_handle hh; /* by key */
};

struct symbols_cached {
    const struct symbols_object *object;
    uint64_t address;
    struct symbols_unit *unit; /* NULL: the symbol table's */
    uint32_t row, function;
};

struct symbols {
    const char *root;                /* real path, no '/' at its end */
    const char *given_root;          /* as it was given */
    struct symbols_tracked *tracked; /* by base name; NULL = not known */
    struct arena arena;
    struct symbols_object *objects;
    size_t object_count;
    struct symbols_cached *cache;  /* direct-mapped */
    struct symbols_kernel *kernel; /* NULL = not read yet */
};

/* What to open as an object, and how to call it. */
struct symbols_opening {
    const char *key;    /* of the symbols' objects */
    const char *shown;  /* its path, for a reader */
    const char *path;   /* to open */
    const char *prefix; /* see struct symbols_object */
    char *image;        /* instead of `path`: its content, that lives as long as the symbols */
    size_t size_bytes;
};

/* All NULL when out of memory, the second also when it was not opened yet. */
struct symbols_object *symbols_open_as(struct symbols *symbols,
                                       const struct symbols_opening *opening);
struct symbols_object *symbols_opened(struct symbols *symbols, const char *key);
struct symbols_object *symbols_open_nothing(struct symbols *symbols,
                                            const struct symbols_opening *opening);

/* symbols_process.c */
struct symbols_process {
    pid_t pid;          /* 0 = none that lives */
    const char *prefix; /* "/proc/17/root" in another mount namespace; else "" */
};

struct symbols_mapped {
    uint64_t low, high;
    dev_t device;
    ino_t inode; /* 0 = unknown */
    const char *path;
};

MUST_CHECK bool symbols_process_init(struct symbols_process *process, struct symbols *symbols,
                                     pid_t pid);
struct symbols_object *symbols_process_open(struct symbols *symbols,
                                            const struct symbols_process *process,
                                            const struct symbols_mapped *mapped);

/* symbols_jit.c. *jit is NULL when there is none to read. */
struct symbols_jit;
MUST_CHECK bool symbols_jit_read(struct symbols_jit **jit, struct symbols *symbols,
                                 const struct symbols_process *process);
MUST_CHECK bool symbols_jit_parse(struct symbols_jit **jit, const char *text, size_t size);
void symbols_jit_free(struct symbols_jit *jit);
bool symbols_jit_find(struct symbols_jit *jit, struct symbols *symbols, uint64_t address,
                      struct symbols_place *place);

/* symbols_kernel.c */
void symbols_kernel_find(struct symbols *symbols, uint64_t address, struct symbols_place *place);
void symbols_kernel_free(struct symbols_kernel *kernel);

/* The text itself, or a copy that is UTF-8 and not over-long. NULL stays NULL, "" becomes NULL. */
const char *symbols_clean_text(struct symbols *symbols, const char *text);

/* Sets the object's words unless some are set. */
void symbols_object_say(struct symbols_object *object, const char *format, ...) PRINTF_LIKE(2, 3);

/* Takes from the object's budget; false once it is used up. */
bool symbols_spend(struct symbols_object *object, int64_t entries);

/* symbols_elf.c: opens and reads all but DWARF; what fails is said in the object. False when out
 * of memory. */
MUST_CHECK bool symbols_elf_open(struct symbols_object *object,
                                 const struct symbols_opening *opening);
Elf_Scn *symbols_elf_section(Elf *elf, const char *name); /* NULL = none */
void symbols_elf_close(struct symbols_object *object);
bool symbols_elf_is_code(const struct symbols_object *object, uint64_t address);

/* The address in the file of what is mapped from this offset; false when nothing is loaded from
 * there. */
bool symbols_elf_address(const struct symbols_object *object, uint64_t offset, uint64_t *address);

/* symbols_table.c. False when out of memory. */
MUST_CHECK bool symbols_table_read(struct symbols_object *object);

/* symbols_image.c. False when it cannot be read. */
MUST_CHECK bool symbols_image_read(struct symbols_image *image, struct symbols *symbols, int fd);
void symbols_image_release(struct symbols_image *image);

/* symbols_debug.c: the file that has the debug information, be it the object itself, and the one
 * that it shares with others; `path` is what the object was opened by. */
void symbols_debug_find(struct symbols_object *object, const char *path);
void symbols_debug_share(struct symbols_object *object, const char *path);

/* symbols_dwarf.c. False when out of memory. */
MUST_CHECK bool symbols_dwarf_open(struct symbols_object *object, const char *path);
void symbols_dwarf_close(struct symbols_object *object);
struct symbols_unit *symbols_dwarf_unit(struct symbols_object *object, uint64_t address);
MUST_CHECK bool symbols_dwarf_index(struct symbols_object *object, struct symbols_unit *unit);

void symbols_unit_release(struct symbols_unit *unit); /* as if it were not indexed */

/* Adds the code that an entry covers, as far as it is in the file. */
MUST_CHECK bool symbols_dwarf_add_ranges(struct symbols_object *object, Dwarf_Die *die,
                                         struct symbols_ranges *ranges, uint32_t rank,
                                         uint32_t value);

/* symbols_functions.c. The first is false when out of memory. */
MUST_CHECK bool symbols_functions_read(struct symbols_object *object, struct symbols_unit *unit);
const char *symbols_function_name(struct symbols_object *object, const struct symbols_unit *unit,
                                  struct symbols_function *function);

/* symbols_lines.c. The first is false when out of memory. */
MUST_CHECK bool symbols_lines_read(struct symbols_object *object, struct symbols_unit *unit);
uint32_t symbols_unit_row(const struct symbols_unit *unit, uint64_t address);

/* symbols_statements.c: once functions and lines are read. False when out of memory. */
MUST_CHECK bool symbols_statements_settle(struct symbols_unit *unit);

/* symbols_files.c. What returns bool is false when out of memory. */
MUST_CHECK bool symbols_files_track(struct symbols *symbols, const char *const *tracked);
void symbols_files_untrack(struct symbols *symbols);
MUST_CHECK bool symbols_files_find_root(struct symbols_object *object);

const struct symbols_file *symbols_file(struct symbols_object *object, const char *raw);
void symbols_files_release(struct symbols_object *object);

/* symbols_why.c: says what the object lacks, and what to do. */
void symbols_explain(struct symbols_object *object);

#endif
