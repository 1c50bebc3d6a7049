/* A reporter turns a run and its comparison into text. One file and one row each. */
#ifndef TOLLGATE_REPORTERS_REPORTER_H
#define TOLLGATE_REPORTERS_REPORTER_H

#include "base/buffer.h"
#include "baselines/compare.h"
#include "baselines/history.h"
#include "insights/cost.h"
#include "insights/owners.h"
#include "reporters/measured_text.h"

/* What an export of a profile is to hold; of --profile and --endpoint. */
struct report_choice {
    enum profile_kind profile; /* PROFILE_KIND_COUNT = not said: what the run has */
    const char *endpoint;      /* a glob; NULL = all endpoints */
    size_t value;              /* the column, for exports that hold one; 0 = the kind's first */
    const char *key;           /* of --key: which comment of several; NULL = "default" */
    bool mention;              /* of --mention: owners are called, and not only named */
};

/* Everything a reporter may say. Borrowed. */
struct report {
    const struct run *head;
    const struct run *base; /* the stored run that was compared with; NULL = the head's own base */
    const struct comparison *comparison;
    const struct gate *gate;
    int exit_code;
    struct report_choice choice;
    const struct owners *owners;        /* NULL = nothing is known of owners */
    const struct cost_report *cost;     /* NULL = not asked for; without has_money: shares only */
    const struct history *history;      /* NULL = nobody looked */
    const struct measured_texts *texts; /* NULL = nobody can look at the source tree */
};

struct report_style {
    int columns; /* of the terminal; 80 in a pipe */
    bool color;
    bool utf8; /* else ASCII only */
};

struct reporter {
    const char *name; /* of -O */
    const char *help; /* one line */
    bool binary;      /* nothing for a terminal */
    bool has_history; /* draws one */
    /* Appends the whole report. */
    bool (*write)(const struct report *report, const struct report_style *style, struct buffer *out,
                  struct error *err);
    /* Where a report is more than one text: what `write` appended goes to standard output, and this
     * writes files that the environment names, or `path` of -O (NULL = none). May append to `out`.
     * NULL: the report is one text, which goes to the path. */
    bool (*deliver)(const struct report *report, const char *path, struct buffer *out,
                    struct error *err);
};

/* NULL-terminated. */
const struct reporter *const *reporter_list(void);
const struct reporter *reporter_by_name(const char *name);

#endif
