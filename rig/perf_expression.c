#include "rig/perf_expression.h"

#include <dwarf.h>

enum { STACK_MAX = 16 };

struct machine {
    uint64_t stack[STACK_MAX];
    size_t depth;
    const struct cfi_registers *registers;
    const uint64_t *frame_address;
    const struct cfi_memory *memory;
    bool is_value; /* what is on top is the value itself */
};

static bool push(struct machine *machine, uint64_t value)
{
    if (machine->depth == STACK_MAX)
        return false;
    machine->stack[machine->depth++] = value;
    return true;
}

static bool push_register(struct machine *machine, uint64_t number, uint64_t offset)
{
    if (number >= PERF_REGISTERS || (machine->registers->known & 1U << number) == 0)
        return false;
    return push(machine, machine->registers->values[number] + offset);
}

/* Of two signed numbers; false when it is no comparison. */
static bool compare(uint8_t atom, int64_t left, int64_t right, uint64_t *out)
{
    switch (atom) {
    case DW_OP_eq:
        *out = left == right;
        return true;
    case DW_OP_ne:
        *out = left != right;
        return true;
    case DW_OP_ge:
        *out = left >= right;
        return true;
    case DW_OP_gt:
        *out = left > right;
        return true;
    case DW_OP_le:
        *out = left <= right;
        return true;
    case DW_OP_lt:
        *out = left < right;
        return true;
    default:
        return false;
    }
}

/* Of two: the left one was pushed first. False when it is no such operation. */
static bool combine(uint8_t atom, uint64_t left, uint64_t right, uint64_t *out)
{
    switch (atom) {
    case DW_OP_plus:
        *out = left + right;
        return true;
    case DW_OP_minus:
        *out = left - right;
        return true;
    case DW_OP_mul:
        *out = left * right;
        return true;
    case DW_OP_and:
        *out = left & right;
        return true;
    case DW_OP_or:
        *out = left | right;
        return true;
    case DW_OP_shl:
        *out = right < 64 ? left << right : 0;
        return true;
    case DW_OP_shr:
        *out = right < 64 ? left >> right : 0;
        return true;
    default:
        return compare(atom, (int64_t)left, (int64_t)right, out);
    }
}

/* What changes the topmost entries. */
static bool run_on_top(struct machine *machine, const Dwarf_Op *operation)
{
    if (machine->depth == 0)
        return false;
    uint64_t *top = &machine->stack[machine->depth - 1];
    switch (operation->atom) {
    case DW_OP_plus_uconst:
        *top += operation->number;
        return true;
    case DW_OP_deref:
        return machine->memory->read(machine->memory->argument, *top, top);
    case DW_OP_neg:
        *top = 0 - *top;
        return true;
    case DW_OP_not:
        *top = ~*top;
        return true;
    case DW_OP_dup:
        return push(machine, *top);
    case DW_OP_drop:
        machine->depth--;
        return true;
    case DW_OP_stack_value:
        machine->is_value = true;
        return true;
    default:
        if (machine->depth < 2 || !combine(operation->atom, top[-1], top[0], &top[-1]))
            return false;
        machine->depth--;
        return true;
    }
}

static bool run(struct machine *machine, const Dwarf_Op *operation)
{
    uint8_t atom = operation->atom;
    if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
        return push(machine, (uint64_t)(atom - DW_OP_lit0));
    if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31)
        return push_register(machine, (uint64_t)(atom - DW_OP_breg0), operation->number);
    switch (atom) {
    case DW_OP_bregx:
        return push_register(machine, operation->number, operation->number2);
    case DW_OP_const1u:
    case DW_OP_const1s:
    case DW_OP_const2u:
    case DW_OP_const2s:
    case DW_OP_const4u:
    case DW_OP_const4s:
    case DW_OP_const8u:
    case DW_OP_const8s:
    case DW_OP_constu:
    case DW_OP_consts:
        return push(machine, operation->number);
    case DW_OP_call_frame_cfa:
        return machine->frame_address != NULL && push(machine, *machine->frame_address);
    case DW_OP_nop:
        return true;
    default:
        return run_on_top(machine, operation);
    }
}

bool expression_evaluate(const Dwarf_Op *operations, size_t count,
                         const struct cfi_registers *registers, const uint64_t *frame_address,
                         const struct cfi_memory *memory, uint64_t *result, bool *in_memory)
{
    struct machine machine = {
        .registers = registers, .frame_address = frame_address, .memory = memory};
    for (size_t i = 0; i < count; i++)
        if (!run(&machine, &operations[i]))
            return false;
    if (machine.depth == 0)
        return false;
    *result = machine.stack[machine.depth - 1];
    *in_memory = !machine.is_value;
    return true;
}
