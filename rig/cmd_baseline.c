/* tollgate baseline: save, list and show what was kept. */
#include "rig/command.h"

#include "base/file.h"
#include "baselines/store.h"
#include "rig/config.h"
#include "rig/output.h"

#include <stdio.h>
#include <string.h>

static bool save(const struct config *config, const struct arguments *arguments, struct error *err)
{
    struct run run;
    if (arguments->word_count != 3)
        return error_set(err, ERROR_USAGE, "tollgate baseline save takes NAME and RUN.json");
    if (!store_check_name(arguments->words[1], err) || !run_read(&run, arguments->words[2], err))
        return false;
    bool ok = file_make_directories(config->store_path, err) &&
              store_save(config->store_path, arguments->words[1], &run, err);
    run_release(&run);
    if (ok)
        printf("saved %s as \"%s\" in %s\n", arguments->words[2], arguments->words[1],
               config->store_path);
    return ok;
}

static bool list(const struct config *config, struct error *err)
{
    const char **names;
    size_t count;
    struct arena arena;
    arena_init(&arena);
    bool ok = store_list(config->store_path, &arena, &names, &count, err);
    for (size_t i = 0; ok && i < count; i++) {
        struct run run;
        struct error problem = {0};
        bool found;
        if (!store_load(config->store_path, names[i], &run, &found, &problem)) {
            printf("%-20s cannot be read: %s\n", names[i], problem.text);
            continue;
        }
        const struct run_side *head = &run.sides[SIDE_HEAD];
        printf("%-20s %s  %.12s%s  %zu endpoints\n", names[i], run.created,
               head->commit != NULL ? head->commit : "no commit", head->dirty ? " + changes" : "",
               run.endpoint_count);
        run_release(&run);
    }
    if (ok && count == 0)
        printf("no baselines in %s\n", config->store_path);
    arena_release(&arena);
    return ok;
}

/* A baseline is a run without a base: the report of that. */
static bool show_run(const struct run *run, const struct arguments *arguments, struct error *err)
{
    struct comparison comparison;
    struct output output;
    struct gate gate;
    gate_init(&gate);
    struct compare_options question = {.head = run, .gate = &gate};
    if (!output_parse(&output, arguments, err) || !compare_runs(&comparison, &question, err))
        return false;
    struct report report = {
        .head = run, .comparison = &comparison, .gate = &gate, .choice = output.choice};
    bool ok = output_write(&output, &report, err);
    comparison_release(&comparison);
    return ok;
}

static bool show(const struct config *config, const struct arguments *arguments, struct error *err)
{
    struct run run;
    bool found;
    if (arguments->word_count != 2)
        return error_set(err, ERROR_USAGE, "tollgate baseline show takes a NAME");
    if (!store_load(config->store_path, arguments->words[1], &run, &found, err))
        return false;
    if (!found)
        return error_set(err, ERROR_USAGE, "there is no baseline \"%s\" in %s", arguments->words[1],
                         config->store_path);
    bool ok = show_run(&run, arguments, err);
    run_release(&run);
    return ok;
}

static bool act(const struct arguments *arguments, struct error *err)
{
    struct config config;
    const char *path = arguments_value(arguments, "config");
    if (!config_read(&config, path != NULL ? path : "tollgate.json", err))
        return false;
    const char *verb = arguments->words[0];
    bool ok;
    if (strcmp(verb, "save") == 0)
        ok = save(&config, arguments, err);
    else if (strcmp(verb, "list") == 0)
        ok = list(&config, err);
    else if (strcmp(verb, "show") == 0)
        ok = show(&config, arguments, err);
    else
        ok = error_set(err, ERROR_USAGE, "\"%s\" is not save, list or show", verb);
    config_release(&config);
    return ok;
}

static enum exit_code run_baseline(const struct arguments *arguments, struct error *err)
{
    return act(arguments, err) ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"config", 'c', "FILE", "names the store; default: tollgate.json"},
    OUTPUT_OPTIONS,
    {0},
};

static const char *const examples[] = {
    "keep the head of a run",
    "tollgate baseline save main run.json",
    "what is kept",
    "tollgate baseline list",
    "what one says",
    "tollgate baseline show main",
    NULL,
};

const struct command command_baseline = {
    .name = "baseline",
    .summary = "save, list or show what runs are compared with",
    .words = "save NAME RUN.json | list | show NAME",
    .words_least = 1,
    .words_most = 3,
    .options = options,
    .examples = examples,
    .run = run_baseline,
};
