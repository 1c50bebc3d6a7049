/* The files that the line tables name, and that debugging entries refer to by number: DWARF 5,
 * 6.2.4. libdw 0.188 reads such tables beyond their end when they are damaged, and decodes all rows
 * for the sake of the names. */
#include "rig/symbols_private.h"

#include <dwarf.h>
#include <string.h>

/* Folders and files while they are read. */
struct reading {
    struct symbols_object *object;
    const struct symbols_line_data *data;
    struct symbols_line_head *head;
    const char *base; /* the folder that relative ones are below */
    const char **folders;
    size_t folder_count;
    struct symbols_named *names;
    size_t name_count;
};

/* Grows an array in the arena by one: twice as large where it has just become full. */
static void *grow(struct symbols_object *object, void *items, size_t count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return items;
    void *grown = arena_alloc_array(&object->symbols->arena, count > 0 ? 2 * count : 1, size);
    if (grown != NULL && count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

static bool add_folder(struct reading *reading, const char *folder)
{
    reading->folders =
        grow(reading->object, reading->folders, reading->folder_count, sizeof *reading->folders);
    if (reading->folders == NULL)
        return false;
    reading->folders[reading->folder_count++] = folder;
    return true;
}

static bool add_name(struct reading *reading, const char *name, uint64_t folder)
{
    reading->names =
        grow(reading->object, reading->names, reading->name_count, sizeof *reading->names);
    if (reading->names == NULL)
        return false;
    reading->names[reading->name_count++] = (struct symbols_named){
        .name = name, .folder = folder < reading->folder_count ? reading->folders[folder] : NULL};
    return true;
}

/* Before DWARF 5: strings up to an empty one; files have their folder, time and size with them.
 * Both are counted from 1. */
static bool read_old(struct reading *reading)
{
    struct symbols_reader *reader = &reading->head->reader;
    const char *text = "";
    if (!add_folder(reading, reading->base) || !add_name(reading, NULL, 0))
        return false;
    while ((text = symbols_read_string(reader)) != NULL && text[0] != '\0')
        if (!symbols_spend(reading->object, 1) || !add_folder(reading, text))
            return false;
    while (!reader->failed && (text = symbols_read_string(reader)) != NULL && text[0] != '\0') {
        uint64_t folder = symbols_read_leb(reader, false);
        symbols_read_leb(reader, false);
        symbols_read_leb(reader, false);
        if (!symbols_spend(reading->object, 1) || !add_name(reading, text, folder))
            return false;
    }
    return true;
}

struct format {
    uint64_t content, form;
};

enum { FORMATS_MAX = 16 };

static size_t read_formats(struct symbols_reader *reader, struct format formats[FORMATS_MAX])
{
    size_t count = (size_t)symbols_read_number(reader, 1);
    if (count > FORMATS_MAX)
        reader->failed = true;
    for (size_t i = 0; i < count && !reader->failed; i++) {
        formats[i].content = symbols_read_leb(reader, false);
        formats[i].form = symbols_read_leb(reader, false);
    }
    return count;
}

/* A value: a string into *text, or a number. */
static uint64_t read_value(struct reading *reading, uint64_t form, const char **text)
{
    struct symbols_reader *reader = &reading->head->reader;
    size_t offset_size = reading->head->offset_size;
    switch (form) {
    case DW_FORM_string:
        *text = symbols_read_string(reader);
        return 0;
    case DW_FORM_line_strp:
        *text = symbols_read_string_at(reading->data->line_strings,
                                       symbols_read_number(reader, offset_size));
        return 0;
    case DW_FORM_strp:
        *text = symbols_read_string_at(reading->data->strings,
                                       symbols_read_number(reader, offset_size));
        return 0;
    case DW_FORM_udata:
        return symbols_read_leb(reader, false);
    case DW_FORM_data1:
        return symbols_read_number(reader, 1);
    case DW_FORM_data2:
        return symbols_read_number(reader, 2);
    case DW_FORM_data4:
        return symbols_read_number(reader, 4);
    case DW_FORM_data8:
        return symbols_read_number(reader, 8);
    case DW_FORM_data16:
        symbols_read_past(reader, 16);
        return 0;
    case DW_FORM_block:
        symbols_read_past(reader, symbols_read_leb(reader, false));
        return 0;
    default:
        reader->failed = true;
        return 0;
    }
}

/* DWARF 5: each table tells what its entries are made of. */
static bool read_entries(struct reading *reading, bool folders)
{
    struct symbols_reader *reader = &reading->head->reader;
    struct format formats[FORMATS_MAX];
    size_t format_count = read_formats(reader, formats);
    uint64_t count = symbols_read_leb(reader, false);
    if (format_count == 0)
        return true;
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        const char *name = NULL;
        uint64_t folder = 0;
        for (size_t j = 0; j < format_count; j++) {
            const char *text = NULL;
            uint64_t value = read_value(reading, formats[j].form, &text);
            if (formats[j].content == DW_LNCT_path)
                name = text;
            else if (formats[j].content == DW_LNCT_directory_index)
                folder = value;
        }
        if (!symbols_spend(reading->object, 1) ||
            !(folders ? add_folder(reading, name) : add_name(reading, name, folder)))
            return false;
    }
    return true;
}

static bool read_tables(struct reading *reading)
{
    if (reading->head->version < 5)
        return read_old(reading);
    if (!read_entries(reading, true))
        return false;
    if (reading->folder_count > 0)
        reading->base = reading->folders[0];
    return reading->head->reader.failed || read_entries(reading, false);
}

static const struct symbols_line_data *data_of(const struct symbols_object *object, Dwarf_Die *unit)
{
    return object->alt != NULL && dwarf_cu_getdwarf(unit->cu) == object->alt ? &object->alt_lines
                                                                             : &object->lines;
}

static const char *folder_of(Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    return dwarf_attr(unit, DW_AT_comp_dir, &attribute) != NULL ? dwarf_formstring(&attribute)
                                                                : NULL;
}

static struct symbols_named_files *read_files(struct symbols_object *object,
                                              const struct symbols_line_data *data, Dwarf_Die *unit,
                                              const unsigned char *at)
{
    struct symbols_line_head head;
    struct reading reading = {.object = object, .data = data, .head = &head};
    struct symbols_named_files *made = arena_alloc(&object->symbols->arena, sizeof *made);
    if (made == NULL)
        return NULL;
    made->key = at;
    if (symbols_line_head_read(&head, data, at)) {
        reading.base = folder_of(unit);
        if (read_tables(&reading)) {
            made->base = reading.base;
            made->names = reading.names;
            made->count = reading.name_count;
        }
    }
    HASH_ADD_PTR(object->named_files, key, made);
    return made->hh.tbl != NULL ? made : NULL;
}

struct symbols_named_files *symbols_named_files(struct symbols_object *object, Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    Dwarf_Word offset;
    struct symbols_named_files *found;
    const struct symbols_line_data *data = data_of(object, unit);
    if (dwarf_attr(unit, DW_AT_stmt_list, &attribute) == NULL ||
        dwarf_formudata(&attribute, &offset) != 0 || data->lines == NULL ||
        offset >= data->lines->d_size)
        return NULL;
    const void *at = (const unsigned char *)data->lines->d_buf + offset;
    HASH_FIND_PTR(object->named_files, &at, found);
    return found != NULL ? found : read_files(object, data, unit, at);
}

/* "BASE/FOLDER/NAME", without what an absolute path to the right of it makes needless. */
static const char *whole_path(struct symbols_object *object, const char *base,
                              const struct symbols_named *named)
{
    const char *parts[] = {base, named->folder, named->name};
    size_t first = named->folder == base ? 1 : 0;
    for (size_t i = COUNT_OF(parts); i-- > first;)
        if (parts[i] != NULL && parts[i][0] == '/')
            first = i;
    const char *path = NULL;
    for (size_t i = first; i < COUNT_OF(parts); i++) {
        if (parts[i] == NULL || parts[i][0] == '\0')
            continue;
        path = path == NULL ? parts[i]
                            : arena_format(&object->symbols->arena, "%.*s/%.*s", SYMBOLS_NAME_MAX,
                                           path, SYMBOLS_NAME_MAX, parts[i]);
        if (path == NULL)
            return NULL;
    }
    return path;
}

const struct symbols_file *symbols_named_file(struct symbols_object *object,
                                              struct symbols_named_files *files, uint64_t index)
{
    if (files == NULL || index >= files->count)
        return NULL;
    struct symbols_named *named = &files->names[index];
    if (named->file == NULL && named->name != NULL && named->name[0] != '\0')
        named->file = symbols_file(object, whole_path(object, files->base, named));
    return named->file;
}
