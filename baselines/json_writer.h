/* Building a run's JSON document without a check a line: the first failure is remembered. For the
 * writers of this folder. */
#ifndef TOLLGATE_BASELINES_JSON_WRITER_H
#define TOLLGATE_BASELINES_JSON_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct writer {
    bool failed;
};

/* Notes a value that could not be made. Returns it. */
json_t *writer_keep(struct writer *writer, json_t *value);

/* Both take `value`, also when they fail. */
void writer_put(struct writer *writer, json_t *object, const char *key, json_t *value);
void writer_append(struct writer *writer, json_t *array, json_t *value);

/* NULL becomes null; bytes that are not UTF-8, as a wrong answer or a symbol may hold, become
 * visible escapes; what is longer than 64 KiB is cut. */
json_t *writer_text(struct writer *writer, const char *text);
json_t *writer_integer(struct writer *writer, int64_t value);

/* Whole numbers as integers, what is not finite as null. */
json_t *writer_number(struct writer *writer, double value);
json_t *writer_ratio(struct writer *writer, double value);    /* to six significant digits */
json_t *writer_exact(struct writer *writer, double value);    /* to four decimals */
json_t *writer_quantity(struct writer *writer, double value); /* as a ratio; not finite: 0 */

#endif
