/* tollgate completions: what a shell needs to complete commands, options and their arguments, from
 * the tables. */
#include "rig/command.h"

#include "base/buffer.h"
#include "reporters/reporter.h"

#include <stdio.h>
#include <string.h>

enum { SCRIPT_BYTES_MAX = 1 << 20 };

/* What an option takes, told by the words in its row. */
enum kind { KIND_FLAG, KIND_FILE, KIND_FORMAT, KIND_WHEN, KIND_OTHER };

static enum kind kind_of(const char *argument)
{
    static const char *const files[] = {"FILE", "RUN", "LOG", "MAP", "DIR"};
    if (argument == NULL)
        return KIND_FLAG;
    if (strncmp(argument, "FORMAT", strlen("FORMAT")) == 0)
        return KIND_FORMAT;
    if (strcmp(argument, "WHEN") == 0)
        return KIND_WHEN;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (strstr(argument, files[i]) != NULL)
            return KIND_FILE;
    return KIND_OTHER;
}

static void put_formats(struct buffer *out)
{
    for (size_t i = 0; reporter_list()[i] != NULL; i++)
        buffer_append_format(out, "%s%s", i > 0 ? " " : "", reporter_list()[i]->name);
}

static void put_commands(struct buffer *out)
{
    for (size_t i = 0; command_list()[i] != NULL; i++)
        buffer_append_format(out, "%s%s", i > 0 ? " " : "", command_list()[i]->name);
}

/* The choices of a WHEN, which its help lists: "auto, always or never". */
static void put_choices(struct buffer *out, const char *help)
{
    for (size_t length; *help != '\0'; help += length + strspn(help + length, ", ")) {
        length = strcspn(help, ", ");
        if (length != 2 || strncmp(help, "or", length) != 0)
            buffer_append_format(out, "%.*s%s", (int)length, help, help[length] != '\0' ? " " : "");
    }
}

/* Within '...' of any of the shells. Help has no line breaks. */
static void put_quoted(struct buffer *out, const char *text, const char *quote)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buffer_append_string(out, quote);
        else
            buffer_append_char(out, *text);
    }
}

/* ---- bash ------------------------------------------------------------------------------------ */

static void put_bash_options(struct buffer *out, const struct command *command)
{
    buffer_append_format(out, "        %s) options='", command->name);
    for (const struct option_row *row = command->options; row->name != NULL; row++)
        buffer_append_format(out, "--%s ", row->name);
    buffer_append_string(out, "--help' ;;\n");
}

/* The options of a command that take one kind of thing, as a pattern of `case`. */
static void put_bash_kind(struct buffer *out, const struct command *command, enum kind kind,
                          const char *action)
{
    bool any = false;
    for (const struct option_row *row = command->options; row->name != NULL; row++) {
        if (kind_of(row->argument) != kind)
            continue;
        buffer_append_string(out, any ? "|" : "        ");
        buffer_append_format(out, "%s:--%s", command->name, row->name);
        if (row->letter != 0)
            buffer_append_format(out, "|%s:-%c", command->name, row->letter);
        any = true;
    }
    if (any)
        buffer_append_format(out, ") %s; return ;;\n", action);
}

static void put_bash_choices(struct buffer *out, const struct command *command)
{
    for (const struct option_row *row = command->options; row->name != NULL; row++) {
        if (kind_of(row->argument) != KIND_WHEN)
            continue;
        buffer_append_format(out, "        %s:--%s) mapfile -t COMPREPLY < <(compgen -W '",
                             command->name, row->name);
        put_choices(out, row->help);
        buffer_append_string(out, "' -- \"$word\"); return ;;\n");
    }
}

