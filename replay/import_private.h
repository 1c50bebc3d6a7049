/* What the importers share: an input under way, and its tally. */
#ifndef TOLLGATE_REPLAY_IMPORT_PRIVATE_H
#define TOLLGATE_REPLAY_IMPORT_PRIVATE_H

#include "replay/import.h"
#include "replay/input.h"

#include <jansson.h>

extern const struct importer importer_har, importer_gor, importer_vegeta, importer_combined,
    importer_common, importer_json, importer_alb;

/* How a place in the input is told. */
enum import_unit { IMPORT_LINES, IMPORT_RECORDS, IMPORT_ENTRIES };

struct import_run {
    const char *path;
    enum import_unit unit;
    const struct import_options *options;
    struct import_sink *sink;
    struct import_tally *tally;
    struct error *err;
    bool at_cut; /* the record under way is the file's last, and its end is not there */
};

struct import_place {
    size_t number;   /* of the line or record from 1, of the entry from 0 */
    uint64_t offset; /* told for records, which have no lines */
};

/* Each is one more in the tally; a `reason` is a constant text. What is odd about the last record
 * of a file that was cut off is no oddity, so it is left out for that. */
void import_note_odd(struct import_run *run, struct import_place place, const char *why);
void import_note_left_out(struct import_run *run, struct import_place place, const char *reason);
void import_note_warning(struct import_run *run, struct import_place place, const char *reason);

/* Hand on to the sink and tally what became of it. */
MUST_CHECK bool import_take(struct import_run *run, struct import_place place,
                            struct exchange *exchange, bool *taken);
MUST_CHECK bool import_count(struct import_run *run, struct import_place place,
                             const struct logged_request *request);

/* Reads a file line by line: blank ones are passed over, each other is seen and goes to `line`;
 * those that are longer than the maximum are odd. */
typedef bool import_line(struct import_run *run, void *state, const struct input_record *record);
MUST_CHECK bool import_each_line(struct import_run *run, size_t max_bytes, import_line *line,
                                 void *state);

/* To be called after the last record: warns when a compressed file ends too early. */
void import_end(struct import_run *run, const struct input *input);

extern const char *const import_file_ends;

/* Notes that jansson did not take a record. False, with ERROR_MEMORY, when that was for a lack of
 * memory. */
MUST_CHECK bool import_note_json(struct import_run *run, struct import_place place,
                                 const json_error_t *problem);

/* For recognising: steps through the whole lines of a head; at its end the last, cut one. */
bool import_head_line(const char **at, const char *end, struct span *line);

/* Whether the text holds the word. */
bool span_contains(struct span text, const char *word);
bool span_begins(struct span text, const char *word);
bool span_equals(struct span text, const char *word);

#endif
