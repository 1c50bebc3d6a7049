/* Probes of the processor and the system. */
#include "rig/probe_private.h"

#include "rig/machine.h"
#include "rig/machine_text.h"

#include <stdio.h>
#include <string.h>

#define CPU_FOLDER "/sys/devices/system/cpu"

/* The flags by which C libraries choose between their routines. */
static const char *const telling_flags[] = {"sse4_2", "avx2",  "avx512f", "erms",
                                            "fsrm",   "asimd", "sve",     "atomics"};

static void say_text(const struct probe_context *context, struct finding *out, const char *text)
{
    probe_say(context, out, PROBE_INFO, "%s", text != NULL ? text : "unknown");
}

void probe_find_cpu(const struct probe_context *context, struct finding *out)
{
    const char *text = probe_read_file(context, "/proc/cpuinfo");
    char flags[256] = "";
    if (text != NULL) {
        struct text_span all = machine_text_cpuinfo(text, "flags");
        if (all.start == NULL)
            all = machine_text_cpuinfo(text, "Features");
        for (size_t i = 0; i < COUNT_OF(telling_flags); i++) {
            size_t used = strlen(flags);
            if (machine_text_has_word(all, telling_flags[i]))
                snprintf(flags + used, sizeof flags - used, " %s", telling_flags[i]);
        }
    }
    const char *model = context->machine->cpu_model;
    const char *hash = context->machine->cpu_flags;
    probe_say(context, out, PROBE_INFO, "%s%s%s%s%s", model != NULL ? model : "unknown model",
              flags[0] != '\0' ? ", with" : "", flags, hash != NULL ? "; all flags " : "",
              hash != NULL ? hash : "");
}

void probe_find_virtualization(const struct probe_context *context, struct finding *out)
{
    say_text(context, out, context->machine->virtualization);
}

void probe_find_kernel(const struct probe_context *context, struct finding *out)
{
    say_text(context, out, context->machine->kernel);
}

void probe_find_libc(const struct probe_context *context, struct finding *out)
{
    say_text(context, out, context->machine->libc);
}

void probe_find_cpus(const struct probe_context *context, struct finding *out)
{
    int chosen[LIVE_WORKERS_MAX];
    char list[256] = "none";
    size_t count = machine_choose_cpus(chosen), used = 0;
    for (size_t i = 0; i < count && used < sizeof list; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%d", i > 0 ? ", " : "", chosen[i]);
    long long cpus = context->machine->cpus;
    probe_say(context, out, cpus == 1 ? PROBE_WEAK : PROBE_OK, "%lld, measured on: %s", cpus, list);
}

void probe_find_sibling(const struct probe_context *context, struct finding *out)
{
    const char *text =
        probe_read_file(context, CPU_FOLDER "/cpu%d/topology/thread_siblings_list", context->cpu);
    size_t count = text != NULL ? machine_text_count_cpus(text) : 0;
    if (count == 0) {
        probe_say(context, out, PROBE_INFO, "not told");
        return;
    }
    struct text_span list = machine_text_first_line(text);
    if (count == 1)
        probe_say(context, out, PROBE_OK, "none: CPU %d has its core to itself", context->cpu);
    else
        probe_say(context, out, PROBE_WEAK, "CPUs %.*s share one core", (int)list.size, list.start);
}

void probe_find_governor(const struct probe_context *context, struct finding *out)
{
    const char *text =
        probe_read_file(context, CPU_FOLDER "/cpu%d/cpufreq/scaling_governor", context->cpu);
    struct text_span name = {0};
    if (text != NULL)
        name = machine_text_first_line(text);
    if (name.start == NULL) {
        probe_say(context, out, PROBE_INFO, "not told: the host sets the clock");
        return;
    }
    bool steady = machine_text_has_word(name, "performance");
    probe_say(context, out, steady ? PROBE_OK : PROBE_WEAK, "%.*s", (int)name.size, name.start);
}

/* Intel's driver says the opposite of all others. */
void probe_find_boost(const struct probe_context *context, struct finding *out)
{
    static const struct {
        const char *file, *off, *mend;
    } switches[] = {
        {CPU_FOLDER "/intel_pstate/no_turbo", "1",
         "echo 1 | sudo tee " CPU_FOLDER "/intel_pstate/no_turbo"},
        {CPU_FOLDER "/cpufreq/boost", "0", "echo 0 | sudo tee " CPU_FOLDER "/cpufreq/boost"},
    };
    for (size_t i = 0; i < COUNT_OF(switches); i++) {
        const char *text = probe_read_file(context, "%s", switches[i].file);
        if (text == NULL)
            continue;
        bool off = machine_text_has_word(machine_text_first_line(text), switches[i].off);
        probe_say(context, out, off ? PROBE_OK : PROBE_WEAK, "%s", off ? "off" : "on");
        out->mend = switches[i].mend;
        return;
    }
    probe_say(context, out, PROBE_INFO, "not told: the host sets the clock");
}
