/* What the files of the comparison share; nobody else includes it. */
#ifndef TOLLGATE_BASELINES_COMPARE_PRIVATE_H
#define TOLLGATE_BASELINES_COMPARE_PRIVATE_H

#include "baselines/compare.h"

/* One endpoint of the comparison. */
struct compare_row {
    const struct endpoint_result *head; /* NULL: removed */
    const struct endpoint_result *base; /* the head's own entry when measured beside it */
    struct endpoint_verdict *out;
};

struct compare_context {
    const struct compare_options *options;
    struct comparison *out;
    bool stored;              /* the base is another run */
    const char *incomparable; /* why no figure of the base may be held against ours, or NULL */
    struct compare_row *rows;
    size_t row_count;
    bool failed; /* memory ran out */
};

/* The replicates of one side; a stored base's are those of its head. Count 0: none. */
struct samples compare_side(const struct compare_context *context, const struct compare_row *row,
                            enum metric metric, enum side side);

/* The finite ones, sorted, in the comparison's arena; count 0 also when memory runs out. */
struct samples compare_sorted(struct compare_context *context, struct samples samples);

/* A reason in the comparison's arena; never NULL. */
const char *compare_say(struct compare_context *context, const char *format, ...) PRINTF_LIKE(2, 3);

/* Sets VERDICT_NONE with a reason and no change when the two sides cannot be compared; true when
 * so. head and base of the metric are left alone. */
bool compare_refuse(struct compare_context *context, const struct compare_row *row,
                    enum metric metric);

/* One exact metric of one endpoint that has figures on both sides. */
void compare_exact(struct compare_context *context, const struct compare_row *row,
                   enum metric metric);

/* A noisy metric of all endpoints at once. Says why it is not gated in out->cpu_note. */
MUST_CHECK bool compare_paired(struct compare_context *context, enum metric metric,
                               struct error *err);

/* A noisy metric of one endpoint against another run: informs only. */
void compare_unpaired(struct compare_context *context, const struct compare_row *row,
                      enum metric metric);

/* Lets pass what was accepted; see the source for what that takes. */
void compare_accept(struct compare_context *context);

/* Words for figures. */
struct compare_words {
    char text[96];
};

/* "+6.1 %", "-0.02 %", "2 %" without sign. */
struct compare_words compare_percent(double fraction);
struct compare_words compare_limit(double fraction);
/* "+6.1 % (5.2 to 7.0 %)", or without the interval when it is not known. */
struct compare_words compare_interval(double change, double low, double high);
/* "1200", "1.5", "64 bytes", "83.1 us". */
struct compare_words compare_value(double value, enum metric_unit unit);

#endif
