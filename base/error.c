#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bug_abort(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "tollgate: internal error at %s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\n", stderr);
    abort();
}

static void error_fill(struct error *err, enum error_code code, const char *where,
                       const char *format, va_list arguments) PRINTF_LIKE(4, 0);

static void error_fill(struct error *err, enum error_code code, const char *where,
                       const char *format, va_list arguments)
{
    if (err == NULL || err->code != ERROR_NONE)
        return;
    err->code = code;
    snprintf(err->where, sizeof err->where, "%s", where != NULL ? where : "");
    vsnprintf(err->text, sizeof err->text, format, arguments);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_fill(err, code, NULL, format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_at(struct error *err, enum error_code code, const char *where, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_fill(err, code, where, format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_errno(struct error *err, const char *format, ...)
{
    int cause = errno;
    if (err == NULL || err->code != ERROR_NONE)
        return false;
    va_list arguments;
    va_start(arguments, format);
    error_fill(err, ERROR_IO, NULL, format, arguments);
    va_end(arguments);
    size_t used = strlen(err->text);
    char text[128];
    snprintf(err->text + used, sizeof err->text - used, ": %s",
             strerror_r(cause, text, sizeof text));
    return false;
}

bool error_set_memory(struct error *err)
{
    return error_set(err, ERROR_MEMORY, "out of memory");
}

void error_clear(struct error *err)
{
    err->code = ERROR_NONE;
    err->where[0] = '\0';
    err->text[0] = '\0';
}
