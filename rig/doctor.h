/* What `tollgate doctor` found, and its two forms. */
#ifndef TOLLGATE_RIG_DOCTOR_H
#define TOLLGATE_RIG_DOCTOR_H

#include "base/buffer.h"
#include "reporters/reporter.h"
#include "rig/probe.h"

struct doctor_pass {
    const char *name;
    bool wanted;                    /* the config has it switched on */
    const struct finding *obstacle; /* NULL = it can run */
};

struct doctor {
    const struct fingerprint *machine;
    const struct finding *findings; /* probe_count() */
    const struct doctor_pass *passes;
    size_t pass_count;
    const struct noise *noise;      /* NULL = not measured */
    struct noise_question question; /* what a run asks */
    double smallest_change;         /* that it would find; NAN = unknown */
    int exit_code;
};

/* Appends the page for people. */
void doctor_append_text(struct buffer *out, const struct doctor *doctor,
                        const struct report_style *style);

/* Appends a JSON document. */
MUST_CHECK bool doctor_append_json(struct buffer *out, const struct doctor *doctor,
                                   struct error *err);

#endif
