#include "rig/agent/slots.h"
#include "rig/agent/sites.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_SLOT UINT32_MAX

/* Stands in for the map until there is one, and for good where none is. */
static struct agent_map no_map;
static struct slots_process no_process;

AGENT_LOCAL struct slots_state agent_state = {.map = &no_map, .process = &no_process};
AGENT_LOCAL __thread struct slots_thread agent_thread
    __attribute__((tls_model("initial-exec"))) = {.generation = SLOTS_NO_GENERATION};

static pthread_key_t thread_key;
static uint32_t slot_count; /* checked against the file's size once, never read again */
static _Atomic uint32_t last_generation;

/* The list of free slots is a stack that several processes push and pop without a lock, so that one
 * killed in between holds nobody up. The tag in the high half of its head changes with every pop
 * and keeps a head that went and came back from being taken for unchanged. */

static uint32_t pop_free_slot(struct agent_map *map)
{
    uint64_t head = atomic_load_explicit(&map->free_slots, memory_order_acquire);
    for (;;) {
        uint32_t index = (uint32_t)head - 1;
        if ((uint32_t)head == 0 || index >= slot_count)
            return NO_SLOT;
        uint32_t next = atomic_load_explicit(&map->slots[index].next, memory_order_relaxed);
        uint64_t changed = ((head >> 32) + 1) << 32 | next;
        if (atomic_compare_exchange_weak_explicit(&map->free_slots, &head, changed,
                                                  memory_order_acquire, memory_order_acquire))
            return index;
    }
}

static void push_free_slot(struct agent_map *map, struct agent_slot *slot)
{
    uint32_t index = (uint32_t)(slot - map->slots);
    uint64_t head = atomic_load_explicit(&map->free_slots, memory_order_relaxed);
    uint64_t changed;
    do {
        atomic_store_explicit(&slot->next, (uint32_t)head, memory_order_relaxed);
        changed = (head >> 32) << 32 | (index + 1);
    } while (!atomic_compare_exchange_weak_explicit(&map->free_slots, &head, changed,
                                                    memory_order_release, memory_order_relaxed));
}

static uint32_t take_fresh_slot(struct agent_map *map)
{
    uint32_t used = atomic_load_explicit(&map->used_slots, memory_order_relaxed);
    while (used < slot_count) {
        if (atomic_compare_exchange_weak_explicit(&map->used_slots, &used, used + 1,
                                                  memory_order_acq_rel, memory_order_relaxed))
            return used;
    }
    return NO_SLOT;
}

/* The process's generation; a child that was just forked gets one here and counts as attached. */
static uint32_t begin_process(void)
{
    uint32_t generation = atomic_load(&agent_state.process->generation);
    if (generation != 0)
        return generation;
    uint32_t fresh = atomic_fetch_add(&last_generation, 1) + 1;
    if (!atomic_compare_exchange_strong(&agent_state.process->generation, &generation, fresh))
        return generation;
    atomic_fetch_add(&agent_state.map->attached, 1);
    return fresh;
}

static bool claim_slot(void)
{
    struct agent_map *map = agent_state.map;
    uint32_t generation = begin_process();
    if (agent_thread.ended)
        return false;
    uint32_t index = pop_free_slot(map);
    if (index == NO_SLOT)
        index = take_fresh_slot(map);
    if (index == NO_SLOT)
        return false;
    struct agent_slot *slot = &map->slots[index];
    atomic_store_explicit(&slot->pid, (uint32_t)getpid(), memory_order_relaxed);
    atomic_store_explicit(&slot->tid, (uint32_t)syscall(SYS_gettid), memory_order_relaxed);
    /* A thread that cannot be told of its end keeps the slot for good, which harms no count. */
    (void)pthread_setspecific(thread_key, slot);
    sites_begin_thread(index);
    agent_thread.slot = slot;
    agent_thread.generation = generation;
    return true;
}

static void record_overflow(const struct slots_change *change)
{
    struct agent_slot *slot = &agent_state.map->overflow;
    atomic_fetch_add_explicit(&slot->allocations, change->allocations, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->reallocations, change->reallocations, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->frees, change->frees, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->requested_bytes, change->requested_bytes,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->usable_allocated_bytes, change->usable_allocated_bytes,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->usable_freed_bytes, change->usable_freed_bytes,
                              memory_order_relaxed);
}

bool slots_record_slowly(const struct slots_change *change)
{
    if (agent_thread.inside > 0)
        return false;
    int saved = errno;
    agent_thread.inside++; /* pthread_setspecific may allocate */
    bool claimed = claim_slot();
    if (claimed) {
        slots_record(agent_thread.slot, *change);
    } else {
        record_overflow(change);
    }
    agent_thread.inside--;
    errno = saved;
    return claimed;
}

void slots_end_thread(void)
{
    uint32_t generation = atomic_load(&agent_state.process->generation);
    agent_thread.ended = true;
    /* In a forked child the slot may still be the parent's. */
    if (generation == 0 || agent_thread.generation != generation)
        return;
    agent_thread.generation = SLOTS_NO_GENERATION;
    atomic_store_explicit(&agent_thread.slot->tid, 0, memory_order_relaxed);
    push_free_slot(agent_state.map, agent_thread.slot);
}

static void end_thread(void *slot)
{
    (void)slot;
    slots_end_thread();
}

/* Only where the kernel cannot wipe the page does this change anything but the count of attached
 * processes, which is then right before the child first allocates. */
static void begin_child(void)
{
    atomic_store(&agent_state.process->generation, 0);
    begin_process();
}

static struct slots_process *map_process_page(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    (void)madvise(page, size, MADV_WIPEONFORK);
    return page;
}

static bool is_node_count(uint32_t count)
{
    return count == 0 ||
           (count >= 64 && count <= AGENT_WIRE_MAX_NODES && (count & (count - 1)) == 0);
}

static struct agent_map *map_file(const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return NULL;
    struct stat status;
    void *map = MAP_FAILED;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
        (size_t)status.st_size >= sizeof(struct agent_map))
        map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (map == MAP_FAILED)
        return NULL;
    struct agent_map *checked = map;
    if (atomic_load_explicit(&checked->magic, memory_order_acquire) == AGENT_WIRE_MAGIC &&
        checked->version == AGENT_WIRE_VERSION && checked->slot_count <= AGENT_WIRE_MAX_SLOTS &&
        is_node_count(checked->node_count) &&
        agent_wire_size_bytes(checked->slot_count, checked->node_count) <= (size_t)status.st_size)
        return checked;
    munmap(map, (size_t)status.st_size);
    return NULL;
}

bool slots_attach(const char *path)
{
    struct slots_process *process = map_process_page();
    struct agent_map *map = process != NULL ? map_file(path) : NULL;
    if (map == NULL || pthread_key_create(&thread_key, end_thread) != 0)
        return false;
    if (pthread_atfork(NULL, NULL, begin_child) != 0)
        return false;
    slot_count = map->slot_count;
    agent_state.process = process;
    agent_state.keeps_sites = map->node_count > 0 && sites_attach(map, slot_count, map->node_count);
    /* The map last: with it counting may begin, and a thread that another library started already
     * would look at the rest. */
    atomic_thread_fence(memory_order_release);
    agent_state.map = map;
    begin_process();
    return true;
}

void slots_tell_blind(uint32_t blind)
{
    if (blind == 0)
        return;
    atomic_store(&agent_state.map->blind_pid, (uint32_t)getpid());
    atomic_fetch_or(&agent_state.map->blind, blind);
}
