/* Reading JSON objects field by field with errors that name the place. Over jansson; every parser
 * of ours reads through this, so that all say the same thing about the same mistake. */
#ifndef TOLLGATE_BASE_JSON_H
#define TOLLGATE_BASE_JSON_H

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

/* Where we are in a document: "tollgate.json: gateway.ready.path" is built from the chain. */
struct json_place {
    const struct json_place *parent; /* NULL at the root */
    const char *name;                /* file name at the root, key below it */
    long index;                      /* element of an array, or -1 */
};

struct json_place json_place_root(const char *file);
struct json_place json_place_key(const struct json_place *parent, const char *key);
struct json_place json_place_index(const struct json_place *parent, size_t index);

/* "tollgate.json: owners[2]", cut to `size`. */
void json_place_text(const struct json_place *place, char *out, size_t size);

/* ERROR_INPUT at the place. Returns false. */
bool json_fail(const struct json_place *place, struct error *err, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Parses a whole file or text; errors name file, line and column. Duplicate keys are refused.
 * The caller owns the result. NULL on error. */
MUST_CHECK json_t *json_parse_file(const char *path, size_t max_bytes, struct error *err);
MUST_CHECK json_t *json_parse_text(const char *name, const char *text, size_t size,
                                   struct error *err);

/* Refuses a key that is not in the NULL-terminated list, naming the nearest known one. */
MUST_CHECK bool json_only_keys(const json_t *object, const char *const *keys,
                               const struct json_place *place, struct error *err);

/* Each looks up `key` in `object`. Absent and not required: returns true and leaves *out as it
 * was. Wrong type, out of range or absent but required: false with the place. Borrowed results. */
enum json_need { JSON_OPTIONAL, JSON_REQUIRED };
MUST_CHECK bool json_get_string(const json_t *object, const char *key, enum json_need need,
                                const char **out, const struct json_place *place,
                                struct error *err);
MUST_CHECK bool json_get_int(const json_t *object, const char *key, enum json_need need,
                             int64_t min, int64_t max, int64_t *out, const struct json_place *place,
                             struct error *err);
MUST_CHECK bool json_get_number(const json_t *object, const char *key, enum json_need need,
                                double min, double max, double *out, const struct json_place *place,
                                struct error *err);
MUST_CHECK bool json_get_bool(const json_t *object, const char *key, enum json_need need, bool *out,
                              const struct json_place *place, struct error *err);
MUST_CHECK bool json_get_object(const json_t *object, const char *key, enum json_need need,
                                const json_t **out, const struct json_place *place,
                                struct error *err);
MUST_CHECK bool json_get_array(const json_t *object, const char *key, enum json_need need,
                               const json_t **out, const struct json_place *place,
                               struct error *err);

#endif
