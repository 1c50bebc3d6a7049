/* The line table of a unit, sequence by sequence. libdw sorts the rows of all sequences by address
 * and forgets which row came from which: those of functions that the linker dropped, which begin
 * at address 0, then lie between those of the program's first functions. So the program of rows is
 * run here: DWARF 5, 6.2.5. */
#include "rig/symbols_private.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

struct program {
    struct symbols_line_head head;
    struct symbols_object *object;
    struct symbols_unit *unit;
    size_t row_capacity, sequence_capacity;
    struct symbols_ranges ranges;
    struct {
        uint64_t address, file;
        uint32_t line;
        bool statement;
    } now;
    size_t first; /* row of the sequence */
};

bool symbols_line_head_read(struct symbols_line_head *head, const struct symbols_line_data *data,
                            const unsigned char *at)
{
    struct symbols_reader *reader = &head->reader;
    *head = (struct symbols_line_head){.offset_size = 4};
    *reader = (struct symbols_reader){.at = at,
                                      .end = (const unsigned char *)data->lines->d_buf +
                                             data->lines->d_size,
                                      .big_endian = data->big_endian};
    uint64_t size = symbols_read_number(reader, 4);
    if (size == 0xffffffff) {
        head->offset_size = 8;
        size = symbols_read_number(reader, 8);
    }
    if (reader->failed || size > (uint64_t)(reader->end - reader->at))
        return false;
    reader->end = reader->at + size;
    head->version = (unsigned)symbols_read_number(reader, 2);
    if (head->version < 2 || head->version > 5)
        return false;
    if (head->version == 5)
        symbols_read_past(reader, 2);
    uint64_t head_size = symbols_read_number(reader, head->offset_size);
    if (reader->failed || head_size > (uint64_t)(reader->end - reader->at))
        return false;
    head->program = reader->at + head_size;
    head->step = (uint8_t)symbols_read_number(reader, 1);
    if (head->version >= 4)
        symbols_read_past(reader, 1);
    head->first_statement = symbols_read_number(reader, 1) != 0;
    head->line_base = (int8_t)symbols_read_number(reader, 1);
    head->line_range = (uint8_t)symbols_read_number(reader, 1);
    head->opcode_base = (uint8_t)symbols_read_number(reader, 1);
    for (size_t i = 1; i < head->opcode_base; i++)
        head->operands[i] = (uint8_t)symbols_read_number(reader, 1);
    return !reader->failed && head->line_range != 0 && head->opcode_base != 0 &&
           reader->at <= head->program;
}

static void reset(struct program *program)
{
    program->now.address = 0;
    program->now.file = 1;
    program->now.line = 1;
    program->now.statement = program->head.first_statement;
    program->first = program->unit->row_count;
}

/* A row that goes on with the line of the one before it is of the same statement: assemblers mark
 * the first of them alone. */
static bool is_statement(const struct program *program, uint32_t file)
{
    const struct symbols_unit *unit = program->unit;
    if (program->now.statement || unit->row_count == program->first)
        return program->now.statement;
    const struct symbols_row *before = &unit->rows[unit->row_count - 1];
    return before->statement && before->line == program->now.line && before->file == file;
}

static bool emit(struct program *program, bool end)
{
    struct symbols_unit *unit = program->unit;
    if (unit->row_count >= UINT32_MAX - 1)
        return true;
    /* Addresses only rise in a sequence. */
    if (unit->row_count > program->first &&
        unit->rows[unit->row_count - 1].address > program->now.address)
        return true;
    if (unit->row_count == program->row_capacity) {
        size_t capacity = program->row_capacity > 0 ? program->row_capacity * 2 : 256;
        struct symbols_row *grown = reallocarray(unit->rows, capacity, sizeof *unit->rows);
        if (grown == NULL)
            return false;
        unit->rows = grown;
        program->row_capacity = capacity;
    }
    uint32_t file =
        program->now.file < SYMBOLS_FILES_MAX ? (uint32_t)program->now.file : SYMBOLS_FILES_MAX - 1;
    bool statement = is_statement(program, file);
    unit->rows[unit->row_count++] = (struct symbols_row){
        .address = program->now.address,
        .line = program->now.line,
        .file = file & (SYMBOLS_FILES_MAX - 1),
        .statement = statement,
        .end = end,
    };
    return true;
}

/* Keeps the rows since the last one when they are of code that is in the file. */
static bool end_sequence(struct program *program)
{
    struct symbols_unit *unit = program->unit;
    size_t first = program->first, count;
    if (!emit(program, true))
        return false;
    count = unit->row_count - first;
    if (count < 2 || !unit->rows[unit->row_count - 1].end ||
        !symbols_elf_is_code(program->object, unit->rows[first].address)) {
        unit->row_count = first;
        return true;
    }
    if (unit->sequence_count == program->sequence_capacity) {
        size_t capacity = program->sequence_capacity > 0 ? program->sequence_capacity * 2 : 16;
        struct symbols_sequence *grown =
            reallocarray(unit->sequences, capacity, sizeof *unit->sequences);
        if (grown == NULL)
            return false;
        unit->sequences = grown;
        program->sequence_capacity = capacity;
    }
    uint32_t index = (uint32_t)unit->sequence_count++;
    unit->sequences[index] = (struct symbols_sequence){(uint32_t)first, (uint32_t)count};
    return symbols_ranges_add(&program->ranges, unit->rows[first].address,
                              unit->rows[unit->row_count - 1].address, index, index);
}

