/* The agent's unwind rules: against libdw's for every library of this process, and on tables that
 * were made by hand, whole and broken. */
#include "rig/agent/cfi.c"

#include <alloca.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <glob.h>
#include <libelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- against libdw -------------------------------------------------------------------------- */

/* What libdw's operations for the CFA say, as a rule would. */
static bool expect_cfa(const Dwarf_Op *ops, size_t count, struct cfi_rule *rule)
{
    bool direct = count == 1 && ops[0].atom == DW_OP_bregx;
    rule->cfa_offset = count > 0 ? (int32_t)ops[0].number2 : 0;
    if (direct && ops[0].number == 7)
        rule->base = CFI_STACK;
    else if (direct && ops[0].number == 6)
        rule->base = CFI_FRAME;
    else if (count == 2 && ops[0].atom == DW_OP_breg6 && ops[1].atom == DW_OP_deref) {
        rule->base = CFI_SAVED;
        rule->cfa_offset = (int32_t)ops[0].number;
    } else
        return false;
    return true;
}

static bool is_at_cfa(const Dwarf_Op *ops, size_t count, int64_t *offset)
{
    *offset = count == 2 ? (int64_t)ops[1].number : 0;
    return (count == 1 && ops[0].atom == DW_OP_call_frame_cfa) ||
           (count == 2 && ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_plus_uconst);
}

static void expect_frame_pointer(Dwarf_Frame *frame, struct cfi_rule *rule)
{
    Dwarf_Op memory[3], *ops;
    size_t count;
    int64_t offset;
    rule->frame = CFI_LOST;
    if (dwarf_frame_register(frame, 6, memory, &ops, &count) != 0)
        return;
    if (ops == NULL && count == 0)
        rule->frame = CFI_KEPT;
    else if (is_at_cfa(ops, count, &offset)) {
        rule->frame = CFI_AT_CFA;
        rule->frame_words = (int16_t)(offset / 8);
    } else if (count > 0 && count <= 2 && ops[count - 1].atom == DW_OP_breg6) {
        /* After the CFA, which expressions find on their stack. */
        rule->frame = CFI_AT_FRAME;
        rule->frame_words = (int16_t)((int64_t)ops[count - 1].number / 8);
    }
}

/* False when there is none that the agent could express. */
static bool expect_rule(Dwarf_Frame *frame, struct cfi_rule *rule)
{
    Dwarf_Op memory[3], *ops;
    size_t count;
    int64_t offset;
    bool is_signal = false;
    *rule = (struct cfi_rule){0};
    if (dwarf_frame_info(frame, NULL, NULL, &is_signal) < 0 || is_signal ||
        dwarf_frame_register(frame, 16, memory, &ops, &count) != 0)
        return false;
    if (ops == memory && count == 0) {
        rule->base = CFI_END;
        return true;
    }
    if (!is_at_cfa(ops, count, &offset) || offset != -8 ||
        dwarf_frame_cfa(frame, &ops, &count) != 0 || !expect_cfa(ops, count, rule))
        return false;
    expect_frame_pointer(frame, rule);
    return true;
}

struct tally {
    size_t addresses, rules, ends, saved;
    size_t beyond; /* libdw has what a rule cannot express */
};

static void compare(const struct cfi_object *object, Dwarf_CFI *cfi, uintptr_t bias,
                    uintptr_t address, const char *name, struct tally *tally)
{
    struct cfi_rule expected = {0}, found = {0};
    Dwarf_Frame *frame = NULL;
    bool covered = dwarf_cfi_addrframe(cfi, address - bias, &frame) == 0;
    bool expects = covered && expect_rule(frame, &expected);
    bool finds = cfi_find_rule(object, address + 1, &found);
    cr_assert_eq(expects, finds, "%s+%#zx: expected %d, found %d", name, (size_t)(address - bias),
                 expects, finds);
    if (expects)
        cr_assert(memcmp(&expected, &found, sizeof found) == 0,
                  "%s+%#zx: expected base %d offset %d frame %d words %d, found %d %d %d %d", name,
                  (size_t)(address - bias), expected.base, expected.cfa_offset, expected.frame,
                  expected.frame_words, found.base, found.cfa_offset, found.frame,
                  found.frame_words);
    tally->addresses++;
    tally->rules += expects;
    tally->beyond += covered && !expects;
    tally->ends += expects && expected.base == CFI_END;
    tally->saved += expects && expected.base == CFI_SAVED;
    free(frame);
}

