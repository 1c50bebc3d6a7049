#include "baselines/waiver.h"

#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    WAIVERS_MAX = 10000,
    TRAILER_MAX_BYTES = 4096,
    WORDS_MAX = 64, /* before "because" */
    FIELD_MAX_BYTES = 4096,
};

/* A hundredfold is no acceptance but its absence. */
#define RELATIVE_MAX 100.0
#define ABSOLUTE_MAX 1e15
/* A limit that was written as it was measured holds despite the last binary digit. */
#define AGREEMENT 1e-9

static const char form[] = "write ENDPOINT METRIC +LIMIT [until YYYY-MM-DD] because WHY";

static bool read_digits(const char *text, size_t count, int *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

bool waiver_is_date(const char *text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !read_digits(text, 4, &year) ||
        !read_digits(text + 5, 2, &month) || !read_digits(text + 8, 2, &day))
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool waiver_matches(const struct waiver *waiver, const char *endpoint, enum metric metric)
{
    return waiver->metric == metric && text_matches_glob(waiver->endpoint, endpoint);
}

bool waiver_is_over(const struct waiver *waiver, const char *today)
{
    return waiver->until != NULL && strcmp(today, waiver->until) > 0;
}

bool waiver_covers(const struct waiver *waiver, double base, double growth)
{
    double limit = isnan(waiver->absolute) ? waiver->relative * fabs(base) : waiver->absolute;
    return growth <= limit * (1 + AGREEMENT);
}

static enum metric find_metric(const char *word)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const struct metric_info *info = metric_info((enum metric)i);
        if (strcasecmp(word, info->key) == 0 || strcasecmp(word, info->title) == 0)
            return (enum metric)i;
    }
    return METRIC_COUNT;
}

static const char *find_nearest(const char *word)
{
    const char *names[2 * METRIC_COUNT + 1] = {0};
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        names[2 * i] = metric_info((enum metric)i)->key;
        names[2 * i + 1] = metric_info((enum metric)i)->title;
    }
    return text_nearest(word, names);
}

