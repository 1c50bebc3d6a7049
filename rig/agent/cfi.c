#include "rig/agent/cfi.h"

#include <stddef.h>
#include <string.h>

/* DWARF's numbers of x86-64 registers. */
enum { REGISTER_FRAME = 6, REGISTER_STACK = 7, REGISTER_RETURN = 16 };

/* Encodings of pointers: a format in the low half, what it is relative to in the high one. */
enum {
    POINTER_WORD = 0x00,
    POINTER_U4 = 0x03,
    POINTER_U8 = 0x04,
    POINTER_S4 = 0x0b,
    POINTER_S8 = 0x0c,
    POINTER_FORMAT = 0x0f,
    POINTER_RELATIVE = 0x70,
    POINTER_TO_PLACE = 0x10,
    POINTER_TABLE_OF_S4 = 0x3b, /* relative to the table's start */
};

enum {
    OPERATION_BREG_FRAME = 0x76,
    OPERATION_DEREF = 0x06,
    REMEMBERED_MAX = 8,
};

struct reader {
    const unsigned char *at, *end;
    bool failed; /* then everything that is read is 0 */
};

static uint64_t read_bytes(struct reader *reader, size_t count)
{
    uint64_t value = 0;
    if (reader->failed || (size_t)(reader->end - reader->at) < count) {
        reader->failed = true;
        return 0;
    }
    memcpy(&value, reader->at, count);
    reader->at += count;
    return value;
}

static uint8_t read_byte(struct reader *reader)
{
    return (uint8_t)read_bytes(reader, 1);
}

static uint64_t read_uleb(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_byte(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    reader->failed = true;
    return 0;
}

static int64_t read_sleb(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        uint8_t byte = read_byte(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0)
            continue;
        if ((byte & 0x40) != 0)
            value |= ~UINT64_C(0) << (shift + 7);
        return (int64_t)value;
    }
    reader->failed = true;
    return 0;
}

static void skip(struct reader *reader, uint64_t count)
{
    if (reader->failed || (uint64_t)(reader->end - reader->at) < count)
        reader->failed = true;
    else
        reader->at += count;
}

/* A part of what is left, which is then passed over. */
static struct reader take_part(struct reader *reader, uint64_t length)
{
    struct reader part = *reader;
    skip(reader, length);
    part.failed = reader->failed;
    if (!part.failed)
        part.end = reader->at;
    return part;
}

static uint64_t read_pointer(struct reader *reader, uint8_t encoding)
{
    uint64_t value = 0, place = (uint64_t)(uintptr_t)reader->at;
    uint8_t relative = encoding & POINTER_RELATIVE;
    switch (encoding & POINTER_FORMAT) {
    case POINTER_WORD:
    case POINTER_U8:
    case POINTER_S8:
        value = read_bytes(reader, 8);
        break;
    case POINTER_U4:
        value = read_bytes(reader, 4);
        break;
    case POINTER_S4:
        value = (uint64_t)(int64_t)(int32_t)read_bytes(reader, 4);
        break;
    default:
        reader->failed = true;
    }
    if (relative == POINTER_TO_PLACE)
        return value + place;
    if (relative != 0)
        reader->failed = true;
    return value;
}

/* Where registers of the caller are, as far as rules go. */
enum where { KEPT, SAVED_AT_CFA, SAVED_AT_FRAME, NOWHERE };

struct saved {
    enum where where;
    int64_t offset;
};

struct row {
    enum cfi_base base;
    int64_t cfa_offset;
    struct saved frame, back; /* the frame pointer and the return address */
    struct saved other;       /* all others are one, that nobody reads */
};

/* What a common information entry (CIE) says for its functions. */
struct common {
    uint64_t code_factor;
    int64_t data_factor;
    uint8_t pointer_encoding;
    bool has_data; /* functions' entries have a length of augmentation data */
    struct reader program;
};

struct machine {
    const struct common *common;
    struct row row, initial;
    struct row remembered[REMEMBERED_MAX];
    size_t remembered_count;
    uint64_t location, wanted;
    bool beyond; /* the program does what is not understood here, or has reached `wanted` */
    bool failed;
};

