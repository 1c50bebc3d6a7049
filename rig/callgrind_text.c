#include "rig/callgrind_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EVENTS 16

struct text {
    const char *name;
    const char *at;
    const char *end;
    size_t line; /* of what was read last, from 1 */
};

/* Positions of the two events we want in a row of figures; -1 where not collected. */
struct events {
    int instructions;
    int syscalls;
    int count;
};

struct row {
    const char *start;
    size_t length; /* without the newline */
    bool whole;    /* a newline ends it */
};

static bool next_row(struct text *text, struct row *row)
{
    if (text->at >= text->end)
        return false;
    size_t left = (size_t)(text->end - text->at);
    const char *newline = memchr(text->at, '\n', left);
    row->start = text->at;
    row->whole = newline != NULL;
    row->length = newline != NULL ? (size_t)(newline - text->at) : left;
    text->at += row->length + (row->whole ? 1 : 0);
    text->line++;
    return true;
}

static bool fail(const struct text *text, struct error *err, const char *what)
{
    char where[400];
    snprintf(where, sizeof where, "%s:%zu", text->name, text->line);
    return error_set_at(err, ERROR_INPUT, where, "%s", what);
}

/* What follows `key` in the row, or NULL. */
static const char *after(const struct row *row, const char *key)
{
    size_t length = strlen(key);
    bool same = row->length >= length && memcmp(row->start, key, length) == 0;
    return same ? row->start + length : NULL;
}

static bool parse_events(const struct text *text, const struct row *row, const char *at,
                         struct events *events, struct error *err)
{
    const char *end = row->start + row->length;
    *events = (struct events){.instructions = -1, .syscalls = -1};
    while (at < end && events->count < MAX_EVENTS) {
        while (at < end && *at == ' ')
            at++;
        const char *word = at;
        while (at < end && *at != ' ')
            at++;
        size_t length = (size_t)(at - word);
        if (length == 2 && memcmp(word, "Ir", 2) == 0)
            events->instructions = events->count;
        if (length == 8 && memcmp(word, "sysCount", 8) == 0)
            events->syscalls = events->count;
        events->count += length > 0 ? 1 : 0;
    }
    if (events->instructions < 0 || events->syscalls < 0)
        return fail(text, err, "its events are not those that tollgate asks for (Ir, sysCount)");
    return true;
}

static bool parse_number(const char **at, const char *end, uint64_t *value)
{
    bool any = false;
    *value = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        if (__builtin_mul_overflow(*value, 10U, value) ||
            __builtin_add_overflow(*value, (uint64_t)(**at - '0'), value))
            return false;
        any = true;
    }
    return any && (*at == end || **at == ' ');
}

/* Adds a row of figures. Zeros at its end are left out by callgrind. */
static bool add_figures(const struct text *text, const struct row *row, const char *at,
                        const struct events *events, struct callgrind_cost *cost, struct error *err)
{
    const char *end = row->start + row->length;
    int index = 0;
    while (at < end) {
        uint64_t value;
        if (*at == ' ') {
            at++;
            continue;
        }
        if (index >= events->count || !parse_number(&at, end, &value))
            return fail(text, err, "expected one number for each event");
        if (index == events->instructions &&
            __builtin_add_overflow(cost->instructions, value, &cost->instructions))
            return fail(text, err, "the instructions are too many to be true");
        if (index == events->syscalls &&
            __builtin_add_overflow(cost->syscalls, value, &cost->syscalls))
            return fail(text, err, "the system calls are too many to be true");
        index++;
    }
    return index > 0 ? true : fail(text, err, "expected one number for each event");
}

/* "events-12: " of the thread 12. */
static const char *after_thread(const struct row *row)
{
    const char *at = after(row, "events-");
    const char *end = row->start + row->length;
    if (at == NULL)
        return NULL;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at < end && *at == ':' ? at + 1 : NULL;
}

bool callgrind_text_status(const char *name, const char *text, size_t size,
                           struct callgrind_cost *cost, struct error *err)
{
    struct text all = {.name = name, .at = text, .end = text + size};
    struct events events = {0};
    struct row row;
    size_t threads = 0;
    *cost = (struct callgrind_cost){0};
    while (next_row(&all, &row)) {
        const char *at = after(&row, "events:");
        if (at != NULL && !parse_events(&all, &row, at, &events, err))
            return false;
        at = after_thread(&row);
        /* "events-1-0:" is a call on thread 1's stack and no thread. */
        if (at == NULL)
            continue;
        if (events.count == 0)
            return fail(&all, err, "figures came before the names of the events");
        if (!row.whole)
            return fail(&all, err, "the reply was cut off");
        if (!add_figures(&all, &row, at, &events, cost, err))
            return false;
        threads++;
    }
    if (threads == 0)
        return error_set_at(err, ERROR_MEASUREMENT, name,
                            "callgrind's status names no thread: collecting is switched off?");
    return true;
}

bool callgrind_text_dump(const char *name, const char *text, size_t size,
                         struct callgrind_cost *cost, struct error *err)
{
    struct text all = {.name = name, .at = text, .end = text + size};
    struct events events = {0};
    struct row row;
    bool open = true; /* a part began and its totals are still to come */
    *cost = (struct callgrind_cost){0};
    while (next_row(&all, &row)) {
        const char *at = after(&row, "events:");
        if (at != NULL) {
            open = true;
            if (!parse_events(&all, &row, at, &events, err))
                return false;
        }
        at = after(&row, "totals:");
        if (at == NULL)
            continue;
        if (events.count == 0 || !row.whole)
            return fail(&all, err, "the dump is cut off or its \"events:\" line is missing");
        if (!add_figures(&all, &row, at, &events, cost, err))
            return false;
        open = false;
    }
    return open ? fail(&all, err, "the dump ends before its \"totals:\" line") : true;
}

pid_t callgrind_text_parent(const char *text, size_t size)
{
    static const char key[] = "Parent PID: ";
    const char *found = memmem(text, size, key, sizeof key - 1);
    if (found == NULL)
        return 0;
    const char *at = found + sizeof key - 1;
    long pid = 0;
    for (; at < text + size && *at >= '0' && *at <= '9' && pid < 100000000; at++)
        pid = 10 * pid + (*at - '0');
    return (pid_t)pid;
}