/* NULL when the word names a metric that can be waived; else why not, in `arena`. */
static const char *read_metric(const char *word, enum metric *metric, struct arena *arena)
{
    *metric = find_metric(word);
    const char *why;
    if (*metric == METRIC_COUNT) {
        const char *nearest = find_nearest(word);
        why = arena_format(arena, "\"%.100s\" is no metric%s%s%s", word,
                           nearest != NULL ? "; did you mean \"" : "",
                           nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    } else if (metric_info(*metric)->kind == METRIC_INFORMATIONAL) {
        why = arena_format(arena, "%s is shown and not compared: there is nothing to accept",
                           metric_info(*metric)->key);
    } else {
        return NULL;
    }
    return why != NULL ? why : "out of memory";
}

/* How many of the metric's units one of `unit` is; NAN when it is no unit of the metric. */
static double find_scale(const char *unit, enum metric_unit kind)
{
    static const struct {
        const char *name;
        enum metric_unit kind;
        double scale;
    } units[] = {
        {"ns", UNIT_NS, 1},        {"us", UNIT_NS, 1e3},     {"µs", UNIT_NS, 1e3},
        {"ms", UNIT_NS, 1e6},      {"s", UNIT_NS, 1e9},      {"B", UNIT_BYTES, 1},
        {"byte", UNIT_BYTES, 1},   {"bytes", UNIT_BYTES, 1}, {"kB", UNIT_BYTES, 1e3},
        {"KiB", UNIT_BYTES, 1024}, {"MB", UNIT_BYTES, 1e6},  {"MiB", UNIT_BYTES, 1048576},
        {"", UNIT_COUNT, 1},       {"k", UNIT_COUNT, 1e3},   {"M", UNIT_COUNT, 1e6},
    };
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (units[i].kind == kind && strcmp(units[i].name, unit) == 0)
            return units[i].scale;
    return NAN;
}

static const char *name_units(enum metric_unit kind)
{
    switch (kind) {
    case UNIT_NS:
        return "%, ns, us, ms or s";
    case UNIT_BYTES:
        return "%, B, kB, KiB, MB or MiB";
    case UNIT_COUNT:
        break;
    }
    return "%, k, M or no unit";
}

/* What strtod reads beyond decimals (hexadecimal, nan, inf) is no limit. */
static bool is_limit(const char *word)
{
    return word[0] == '+' && word[1] >= '0' && word[1] <= '9' && strpbrk(word, "xX") == NULL;
}

/* "+8%", "+8 %", "+4 KiB". `unit` is the word behind, or NULL; *used tells whether it was one. */
static bool read_limit(struct waiver *waiver, const char *word, const char *unit, bool *used,
                       struct error *err)
{
    char *end;
    enum metric_unit kind = metric_info(waiver->metric)->unit;
    double value = strtod(word + 1, &end);
    *used = *end == '\0' && unit != NULL;
    const char *name = *used ? unit : end;
    bool share = strcmp(name, "%") == 0;
    double scale = share ? 0.01 : find_scale(name, kind);
    if (isnan(scale))
        return error_set(err, ERROR_INPUT, "\"%.100s\" has no unit of %s: it takes %s", word,
                         metric_info(waiver->metric)->key, name_units(kind));
    value *= scale;
    if (!(value > 0) || value > (share ? RELATIVE_MAX : ABSOLUTE_MAX))
        return error_set(err, ERROR_INPUT, "\"%.100s\" is no limit: it must be above 0%s", word,
                         share ? " and at most 10000 %" : " and not beyond reason");
    waiver->relative = share ? value : NAN;
    waiver->absolute = share ? NAN : value;
    return true;
}

/* A trailer cut into words; `because` is what stands behind that word. */
struct trailer {
    char *words[WORDS_MAX + 1];
    size_t count;
    char *because;
};

/* Cuts in place. */
static bool cut_words(struct trailer *trailer, char *text, struct error *err)
{
    for (char *at = text + strspn(text, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        char *end = at + strcspn(at, " \t");
        bool last = *end == '\0';
        *end = '\0';
        if (strcmp(at, "because") == 0 || strcmp(at, "because:") == 0) {
            trailer->because = last ? end : end + 1 + strspn(end + 1, " \t");
            break;
        }
        if (trailer->count == WORDS_MAX)
            return error_set(err, ERROR_INPUT, "it has too many words; %s", form);
        trailer->words[trailer->count++] = at;
        at = last ? end : end + 1;
    }
    if (trailer->because == NULL || *trailer->because == '\0')
        return error_set(err, ERROR_INPUT, "it does not say why: it must end with because WHY");
    return true;
}

/* The endpoint's words joined again, with one space each. */
static const char *join_words(const struct trailer *trailer, size_t count, struct arena *arena)
{
    struct buffer joined;
    buffer_init(&joined, TRAILER_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(&joined, i > 0 ? " " : "");
        buffer_append_string(&joined, trailer->words[i]);
    }
    const char *copy = joined.failed ? NULL : arena_copy_string(arena, buffer_text(&joined));
    buffer_release(&joined);
    return copy;
}

/* What may stand between the limit and "because". */
static bool read_until(struct waiver *waiver, const struct trailer *trailer, size_t at,
                       struct arena *arena, struct error *err)
{
    if (at == trailer->count)
        return true;
    const char *word = trailer->words[at];
    if (strcmp(word, "until") != 0 || at + 2 != trailer->count)
        return error_set(
            err, ERROR_INPUT, "\"%.100s\" is not understood; %s",
            strcmp(word, "until") != 0 || at + 1 == trailer->count ? word : trailer->words[at + 2],
            form);
    if (!waiver_is_date(trailer->words[at + 1]))
        return error_set(err, ERROR_INPUT, "\"%.100s\" is no day: write it as 2027-01-31",
                         trailer->words[at + 1]);
    waiver->until = arena_copy_string(arena, trailer->words[at + 1]);
    return waiver->until != NULL || error_set_memory(err);
}

static bool read_words(struct waiver *waiver, const struct trailer *trailer, struct arena *arena,
                       struct error *err)
{
    size_t limit = 0;
    bool used;
    while (limit < trailer->count && !is_limit(trailer->words[limit]))
        limit++;
    if (limit < 2 || limit == trailer->count)
        return error_set(err, ERROR_INPUT, "it names no %s; %s",
                         limit == trailer->count ? "limit such as +8%" : "endpoint and metric",
                         form);
    const char *why = read_metric(trailer->words[limit - 1], &waiver->metric, arena);
    if (why != NULL)
        return error_set(err, ERROR_INPUT, "%s", why);
    const char *next = limit + 1 < trailer->count && strcmp(trailer->words[limit + 1], "until") != 0
                           ? trailer->words[limit + 1]
                           : NULL;
    if (!read_limit(waiver, trailer->words[limit], next, &used, err) ||
        !read_until(waiver, trailer, limit + (used ? 2 : 1), arena, err))
        return false;
    waiver->endpoint = join_words(trailer, limit - 1, arena);
    waiver->because = arena_copy_string(arena, trailer->because);
    return (waiver->endpoint != NULL && waiver->because != NULL) || error_set_memory(err);
}

bool waiver_parse_trailer(struct waiver *waiver, const char *text, const char *by,
                          struct arena *arena, struct error *err)
{
    struct trailer trailer = {0};
    *waiver = (struct waiver){.relative = NAN, .absolute = NAN, .by = by};
    if (strlen(text) > TRAILER_MAX_BYTES)
        return error_set(err, ERROR_INPUT, "it is longer than %d bytes", TRAILER_MAX_BYTES);
    char *copy = arena_copy_string(arena, text);
    if (copy == NULL)
        return error_set_memory(err);
    return cut_words(&trailer, copy, err) && read_words(waiver, &trailer, arena, err);
}

static bool copy_field(const json_t *object, const char *key, enum json_need need, const char **out,
                       const struct json_place *place, struct arena *arena, struct error *err)
{
    const char *text = NULL;
    struct json_place at = json_place_key(place, key);
    if (!json_get_string(object, key, need, &text, place, err))
        return false;
    if (text == NULL)
        return true;
    if (*text == '\0' || strlen(text) > FIELD_MAX_BYTES)
        return json_fail(&at, err, "must be 1 to %d bytes long", FIELD_MAX_BYTES);
    *out = arena_copy_string(arena, text);
    return *out != NULL || error_set_memory(err);
}

static bool read_limits(struct waiver *waiver, const json_t *object, const struct json_place *place,
                        struct error *err)
{
    struct json_place change = json_place_key(place, "change");
    struct json_place absolute = json_place_key(place, "absolute");
    if (!json_get_number(object, "change", JSON_OPTIONAL, 0, RELATIVE_MAX, &waiver->relative, place,
                         err) ||
        !json_get_number(object, "absolute", JSON_OPTIONAL, 0, ABSOLUTE_MAX, &waiver->absolute,
                         place, err))
        return false;
    if (isnan(waiver->relative) && isnan(waiver->absolute))
        return json_fail(&change, err,
                         "is missing: the accepted fraction; or give \"absolute\", in the unit");
    if (!isnan(waiver->relative) && !isnan(waiver->absolute))
        return json_fail(&absolute, err, "excludes \"change\": give one of them");
    return true;
}

static bool read_row(struct waiver *waiver, const json_t *object, const struct json_place *place,
                     struct arena *arena, struct error *err)
{
    static const char *const keys[] = {"endpoint", "metric",  "change", "absolute",
                                       "until",    "because", NULL};
    const char *metric = NULL;
    struct json_place metric_at = json_place_key(place, "metric");
    struct json_place until_at = json_place_key(place, "until");
    *waiver = (struct waiver){.relative = NAN, .absolute = NAN, .by = "the accept list"};
    if (!json_is_object(object))
        return json_fail(place, err, "must be an object");
    if (!json_only_keys(object, keys, place, err) ||
        !copy_field(object, "endpoint", JSON_REQUIRED, &waiver->endpoint, place, arena, err) ||
        !copy_field(object, "metric", JSON_REQUIRED, &metric, place, arena, err) ||
        !copy_field(object, "until", JSON_OPTIONAL, &waiver->until, place, arena, err) ||
        !copy_field(object, "because", JSON_REQUIRED, &waiver->because, place, arena, err) ||
        !read_limits(waiver, object, place, err))
        return false;
    const char *why = read_metric(metric, &waiver->metric, arena);
    if (why != NULL)
        return json_fail(&metric_at, err, "%s", why);
    if (waiver->until != NULL && !waiver_is_date(waiver->until))
        return json_fail(&until_at, err, "must be a day such as \"2027-01-31\"");
    return true;
}

bool waiver_parse_list(struct waiver_list *list, const json_t *array,
                       const struct json_place *place, struct arena *arena, struct error *err)
{
    *list = (struct waiver_list){0};
    if (!json_is_array(array))
        return json_fail(place, err, "must be a list");
    size_t count = json_array_size(array);
    if (count > WAIVERS_MAX)
        return json_fail(place, err, "has %zu rows, must have at most %d", count, WAIVERS_MAX);
    struct waiver *items = arena_alloc_array(arena, count, sizeof *items);
    if (items == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct json_place at = json_place_index(place, i);
        if (!read_row(&items[i], json_array_get(array, i), &at, arena, err))
            return false;
    }
    *list = (struct waiver_list){items, count};
    return true;
}
