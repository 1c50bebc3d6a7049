/* Names for addresses: program files and libraries, their DWARF (libdw), their symbol tables, perf
 * map files of just-in-time compilers, the kernel. And what a source tree's own files hold that a
 * program was built from: the lines that instructions were generated for, and the functions.
 *
 * Addresses are given by object: a file and the offset of an instruction in it as the ELF file has
 * it (a virtual address of the file, without the load bias). struct symbols_map turns addresses of
 * a process into those. */
#ifndef TOLLGATE_RIG_SYMBOLS_H
#define TOLLGATE_RIG_SYMBOLS_H

#include "baselines/profile.h"

#include <sys/types.h>

struct symbols;        /* caches every file that was asked about */
struct symbols_object; /* one file; belongs to its symbols */
struct symbols_map;    /* what a process had mapped at one time */

/* How much a file tells. */
enum symbols_detail {
    SYMBOLS_NOTHING,   /* no ELF file, or not readable */
    SYMBOLS_EXPORTS,   /* stripped: .dynsym alone */
    SYMBOLS_FUNCTIONS, /* .symtab: functions, no lines */
    SYMBOLS_LINES,     /* DWARF, in it or in its separate debug file (build id, .gnu_debuglink) */
};

enum { SYMBOLS_FRAMES_MAX = 32 };

/* A place, innermost first where functions were inlined into each other. Strings live as long as
 * the symbols; `file` is relative to the source root where it lies below it. */
struct symbols_place {
    struct profile_frame frames[SYMBOLS_FRAMES_MAX];
    size_t count;   /* 0: nothing is known but the object */
    bool statement; /* the instruction is where the statement of its line is, as the compiler marks
                       it; else it may have been moved, to before the decision whether to execute */
};

/* `source_root` is the root of the gateway's source tree, absolute: its files are "own" ones.
 * Debug information may name the tree by another path (built elsewhere, then copied; through a
 * link): a file is also own when its path ends in one of `tracked`, the NULL-terminated list of the
 * tree's files relative to the root (may be NULL), and no other tracked file fits better. */
MUST_CHECK bool symbols_new(struct symbols **symbols, const char *source_root,
                            const char *const *tracked, struct error *err);
void symbols_free(struct symbols *symbols);

/* Never NULL but when out of memory: a file that cannot be read is an object of SYMBOLS_NOTHING,
 * and symbols_object_why says why, in words for a reader and with what to do (NULL = nothing is
 * wrong): stripped, built without -g, debug file of another build, compressed in a way that this
 * libdw cannot read. */
struct symbols_object *symbols_open(struct symbols *symbols, const char *path);
enum symbols_detail symbols_object_detail(const struct symbols_object *object);
const char *symbols_object_why(const struct symbols_object *object);
const char *symbols_object_name(const struct symbols_object *object); /* base name */

/* Resolves one address of the object. Always fills in at least the object's name. */
void symbols_find(struct symbols *symbols, struct symbols_object *object, uint64_t address,
                  struct symbols_place *place);

/* The statements that begin at the very address: their files and lines, no functions. Of optimised
 * code that are several, also of lines that all instructions were moved away from. At most `most`;
 * returns how many. */
size_t symbols_find_statements(struct symbols *symbols, struct symbols_object *object,
                               uint64_t address, struct profile_frame *frames, size_t most);

/* What the process has mapped now, from /proc/PID/maps, with its perf map (/tmp/perf-PID.map as its
 * own namespace has it) and the kernel's symbols where they may be read. */
MUST_CHECK bool symbols_map_read(struct symbols_map **map, struct symbols *symbols, pid_t pid,
                                 struct error *err);
/* The same from text of the form of /proc/PID/maps, kept from earlier. */
MUST_CHECK bool symbols_map_parse(struct symbols_map **map, struct symbols *symbols,
                                  const char *text, size_t size, struct error *err);
/* Such text of a process that still lives: its files are opened as its own mount namespace has
 * them, and its perf map is read as it is now. */
MUST_CHECK bool symbols_map_parse_live(struct symbols_map **map, struct symbols *symbols, pid_t pid,
                                       const char *text, size_t size, struct error *err);
void symbols_map_free(struct symbols_map *map);

/* The files that code is mapped from, each once, the vdso among them. */
struct symbols_object *const *symbols_map_objects(const struct symbols_map *map, size_t *count);

/* The object that holds the address, and where in it; NULL when none does. */
struct symbols_object *symbols_map_find(const struct symbols_map *map, uint64_t address,
                                        uint64_t *object_address);

/* Resolves an address of the process: an object's, the kernel's or of code compiled at run time. */
void symbols_map_resolve(const struct symbols_map *map, uint64_t address,
                         struct symbols_place *place);

/* The own source files that the objects were built from, added up over all of them: executable
 * lines and functions, hash by `git hash-object`, stale where the file is newer than the object.
 * Files of the tree that no instruction came from are not in it. Into `arena`. */
MUST_CHECK bool symbols_read_sources(struct symbols *symbols, struct symbols_object *const *objects,
                                     size_t count, struct arena *arena, struct source_tree *tree,
                                     struct error *err);

#endif
