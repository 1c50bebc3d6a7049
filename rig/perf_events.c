#include "rig/perf_events.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    CPUS_MAX = 256,
    RING_PAGES_MOST = 512,
    RING_PAGES_LEAST = 8,       /* room for some samples with stacks */
    RINGS_MAX_BYTES = 32 << 20, /* of all CPUs together */
    PARANOID_USER = 2,          /* the highest level at which users may sample themselves */
};

/* What the kernel writes for one CPU. */
struct ring {
    int fd;
    struct perf_event_mmap_page *page;
    unsigned char *data;
    size_t size; /* a power of two */
};

struct perf_events {
    struct perf_format format;
    int64_t period_ns;
    bool sees_kernel, whole_cpu;
    pid_t own_pid;
    size_t page_bytes;
    struct ring rings[CPUS_MAX];
    size_t ring_count;
    struct buffer records;
    int64_t lost;
    int stop_fd; /* readable: the reader is to end */
    pthread_t reader;
    bool reading;
    unsigned char scratch[PERF_RECORD_BYTES_MAX + 1]; /* one record in one piece */
};

/* How much is asked for: less of it each time that the system refuses. */
struct scope {
    bool whole_cpu;
    bool kernel;
    size_t pages; /* of a ring */
};

static struct perf_event_attr make_attributes(const struct perf_options *options,
                                              const struct scope *scope, size_t page_bytes)
{
    bool stacks = options->stack_bytes > 0 && perf_registers_mask() != 0;
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attributes,
        .config = scope->whole_cpu ? PERF_COUNT_SW_CPU_CLOCK : PERF_COUNT_SW_TASK_CLOCK,
        .sample_period = (uint64_t)(NS_PER_SECOND / options->frequency_hz),
        .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN,
        .inherit = !scope->whole_cpu,
        .exclude_kernel = !scope->kernel,
        .exclude_hv = 1,
        .exclude_idle = 1,
        .mmap = 1,
        .mmap2 = 1,
        .comm = 1,
        .comm_exec = 1,
        .task = 1,
        .sample_id_all = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
        .watermark = 1,
        .wakeup_watermark = (uint32_t)(scope->pages * page_bytes / 2),
    };
    if (stacks) {
        attributes.sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
        attributes.sample_regs_user = perf_registers_mask();
        attributes.sample_stack_user = (options->stack_bytes + 7) & ~7U;
    }
    return attributes;
}

static int open_event(struct perf_event_attr *attributes, bool whole_cpu, int cpu)
{
    return (int)syscall(SYS_perf_event_open, attributes, whole_cpu ? -1 : 0, cpu, -1,
                        PERF_FLAG_FD_CLOEXEC);
}

