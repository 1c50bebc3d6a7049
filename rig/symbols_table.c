/* The functions of an object's symbol table, and the stubs that calls into other objects go
 * through. */
#include "rig/symbols_private.h"

#include <stdlib.h>
#include <string.h>

static Elf_Scn *find_section(Elf *elf, GElf_Word type, GElf_Shdr *header)
{
    Elf_Scn *section = NULL;
    while (elf != NULL && (section = elf_nextscn(elf, section)) != NULL)
        if (gelf_getshdr(section, header) != NULL && header->sh_type == type &&
            header->sh_entsize > 0)
            return section;
    return NULL;
}

/* Of two names for the same place, the one to show: with a size, few leading underscores, global
 * before weak before local, short. Higher is better. */
static uint32_t rank_symbol(const GElf_Sym *symbol, const char *name)
{
    uint32_t underscores = (uint32_t)strspn(name, "_"), length = (uint32_t)strlen(name);
    uint32_t binding = GELF_ST_BIND(symbol->st_info) == STB_GLOBAL ? 2
                       : GELF_ST_BIND(symbol->st_info) == STB_WEAK ? 1
                                                                   : 0;
    uint32_t rank = symbol->st_size > 0 ? 1 : 0;
    rank = rank << 4 | (underscores < 15 ? 15 - underscores : 0);
    rank = rank << 2 | binding;
    return rank << 12 | (length < 4095 ? 4095 - length : 0);
}

struct named_symbol {
    uint64_t low, high; /* high = low: no size is known */
    uint32_t rank;
    const char *name;
};

struct table {
    struct named_symbol *items;
    size_t count, capacity;
};

static bool add(struct table *table, uint64_t low, uint64_t size, uint32_t rank, const char *name)
{
    uint64_t high;
    if (__builtin_add_overflow(low, size, &high))
        high = low;
    if (table->count == table->capacity) {
        size_t capacity = table->capacity > 0 ? table->capacity * 2 : 256;
        struct named_symbol *grown = reallocarray(table->items, capacity, sizeof *table->items);
        if (grown == NULL)
            return false;
        table->items = grown;
        table->capacity = capacity;
    }
    table->items[table->count++] = (struct named_symbol){low, high, rank, name};
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct named_symbol *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return (a->rank < b->rank) - (a->rank > b->rank);
}

static bool is_function(const struct symbols_object *object, const GElf_Sym *symbol)
{
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_name == 0)
        return false;
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
        return false;
    return symbols_elf_is_code(object, symbol->st_value);
}

/* Where the code ends that holds the address. */
static uint64_t code_end(const struct symbols_object *object, uint64_t address)
{
    for (size_t i = 0; i < object->code_count; i++)
        if (address >= object->code[i].low && address < object->code[i].high)
            return object->code[i].high;
    return address;
}

/* Mapping symbols of ARM and what the assembler left over are no names. */
static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && name[0] != '$' && strncmp(name, ".L", 2) != 0;
}

static bool collect_symbols(struct symbols_object *object, Elf *elf, Elf_Scn *section,
                            const GElf_Shdr *header, struct table *table)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = (size_t)(header->sh_size / header->sh_entsize);
    for (size_t i = 0; data != NULL && i < count && symbols_spend(object, 1); i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL)
            break;
        const char *name =
            is_function(object, &symbol) ? elf_strptr(elf, header->sh_link, symbol.st_name) : NULL;
        if (is_name(name) &&
            !add(table, symbol.st_value, symbol.st_size, rank_symbol(&symbol, name), name))
            return false;
    }
    return true;
}

/* The slots of the global offset table that the loader fills in with functions. */
struct slot {
    uint64_t address;
    const char *name;
};

struct slots {
    struct slot *items;
    size_t count, capacity;
};

static bool add_slot(struct symbols_object *object, struct slots *slots, const GElf_Shdr *header,
                     const GElf_Rela *relocation)
{
    GElf_Shdr dynamic;
    GElf_Sym symbol;
    uint64_t type = GELF_R_TYPE(relocation->r_info), index = GELF_R_SYM(relocation->r_info);
    if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) || index > INT32_MAX)
        return true;
    Elf_Scn *section = elf_getscn(object->elf, header->sh_link);
    if (section == NULL || gelf_getshdr(section, &dynamic) == NULL ||
        gelf_getsym(elf_getdata(section, NULL), (int)index, &symbol) == NULL)
        return true;
    const char *name = elf_strptr(object->elf, dynamic.sh_link, symbol.st_name);
    if (!is_name(name))
        return true;
    if (slots->count == slots->capacity) {
        size_t capacity = slots->capacity > 0 ? slots->capacity * 2 : 64;
        struct slot *grown = reallocarray(slots->items, capacity, sizeof *slots->items);
        if (grown == NULL)
            return false;
        slots->items = grown;
        slots->capacity = capacity;
    }
    slots->items[slots->count++] = (struct slot){relocation->r_offset, name};
    return true;
}

static int by_slot(const void *left, const void *right)
{
    const struct slot *a = left, *b = right;
    return (a->address > b->address) - (a->address < b->address);
}

