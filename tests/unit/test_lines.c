/* From callgrind's dumps to what lines cost: groups of exchanges, parts, stubs, sums by node. What
 * a real program executes is counted by hand from its source. */
#include "rig/lines_fold.h"
#include "rig/lines_plan.h"
#include "rig/lines_stubs.h"

#include "base/buffer.h"
#include "base/child.h"
#include "base/file.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(lines, .timeout = 120);

/* ---- which exchanges share a part ----------------------------------------------------------- */

static struct selected selected_of(int status, double share)
{
    return (struct selected){.exchange = {.response = {.status = status}}, .share = share};
}

Test(lines, exchanges_of_one_share_are_one_group_and_errors_are_apart)
{
    struct selected items[] = {
        selected_of(200, 0.2), selected_of(200, 0.1), selected_of(404, 0.2), selected_of(200, 0.2),
        selected_of(200, 0.1), selected_of(500, 0.2), selected_of(399, 1.0),
    };
    struct selected_endpoint endpoints[] = {{.first = 0, .count = 6}, {.first = 6, .count = 1}};
    struct selection selection = {
        .items = items, .count = 7, .endpoints = endpoints, .endpoint_count = 2};
    struct pass_settings settings = {true, 1, 4, 8};
    struct lines_plan plan;
    struct arena arena;
    arena_init(&arena);
    cr_assert(lines_plan_make(&plan, &selection, &settings, &arena, NULL));
    cr_assert_eq(plan.count, 4);
    cr_assert_eq(plan.exchange_count, 7);
    static const struct {
        size_t endpoint, count, first;
        bool error;
        double share;
    } wanted[] = {
        {0, 2, 0, false, 0.4}, {0, 2, 1, false, 0.2}, {0, 2, 2, true, 0.4}, {1, 1, 6, false, 1.0}};
    for (size_t i = 0; i < plan.count; i++) {
        cr_expect_eq(plan.groups[i].endpoint, wanted[i].endpoint, "%zu", i);
        cr_expect_eq(plan.groups[i].count, wanted[i].count, "%zu", i);
        cr_expect_eq(plan.groups[i].error, wanted[i].error, "%zu", i);
        cr_expect_float_eq(plan.groups[i].share, wanted[i].share, 1e-12, "%zu", i);
        cr_expect_eq(plan.groups[i].exchanges[0].item, &items[wanted[i].first], "%zu", i);
        for (size_t k = 1; k < plan.groups[i].count; k++)
            cr_expect_gt(plan.groups[i].exchanges[k].item, plan.groups[i].exchanges[k - 1].item);
    }
    arena_release(&arena);
}