static void advance(struct program *program, uint64_t steps)
{
    program->now.address += steps * program->head.step;
}

static bool run_extended(struct program *program)
{
    struct symbols_reader *reader = &program->head.reader;
    uint64_t size = symbols_read_leb(reader, false);
    if (reader->failed || size == 0 || size > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        return true;
    }
    const unsigned char *next = reader->at + size;
    uint64_t opcode = symbols_read_number(reader, 1);
    bool ok = true;
    if (opcode == DW_LNE_end_sequence) {
        ok = end_sequence(program);
        reset(program);
    } else if (opcode == DW_LNE_set_address && size - 1 <= sizeof(uint64_t)) {
        program->now.address = symbols_read_number(reader, size - 1);
    }
    reader->at = next;
    return ok;
}

static bool run_standard(struct program *program, uint8_t opcode)
{
    struct symbols_reader *reader = &program->head.reader;
    switch (opcode) {
    case DW_LNS_copy:
        return emit(program, false);
    case DW_LNS_advance_pc:
        advance(program, symbols_read_leb(reader, false));
        return true;
    case DW_LNS_advance_line:
        program->now.line += (uint32_t)symbols_read_leb(reader, true);
        return true;
    case DW_LNS_set_file:
        program->now.file = symbols_read_leb(reader, false);
        return true;
    case DW_LNS_negate_stmt:
        program->now.statement = !program->now.statement;
        return true;
    case DW_LNS_const_add_pc:
        advance(program, (uint64_t)(255 - program->head.opcode_base) / program->head.line_range);
        return true;
    case DW_LNS_fixed_advance_pc:
        program->now.address += symbols_read_number(reader, 2);
        return true;
    default:
        for (uint8_t i = 0; i < program->head.operands[opcode]; i++)
            symbols_read_leb(reader, false);
        return true;
    }
}

static bool run_special(struct program *program, uint8_t opcode)
{
    unsigned adjusted = (unsigned)(opcode - program->head.opcode_base);
    advance(program, adjusted / program->head.line_range);
    program->now.line +=
        (uint32_t)(program->head.line_base + (int)(adjusted % program->head.line_range));
    return emit(program, false);
}

static bool run(struct program *program)
{
    struct symbols_reader *reader = &program->head.reader;
    bool ok = true;
    reader->at = program->head.program;
    reset(program);
    while (ok && reader->at < reader->end && !reader->failed && symbols_spend(program->object, 1)) {
        uint8_t opcode = (uint8_t)symbols_read_number(reader, 1);
        if (opcode >= program->head.opcode_base)
            ok = run_special(program, opcode);
        else if (opcode == 0)
            ok = run_extended(program);
        else
            ok = run_standard(program, opcode);
    }
    /* A sequence that was not ended says nothing of where it ends. */
    program->unit->row_count = program->first;
    return ok;
}

bool symbols_lines_read(struct symbols_object *object, struct symbols_unit *unit)
{
    Dwarf_Attribute attribute;
    Dwarf_Word offset;
    const struct symbols_line_data *data = &object->lines;
    if (unit->sequence_count > 0 || data->lines == NULL ||
        dwarf_attr(&unit->die, DW_AT_stmt_list, &attribute) == NULL ||
        dwarf_formudata(&attribute, &offset) != 0 || offset >= data->lines->d_size)
        return true;
    struct program *program = calloc(1, sizeof *program);
    if (program == NULL)
        return false;
    program->object = object;
    program->unit = unit;
    bool ok = true;
    if (symbols_line_head_read(&program->head, data,
                               (const unsigned char *)data->lines->d_buf + offset))
        ok = run(program);
    else
        symbols_object_say(object, "the line table of %s is damaged: build it again", object->path);
    if (ok)
        ok = symbols_segments_build(&unit->sequence_segments, &program->ranges);
    else
        free(program->ranges.items);
    free(program);
    return ok;
}

uint32_t symbols_unit_row(const struct symbols_unit *unit, uint64_t address)
{
    uint32_t index = symbols_segments_find(&unit->sequence_segments, address);
    if (index == SYMBOLS_NONE)
        return SYMBOLS_NONE;
    size_t low = unit->sequences[index].first, high = low + unit->sequences[index].count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unit->rows[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > unit->sequences[index].first && !unit->rows[low - 1].end ? (uint32_t)(low - 1)
                                                                          : SYMBOLS_NONE;
}
