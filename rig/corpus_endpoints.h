/* tollgate corpus endpoints: which template each exchange belongs to, and what made the template.
 */
#ifndef TOLLGATE_RIG_CORPUS_ENDPOINTS_H
#define TOLLGATE_RIG_CORPUS_ENDPOINTS_H

#include "base/arena.h"
#include "replay/corpus.h"
#include "replay/endpoints.h"
#include "rig/config.h"

#include <stdio.h>

struct corpus_endpoints_options {
    const char *config_path;     /* NULL = tollgate.json, which a named corpus does not need */
    const char *corpus_path;     /* NULL = the config's */
    const char *freeze_path;     /* NULL = write no map */
    const char *const *requests; /* to match: "GET /v3/pins/9"; NULL-terminated */
};

MUST_CHECK bool corpus_endpoints(const struct corpus_endpoints_options *options, struct error *err);

/* ---- what its parts hand to each other ------------------------------------------------------- */

enum { CORPUS_ENDPOINTS_EXAMPLES = 3 };

/* What the corpus has of one template. */
struct endpoint_traffic {
    size_t exchanges;
    double weight;
    const char *examples[CORPUS_ENDPOINTS_EXAMPLES]; /* paths; NULL after the last */
};

struct corpus_survey {
    struct arena arena;
    const char *path;        /* of the corpus */
    struct endpoint_map map; /* all templates, those inferred last: each exchange matches one */
    struct endpoint_traffic *traffic; /* by template */
    bool has_templates;               /* any that is not inferred */
    size_t exchanges;
    double weight;
    size_t unmatched; /* exchanges that only an inferred template matches */
};

/* Reads the corpus and sorts its exchanges by the rows, and where none matches by templates that
 * are inferred from the whole corpus. Rows of the exchanges' own names join in where there are
 * none. */
MUST_CHECK bool corpus_survey_make(struct corpus_survey *survey, const char *path,
                                   const struct endpoint_row *rows, size_t count,
                                   struct error *err);
void corpus_survey_release(struct corpus_survey *survey);

/* How many exchanges, of those that a written template took, `next` gives to another one. */
MUST_CHECK bool corpus_survey_count_moved(const struct corpus_survey *survey,
                                          const struct endpoint_map *next, size_t *moved,
                                          struct error *err);

void corpus_survey_print(const struct corpus_survey *survey, FILE *file);

/* Says which template the request belongs to, and which others match it. */
MUST_CHECK bool corpus_survey_print_match(const struct corpus_survey *survey, const char *request,
                                          FILE *file, struct error *err);

#endif
