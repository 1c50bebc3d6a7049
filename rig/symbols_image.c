/* A file that holds debug information, read into memory with zeros behind it. libdw 0.188 takes
 * strings and numbers of variable length on trust: when they are damaged it reads on to the next
 * zero byte, beyond the end of a section. Here there always is one. */
#include "rig/symbols_private.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ZEROS_BYTES = 1 << 16,
    RATIO_MAX = 256, /* of a section's size decompressed to compressed */
};

#define IMAGE_BYTES_MAX (4ULL << 30)

static bool read_all(int fd, char *memory, size_t size)
{
    size_t at = 0;
    while (at < size) {
        ssize_t got = pread(fd, memory + at, size - at, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        /* Shorter than it was: what is missing is zeros. */
        if (got <= 0)
            return got == 0;
        at += (size_t)got;
    }
    return true;
}

/* Its content decompressed, with zeros behind it, in the place of the compressed one. */
static bool expand(struct symbols *symbols, Elf_Scn *section, bool old_style)
{
    GElf_Shdr header;
    GElf_Chdr compressed;
    if (gelf_getshdr(section, &header) == NULL)
        return false;
    ssize_t size = old_style ? dwelf_scn_gnu_compressed_size(section) : -1;
    if (!old_style && gelf_getchdr(section, &compressed) != NULL &&
        compressed.ch_size < IMAGE_BYTES_MAX)
        size = (ssize_t)compressed.ch_size;
    if (size < 0)
        return old_style;
    if ((uint64_t)size / RATIO_MAX > header.sh_size)
        return false;
    /* What libelf does not know is left as it is; symbols_explain sees it. */
    if ((old_style ? elf_compress_gnu(section, 0, 0) : elf_compress(section, 0, 0)) < 0)
        return true;
    Elf_Data *data = elf_rawdata(section, NULL);
    if (data == NULL || data->d_buf == NULL)
        return false;
    char *copy = arena_alloc_array(&symbols->arena, 1, data->d_size + ZEROS_BYTES);
    if (copy == NULL)
        return false;
    memcpy(copy, data->d_buf, data->d_size);
    data->d_buf = copy;
    return true;
}

static bool expand_all(struct symbols *symbols, Elf *elf)
{
    Elf_Scn *section = NULL;
    size_t names;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return false;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        const char *name =
            gelf_getshdr(section, &header) != NULL ? elf_strptr(elf, names, header.sh_name) : NULL;
        bool old_style = name != NULL && strncmp(name, ".zdebug_", 8) == 0;
        if (name == NULL || (!old_style && (header.sh_flags & SHF_COMPRESSED) == 0))
            continue;
        if (!expand(symbols, section, old_style))
            return false;
    }
    return true;
}

bool symbols_image_read(struct symbols_image *image, struct symbols *symbols, int fd)
{
    struct stat status;
    *image = (struct symbols_image){0};
    if (fstat(fd, &status) != 0 || status.st_size <= 0 ||
        (uint64_t)status.st_size > IMAGE_BYTES_MAX)
        return false;
    size_t size = (size_t)status.st_size;
    void *memory =
        mmap(NULL, size + ZEROS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    image->memory = memory;
    image->mapped_bytes = size + ZEROS_BYTES;
    if (read_all(fd, memory, size))
        image->elf = elf_memory(memory, size);
    if (image->elf != NULL && expand_all(symbols, image->elf))
        return true;
    symbols_image_release(image);
    return false;
}

void symbols_image_release(struct symbols_image *image)
{
    if (image->elf != NULL)
        elf_end(image->elf);
    if (image->memory != NULL)
        munmap(image->memory, image->mapped_bytes);
    *image = (struct symbols_image){0};
}
