/* The ELF part of an object: what is loaded from where, which sections are code, symbol tables. */
#include "rig/symbols_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADERS_MAX = 4096 };

static bool read_loads(struct symbols_object *object)
{
    size_t count = 0;
    if (elf_getphdrnum(object->elf, &count) != 0 || count > HEADERS_MAX)
        return true;
    object->loads = calloc(count + 1, sizeof *object->loads);
    if (object->loads == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(object->elf, (int)i, &header) == NULL || header.p_type != PT_LOAD)
            continue;
        object->loads[object->load_count++] = (struct symbols_load){
            header.p_offset, header.p_filesz, header.p_vaddr, (header.p_flags & PF_X) != 0};
        if (header.p_filesz > 0 &&
            (header.p_offset > (uint64_t)object->stat.st_size ||
             header.p_filesz > (uint64_t)object->stat.st_size - header.p_offset))
            symbols_object_say(object, "%s is cut short: build or install it again", object->path);
    }
    return true;
}

static int by_span(const void *left, const void *right)
{
    const struct symbols_span *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

static bool add_span(struct symbols_object *object, uint64_t low, uint64_t size)
{
    uint64_t high;
    if (size == 0 || __builtin_add_overflow(low, size, &high))
        return true;
    struct symbols_span *grown =
        reallocarray(object->code, object->code_count + 1, sizeof *object->code);
    if (grown == NULL)
        return false;
    object->code = grown;
    object->code[object->code_count++] = (struct symbols_span){low, high};
    return true;
}

static bool read_code(struct symbols_object *object)
{
    Elf_Scn *section = NULL;
    size_t seen = 0;
    bool ok = true;
    while (ok && (section = elf_nextscn(object->elf, section)) != NULL && seen++ < HEADERS_MAX) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL || (header.sh_flags & SHF_EXECINSTR) == 0 ||
            (header.sh_flags & SHF_ALLOC) == 0)
            continue;
        ok = add_span(object, header.sh_addr, header.sh_size);
    }
    for (size_t i = 0; ok && seen == 0 && i < object->load_count; i++)
        if (object->loads[i].executable)
            ok = add_span(object, object->loads[i].address, object->loads[i].file_size);
    if (object->code_count > 0)
        qsort(object->code, object->code_count, sizeof *object->code, by_span);
    return ok;
}

Elf_Scn *symbols_elf_section(Elf *elf, const char *name)
{
    Elf_Scn *section = NULL;
    size_t names;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        const char *found =
            gelf_getshdr(section, &header) != NULL ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (found != NULL && strcmp(found, name) == 0)
            return section;
    }
    return NULL;
}

static bool open_file(struct symbols_object *object, const char *path)
{
    object->fd = open(path, SYMBOLS_OPEN_FLAGS);
    if (object->fd < 0 || fstat(object->fd, &object->stat) != 0) {
        symbols_object_say(object, "cannot read %s: %s", object->path, strerror(errno));
        return false;
    }
    if (!S_ISREG(object->stat.st_mode)) {
        symbols_object_say(object, "%s is not a file", object->path);
        return false;
    }
    object->elf = elf_begin(object->fd, ELF_C_READ, NULL);
    return true;
}

/* Whether it is an ELF file that code is run from, and whole. */
static bool check_kind(struct symbols_object *object)
{
    GElf_Ehdr header;
    uint64_t size = (uint64_t)object->stat.st_size;
    if (object->elf == NULL || elf_kind(object->elf) != ELF_K_ELF ||
        gelf_getehdr(object->elf, &header) == NULL) {
        symbols_object_say(object, "%s is not an ELF program or library", object->path);
        if (object->elf != NULL)
            elf_end(object->elf);
        object->elf = NULL;
        return false;
    }
    if (header.e_shoff > size ||
        (uint64_t)header.e_shnum * header.e_shentsize > size - header.e_shoff)
        symbols_object_say(object, "%s is cut short: build or install it again", object->path);
    object->budget = (1 << 16) + SYMBOLS_BUDGET_PER_BYTE * (int64_t)size;
    return true;
}

/* All that is needed was read. A process may have mapped more files than may be open. */
static void leave_file(struct symbols_object *object)
{
    if (object->fd < 0)
        return;
    elf_cntl(object->elf, ELF_C_FDDONE);
    close(object->fd);
    object->fd = -1;
}

bool symbols_elf_open(struct symbols_object *object, const struct symbols_opening *opening)
{
    if (opening->image != NULL) {
        object->elf = elf_memory(opening->image, opening->size_bytes);
        object->stat.st_size = (off_t)opening->size_bytes;
    } else if (!open_file(object, opening->path)) {
        return true;
    }
    if (!check_kind(object))
        return true;
    if (!read_loads(object) || !read_code(object))
        return false;
    if (opening->image == NULL)
        symbols_debug_find(object, opening->path);
    bool ok = symbols_table_read(object);
    leave_file(object);
    return ok;
}

void symbols_elf_close(struct symbols_object *object)
{
    symbols_image_release(&object->shared);
    symbols_image_release(&object->debug);
    if (object->elf != NULL)
        elf_end(object->elf);
    if (object->fd >= 0)
        close(object->fd);
    object->elf = NULL;
    object->fd = -1;
    symbols_segments_release(&object->functions);
    free(object->names);
    free(object->loads);
    free(object->code);
    object->names = NULL;
    object->loads = NULL;
    object->code = NULL;
}

bool symbols_elf_is_code(const struct symbols_object *object, uint64_t address)
{
    size_t low = 0, high = object->code_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (object->code[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address < object->code[low - 1].high;
}

bool symbols_elf_address(const struct symbols_object *object, uint64_t offset, uint64_t *address)
{
    const struct symbols_load *found = NULL;
    for (size_t i = 0; i < object->load_count; i++) {
        const struct symbols_load *load = &object->loads[i];
        if (offset >= load->offset && offset - load->offset < load->file_size &&
            (found == NULL || (load->executable && !found->executable)))
            found = load;
    }
    if (found != NULL)
        *address = offset - found->offset + found->address;
    return found != NULL;
}
