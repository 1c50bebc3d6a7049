/* An exchange in the making: what the importers of recordings have in common. */
#ifndef TOLLGATE_REPLAY_IMPORT_DRAFT_H
#define TOLLGATE_REPLAY_IMPORT_DRAFT_H

#include "replay/import_private.h"

enum { IMPORT_DRAFT_WARNINGS = 8 };

struct import_headers {
    struct header *items;
    size_t count, capacity;
};

struct import_draft {
    struct arena arena; /* of the exchange's strings */
    struct exchange exchange;
    struct import_headers request, response;
    const char *warnings[IMPORT_DRAFT_WARNINGS];
    size_t warning_count;
    bool failed; /* memory ran out */
};

/* A warning of several formats. */
extern const char *const import_target_encoded;

/* An exchange with weight 1 and no known answer. */
void import_draft_init(struct import_draft *draft);
void import_draft_release(struct import_draft *draft);

/* Says, once, what of the exchange is not as it was; `text` is constant. Noted when the exchange is
 * taken. */
void import_draft_warn(struct import_draft *draft, const char *text);

/* Sets authority and target. NULL, or why the URL cannot be replayed. */
const char *import_draft_set_url(struct import_draft *draft, const char *url, size_t size);

/* Adds a header, copied; what is not fit for the wire is dropped. */
void import_draft_add_header(struct import_draft *draft, struct import_headers *headers,
                             const char *name, const char *value, size_t value_size);
void import_draft_remove_header(struct import_headers *headers, const char *name);
const char *import_draft_find_header(const struct import_headers *headers, const char *name);

/* Copies text into the arena; NULL and `failed` when memory ran out. */
const char *import_draft_copy(struct import_draft *draft, const char *text, size_t size);

/* Decodes base64 into the body. False when it is none; `failed` may be set. */
bool import_draft_set_base64(struct import_draft *draft, const char *text, size_t size,
                             struct body *out);

/* Hands the exchange on; when it is taken its warnings are noted. */
MUST_CHECK bool import_draft_take(struct import_draft *draft, struct import_run *run,
                                  struct import_place place, bool *taken);

#endif
