#include "rig/trailers.h"

#include "base/child.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOG_MAX_BYTES = 16 << 20,
    LOG_TIMEOUT_MS = 60000,
    WAIVERS_MAX = 1000, /* of one change */
    NOTES_MAX = 5,      /* of trailers that are not understood */
    COMMIT_SHOWN = 12,
    AUTHOR_SHOWN = 80,
};

/* One commit of the log. */
struct record {
    const char *commit, *author, *values;
};

struct reading {
    struct waiver *items;
    size_t count;
    size_t wrong; /* trailers not understood */
    struct run *notes;
    struct arena *arena;
};

static void note_wrong(struct reading *reading, const struct record *record, const char *line,
                       const struct error *why)
{
    if (++reading->wrong <= NOTES_MAX)
        run_add_note(reading->notes,
                     "commit %.*s: \"Tollgate-Accept: %.200s\" accepts nothing: %.400s",
                     COMMIT_SHOWN, record->commit, line, why->text);
}

static bool read_line(struct reading *reading, const struct record *record, const char *line,
                      struct error *err)
{
    struct error why = {0};
    const char *by = arena_format(reading->arena, "commit %.*s by %.*s", COMMIT_SHOWN,
                                  record->commit, AUTHOR_SHOWN, record->author);
    if (by == NULL)
        return error_set_memory(err);
    if (reading->count == WAIVERS_MAX)
        return true;
    if (waiver_parse_trailer(&reading->items[reading->count], line, by, reading->arena, &why))
        reading->count++;
    else if (why.code == ERROR_MEMORY)
        return error_set_memory(err);
    else
        note_wrong(reading, record, line, &why);
    return true;
}

static bool read_record(struct reading *reading, const struct record *record, struct error *err)
{
    const char *at = record->values;
    while (*at != '\0') {
        size_t size = strcspn(at, "\n");
        const char *line = arena_copy_bytes(reading->arena, at, size);
        if (line == NULL)
            return error_set_memory(err);
        if (size > 0 && !read_line(reading, record, line, err))
            return false;
        at += size + (at[size] == '\n');
    }
    return true;
}

/* The next part, ended by a NUL that lies inside; NULL when there is none. */
static const char *take_part(const char **at, const char *end)
{
    const char *part = *at;
    const char *stop = part < end ? memchr(part, '\0', (size_t)(end - part)) : NULL;
    if (stop == NULL)
        return NULL;
    *at = stop + 1;
    return part;
}

bool trailers_parse(struct waiver_list *list, const char *text, size_t size,
                    const struct waiver_list *listed, struct run *notes, struct arena *arena,
                    struct error *err)
{
    struct reading reading = {.notes = notes, .arena = arena};
    const char *at = text, *end = text + size;
    *list = *listed;
    reading.items = arena_alloc_array(arena, WAIVERS_MAX + listed->count, sizeof *reading.items);
    if (reading.items == NULL)
        return error_set_memory(err);
    for (;;) {
        struct record record = {.commit = take_part(&at, end)};
        record.author = take_part(&at, end);
        record.values = take_part(&at, end);
        if (record.values == NULL)
            break;
        if (!read_record(&reading, &record, err))
            return false;
    }
    if (reading.wrong > NOTES_MAX)
        run_add_note(notes, "and %zu more such trailers", reading.wrong - NOTES_MAX);
    for (size_t i = 0; i < listed->count; i++)
        reading.items[reading.count + i] = listed->items[i];
    *list = (struct waiver_list){reading.items, reading.count + listed->count};
    return true;
}

static bool run_log(const struct trailers_question *question, const char *range, struct buffer *out,
                    struct buffer *errors, bool *ran, struct error *err)
{
    /* Hooks and settings of the repository are not ours to follow. */
    const char *const arguments[] = {
        "git",
        "-c",
        "core.hooksPath=/dev/null",
        "-C",
        question->folder,
        "log",
        "-z",
        "--no-show-signature",
        "--no-color",
        "--no-notes",
        "--format=tformat:%H%x00%an%x00%(trailers:key=Tollgate-Accept,valueonly,unfold)",
        "--end-of-options",
        range,
        "--",
        NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status = {0};
    struct error local = {0};
    bool ok =
        child_run(&options, LOG_TIMEOUT_MS, question->interrupt, out, errors, &status, &local);
    if (!ok && local.code == ERROR_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    *ran = ok && !status.signalled && status.code == 0;
    return true;
}

bool trailers_read(struct waiver_list *list, const struct trailers_question *question,
                   const struct waiver_list *listed, struct run *notes, struct arena *arena,
                   struct error *err)
{
    bool ok, ran = false;
    struct buffer out, errors;
    *list = *listed;
    if (question->head == NULL || question->base == NULL ||
        strcmp(question->head, question->base) == 0)
        return true;
    const char *range = arena_format(arena, "%s..%s", question->base, question->head);
    if (range == NULL)
        return error_set_memory(err);
    buffer_init(&out, LOG_MAX_BYTES);
    buffer_init(&errors, LOG_MAX_BYTES);
    ok = run_log(question, range, &out, &errors, &ran, err);
    if (ok && !ran)
        run_add_note(notes,
                     "what the commits of the change accept cannot be read: git does not "
                     "know %.12s..%.12s here",
                     question->base, question->head);
    else if (ok)
        ok = trailers_parse(list, buffer_text(&out), out.length, listed, notes, arena, err);
    buffer_release(&errors);
    buffer_release(&out);
    return ok;
}
