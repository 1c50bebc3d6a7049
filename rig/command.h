/* The commands of the program and their options, as rows. Help comes from the rows. */
#ifndef TOLLGATE_RIG_COMMAND_H
#define TOLLGATE_RIG_COMMAND_H

#include "base/error.h"

#include <stddef.h>

/* The exit codes of the house. */
enum exit_code {
    EXIT_PASSED = 0,
    EXIT_REGRESSED = 1,
    EXIT_USAGE = 2,
    EXIT_INVALID = 3, /* measurement invalid, or inconclusive */
    EXIT_ENVIRONMENT = 4,
    EXIT_INTERRUPTED = 130,
};

enum exit_code exit_code_of(const struct error *err);

struct exit_row {
    enum exit_code code;
    const char *meaning;
};

/* What the exit codes say; ends with a row without meaning. */
const struct exit_row *command_exit_rows(void);

struct option_row {
    const char *name;     /* long form, without dashes */
    char letter;          /* short form, or 0 */
    const char *argument; /* what it takes, in capitals; NULL = a flag */
    const char *help;     /* one line */
};

/* What was given, by row. Strings are borrowed from argv. */
struct arguments {
    const struct option_row *rows;
    const char **values;      /* [row * ARGUMENT_REPEAT_MAX + n]: in order, NULL after the last */
    const char *const *words; /* what is no option */
    size_t word_count;
};

enum { ARGUMENT_REPEAT_MAX = 16 };

struct command {
    const char *name;
    const char *summary; /* one line, for the list of commands */
    const char *words;   /* in the usage line: "RUN [RUN]" */
    size_t words_least, words_most;
    const struct option_row *options; /* ends with a row without name */
    const char *const *examples;      /* NULL-terminated pairs: what it does, command line */
    const char *details;              /* a paragraph for --help, or NULL */
    enum exit_code (*run)(const struct arguments *arguments, struct error *err);
};

/* NULL-terminated, in the order of the help. */
const struct command *const *command_list(void);
const struct command *command_by_name(const char *name);

/* The last value given for an option, or NULL. Naming an option that is not in the rows is a
 * BUG. */
const char *arguments_value(const struct arguments *arguments, const char *name);
bool arguments_flag(const struct arguments *arguments, const char *name);
/* All values of a repeatable option, NULL-terminated. */
const char *const *arguments_values(const struct arguments *arguments, const char *name);
/* A whole number in [min, max]; absent leaves *out. */
MUST_CHECK bool arguments_int(const struct arguments *arguments, const char *name, long min,
                              long max, long *out, struct error *err);

/* Parses argv after the command's name. *help is set when --help was asked for. */
MUST_CHECK bool arguments_parse(struct arguments *arguments, const struct command *command,
                                int argc, char **argv, bool *help, struct error *err);
void arguments_release(struct arguments *arguments);

/* To stdout. */
void command_print_overview(void);
void command_print_help(const struct command *command);

extern const struct command command_manual, command_completions;
extern const struct command command_bench, command_compare, command_report, command_baseline,
    command_corpus, command_dead, command_doctor, command_import, command_record, command_cost,
    command_distill;

extern const struct command command_publish, command_init;

#endif
