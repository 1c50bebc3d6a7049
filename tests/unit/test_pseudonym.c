#include "replay/pseudonym.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pseudonyms *pseudonyms;
static struct error err;

static void setup(void)
{
    cr_assert(pseudonyms_new(&pseudonyms, "a key", &err));
}

static void teardown(void)
{
    pseudonyms_free(pseudonyms);
}

TestSuite(pseudonym, .init = setup, .fini = teardown, .timeout = 60);

struct value {
    char text[80];
};

static struct value values[] = {
    {"correct horse battery staple"},
    {"hunter2"},
    {"AKIAIOSFODNN7EXAMPLE"},
    {"jane.doe+shop@example.org"},
    {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    {"Zürich-京都-🙈-Ω1"},
    {"0042"},
    {"-3.14159"},
    {"abc"},
    {"ab"},
    {"7"},
    {"--"},
};

ParameterizedTestParameters(pseudonym, keeps_length_and_shape)
{
    return cr_make_param_array(struct value, values, COUNT_OF(values));
}

ParameterizedTest(struct value *each, pseudonym, keeps_length_and_shape, .timeout = 60)
{
    char out[128] = "", again[128] = "";
    size_t size = strlen(each->text);
    cr_assert(pseudonym_make(pseudonyms, each->text, size, out));
    cr_assert_eq(strlen(out), size);
    for (size_t i = 0; i < size; i++) {
        unsigned char before = (unsigned char)each->text[i], after = (unsigned char)out[i];
        cr_assert_eq(!!isdigit(before), !!isdigit(after), "%s", out);
        cr_assert_eq(!!isupper(before), !!isupper(after), "%s", out);
        cr_assert_eq(!!islower(before), !!islower(after), "%s", out);
        cr_assert_eq(before >= 0x80, after >= 0x80, "%s", out);
        if (before < 0x80 && !isalnum(before))
            cr_assert_eq(before, after, "%s", out);
    }
    cr_assert(pseudonym_is(out, size), "%s is told from a secret", out);
    cr_assert(pseudonym_make(pseudonyms, out, size, again));
    cr_assert_str_eq(out, again, "redacting twice changes nothing");
}

Test(pseudonym, equal_values_under_one_key_only)
{
    char one[64] = "", two[64] = "", other[64] = "";
    struct pseudonyms *same, *different;
    const char *secret = "s3cr3t-token-0123456789";
    cr_assert(pseudonyms_new(&same, "a key", &err) && pseudonyms_new(&different, "b key", &err));
    cr_assert(pseudonym_make(pseudonyms, secret, strlen(secret), one));
    cr_assert(pseudonym_make(same, secret, strlen(secret), two));
    cr_assert(pseudonym_make(different, secret, strlen(secret), other));
    cr_assert_str_eq(one, two);
    cr_assert_str_neq(one, other);
    cr_assert_str_neq(one, secret);
    pseudonyms_free(same);
    pseudonyms_free(different);
}

Test(pseudonym, different_values_stay_different)
{
    enum { COUNT = 300 };
    static char made[COUNT][16];
    for (int i = 0; i < COUNT; i++) {
        char value[16];
        snprintf(value, sizeof value, "user-%05d", i);
        cr_assert(pseudonym_make(pseudonyms, value, strlen(value), made[i]));
        for (int k = 0; k < i; k++)
            cr_assert_str_neq(made[i], made[k]);
    }
}

/* Test numbers of the card schemes, which pass by their making. */
Test(pseudonym, card_numbers_pass_luhn)
{
    static const char *const cards[] = {"4111111111111111", "5500-0000-0000-0004",
                                        "3400 0000 0000 009", "6011000000000004"};
    for (size_t i = 0; i < COUNT_OF(cards); i++) {
        char out[32] = "";
        cr_assert(pseudonym_passes_luhn(cards[i], strlen(cards[i])));
        cr_assert(pseudonym_make_luhn(pseudonyms, cards[i], strlen(cards[i]), out));
        cr_assert(pseudonym_passes_luhn(out, strlen(out)), "%s", out);
        cr_assert_str_neq(out, cards[i]);
        cr_assert(pseudonym_is(out, strlen(out)));
    }
    cr_assert_not(pseudonym_passes_luhn("4111111111111112", 16));
}

Test(pseudonym, few_secrets_look_like_one)
{
    int taken = 0;
    for (int i = 0; i < 20000; i++) {
        char value[32];
        snprintf(value, sizeof value, "secret-%d-%x", i, (unsigned)i * 2654435761U);
        taken += pseudonym_is(value, strlen(value));
    }
    cr_assert_leq(taken, 20, "%d of 20,000; one in 4,096 is expected", taken);
}

Test(pseudonym, long_values)
{
    size_t size = 5 << 20;
    char *value = malloc(size + 1), *out = calloc(1, size + 1);
    memset(value, 'q', size);
    cr_assert(pseudonym_make(pseudonyms, value, size, out));
    cr_assert_neq(memcmp(value, out, size / 2), 0);
    cr_assert(pseudonym_is(out, size));
    free(value);
    free(out);
}
