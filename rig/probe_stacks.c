/* The probe of stack sampling: samples a child at work, just as the pass would. */
#include "rig/probe_private.h"

#include "base/clock.h"
#include "rig/pass_stacks.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORK_MS = 20 };

static int64_t own_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void work_in_child(void)
{
    volatile unsigned work = 0;
    pid_t pid = fork();
    if (pid == 0) {
        while (own_cpu_ns() < WORK_MS * NS_PER_MS)
            work = work + 1;
        _exit(0);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

static size_t count_samples(const struct perf_events *events)
{
    struct perf_records records = perf_events_records(events);
    struct perf_record record;
    size_t count = 0;
    while (perf_records_next(&records, &record))
        count += record.kind == PERF_SAMPLED;
    return count;
}

void probe_find_stacks(const struct probe_context *context, struct finding *out)
{
    /* Of any CPU: nothing is pinned yet. */
    struct perf_options options = stacks_options(-1);
    struct perf_refusal refusal;
    struct perf_events *events;
    struct error err = {0};
    bool ok = perf_events_open(&events, &options, &refusal, &err);
    if (ok && events == NULL) {
        probe_say(context, out, PROBE_MISSING, "%s", refusal.what);
        out->mend = refusal.mend;
        return;
    }
    if (ok) {
        work_in_child();
        ok = perf_events_stop(events, &err);
    }
    if (!ok)
        probe_say(context, out, PROBE_MISSING, "%s", err.text);
    else if (count_samples(events) == 0)
        probe_say(context, out, PROBE_MISSING, "allowed, but there come no samples");
    else
        probe_say(context, out, PROBE_OK, "%d samples a second, %s", options.frequency_hz,
                  perf_events_see_kernel(events) ? "in the kernel too"
                                                 : "but none of time in the kernel");
    perf_events_free(events);
}
