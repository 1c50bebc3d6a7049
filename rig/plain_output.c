#include "rig/plain_output.h"

#include "rig/output.h"

#include <string.h>

static bool parse_target(struct plain_target *target, const char *text, const char *others,
                         struct error *err)
{
    const char *colon = strchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : strlen(text);
    target->json = size == strlen("json") && strncmp(text, "json", size) == 0;
    target->path = colon != NULL ? colon + 1 : NULL;
    if (!target->json && (size != strlen("terminal") || strncmp(text, "terminal", size) != 0))
        return error_set(err, ERROR_USAGE,
                         "-O %.*s: there is no such report; there are: terminal, json%s",
                         (int)(size < 31 ? size : 31), text, others);
    if (target->path != NULL && *target->path == '\0')
        return error_set(err, ERROR_USAGE, "-O %s needs a path after the colon", text);
    return output_check_path(target->path, err);
}

bool plain_output_parse(struct plain_output *output, const struct arguments *arguments,
                        const char *others, struct error *err)
{
    const char *const *formats = arguments_values(arguments, "format");
    struct terminal terminal;
    *output = (struct plain_output){0};
    if (!output_parse_style(&output->style, &terminal, arguments, err))
        return false;
    output->interactive = terminal.interactive;
    for (size_t i = 0; formats[i] != NULL; i++)
        if (!parse_target(&output->targets[output->count++], formats[i], others, err))
            return false;
    if (output->count == 0)
        output->count = 1;
    return true;
}
