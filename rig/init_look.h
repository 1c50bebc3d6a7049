/* What a repository looks like to somebody who wants to build and start its gateway: guesses, each
 * with what it was made from and what to check. Runs nothing. */
#ifndef TOLLGATE_RIG_INIT_LOOK_H
#define TOLLGATE_RIG_INIT_LOOK_H

#include "base/arena.h"
#include "base/error.h"

enum {
    INIT_FILE_MAX_BYTES = 4 << 20, /* of a repository's file; of larger ones nothing is guessed */
    INIT_BUILD_MAX = 3,            /* commands */
    INIT_WORDS_MAX = 12,           /* of a command */
    INIT_NOTES_MAX = 24,
    INIT_NAME_MAX = 100,
};

/* A command; NULL-terminated. */
struct init_command {
    const char *words[INIT_WORDS_MAX];
};

/* What was guessed: of which key, made from what, and what a person should look at. */
struct init_note {
    const char *key; /* "gateway.start" */
    const char *value;
    const char *why;
    const char *check; /* NULL = nothing to check */
};

struct init_guess {
    struct arena *arena;
    const char *folder; /* the repository's */
    struct init_command build[INIT_BUILD_MAX];
    size_t build_count;
    struct init_command start;
    bool port_in_env;       /* the port goes into PORT, and not into the command */
    const char *kind;       /* "CMakeLists.txt"; NULL = nothing was found to build with */
    const char *toolchain;  /* what a job must set up first: "Node.js"; NULL = nothing */
    const char *ready_path; /* NULL = ready once the port accepts */
    const char *openapi;    /* a document that can be used, relative; NULL = none */
    struct init_note notes[INIT_NOTES_MAX];
    size_t note_count;
};

/* Everything lives in `arena`. Fails where the folder cannot be read, or memory runs out; a file
 * that makes no sense is only no ground for a guess. */
MUST_CHECK bool init_look(struct init_guess *guess, const char *folder, struct arena *arena,
                          struct error *err);

/* The parts of it, one kind of file each. *found is false when there is none of its kind, or it
 * does not say enough. */
typedef bool init_kind(struct init_guess *guess, bool *found, struct error *err);
init_kind init_look_cargo, init_look_go, init_look_node, init_look_python, init_look_cmake,
    init_look_make;
MUST_CHECK bool init_look_openapi(struct init_guess *guess, struct error *err);

/* The file's text, NULL when there is none that can be read, or it is too large. False when out of
 * memory. */
MUST_CHECK bool init_read(struct init_guess *guess, const char *name, const char **text,
                          struct error *err);

/* Letters, digits and "._-" from `text` on, in at most INIT_NAME_MAX bytes; NULL when there is none
 * of them or memory runs out. What a repository calls itself goes into commands. */
MUST_CHECK char *init_copy_name(struct init_guess *guess, const char *text);

/* Adds a command's words, up to NULL. */
void init_set_command(struct init_command *command, const char *const *words);

/* Strings are borrowed; those that are made live in the arena. */
void init_note(struct init_guess *guess, const char *key, const char *value, const char *why,
               const char *check);

/* "cmake -S . -B build", or NULL when out of memory. */
MUST_CHECK const char *init_command_text(struct init_guess *guess,
                                         const struct init_command *command);

#endif
