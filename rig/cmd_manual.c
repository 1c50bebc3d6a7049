/* tollgate manual: the manual page, from the tables of commands and options; man(7)'s macros. */
#include "rig/command.h"

#include "base/buffer.h"
#include "rig/version.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_BYTES_MAX = 1 << 20 };

static const struct {
    const char *name, *what;
} files[] = {
    {"tollgate.json", "How to build, start and know ready the gateway; endpoints, gate, baseline. "
                      "A JSON schema of it is installed with tollgate."},
    {"corpus.jsonl", "The recorded requests: a header line, then one exchange a line."},
    {".tollgate/",
     "Beside tollgate.json: logs, built base commits, and baselines unless the config "
     "keeps them elsewhere. Not to be committed, but for baselines."},
};

static const struct {
    const char *name, *what;
} variables[] = {
    {"NO_COLOR, CLICOLOR_FORCE", "Whether reports are coloured, where --color does not say."},
};

/* As it stands: no request of roff's begins in it, and hyphens can be copied. */
static void put_text(struct buffer *out, const char *text)
{
    bool at_start = true;
    for (; *text != '\0'; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            buffer_append_string(out, "\\&");
        at_start = *text == '\n';
        if (*text == '\\')
            buffer_append_string(out, "\\e");
        else if (*text == '-')
            buffer_append_string(out, "\\-");
        else
            buffer_append_char(out, *text);
    }
}

/* A line of its own. */
static void put_line(struct buffer *out, const char *before, const char *text, const char *after)
{
    buffer_append_string(out, before);
    put_text(out, text);
    buffer_append_string(out, after);
    buffer_append_char(out, '\n');
}

static void put_item(struct buffer *out, const char *name, const char *what)
{
    buffer_append_string(out, ".TP\n");
    put_line(out, "\\fB", name, "\\fR");
    put_line(out, "", what, "");
}

static void put_option(struct buffer *out, const struct option_row *row)
{
    buffer_append_string(out, ".TP\n\\fB");
    if (row->letter != 0)
        buffer_append_format(out, "\\-%c\\fR, \\fB", row->letter);
    buffer_append_string(out, "\\-\\-");
    put_text(out, row->name);
    buffer_append_string(out, "\\fR");
    if (row->argument != NULL) {
        buffer_append_string(out, " \\fI");
        put_text(out, row->argument);
        buffer_append_string(out, "\\fR");
    }
    buffer_append_char(out, '\n');
    put_line(out, "", row->help, "");
}

static void put_command(struct buffer *out, const struct command *command)
{
    put_line(out, ".SS tollgate ", command->name, "");
    put_line(out, "", command->summary, ".");
    buffer_append_string(out, ".PP\n");
    put_line(out, "\\fBtollgate ", command->name, "\\fR [\\fIoption\\fR]...");
    if (command->words[0] != '\0')
        put_line(out, "\\fI", command->words, "\\fR");
    if (command->details != NULL) {
        /* Laid out by hand in the help. */
        buffer_append_string(out, ".PP\n.nf\n");
        put_line(out, "", command->details, "");
        buffer_append_string(out, ".fi\n");
    }
    for (size_t i = 0; command->options[i].name != NULL; i++)
        put_option(out, &command->options[i]);
    for (size_t i = 0; command->examples[i] != NULL; i += 2) {
        buffer_append_string(out, ".PP\n");
        put_line(out, "Example: ", command->examples[i], "");
        buffer_append_string(out, ".PP\n.RS\n.nf\n");
        put_line(out, "\\fB", command->examples[i + 1], "\\fR");
        buffer_append_string(out, ".fi\n.RE\n");
    }
}

static void put_page(struct buffer *out)
{
    put_line(out, ".TH TOLLGATE 1 \"\" \"tollgate ", version_text(), "\" \"User Commands\"");
    buffer_append_string(out, ".SH NAME\ntollgate \\- weighs every endpoint of an HTTP API gateway "
                              "before a pull request may pass\n"
                              ".SH SYNOPSIS\n\\fBtollgate\\fR \\fIcommand\\fR "
                              "[\\fIoption\\fR]...\n"
                              ".SH DESCRIPTION\n"
                              "Replays a recorded corpus of requests at a locally built gateway, "
                              "measures what each endpoint costs (CPU time, instructions, "
                              "allocations, lines executed), and compares that with a stored "
                              "baseline or with the base commit built and run beside it.\n"
                              "Every command has \\fB\\-\\-help\\fR.\n"
                              ".SH COMMANDS\n");
    for (size_t i = 0; command_list()[i] != NULL; i++)
        put_command(out, command_list()[i]);
    buffer_append_string(out, ".SH EXIT STATUS\n");
    for (const struct exit_row *row = command_exit_rows(); row->meaning != NULL; row++) {
        char code[16];
        snprintf(code, sizeof code, "%d", (int)row->code);
        put_item(out, code, row->meaning);
    }
    buffer_append_string(out, ".SH FILES\n");
    for (size_t i = 0; i < COUNT_OF(files); i++)
        put_item(out, files[i].name, files[i].what);
    buffer_append_string(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        put_item(out, variables[i].name, variables[i].what);
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct buffer page;
    (void)arguments;
    buffer_init(&page, PAGE_BYTES_MAX);
    put_page(&page);
    if (buffer_check(&page, err))
        fputs(buffer_text(&page), stdout);
    buffer_release(&page);
    return exit_code_of(err);
}

static const struct option_row options[] = {{0}};

static const char *const examples[] = {
    "read it without installing it",
    "tollgate manual | man -l -",
    NULL,
};

const struct command command_manual = {
    .name = "manual",
    .summary = "the manual page",
    .words = "",
    .options = options,
    .examples = examples,
    .run = run,
};
