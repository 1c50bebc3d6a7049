/* Redaction: secrets and personal data are replaced before anything reaches the disk, in requests,
 * responses and upstream calls alike.
 *
 * By name (headers, query and form keys, JSON keys, cookies) and by shape (JWTs, card numbers that
 * pass Luhn's check, e-mail addresses, keys of known forms), also nested: JSON within JSON, forms,
 * base64. A pseudonym is keyed (HMAC), deterministic, and keeps length and shape: letters become
 * letters, digits digits, a card number still passes Luhn's check, a JWT still has three parts that
 * decode. So equal values stay equal, joins and cache keys survive, and parsing costs the same. */
#ifndef TOLLGATE_REPLAY_REDACT_H
#define TOLLGATE_REPLAY_REDACT_H

#include "base/buffer.h"
#include "replay/corpus.h"

struct redaction_options {
    const char *key; /* of the pseudonyms; NULL = a random one, so that they join with no others */
    const char *const *names; /* more names to redact, any case; NULL-terminated or NULL */
    const char *const *keep;  /* names never to redact; NULL-terminated or NULL */
};

struct redaction;

MUST_CHECK bool redaction_new(struct redaction **redaction, const struct redaction_options *options,
                              struct error *err);
void redaction_free(struct redaction *redaction);

/* Points the exchange's fields to redacted copies in `arena` where something was replaced; framing
 * that depends on it (Content-Length) is put right. What cannot be read as what it claims to be
 * (a broken JSON body) is searched by shape alone. */
MUST_CHECK bool redaction_apply(struct redaction *redaction, struct exchange *exchange,
                                struct arena *arena, struct error *err);

/* Names the rules in force: hex, the same for equal options but for the key. */
const char *redaction_policy(const struct redaction *redaction);

/* How many values were replaced, by rule and place, as lines of text, most first. */
void redaction_append_report(const struct redaction *redaction, struct buffer *out);
size_t redaction_count(const struct redaction *redaction);

/* Looks for what should not be there: secrets that slipped in. Calls `found` with the place
 * ("line 12: response header set-cookie") and the rule for each; never with the value. A pseudonym
 * of this redaction's own making is recognised by its mark and not found. */
typedef void redaction_found(void *context, const struct exchange *exchange, const char *place,
                             const char *rule);
MUST_CHECK bool redaction_check(struct redaction *redaction, const struct exchange *exchange,
                                redaction_found *found, void *context, struct error *err);

#endif
