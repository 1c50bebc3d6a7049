/* Reading a run's JSON document, which may come from anywhere: every type, length and count is
 * checked. For the readers of this folder. */
#ifndef TOLLGATE_BASELINES_JSON_READER_H
#define TOLLGATE_BASELINES_JSON_READER_H

#include "base/arena.h"
#include "base/json.h"

enum {
    READER_WORD_MAX = 256,         /* bytes of a version, a date, a hash */
    READER_LINE_MAX = 4096,        /* bytes of a name */
    READER_TEXT_MAX = 1024 * 1024, /* bytes of a reason, which may hold two answers */
};

#define READER_COUNT_LIMIT  (INT64_C(1) << 53)
#define READER_FIGURE_LIMIT 1e18

struct reader {
    struct arena *arena; /* that what is read is copied into */
    struct error *err;
};

/* An optional text that is absent or null leaves NULL. */
bool reader_text(struct reader *reader, const json_t *object, const char *key, enum json_need need,
                 size_t max, const char **out, const struct json_place *place);
/* Required, and not empty. */
bool reader_name(struct reader *reader, const json_t *object, const char *key, const char **out,
                 const struct json_place *place);
bool reader_word(struct reader *reader, const json_t *object, const char *key, const char **out,
                 const struct json_place *place);
/* What is later handed to git, or names a file: nothing but hex digits. */
bool reader_hex(struct reader *reader, const json_t *object, const char *key, const char **out,
                const struct json_place *place);
bool reader_count(struct reader *reader, const json_t *object, const char *key, int64_t *out,
                  const struct json_place *place);

/* A list of at most `max`; room for it is made in the arena. */
bool reader_list(struct reader *reader, const json_t *object, const char *key, size_t max,
                 size_t element_size, const json_t **array, void **room,
                 const struct json_place *place);

enum { READER_TUPLE_MAX = 5 };

/* A short array of whole numbers, each from `min` to a maximum of its own. */
struct reader_tuple {
    size_t count; /* at most READER_TUPLE_MAX */
    int64_t min;
    int64_t max[READER_TUPLE_MAX];
};

bool reader_tuple(struct reader *reader, const json_t *value, const struct reader_tuple *rule,
                  int64_t *out, const struct json_place *place);
bool reader_object(struct reader *reader, const json_t *value, const struct json_place *place);

#endif
