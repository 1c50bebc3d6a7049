/* tollgate dead: what no replayed request reached, over any number of runs. */
#include "rig/command.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/terminal.h"
#include "base/text.h"
#include "reporters/dead_html.h"
#include "reporters/dead_json.h"
#include "reporters/dead_text.h"
#include "reporters/source_view.h"
#include "rig/config.h"
#include "rig/dead_tree.h"
#include "rig/plain_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNS_MAX = 1000, REPORT_MAX_BYTES = 256 << 20, FILE_COLUMNS = 80, OWN_NOTES = 4 };

/* What the command holds. */
struct search {
    const struct arguments *arguments;
    struct arena arena;
    struct interrupt interrupt;
    struct config config;
    bool has_config;
    struct plain_output output;
    struct dead_tree tree;
    struct dead_merge *merge;
    struct dead dead;
    struct dead_report report;
    const char **notes;
    size_t note_count, note_room;
    char today[32];
};

static bool add_note(struct search *search, const char *text, struct error *err)
{
    if (text == NULL)
        return error_set_memory(err);
    if (search->note_count < search->note_room)
        search->notes[search->note_count++] = text;
    return true;
}

static bool parse_states(struct search *search, struct error *err)
{
    const char *const *values = arguments_values(search->arguments, "state");
    bool *states = search->report.states;
    for (size_t i = 0; values[i] != NULL; i++) {
        bool all = strcmp(values[i], "all") == 0, found = all;
        for (unsigned state = DEAD_ERROR; state <= DEAD_NEVER; state++)
            if (all || strcmp(values[i], dead_state_key((enum dead_state)state)) == 0)
                states[state] = found = true;
        if (!found)
            return error_set(err, ERROR_USAGE,
                             "--state takes never, start, error or all, not \"%s\"", values[i]);
    }
    if (values[0] == NULL)
        states[DEAD_NEVER] = true;
    return true;
}

static bool read_config(struct search *search, struct error *err)
{
    const char *path = arguments_value(search->arguments, "config");
    if (path == NULL && !file_exists("tollgate.json"))
        return true;
    if (!config_read(&search->config, path != NULL ? path : "tollgate.json", err))
        return false;
    search->has_config = true;
    return true;
}

static bool fail_without_lines(const char *path, const char *why, struct error *err)
{
    return error_set_at(err, ERROR_INPUT, path,
                        "%s\nA run that tells it is made by: tollgate bench --passes lines -o "
                        "run.json",
                        why);
}

/* Runs that cannot help are told of, unless there is no other. */
static bool read_runs(struct search *search, struct error *err)
{
    const struct arguments *arguments = search->arguments;
    const char *first_why = NULL;
    size_t left_out = 0;
    for (size_t i = 0; i < arguments->word_count; i++) {
        struct run run;
        const char *why = NULL;
        if (!interrupt_check(&search->interrupt, err) || !run_read(&run, arguments->words[i], err))
            return false;
        bool ok = dead_merge_add(search->merge, &run, &why, err);
        run_release(&run);
        if (!ok)
            return false;
        if (why == NULL)
            continue;
        if (left_out++ == 0)
            first_why = why;
        if (!add_note(search,
                      arena_format(&search->arena, "%s is left out: %s", arguments->words[i], why),
                      err))
            return false;
    }
    if (left_out == arguments->word_count)
        return fail_without_lines(left_out == 1 ? arguments->words[0] : "all runs given", first_why,
                                  err);
    return true;
}

static bool find_dead(struct search *search, struct error *err)
{
    static const struct dead_keep_list nothing;
    const char *const *hashes = NULL;
    if (!dead_tree_find(&search->tree, search->has_config ? search->config.folder : ".",
                        &search->interrupt, &search->arena, err) ||
        !dead_tree_hash(&search->tree, search->merge, &hashes, err))
        return false;
    struct dead_question question = {.hashes = hashes,
                                     .tracked = search->tree.files.tracked,
                                     .globs = arguments_values(search->arguments, "path"),
                                     .keep = search->has_config ? &search->config.keep : &nothing,
                                     .keep_folder = search->tree.config_folder,
                                     .today = search->today};
    if (!dead_find(&search->dead, search->merge, &question, &search->arena, err))
        return false;
    if (search->dead.file_count == 0 && question.globs[0] != NULL)
        return error_set(err, ERROR_USAGE,
                         "--path: no file of these runs fits; one of them is \"%s\"",
                         dead_merge_path(search->merge, 0));
    return true;
}

