/* tollgate record: a reverse proxy that writes a corpus, and what the upstreams answered. */
#include "rig/command.h"

#include "base/clock.h"
#include "rig/record_report.h"
#include "rig/record_settings.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { DRAIN_MS = 5000 };

/* A recorder under way. */
struct recording_run {
    struct record_settings settings;
    struct interrupt interrupt;
    int report_fd; /* readable on SIGUSR1 */
    struct recording *recording;
    struct recorder *recorder;
    struct record_report report;
};

/* As a descriptor, like the signals that end us. A client that goes away must not end us either. */
static bool open_signals(struct recording_run *run, struct error *err)
{
    sigset_t set;
    if (!interrupt_open(&run->interrupt, err))
        return false;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigaddset(&set, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return error_set_errno(err, "cannot block signals");
    sigdelset(&set, SIGPIPE);
    run->report_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->report_fd >= 0 || error_set_errno(err, "cannot watch for signals");
}

/* Each request takes two descriptors. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void tick(void *context, bool report)
{
    struct recording_run *run = context;
    record_report_tick(&run->report, report);
}

static bool serve(struct recording_run *run, struct error *err)
{
    int64_t until_ns = 0;
    if (run->settings.seconds > 0)
        until_ns = clock_monotonic_ns() + run->settings.seconds * NS_PER_SECOND;
    record_report_init(&run->report, &run->settings, run->recording, run->recorder);
    record_report_begin(&run->report);
    bool ok =
        recorder_run(run->recorder, until_ns, &run->interrupt, run->report_fd, tick, run, err);
    record_report_clear(&run->report);
    return recorder_drain(run->recorder, DRAIN_MS, &run->interrupt, err) && ok;
}

/* What makes a recording one that should not be relied on. */
static bool judge(const struct recording_run *run, struct error *err)
{
    struct recording_counts counts;
    recording_count(run->recording, &counts);
    if (counts.written == 0)
        return error_set(err, ERROR_MEASUREMENT,
                         counts.seen == 0 ? "no request came; %s was not written"
                                          : "no exchange could be recorded; %s was not written",
                         run->settings.recording.path);
    return counts.by_reason[DROP_QUEUE] == 0 ||
           error_set(err, ERROR_MEASUREMENT,
                     "the recording has gaps: %llu exchanges came faster than they could be "
                     "written; raise --queue, or record a part of the traffic",
                     (unsigned long long)counts.by_reason[DROP_QUEUE]);
}

static bool record(struct recording_run *run, const struct arguments *arguments, struct error *err)
{
    if (!record_settings_read(&run->settings, arguments, err) || !open_signals(run, err))
        return false;
    raise_descriptor_limit();
    run->settings.recording.source = "tollgate record";
    if (!recording_new(&run->recording, &run->settings.recording, err))
        return false;
    run->settings.recorder.recording = run->recording;
    if (!recorder_new(&run->recorder, &run->settings.recorder, err)) {
        struct error ignored = {0};
        (void)!recording_finish(run->recording, &ignored);
        return false;
    }
    bool ok = serve(run, err);
    ok = recording_finish(run->recording, err) && ok;
    record_report_end(&run->report);
    return ok && judge(run, err);
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct recording_run run = {.interrupt.fd = -1, .report_fd = -1};
    bool ok = record(&run, arguments, err);
    recorder_free(run.recorder);
    recording_free(run.recording);
    interrupt_close(&run.interrupt);
    if (run.report_fd >= 0)
        close(run.report_fd);
    record_settings_release(&run.settings);
    return ok ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"listen", 0, "PORT", "where requests come in; ADDRESS:PORT for other than 127.0.0.1"},
    {"to", 0, "URL", "the gateway: HOST:PORT, https://... or h2c://... (HTTP/2 without TLS)"},
    {"upstream", 0, "NAME=URL@PORT", "stand at PORT in front of an upstream too; repeatable"},
    {"output", 'o', "FILE", "the corpus to write"},
    {"config", 'c', "FILE",
     "names the endpoint templates and what is secret; default: "
     "tollgate.json, if it is there"},
    {"seconds", 0, "N", "end after so long; default: with Ctrl-C"},
    {"rotate", 0, "SIZE", "begin another file after each SIZE, as in 500M"},
    {"queue", 0, "SIZE", "of memory for what is not written yet; default: 128M"},
    {"max-body", 0, "SIZE",
     "a larger body is passed on and its exchange not recorded; default: "
     "8M"},
    {"max-headers", 0, "SIZE",
     "memory for a message's header fields; more is answered with 431; "
     "default: 128K"},
    {"no-inject", 0, NULL, "give the gateway no traceparent where the client sent none"},
    {"no-redact", 0, NULL, "keep secrets and personal data as they are"},
    {"ca", 0, "FILE", "of certificates to trust instead of the system's"},
    {"insecure", 0, NULL, "do not check certificates"},
    {0},
};

static const char *const examples[] = {
    "a gateway on port 3000; clients go to port 8080 instead",
    "tollgate record --listen 8080 --to localhost:3000 -o corpus.jsonl",
    "with an upstream, which the gateway is told to find at port 9001",
    "tollgate record --listen 80 --to gw:80 --upstream db=db:80@9001 -o a.jsonl",
    "for as long as it takes, in files of 500 MiB",
    "tollgate record --listen 80 --to gw:3000 --rotate 500M -o a.jsonl",
    NULL,
};

const struct command command_record = {
    .name = "record",
    .summary = "reverse proxy that writes a corpus, upstreams' answers included",
    .words = "",
    .words_least = 0,
    .words_most = 0,
    .options = options,
    .examples = examples,
    .details = "Stands in front of a running gateway, and of its upstreams where they are\n"
               "named, and keeps each exchange with the upstream calls that it caused: joined\n"
               "by traceparent, X-Request-ID or X-Correlation-ID, else by time where a single\n"
               "request was in flight. Everything is redacted before it reaches the disk.\n"
               "\n"
               "Traffic goes first. What cannot be recorded is passed on all the same and\n"
               "counted: seen = written + dropped, at the end and on SIGUSR1. Exit code 3 when\n"
               "nothing could be recorded, or when exchanges came faster than they could be\n"
               "written.",
    .run = run,
};
