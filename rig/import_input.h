/* What `tollgate import` was asked for, and one input file of it: recognised, read, judged by its
 * odd lines, and told about. */
#ifndef TOLLGATE_RIG_IMPORT_INPUT_H
#define TOLLGATE_RIG_IMPORT_INPUT_H

#include "replay/endpoints.h"
#include "replay/import.h"
#include "replay/redact.h"

struct import_settings {
    const char *output;
    const struct importer *format;             /* NULL: recognise each file's */
    struct import_options options;             /* for the importers */
    double max_odd;                            /* share of a file's records that may be odd */
    const char *const *hosts;                  /* globs, NULL-terminated; none = all */
    const struct endpoint_map *endpoints;      /* may have no templates */
    size_t max_distinct;                       /* different requests of logs that are kept */
    const struct redaction_options *redaction; /* NULL: nothing is redacted */
    FILE *report;                              /* results in words; warnings go to stderr */
};

/* Reads one file into the sink and tells what it had. An empty file is told and is no error;
 * ERROR_INPUT when its format is not known or more than the share is odd. */
MUST_CHECK bool import_input_read(const struct import_settings *settings, const char *path,
                                  struct import_sink *sink, struct error *err);

/* Whether an authority is of the hosts that were asked for; one that is not known always is. */
bool import_host_wanted(const struct import_settings *settings, const char *authority, size_t size);

/* "1 line", "1,138 entries" */
void import_print_count(FILE *file, size_t count, const char *unit);

/* How many values were replaced, and below it where, a line each: of redaction_append_report. */
void import_print_redactions(FILE *file, size_t count, const char *places);

/* Text from outside, made safe, onto a stream. */
void import_print_safe(FILE *file, const char *text, size_t size);

#endif
