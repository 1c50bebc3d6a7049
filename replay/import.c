#include "replay/import_private.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct importer *const importers[] = {
    &importer_har,    &importer_gor,  &importer_vegeta, &importer_combined,
    &importer_common, &importer_json, &importer_alb,    NULL,
};

const struct importer *const *importer_list(void)
{
    return importers;
}

const struct importer *importer_by_name(const char *name)
{
    for (size_t i = 0; importers[i] != NULL; i++) {
        if (strcmp(importers[i]->name, name) == 0)
            return importers[i];
    }
    return NULL;
}

void importer_append_names(struct buffer *out)
{
    for (size_t i = 0; importers[i] != NULL; i++)
        buffer_append_format(out, "%s%s", i > 0 ? ", " : "", importers[i]->name);
}

/* What is no format of ours, but easily told. */
static bool refuse_head(const char *path, const char *head, size_t size, struct error *err)
{
    static const char schema[] = "{\"schema_version\"";
    if (size >= 2 && (memcmp(head, "\xff\xfe", 2) == 0 || memcmp(head, "\xfe\xff", 2) == 0))
        return error_set_at(err, ERROR_INPUT, path,
                            "is UTF-16; convert it, as in iconv -f UTF-16 -t UTF-8");
    if (size >= sizeof schema - 1 && memcmp(head, schema, sizeof schema - 1) == 0)
        return error_set_at(err, ERROR_INPUT, path,
                            "is a corpus already; --weights-from LOG gives it weights");
    return true;
}

bool importer_recognise(const struct importer **importer, const char *path, struct error *err)
{
    char head[IMPORT_HEAD_BYTES];
    struct stat info;
    size_t size;
    int surest = 0;
    *importer = NULL;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return error_set_at(err, ERROR_USAGE, path,
                            "is no regular file and cannot be looked into before it is read; name "
                            "its format with --format");
    if (!input_read_head(path, head, sizeof head, &size, err) ||
        !refuse_head(path, head, size, err))
        return false;
    for (size_t i = 0; importers[i] != NULL; i++) {
        int sure = importers[i]->recognise(head, size);
        if (sure > surest) {
            surest = sure;
            *importer = importers[i];
        }
    }
    return true;
}

static void tell_place(const struct import_run *run, struct import_place place, char *out)
{
    struct buffer path;
    buffer_init(&path, 4096);
    text_append_safe(&path, run->path, strlen(run->path), false);
    /* The end of a long path tells more than its beginning, and the number most. */
    size_t cut = path.length > 180 ? path.length - 180 : 0;
    const char *shown = buffer_text(&path) + cut;
    switch (run->unit) {
    case IMPORT_LINES:
        snprintf(out, IMPORT_PLACE_SIZE, "%s:%zu", shown, place.number);
        break;
    case IMPORT_RECORDS:
        snprintf(out, IMPORT_PLACE_SIZE, "%s: record %zu, byte %llu", shown, place.number,
                 (unsigned long long)place.offset);
        break;
    case IMPORT_ENTRIES:
        snprintf(out, IMPORT_PLACE_SIZE, "%s: entries[%zu]", shown, place.number);
        break;
    }
    buffer_release(&path);
}

static void add_reason(struct import_run *run, struct import_reasons *reasons,
                       struct import_place place, const char *text)
{
    size_t i = 0;
    reasons->total++;
    while (i < reasons->count && strcmp(reasons->items[i].text, text) != 0)
        i++;
    if (i == IMPORT_REASONS_MAX)
        i--;
    struct import_reason *reason = &reasons->items[i];
    if (i == reasons->count) {
        reasons->count++;
        reason->text = i == IMPORT_REASONS_MAX - 1 ? "for other reasons" : text;
        tell_place(run, place, reason->first);
    }
    reason->count++;
}

const char *const import_file_ends = "the file ends in the middle of it";

