#include "rig/progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_AFTER_MS = 1000, REDRAW_MS = 100 };

/* In the background, writing to the terminal would disturb whoever is in front. */
static bool is_foreground_terminal(void)
{
    return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

void progress_init(struct progress *progress, enum progress_mode mode)
{
    *progress = (struct progress){.mode = mode};
    if (mode == PROGRESS_AUTO)
        progress->mode =
            is_foreground_terminal() && getenv("CI") == NULL ? PROGRESS_LIVE : PROGRESS_PLAIN;
}

void progress_begin(struct progress *progress, const char *what)
{
    progress->what = what;
    progress->started_ns = clock_monotonic_ns();
}

void progress_clear(struct progress *progress)
{
    if (progress->shown_ns != 0)
        fputs("\r\033[K", stderr);
    progress->shown_ns = 0;
}

void progress_update(struct progress *progress, size_t done, size_t total)
{
    if (progress->mode != PROGRESS_LIVE)
        return;
    int64_t now = clock_monotonic_ns();
    int64_t spent_ms = (now - progress->started_ns) / NS_PER_MS;
    if (spent_ms < FIRST_AFTER_MS || now - progress->shown_ns < REDRAW_MS * NS_PER_MS)
        return;
    fprintf(stderr, "\r\033[K%s", progress->what);
    if (total > 0)
        fprintf(stderr, "  %zu/%zu", done, total);
    if (total > 0 && done > 0)
        fprintf(stderr, "  about %lld s left",
                (long long)(spent_ms * (int64_t)(total - done) / (int64_t)done / 1000 + 1));
    progress->shown_ns = now;
}

void progress_end(struct progress *progress, const char *summary)
{
    progress_clear(progress);
    if (progress->mode != PROGRESS_PLAIN)
        return;
    double seconds = (double)(clock_monotonic_ns() - progress->started_ns) / NS_PER_SECOND;
    fprintf(stderr, "tollgate: %s: %s%s%.1f s\n", progress->what, summary != NULL ? summary : "",
            summary != NULL ? ", " : "", seconds);
}
