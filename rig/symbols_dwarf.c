/* The DWARF part of an object: which compilation unit holds an address, and what a unit tells of
 * lines and functions. Units are found once an object, and read when an address falls into one. */
#include "rig/symbols_private.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* What the linker dropped lies at 0 or thereabouts, or at the end of the address space: not in
 * code. */
bool symbols_dwarf_add_ranges(struct symbols_object *object, Dwarf_Die *die,
                              struct symbols_ranges *ranges, uint32_t rank, uint32_t value)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
        if (!symbols_spend(object, 1))
            return true;
        if (symbols_elf_is_code(object, low) && !symbols_ranges_add(ranges, low, high, rank, value))
            return false;
    }
    return true;
}

static struct symbols_unit *add_unit(struct symbols_object *object, size_t *capacity)
{
    if (object->unit_count == *capacity) {
        size_t wanted = *capacity > 0 ? *capacity * 2 : 64;
        struct symbols_unit *grown = reallocarray(object->units, wanted, sizeof *object->units);
        if (grown == NULL)
            return NULL;
        object->units = grown;
        *capacity = wanted;
    }
    struct symbols_unit *unit = &object->units[object->unit_count++];
    *unit = (struct symbols_unit){0};
    return unit;
}

/* A unit that does not say where its code is has it where its lines are. */
static bool add_unit_ranges(struct symbols_object *object, struct symbols_unit *unit,
                            struct symbols_ranges *ranges, uint32_t index)
{
    if (dwarf_hasattr(&unit->die, DW_AT_low_pc) || dwarf_hasattr(&unit->die, DW_AT_ranges))
        return symbols_dwarf_add_ranges(object, &unit->die, ranges, index, index);
    if (!symbols_lines_read(object, unit))
        return false;
    for (size_t i = 0; i < unit->sequence_count; i++) {
        const struct symbols_row *first = &unit->rows[unit->sequences[i].first];
        const struct symbols_row *last = first + unit->sequences[i].count - 1;
        if (!symbols_ranges_add(ranges, first->address, last->address, index, index))
            return false;
    }
    return true;
}

/* libdw has decompressed the sections by now. */
static Elf_Data *find_data(Elf *elf, const char *name, const char *old_name)
{
    Elf_Scn *section = symbols_elf_section(elf, name);
    if (section == NULL)
        section = symbols_elf_section(elf, old_name);
    Elf_Data *data = section != NULL ? elf_rawdata(section, NULL) : NULL;
    return data != NULL && data->d_buf != NULL ? data : NULL;
}

static void find_lines(Dwarf *dwarf, struct symbols_line_data *lines)
{
    Elf *elf = dwarf_getelf(dwarf);
    const char *ident = elf_getident(elf, NULL);
    lines->big_endian = ident != NULL && ident[EI_DATA] == ELFDATA2MSB;
    lines->lines = find_data(elf, ".debug_line", ".zdebug_line");
    lines->line_strings = find_data(elf, ".debug_line_str", ".zdebug_line_str");
    lines->strings = find_data(elf, ".debug_str", ".zdebug_str");
}

bool symbols_dwarf_open(struct symbols_object *object, const char *path)
{
    struct symbols_ranges ranges = {0};
    Dwarf_CU *cu = NULL;
    Dwarf_Die die, sub;
    uint8_t type;
    size_t capacity = 0;
    bool ok = true;
    if (object->debug.elf != NULL)
        object->dwarf = dwarf_begin_elf(object->debug.elf, DWARF_C_READ, NULL);
    if (object->dwarf == NULL)
        return true;
    symbols_debug_share(object, path);
    find_lines(object->dwarf, &object->lines);
    if (object->alt != NULL)
        find_lines(object->alt, &object->alt_lines);
    while (ok && symbols_spend(object, 1) &&
           dwarf_get_units(object->dwarf, cu, &cu, NULL, &type, &die, &sub) == 0) {
        if (type != DW_UT_compile && type != DW_UT_skeleton)
            continue;
        struct symbols_unit *unit = add_unit(object, &capacity);
        if (unit == NULL) {
            ok = false;
            break;
        }
        unit->die = die;
        unit->tree = type == DW_UT_skeleton && sub.addr != NULL ? sub : die;
        uint32_t index = (uint32_t)(object->unit_count - 1);
        ok = add_unit_ranges(object, unit, &ranges, index);
    }
    if (!ok) {
        free(ranges.items);
        return false;
    }
    if (ranges.count > 0 && object->lines.lines != NULL)
        object->detail = SYMBOLS_LINES;
    return symbols_segments_build(&object->unit_segments, &ranges) &&
           symbols_files_find_root(object);
}

void symbols_unit_release(struct symbols_unit *unit)
{
    Dwarf_Die die = unit->die, tree = unit->tree;
    free(unit->rows);
    free(unit->sequences);
    symbols_segments_release(&unit->sequence_segments);
    free(unit->functions);
    symbols_segments_release(&unit->segments);
    *unit = (struct symbols_unit){.die = die, .tree = tree};
}

void symbols_dwarf_close(struct symbols_object *object)
{
    for (size_t i = 0; i < object->unit_count; i++)
        symbols_unit_release(&object->units[i]);
    free(object->units);
    symbols_segments_release(&object->unit_segments);
    object->units = NULL;
    object->unit_count = 0;
    if (object->dwarf != NULL)
        dwarf_end(object->dwarf);
    if (object->alt != NULL)
        dwarf_end(object->alt);
    HASH_CLEAR(hh, object->named_files);
    object->dwarf = NULL;
    object->alt = NULL;
}

struct symbols_unit *symbols_dwarf_unit(struct symbols_object *object, uint64_t address)
{
    uint32_t index = symbols_segments_find(&object->unit_segments, address);
    return index != SYMBOLS_NONE ? &object->units[index] : NULL;
}

bool symbols_dwarf_index(struct symbols_object *object, struct symbols_unit *unit)
{
    if (unit->indexed)
        return true;
    unit->indexed = true;
    unit->files = symbols_named_files(object, &unit->die);
    return symbols_lines_read(object, unit) && symbols_functions_read(object, unit) &&
           symbols_statements_settle(unit);
}