static bool note_tree(struct search *search, struct error *err)
{
    for (size_t i = 0; i < search->dead.file_count; i++)
        if (search->dead.files[i].current)
            return true;
    return add_note(search,
                    "this folder has none of the files as they were measured: run it in the "
                    "checkout that was measured, for ages and texts",
                    err);
}

static bool find_ages(struct search *search, struct error *err)
{
    struct dead_tree_gaps gaps;
    search->report.ages = !arguments_flag(search->arguments, "no-age");
    if (!note_tree(search, err))
        return false;
    if (!search->report.ages)
        return true;
    if (!dead_tree_age(&search->tree, &search->dead, search->report.states, &gaps, err))
        return false;
    if (gaps.files > 0 &&
        !add_note(search,
                  arena_format(&search->arena,
                               "git does not tell how old the lines of %zu file%s are; they count "
                               "as a day old",
                               gaps.files, gaps.files == 1 ? "" : "s"),
                  err))
        return false;
    return !gaps.shallow ||
           add_note(search,
                    "the history of this clone is cut off, so lines may be older than shown: git "
                    "fetch --unshallow",
                    err);
}

static bool write_text(const char *path, const struct buffer *text, struct error *err)
{
    if (!buffer_check(text, err))
        return false;
    if (path != NULL)
        return file_write_atomic(path, buffer_text(text), text->length, err);
    if (fwrite(buffer_text(text), 1, text->length, stdout) != text->length)
        return error_set_errno(err, "cannot write to standard output");
    return true;
}

/* The file that was meant: by its path, or by the end of it where only one fits. */
static const struct dead_file *find_source(const struct dead *dead, const char *name, size_t *fits)
{
    const struct dead_file *found = NULL;
    size_t length = strlen(name);
    *fits = 0;
    for (size_t i = 0; i < dead->file_count; i++) {
        const char *path = dead->files[i].path;
        size_t size = strlen(path);
        if (strcmp(path, name) == 0) {
            *fits = 1;
            return &dead->files[i];
        }
        if (size > length && path[size - length - 1] == '/' &&
            strcmp(path + size - length, name) == 0) {
            found = &dead->files[i];
            (*fits)++;
        }
    }
    return *fits == 1 ? found : NULL;
}

