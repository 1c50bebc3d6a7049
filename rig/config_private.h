/* How the sections of tollgate.json are read. A section is a function and a row in config.c. */
#ifndef TOLLGATE_RIG_CONFIG_PRIVATE_H
#define TOLLGATE_RIG_CONFIG_PRIVATE_H

#include "base/json.h"
#include "rig/config.h"

struct config_reader {
    struct config *config;
    struct error *err;
    bool map_may_be_missing; /* of endpoints */
};

/* Reads one section of `root`, which may lack it, into the config; errors name file and field. */
typedef bool config_section(const struct config_reader *reader, const json_t *root,
                            const struct json_place *place);

config_section config_read_gateway;
config_section config_read_redact;
config_section config_read_cost;
config_section config_read_owners;
config_section config_read_codeowners;
config_section config_read_upstreams;
config_section config_read_capture;
config_section config_read_inject;
config_section config_read_endpoints;

/* Goes on with the templates that are not written in the config itself. */
unsigned long long config_hash_endpoints(const struct config *config, unsigned long long hash);

/* An array of strings as a NULL-terminated vector. `least` is how many there must be; `count` may
 * be NULL. */
MUST_CHECK bool config_read_strings(const struct config_reader *reader, const json_t *array,
                                    size_t least, const struct json_place *place,
                                    const char *const **out, size_t *count);

/* A path, relative to the config's folder; usable as it is. Absent leaves *out. */
MUST_CHECK bool config_read_path(const struct config_reader *reader, const json_t *object,
                                 const char *key, enum json_need need, const char **out,
                                 const struct json_place *place);

/* A string that may be absent, which leaves *out. */
MUST_CHECK bool config_read_name(const struct config_reader *reader, const json_t *object,
                                 const char *key, const char **out, const struct json_place *place);

#endif
