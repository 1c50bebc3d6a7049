/* What the parts of redaction share. Values are treated in place: a pseudonym is as long as what it
 * stands for, so nothing around it moves. */
#ifndef TOLLGATE_REPLAY_REDACT_PRIVATE_H
#define TOLLGATE_REPLAY_REDACT_PRIVATE_H

#include "replay/pseudonym.h"
#include "replay/redact.h"
#include "replay/secret_shapes.h"

enum { REDACT_DEPTH_MAX = 6 }; /* of texts within texts */

struct redaction_count {
    const char *rule, *place;
    size_t count;
};

/* One exchange being gone through, to replace or only to look. */
struct walk {
    struct redaction *redaction;
    const struct exchange *exchange;
    redaction_found *found; /* NULL: secrets are replaced */
    void *context;
    const char *where; /* "response body" */
    const char *name;  /* of the header or key at hand; NULL = none */
    int depth;
    bool keeps_numbers; /* within a JWT, where they are times */
    bool failed;        /* out of memory */
};

/* Why a value under this name is secret ("password"), or NULL. */
const char *redact_name_rule(const struct redaction *redaction, const char *name, size_t size);

/* The same by lists: of more names, and of names that are none. */
const char *redact_find_name(const char *const *names, const char *const *keep, const char *name,
                             size_t size);

/* Whether the name is on the list. */
bool redact_is_kept(const char *const *keep, const char *name, size_t size);

/* Whether all that stands in an object under such a name is secret. */
bool redact_reaches_down(const char *rule);

/* A value that is secret as a whole: whatever it looks like. True when it was changed. */
bool redact_secret(struct walk *walk, const char *rule, char *text, size_t size);

/* A text in which secrets may stand: whatever it is, JSON, a form, an address, base64 of such. */
bool redact_text(struct walk *walk, char *text, size_t size);

/* Secrets by their looks alone. */
bool redact_shapes(struct walk *walk, char *text, size_t size);

/* How a text spells its characters. */
enum spelling { SPELLING_PERCENT, SPELLING_FORM, SPELLING_JSON };

/* Treats what a text spells, and spells the result as long as it was. `rule` NULL: as redact_text,
 * else as redact_secret. */
bool redact_spelled(struct walk *walk, enum spelling spelling, const char *rule, char *text,
                    size_t size);

/* By their names: "a=1&b=2". */
bool redact_pairs(struct walk *walk, enum spelling spelling, char *text, size_t size);
/* An address or the target of a request: path, and query by its names. */
bool redact_target(struct walk *walk, char *text, size_t size);
bool redact_json(struct walk *walk, char *text, size_t size);
bool redact_multipart(struct walk *walk, char *text, size_t size);
bool redact_markup(struct walk *walk, char *text, size_t size);

/* Counts a value replaced, or tells of one found. */
void redact_note(struct walk *walk, const char *rule);

struct pseudonyms *redact_pseudonyms(const struct walk *walk);

#endif
