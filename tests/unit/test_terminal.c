#include "base/terminal.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void clear_environment(void)
{
    static const char *const names[] = {"NO_COLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS",
                                        "LC_ALL",   "LC_CTYPE",       "LANG"};
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
}

static int open_pipe(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    return ends[1];
}

/* The side of a fresh pseudo-terminal that a program sees. */
static int open_terminal(unsigned short columns)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(master >= 0);
    cr_assert_eq(grantpt(master), 0);
    cr_assert_eq(unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    cr_assert(terminal >= 0);
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    cr_assert_eq(ioctl(terminal, TIOCSWINSZ, &size), 0);
    return terminal;
}

static struct terminal probe(int fd, enum color_choice choice)
{
    struct terminal terminal;
    terminal_probe(&terminal, fd, choice);
    return terminal;
}

struct color_case {
    bool on_terminal;
    enum color_choice choice;
    char no_color[8], force[8], term[16];
    bool expected;
};

ParameterizedTestParameters(terminal, color)
{
    static struct color_case cases[] = {
        {true, COLOR_AUTO, "", "", "xterm", true},    {true, COLOR_AUTO, "", "", "dumb", false},
        {true, COLOR_AUTO, "", "", "", false},        {false, COLOR_AUTO, "", "", "xterm", false},
        {false, COLOR_AUTO, "", "1", "xterm", true},  {false, COLOR_AUTO, "", "1", "dumb", true},
        {false, COLOR_AUTO, "", "0", "xterm", false}, {true, COLOR_AUTO, "1", "", "xterm", false},
        {true, COLOR_AUTO, "1", "1", "xterm", false}, {false, COLOR_ALWAYS, "1", "", "dumb", true},
        {true, COLOR_NEVER, "", "1", "xterm", false},
    };
    return cr_make_param_array(struct color_case, cases, COUNT(cases));
}

ParameterizedTest(struct color_case *each, terminal, color, .timeout = 60)
{
    clear_environment();
    setenv("NO_COLOR", each->no_color, 1);
    setenv("CLICOLOR_FORCE", each->force, 1);
    setenv("TERM", each->term, 1);
    int fd = each->on_terminal ? open_terminal(80) : open_pipe();
    cr_assert_eq(probe(fd, each->choice).color, each->expected);
}

struct locale_case {
    char all[16], ctype[16], lang[16];
    bool expected;
};

ParameterizedTestParameters(terminal, utf8)
{
    static struct locale_case cases[] = {
        {"", "", "", false},
        {"", "", "de_DE.UTF-8", true},
        {"", "", "C.utf8", true},
        {"", "", "POSIX", false},
        {"C", "", "de_DE.UTF-8", false},
        {"", "C", "de_DE.UTF-8", false},
        {"C.UTF-8", "C", "C", true},
        {"", "C.UTF-8", "C", true},
    };
    return cr_make_param_array(struct locale_case, cases, COUNT(cases));
}

ParameterizedTest(struct locale_case *each, terminal, utf8, .timeout = 60)
{
    clear_environment();
    setenv("LC_ALL", each->all, 1);
    setenv("LC_CTYPE", each->ctype, 1);
    setenv("LANG", each->lang, 1);
    cr_assert_eq(probe(open_pipe(), COLOR_AUTO).utf8, each->expected);
}

Test(terminal, knows_a_terminal_from_a_pipe, .timeout = 60)
{
    cr_assert(probe(open_terminal(80), COLOR_AUTO).interactive);
    cr_assert_not(probe(open_pipe(), COLOR_AUTO).interactive);
}

Test(terminal, width_is_the_terminals_then_columns_then_80, .timeout = 60)
{
    clear_environment();
    cr_assert_eq(probe(open_pipe(), COLOR_AUTO).columns, 80);
    setenv("COLUMNS", "123", 1);
    cr_assert_eq(probe(open_pipe(), COLOR_AUTO).columns, 123);
    cr_assert_eq(probe(open_terminal(47), COLOR_AUTO).columns, 47);
    cr_assert_eq(probe(open_terminal(0), COLOR_AUTO).columns, 123);
}

Test(terminal, senseless_columns_are_passed_over, .timeout = 60)
{
    static const char *const senseless[] = {"0", "-5", "wide", "80x", "99999999999999999999"};
    clear_environment();
    for (size_t i = 0; i < COUNT(senseless); i++) {
        setenv("COLUMNS", senseless[i], 1);
        cr_assert_eq(probe(open_pipe(), COLOR_AUTO).columns, 80, "%s", senseless[i]);
    }
}

Test(terminal, color_words, .timeout = 60)
{
    enum color_choice choice = COLOR_AUTO;
    cr_assert(terminal_parse_color("never", &choice));
    cr_assert_eq(choice, COLOR_NEVER);
    cr_assert(terminal_parse_color("always", &choice));
    cr_assert_eq(choice, COLOR_ALWAYS);
    cr_assert_not(terminal_parse_color("sometimes", &choice));
    cr_assert_eq(choice, COLOR_ALWAYS);
    cr_assert(terminal_parse_color("auto", &choice));
    cr_assert_eq(choice, COLOR_AUTO);
}

Test(terminal, styles_are_ended, .timeout = 60)
{
    struct buffer out;
    buffer_init(&out, 1024);
    struct text_style red = {.hue = HUE_RED, .bold = true};
    terminal_append_styled(&out, true, red, "a");
    terminal_append_styled(&out, true, (struct text_style){.dim = true}, "b");
    terminal_append_styled(&out, true, (struct text_style){.hue = HUE_GREEN}, "c");
    terminal_append_styled(&out, true, (struct text_style){0}, "d");
    terminal_append_styled(&out, true, red, "");
    terminal_append_styled(&out, false, red, "e");
    cr_assert_str_eq(buffer_text(&out), "\033[1;31ma\033[0m\033[2mb\033[0m\033[32mc\033[0mde");
    buffer_release(&out);
}
