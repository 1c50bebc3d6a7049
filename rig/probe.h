/* What this machine can measure: a table of probes, one row each, and what they found. */
#ifndef TOLLGATE_RIG_PROBE_H
#define TOLLGATE_RIG_PROBE_H

#include "base/interrupt.h"
#include "baselines/run.h"
#include "rig/noise.h"

enum probe_verdict {
    PROBE_UNASKED, /* not looked at this time; shown nowhere */
    PROBE_INFO,    /* a fact that is neither good nor bad */
    PROBE_OK,
    PROBE_WEAK,    /* the passes run, but see less */
    PROBE_MISSING, /* a pass cannot run */
};

/* What the probes may look at. Borrowed. */
struct probe_context {
    struct arena *arena; /* findings live in it */
    const struct fingerprint *machine;
    const struct interrupt *interrupt; /* may be NULL */
    const char *work_path;             /* where the passes write; need not exist yet */
    int cpu;                           /* to measure on; -1 = unknown */
    const struct noise *noise;         /* NULL = not measured */
};

struct finding {
    const struct probe *probe;
    enum probe_verdict verdict;
    const char *detail; /* what was found, in words */
    const char *mend;   /* a command that mends it; NULL = there is none */
};

struct probe {
    const char *group;
    const char *name;
    /* Fills verdict, detail and, where it depends on what was found, mend; these are zero before.
     * Never fails: what cannot be found out is said in `detail`. */
    void (*find)(const struct probe_context *context, struct finding *out);
    const char *without;   /* what it costs to live without; NULL for facts */
    const char *mend;      /* the command that mends it, where it is always the same */
    const char *package;   /* or the package to install */
    const char *needed_by; /* the pass that cannot run without it, "*" for all; NULL = none */
    bool capability;       /* goes into the run */
};

size_t probe_count(void);

/* Runs the whole table: `out` has probe_count() elements. Some hundredths of a second. */
void probe_run_all(const struct probe_context *context, struct finding *out);

/* The finding that keeps a pass from running, or NULL. */
const struct finding *probe_find_obstacle(const struct finding *findings, const char *pass);

/* Puts what was found into run->capabilities; run->fingerprint is filled in before. */
MUST_CHECK bool probe_describe_run(struct run *run, const char *work_path,
                                   const struct interrupt *interrupt, struct error *err);

const char *probe_verdict_word(enum probe_verdict verdict);

#endif
