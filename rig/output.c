#include "rig/output.h"

#include "base/file.h"
#include "reporters/markdown.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORT_MAX_BYTES = 256 * 1024 * 1024, FILE_COLUMNS = 80 };

static bool parse_target(struct output_target *target, const char *text, struct error *err)
{
    char name[32];
    const char *names[32] = {0};
    const char *colon = strchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);
    snprintf(name, sizeof name, "%.*s", (int)(length < 31 ? length : 31), text);
    target->reporter = reporter_by_name(name);
    target->path = colon != NULL ? colon + 1 : NULL;
    if (target->reporter == NULL) {
        const struct reporter *const *list = reporter_list();
        char known[512] = "";
        for (size_t i = 0; list[i] != NULL && i + 1 < COUNT_OF(names); i++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", list[i]->name);
        }
        return error_set(err, ERROR_USAGE, "-O %s: there is no such report; there are: %s", name,
                         known);
    }
    if (target->path != NULL && target->path[0] == '\0')
        return error_set(err, ERROR_USAGE, "-O %s needs a path after the colon", text);
    if (target->path == NULL && target->reporter->binary && isatty(STDOUT_FILENO))
        return error_set(err, ERROR_USAGE,
                         "-O %s is nothing for a terminal; give it a file with -O %s:PATH", text,
                         text);
    return output_check_path(target->path, err);
}

static bool parse_figure(struct report_choice *choice, const char *text, const char *figure,
                         struct error *err)
{
    const struct profile_kind_info *info = profile_kind_info(choice->profile);
    char known[256] = "";
    for (size_t i = 0; i < info->value_count; i++) {
        size_t used = strlen(known);
        choice->value = i;
        if (strcmp(info->values[i].key, figure) == 0)
            return true;
        snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", info->values[i].key);
    }
    return error_set(err, ERROR_USAGE, "--profile %s: a profile of %s has the figures %s", text,
                     info->title, known);
}

/* NULL = what the run has. */
static bool parse_profile(struct report_choice *choice, const char *text, struct error *err)
{
    *choice = (struct report_choice){.profile = PROFILE_KIND_COUNT};
    if (text == NULL)
        return true;
    size_t length = strcspn(text, ":");
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++) {
        const char *key = profile_kind_info((enum profile_kind)kind)->key;
        if (strlen(key) != length || strncmp(key, text, length) != 0)
            continue;
        choice->profile = (enum profile_kind)kind;
        return text[length] == '\0' || parse_figure(choice, text, text + length + 1, err);
    }
    return error_set(err, ERROR_USAGE, "--profile takes cpu, alloc or lines, not \"%s\"", text);
}

static bool parse_comment(struct report_choice *choice, const struct arguments *arguments,
                          struct error *err)
{
    choice->key = arguments_value(arguments, "key");
    choice->mention = arguments_flag(arguments, "mention");
    if (choice->key != NULL && !markdown_is_key(choice->key))
        return error_set(err, ERROR_USAGE,
                         "--key takes at most %d letters, digits and \"._-\", not \"%s\"",
                         (int)MARKDOWN_KEY_MAX_BYTES, choice->key);
    return true;
}

bool output_parse_style(struct report_style *style, struct terminal *terminal,
                        const struct arguments *arguments, struct error *err)
{
    const char *color = arguments_value(arguments, "color");
    enum color_choice choice = COLOR_AUTO;
    if (color != NULL && !terminal_parse_color(color, &choice))
        return error_set(err, ERROR_USAGE, "--color takes auto, always or never, not \"%s\"",
                         color);
    terminal_probe(terminal, STDOUT_FILENO, choice);
    *style = (struct report_style){
        .columns = terminal->columns, .color = terminal->color, .utf8 = terminal->utf8};
    return true;
}

bool output_parse(struct output *output, const struct arguments *arguments, struct error *err)
{
    const char *const *formats = arguments_values(arguments, "format");
    struct terminal terminal;
    *output = (struct output){0};
    if (!parse_profile(&output->choice, arguments_value(arguments, "profile"), err) ||
        !parse_comment(&output->choice, arguments, err) ||
        !output_parse_style(&output->style, &terminal, arguments, err))
        return false;
    for (size_t i = 0; formats[i] != NULL; i++)
        if (!parse_target(&output->targets[output->count++], formats[i], err))
            return false;
    if (output->count == 0)
        output->targets[output->count++].reporter = reporter_by_name("terminal");
    return true;
}

bool output_has_history(const struct output *output)
{
    for (size_t i = 0; i < output->count; i++)
        if (output->targets[i].reporter->has_history)
            return true;
    return false;
}

static bool write_one(const struct output *output, const struct output_target *target,
                      const struct report *report, struct error *err)
{
    struct buffer text;
    struct report_style style = output->style;
    bool to_file = target->path != NULL && target->reporter->deliver == NULL;
    if (to_file)
        style = (struct report_style){.columns = FILE_COLUMNS, .utf8 = true};
    buffer_init(&text, REPORT_MAX_BYTES);
    bool ok = target->reporter->write(report, &style, &text, err) && buffer_check(&text, err);
    bool show = ok && !to_file; /* also when a file beside it cannot be written */
    if (ok && target->reporter->deliver != NULL)
        ok = target->reporter->deliver(report, target->path, &text, err);
    if (ok && to_file)
        ok = file_write_atomic(target->path, buffer_text(&text), text.length, err);
    if (show && fwrite(buffer_text(&text), 1, text.length, stdout) != text.length)
        ok = error_set_errno(err, "cannot write to standard output");
    buffer_release(&text);
    return ok;
}

bool output_write(const struct output *output, const struct report *report, struct error *err)
{
    bool ok = true;
    for (size_t i = 0; i < output->count; i++)
        ok = write_one(output, &output->targets[i], report, err) && ok;
    return ok;
}

bool output_check_path(const char *path, struct error *err)
{
    if (path == NULL)
        return true;
    char folder[4096];
    struct stat info;
    char *copy = strdup(path);
    if (copy == NULL)
        return error_set_memory(err);
    /* The dot makes a file in the folder's place an error for root as well. */
    snprintf(folder, sizeof folder, "%s/.", dirname(copy));
    bool ok = access(folder, W_OK) == 0;
    if (ok && stat(path, &info) == 0) {
        ok = access(path, W_OK) == 0 && !S_ISDIR(info.st_mode);
        if (S_ISDIR(info.st_mode))
            errno = EISDIR;
    }
    if (!ok)
        error_set_errno(err, "cannot write %s", path);
    free(copy);
    return ok;
}
