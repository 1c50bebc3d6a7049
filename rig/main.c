#include "base/buffer.h"
#include "base/text.h"
#include "rig/command.h"
#include "rig/keeper.h"
#include "rig/version.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static void print_error(const struct error *err)
{
    struct buffer safe;
    buffer_init(&safe, 1 << 16);
    buffer_append_string(&safe, "tollgate: ");
    if (err->where[0] != '\0') {
        text_append_safe(&safe, err->where, strlen(err->where), false);
        buffer_append_string(&safe, ": ");
    }
    text_append_safe(&safe, err->text, strlen(err->text), true);
    fprintf(stderr, "%s\n", buffer_text(&safe));
    buffer_release(&safe);
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct error err = {0};
    struct arguments arguments;
    bool help;
    enum exit_code code = EXIT_PASSED;
    if (!arguments_parse(&arguments, command, argc, argv, &help, &err))
        code = EXIT_USAGE;
    else if (help)
        command_print_help(command);
    else
        code = command->run(&arguments, &err);
    arguments_release(&arguments);
    /* A report that could not be written whole must not look like one that could. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && err.code == ERROR_NONE)
        error_set_errno(&err, "cannot write to standard output");
    if (err.code == ERROR_NONE)
        return (int)code;
    print_error(&err);
    return (int)(code != EXIT_PASSED ? code : exit_code_of(&err));
}

static int fail_unknown(const char *name)
{
    const char *names[32] = {0};
    for (size_t i = 0; command_list()[i] != NULL && i + 1 < COUNT_OF(names); i++)
        names[i] = command_list()[i]->name;
    const char *nearest = text_nearest(name, names);
    fprintf(stderr, "tollgate: there is no command \"%s\"%s%s%s; see tollgate --help\n", name,
            nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
            nearest != NULL ? "\"?" : "");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, KEEPER_COMMAND) == 0)
        return keeper_main(argc - 1, argv + 1);
    setlocale(LC_CTYPE, "");
    if (strcmp(name, "--version") == 0) {
        printf("tollgate %s\n", version_text());
        return EXIT_PASSED;
    }
    bool asks_help =
        strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0;
    const struct command *command = command_by_name(asks_help && argc > 2 ? argv[2] : name);
    if (command == NULL && !asks_help)
        return fail_unknown(name);
    if (command == NULL) {
        command_print_overview();
        return argc > 1 ? EXIT_PASSED : EXIT_USAGE;
    }
    if (asks_help) {
        command_print_help(command);
        return EXIT_PASSED;
    }
    return run_command(command, argc - 1, argv + 1);
}
