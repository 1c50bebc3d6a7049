#include "rig/probe_private.h"

#include "base/file.h"
#include "rig/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 4 << 20 };

#define STOLEN_WEAK 0.01 /* share of the time */

void probe_say(const struct probe_context *context, struct finding *out, enum probe_verdict verdict,
               const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    out->verdict = verdict;
    out->detail = arena_copy_string(context->arena, text);
    if (out->detail == NULL)
        out->detail = "";
}

const char *probe_read_file(const struct probe_context *context, const char *format, ...)
{
    char path[4096];
    struct buffer text;
    struct error ignored = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    buffer_init(&text, FILE_MAX_BYTES);
    const char *content = file_read(path, &text, &ignored)
                              ? arena_copy_string(context->arena, buffer_text(&text))
                              : NULL;
    buffer_release(&text);
    return content;
}

static void find_stolen(const struct probe_context *context, struct finding *out)
{
    if (context->noise == NULL)
        return;
    double share = context->noise->stolen_share;
    probe_say(context, out, share > STOLEN_WEAK ? PROBE_WEAK : PROBE_OK,
              "%.1f %% of CPU %d in %.1f s", share * 100, context->noise->cpu,
              context->noise->seconds);
}

static void find_noise(const struct probe_context *context, struct finding *out)
{
    const struct noise *noise = context->noise;
    if (noise == NULL)
        return;
    if (noise->replicates < 2) {
        probe_say(context, out, PROBE_WEAK, "too slow here to be measured in %.1f s",
                  noise->seconds);
        return;
    }
    probe_say(context, out, noise->sd > NOISE_GOOD_SD ? PROBE_WEAK : PROBE_OK,
              "%.2f %% between two processes of the same code (SD of %zu fresh pairs, %.2f ms of "
              "work a request)",
              noise->sd * 100, noise->replicates, noise->unit_ns / 1e6);
}

static const struct probe probes[] = {
    {.group = "machine", .name = "CPU", .find = probe_find_cpu},
    {.group = "machine", .name = "virtualization", .find = probe_find_virtualization},
    {.group = "machine", .name = "kernel", .find = probe_find_kernel},
    {.group = "machine", .name = "C library", .find = probe_find_libc},
    {.group = "machine",
     .name = "CPUs",
     .find = probe_find_cpus,
     .without = "whatever else runs here disturbs the gateway; CPU time scatters more",
     .mend = "take a machine with two CPUs or more"},
    {.group = "machine",
     .name = "SMT sibling",
     .find = probe_find_sibling,
     .without = "work on the sibling slows the gateway down; CPU time scatters more",
     .mend = "echo off | sudo tee /sys/devices/system/cpu/smt/control"},
    {.group = "machine",
     .name = "governor",
     .find = probe_find_governor,
     .without = "the clock follows the load; CPU time scatters more",
     .mend = "sudo cpupower frequency-set -g performance"},
    {.group = "machine",
     .name = "boost",
     .find = probe_find_boost,
     .without = "the clock follows the temperature; CPU time drifts during a run"},

    {.group = "CPU time",
     .name = "process clocks",
     .find = probe_find_clocks,
     .without = "CPU time cannot be read",
     .needed_by = "live",
     .capability = true,
     .mend = "run where /proc shows processes and their children"},
    {.group = "CPU time",
     .name = "pinning",
     .find = probe_find_pinning,
     .without = "CPU time of the same build differs by up to twice from start to start",
     .mend = "allow sched_setaffinity in the sandbox's rules",
     .capability = true},
    {.group = "CPU time",
     .name = "CPU quota",
     .find = probe_find_quota,
     .without = "the gateway is held up in the middle of requests; CPU time scatters, latency is "
                "of no use",
     .mend = "give the container or service a whole CPU, as docker run --cpus=2"},
    {.group = "CPU time",
     .name = "stolen time",
     .find = find_stolen,
     .without = "replicates that lost time to the host are dropped; a run takes longer",
     .mend = "take a machine that shares its CPUs with fewer"},
    {.group = "CPU time",
     .name = "noise",
     .find = find_noise,
     .without = "only larger slowdowns are found; more end as inconclusive",
     .mend = "stop what else is running, or mend what is weak above"},

    {.group = "perf events",
     .name = "perf_event_paranoid",
     .find = probe_find_paranoid,
     .without = "no hardware counters and no sampled stacks",
     .mend = "sudo sysctl kernel.perf_event_paranoid=2"},
    {.group = "perf events",
     .name = "hardware counters",
     .find = probe_find_counters,
     .without = "instructions come from the exact pass alone, never from the gateway as it is",
     .capability = true},
    {.group = "perf events",
     .name = "stack sampling",
     .find = probe_find_stacks,
     .without = "no CPU time by stack, and no flame graph of it",
     .needed_by = "stacks",
     .mend = "take a kernel with CONFIG_PERF_EVENTS",
     .capability = true},

    {.group = "exact counts",
     .name = "valgrind",
     .find = probe_find_valgrind,
     .without = "no instructions, no system calls, no lines",
     .package = "valgrind",
     .needed_by = "exact",
     .capability = true},
    {.group = "exact counts",
     .name = "vgdb",
     .find = probe_find_vgdb,
     .without = "no instructions, no system calls, no lines",
     .package = "valgrind",
     .needed_by = "exact",
     .capability = true},
    {.group = "exact counts",
     .name = "process memory",
     .find = probe_find_memory_reading,
     .without = "callgrind's counters cannot be read between requests",
     .needed_by = "exact",
     .capability = true},
    {.group = "exact counts",
     .name = "fixed addresses",
     .find = probe_find_fixed_addresses,
     .without = "counts may differ a little from start to start",
     .mend = "allow personality() in the sandbox's rules",
     .capability = true},

    {.group = "allocations",
     .name = "agent",
     .find = probe_find_agent,
     .without = "no allocations, no bytes",
     .mend = "make build",
     .needed_by = "alloc",
     .capability = true},

    {.group = "builds",
     .name = "git",
     .find = probe_find_git,
     .without = "no base commit can be built beside the change",
     .package = "git",
     .capability = true},
    {.group = "builds",
     .name = "compiler",
     .find = probe_find_compiler,
     .without = "gateways that need one cannot be built here",
     .package = "gcc"},
    {.group = "builds",
     .name = "work folder",
     .find = probe_find_work_folder,
     .without = "nothing can be measured: passes keep logs and counts there",
     .needed_by = "*"},
    {.group = "builds",
     .name = "free disk",
     .find = probe_find_disk,
     .without = "a build or a pass may stop in the middle",
     .mend = "tollgate keeps builds of base commits there: remove the oldest of them"},
};

