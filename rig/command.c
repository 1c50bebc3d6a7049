#include "rig/command.h"

#include "base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMNS = 80, HELP_INDENT = 29 };

static const struct command *const commands[] = {
    &command_init,     &command_bench,  &command_compare,     &command_report,
    &command_baseline, &command_record, &command_import,      &command_distill,
    &command_corpus,   &command_dead,   &command_cost,        &command_publish,
    &command_doctor,   &command_manual, &command_completions, NULL,
};

static const struct exit_row exit_rows[] = {
    {EXIT_PASSED, "passed"},
    {EXIT_REGRESSED, "regressed"},
    {EXIT_USAGE, "usage"},
    {EXIT_INVALID, "measurement invalid or inconclusive"},
    {EXIT_ENVIRONMENT, "environment (the gateway did not build or start, a tool is missing)"},
    {EXIT_INTERRUPTED, "interrupted"},
    {0},
};

const struct exit_row *command_exit_rows(void)
{
    return exit_rows;
}

const struct command *const *command_list(void)
{
    return commands;
}

const struct command *command_by_name(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

enum exit_code exit_code_of(const struct error *err)
{
    switch (err->code) {
    case ERROR_NONE:
        return EXIT_PASSED;
    case ERROR_USAGE:
    case ERROR_INPUT:
        return EXIT_USAGE;
    case ERROR_MEASUREMENT:
        return EXIT_INVALID;
    case ERROR_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case ERROR_IO:
    case ERROR_MEMORY:
    case ERROR_ENVIRONMENT:
        break;
    }
    return EXIT_ENVIRONMENT;
}

static size_t count_rows(const struct option_row *rows)
{
    size_t count = 0;
    while (rows[count].name != NULL)
        count++;
    return count;
}

static size_t find_row(const struct arguments *arguments, const char *name)
{
    for (size_t i = 0; arguments->rows[i].name != NULL; i++)
        if (strcmp(arguments->rows[i].name, name) == 0)
            return i;
    BUG("no option --%s", name);
}

const char *const *arguments_values(const struct arguments *arguments, const char *name)
{
    return &arguments->values[find_row(arguments, name) * ARGUMENT_REPEAT_MAX];
}

const char *arguments_value(const struct arguments *arguments, const char *name)
{
    const char *const *values = arguments_values(arguments, name);
    const char *last = NULL;
    for (size_t i = 0; i < ARGUMENT_REPEAT_MAX && values[i] != NULL; i++)
        last = values[i];
    return last;
}

bool arguments_flag(const struct arguments *arguments, const char *name)
{
    return arguments_value(arguments, name) != NULL;
}

bool arguments_int(const struct arguments *arguments, const char *name, long min, long max,
                   long *out, struct error *err)
{
    const char *text = arguments_value(arguments, name);
    if (text == NULL)
        return true;
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        return error_set(err, ERROR_USAGE, "--%s takes a whole number from %ld to %ld, not \"%s\"",
                         name, min, max, text);
    *out = value;
    return true;
}

static bool keep_value(struct arguments *arguments, size_t row, const char *value,
                       struct error *err)
{
    const char **values = &arguments->values[row * ARGUMENT_REPEAT_MAX];
    for (size_t i = 0; i + 1 < ARGUMENT_REPEAT_MAX; i++) {
        if (values[i] != NULL)
            continue;
        values[i] = value;
        return true;
    }
    return error_set(err, ERROR_USAGE, "--%s is given more than %d times",
                     arguments->rows[row].name, ARGUMENT_REPEAT_MAX - 1);
}

/* getopt's tables, made from the rows; index `count` is --help. */
static void fill_getopt(const struct option_row *rows, size_t count, struct option *longs,
                        char *shorts)
{
    *shorts++ = ':'; /* report a missing argument apart from an unknown option */
    for (size_t i = 0; i < count; i++) {
        longs[i] = (struct option){rows[i].name, rows[i].argument != NULL, NULL, (int)(256 + i)};
        if (rows[i].letter != 0)
            *shorts++ = rows[i].letter;
        if (rows[i].letter != 0 && rows[i].argument != NULL)
            *shorts++ = ':';
    }
    longs[count] = (struct option){"help", no_argument, NULL, 'h'};
    *shorts++ = 'h';
    *shorts = '\0';
}

/* The long option that was meant, or NULL. `given` as it was typed: "--pases=live". */
static const char *find_nearest_option(const struct command *command, const char *given)
{
    char name[64];
    const char *names[64] = {0};
    if (strncmp(given, "--", 2) != 0)
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given + 2, "="), given + 2);
    for (size_t i = 0; command->options[i].name != NULL && i + 1 < COUNT_OF(names); i++)
        names[i] = command->options[i].name;
    return text_nearest(name, names);
}

static bool fail_option(const struct command *command, int found, char **argv, struct error *err)
{
    const char *given = argv[optind - 1];
    if (found == ':')
        return error_set(err, ERROR_USAGE, "%s needs an argument; see tollgate %s --help", given,
                         command->name);
    const char *nearest = find_nearest_option(command, given);
    return error_set(err, ERROR_USAGE,
                     "%s is not an option of this command%s%s%s; see tollgate %s --help", given,
                     nearest != NULL ? "; did you mean \"--" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "\"?" : "", command->name);
}