/* Addresses of one function: its first instructions, some inside, the last. */
static void compare_function(const struct cfi_object *object, Dwarf_CFI *cfi, uintptr_t bias,
                             uintptr_t start, uintptr_t length, const char *name,
                             struct tally *tally)
{
    uintptr_t offsets[] = {
        0, 1, 2, 4, 5, 8, length / 4, length / 2, length - length / 4, length - 1, length - 2};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        if (offsets[i] < length)
            compare(object, cfi, bias, start + offsets[i], name, tally);
}

/* Functions as the object's table lists them: start, and where the next one begins. */
static void compare_object(const struct cfi_object *object, Dwarf_CFI *cfi, uintptr_t bias,
                           const char *name, struct tally *tally)
{
    enum { MOST = 1500 };
    uint32_t count;
    int32_t here, next;
    cr_assert_eq(object->table[3], 0x3b);
    memcpy(&count, object->table + 8, sizeof count);
    uint32_t step = count > MOST ? count / MOST : 1;
    for (uint32_t i = 0; i + 1 < count; i += step) {
        memcpy(&here, object->table + 12 + 8 * (size_t)i, sizeof here);
        memcpy(&next, object->table + 12 + 8 * (size_t)(i + 1), sizeof next);
        compare_function(object, cfi, bias, (uintptr_t)object->table + (uintptr_t)(intptr_t)here,
                         (uintptr_t)(next - here), name, tally);
    }
}

/* Compilers save the CFA in functions that align the stack; libraries may have none of those. */
__attribute__((noipa, used)) static void align_stack(size_t size)
{
    _Alignas(64) volatile char aligned[64];
    volatile char *more = alloca(size);
    aligned[0] = more[0] = 1;
    cr_assert_eq((uintptr_t)aligned % 64, 0);
}