size_t probe_count(void)
{
    return COUNT_OF(probes);
}

const char *probe_verdict_word(enum probe_verdict verdict)
{
    static const char *const words[] = {[PROBE_UNASKED] = "unasked",
                                        [PROBE_INFO] = "info",
                                        [PROBE_OK] = "ok",
                                        [PROBE_WEAK] = "weak",
                                        [PROBE_MISSING] = "missing"};
    return words[verdict];
}

/* Whether a program is in the PATH. */
static bool is_program(const struct probe_context *context, const char *name)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t size = strcspn(path, ":");
        const char *file = arena_format(context->arena, "%.*s/%s", (int)size, path, name);
        if (file != NULL && access(file, X_OK) == 0)
            return true;
        path += size + (path[size] == ':');
    }
    return false;
}

static const char *install_command(const struct probe_context *context, const char *package)
{
    static const char *const managers[][2] = {{"apt-get", "apt-get install"},
                                              {"dnf", "dnf install"},
                                              {"zypper", "zypper install"},
                                              {"pacman", "pacman -S"},
                                              {"apk", "apk add"}};
    for (size_t i = 0; i < COUNT_OF(managers); i++)
        if (is_program(context, managers[i][0]))
            return arena_format(context->arena, "sudo %s %s", managers[i][1], package);
    return arena_format(context->arena, "install %s with this system's packages", package);
}

/* Root needs no sudo, and small images have none. */
static const char *without_sudo(const struct probe_context *context, const char *command)
{
    const char *sudo = command != NULL ? strstr(command, "sudo ") : NULL;
    if (sudo == NULL || geteuid() != 0)
        return command;
    return arena_format(context->arena, "%.*s%s", (int)(sudo - command), command, sudo + 5);
}

static void run_one(const struct probe_context *context, const struct probe *probe,
                    struct finding *out)
{
    *out = (struct finding){.probe = probe};
    probe->find(context, out);
    if (out->verdict < PROBE_WEAK) {
        out->mend = NULL;
        return;
    }
    if (out->mend == NULL && probe->package != NULL)
        out->mend = install_command(context, probe->package);
    else if (out->mend == NULL)
        out->mend = probe->mend;
    out->mend = without_sudo(context, out->mend);
}

void probe_run_all(const struct probe_context *context, struct finding *out)
{
    for (size_t i = 0; i < COUNT_OF(probes); i++)
        run_one(context, &probes[i], &out[i]);
}

const struct finding *probe_find_obstacle(const struct finding *findings, const char *pass)
{
    for (size_t i = 0; i < COUNT_OF(probes); i++) {
        const char *needed_by = findings[i].probe->needed_by;
        if (findings[i].verdict == PROBE_MISSING && needed_by != NULL &&
            (strcmp(needed_by, "*") == 0 || strcmp(needed_by, pass) == 0))
            return &findings[i];
    }
    return NULL;
}

bool probe_describe_run(struct run *run, const char *work_path, const struct interrupt *interrupt,
                        struct error *err)
{
    struct finding findings[COUNT_OF(probes)];
    struct probe_context context = {.arena = &run->arena,
                                    .machine = &run->fingerprint,
                                    .interrupt = interrupt,
                                    .work_path = work_path,
                                    .cpu = machine_choose_cpu()};
    struct capability *list = arena_alloc_array(&run->arena, COUNT_OF(probes), sizeof *list);
    if (list == NULL)
        return error_set_memory(err);
    probe_run_all(&context, findings);
    run->capability_count = 0;
    for (size_t i = 0; i < COUNT_OF(probes); i++)
        if (findings[i].probe->capability && findings[i].verdict != PROBE_UNASKED)
            list[run->capability_count++] =
                (struct capability){.name = findings[i].probe->name,
                                    .present = findings[i].verdict < PROBE_WEAK,
                                    .detail = findings[i].detail};
    run->capabilities = list;
    return true;
}
