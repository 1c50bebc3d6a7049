/* Puts production's counts on a corpus that has bodies: `tollgate import --weights-from LOG`. */
#ifndef TOLLGATE_RIG_IMPORT_WEIGHTS_H
#define TOLLGATE_RIG_IMPORT_WEIGHTS_H

#include "rig/import_input.h"

/* Writes the corpus anew with the weights changed and nothing else. Nothing of the logs but their
 * counts goes into it, so nothing is redacted. */
MUST_CHECK bool import_weights(const struct import_settings *settings, const char *corpus,
                               const char *const *logs, struct error *err);

#endif