Test(lines, shares_of_those_taken_add_up_to_one)
{
    struct selected items[10];
    struct selected_endpoint endpoint = {.first = 0, .count = 10};
    struct selection selection = {
        .items = items, .count = 10, .endpoints = &endpoint, .endpoint_count = 1};
    struct pass_settings settings = {true, 1, 4, 3};
    struct lines_plan plan;
    struct arena arena;
    double sum = 0;
    for (int i = 0; i < 10; i++)
        items[i] = selected_of(200, (i + 1) / 55.0);
    arena_init(&arena);
    cr_assert(lines_plan_make(&plan, &selection, &settings, &arena, NULL));
    cr_assert_eq(plan.exchange_count, 3);
    for (size_t i = 0; i < plan.count; i++)
        sum += plan.groups[i].share;
    cr_expect_float_eq(sum, 1, 1e-12);
    /* 0, 3 and 6 of ten, evenly spread. */
    cr_expect_eq(plan.groups[1].exchanges[0].item, &items[3]);
    arena_release(&arena);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static struct callgrind_profile *parse(const char *text)
{
    struct callgrind_profile *profile;
    struct error err = {0};
    cr_assert(callgrind_profile_new(&profile, &err));
    cr_assert(callgrind_profile_parse(profile, "dump", text, strlen(text), NULL, &err), "%s: %s",
              err.where, err.text);
    return profile;
}

static struct lines_part part_of(const struct callgrind_profile *profile)
{
    struct lines_part part;
    cr_assert(lines_part_copy(&part, profile, NULL));
    return part;
}

Test(lines, a_part_without_another_never_falls_below_nothing)
{
    static const char other_text[] =
        "positions: instr line\nevents: Ir\nfn=f\n0x10 1 5\n0x20 2 50\n0x30 3 1\ncfn=g\n"
        "calls=2 0x90 0\n0x30 3 20\nfn=h\n0x10 1 4\n";
    static const char text[] =
        "positions: instr line\nevents: Ir\nfn=f\n0x20 2 7\n0x10 1 15\n0x40 4 3\ncfn=g\n"
        "calls=3 0x90 0\n0x30 3 30\ncfn=g\ncalls=1 0x90 0\n0x40 4 9\n";
    struct callgrind_profile *profile = parse(other_text);
    struct lines_part other = part_of(profile);
    callgrind_profile_clear(profile);
    cr_assert(callgrind_profile_parse(profile, "dump", text, sizeof text - 1, NULL, NULL));
    struct lines_part part = part_of(profile);
    lines_part_subtract(&part, &other);
    cr_assert_eq(part.line_count, 2);
    cr_expect_eq(part.lines[0].address, 0x10);
    cr_expect_eq(part.lines[0].instructions, 10);
    cr_expect_eq(part.lines[1].address, 0x40);
    cr_expect_eq(part.lines[1].instructions, 3);
    cr_expect_eq(part.sum, 13);
    cr_assert_eq(part.call_count, 2);
    cr_expect_eq(part.calls[0].calls, 1);
    cr_expect_eq(part.calls[0].instructions, 10);
    cr_expect_eq(part.calls[1].calls, 1);
    lines_part_release(&part);
    lines_part_release(&other);
    callgrind_profile_free(profile);
}

/* ---- sums by node --------------------------------------------------------------------------- */

/* One part, folded, as a profile of one endpoint. */
struct folded {
    struct arena arena;
    struct symbols *symbols;
    struct profile_builder *builder;
    struct lines_places *places;
    struct lines_sums sums;
    struct profile profile;
};

static bool fold(struct folded *folded, const struct callgrind_profile *dump,
                 const struct lines_part *part, const char *root, struct error *err)
{
    static const char *const names[] = {"all"};
    *folded = (struct folded){0};
    arena_init(&folded->arena);
    if (!symbols_new(&folded->symbols, root, NULL, err) ||
        !profile_builder_new(&folded->builder, PROFILE_LINES, names, 1, err) ||
        !lines_places_new(&folded->places, folded->builder, dump, folded->symbols, NULL, err) ||
        !lines_fold(part, folded->places, &folded->sums, err))
        return false;
    for (size_t i = 0; i < folded->sums.count; i++)
        profile_builder_add(folded->builder, 0, folded->sums.items[i].node,
                            folded->sums.items[i].values);
    for (size_t i = 0; i < folded->sums.call_count; i++)
        profile_builder_add_call(folded->builder, 0, &folded->sums.calls[i]);
    return profile_builder_finish(folded->builder, &folded->arena, &folded->profile, err);
}

static void folded_release(struct folded *folded)
{
    lines_sums_release(&folded->sums);
    lines_places_free(folded->places);
    profile_builder_free(folded->builder);
    symbols_free(folded->symbols);
    arena_release(&folded->arena);
}

static bool is(const struct profile_frame *frame, const char *function, uint32_t line)
{
    return frame->line == line && frame->function != NULL && strcmp(frame->function, function) == 0;
}

/* The column of a function's or line's node; -1 when there is none. */
static double value_of(const struct folded *folded, const char *function, uint32_t line,
                       size_t column)
{
    const struct profile *profile = &folded->profile;
    for (size_t i = 0; i < profile->endpoints[0].cost_count; i++) {
        const struct profile_cost *cost = &profile->endpoints[0].costs[i];
        if (is(&profile->frames[profile->nodes[cost->node].frame], function, line))
            return cost->values[column];
    }
    return -1;
}

static const struct profile_call *call_of(const struct folded *folded, const char *from,
                                          const char *to)
{
    const struct profile *profile = &folded->profile;
    for (size_t i = 0; i < profile->endpoints[0].call_count; i++) {
        const struct profile_call *call = &profile->endpoints[0].calls[i];
        if (is(&profile->frames[call->from], from, 0) && is(&profile->frames[call->to], to, 0))
            return call;
    }
    return NULL;
}

/* handle calls lookup in another file, 6 times through a stub of 2 instructions; the first of them
 * also finds it. lookup calls itself. */
static const char through_a_stub[] =
    "positions: instr line\nevents: Ir\n"
    "ob=/nonexistent/gateway\nfl=a.c\nfn=handle\n0x100 1 4\n"
    "cob=???\ncfi=???\ncfn=0x0000000000001000 [PLT]\ncalls=6 0x1000 0\n0x104 2 98\n"
    "cob=???\ncfi=???\ncfn=0x0000000000001010 [PLT]\ncalls=1 0x1010 0\n0x108 3 7\n"
    "ob=???\nfl=???\nfn=0x0000000000001000 [PLT]\n0x1000 0 6\n0x1004 0 6\n"
    "cob=/nonexistent/ld.so\ncfi=???\ncfn=resolve\ncalls=1 0x9000 0\n0x1004 0 20\n"
    "cob=/nonexistent/libx.so\ncfi=???\ncfn=lookup\ncalls=6 0x500 0\n0x1004 0 66\n"
    "fn=0x0000000000001010 [PLT]\n0x1010 0 7\n"
    "ob=/nonexistent/ld.so\nfl=???\nfn=resolve\n0x9000 0 20\n"
    "ob=/nonexistent/libx.so\nfl=???\nfn=lookup\n0x500 0 66\n"
    "cfn=lookup\ncalls=5 0x500 0\n0x504 0 900\n"
    "fn=0x0000000000000600\n0x600 0 3\n";

Test(lines, without_debug_information_functions_have_their_names)
{
    struct folded folded;
    struct error err = {0};
    struct callgrind_profile *dump = parse(through_a_stub);
    struct lines_part part = part_of(dump);
    cr_assert(fold(&folded, dump, &part, "/tmp", &err), "%s", err.text);
    /* The stub that leads on is the caller's; of the other nobody knows where it leads. */
    cr_expect_float_eq(value_of(&folded, "handle", 0, LINES_INSTRUCTIONS), 4 + 12, 1e-9);
    cr_expect_float_eq(value_of(&folded, "lookup", 0, LINES_INSTRUCTIONS), 66, 1e-9);
    cr_expect_float_eq(value_of(&folded, "lookup", 0, LINES_HITS), 6 + 5, 1e-9);
    cr_expect_float_eq(value_of(&folded, "lookup", 0, LINES_INCLUSIVE), 66, 1e-9);
    cr_expect_float_eq(value_of(&folded, "handle", 0, LINES_INCLUSIVE), 4 + 98 + 7, 1e-9);
    cr_expect_float_eq(profile_endpoint_total(&folded.profile.endpoints[0], LINES_INSTRUCTIONS),
                       (double)part.sum, 1e-9);
    const struct profile_call *call = call_of(&folded, "handle", "lookup");
    cr_assert_not_null(call);
    cr_expect_float_eq(call->calls, 6, 1e-9);
    cr_expect_float_eq(call->instructions, 98 - 12, 1e-9);
    /* What is in a cycle is there once for each level, but never more than all there is. */
    call = call_of(&folded, "lookup", "lookup");
    cr_assert_not_null(call);
    cr_expect_float_eq(call->instructions, (double)part.sum, 1e-9);
    for (size_t i = 0; i < folded.profile.frame_count; i++) {
        const char *name = folded.profile.frames[i].function;
        cr_expect(name == NULL || strncmp(name, "0x", 2) != 0, "%s", name);
    }
    folded_release(&folded);
    lines_part_release(&part);
    callgrind_profile_free(dump);
}

Test(lines, the_nth_allocation_fails)
{
    struct error err = {0};
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    struct callgrind_profile *dump = parse(through_a_stub);
    long n = 0;
    for (bool ok = false; !ok; n++) {
        struct folded folded = {0};
        struct lines_part part = {0};
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = lines_part_copy(&part, dump, &err) && fold(&folded, dump, &part, "/tmp", &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
        folded_release(&folded);
        lines_part_release(&part);
    }
    cr_expect_gt(n, 20);
    callgrind_profile_free(dump);
}

/* ---- a real program ------------------------------------------------------------------------- */

static const char program[] =
    "static volatile unsigned long sink;\n"                              /* 1 */
    "static inline __attribute__((always_inline)) void inlined(int n)\n" /* 2 */
    "{\n"                                                                /* 3 */
    "    sink += (unsigned long)n;\n"                                    /* 4: 3 + 5 */
    "}\n"                                                                /* 5 */
    "static void zero(void)\n"                                           /* 6 */
    "{\n"                                                                /* 7 */
    "    char block[1024] = {0};\n"                                      /* 8: 7 */
    "    sink += (unsigned long)block[sink & 1023];\n"                   /* 9: 7 */
    "}\n"                                                                /* 10 */
    "static int depth(int n)\n"                                          /* 11 */
    "{\n"                                                                /* 12: 20 */
    "    if (n == 0)\n"                                                  /* 13: 20 */
    "        return 0;\n"                                                /* 14: 1 */
    "    return 1 + depth(n - 1);\n"                                     /* 15: 19 */
    "}\n"                                                                /* 16 */
    "int main(void)\n"                                                   /* 17 */
    "{\n"                                                                /* 18: 1 */
    "    for (int i = 0; i < 3; i++)\n"                                  /* 19 */
    "        inlined(i);\n"                                              /* 20: 3 */
    "    for (int i = 0; i < 5; i++)\n"                                  /* 21 */
    "        inlined(i);\n"                                              /* 22: 5 */
    "    for (int i = 0; i < 7; i++)\n"                                  /* 23 */
    "        zero();\n"                                                  /* 24: 7 */
    "    return depth(19) - 19 + (sink == 3 ? 1 : 0);\n"                 /* 25: 1 */
    "}\n";

static bool run_program(const char *const *arguments)
{
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status = {0};
    struct buffer out, errors;
    buffer_init(&out, 1U << 20);
    buffer_init(&errors, 1U << 20);
    bool ok = child_run(&options, 100000, NULL, &out, &errors, &status, NULL);
    buffer_release(&out);
    buffer_release(&errors);
    return ok && !status.signalled && status.code == 0;
}

static void check_program(const struct folded *folded, double total)
{
    static const struct {
        const char *function;
        uint32_t line;
        double hits;
    } wanted[] = {{"inlined", 4, 8}, {"zero", 8, 7},   {"zero", 9, 7},    {"depth", 12, 20},
                  {"depth", 13, 20}, {"depth", 14, 1}, {"depth", 15, 19}, {"main", 18, 1},
                  {"main", 20, 3},   {"main", 22, 5},  {"main", 24, 7},   {"main", 25, 1}};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        double hits = value_of(folded, wanted[i].function, wanted[i].line, LINES_HITS);
        cr_expect_float_eq(hits, wanted[i].hits, 1e-9, "line %u: %g", wanted[i].line, hits);
    }
    for (size_t i = 0; i < folded->profile.endpoints[0].cost_count; i++)
        cr_expect_leq(folded->profile.endpoints[0].costs[i].values[LINES_INCLUSIVE], total);
    /* What zero costs, and the call of it, 7 times: nothing else is called there. */
    double inclusive = value_of(folded, "main", 24, LINES_INCLUSIVE);
    double zero = 0;
    for (uint32_t line = 7; line <= 10; line++)
        zero += value_of(folded, "zero", line, LINES_INSTRUCTIONS);
    cr_expect_float_eq(inclusive, zero + value_of(folded, "main", 24, LINES_INSTRUCTIONS), 1e-9);
    /* Where it was inlined its cost is the line's, too. */
    cr_expect_gt(value_of(folded, "main", 20, LINES_INCLUSIVE),
                 value_of(folded, "main", 20, LINES_INSTRUCTIONS));
}

Test(lines, executions_of_a_program)
{
    char folder[] = "/tmp/tollgate-lines-XXXXXX", source[64], binary[64], dump_path[64], option[96];
    static const char *const valgrind[] = {"valgrind", "--version", NULL};
    struct error err = {0};
    struct folded folded;
    if (!run_program(valgrind))
        cr_skip_test("no valgrind");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(source, sizeof source, "%s/program.c", folder);
    snprintf(binary, sizeof binary, "%s/program", folder);
    snprintf(dump_path, sizeof dump_path, "%s/dump", folder);
    snprintf(option, sizeof option, "--callgrind-out-file=%s", dump_path);
    cr_assert(file_write_atomic(source, program, sizeof program - 1, &err), "%s", err.text);
    const char *const compile[] = {"cc", "-O0", "-g", "-o", binary, source, NULL};
    const char *const count_it[] = {"valgrind",
                                    "-q",
                                    "--tool=callgrind",
                                    "--dump-instr=yes",
                                    "--dump-line=yes",
                                    "--skip-plt=no",
                                    option,
                                    binary,
                                    NULL};
    cr_assert(run_program(compile));
    cr_assert(run_program(count_it));
    struct callgrind_profile *dump;
    cr_assert(callgrind_profile_new(&dump, &err));
    cr_assert(callgrind_profile_read(dump, dump_path, NULL, &err), "%s", err.text);
    struct lines_part part = part_of(dump);
    cr_assert(fold(&folded, dump, &part, folder, &err), "%s", err.text);
    check_program(&folded, (double)part.sum);
    cr_expect_float_eq(profile_endpoint_total(&folded.profile.endpoints[0], LINES_INSTRUCTIONS),
                       (double)part.sum, 1e-3);
    folded_release(&folded);
    lines_part_release(&part);
    callgrind_profile_free(dump);
    cr_assert(file_remove_tree(folder, &err), "%s", err.text);
}
