/* Owners by the files that an endpoint executes. */
#ifndef TOLLGATE_INSIGHTS_OWNERS_PRIVATE_H
#define TOLLGATE_INSIGHTS_OWNERS_PRIVATE_H

#include "base/names.h"
#include "insights/owners.h"

/* What CODEOWNERS says of one file, asked once. */
struct owners_file {
    const char *file;
    const char *rule; /* NULL = unmatched */
    uint32_t owner;   /* by number; OWNERS_NOBODY = unmatched or cleared */
    double cost;      /* of the endpoint that is asked about */
};

#define OWNERS_NOBODY UINT32_MAX

struct owners_files {
    const struct owners_question *question;
    struct arena *arena;
    struct name_table file_numbers, owner_numbers;
    struct owners_file *items; /* by the file's number */
    size_t room;
    uint32_t *touched; /* files with a cost */
    size_t touched_count;
    double *sums; /* by the owner's number */
    size_t sum_room;
};

void owners_files_init(struct owners_files *files, const struct owners_question *question,
                       struct arena *arena);
void owners_files_release(struct owners_files *files);

/* Fills owner, rule, file and share, or says why not. The owner is the one whose files have most of
 * the endpoint's cost in the gateway's own sources; files without an owner have no say. */
MUST_CHECK bool owners_files_ask(struct owners_files *files, struct endpoint_owner *out,
                                 struct error *err);

#endif
