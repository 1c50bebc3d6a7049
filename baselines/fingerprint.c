#include "baselines/run.h"

#include <stdio.h>
#include <string.h>

static const char *or_unknown(const char *text)
{
    return text == NULL ? "unknown" : text;
}

/* Unknown on both sides is no difference; on one side it is, since nothing says that they agree. */
static bool is_same(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

const char *fingerprint_difference(const struct fingerprint *here, const struct fingerprint *there,
                                   char why[256])
{
    const struct {
        const char *what, *here, *there;
    } rows[] = {
        {"CPU", here->cpu_model, there->cpu_model},
        {"CPU's flags", here->cpu_flags, there->cpu_flags},
        {"virtualization", here->virtualization, there->virtualization},
        {"kernel", here->kernel, there->kernel},
        {"C library", here->libc, there->libc},
        {"compiler", here->compiler, there->compiler},
        {"valgrind", here->valgrind, there->valgrind},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (is_same(rows[i].here, rows[i].there))
            continue;
        /* Cut so that both are seen however long the first is. */
        snprintf(why, 256, "the %s: %.100s there, %.100s here", rows[i].what,
                 or_unknown(rows[i].there), or_unknown(rows[i].here));
        return why;
    }
    if (here->cpus == there->cpus)
        return NULL;
    snprintf(why, 256, "the number of CPUs: %lld there, %lld here", (long long)there->cpus,
             (long long)here->cpus);
    return why;
}
