/* Where reports go: -O FORMAT[:PATH], colour and width. Shared by the commands that report. */
#ifndef TOLLGATE_RIG_OUTPUT_H
#define TOLLGATE_RIG_OUTPUT_H

#include "base/terminal.h"
#include "reporters/reporter.h"
#include "rig/command.h"

/* The rows that every reporting command has. */
#define OUTPUT_OPTIONS                                                                             \
    {"format", 'O', "FORMAT[:PATH]",                                                               \
     "terminal, json, markdown, github, html, junit, sarif, gitlab-metrics, gitlab-quality, "      \
     "openmetrics, csv, flame, folded, pprof, speedscope, callgrind or lcov; to PATH or stdout"},  \
        {"profile", 0, "KIND[:FIGURE]",                                                            \
         "what flame and the exports hold: cpu, alloc (or alloc:bytes), lines"},                   \
        {"key", 0, "NAME", "of several gateways in one repository: whose comment markdown is"},    \
        {"mention", 0, NULL, "let markdown call the owners, and not only name them"},              \
    {                                                                                              \
        "color", 0, "WHEN", "auto, always or never"                                                \
    }

struct output_target {
    const struct reporter *reporter;
    const char *path; /* NULL = stdout */
};

struct output {
    struct output_target targets[ARGUMENT_REPEAT_MAX];
    size_t count;
    struct report_style style;   /* of stdout; a file gets 80 columns without colour */
    struct report_choice choice; /* of --profile; the commands hand it on */
};

/* How to write to standard output, of --color and what is found there. */
MUST_CHECK bool output_parse_style(struct report_style *style, struct terminal *terminal,
                                   const struct arguments *arguments, struct error *err);

/* Reads the options; without -O it is one terminal report on stdout. */
MUST_CHECK bool output_parse(struct output *output, const struct arguments *arguments,
                             struct error *err);

/* Whether one of the reports draws a history. */
bool output_has_history(const struct output *output);

/* Writes every report; all are tried even when one fails. */
MUST_CHECK bool output_write(const struct output *output, const struct report *report,
                             struct error *err);

/* Fails now when a file could not be written later: minutes of measuring are not lost to a typing
 * error. NULL path is fine. */
MUST_CHECK bool output_check_path(const char *path, struct error *err);

#endif
