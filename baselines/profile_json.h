/* The part of a run's document that holds profiles and sources. For this folder's run_read and
 * run_write.
 *
 *     "profiles": {"head": {"lines": {...}, "cpu": {...}, "alloc": {...}}, "base": {...}}
 *     "sources": {"head": [...], "base": [...]}, "source_changes": [...]
 *
 * In a profile strings are kept once, and frames, nodes, costs and calls are short arrays:
 *
 *     frames  [function, file, line, object, own]   strings by number, -1 = unknown; own 0 or 1
 *     nodes   [parent, frame]                       -1 = a root
 *     costs   [node, value...]                      one value a column of the kind
 *     calls   [from, to, calls, instructions] */
#ifndef TOLLGATE_BASELINES_PROFILE_JSON_H
#define TOLLGATE_BASELINES_PROFILE_JSON_H

#include "baselines/json_reader.h"
#include "baselines/json_writer.h"
#include "baselines/run.h"

void profile_json_put(struct writer *writer, json_t *root, const struct run *run);
bool profile_json_read(struct reader *reader, const json_t *root, struct run *run,
                       const struct json_place *place);
bool sources_json_read(struct reader *reader, const json_t *root, struct run *run,
                       const struct json_place *place);

#endif