void import_note_odd(struct import_run *run, struct import_place place, const char *why)
{
    struct import_tally *tally = run->tally;
    if (run->at_cut) {
        import_note_left_out(run, place, import_file_ends);
        return;
    }
    if (tally->odd < IMPORT_ODD_SHOWN) {
        struct buffer safe;
        buffer_init(&safe, 4096);
        text_append_safe(&safe, why, strlen(why), false);
        tell_place(run, place, tally->odd_shown[tally->odd].place);
        snprintf(tally->odd_shown[tally->odd].why, sizeof tally->odd_shown[0].why, "%s",
                 buffer_text(&safe));
        buffer_release(&safe);
    }
    tally->odd++;
}

bool import_note_json(struct import_run *run, struct import_place place,
                      const json_error_t *problem)
{
    char why[160];
    /* jansson names no cause when an allocation fails in some of its places. */
    if (json_error_code(problem) == json_error_out_of_memory || problem->text[0] == '\0')
        return error_set_memory(run->err);
    snprintf(why, sizeof why, "not valid JSON at byte %d: %.100s", problem->position,
             problem->text);
    import_note_odd(run, place, why);
    return true;
}

void import_note_left_out(struct import_run *run, struct import_place place, const char *reason)
{
    add_reason(run, &run->tally->left_out, place, reason);
}

void import_note_warning(struct import_run *run, struct import_place place, const char *reason)
{
    add_reason(run, &run->tally->warnings, place, reason);
}

static void tally_outcome(struct import_run *run, struct import_place place,
                          const struct import_outcome *outcome)
{
    if (outcome->left_out != NULL)
        import_note_left_out(run, place, outcome->left_out);
    else
        run->tally->imported++;
    if (outcome->warning != NULL)
        import_note_warning(run, place, outcome->warning);
}

bool import_take(struct import_run *run, struct import_place place, struct exchange *exchange,
                 bool *taken)
{
    struct import_outcome outcome = {0};
    *taken = false;
    if (!run->sink->take(run->sink->context, exchange, &outcome, run->err))
        return false;
    *taken = outcome.left_out == NULL;
    tally_outcome(run, place, &outcome);
    return true;
}

bool import_count(struct import_run *run, struct import_place place,
                  const struct logged_request *request)
{
    struct import_outcome outcome = {0};
    if (!run->sink->count(run->sink->context, request, &outcome, run->err))
        return false;
    tally_outcome(run, place, &outcome);
    return true;
}

static bool is_blank(const struct input_record *record)
{
    for (size_t i = 0; i < record->size; i++) {
        if (record->data[i] != ' ' && record->data[i] != '\t')
            return false;
    }
    return true;
}

bool import_each_line(struct import_run *run, size_t max_bytes, import_line *line, void *state)
{
    struct input input;
    struct input_record record;
    bool ok;
    if (!input_open(&input, run->path, run->err))
        return false;
    while ((ok = input_next_line(&input, max_bytes, &record, run->err)) && record.data != NULL) {
        struct import_place place = {record.number, record.offset};
        if (is_blank(&record))
            continue;
        run->tally->seen++;
        run->at_cut = !record.ended && record.number > 1;
        if (record.too_long)
            import_note_odd(run, place, "the line is too long");
        else
            ok = line(run, state, &record);
        if (!ok)
            break;
    }
    if (ok)
        import_end(run, &input);
    input_close(&input);
    return ok;
}

void import_end(struct import_run *run, const struct input *input)
{
    run->at_cut = false;
    if (input->cut)
        import_note_warning(run, (struct import_place){input->record, input->offset},
                            "the compressed file ends too early: what comes after is missing");
}

bool import_head_line(const char **at, const char *end, struct span *line)
{
    if (*at >= end)
        return false;
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    const char *stop = newline != NULL ? newline : end;
    *line = (struct span){*at, (size_t)(stop - *at)};
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    *at = newline != NULL ? newline + 1 : end;
    return true;
}

bool span_contains(struct span text, const char *word)
{
    return memmem(text.data, text.size, word, strlen(word)) != NULL;
}

bool span_begins(struct span text, const char *word)
{
    size_t size = strlen(word);
    return text.size >= size && memcmp(text.data, word, size) == 0;
}

bool span_equals(struct span text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}
