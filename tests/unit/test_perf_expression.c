/* Expressions as call frame information has them, by hand. */
#include "rig/perf_expression.h"

#include <criterion/criterion.h>
#include <dwarf.h>

enum { MEMORY = 0x1000 };

static const uint64_t memory_words[] = {0x11, 0x2222, 0x333333};

static bool read_memory(void *argument, uint64_t address, uint64_t *value)
{
    (void)argument;
    if (address < MEMORY || address % 8 != 0 || address >= MEMORY + sizeof memory_words)
        return false;
    *value = memory_words[(address - MEMORY) / 8];
    return true;
}

static const struct cfi_memory memory = {.read = read_memory};

/* Registers 1, 7 and 16 are known. */
static const struct cfi_registers registers = {.values = {[1] = 100, [7] = MEMORY, [16] = 0x40100d},
                                               .known = 1U << 1 | 1U << 7 | 1U << 16};

static const uint64_t frame_address = MEMORY + 16;

struct row {
    const char *what;
    Dwarf_Op operations[9];
    size_t count;
    bool ok;
    uint64_t result;
    bool in_memory;
};

static const struct row rows[] = {
    {"a register and an offset", {{.atom = DW_OP_breg7, .number = 8}}, 1, true, 0x1008, true},
    {"the same, told apart",
     {{.atom = DW_OP_bregx, .number = 1, .number2 = (uint64_t)-20}},
     1,
     true,
     80,
     true},
    {"a register that is not known", {{.atom = DW_OP_breg3}}, 1, false, 0, false},
    {"one that there is not", {{.atom = DW_OP_breg31}}, 1, false, 0, false},
    {"the frame's address",
     {{.atom = DW_OP_call_frame_cfa}, {.atom = DW_OP_plus_uconst, .number = (uint64_t)-8}},
     2,
     true,
     0x1008,
     true},
    {"what lies in memory",
     {{.atom = DW_OP_breg7, .number = 8}, {.atom = DW_OP_deref}, {.atom = DW_OP_stack_value}},
     3,
     true,
     0x2222,
     false},
    {"memory that there is not",
     {{.atom = DW_OP_breg1}, {.atom = DW_OP_deref}},
     2,
     false,
     0,
     false},
    /* The rule of a procedure linkage table's slots: 8 more from the slot's 11th byte on. With the
     * instruction at ..0d of 16: 0x1000 + 8 + ((13 >= 11) << 3) = 0x1010. */
    {"a slot of a linkage table",
     {{.atom = DW_OP_breg7, .number = 8},
      {.atom = DW_OP_breg16},
      {.atom = DW_OP_lit15},
      {.atom = DW_OP_and},
      {.atom = DW_OP_lit11},
      {.atom = DW_OP_ge},
      {.atom = DW_OP_lit3},
      {.atom = DW_OP_shl},
      {.atom = DW_OP_plus}},
     9,
     true,
     0x1010,
     true},
    {"left less right",
     {{.atom = DW_OP_const1u, .number = 9}, {.atom = DW_OP_lit4}, {.atom = DW_OP_minus}},
     3,
     true,
     5,
     true},
    {"signed comparison",
     {{.atom = DW_OP_const8s, .number = (uint64_t)-1}, {.atom = DW_OP_lit0}, {.atom = DW_OP_lt}},
     3,
     true,
     1,
     true},
    {"a shift too far",
     {{.atom = DW_OP_lit1}, {.atom = DW_OP_constu, .number = 200}, {.atom = DW_OP_shl}},
     3,
     true,
     0,
     true},
    {"negated", {{.atom = DW_OP_lit5}, {.atom = DW_OP_neg}}, 2, true, (uint64_t)-5, true},
    {"twice and dropped",
     {{.atom = DW_OP_lit5}, {.atom = DW_OP_dup}, {.atom = DW_OP_drop}},
     3,
     true,
     5,
     true},
    {"nothing", {{0}}, 0, false, 0, false},
    {"one where two are needed", {{.atom = DW_OP_lit1}, {.atom = DW_OP_plus}}, 2, false, 0, false},
    {"none where one is needed", {{.atom = DW_OP_deref}}, 1, false, 0, false},
    {"an operation that is not known",
     {{.atom = DW_OP_lit1}, {.atom = DW_OP_xderef}},
     2,
     false,
     0,
     false},
};

Test(expression, rows, .timeout = 10)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t result = 0;
        bool in_memory = false;
        bool ok = expression_evaluate(rows[i].operations, rows[i].count, &registers, &frame_address,
                                      &memory, &result, &in_memory);
        cr_expect_eq(ok, rows[i].ok, "%s", rows[i].what);
        if (ok)
            cr_expect(result == rows[i].result && in_memory == rows[i].in_memory, "%s: %lx",
                      rows[i].what, (unsigned long)result);
    }
}

Test(expression, the_frame_needs_an_address, .timeout = 10)
{
    static const Dwarf_Op operation = {.atom = DW_OP_call_frame_cfa};
    uint64_t result;
    bool in_memory;
    cr_assert_not(
        expression_evaluate(&operation, 1, &registers, NULL, &memory, &result, &in_memory));
}

Test(expression, a_stack_that_grows_ends_it, .timeout = 10)
{
    Dwarf_Op operations[40];
    uint64_t result;
    bool in_memory;
    for (size_t i = 0; i < COUNT_OF(operations); i++)
        operations[i] = (Dwarf_Op){.atom = DW_OP_lit1};
    cr_assert(expression_evaluate(operations, 16, &registers, NULL, &memory, &result, &in_memory));
    cr_assert_not(
        expression_evaluate(operations, 17, &registers, NULL, &memory, &result, &in_memory));
}
