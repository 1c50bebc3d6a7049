/* Where a command writes that has a text and a JSON of its own: -O terminal|json[:PATH], colour and
 * width. Commands that report on a run have rig/output.h. */
#ifndef TOLLGATE_RIG_PLAIN_OUTPUT_H
#define TOLLGATE_RIG_PLAIN_OUTPUT_H

#include "reporters/reporter.h"
#include "rig/command.h"

struct plain_target {
    bool json;
    const char *path; /* NULL = stdout */
};

struct plain_output {
    struct plain_target targets[ARGUMENT_REPEAT_MAX];
    size_t count;              /* at least 1: without -O it is the terminal's, on stdout */
    struct report_style style; /* of stdout */
    bool interactive;          /* stdout is a terminal */
};

/* Reads the options "format" and "color". `others` ends the message about a format that is not
 * there: "; see --html", or "". */
MUST_CHECK bool plain_output_parse(struct plain_output *output, const struct arguments *arguments,
                                   const char *others, struct error *err);

#endif