static void put_bash(struct buffer *out)
{
    buffer_append_string(out, "# bash completion of tollgate\n"
                              "_tollgate() {\n"
                              "    local word=${COMP_WORDS[COMP_CWORD]} before=\"\" command=\"\"\n"
                              "    local options=\"\" formats='");
    put_formats(out);
    buffer_append_string(out, "'\n"
                              "    COMPREPLY=()\n"
                              "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                              "        mapfile -t COMPREPLY < <(compgen -W '");
    put_commands(out);
    buffer_append_string(out, " --help --version' -- \"$word\")\n"
                              "        return\n"
                              "    fi\n"
                              "    command=${COMP_WORDS[1]}\n"
                              "    before=${COMP_WORDS[COMP_CWORD-1]}\n"
                              "    case $command:$before in\n");
    for (size_t i = 0; command_list()[i] != NULL; i++) {
        const struct command *command = command_list()[i];
        put_bash_kind(out, command, KIND_FORMAT,
                      "mapfile -t COMPREPLY < <(compgen -W \"$formats\" -- \"$word\")");
        put_bash_choices(out, command);
        put_bash_kind(out, command, KIND_FILE, "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")");
        put_bash_kind(out, command, KIND_OTHER, ":");
    }
    buffer_append_string(out, "    esac\n"
                              "    case $command in\n");
    for (size_t i = 0; command_list()[i] != NULL; i++)
        put_bash_options(out, command_list()[i]);
    buffer_append_string(out, "    esac\n"
                              "    case $word in\n"
                              "        -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- "
                              "\"$word\") ;;\n"
                              "        *) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
                              "    esac\n"
                              "}\n"
                              "complete -o filenames -F _tollgate tollgate\n");
}

/* ---- zsh ------------------------------------------------------------------------------------- */

static void put_zsh_action(struct buffer *out, const struct option_row *row)
{
    enum kind kind = kind_of(row->argument);
    if (kind == KIND_WHEN) {
        buffer_append_char(out, '(');
        put_choices(out, row->help);
        buffer_append_char(out, ')');
    } else {
        buffer_append_string(out, kind == KIND_FILE     ? "_files"
                                  : kind == KIND_FORMAT ? "->formats"
                                                        : " ");
    }
}

/* In a specification ':' and '[' ']' part its fields. */
static void put_zsh_help(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buffer_append_string(out, "'\\''");
        else if (strchr("[]:\\", *text) != NULL)
            buffer_append_format(out, "\\%c", *text);
        else
            buffer_append_char(out, *text);
    }
}

static void put_zsh_option(struct buffer *out, const struct option_row *row)
{
    const char letter[3] = {'-', row->letter, '\0'};
    for (int i = 0; i < (row->letter != 0 ? 2 : 1); i++) {
        buffer_append_format(out, " \\\n                '*%s%s[", i == 0 ? "--" : "",
                             i == 0 ? row->name : letter);
        put_zsh_help(out, row->help);
        buffer_append_char(out, ']');
        if (row->argument != NULL) {
            buffer_append_char(out, ':');
            put_zsh_help(out, row->argument);
            buffer_append_char(out, ':');
            put_zsh_action(out, row);
        }
        buffer_append_char(out, '\'');
    }
}

static void put_zsh(struct buffer *out)
{
    buffer_append_string(out, "#compdef tollgate\n"
                              "_tollgate() {\n"
                              "    local state\n"
                              "    local -a commands\n"
                              "    commands=(\n");
    for (size_t i = 0; command_list()[i] != NULL; i++) {
        buffer_append_format(out, "        '%s:", command_list()[i]->name);
        put_zsh_help(out, command_list()[i]->summary);
        buffer_append_string(out, "'\n");
    }
    buffer_append_string(out, "    )\n"
                              "    if (( CURRENT == 2 )); then\n"
                              "        _describe command commands\n"
                              "        return\n"
                              "    fi\n"
                              "    local command=$words[2]\n"
                              "    shift words\n"
                              "    (( CURRENT-- ))\n"
                              "    case $command in\n");
    for (size_t i = 0; command_list()[i] != NULL; i++) {
        buffer_append_format(out, "        %s)\n            _arguments -s",
                             command_list()[i]->name);
        for (const struct option_row *row = command_list()[i]->options; row->name != NULL; row++)
            put_zsh_option(out, row);
        buffer_append_string(out, " \\\n                '--help[this text]' \\\n"
                                  "                '*:file:_files' ;;\n");
    }
    buffer_append_string(out, "    esac\n"
                              "    [[ $state == formats ]] && compadd -- ");
    put_formats(out);
    buffer_append_string(out, "\n}\n_tollgate \"$@\"\n");
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void put_fish_option(struct buffer *out, const char *command, const struct option_row *row)
{
    enum kind kind = kind_of(row->argument);
    buffer_append_format(out, "complete -c tollgate -n '__fish_seen_subcommand_from %s' -l %s",
                         command, row->name);
    if (row->letter != 0)
        buffer_append_format(out, " -s %c", row->letter);
    if (kind != KIND_FLAG)
        buffer_append_string(out, kind == KIND_FILE ? " -r -F" : " -x");
    if (kind == KIND_WHEN || kind == KIND_FORMAT) {
        buffer_append_string(out, " -a '");
        if (kind == KIND_WHEN)
            put_choices(out, row->help);
        else
            put_formats(out);
        buffer_append_char(out, '\'');
    }
    buffer_append_string(out, " -d '");
    put_quoted(out, row->help, "\\'");
    buffer_append_string(out, "'\n");
}

static void put_fish(struct buffer *out)
{
    buffer_append_string(out, "# fish completion of tollgate\n");
    for (size_t i = 0; command_list()[i] != NULL; i++) {
        const struct command *command = command_list()[i];
        buffer_append_format(out, "complete -c tollgate -f -n __fish_use_subcommand -a %s -d '",
                             command->name);
        put_quoted(out, command->summary, "\\'");
        buffer_append_string(out, "'\n");
        for (const struct option_row *row = command->options; row->name != NULL; row++)
            put_fish_option(out, command->name, row);
    }
}

/* ---- the command ------------------------------------------------------------------------------
 */

static const struct shell {
    const char *name;
    void (*put)(struct buffer *out);
} shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(shells); i++) {
        if (strcmp(arguments->words[0], shells[i].name) != 0)
            continue;
        struct buffer script;
        buffer_init(&script, SCRIPT_BYTES_MAX);
        shells[i].put(&script);
        if (buffer_check(&script, err))
            fputs(buffer_text(&script), stdout);
        buffer_release(&script);
        return exit_code_of(err);
    }
    error_set(err, ERROR_USAGE, "there are completions for bash, zsh and fish, not for \"%s\"",
              arguments->words[0]);
    return EXIT_USAGE;
}

static const struct option_row options[] = {{0}};

static const char *const examples[] = {
    "in every bash",
    "tollgate completions bash >> ~/.bash_completion",
    "in every fish",
    "tollgate completions fish > ~/.config/fish/completions/tollgate.fish",
    NULL,
};

const struct command command_completions = {
    .name = "completions",
    .summary = "what a shell needs to complete commands and options",
    .words = "bash|zsh|fish",
    .words_least = 1,
    .words_most = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
