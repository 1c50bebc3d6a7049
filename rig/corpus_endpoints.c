#include "rig/corpus_endpoints.h"

#include "base/file.h"
#include "base/text.h"
#include "replay/endpoint_file.h"

#include <stdlib.h>
#include <string.h>

/* The command under way. */
struct command_state {
    const struct corpus_endpoints_options *options;
    struct arena arena;
    struct config config;
    bool has_config;
    struct endpoint_file frozen; /* what the map to write has already */
    struct endpoint_row *rows;   /* of config, OpenAPI and map */
    size_t count;
    struct corpus_survey survey;
};

static bool read_config(struct command_state *state, struct error *err)
{
    const char *path = state->options->config_path;
    if (path == NULL && state->options->corpus_path != NULL && !file_exists("tollgate.json"))
        return true;
    if (!config_read_before_map(&state->config, path != NULL ? path : "tollgate.json", err))
        return false;
    state->has_config = true;
    return true;
}

/* Without the map's rows where another map is written: its own take their place. */
static bool take_rows(struct command_state *state, struct error *err)
{
    const char *freeze = state->options->freeze_path;
    const struct endpoint_map *map = &state->config.endpoints;
    if (freeze != NULL && file_exists(freeze) &&
        !endpoint_file_read(&state->frozen, freeze, &state->arena, err))
        return false;
    state->rows =
        arena_alloc_array(&state->arena, map->count + state->frozen.count + 1, sizeof *state->rows);
    if (state->rows == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < map->count; i++) {
        const struct endpoint_template *template = &map->templates[i];
        if (freeze == NULL || template->source != ENDPOINT_FROM_MAP)
            state->rows[state->count++] =
                (struct endpoint_row){template->name, template->source, template->rule};
    }
    for (size_t i = 0; i < state->frozen.count; i++)
        state->rows[state->count++] = (struct endpoint_row){
            state->frozen.rows[i].text, ENDPOINT_FROM_MAP, state->frozen.rows[i].rule};
    return true;
}

/* What is in use and not written down anywhere else joins what the map has. */
static bool join_map(const struct command_state *state, struct endpoint_file *out,
                     struct arena *arena, struct error *err)
{
    const struct endpoint_map *map = &state->survey.map;
    out->count = 0;
    out->rows = arena_alloc_array(arena, state->frozen.count + map->count + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < state->frozen.count; i++)
        out->rows[out->count++] = state->frozen.rows[i];
    for (size_t i = 0; i < map->count; i++) {
        const struct endpoint_template *template = &map->templates[i];
        bool is_new =
            template->source == ENDPOINT_FROM_CORPUS || template->source == ENDPOINT_INFERRED;
        if (is_new && state->survey.traffic[i].exchanges > 0)
            out->rows[out->count++] =
                (struct endpoint_file_row){template->name, template->rule, NULL};
    }
    return true;
}

/* A template that joins may be more concrete than one that was there, whose requests it then takes:
 * in a comparison with an older baseline that would look like a change of both. */
static bool count_moved(const struct command_state *state, const struct endpoint_file *file,
                        struct arena *arena, size_t *moved, struct error *err)
{
    struct endpoint_map next;
    size_t count = 0;
    struct endpoint_row *rows =
        arena_alloc_array(arena, state->count + file->count + 1, sizeof *rows);
    *moved = 0;
    if (rows == NULL)
        return error_set_memory(err);
    if (file->count == state->frozen.count || state->count == 0)
        return true;
    for (size_t i = 0; i < state->count; i++)
        if (state->rows[i].source != ENDPOINT_FROM_MAP)
            rows[count++] = state->rows[i];
    for (size_t i = 0; i < file->count; i++)
        rows[count++] = (struct endpoint_row){file->rows[i].text, ENDPOINT_FROM_MAP, ""};
    return endpoint_map_build(&next, rows, count, arena, err) &&
           corpus_survey_count_moved(&state->survey, &next, moved, err);
}

