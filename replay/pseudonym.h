/* Pseudonyms: what stands in a recording for a secret. Keyed and deterministic: equal values have
 * equal pseudonyms wherever they stand, so what belonged together still does. Length and shape are
 * kept: an ASCII letter becomes a letter of the same case, a digit a digit, another character of
 * UTF-8 one of as many bytes, and everything else stays, so that a parser takes the same way.
 *
 * A pseudonym bears a mark, a property of its bytes that one value in 4,096 has by chance: so it
 * can be told from a secret without the key, and redacting twice changes nothing. Values of one or
 * two characters, for which no marked value may exist, become "x" and "0". */
#ifndef TOLLGATE_REPLAY_PSEUDONYM_H
#define TOLLGATE_REPLAY_PSEUDONYM_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

struct pseudonyms;

/* `key` may be any text. */
MUST_CHECK bool pseudonyms_new(struct pseudonyms **pseudonyms, const char *key, struct error *err);
void pseudonyms_free(struct pseudonyms *pseudonyms);

/* Writes the pseudonym of `size` bytes over `out`, which has as many; the two may be one. A
 * pseudonym is its own pseudonym. False when out of memory. */
MUST_CHECK bool pseudonym_make(struct pseudonyms *pseudonyms, const char *value, size_t size,
                               char *out);

/* The same for digits that must pass Luhn's check afterwards; other characters stay. */
MUST_CHECK bool pseudonym_make_luhn(struct pseudonyms *pseudonyms, const char *value, size_t size,
                                    char *out);

/* Whether the value bears the mark, or has nothing that could tell anything (no letter, digit or
 * other character that a pseudonym would replace). */
bool pseudonym_is(const char *value, size_t size);

/* Whether the digits among the characters pass Luhn's check. */
bool pseudonym_passes_luhn(const char *value, size_t size);

#endif