static bool read_slots(struct symbols_object *object, struct slots *slots)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(object->elf, section)) != NULL) {
        GElf_Shdr header;
        Elf_Data *data = NULL;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_RELA &&
            header.sh_entsize > 0 && (header.sh_flags & SHF_ALLOC) != 0)
            data = elf_getdata(section, NULL);
        size_t count = data != NULL ? (size_t)(header.sh_size / header.sh_entsize) : 0;
        for (size_t i = 0; i < count && symbols_spend(object, 1); i++) {
            GElf_Rela relocation;
            if (gelf_getrela(data, (int)i, &relocation) == NULL)
                break;
            if (!add_slot(object, slots, &header, &relocation))
                return false;
        }
    }
    if (slots->count > 0)
        qsort(slots->items, slots->count, sizeof *slots->items, by_slot);
    return true;
}

/* A stub of x86-64 holds "jmp *disp32(%rip)": ff 25 and the way from its end to the slot. */
static bool add_stubs(struct symbols_object *object, const char *section_name, size_t stub_bytes,
                      const struct slots *slots, struct table *table)
{
    GElf_Shdr header;
    Elf_Scn *section = symbols_elf_section(object->elf, section_name);
    Elf_Data *data =
        section != NULL && gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_PROGBITS
            ? elf_getdata(section, NULL)
            : NULL;
    for (size_t at = 0; data != NULL && data->d_buf != NULL && at + stub_bytes <= data->d_size;
         at += stub_bytes) {
        const unsigned char *stub = (const unsigned char *)data->d_buf + at;
        for (size_t i = 0; i + 6 <= stub_bytes; i++) {
            int32_t way;
            memcpy(&way, stub + i + 2, sizeof way);
            struct slot wanted = {.address = header.sh_addr + at + i + 6 + (uint64_t)(int64_t)way};
            const struct slot *slot = NULL;
            if (stub[i] == 0xff && stub[i + 1] == 0x25 && slots->count > 0)
                slot = bsearch(&wanted, slots->items, slots->count, sizeof *slots->items, by_slot);
            if (slot == NULL)
                continue;
            const char *name =
                arena_format(&object->symbols->arena, "%.*s@plt", SYMBOLS_NAME_MAX, slot->name);
            if (name == NULL || !add(table, header.sh_addr + at, stub_bytes, 0, name))
                return false;
            break;
        }
    }
    return true;
}

static bool collect_stubs(struct symbols_object *object, struct table *table)
{
    GElf_Ehdr header;
    struct slots slots = {0};
    if (gelf_getehdr(object->elf, &header) == NULL || header.e_machine != EM_X86_64)
        return true;
    bool ok = read_slots(object, &slots) && add_stubs(object, ".plt", 16, &slots, table) &&
              add_stubs(object, ".plt.sec", 16, &slots, table) &&
              add_stubs(object, ".plt.got", 8, &slots, table);
    free(slots.items);
    return ok;
}

/* One without a size reaches to the next symbol. The one that begins last wins: sorted by place,
 * the index is the rank. Of several that begin together only the best is kept. */
static bool flatten_symbols(struct symbols_object *object, struct named_symbol *symbols,
                            size_t count)
{
    struct symbols_ranges ranges = {0};
    bool ok = true;
    if (count > 0)
        qsort(symbols, count, sizeof *symbols, by_place);
    object->names = calloc(count + 1, sizeof *object->names);
    if (object->names == NULL)
        return false;
    for (size_t i = 0; ok && i < count; i++) {
        if (i > 0 && symbols[i].low == symbols[i - 1].low)
            continue;
        uint64_t high = symbols[i].high;
        size_t next = i + 1;
        while (next < count && symbols[next].low == symbols[i].low)
            next++;
        if (high == symbols[i].low) {
            high = code_end(object, symbols[i].low);
            if (next < count && symbols[next].low < high)
                high = symbols[next].low;
        }
        uint32_t index = (uint32_t)object->name_count++;
        object->names[index] = symbols[i].name;
        ok = symbols_ranges_add(&ranges, symbols[i].low, high, index, index);
    }
    if (!ok) {
        free(ranges.items);
        return false;
    }
    return symbols_segments_build(&object->functions, &ranges);
}

/* The fullest table there is, with what it is worth. */
static Elf_Scn *choose_table(const struct symbols_object *object, Elf **elf, GElf_Shdr *header,
                             enum symbols_detail *detail)
{
    *elf = object->elf;
    *detail = SYMBOLS_FUNCTIONS;
    Elf_Scn *section = find_section(*elf, SHT_SYMTAB, header);
    if (section == NULL) {
        *elf = object->debug.elf;
        section = find_section(*elf, SHT_SYMTAB, header);
    }
    if (section == NULL) {
        *elf = object->elf;
        *detail = SYMBOLS_EXPORTS;
        section = find_section(*elf, SHT_DYNSYM, header);
    }
    return section;
}

bool symbols_table_read(struct symbols_object *object)
{
    GElf_Shdr header;
    Elf *elf;
    enum symbols_detail detail;
    struct table table = {0};
    Elf_Scn *section = choose_table(object, &elf, &header, &detail);
    bool ok = section == NULL || collect_symbols(object, elf, section, &header, &table);
    if (ok && table.count > 0)
        object->detail = detail;
    ok = ok && collect_stubs(object, &table) && flatten_symbols(object, table.items, table.count);
    free(table.items);
    return ok;
}