/* libdw and the agent both read the table as it is in memory. */
static int look_at_object(struct dl_phdr_info *info, size_t size, void *context)
{
    struct cfi_object object = {0};
    (void)size;
    const char *path = info->dlpi_name[0] != '\0' ? info->dlpi_name : "/proc/self/exe";
    if (path[0] != '/')
        return 0; /* the kernel's own, which is no file */
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            object.table = (const unsigned char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const unsigned char *start =
            (const unsigned char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        if (info->dlpi_phdr[i].p_type != PT_LOAD || object.table < start ||
            object.table >= start + info->dlpi_phdr[i].p_filesz)
            continue;
        object.start = start;
        object.end = start + info->dlpi_phdr[i].p_filesz;
    }
    int file = open(path, O_RDONLY);
    Elf *elf = elf_begin(file, ELF_C_READ_MMAP, NULL);
    Dwarf_CFI *cfi = elf != NULL ? dwarf_getcfi_elf(elf) : NULL;
    if (object.start != NULL && cfi != NULL)
        compare_object(&object, cfi, info->dlpi_addr, path, context);
    if (cfi != NULL)
        dwarf_cfi_end(cfi);
    elf_end(elf);
    close(file);
    return 0;
}

Test(sites_cfi, agrees_with_libdw, .timeout = 120)
{
    struct tally tally = {0};
    align_stack(100);
    elf_version(EV_CURRENT);
    dl_iterate_phdr(look_at_object, &tally);
    /* libc alone has a thousand functions; the outermost ones are two or three. */
    cr_assert_gt(tally.rules, 10000);
    cr_assert_gt(tally.ends, 0);
    cr_assert_gt(tally.saved, 0);
    cr_assert_lt(tally.beyond, tally.rules / 100, "%zu of %zu are beyond a rule", tally.beyond,
                 tally.rules);
}

/* ---- made by hand: fixtures/cfi/make.py ----------------------------------------------------- */

/* The file's memory in a block of just its size, so that reading past it is seen. */
static bool find_in_file(const char *path, struct cfi_rule *rule)
{
    unsigned char content[65536];
    uint32_t places[2];
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    cr_assert_geq(size, sizeof places);
    memcpy(places, content, sizeof places);
    size -= sizeof places;
    unsigned char *memory = malloc(size + (size == 0));
    cr_assert_not_null(memory);
    memcpy(memory, content + sizeof places, size);
    struct cfi_object object = {memory + places[0], memory, memory + size};
    bool found = cfi_find_rule(&object, (uintptr_t)memory + places[1], rule);
    free(memory);
    return found;
}

struct made {
    char name[32];
    struct cfi_rule rule;
};

/* What the instructions in make.py say, by the DWARF standard's section on call frames. */
ParameterizedTestParameters(sites_cfi, valid)
{
    static struct made made[] = {
        {"stack", {8, 0, CFI_STACK, CFI_KEPT}},
        {"pushed", {16, -2, CFI_STACK, CFI_AT_CFA}},
        {"frame", {16, -2, CFI_FRAME, CFI_AT_CFA}},
        {"last-instruction", {16, -2, CFI_FRAME, CFI_AT_CFA}},
        {"early-return", {16, -2, CFI_FRAME, CFI_AT_CFA}},
        {"in-early-return", {8, 0, CFI_STACK, CFI_KEPT}},
        {"aligned", {-8, 0, CFI_SAVED, CFI_AT_FRAME}},
        {"outermost", {0, 0, CFI_END, CFI_KEPT}},
        {"large-frame", {100000, 0, CFI_STACK, CFI_KEPT}},
        {"frame-lost", {8, 0, CFI_STACK, CFI_LOST}},
    };
    return cr_make_param_array(struct made, made, sizeof made / sizeof *made);
}

ParameterizedTest(struct made *made, sites_cfi, valid, .timeout = 10)
{
    char path[256];
    struct cfi_rule rule = {0};
    snprintf(path, sizeof path, "fixtures/cfi/valid/%s.cfi", made->name);
    cr_assert(find_in_file(path, &rule), "%s", made->name);
    cr_assert_eq(rule.base, made->rule.base, "%s: base %d", made->name, rule.base);
    cr_assert_eq(rule.frame, made->rule.frame, "%s: frame %d", made->name, rule.frame);
    cr_assert_eq(rule.cfa_offset, made->rule.cfa_offset, "%s: %d", made->name, rule.cfa_offset);
    if (rule.frame == CFI_AT_CFA || rule.frame == CFI_AT_FRAME)
        cr_assert_eq(rule.frame_words, made->rule.frame_words, "%s", made->name);
}

Test(sites_cfi, invalid, .timeout = 10)
{
    glob_t found;
    struct cfi_rule rule;
    cr_assert_eq(glob("fixtures/cfi/invalid/*.cfi", 0, NULL, &found), 0);
    cr_assert_geq(found.gl_pathc, 20);
    for (size_t i = 0; i < found.gl_pathc; i++)
        cr_expect(!find_in_file(found.gl_pathv[i], &rule), "%s", found.gl_pathv[i]);
    globfree(&found);
}

/* Cut off anywhere, or with any byte changed, no byte outside is read. */
Test(sites_cfi, damaged, .timeout = 30)
{
    unsigned char content[4096];
    struct cfi_rule rule;
    FILE *file = fopen("fixtures/cfi/valid/aligned.cfi", "rb");
    cr_assert_not_null(file);
    size_t size = fread(content, 1, sizeof content, file) - 8;
    fclose(file);
    for (size_t length = 0; length <= size; length++) {
        unsigned char *memory = malloc(length + (length == 0));
        for (size_t at = 0; at < length; at++) {
            static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
            for (size_t v = 0; v < sizeof values; v++) {
                memcpy(memory, content + 8, length);
                memory[at] = values[v];
                struct cfi_object object = {memory, memory, memory + length};
                cfi_find_rule(&object, (uintptr_t)memory + 0x1020, &rule);
            }
        }
        free(memory);
    }
}
