/* Splits the "entries" of a HAR's "log" into the texts of its elements, without holding more than
 * one of them: a HAR can be larger than memory. Only nesting and strings are looked at; whether an
 * element is valid JSON is for its parser to say. */
#ifndef TOLLGATE_REPLAY_HAR_SCAN_H
#define TOLLGATE_REPLAY_HAR_SCAN_H

#include "base/buffer.h"
#include "replay/input.h"

enum { HAR_ENTRY_MAX_BYTES = 256 * 1024 * 1024 };

struct har_scan {
    struct input *input; /* borrowed */
    struct buffer text;  /* of the element */
    bool first;          /* no element was given out yet */
    bool too_long;       /* the element is, and its text is not whole */
    bool cut;            /* the file ended within the element, or before the list did */
};

/* Steps to the list of entries. ERROR_INPUT when there is none. */
MUST_CHECK bool har_scan_begin(struct har_scan *scan, struct input *input, struct error *err);
void har_scan_release(struct har_scan *scan);

/* The next element's text, in scan->text; *found is false behind the last. */
MUST_CHECK bool har_scan_next(struct har_scan *scan, bool *found, struct error *err);

#endif
