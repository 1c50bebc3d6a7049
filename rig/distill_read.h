/* A corpus as distilling sees it: an item an exchange, with what a run says that it costs. */
#ifndef TOLLGATE_RIG_DISTILL_READ_H
#define TOLLGATE_RIG_DISTILL_READ_H

#include "baselines/run.h"
#include "replay/distill.h"

/* The variant that an exchange is in a survey, by its line in the corpus. */
enum { DISTILL_NAME_SIZE = 32 };
void distill_name_exchange(size_t line, char out[static DISTILL_NAME_SIZE]);

struct distill_corpus {
    const char *path; /* borrowed */
    struct corpus *corpus;
    struct distill_item *items; /* in corpus order */
    size_t count;
    size_t measured; /* items that the run told the cost of */
    size_t singly;   /* of those, each by itself and not as one of its variant */
};

/* Reads the whole corpus once. `run` may be NULL. */
MUST_CHECK bool distill_corpus_read(struct distill_corpus *out, const char *path,
                                    const struct endpoint_map *map, const struct run *run,
                                    struct error *err);
void distill_corpus_release(struct distill_corpus *corpus);

/* What is kept of the head's samples of a metric, one figure; NAN when there are none. */
double distill_run_figure(const struct endpoint_result *endpoint, enum metric metric);

#endif
