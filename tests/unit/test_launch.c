#include "rig/launch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct launch launch;
static struct standin_set *standins;

static void begin(void)
{
    static const char *const names[] = {"users", "a.b"};
    struct error err = {0};
    launch_init(&launch);
    cr_assert(standin_set_new(&standins, names, 2, &err), "%s", err.text);
}

static void end(void)
{
    standin_set_free(standins);
    launch_release(&launch);
}

TestSuite(launch, .init = begin, .fini = end, .timeout = 60);

/* The start command's one argument, filled in; NULL with *err set when it cannot be. */
static const char *filled(const char *argument, struct error *err)
{
    const char *const start[] = {"gateway", argument, NULL};
    struct gateway_config config = {.start = start};
    struct gateway_plan plan = {.config = &config, .standins = standins, .cpu = -1};
    if (!launch_prepare(&launch, &plan, 21007, err))
        return NULL;
    size_t last = 0;
    while (launch.arguments[last + 1] != NULL)
        last++;
    return launch.arguments[last];
}

static void expect_filled(const char *argument, const char *expected)
{
    struct error err = {0};
    const char *got = filled(argument, &err);
    cr_assert_not_null(got, "%s", err.text);
    cr_assert_str_eq(got, expected);
}

Test(launch, fills_variables)
{
    char expected[128];
    expect_filled("${port}", "21007");
    expect_filled("127.0.0.1:${port}/${port}", "127.0.0.1:21007/21007");
    snprintf(expected, sizeof expected, "--users=%s/v1", standin_set_url(standins, "users"));
    expect_filled("--users=${upstream.users.url}/v1", expected);
    expect_filled("${upstream.a.b.url}", standin_set_url(standins, "a.b"));
    expect_filled("", "");
    expect_filled("$port {port} $", "$port {port} $");
    expect_filled("${port", "${port");
}

static void expect_refused(const char *argument, const char *words)
{
    struct error err = {0};
    cr_assert_null(filled(argument, &err), "%s", argument);
    cr_assert_eq(err.code, ERROR_INPUT);
    cr_assert_not_null(strstr(err.text, words), "%s", err.text);
}

Test(launch, refuses_what_it_does_not_know)
{
    expect_refused("${prot}", "\"${prot}\" is not known");
    expect_refused("${}", "is not known");
    expect_refused("${upstream.pins.url}", "add \"pins\" to \"upstreams\"");
    expect_refused("${upstream..url}", "is not known");
    expect_refused("${upstream.users}", "is not known");
}

/* The first of a name: what getenv finds. */
static const char *variable(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; launch.environment[i] != NULL; i++)
        if (strncmp(launch.environment[i], name, length) == 0 &&
            launch.environment[i][length] == '=')
            return launch.environment[i] + length + 1;
    return NULL;
}

Test(launch, environment_is_clean_and_fixed)
{
    static const struct environment_entry entries[] = {
        {"LISTEN", ":${port}"}, {"TZ", "Asia/Tokyo"}, {"GIVEN", NULL}, {"NOT_SET", NULL}};
    const char *const start[] = {"gateway", NULL};
    struct gateway_config config = {.start = start, .environment = entries, .environment_count = 4};
    struct gateway_plan plan = {.config = &config, .cpu = -1};
    struct error err = {0};
    setenv("GIVEN", "by the shell", 1);
    setenv("STRANGE", "1", 1);
    setenv("LD_PRELOAD_OF_THE_SHELL", "1", 1);
    setenv("LANG", "xx_XX", 1);
    unsetenv("NOT_SET");
    cr_assert(launch_prepare(&launch, &plan, 21007, &err), "%s", err.text);
    cr_assert_str_eq(variable("LISTEN"), ":21007");
    cr_assert_str_eq(variable("TZ"), "Asia/Tokyo");
    cr_assert_str_eq(variable("GIVEN"), "by the shell");
    cr_assert_str_eq(variable("LANG"), "C.UTF-8");
    cr_assert_str_eq(variable("PYTHONHASHSEED"), "0");
    cr_assert_str_eq(variable("PATH"), getenv("PATH"));
    cr_assert_null(variable("STRANGE"));
    cr_assert_null(variable("LD_PRELOAD_OF_THE_SHELL"));
    cr_assert_null(variable("NOT_SET"));
}

/* ... __keep CPU FIXED [NAME=VALUE...] -- PREFIX... START... */
Test(launch, goes_through_the_keeper)
{
    static const char *const expected[] = {"/proc/self/exe",   "__keep", "3",        "1",
                                           "LD_PRELOAD=agent", "--",     "valgrind", "-q",
                                           "gateway",          NULL};
    const char *const start[] = {"gateway", NULL}, *const prefix[] = {"valgrind", "-q", NULL};
    const char *const extra[] = {"LD_PRELOAD=agent", NULL};
    struct gateway_config config = {.start = start};
    struct gateway_plan plan = {
        .config = &config, .prefix = prefix, .environment = extra, .cpu = 3};
    struct error err = {0};
    cr_assert(launch_prepare(&launch, &plan, 1, &err), "%s", err.text);
    for (size_t i = 0; expected[i] != NULL; i++)
        cr_assert_str_eq(launch.arguments[i], expected[i]);
    cr_assert_null(launch.arguments[COUNT_OF(expected) - 1]);
    cr_assert_null(variable("LD_PRELOAD"), "the keeper itself must not be preloaded");
}
