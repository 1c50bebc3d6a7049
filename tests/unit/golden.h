/* Texts that people read and found right. Set TOLLGATE_UPDATE_GOLDEN to write them anew, and read
 * the difference. */
#ifndef TOLLGATE_TESTS_GOLDEN_H
#define TOLLGATE_TESTS_GOLDEN_H

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Holds `out` against tests/cli/golden/NAME. */
static inline void golden_check(const char *name, const struct buffer *out)
{
    char path[4096];
    const char *here = strrchr(__FILE__, '/');
    struct error err = {0};
    struct buffer expected;
    snprintf(path, sizeof path, "%.*s/../cli/golden/%s", (int)(here - __FILE__), __FILE__, name);
    if (getenv("TOLLGATE_UPDATE_GOLDEN") != NULL)
        cr_assert(file_write_atomic(path, buffer_text(out), out->length, &err), "%s", err.text);
    buffer_init(&expected, 1 << 20);
    cr_assert(file_read(path, &expected, &err), "%s", err.text);
    cr_assert_str_eq(buffer_text(out), buffer_text(&expected), "%s differs; now:\n%s", path,
                     buffer_text(out));
    buffer_release(&expected);
}

#endif
