/* What the base commit says of how a change is judged, read through GitHub's API, since a
 * publishing job checks nothing out: the config with the files that it names, CODEOWNERS, and what
 * the commits of the change accept. */
#ifndef TOLLGATE_RIG_GITHUB_BASE_H
#define TOLLGATE_RIG_GITHUB_BASE_H

#include "baselines/run.h"
#include "baselines/waiver.h"
#include "rig/github_pull.h"

enum { GITHUB_BASE_FILE_MAX_BYTES = 32 << 20 };

/* Copies the config that lies at `path` in the base commit, and what it needs, into a folder of its
 * own: *config_path is where it lies there, NULL when the base has none. The caller removes
 * *folder, which is set also on failure, unless NULL. Strings live in `arena`. */
MUST_CHECK bool github_base_fetch_config(const struct github_pull *pull, struct github *github,
                                         const char *path, struct arena *arena, const char **folder,
                                         const char **config_path, struct error *err);

/* The waivers of the pull request's commits, newest first, then those of `listed`. What is not
 * understood becomes a note. */
MUST_CHECK bool github_base_read_trailers(const struct github_pull *pull, struct github *github,
                                          const struct waiver_list *listed,
                                          struct waiver_list *list, struct run *notes,
                                          struct arena *arena, struct error *err);

/* Appends the values of the message's Tollgate-Accept trailers, a line each. Trailers are lines
 * "Key: value" of its last paragraph, which is none where a line of it is anything else. */
void github_base_append_trailers(struct buffer *out, const char *message);

/* Where `name` leads, seen from the folder of `from`: "a/b.json" and "../c" give "c". NULL when it
 * leads out of the tree. */
MUST_CHECK char *github_base_resolve(struct arena *arena, const char *from, const char *name);

#endif