static bool fail_unknown_source(const struct dead *dead, const char *name, size_t fits,
                                struct error *err)
{
    if (fits > 1)
        return error_set(err, ERROR_USAGE,
                         "--source: %zu files end in \"%s\": give more of the "
                         "path",
                         fits, name);
    const char **paths = calloc(dead->file_count + 1, sizeof *paths);
    if (paths == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < dead->file_count; i++)
        paths[i] = dead->files[i].path;
    const char *nearest = text_nearest(name, paths);
    error_set(err, ERROR_USAGE, "--source: these runs know no lines of \"%s\"%s%s%s", name,
              nearest != NULL ? "; did you mean \"" : "; -O json lists the files",
              nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    free(paths);
    return false;
}

static bool append_source(struct search *search, const char *name, const struct report_style *style,
                          bool cut, struct buffer *out, struct error *err)
{
    size_t fits;
    struct measured_text text;
    const struct dead_file *file = find_source(&search->dead, name, &fits);
    if (file == NULL)
        return fail_unknown_source(&search->dead, name, fits, err);
    return dead_tree_read(&search->tree, file, &text, err) &&
           source_view_append(out, file, &text, style, cut, err);
}

static bool write_target(struct search *search, const struct plain_target *target,
                         struct error *err)
{
    const char *source = arguments_value(search->arguments, "source");
    struct report_style style = search->output.style;
    bool ok;
    struct buffer out;
    if (target->path != NULL)
        style = (struct report_style){.columns = FILE_COLUMNS, .utf8 = true};
    buffer_init(&out, REPORT_MAX_BYTES);
    if (target->json)
        ok = dead_json_append(&out, &search->report, err);
    else if (source != NULL)
        ok = append_source(search, source, &style,
                           search->output.interactive && target->path == NULL, &out, err);
    else
        ok = dead_text_append(&out, &search->report, &style, err);
    ok = ok && write_text(target->path, &out, err);
    buffer_release(&out);
    return ok;
}

static bool write_page(struct search *search, const char *path, struct error *err)
{
    struct measured_text *texts =
        arena_alloc_array(&search->arena, search->dead.file_count, sizeof *texts);
    struct buffer out;
    if (texts == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < search->dead.file_count; i++)
        if (!interrupt_check(&search->interrupt, err) ||
            !dead_tree_read(&search->tree, &search->dead.files[i], &texts[i], err))
            return false;
    search->report.texts = texts;
    buffer_init(&out, REPORT_MAX_BYTES);
    bool ok = dead_html_append(&out, &search->report, err) && write_text(path, &out, err);
    buffer_release(&out);
    return ok;
}

static bool write_all(struct search *search, struct error *err)
{
    const char *page = arguments_value(search->arguments, "html");
    search->report.dead = &search->dead;
    search->report.all = arguments_flag(search->arguments, "all");
    search->report.notes = search->notes;
    search->report.note_count = search->note_count;
    search->report.today = search->today;
    dead_rank(&search->dead, clock_realtime_ns() / NS_PER_SECOND);
    for (size_t i = 0; i < search->output.count; i++)
        if (!write_target(search, &search->output.targets[i], err))
            return false;
    return page == NULL || write_page(search, page, err);
}

static bool look(struct search *search, struct error *err)
{
    search->note_room = search->arguments->word_count + OWN_NOTES;
    search->notes = arena_alloc_array(&search->arena, search->note_room, sizeof *search->notes);
    if (search->notes == NULL)
        return error_set_memory(err);
    clock_format_utc(clock_realtime_ns(), search->today);
    search->today[strlen("2026-11-22")] = '\0';
    return parse_states(search, err) &&
           plain_output_parse(&search->output, search->arguments, "; see --html", err) &&
           read_config(search, err) && dead_merge_new(&search->merge, err) &&
           read_runs(search, err) && find_dead(search, err) && find_ages(search, err) &&
           write_all(search, err);
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct search search = {.arguments = arguments};
    arena_init(&search.arena);
    if (!interrupt_open(&search.interrupt, err)) {
        arena_release(&search.arena);
        return exit_code_of(err);
    }
    bool ok = look(&search, err);
    dead_merge_free(search.merge);
    if (search.has_config)
        config_release(&search.config);
    interrupt_close(&search.interrupt);
    arena_release(&search.arena);
    return ok ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"path", 0, "GLOB", "only files whose path fits; repeatable"},
    {"state", 0, "STATE", "what is listed: never (default), start, error or all; repeatable"},
    {"source", 0, "FILE", "one file with what each of its lines did, instead of the lists"},
    {"all", 0, NULL, "every place and every name, not only the first ones"},
    {"no-age", 0, NULL, "do not ask git how old lines are"},
    {"html", 0, "FILE", "also one page with the lists and all sources, that needs nothing else"},
    {"format", 'O', "FORMAT[:PATH]", "report as terminal or json, to a file when PATH is given"},
    {"color", 0, "WHEN", "auto, always or never"},
    {"config", 'c', "FILE", "for what is kept on purpose; default: tollgate.json if it is here"},
    {0},
};

static const char *const examples[] = {
    "which lines are executed by no request of the corpus",
    "tollgate bench --passes lines -o run.json && tollgate dead run.json",
    "over the runs of a month",
    "tollgate dead runs/2026-10-*.json",
    "one file, line by line",
    "tollgate dead run.json --source gateway/service.c",
    "a page to look around in",
    "tollgate dead run.json --html dead.html",
    NULL,
};

const struct command command_dead = {
    .name = "dead",
    .summary = "lines and functions that no replayed request reached",
    .words = "RUN.json [RUN.json]...",
    .words_least = 1,
    .words_most = RUNS_MAX,
    .options = options,
    .examples = examples,
    .details =
        "Runs are merged: dead is what was executable in each and executed in none. Of a\n"
        "file that changed between them, the content of the work tree counts. Ranked by\n"
        "lines, age of the last change, and how few endpoints come near.\n"
        "\n"
        "What is kept on purpose is left out until a day, by a row in tollgate.json:\n"
        "  \"dead\": {\"keep\": [{\"path\": \"gateway/admin.c\", \"function\": \"stats_*\",\n"
        "    \"until\": \"2027-01-31\", \"because\": \"operators ask for it by hand\"}]}",
    .run = run,
};
