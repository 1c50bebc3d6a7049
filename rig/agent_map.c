#include "rig/agent_map.h"

#include "base/arena.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGENT_FILE "tollgate-agent.so"

struct agent_preload {
    struct arena arena;
    struct agent_map *map;
    size_t size;
    const char *environment[3];
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

static bool create_map(struct agent_preload *preload, const char *path, uint32_t node_count,
                       struct error *err)
{
    preload->size = agent_wire_size_bytes(AGENT_WIRE_DEFAULT_SLOTS, node_count);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set_errno(err, "cannot make %s", path);
    /* Workers may run as another user than the one who made the map. */
    bool ok = fchmod(fd, 0666) == 0 && ftruncate(fd, (off_t)preload->size) == 0;
    void *map =
        ok ? mmap(NULL, preload->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED)
        error_set_errno(err, "cannot make %s", path);
    close(fd);
    if (map == MAP_FAILED)
        return false;
    preload->map = map;
    agent_wire_init(preload->map, AGENT_WIRE_DEFAULT_SLOTS, node_count);
    agent_wire_enable(preload->map, true);
    return true;
}

void agent_preload_free(struct agent_preload *preload)
{
    if (preload == NULL)
        return;
    if (preload->map != NULL)
        munmap(preload->map, preload->size);
    arena_release(&preload->arena);
    free(preload);
}

static bool prepare(struct agent_preload *preload, const char *agent, const char *folder,
                    uint32_t node_count, struct error *err)
{
    char absolute[PATH_MAX];
    if (realpath(folder, absolute) == NULL)
        return error_set_errno(err, "cannot find %s", folder);
    const char *path = arena_format(&preload->arena, "%s/agent", absolute);
    preload->environment[0] = arena_format(&preload->arena, "LD_PRELOAD=%s", agent);
    if (path != NULL)
        preload->environment[1] = arena_format(&preload->arena, AGENT_WIRE_ENVIRONMENT "=%s", path);
    if (path == NULL || preload->environment[0] == NULL || preload->environment[1] == NULL)
        return error_set_memory(err);
    return create_map(preload, path, node_count, err);
}

bool agent_preload_new(struct agent_preload **out, const char *folder, uint32_t node_count,
                       char why[512], struct error *err)
{
    struct agent_preload *preload = calloc(1, sizeof *preload);
    *out = NULL;
    if (preload == NULL)
        return error_set_memory(err);
    arena_init(&preload->arena);
    const char *agent = find_agent(&preload->arena);
    bool ok = true;
    if (agent == NULL)
        snprintf(why, 512, "%s is not beside tollgate nor in ../lib/tollgate", AGENT_FILE);
    else
        ok = prepare(preload, agent, folder, node_count, err);
    if (agent != NULL && ok)
        *out = preload;
    else
        agent_preload_free(preload);
    return ok;
}

const char *const *agent_preload_environment(const struct agent_preload *preload)
{
    return preload->environment;
}

struct agent_map *agent_preload_map(const struct agent_preload *preload)
{
    return preload->map;
}

const char *agent_preload_blind(const struct agent_preload *preload)
{
    struct agent_totals totals;
    uint32_t blind = atomic_load(&preload->map->blind);
    agent_wire_sum(preload->map, &totals);
    if (atomic_load(&preload->map->attached) == 0)
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