/* -1 = not told. */
static long read_paranoid(void)
{
    char text[32];
    int fd = open("/proc/sys/kernel/perf_event_paranoid", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return -1;
    text[got] = '\0';
    return strtol(text, NULL, 10);
}

static void explain_open(struct perf_refusal *refusal, int cause)
{
    long level = read_paranoid();
    bool refused = cause == EACCES || cause == EPERM;
    if (refused && level > PARANOID_USER) {
        snprintf(refusal->what, sizeof refusal->what,
                 "perf_event_open is refused: kernel.perf_event_paranoid is %ld", level);
        refusal->mend = "sudo sysctl kernel.perf_event_paranoid=2";
    } else if (refused || (cause == ENOSYS && level >= 0)) {
        snprintf(refusal->what, sizeof refusal->what, "the sandbox refuses perf_event_open: %s",
                 strerror(cause));
        refusal->mend = "allow it in the sandbox: docker run --cap-add=PERFMON, or in its seccomp "
                        "profile";
    } else if (cause == ENOSYS || cause == ENOENT || cause == EOPNOTSUPP) {
        snprintf(refusal->what, sizeof refusal->what, "the kernel has no perf events");
        refusal->mend = "take a kernel with CONFIG_PERF_EVENTS";
    } else {
        snprintf(refusal->what, sizeof refusal->what, "perf_event_open: %s", strerror(cause));
        refusal->mend = cause == EMFILE ? "ulimit -n 4096" : NULL;
    }
}

static void explain_ring(struct perf_refusal *refusal, int cause)
{
    snprintf(refusal->what, sizeof refusal->what, "no memory may be locked for samples: %s",
             strerror(cause));
    refusal->mend = cause == EPERM ? "sudo sysctl kernel.perf_event_mlock_kb=1024" : NULL;
}

static bool ring_map(struct ring *ring, size_t page_bytes, size_t pages)
{
    void *memory =
        mmap(NULL, (pages + 1) * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (memory == MAP_FAILED)
        return false;
    ring->page = memory;
    ring->data = (unsigned char *)memory + page_bytes;
    ring->size = pages * page_bytes;
    return true;
}

static void ring_close(struct ring *ring, size_t page_bytes)
{
    if (ring->page != NULL)
        munmap(ring->page, ring->size + page_bytes);
    if (ring->fd >= 0)
        close(ring->fd);
    *ring = (struct ring){.fd = -1};
}

static void close_rings(struct perf_events *events)
{
    for (size_t i = 0; i < events->ring_count; i++)
        ring_close(&events->rings[i], events->page_bytes);
    events->ring_count = 0;
}

/* Opens the next ring. 0, or the cause of the failure; *mapping: of its memory. */
static int open_ring(struct perf_events *events, struct perf_event_attr *attributes,
                     const struct scope *scope, int cpu, bool *mapping)
{
    struct ring *ring = &events->rings[events->ring_count];
    *ring = (struct ring){.fd = open_event(attributes, scope->whole_cpu, cpu)};
    if (ring->fd < 0)
        return errno == ENODEV ? 0 : errno; /* offline */
    events->ring_count++;
    *mapping = !ring_map(ring, events->page_bytes, scope->pages);
    return *mapping ? errno : 0;
}

/* Of the one CPU, or one ring for each that is online. */
static int open_rings(struct perf_events *events, const struct perf_options *options,
                      const struct scope *scope, bool *mapping)
{
    struct perf_event_attr attributes = make_attributes(options, scope, events->page_bytes);
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    int cause = 0;
    *mapping = false;
    events->format.stacks = attributes.sample_stack_user > 0;
    events->sees_kernel = scope->kernel;
    events->whole_cpu = scope->whole_cpu;
    if (scope->whole_cpu)
        return open_ring(events, &attributes, scope, options->cpu, mapping);
    for (int cpu = 0; cpu < cpus && events->ring_count < CPUS_MAX && cause == 0; cpu++)
        cause = open_ring(events, &attributes, scope, cpu, mapping);
    return cause == 0 && events->ring_count == 0 ? ENODEV : cause;
}

static size_t choose_pages(size_t page_bytes)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t pages = RING_PAGES_MOST;
    while (pages > RING_PAGES_LEAST &&
           pages * page_bytes * (size_t)(cpus > 0 ? cpus : 1) > RINGS_MAX_BYTES)
        pages /= 2;
    return pages;
}

/* False when there is nothing less to ask for. */
static bool narrow_scope(struct scope *scope, int cause, bool mapping)
{
    bool refused = cause == EACCES || cause == EPERM;
    if (mapping && scope->pages > RING_PAGES_LEAST)
        scope->pages /= 2;
    else if (!mapping && refused && scope->whole_cpu)
        scope->whole_cpu = false;
    else if (!mapping && refused && scope->kernel)
        scope->kernel = false;
    else
        return false;
    return true;
}

static bool open_all(struct perf_events *events, const struct perf_options *options,
                     struct perf_refusal *refusal)
{
    struct scope scope = {
        .whole_cpu = options->cpu >= 0, .kernel = true, .pages = choose_pages(events->page_bytes)};
    for (;;) {
        bool mapping;
        int cause = open_rings(events, options, &scope, &mapping);
        if (cause == 0)
            return true;
        close_rings(events);
        if (narrow_scope(&scope, cause, mapping))
            continue;
        (mapping ? explain_ring : explain_open)(refusal, cause);
        return false;
    }
}

/* Copies out of the ring, around its end. */
static void ring_copy(const struct ring *ring, uint64_t at, void *out, size_t size)
{
    size_t offset = (size_t)at & (ring->size - 1);
    size_t first = size < ring->size - offset ? size : ring->size - offset;
    memcpy(out, ring->data + offset, first);
    memcpy((unsigned char *)out + first, ring->data, size - first);
}

/* What drives the gateway and answers for its upstreams is sampled along with it. */
static bool is_own_sample(const struct perf_events *events, size_t size)
{
    struct perf_event_header header;
    uint32_t pid;
    size_t at = sizeof header + sizeof(uint64_t); /* behind the address */
    memcpy(&header, events->scratch, sizeof header);
    if (header.type != PERF_RECORD_SAMPLE || size < at + sizeof pid)
        return false;
    memcpy(&pid, events->scratch + at, sizeof pid);
    return (pid_t)pid == events->own_pid;
}

static void keep_record(struct perf_events *events, size_t size)
{
    struct buffer *records = &events->records;
    if (is_own_sample(events, size))
        return;
    size = perf_record_shrink(events->scratch, size, events->format);
    if (records->failed || size > records->max - records->length)
        events->lost++;
    else
        buffer_append(records, events->scratch, size);
}

static void ring_drain(struct perf_events *events, struct ring *ring)
{
    uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = ring->page->data_tail;
    while (tail < head) {
        struct perf_event_header header;
        ring_copy(ring, tail, &header, sizeof header);
        if (header.size < sizeof header || header.size > head - tail) {
            events->lost++; /* never seen; what follows cannot be told apart */
            tail = head;
            break;
        }
        ring_copy(ring, tail, events->scratch, header.size);
        keep_record(events, header.size);
        tail += header.size;
        __atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
}

/* Sleeps until a ring is half full: woken for each sample, it would stand in the way. */
static void *read_rings(void *argument)
{
    struct perf_events *events = argument;
    struct pollfd watched[CPUS_MAX + 1];
    for (size_t i = 0; i < events->ring_count; i++)
        watched[i] = (struct pollfd){.fd = events->rings[i].fd, .events = POLLIN};
    watched[events->ring_count] = (struct pollfd){.fd = events->stop_fd, .events = POLLIN};
    do {
        if (poll(watched, (nfds_t)events->ring_count + 1, -1) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < events->ring_count; i++) {
            ring_drain(events, &events->rings[i]);
            if (watched[i].revents & (POLLHUP | POLLERR))
                watched[i].fd = -1; /* it would be ready for ever */
        }
    } while (watched[events->ring_count].revents == 0);
    return NULL;
}

bool perf_events_open(struct perf_events **out, const struct perf_options *options,
                      struct perf_refusal *refusal, struct error *err)
{
    struct perf_events *events = calloc(1, sizeof *events);
    *out = NULL;
    *refusal = (struct perf_refusal){0};
    if (events == NULL)
        return error_set_memory(err);
    events->stop_fd = -1;
    events->own_pid = getpid();
    events->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    events->period_ns = NS_PER_SECOND / options->frequency_hz;
    buffer_init(&events->records, options->most_bytes);
    if (!open_all(events, options, refusal)) {
        perf_events_free(events);
        return true;
    }
    events->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (events->stop_fd < 0) {
        error_set_errno(err, "cannot make a descriptor to stop the sampling by");
        goto failed;
    }
    errno = pthread_create(&events->reader, NULL, read_rings, events);
    if (errno != 0) {
        error_set_errno(err, "cannot start a thread that reads the samples");
        goto failed;
    }
    events->reading = true;
    *out = events;
    return true;
failed:
    perf_events_free(events);
    return false;
}

static void stop_reader(struct perf_events *events)
{
    uint64_t one = 1;
    if (!events->reading)
        return;
    while (write(events->stop_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    pthread_join(events->reader, NULL);
    events->reading = false;
}

bool perf_events_stop(struct perf_events *events, struct error *err)
{
    stop_reader(events);
    close_rings(events);
    return buffer_check(&events->records, err);
}

void perf_events_free(struct perf_events *events)
{
    if (events == NULL)
        return;
    stop_reader(events);
    close_rings(events);
    if (events->stop_fd >= 0)
        close(events->stop_fd);
    buffer_release(&events->records);
    free(events);
}

struct perf_records perf_events_records(const struct perf_events *events)
{
    return (struct perf_records){.data = (const unsigned char *)events->records.data,
                                 .size = events->records.length,
                                 .format = events->format};
}

int64_t perf_events_lost(const struct perf_events *events)
{
    return events->lost;
}

int64_t perf_events_period_ns(const struct perf_events *events)
{
    return events->period_ns;
}

bool perf_events_see_kernel(const struct perf_events *events)
{
    return events->sees_kernel;
}

bool perf_events_are_of_cpu(const struct perf_events *events)
{
    return events->whole_cpu;
}

void perf_events_switch(const struct perf_events *events, bool on)
{
    for (size_t i = 0; i < events->ring_count; i++)
        ioctl(events->rings[i].fd, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}
