#include "reporters/dead_json.h"

#include "base/text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEAD_SCHEMA_VERSION = 1, REAL_DIGITS = 9, TEXT_MAX_BYTES = 1 << 20 };

/* Text from outside may be no UTF-8; then its bytes are spelt out. NULL becomes null. */
static json_t *make_text(const char *text)
{
    if (text == NULL)
        return json_null();
    if (text_is_utf8(text, strlen(text)))
        return json_string(text);
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    text_append_safe(&safe, text, strlen(text), true);
    json_t *json = safe.failed ? NULL : json_string(buffer_text(&safe));
    buffer_release(&safe);
    return json;
}

static json_t *make_count(size_t count)
{
    return json_integer((json_int_t)count);
}

static json_t *make_day(int64_t seconds)
{
    char day[FORMAT_SIZE];
    dead_format_day(seconds, day);
    return day[0] != '\0' ? json_string(day) : json_null();
}

/* The objects below are put together by json_pack, which fails as a whole when a part is NULL and
 * then frees the others. */

static json_t *make_lines(const size_t lines[DEAD_STATE_COUNT], size_t all)
{
    json_t *object = json_pack("{so}", "executable", make_count(all));
    for (unsigned state = 0; object != NULL && state < DEAD_STATE_COUNT; state++)
        if (json_object_set_new(object, dead_state_key((enum dead_state)state),
                                make_count(lines[state])) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

/* Numbers of lines in the state as [first, last] where they follow each other in the list of
 * executable lines. */
static json_t *make_ranges(const struct dead_file *file, enum dead_state state)
{
    json_t *ranges = json_array();
    for (size_t i = 0; ranges != NULL && i < file->line_count; i++) {
        size_t end = i;
        if (file->lines[i].state != state)
            continue;
        while (end + 1 < file->line_count && file->lines[end + 1].state == state)
            end++;
        if (json_array_append_new(ranges, json_pack("[oo]", json_integer(file->lines[i].line),
                                                    json_integer(file->lines[end].line))) != 0) {
            json_decref(ranges);
            return NULL;
        }
        i = end;
    }
    return ranges;
}

static json_t *make_all_ranges(const struct dead_file *file)
{
    return json_pack("{so so so so}", "never", make_ranges(file, DEAD_NEVER), "start",
                     make_ranges(file, DEAD_START), "error", make_ranges(file, DEAD_ERROR),
                     "unsure", make_ranges(file, DEAD_UNSURE));
}

static json_t *make_file(const struct dead_file *file)
{
    return json_pack(
        "{so so sb sb so so so so so so so}", "path", make_text(file->path), "hash",
        make_text(file->hash), "current", file->current, "stale", file->stale, "commit",
        make_text(file->commit), "runs", make_count(file->runs), "runs_of_other_content",
        make_count(file->runs_other), "endpoints", make_count(file->endpoint_count),
        "endpoints_observed", make_count(file->endpoints_observed), "lines",
        make_lines(file->lines_by_state, file->line_count), "ranges", make_all_ranges(file));
}

static json_t *make_keep(const struct dead_keep *keep)
{
    if (keep == NULL)
        return json_null();
    return json_pack("{so so so so}", "path", make_text(keep->path), "function",
                     make_text(keep->function), "until", make_text(keep->until), "because",
                     make_text(keep->because));
}

static json_t *make_age(const struct dead_unit *unit)
{
    const struct dead_age *age = &unit->age;
    if (!age->known)
        return json_null();
    return json_pack("{so so so sb sb}", "days", json_real(floor(unit->age_days)), "changed",
                     make_day(age->uncommitted ? 0 : age->changed_s), "commit",
                     make_text(age->uncommitted ? NULL : age->commit), "uncommitted",
                     age->uncommitted, "at_least", age->at_least);
}

static json_t *make_unit(const struct dead_unit *unit)
{
    return json_pack("{so so sb ss so so so so so so so so}", "path", make_text(unit->file->path),
                     "function", make_text(unit->function != NULL ? unit->function->name : NULL),
                     "whole", unit->whole, "state", dead_state_key(unit->state), "first",
                     json_integer(unit->first), "last", json_integer(unit->last), "lines",
                     json_integer(unit->lines), "age", make_age(unit), "centrality",
                     json_real(unit->centrality), "score", json_real(unit->score), "kept",
                     make_keep(unit->kept), "expired", make_keep(unit->expired));
}

static json_t *make_evidence(const struct dead_evidence *evidence)
{
    return json_pack("{so so so so so so}", "runs", make_count(evidence->runs), "first",
                     make_day(evidence->first_s), "last", make_day(evidence->last_s), "days",
                     json_real(evidence->days), "requests", json_integer(evidence->requests),
                     "endpoints", make_count(evidence->endpoints));
}

/* Takes the item; NULL, or an array that is NULL, is a failure. */
static bool append(json_t *array, json_t *item)
{
    if (array != NULL)
        return json_array_append_new(array, item) == 0;
    json_decref(item);
    return false;
}

static json_t *finish(json_t *array, bool ok)
{
    if (ok)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *make_files(const struct dead *dead)
{
    json_t *array = json_array();
    bool ok = array != NULL;
    for (size_t i = 0; i < dead->file_count && ok; i++)
        ok = append(array, make_file(&dead->files[i]));
    return finish(array, ok);
}

/* The listed states, what is kept among them; ranked. */
static json_t *make_units(const struct dead_report *report)
{
    json_t *array = json_array();
    bool ok = array != NULL;
    for (size_t i = 0; i < report->dead->unit_count && ok; i++)
        if (report->states[report->dead->units[i].state])
            ok = append(array, make_unit(&report->dead->units[i]));
    return finish(array, ok);
}

static json_t *make_texts(const char *const *texts, size_t count)
{
    json_t *array = json_array();
    bool ok = array != NULL;
    for (size_t i = 0; i < count && ok; i++)
        ok = append(array, make_text(texts[i]));
    return finish(array, ok);
}

static json_t *make_idle(const struct dead *dead)
{
    json_t *array = json_array();
    bool ok = array != NULL;
    for (size_t i = 0; i < dead->idle_keep_count && ok; i++)
        ok = append(array, make_keep(dead->idle_keeps[i]));
    return finish(array, ok);
}

bool dead_json_append(struct buffer *out, const struct dead_report *report, struct error *err)
{
    const struct dead *dead = report->dead;
    json_t *json = json_pack(
        "{si so so so so so so so}", "schema_version", DEAD_SCHEMA_VERSION, "evidence",
        make_evidence(&dead->evidence), "lines", make_lines(dead->lines_by_state, dead->line_count),
        "units", make_units(report), "files", make_files(dead), "without_code",
        make_texts(dead->unseen, dead->unseen_count), "idle_keeps", make_idle(dead), "notes",
        make_texts(report->notes, report->note_count));
    char *text =
        json != NULL ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS)) : NULL;
    json_decref(json);
    if (text == NULL)
        return error_set_memory(err);
    buffer_append_string(out, text);
    buffer_append_char(out, '\n');
    free(text);
    return buffer_check(out, err);
}
