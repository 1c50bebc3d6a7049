/* Puts a profile together: interns strings, frames and nodes, and adds costs up. */
#ifndef TOLLGATE_BASELINES_PROFILE_BUILDER_H
#define TOLLGATE_BASELINES_PROFILE_BUILDER_H

#include "baselines/profile.h"

struct profile_builder;

/* `endpoint_names` in the order of their indices below; borrowed until profile_builder_finish. */
MUST_CHECK bool profile_builder_new(struct profile_builder **builder, enum profile_kind kind,
                                    const char *const *endpoint_names, size_t endpoint_count,
                                    struct error *err);
void profile_builder_free(struct profile_builder *builder);

/* The index of the frame; equal ones are one. Strings are copied. Out of memory: PROFILE_NONE,
 * which every other call takes and passes on, and profile_builder_finish fails. */
uint32_t profile_builder_frame(struct profile_builder *builder, const struct profile_frame *frame);

/* The index of the node for `frame` below `parent` (PROFILE_NONE = a root). */
uint32_t profile_builder_node(struct profile_builder *builder, uint32_t parent, uint32_t frame);

enum { PROFILE_START = -1 }; /* as an endpoint: what is charged to none, see struct profile */

/* Adds values (PROFILE_VALUES_MAX of them) to what the endpoint spent at the node. */
void profile_builder_add(struct profile_builder *builder, int endpoint, uint32_t node,
                         const double values[PROFILE_VALUES_MAX]);
void profile_builder_add_call(struct profile_builder *builder, int endpoint,
                              const struct profile_call *call);
void profile_builder_add_requests(struct profile_builder *builder, int endpoint, int64_t requests);
void profile_builder_add_error_node(struct profile_builder *builder, uint32_t node);
void profile_builder_add_note(struct profile_builder *builder, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Copies all into `arena`. Fields that only the caller knows (rate_hz, lost, unresolved) are left
 * 0. The builder still has to be freed. */
MUST_CHECK bool profile_builder_finish(struct profile_builder *builder, struct arena *arena,
                                       struct profile *profile, struct error *err);

#endif
