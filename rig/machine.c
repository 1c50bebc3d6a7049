#include "rig/machine.h"

#include "base/buffer.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "rig/machine_text.h"

#include <gnu/libc-version.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum { PROC_MAX_BYTES = 4 << 20, TOOL_TIMEOUT_MS = 10000 };

static const char *cpuinfo_field(const char *text, const char *name, struct arena *arena)
{
    struct text_span value = machine_text_cpuinfo(text, name);
    return value.start != NULL ? arena_copy_bytes(arena, value.start, value.size) : NULL;
}

static void find_cpu(struct fingerprint *fingerprint, struct arena *arena)
{
    struct buffer text;
    struct error ignored = {0};
    buffer_init(&text, PROC_MAX_BYTES);
    if (file_read("/proc/cpuinfo", &text, &ignored)) {
        const char *flags = cpuinfo_field(buffer_text(&text), "flags", arena);
        if (flags == NULL)
            flags = cpuinfo_field(buffer_text(&text), "Features", arena);
        fingerprint->cpu_model = cpuinfo_field(buffer_text(&text), "model name", arena);
        if (flags != NULL)
            fingerprint->cpu_flags = arena_format(
                arena, "%016llx", file_hash_bytes(FILE_HASH_START, flags, strlen(flags)));
    }
    buffer_release(&text);
    fingerprint->cpus = sysconf(_SC_NPROCESSORS_ONLN);
}

/* The hypervisor's signature, CPUID leaf 0x40000000. */
static const char *find_virtualization(struct arena *arena)
{
#if defined(__x86_64__) || defined(__i386__)
    static const char *const known[][2] = {{"KVMKVMKVM", "kvm"},
                                           {"VMwareVMware", "vmware"},
                                           {"Microsoft Hv", "hyperv"},
                                           {"XenVMMXenVMM", "xen"},
                                           {"TCGTCGTCGTCG", "qemu"}};
    unsigned eax, words[3], features;
    __cpuid(1, eax, words[0], features, words[2]);
    if ((features & (1U << 31)) == 0)
        return "none";
    __cpuid(0x40000000, eax, words[0], words[1], words[2]);
    char signature[13] = {0};
    memcpy(signature, words, 12);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(known[i][0], signature) == 0)
            return known[i][1];
    return arena_copy_string(arena, signature);
#else
    (void)arena;
    return NULL;
#endif
}

/* The first line that a tool prints, or NULL. */
static const char *first_line(const char *const *arguments, struct arena *arena)
{
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status = {0};
    struct buffer out, errors;
    struct error ignored = {0};
    const char *line = NULL;
    buffer_init(&out, 65536);
    buffer_init(&errors, 65536);
    if (child_run(&options, TOOL_TIMEOUT_MS, NULL, &out, &errors, &status, &ignored) &&
        !status.signalled && status.code == 0 && out.length > 0)
        line = arena_copy_bytes(arena, buffer_text(&out),
                                (size_t)(strchrnul(buffer_text(&out), '\n') - buffer_text(&out)));
    buffer_release(&out);
    buffer_release(&errors);
    return line;
}

void machine_fingerprint(struct fingerprint *fingerprint, struct arena *arena)
{
    static const char *const compiler[] = {"cc", "--version", NULL};
    static const char *const valgrind[] = {"valgrind", "--version", NULL};
    struct utsname system_name;
    *fingerprint = (struct fingerprint){0};
    find_cpu(fingerprint, arena);
    fingerprint->virtualization = find_virtualization(arena);
    if (uname(&system_name) == 0)
        fingerprint->kernel = arena_copy_string(arena, system_name.release);
    fingerprint->libc = arena_format(arena, "glibc %s", gnu_get_libc_version());
    fingerprint->compiler = first_line(compiler, arena);
    fingerprint->valgrind = first_line(valgrind, arena);
}

int64_t machine_tick_ns(void)
{
    return NS_PER_SECOND / sysconf(_SC_CLK_TCK);
}

/* "cpuN user nice system idle iowait irq softirq steal ..." in ticks. */
int64_t machine_stolen_ns(int cpu)
{
    char line[512], name[16];
    long long steal = 0;
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL)
        return 0;
    snprintf(name, sizeof name, cpu >= 0 ? "cpu%d " : "cpu ", cpu);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line, "%*s %*d %*d %*d %*d %*d %*d %*d %lld", &steal) == 1)
            break;
    fclose(file);
    return steal * machine_tick_ns();
}

/* The lowest CPU among the siblings names the core: unlike core_id it is unique over sockets. */
static int core_of(int cpu)
{
    char path[128];
    int first = cpu;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return cpu;
    if (fscanf(file, "%d", &first) != 1)
        first = cpu;
    fclose(file);
    return first;
}

size_t machine_list_cpus(struct live_cpu *cpus, size_t most)
{
    cpu_set_t set;
    size_t count = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && count < most; cpu++)
        if (CPU_ISSET((size_t)cpu, &set))
            cpus[count++] = (struct live_cpu){cpu, core_of(cpu)};
    return count;
}

size_t machine_choose_cpus(int chosen[LIVE_WORKERS_MAX])
{
    struct live_cpu cpus[CPU_SETSIZE];
    return live_plan_cpus(cpus, machine_list_cpus(cpus, COUNT_OF(cpus)), chosen);
}

int machine_choose_cpu(void)
{
    int chosen[LIVE_WORKERS_MAX];
    size_t count = machine_choose_cpus(chosen);
    return count > 0 ? chosen[count - 1] : -1;
}

bool machine_pin(int cpu)
{
    cpu_set_t set;
    if (cpu < 0)
        return true;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}
