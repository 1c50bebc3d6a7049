#include "rig/command.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(command, .timeout = 60);

static const struct option_row rows[] = {
    {"config", 'c', "FILE", "a file"},
    {"endpoint", 'e', "GLOB", "repeatable"},
    {"count", 0, "N", "a number"},
    {"verbose", 'v', NULL, "a flag"},
    {0},
};

static const char *const no_examples[] = {NULL};

static const struct command sample = {.name = "sample",
                                      .summary = "for this test",
                                      .words = "RUN [RUN]",
                                      .words_least = 1,
                                      .words_most = 2,
                                      .options = rows,
                                      .examples = no_examples};

static bool help;

/* Parses "sample" and the words, NULL-terminated. */
static bool parse(struct arguments *arguments, struct error *err, const char *const *words)
{
    enum { WORDS_MAX = 40 };
    static char texts[WORDS_MAX][32]; /* getopt reorders its vector, so both are ours */
    static char *argv[WORDS_MAX + 1];
    int argc = 1;
    argv[0] = memcpy(texts[0], "sample", sizeof "sample");
    for (; *words != NULL; words++, argc++) {
        cr_assert(argc < WORDS_MAX && strlen(*words) < sizeof texts[0]);
        argv[argc] = memcpy(texts[argc], *words, strlen(*words) + 1);
    }
    argv[argc] = NULL;
    return arguments_parse(arguments, &sample, argc, argv, &help, err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

Test(command, options_and_words_in_any_order)
{
    struct arguments arguments;
    struct error err = {0};
    long count = 5;
    cr_assert(parse(&arguments, &err,
                    WORDS("one", "-c", "a", "--endpoint=GET *", "-v", "two", "-e", "POST *",
                          "--config", "b")),
              "%s", err.text);
    cr_assert_str_eq(arguments_value(&arguments, "config"), "b", "the last one counts");
    const char *const *globs = arguments_values(&arguments, "endpoint");
    cr_assert_str_eq(globs[0], "GET *");
    cr_assert_str_eq(globs[1], "POST *");
    cr_assert_null(globs[2]);
    cr_assert(arguments_flag(&arguments, "verbose"));
    cr_assert_eq(arguments.word_count, 2);
    cr_assert_str_eq(arguments.words[1], "two");
    cr_assert(arguments_int(&arguments, "count", 1, 9, &count, &err));
    cr_assert_eq(count, 5);
    cr_assert_null(arguments_value(&arguments, "count"));
    arguments_release(&arguments);
}

static void expect_refused(const char *const *words, const char *text)
{
    struct arguments arguments;
    struct error err = {0};
    cr_assert(!parse(&arguments, &err, words), "accepted");
    cr_assert_eq(err.code, ERROR_USAGE);
    cr_assert_not_null(strstr(err.text, text), "%s", err.text);
    arguments_release(&arguments);
}

Test(command, says_what_is_wrong)
{
    expect_refused(WORDS("x", "--colour"), "--colour is not an option");
    expect_refused(WORDS("x", "--config"), "--config needs an argument");
    expect_refused(WORDS("x", "-c"), "-c needs an argument");
    expect_refused(WORDS("-v"), "too few arguments");
    expect_refused(WORDS("x", "y", "z"), "\"z\" is one argument too many");
}

Test(command, repeats_up_to_its_limit)
{
    struct arguments arguments;
    struct error err = {0};
    const char *many[2 * ARGUMENT_REPEAT_MAX + 2] = {"x"};
    for (size_t i = 1; i <= 2 * (ARGUMENT_REPEAT_MAX - 1); i++)
        many[i] = i % 2 == 1 ? "-e" : "*";
    cr_assert(parse(&arguments, &err, many), "%s", err.text);
    arguments_release(&arguments);
    many[2 * ARGUMENT_REPEAT_MAX - 1] = "-e";
    many[2 * ARGUMENT_REPEAT_MAX] = "*";
    expect_refused(many, "--endpoint is given more than 15 times");
}

static void expect_number(const char *text, bool ok)
{
    struct arguments arguments;
    struct error err = {0};
    long count = 0;
    cr_assert(parse(&arguments, &err, WORDS("x", "--count", text)), "%s", err.text);
    cr_assert_eq(arguments_int(&arguments, "count", 1, 9, &count, &err), ok, "%s", text);
    cr_assert_eq(err.code, ok ? ERROR_NONE : ERROR_USAGE);
    arguments_release(&arguments);
}

Test(command, numbers_are_whole_and_in_range)
{
    expect_number("1", true);
    expect_number("9", true);
    expect_number("0", false);
    expect_number("10", false);
    expect_number("", false);
    expect_number("3x", false);
    expect_number("3.5", false);
    expect_number("99999999999999999999999", false);
}

Test(command, help_is_asked_for_even_where_words_are_missing)
{
    struct arguments arguments;
    struct error err = {0};
    cr_assert(parse(&arguments, &err, WORDS("--help")));
    cr_assert(help);
    arguments_release(&arguments);
}

Test(command, exit_codes_are_those_of_the_house)
{
    static const int expected[][2] = {
        {ERROR_NONE, 0},   {ERROR_USAGE, 2},       {ERROR_INPUT, 2},       {ERROR_IO, 4},
        {ERROR_MEMORY, 4}, {ERROR_ENVIRONMENT, 4}, {ERROR_MEASUREMENT, 3}, {ERROR_INTERRUPTED, 130},
    };
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        cr_assert_eq((int)exit_code_of(&(struct error){.code = (enum error_code)expected[i][0]}),
                     expected[i][1]);
}

/* What holds for each row of the real table. */
Test(command, table_is_sound)
{
    for (const struct command *const *list = command_list(); *list != NULL; list++) {
        const struct command *command = *list;
        cr_expect_eq(command_by_name(command->name), command);
        cr_expect(command->summary[0] != '\0' && command->run != NULL && command->words != NULL);
        cr_expect_leq(command->words_least, command->words_most, "%s", command->name);
        cr_expect_not_null(command->examples[0], "%s has no example", command->name);
        for (size_t i = 0; command->options[i].name != NULL; i++) {
            cr_expect(strcmp(command->options[i].name, "help") != 0, "--help is everyone's");
            cr_expect_neq(command->options[i].letter, 'h');
            for (size_t j = 0; j < i; j++)
                cr_expect(strcmp(command->options[i].name, command->options[j].name) != 0 &&
                              (command->options[i].letter == 0 ||
                               command->options[i].letter != command->options[j].letter),
                          "%s: --%s is there twice", command->name, command->options[i].name);
        }
        for (size_t i = 0; command->examples[i] != NULL; i += 2)
            cr_expect(command->examples[i + 1] != NULL &&
                          strncmp(command->examples[i + 1], "tollgate ", 9) == 0,
                      "%s", command->examples[i]);
    }
    cr_assert_null(command_by_name("no-such"));
}