static bool read_augmentation(struct reader *entry, struct common *common, const char *letters)
{
    if (letters[0] == '\0')
        return true;
    if (letters[0] != 'z')
        return false;
    common->has_data = true;
    struct reader data = take_part(entry, read_uleb(entry));
    for (const char *letter = letters + 1; *letter != '\0'; letter++) {
        if (*letter == 'R')
            common->pointer_encoding = read_byte(&data);
        else if (*letter == 'L')
            read_byte(&data);
        else if (*letter == 'P')
            read_pointer(&data, read_byte(&data) & (POINTER_FORMAT | POINTER_RELATIVE));
        else
            return false; /* a signal handler's frame, or something new */
    }
    return !data.failed;
}

/* The entry at `at`, without its length; false also for the table's end. */
static bool open_entry(const struct cfi_object *object, const unsigned char *at,
                       struct reader *entry)
{
    if (at < object->start || at >= object->end)
        return false;
    struct reader reader = {.at = at, .end = object->end};
    uint64_t length = read_bytes(&reader, 4);
    *entry = take_part(&reader, length);
    return !entry->failed && length != 0 && length != UINT32_MAX;
}

static bool read_common(const struct cfi_object *object, const unsigned char *at,
                        struct common *common)
{
    struct reader entry;
    *common = (struct common){0};
    if (!open_entry(object, at, &entry) || read_bytes(&entry, 4) != 0)
        return false;
    uint8_t version = read_byte(&entry);
    const char *letters = (const char *)entry.at;
    while (read_byte(&entry) != 0 && !entry.failed)
        continue;
    common->code_factor = read_uleb(&entry);
    common->data_factor = read_sleb(&entry);
    uint64_t back = version == 1 ? read_byte(&entry) : read_uleb(&entry);
    if (entry.failed || (version != 1 && version != 3) || back != REGISTER_RETURN ||
        !read_augmentation(&entry, common, letters))
        return false;
    common->program = entry;
    return !entry.failed;
}

static struct saved *saved_register(struct row *row, uint64_t number)
{
    if (number == REGISTER_FRAME)
        return &row->frame;
    return number == REGISTER_RETURN ? &row->back : &row->other;
}

static void set_cfa(struct machine *machine, uint64_t number, int64_t offset)
{
    machine->row.cfa_offset = offset;
    machine->row.base = number == REGISTER_STACK   ? CFI_STACK
                        : number == REGISTER_FRAME ? CFI_FRAME
                                                   : CFI_NONE;
}

/* The one kind of expression that compilers write for functions that align the stack: frame pointer
 * + offset, and for the CFA the word that is there. */
static bool read_frame_expression(struct reader *program, bool deref, int64_t *offset)
{
    struct reader part = take_part(program, read_uleb(program));
    bool understood = read_byte(&part) == OPERATION_BREG_FRAME;
    *offset = read_sleb(&part);
    if (deref)
        understood = understood && read_byte(&part) == OPERATION_DEREF;
    return understood && !part.failed && part.at == part.end;
}

static void set_saved(struct machine *machine, uint64_t number, enum where where, int64_t offset)
{
    *saved_register(&machine->row, number) = (struct saved){where, offset};
}

static int64_t scaled(const struct machine *machine, int64_t offset)
{
    int64_t product;
    return __builtin_mul_overflow(offset, machine->common->data_factor, &product) ? 0 : product;
}

static void restore(struct machine *machine, uint64_t number)
{
    *saved_register(&machine->row, number) = *saved_register(&machine->initial, number);
}

static void advance(struct machine *machine, uint64_t delta)
{
    machine->location += delta * machine->common->code_factor;
    machine->beyond = machine->beyond || machine->location > machine->wanted;
}

static void remember(struct machine *machine)
{
    if (machine->remembered_count == REMEMBERED_MAX)
        machine->failed = true;
    else
        machine->remembered[machine->remembered_count++] = machine->row;
}

static void recall(struct machine *machine)
{
    if (machine->remembered_count == 0)
        machine->failed = true;
    else
        machine->row = machine->remembered[--machine->remembered_count];
}

