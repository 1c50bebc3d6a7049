/* What happens when the agent is loaded and unloaded. Whatever is missing or wrong, the host runs
 * on as if the agent were not there. */
#include "rig/agent/family.h"
#include "rig/agent/slots.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* Whether the process calls another malloc than the agent's: one that the executable brings, or an
 * object preloaded before the agent. In an executable at a fixed address that takes malloc's
 * address, the first symbol found is an undefined one with an address of its own, a mere jump to
 * the agent. */
static bool another_malloc_is_first(void)
{
    void *(*own)(size_t) = family_own_malloc;
    void *first = dlsym(RTLD_DEFAULT, "malloc");
    if (first == NULL || memcmp(&own, &first, sizeof first) == 0)
        return false;
    Dl_info info;
    void *found = NULL;
    if (dladdr1(first, &info, &found, RTLD_DL_SYMENT) == 0 || found == NULL)
        return true;
    const ElfW(Sym) *symbol = found;
    return symbol->st_shndx != SHN_UNDEF;
}

static uint32_t find_blindness(void)
{
    uint32_t blind = 0;
    if (another_malloc_is_first())
        blind |= AGENT_BLIND_MALLOC;
    if (next_serves_new())
        blind |= AGENT_BLIND_NEW;
    if (!agent_next.sizes_known)
        blind |= AGENT_BLIND_USABLE;
    return blind;
}

__attribute__((constructor)) static void agent_load(void)
{
    int saved = errno;
    const char *path = secure_getenv(AGENT_WIRE_ENVIRONMENT);
    if (next_resolve() && path != NULL && path[0] != '\0' && slots_attach(path)) {
        next_learn_sizes();
        slots_tell_blind(find_blindness());
    }
    (void)dlerror(); /* what was not found, such as C++ new in C, is not for the host to hear of */
    errno = saved;
}

/* Threads other than the one that exits may still be counting and keep their slots. */
__attribute__((destructor)) static void agent_unload(void)
{
    slots_end_thread();
}
