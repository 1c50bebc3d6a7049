#include "baselines/run.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct fingerprint machine = {.cpu_model = "Model 1",
                                           .cpu_flags = "abc",
                                           .virtualization = "kvm",
                                           .cpus = 2,
                                           .kernel = "6.1",
                                           .libc = "glibc 2.36",
                                           .compiler = "gcc 12",
                                           .valgrind = "3.19"};

Test(fingerprint, equal_ones_do_not_differ, .timeout = 60)
{
    char why[256];
    struct fingerprint copy = machine, unknown = {0};
    cr_assert_null(fingerprint_difference(&machine, &copy, why));
    cr_assert_null(fingerprint_difference(&unknown, &unknown, why));
}

static void expect(struct fingerprint there, const char *words)
{
    char why[256];
    const char *said = fingerprint_difference(&machine, &there, why);
    cr_assert_eq(said, why);
    cr_assert_str_eq(why, words);
    cr_assert_not_null(fingerprint_difference(&there, &machine, why));
}

Test(fingerprint, each_part_counts, .timeout = 60)
{
    struct fingerprint there;
#define DIFFERS(field, value, words)                                                               \
    there = machine;                                                                               \
    there.field = value;                                                                           \
    expect(there, words)
    DIFFERS(cpu_model, "Model 2", "the CPU: Model 2 there, Model 1 here");
    DIFFERS(cpu_flags, "abd", "the CPU's flags: abd there, abc here");
    DIFFERS(virtualization, NULL, "the virtualization: unknown there, kvm here");
    DIFFERS(cpus, 4, "the number of CPUs: 4 there, 2 here");
    DIFFERS(kernel, "6.8", "the kernel: 6.8 there, 6.1 here");
    DIFFERS(libc, "musl", "the C library: musl there, glibc 2.36 here");
    DIFFERS(compiler, "clang", "the compiler: clang there, gcc 12 here");
    DIFFERS(valgrind, "3.22", "the valgrind: 3.22 there, 3.19 here");
}

Test(fingerprint, long_texts_are_cut_and_both_seen, .timeout = 60)
{
    char why[256], text[4096];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct fingerprint there = machine;
    there.kernel = text;
    fingerprint_difference(&machine, &there, why);
    cr_assert_not_null(strstr(why, "6.1 here"));
    cr_assert_lt(strlen(why), sizeof why);
}