/* Instructions about where a register is saved. */
static bool run_register(struct machine *machine, struct reader *program, uint8_t code)
{
    int64_t offset = 0;
    uint64_t number = read_uleb(program);
    switch (code) {
    case 0x05: /* DW_CFA_offset_extended */
        set_saved(machine, number, SAVED_AT_CFA, scaled(machine, (int64_t)read_uleb(program)));
        return true;
    case 0x11: /* DW_CFA_offset_extended_sf */
        set_saved(machine, number, SAVED_AT_CFA, scaled(machine, read_sleb(program)));
        return true;
    case 0x2f: /* DW_CFA_GNU_negative_offset_extended */
        set_saved(machine, number, SAVED_AT_CFA,
                  scaled(machine, (int64_t)(0 - read_uleb(program))));
        return true;
    case 0x06: /* DW_CFA_restore_extended */
        restore(machine, number);
        return true;
    case 0x07: /* DW_CFA_undefined */
        set_saved(machine, number, NOWHERE, 0);
        return true;
    case 0x08: /* DW_CFA_same_value */
        set_saved(machine, number, KEPT, 0);
        return true;
    case 0x10: { /* DW_CFA_expression */
        bool understood = read_frame_expression(program, false, &offset);
        set_saved(machine, number, understood ? SAVED_AT_FRAME : NOWHERE, offset);
        return true;
    }
    case 0x09: /* DW_CFA_register */
    case 0x14: /* DW_CFA_val_offset */
        read_uleb(program);
        break;
    case 0x15: /* DW_CFA_val_offset_sf */
        read_sleb(program);
        break;
    case 0x16: /* DW_CFA_val_expression */
        skip(program, read_uleb(program));
        break;
    default:
        return false;
    }
    set_saved(machine, number, NOWHERE, 1); /* it is somewhere, but nowhere we can follow */
    return true;
}

static bool run_cfa(struct machine *machine, struct reader *program, uint8_t code)
{
    uint64_t number;
    switch (code) {
    case 0x0c: /* DW_CFA_def_cfa */
        number = read_uleb(program);
        set_cfa(machine, number, (int64_t)read_uleb(program));
        return true;
    case 0x12: /* DW_CFA_def_cfa_sf */
        number = read_uleb(program);
        set_cfa(machine, number, scaled(machine, read_sleb(program)));
        return true;
    case 0x0d: /* DW_CFA_def_cfa_register */
        set_cfa(machine, read_uleb(program), machine->row.cfa_offset);
        return true;
    case 0x0e: /* DW_CFA_def_cfa_offset */
        machine->row.cfa_offset = (int64_t)read_uleb(program);
        return true;
    case 0x13: /* DW_CFA_def_cfa_offset_sf */
        machine->row.cfa_offset = scaled(machine, read_sleb(program));
        return true;
    case 0x0f: /* DW_CFA_def_cfa_expression */
        machine->row.base =
            read_frame_expression(program, true, &machine->row.cfa_offset) ? CFI_SAVED : CFI_NONE;
        return true;
    default:
        return false;
    }
}

static void run_one(struct machine *machine, struct reader *program)
{
    uint8_t code = read_byte(program), low = code & 0x3f;
    switch (code >> 6) {
    case 1: /* DW_CFA_advance_loc */
        advance(machine, low);
        return;
    case 2: /* DW_CFA_offset */
        set_saved(machine, low, SAVED_AT_CFA, scaled(machine, (int64_t)read_uleb(program)));
        return;
    case 3: /* DW_CFA_restore */
        restore(machine, low);
        return;
    default:
        break;
    }
    switch (code) {
    case 0x00: /* DW_CFA_nop */
        return;
    case 0x01: /* DW_CFA_set_loc */
        machine->location = read_pointer(program, machine->common->pointer_encoding);
        advance(machine, 0);
        return;
    case 0x02: /* DW_CFA_advance_loc1, 2, 4 */
    case 0x03:
    case 0x04:
        advance(machine, read_bytes(program, (size_t)1 << (code - 2)));
        return;
    case 0x0a:
        remember(machine);
        return;
    case 0x0b:
        recall(machine);
        return;
    case 0x2e: /* DW_CFA_GNU_args_size */
        read_uleb(program);
        return;
    default:
        machine->failed = machine->failed || (!run_cfa(machine, program, code) &&
                                              !run_register(machine, program, code));
    }
}

