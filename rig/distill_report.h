/* What a small corpus says against the full one, as text. */
#ifndef TOLLGATE_RIG_DISTILL_REPORT_H
#define TOLLGATE_RIG_DISTILL_REPORT_H

#include "base/terminal.h"
#include "base/buffer.h"
#include "rig/distill_account.h"

/* What two runs measured: of the full corpus and of the small one. */
struct distill_runs {
    const struct run *full, *small;
};

/* A row an endpoint. `runs` may be NULL: then the guessed error stands for the measured ones. */
MUST_CHECK bool distill_report_append(struct buffer *out, const struct distill_account *account,
                                      const struct distill_runs *runs,
                                      const struct terminal *terminal, struct error *err);

/* Popularity, and what was left out. */
void distill_report_append_notes(struct buffer *out, const struct distill_account *account);

/* The largest error of what was measured, and where: infinite for an endpoint that the small
 * corpus's run does not have. False when no metric was measured in both. */
bool distill_report_worst(const struct distill_account *account, const struct distill_runs *runs,
                          double *error, const char **endpoint, enum metric *metric);

#endif
