/* Allocations, by the agent that is preloaded into the gateway. */
#include "rig/sampler.h"

#include "base/arena.h"
#include "rig/agent/wire.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGENT_FILE "tollgate-agent.so"

struct agent_state {
    struct arena arena;
    struct agent_map *map;
    size_t size;
    const char *environment[3];
    char blind[256];
};

/* Beside the program in a build, in lib/tollgate once installed. */
static const char *find_agent(struct arena *arena)
{
    static const char *const places[] = {"", "/../lib/tollgate"};
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return NULL;
    program[length] = '\0';
    const char *folder = dirname(program);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const char *path = arena_format(arena, "%s%s/" AGENT_FILE, folder, places[i]);
        if (path != NULL && access(path, R_OK) == 0)
            return path;
    }
    return NULL;
}

static bool agent_map_create(struct agent_state *state, const char *path, struct error *err)
{
    state->size = agent_wire_size_bytes(AGENT_WIRE_DEFAULT_SLOTS);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set_errno(err, "cannot make %s", path);
    /* Workers may run as another user than the one who made the map. */
    bool ok = fchmod(fd, 0666) == 0 && ftruncate(fd, (off_t)state->size) == 0;
    void *map = ok ? mmap(NULL, state->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                   : MAP_FAILED;
    if (map == MAP_FAILED)
        error_set_errno(err, "cannot make %s", path);
    close(fd);
    if (map == MAP_FAILED)
        return false;
    state->map = map;
    agent_wire_init(state->map, AGENT_WIRE_DEFAULT_SLOTS);
    agent_wire_enable(state->map, true);
    return true;
}

static void agent_sampler_close(void *opaque)
{
    struct agent_state *state = opaque;
    if (state->map != NULL)
        munmap(state->map, state->size);
    arena_release(&state->arena);
    free(state);
}

static bool agent_sampler_open(void **out, const char *folder, const struct interrupt *interrupt,
                               char why[512], struct error *err)
{
    char absolute[PATH_MAX];
    (void)interrupt;
    *out = NULL;
    struct agent_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return error_set_memory(err);
    arena_init(&state->arena);
    const char *agent = find_agent(&state->arena);
    if (agent == NULL) {
        snprintf(why, 512, "%s is not beside tollgate nor in ../lib/tollgate", AGENT_FILE);
        agent_sampler_close(state);
        return true;
    }
    if (realpath(folder, absolute) == NULL) {
        error_set_errno(err, "cannot find %s", folder);
        goto failed;
    }
    const char *path = arena_format(&state->arena, "%s/agent", absolute);
    state->environment[0] = arena_format(&state->arena, "LD_PRELOAD=%s", agent);
    if (path != NULL)
        state->environment[1] =
            arena_format(&state->arena, AGENT_WIRE_ENVIRONMENT "=%s", path);
    if (path == NULL || state->environment[0] == NULL || state->environment[1] == NULL) {
        error_set_memory(err);
        goto failed;
    }
    if (!agent_map_create(state, path, err))
        goto failed;
    *out = state;
    return true;
failed:
    agent_sampler_close(state);
    return false;
}

static const char *const *agent_sampler_prefix(void *opaque)
{
    (void)opaque;
    return NULL;
}

static const char *const *agent_sampler_environment(void *opaque)
{
    struct agent_state *state = opaque;
    return state->environment;
}

static bool agent_sampler_read(void *opaque, struct gateway *gateway, struct reading *reading,
                               struct error *err)
{
    const struct agent_state *state = opaque;
    struct agent_totals totals;
    (void)gateway;
    (void)err;
    agent_wire_sum(state->map, &totals);
    reading->values[0] = (int64_t)totals.allocations;
    reading->values[1] = (int64_t)totals.requested_bytes;
    reading->values[2] = agent_wire_retained_bytes(&totals);
    return true;
}

static const char *agent_sampler_blind(void *opaque, struct gateway *gateway)
{
    struct agent_state *state = opaque;
    struct agent_totals totals;
    (void)gateway;
    uint32_t blind = atomic_load(&state->map->blind);
    agent_wire_sum(state->map, &totals);
    if (atomic_load(&state->map->attached) == 0)
        return "blind: the gateway is linked statically or refuses preloading, so its allocations "
               "cannot be counted";
    if ((blind & AGENT_BLIND_MALLOC) != 0)
        return "blind: the gateway brings its own malloc, so its allocations cannot be counted";
    if ((blind & AGENT_BLIND_NEW) != 0)
        return "blind: the gateway's C++ new does not go to malloc, so its allocations cannot be "
               "counted";
    if (totals.allocations == 0)
        return "blind: the gateway never called malloc, so it has an allocator of its own";
    return NULL;
}

/* The agent's map is the only account there is. */
static int64_t agent_sampler_total(void *opaque)
{
    const struct agent_state *state = opaque;
    struct agent_totals totals;
    agent_wire_sum(state->map, &totals);
    return (int64_t)totals.allocations;
}

const struct sampler sampler_agent = {
    .pass = "alloc",
    .counters = {{METRIC_ALLOCATIONS, REDUCE_LEAST},
                 {METRIC_ALLOC_BYTES, REDUCE_LEAST},
                 {METRIC_RETAINED_BYTES, REDUCE_MEDIAN}},
    .counter_count = 3,
    .slowness = 2,
    .open = agent_sampler_open,
    .close = agent_sampler_close,
    .prefix = agent_sampler_prefix,
    .environment = agent_sampler_environment,
    .read = agent_sampler_read,
    .blind = agent_sampler_blind,
    .total = agent_sampler_total,
};
