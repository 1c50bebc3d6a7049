#include "rig/agent/rules.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#define ENTRIES ((size_t)1 << RULES_BITS)

enum { HEADERS_BYTES = 4096 }; /* an object's first page has its program headers */

AGENT_LOCAL struct rules_entry *agent_rules;
AGENT_LOCAL struct rules_code agent_code;

#ifdef DLFO_STRUCT_HAS_EH_DBASE
static __typeof(_dl_find_object) *find_loaded;
#endif

struct search {
    uintptr_t address;
    uintptr_t start, end; /* of the segment that holds it */
    struct cfi_object object;
    bool found;
};

/* The segment of an object that has an address in it. */
static bool find_segment(const ElfW(Phdr) * headers, size_t count, uintptr_t bias,
                         struct search *search, uintptr_t address)
{
    for (size_t i = 0; i < count; i++) {
        uintptr_t start = bias + headers[i].p_vaddr;
        if (headers[i].p_type != PT_LOAD || address - start >= headers[i].p_filesz)
            continue;
        search->start = start;
        search->end = start + headers[i].p_filesz;
        return true;
    }
    return false;
}

static bool use_table(const ElfW(Phdr) * headers, size_t count, uintptr_t bias, uintptr_t table,
                      struct search *search)
{
    if (!find_segment(headers, count, bias, search, table))
        return false;
    search->object = (struct cfi_object){.table = (const unsigned char *)table,
                                         .start = (const unsigned char *)search->start,
                                         .end = (const unsigned char *)search->end};
    search->found = true;
    return true;
}

#ifdef DLFO_STRUCT_HAS_EH_DBASE
/* Takes no lock, as a search from within malloc must not. */
static bool find_without_lock(struct search *search)
{
    struct dl_find_object found;
    if (find_loaded((void *)search->address, &found) != 0 || found.dlfo_eh_frame == NULL)
        return false;
    const ElfW(Ehdr) *header = found.dlfo_map_start;
    if ((uintptr_t)found.dlfo_map_end - (uintptr_t)header < HEADERS_BYTES ||
        memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_phentsize != sizeof(ElfW(Phdr)) ||
        header->e_phnum > HEADERS_BYTES / sizeof(ElfW(Phdr)) ||
        header->e_phoff > HEADERS_BYTES - header->e_phnum * sizeof(ElfW(Phdr)))
        return false;
    const ElfW(Phdr) *headers = (const void *)((const unsigned char *)header + header->e_phoff);
    return use_table(headers, header->e_phnum, found.dlfo_link_map->l_addr,
                     (uintptr_t)found.dlfo_eh_frame, search);
}
#endif

static int look_at_object(struct dl_phdr_info *info, size_t size, void *context)
{
    struct search *search = context;
    (void)size;
    if (!find_segment(info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr, search, search->address))
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            use_table(info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr,
                      info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, search);
    return 1;
}

static bool find_object(struct search *search)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    if (find_loaded != NULL)
        return find_without_lock(search);
#endif
    dl_iterate_phdr(look_at_object, search);
    return search->found;
}

static struct cfi_rule read_rule(uintptr_t address)
{
    struct search search = {.address = address - 1};
    struct cfi_rule rule;
    if (find_object(&search) && cfi_find_rule(&search.object, address, &rule))
        return rule;
    return CFI_FRAME_POINTER_RULE;
}

struct cfi_rule rules_learn(uintptr_t address)
{
    struct rules_entry *free_entry = NULL;
    for (size_t i = 0; i < RULES_PROBES && free_entry == NULL; i++) {
        struct rules_entry *entry = &agent_rules[(rules_place(address) + i) % ENTRIES];
        uintptr_t there = atomic_load_explicit(&entry->address, memory_order_relaxed);
        uint64_t word = atomic_load_explicit(&entry->rule, memory_order_acquire);
        if (there == address && word != 0)
            return rules_of_word(word);
        if (there == 0)
            free_entry = entry;
    }
    struct cfi_rule rule = read_rule(address);
    uintptr_t none = 0;
    if (free_entry != NULL && atomic_compare_exchange_strong(&free_entry->address, &none, address))
        atomic_store_explicit(&free_entry->rule, (union rules_word){.rule = rule}.word,
                              memory_order_release);
    return rule;
}

/* The extent of the executable segment that this function lies in. */
static int look_at_own_object(struct dl_phdr_info *info, size_t size, void *context)
{
    struct search *search = context;
    (void)size;
    return find_segment(info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr, search,
                        search->address);
}

bool rules_prepare(void)
{
    bool (*here)(void) = rules_prepare;
    struct search own = {0};
    memcpy(&own.address, &here, sizeof own.address);
    if (dl_iterate_phdr(look_at_own_object, &own) == 0)
        return false;
    void *memory = mmap(NULL, ENTRIES * sizeof *agent_rules, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    void *found = dlsym(RTLD_DEFAULT, "_dl_find_object");
    memcpy(&find_loaded, &found, sizeof found);
#endif
    agent_code = (struct rules_code){own.start, own.end - own.start};
    agent_rules = memory;
    return true;
}
