#include "baselines/run.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/json.h"
#include "baselines/run_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_init(struct run *run)
{
    *run = (struct run){0};
    arena_init(&run->arena);
}

void run_release(struct run *run)
{
    arena_release(&run->arena);
    run_init(run);
}

bool run_read(struct run *run, const char *path, struct error *err)
{
    run_init(run);
    json_t *json = json_parse_file(path, RUN_MAX_BYTES, err);
    if (json == NULL)
        return false;
    bool ok = run_from_json(run, json, path, err);
    json_decref(json);
    return ok;
}

bool run_write(const struct run *run, const char *path, struct error *err)
{
    struct buffer text;
    bool ok = false;
    buffer_init(&text, RUN_MAX_BYTES);
    json_t *json = run_to_json(run, err);
    if (json == NULL)
        goto out;
    if (run_append_text(&text, json, err))
        ok = file_write_atomic(path, buffer_text(&text), text.length, err);
out:
    json_decref(json);
    buffer_release(&text);
    return ok;
}

const struct endpoint_result *run_endpoint(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->endpoint_count; i++)
        if (strcmp(run->endpoints[i].name, name) == 0)
            return &run->endpoints[i];
    return NULL;
}

const struct pass_result *run_pass(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->pass_count; i++)
        if (strcmp(run->passes[i].name, name) == 0)
            return &run->passes[i];
    return NULL;
}

void run_add_note(struct run *run, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    char *note = arena_copy_bytes(&run->arena, text, (size_t)length);
    const char **notes = arena_alloc_array(&run->arena, run->note_count + 1, sizeof *run->notes);
    free(text);
    if (note == NULL || notes == NULL)
        return;
    if (run->note_count > 0)
        memcpy(notes, run->notes, run->note_count * sizeof *notes);
    notes[run->note_count] = note;
    run->notes = notes;
    run->note_count++;
}

const char *pass_status_name(enum pass_status status)
{
    static const char *const names[] = {
        [PASS_RAN] = "ran", [PASS_SKIPPED] = "skipped", [PASS_CUT] = "cut"};
    return names[status];
}
