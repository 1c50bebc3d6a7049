#include "rig/launch.h"

#include "base/buffer.h"
#include "rig/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENT_MAX_BYTES = 128 * 1024 };

/* Passed on where it is set: without these, programs are not found or write to odd places. */
static const char *const inherited[] = {"PATH", "HOME", "USER", "TMPDIR", "LD_LIBRARY_PATH"};

/* The same for every run, so that hashes, locales and time zones do not move a figure. */
static const char *const fixed[] = {"LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC", "PYTHONHASHSEED=0",
                                    "PYTHONDONTWRITEBYTECODE=1"};

void launch_init(struct launch *launch)
{
    *launch = (struct launch){0};
    arena_init(&launch->arena);
}

void launch_release(struct launch *launch)
{
    arena_release(&launch->arena);
}

/* Appends the value of the variable whose name is [name, name + length). */
static bool append_variable(struct buffer *out, const char *name, size_t length,
                            const struct gateway_plan *plan, int port, struct error *err)
{
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)(length < 255 ? length : 255), name);
    if (strcmp(text, "port") == 0) {
        buffer_append_format(out, "%d", port);
        return true;
    }
    size_t size = strlen(text);
    if (size > 13 && strncmp(text, "upstream.", 9) == 0 && strcmp(text + size - 4, ".url") == 0) {
        text[size - 4] = '\0';
        const char *url = plan->standins != NULL ? standin_set_url(plan->standins, text + 9) : NULL;
        if (url == NULL)
            return error_set(err, ERROR_INPUT,
                             "\"${upstream.%s.url}\" names no upstream: add \"%s\" to "
                             "\"upstreams\" in the config",
                             text + 9, text + 9);
        buffer_append_string(out, url);
        return true;
    }
    return error_set(err, ERROR_INPUT,
                     "\"${%s}\" is not known: there are ${port} and ${upstream.NAME.url}", text);
}

static char *fill(struct launch *launch, const char *text, const struct gateway_plan *plan,
                  int port, struct error *err)
{
    struct buffer out;
    char *filled = NULL;
    buffer_init(&out, ARGUMENT_MAX_BYTES);
    while (*text != '\0') {
        const char *open = strstr(text, "${");
        const char *close = open != NULL ? strchr(open, '}') : NULL;
        if (close == NULL) {
            buffer_append_string(&out, text);
            break;
        }
        buffer_append(&out, text, (size_t)(open - text));
        if (!append_variable(&out, open + 2, (size_t)(close - open - 2), plan, port, err))
            goto out;
        text = close + 1;
    }
    if (!buffer_check(&out, err))
        goto out;
    filled = arena_copy_bytes(&launch->arena, buffer_text(&out), out.length);
    if (filled == NULL)
        error_set_memory(err);
out:
    buffer_release(&out);
    return filled;
}

static size_t vector_length(const char *const *vector)
{
    size_t count = 0;
    while (vector != NULL && vector[count] != NULL)
        count++;
    return count;
}

static bool prepare_arguments(struct launch *launch, const struct gateway_plan *plan, int port,
                              struct error *err)
{
    size_t prefix = vector_length(plan->prefix), own = vector_length(plan->config->start);
    size_t extra = vector_length(plan->environment);
    const char **arguments =
        arena_alloc_array(&launch->arena, extra + prefix + own + 6, sizeof *arguments);
    if (arguments == NULL)
        return error_set_memory(err);
    size_t at = 0;
    arguments[at++] = "/proc/self/exe";
    arguments[at++] = KEEPER_COMMAND;
    arguments[at] = arena_format(&launch->arena, "%d", plan->cpu);
    if (arguments[at++] == NULL)
        return error_set_memory(err);
    arguments[at++] = "1"; /* fixed addresses */
    for (size_t i = 0; i < extra; i++)
        arguments[at++] = plan->environment[i];
    arguments[at++] = "--";
    for (size_t i = 0; i < prefix; i++)
        arguments[at++] = plan->prefix[i];
    for (size_t i = 0; i < own; i++) {
        arguments[at] = fill(launch, plan->config->start[i], plan, port, err);
        if (arguments[at++] == NULL)
            return false;
    }
    launch->arguments = arguments;
    return true;
}

static bool add_variable(struct launch *launch, const char **environment, size_t *at,
                         const char *name, const char *value, struct error *err)
{
    environment[*at] = arena_format(&launch->arena, "%s=%s", name, value);
    if (environment[*at] == NULL)
        return error_set_memory(err);
    (*at)++;
    return true;
}

static bool prepare_environment(struct launch *launch, const struct gateway_plan *plan, int port,
                                struct error *err)
{
    const struct gateway_config *config = plan->config;
    size_t most = COUNT_OF(inherited) + COUNT_OF(fixed) + config->environment_count + 1;
    const char **environment = arena_alloc_array(&launch->arena, most, sizeof *environment);
    if (environment == NULL)
        return error_set_memory(err);
    size_t at = 0;
    /* The configured ones come first: where a name is there twice, getenv takes the first. */
    for (size_t i = 0; i < config->environment_count; i++) {
        const struct environment_entry *entry = &config->environment[i];
        const char *value = entry->value != NULL ? fill(launch, entry->value, plan, port, err)
                                                 : getenv(entry->name);
        if (value == NULL && entry->value != NULL)
            return false;
        if (value != NULL && !add_variable(launch, environment, &at, entry->name, value, err))
            return false;
    }
    for (size_t i = 0; i < COUNT_OF(inherited); i++) {
        const char *value = getenv(inherited[i]);
        if (value != NULL && !add_variable(launch, environment, &at, inherited[i], value, err))
            return false;
    }
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        environment[at++] = fixed[i];
    launch->environment = environment;
    return true;
}

bool launch_prepare(struct launch *launch, const struct gateway_plan *plan, int port,
                    struct error *err)
{
    return prepare_arguments(launch, plan, port, err) &&
           prepare_environment(launch, plan, port, err);
}
