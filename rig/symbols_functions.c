/* The functions of a unit, and those inlined into them. */
#include "rig/symbols_private.h"

#include <dwarf.h>
#include <stdlib.h>

/* Whether a function's plain name is all of its name, so that a linkage name would be an alias. */
static bool has_plain_names(int language)
{
    switch (language) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_Mips_Assembler:
        return true;
    default:
        return false;
    }
}

/* Walks the tree of a unit's entries, without recursion. */
struct walk {
    struct symbols_object *object;
    struct symbols_unit *unit;
    size_t capacity;
    struct symbols_ranges ranges;
    Dwarf_Die dies[SYMBOLS_NESTING_MAX];
    uint32_t inside[SYMBOLS_NESTING_MAX]; /* the function that encloses the entries of a level */
    size_t depth;
};

static uint32_t attribute_number(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (dwarf_attr(die, name, &attribute) == NULL || dwarf_formudata(&attribute, &value) != 0 ||
        value > UINT32_MAX)
        return 0;
    return (uint32_t)value;
}

static bool add_function(struct walk *walk, Dwarf_Die *die, bool inlined, uint32_t *inside)
{
    struct symbols_unit *unit = walk->unit;
    if (unit->function_count == walk->capacity) {
        size_t wanted = walk->capacity > 0 ? walk->capacity * 2 : 64;
        struct symbols_function *grown =
            reallocarray(unit->functions, wanted, sizeof *unit->functions);
        if (grown == NULL)
            return false;
        unit->functions = grown;
        walk->capacity = wanted;
    }
    uint32_t index = (uint32_t)unit->function_count++;
    unit->functions[index] =
        (struct symbols_function){.die = *die, .parent = inlined ? *inside : SYMBOLS_NONE};
    if (inlined) {
        unit->functions[index].call_file = attribute_number(die, DW_AT_call_file);
        unit->functions[index].call_line = attribute_number(die, DW_AT_call_line);
    }
    *inside = index;
    return symbols_dwarf_add_ranges(walk->object, die, &walk->ranges, (uint32_t)walk->depth, index);
}

/* Whether code can lie below an entry of this kind. */
static bool may_hold_code(int tag)
{
    switch (tag) {
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_call_site:
    case DW_TAG_GNU_call_site:
        return true;
    default:
        return false;
    }
}

static bool visit(struct walk *walk, Dwarf_Die *die, uint32_t *inside, bool *enter)
{
    int tag = dwarf_tag(die);
    *enter = may_hold_code(tag);
    if (tag == DW_TAG_subprogram) {
        if (dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges))
            return add_function(walk, die, false, inside);
        /* Only declared, or only to be inlined: nothing below it is in the file. */
        *enter = false;
    } else if (tag == DW_TAG_inlined_subroutine && *inside != SYMBOLS_NONE) {
        return add_function(walk, die, true, inside);
    }
    return true;
}

static bool walk_tree(struct walk *walk)
{
    if (dwarf_child(&walk->unit->tree, &walk->dies[0]) != 0)
        return true;
    walk->inside[0] = SYMBOLS_NONE;
    walk->depth = 1;
    while (walk->depth > 0 && symbols_spend(walk->object, 1)) {
        Dwarf_Die *die = &walk->dies[walk->depth - 1];
        uint32_t inside = walk->inside[walk->depth - 1];
        bool enter;
        if (!visit(walk, die, &inside, &enter))
            return false;
        if (enter && walk->depth < SYMBOLS_NESTING_MAX &&
            dwarf_child(die, &walk->dies[walk->depth]) == 0) {
            walk->inside[walk->depth++] = inside;
            continue;
        }
        while (walk->depth > 0 &&
               dwarf_siblingof(&walk->dies[walk->depth - 1], &walk->dies[walk->depth - 1]) != 0)
            walk->depth--;
    }
    return true;
}

bool symbols_functions_read(struct symbols_object *object, struct symbols_unit *unit)
{
    struct walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL)
        return false;
    unit->plain_names = has_plain_names(dwarf_srclang(&unit->die));
    walk->object = object;
    walk->unit = unit;
    bool ok = walk_tree(walk);
    if (ok)
        ok = symbols_segments_build(&unit->segments, &walk->ranges);
    else
        free(walk->ranges.items);
    free(walk);
    return ok;
}

/* An entry's name, or that of the entry which it is an instance or the definition of. */
static const char *find_name(Dwarf_Die die, bool plain_names)
{
    static const unsigned names[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name};
    const char *found = NULL;
    for (int i = 0; i < SYMBOLS_ORIGINS_MAX; i++) {
        Dwarf_Attribute attribute;
        Dwarf_Die next;
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            const char *name = NULL;
            bool plain = names[j] == DW_AT_name;
            if (dwarf_attr(&die, names[j], &attribute) != NULL)
                name = dwarf_formstring(&attribute);
            if (name != NULL && plain == plain_names)
                return name;
            if (name != NULL && found == NULL)
                found = name;
        }
        if (dwarf_attr(&die, DW_AT_abstract_origin, &attribute) == NULL &&
            dwarf_attr(&die, DW_AT_specification, &attribute) == NULL)
            break;
        if (dwarf_formref_die(&attribute, &next) == NULL)
            break;
        die = next;
    }
    return found;
}

const char *symbols_function_name(struct symbols_object *object, const struct symbols_unit *unit,
                                  struct symbols_function *function)
{
    if (!function->named) {
        function->named = true;
        function->name =
            symbols_clean_text(object->symbols, find_name(function->die, unit->plain_names));
    }
    return function->name;
}