static void tell_frozen(const struct command_state *state, size_t count, size_t moved)
{
    const char *path = state->options->freeze_path;
    size_t kept = state->frozen.count, idle = 0;
    for (size_t i = 0; i < state->survey.map.count; i++)
        idle += state->survey.map.templates[i].source == ENDPOINT_FROM_MAP &&
                state->survey.traffic[i].exchanges == 0;
    printf("%s: %zu %s kept, %zu added\n", path, kept, kept == 1 ? "template" : "templates",
           count - kept);
    if (idle > 0)
        printf("  %zu of those kept match no exchange of this corpus\n", idle);
    if (moved > 0)
        printf("  %zu %s of older templates now belong to added ones, which are more concrete\n",
               moved, moved == 1 ? "exchange" : "exchanges");
    if (state->has_config && state->config.endpoint_sources.map_path == NULL)
        printf("  name it in %s: \"endpoints\": {\"map\": …}\n", state->config.path);
}

/* A file that would stay as it is, is left alone. */
static bool write_text(const char *path, const struct buffer *text, struct error *err)
{
    struct buffer old;
    struct error ignored = {0};
    buffer_init(&old, ENDPOINT_FILE_MAX_BYTES);
    bool same = file_exists(path) && file_read(path, &old, &ignored) &&
                old.length == text->length &&
                memcmp(buffer_text(&old), buffer_text(text), text->length) == 0;
    buffer_release(&old);
    return same || file_write_atomic(path, buffer_text(text), text->length, err);
}

static bool freeze(const struct command_state *state, struct error *err)
{
    struct endpoint_file file;
    struct arena arena;
    struct buffer text;
    arena_init(&arena);
    size_t moved;
    buffer_init(&text, ENDPOINT_FILE_MAX_BYTES);
    bool ok = join_map(state, &file, &arena, err) && endpoint_file_append(&text, &file, err) &&
              count_moved(state, &file, &arena, &moved, err) &&
              write_text(state->options->freeze_path, &text, err);
    if (ok)
        tell_frozen(state, file.count, moved);
    buffer_release(&text);
    arena_release(&arena);
    return ok;
}

static void tell_openapi(const struct config *config)
{
    const struct openapi *document = &config->endpoint_sources.openapi;
    struct buffer example;
    if (document->unusable > 0) {
        buffer_init(&example, 65536);
        text_append_safe(&example, document->example, strlen(document->example), false);
        fprintf(stderr,
                "tollgate: left out of the OpenAPI document: %zu %s whose path is no template, "
                "as %s\n",
                document->unusable, document->unusable == 1 ? "operation" : "operations",
                buffer_text(&example));
        buffer_release(&example);
    }
    if (document->twins > 0)
        fprintf(stderr,
                "tollgate: left out of the OpenAPI document: %zu %s whose requests an earlier one "
                "matches as well\n",
                document->twins, document->twins == 1 ? "operation" : "operations");
}

static void tell_what_next(const struct command_state *state)
{
    const char *map = state->has_config ? state->config.endpoint_sources.map_path : NULL;
    if (!state->survey.has_templates)
        fputs("\nThere are no templates yet: these are inferred. Write them down with\n", stdout);
    else if (state->survey.unmatched > 0)
        fputs("\nAdd what takes those that match none to the map with\n", stdout);
    else
        return;
    printf("  tollgate corpus endpoints --freeze %s\n", map != NULL ? map : "endpoints.json");
}

static bool answer(const struct command_state *state, struct error *err)
{
    const struct corpus_endpoints_options *options = state->options;
    for (size_t i = 0; options->requests[i] != NULL; i++)
        if (!corpus_survey_print_match(&state->survey, options->requests[i], stdout, err))
            return false;
    if (options->freeze_path != NULL)
        return freeze(state, err);
    if (options->requests[0] == NULL) {
        if (state->has_config)
            tell_openapi(&state->config);
        corpus_survey_print(&state->survey, stdout);
        tell_what_next(state);
    }
    return true;
}

bool corpus_endpoints(const struct corpus_endpoints_options *options, struct error *err)
{
    struct command_state state = {.options = options};
    arena_init(&state.arena);
    bool ok = read_config(&state, err) && take_rows(&state, err);
    if (ok) {
        const char *path = options->corpus_path;
        ok = corpus_survey_make(&state.survey, path != NULL ? path : state.config.corpus_path,
                                state.rows, state.count, err) &&
             answer(&state, err);
        corpus_survey_release(&state.survey);
    }
    if (state.has_config)
        config_release(&state.config);
    arena_release(&state.arena);
    return ok;
}