/* Up to the row of the wanted address. */
static bool run(struct machine *machine, struct reader program)
{
    while (!machine->failed && !program.failed && !machine->beyond && program.at < program.end) {
        struct row before = machine->row;
        run_one(machine, &program);
        if (machine->beyond)
            machine->row = before;
    }
    return !machine->failed && !program.failed;
}

static bool make_rule(const struct row *row, struct cfi_rule *rule)
{
    *rule = (struct cfi_rule){.base = (uint8_t)row->base, .cfa_offset = (int32_t)row->cfa_offset};
    if (row->back.where == NOWHERE && row->back.offset == 0) {
        *rule = (struct cfi_rule){.base = CFI_END};
        return true;
    }
    if (row->base == CFI_NONE || row->cfa_offset != rule->cfa_offset ||
        row->back.where != SAVED_AT_CFA || row->back.offset != -8)
        return false;
    rule->frame = row->frame.where == KEPT             ? CFI_KEPT
                  : row->frame.where == SAVED_AT_CFA   ? CFI_AT_CFA
                  : row->frame.where == SAVED_AT_FRAME ? CFI_AT_FRAME
                                                       : CFI_LOST;
    int64_t words = row->frame.offset / 8;
    rule->frame_words = (int16_t)words;
    if (words * 8 != row->frame.offset || rule->frame_words != words)
        rule->frame = CFI_LOST;
    return true;
}

/* The function's entry that the table names for an address; NULL when there is none. */
static const unsigned char *find_entry(const struct cfi_object *object, uintptr_t address)
{
    struct reader table = {.at = object->table, .end = object->end};
    uint8_t version = read_byte(&table), frames_encoding = read_byte(&table);
    uint8_t count_encoding = read_byte(&table), table_encoding = read_byte(&table);
    read_pointer(&table, frames_encoding);
    uint64_t count = read_pointer(&table, count_encoding), low = 0;
    if (table.failed || version != 1 || table_encoding != POINTER_TABLE_OF_S4 || count == 0 ||
        count > (uint64_t)(table.end - table.at) / 8)
        return NULL;
    int32_t offsets[2]; /* of the function and of its entry */
    uint64_t wanted = (uint64_t)address - (uint64_t)(uintptr_t)object->table;
    for (uint64_t high = count; high - low > 1;) {
        uint64_t middle = low + (high - low) / 2;
        memcpy(offsets, table.at + middle * 8, sizeof offsets);
        if (offsets[0] <= (int64_t)wanted)
            low = middle;
        else
            high = middle;
    }
    memcpy(offsets, table.at + low * 8, sizeof offsets);
    if (offsets[0] > (int64_t)wanted)
        return NULL;
    uintptr_t entry = (uintptr_t)object->table + (uintptr_t)(intptr_t)offsets[1];
    if (entry < (uintptr_t)object->start || entry >= (uintptr_t)object->end)
        return NULL;
    return object->start + (entry - (uintptr_t)object->start);
}

/* A call may be the last instruction of its function: its return address is then the next one's. */
bool cfi_find_rule(const struct cfi_object *object, uintptr_t return_address, struct cfi_rule *rule)
{
    struct common common;
    struct reader entry;
    if (object->table < object->start || object->table >= object->end)
        return false;
    const unsigned char *at = find_entry(object, return_address - 1);
    if (at == NULL || !open_entry(object, at, &entry))
        return false;
    const unsigned char *place = entry.at;
    uint64_t back = read_bytes(&entry, 4);
    if (entry.failed || back == 0 || back > (uint64_t)(place - object->start) ||
        !read_common(object, place - back, &common))
        return false;
    uint64_t start = read_pointer(&entry, common.pointer_encoding);
    uint64_t length = read_pointer(&entry, common.pointer_encoding & POINTER_FORMAT);
    if (common.has_data)
        skip(&entry, read_uleb(&entry));
    if (entry.failed || return_address - 1 - start >= length)
        return false;
    struct machine machine = {.common = &common, .location = 0, .wanted = UINT64_MAX};
    if (!run(&machine, common.program))
        return false;
    machine.initial = machine.row;
    machine.location = start;
    machine.wanted = return_address - 1;
    machine.beyond = false;
    return run(&machine, entry) && make_rule(&machine.row, rule);
}
