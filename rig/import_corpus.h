/* Imports recordings and logs into a corpus: redacted, in order of time, whole or not at all. */
#ifndef TOLLGATE_RIG_IMPORT_CORPUS_H
#define TOLLGATE_RIG_IMPORT_CORPUS_H

#include "rig/import_input.h"

MUST_CHECK bool import_corpus(const struct import_settings *settings, const char *const *inputs,
                              size_t count, struct error *err);

#endif