static bool parse_options(struct arguments *arguments, const struct command *command, int argc,
                          char **argv, size_t count, bool *help, struct error *err)
{
    bool ok = false;
    struct option *longs = calloc(count + 2, sizeof *longs);
    char *shorts = calloc(2 * count + 4, 1);
    if (longs == NULL || shorts == NULL) {
        error_set_memory(err);
        goto out;
    }
    fill_getopt(command->options, count, longs, shorts);
    optind = 0; /* begin anew, glibc's way */
    opterr = 0;
    for (;;) {
        int found = getopt_long(argc, argv, shorts, longs, NULL);
        if (found == -1)
            break;
        if (found == 'h')
            *help = true;
        if (found == '?' || found == ':') {
            fail_option(command, found, argv, err);
            goto out;
        }
        size_t row = found >= 256 ? (size_t)found - 256 : 0;
        while (found < 256 && row < count && command->options[row].letter != found)
            row++;
        if (found != 'h' && !keep_value(arguments, row, optarg != NULL ? optarg : "", err))
            goto out;
    }
    arguments->words = (const char *const *)(uintptr_t)(argv + optind);
    arguments->word_count = (size_t)(argc - optind);
    ok = true;
out:
    free(longs);
    free(shorts);
    return ok;
}

bool arguments_parse(struct arguments *arguments, const struct command *command, int argc,
                     char **argv, bool *help, struct error *err)
{
    size_t count = count_rows(command->options);
    *arguments = (struct arguments){.rows = command->options};
    *help = false;
    arguments->values = calloc((count + 1) * ARGUMENT_REPEAT_MAX, sizeof *arguments->values);
    if (arguments->values == NULL)
        return error_set_memory(err);
    if (!parse_options(arguments, command, argc, argv, count, help, err))
        return false;
    if (*help)
        return true;
    if (arguments->word_count < command->words_least)
        return error_set(err, ERROR_USAGE, "too few arguments: tollgate %s takes %s; see --help",
                         command->name, command->words);
    if (arguments->word_count > command->words_most)
        return error_set(err, ERROR_USAGE,
                         "\"%s\" is one argument too many; see tollgate %s --help",
                         arguments->words[command->words_most], command->name);
    return true;
}

void arguments_release(struct arguments *arguments)
{
    free(arguments->values);
    *arguments = (struct arguments){0};
}

/* Wrapped at words, behind what stands in the first `indent` columns. */
static void print_wrapped(const char *text, int indent)
{
    size_t used = (size_t)indent;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        bool first = used == (size_t)indent;
        if (!first && used + 1 + word > HELP_COLUMNS) {
            printf("\n%*s", indent, "");
            used = (size_t)indent;
            first = true;
        }
        printf("%s%.*s", first ? "" : " ", (int)word, text);
        used += word + (first ? 0 : 1);
        text += word + strspn(text + word, " ");
    }
    putchar('\n');
}

static void print_exit_codes(void)
{
    char text[512] = "Exit codes:";
    for (const struct exit_row *row = exit_rows; row->meaning != NULL; row++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s %d %s", row == exit_rows ? "" : ",",
                 (int)row->code, row->meaning);
    }
    strncat(text, ".", sizeof text - strlen(text) - 1);
    print_wrapped(text, 0);
}

void command_print_overview(void)
{
    printf("tollgate weighs every endpoint of an HTTP API gateway before a pull request\n"
           "may pass.\n"
           "\n"
           "Usage: tollgate COMMAND [OPTION]...\n"
           "\n"
           "Commands:\n");
    for (size_t i = 0; commands[i] != NULL; i++)
        printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
    putchar('\n');
    print_exit_codes();
    printf("\n"
           "tollgate COMMAND --help tells more about a command, tollgate --version the\n"
           "version.\n");
}

static void print_option(const struct option_row *row)
{
    char left[64];
    char letter[8] = "    ";
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, row->name, row->argument != NULL ? " " : "",
             row->argument != NULL ? row->argument : "");
    if (strlen(left) > HELP_INDENT - 2)
        printf("%s\n%*s", left, HELP_INDENT, "");
    else
        printf("%-*s", HELP_INDENT, left);
    print_wrapped(row->help, HELP_INDENT);
}

void command_print_help(const struct command *command)
{
    static const struct option_row help = {"help", 'h', NULL, "this text"};
    printf("tollgate %s: %s\n\nUsage: tollgate %s [OPTION]...%s%s\n", command->name,
           command->summary, command->name, command->words[0] != '\0' ? " " : "", command->words);
    if (command->details != NULL)
        printf("\n%s\n", command->details);
    printf("\nOptions:\n");
    for (size_t i = 0; command->options[i].name != NULL; i++)
        print_option(&command->options[i]);
    print_option(&help);
    printf("\nExamples:\n");
    for (size_t i = 0; command->examples[i] != NULL; i += 2)
        printf("  %s\n      %s\n", command->examples[i], command->examples[i + 1]);
}
