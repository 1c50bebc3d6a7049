#include "insights/dead_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void *dead_grow(void *items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = reallocarray(items, wanted, size);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

bool dead_merge_new(struct dead_merge **merge, struct error *err)
{
    *merge = calloc(1, sizeof **merge);
    if (*merge == NULL)
        return error_set_memory(err);
    arena_init(&(*merge)->arena);
    name_table_init(&(*merge)->paths);
    name_table_init(&(*merge)->endpoints);
    return true;
}

void dead_merge_free(struct dead_merge *merge)
{
    if (merge == NULL)
        return;
    for (size_t i = 0; i < merge->content_count; i++) {
        free(merge->contents[i].runs);
        free(merge->contents[i].lines);
        free(merge->contents[i].hits);
        free(merge->contents[i].functions);
    }
    free(merge->contents);
    free(merge->first_content);
    free(merge->runs);
    name_table_release(&merge->paths);
    name_table_release(&merge->endpoints);
    arena_release(&merge->arena);
    free(merge);
}

const char *dead_merge_path(const struct dead_merge *merge, size_t index)
{
    return name_table_get(&merge->paths, index);
}

size_t dead_merge_path_count(const struct dead_merge *merge)
{
    return merge->paths.count;
}

/* One run on its way in. */
struct adding {
    struct dead_merge *merge;
    const struct run *run;
    const struct profile *profile;
    uint32_t number;      /* of the run */
    uint32_t *content_of; /* by path: what this run has there; DEAD_NONE = nothing */
    size_t content_of_count;
    uint32_t *content_of_frame;
    bool *is_error;            /* by node */
    const uint32_t *endpoints; /* numbers, by the profile's index */
    struct sighting *sightings;
    size_t count, capacity;
    struct error *err;
};

/* A line that was executed at one node. */
struct sighting {
    uint32_t content;
    struct dead_hit hit; /* `executions` a request, not yet weighted */
};

static int64_t parse_time(const char *text)
{
    struct tm broken = {0};
    const char *end = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &broken) : NULL;
    time_t seconds = end != NULL && *end == '\0' ? timegm(&broken) : 0;
    return seconds > 0 ? (int64_t)seconds : 0;
}

/* An optional text of the run, to outlive it. */
static bool keep_text(struct adding *adding, const char *text, const char **out)
{
    if (text == NULL)
        return true;
    *out = arena_copy_string(&adding->merge->arena, text);
    return *out != NULL || error_set_memory(adding->err);
}

static bool add_run(struct adding *adding)
{
    struct dead_merge *merge = adding->merge;
    const struct profile *profile = adding->profile;
    struct dead_run *runs =
        dead_grow(merge->runs, &merge->run_capacity, merge->run_count, sizeof *runs);
    uint32_t *endpoints =
        arena_alloc_array(&merge->arena, profile->endpoint_count, sizeof *endpoints);
    if (runs != NULL)
        merge->runs = runs;
    if (runs == NULL || endpoints == NULL)
        return error_set_memory(adding->err);
    struct dead_run *run = &runs[merge->run_count];
    *run = (struct dead_run){.created_s = parse_time(adding->run->created),
                             .endpoints = endpoints,
                             .endpoint_count = profile->endpoint_count};
    for (size_t i = 0; i < profile->endpoint_count; i++) {
        if (!name_table_add(&merge->endpoints, 0, profile->endpoints[i].name, &endpoints[i]))
            return error_set_memory(adding->err);
        run->requests += profile->endpoints[i].requests;
    }
    adding->number = (uint32_t)merge->run_count++;
    adding->endpoints = endpoints;
    return keep_text(adding, adding->run->sides[SIDE_HEAD].commit, &run->commit);
}

/* The path's number; its list of contents begins empty. */
static bool find_path(struct adding *adding, const char *path, uint32_t *number)
{
    struct dead_merge *merge = adding->merge;
    size_t known = merge->paths.count;
    if (!name_table_add(&merge->paths, 0, path, number))
        return error_set_memory(adding->err);
    if (*number < known)
        return true;
    uint32_t *first =
        dead_grow(merge->first_content, &merge->first_capacity, *number, sizeof *first);
    if (first == NULL)
        return error_set_memory(adding->err);
    first[*number] = DEAD_NONE;
    merge->first_content = first;
    return true;
}

static uint32_t search_content(const struct dead_merge *merge, uint32_t path,
                               const struct source_file *file)
{
    uint32_t at = merge->first_content[path];
    for (; at != DEAD_NONE; at = merge->contents[at].next) {
        const struct dead_content *content = &merge->contents[at];
        if (content->hash != NULL && file->hash != NULL && content->stale == file->stale &&
            strcmp(content->hash, file->hash) == 0)
            break;
    }
    return at;
}

static bool find_content(struct adding *adding, uint32_t path, const struct source_file *file,
                         uint32_t *index)
{
    struct dead_merge *merge = adding->merge;
    *index = search_content(merge, path, file);
    if (*index != DEAD_NONE)
        return true;
    struct dead_content *contents = dead_grow(merge->contents, &merge->content_capacity,
                                              merge->content_count, sizeof *contents);
    if (contents == NULL)
        return error_set_memory(adding->err);
    merge->contents = contents;
    *index = (uint32_t)merge->content_count;
    contents[*index] = (struct dead_content){
        .path = path, .stale = file->stale, .next = merge->first_content[path]};
    if (!keep_text(adding, file->hash, &contents[*index].hash))
        return false;
    merge->first_content[path] = *index;
    merge->content_count++;
    return true;
}

static int compare_executables(const void *left, const void *right)
{
    const struct dead_executable *a = left, *b = right;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* The run's lines beside those of the runs before. A line that the file names twice counts once. */
static bool merge_lines(struct adding *adding, struct dead_content *content,
                        const struct source_file *file)
{
    struct dead_executable *lines =
        reallocarray(content->lines, content->line_count + file->line_count + 1, sizeof *lines);
    if (lines == NULL)
        return error_set_memory(adding->err);
    content->lines = lines;
    size_t count = content->line_count;
    uint32_t before = 0;
    for (size_t i = 0; i < file->line_count; i++) {
        if (file->lines[i] > before)
            lines[count++] = (struct dead_executable){file->lines[i], 1};
        before = file->lines[i];
    }
    qsort(lines, count, sizeof *lines, compare_executables);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && lines[kept - 1].line == lines[i].line)
            lines[kept - 1].runs += lines[i].runs;
        else
            lines[kept++] = lines[i];
    }
    content->line_count = kept;
    return true;
}

static int compare_functions(const void *left, const void *right)
{
    const struct source_function *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool merge_functions(struct adding *adding, struct dead_content *content,
                            const struct source_file *file)
{
    struct source_function *functions = reallocarray(
        content->functions, content->function_count + file->function_count + 1, sizeof *functions);
    if (functions == NULL)
        return error_set_memory(adding->err);
    content->functions = functions;
    size_t count = content->function_count;
    for (size_t i = 0; i < file->function_count; i++) {
        const struct source_function *from = &file->functions[i];
        functions[count] = *from;
        if (!keep_text(adding, from->name, &functions[count].name))
            return false;
        count++;
    }
    qsort(functions, count, sizeof *functions, compare_functions);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct source_function *last = kept > 0 ? &functions[kept - 1] : NULL;
        if (last == NULL || compare_functions(last, &functions[i]) != 0)
            functions[kept++] = functions[i];
        else if (last->last_line < functions[i].last_line)
            last->last_line = functions[i].last_line;
    }
    content->function_count = kept;
    return true;
}

static bool note_run(struct adding *adding, struct dead_content *content)
{
    uint32_t *runs =
        dead_grow(content->runs, &content->run_capacity, content->run_count, sizeof *runs);
    if (runs == NULL)
        return error_set_memory(adding->err);
    content->runs = runs;
    runs[content->run_count++] = adding->number;
    return true;
}

/* What this run has at the path; the first where it names one twice. */
static bool note_content(struct adding *adding, uint32_t path, uint32_t content, bool *twice)
{
    size_t wanted = adding->merge->paths.count;
    uint32_t *content_of = reallocarray(adding->content_of, wanted, sizeof *content_of);
    if (content_of == NULL)
        return error_set_memory(adding->err);
    adding->content_of = content_of;
    for (; adding->content_of_count < wanted; adding->content_of_count++)
        content_of[adding->content_of_count] = DEAD_NONE;
    *twice = content_of[path] != DEAD_NONE;
    if (!*twice)
        content_of[path] = content;
    return true;
}

static bool add_files(struct adding *adding)
{
    const struct source_tree *tree = &adding->run->sources[SIDE_HEAD];
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct source_file *file = &tree->files[i];
        uint32_t path, index;
        bool twice = false;
        if (!find_path(adding, file->path, &path) || !find_content(adding, path, file, &index) ||
            !note_content(adding, path, index, &twice))
            return false;
        struct dead_content *content = &adding->merge->contents[index];
        if (!twice && (!note_run(adding, content) || !merge_lines(adding, content, file) ||
                       !merge_functions(adding, content, file)))
            return false;
    }
    return true;
}

/* Which content the frames speak of; a file that the run's sources do not list is not known. */
static bool place_frames(struct adding *adding)
{
    const struct profile *profile = adding->profile;
    uint32_t *places = calloc(profile->frame_count + 1, sizeof *places);
    if (places == NULL)
        return error_set_memory(adding->err);
    adding->content_of_frame = places;
    for (size_t i = 0; i < profile->frame_count; i++) {
        const struct profile_frame *frame = &profile->frames[i];
        uint32_t path = 0;
        places[i] = DEAD_NONE;
        if (!frame->own || frame->file == NULL || frame->line == 0)
            continue;
        if (!find_path(adding, frame->file, &path))
            return false;
        if (path < adding->content_of_count)
            places[i] = adding->content_of[path];
    }
    return true;
}

static bool mark_errors(struct adding *adding)
{
    const struct profile *profile = adding->profile;
    adding->is_error = calloc(profile->node_count + 1, sizeof *adding->is_error);
    if (adding->is_error == NULL)
        return error_set_memory(adding->err);
    for (size_t i = 0; i < profile->error_node_count; i++)
        adding->is_error[profile->error_nodes[i]] = true;
    return true;
}

static bool see_costs(struct adding *adding, const struct profile_cost *costs, size_t count,
                      uint32_t endpoint, double weight)
{
    const struct profile *profile = adding->profile;
    for (size_t i = 0; i < count; i++) {
        uint32_t node = costs[i].node, frame = profile->nodes[node].frame;
        double hits = costs[i].values[LINES_HITS];
        if (adding->content_of_frame[frame] == DEAD_NONE ||
            !(hits > 0 || costs[i].values[LINES_INSTRUCTIONS] > 0))
            continue;
        struct sighting *sightings =
            dead_grow(adding->sightings, &adding->capacity, adding->count, sizeof *sightings);
        if (sightings == NULL)
            return error_set_memory(adding->err);
        adding->sightings = sightings;
        sightings[adding->count++] =
            (struct sighting){adding->content_of_frame[frame],
                              {profile->frames[frame].line, endpoint, !adding->is_error[node],
                               weight, hits > 0 ? hits : 0}};
    }
    return true;
}

/* How much the endpoint counts: what it stands for in production, else what was replayed of it. */
static double find_weight(const struct run *run, const struct profile_endpoint *endpoint)
{
    const struct endpoint_result *result = run_endpoint(run, endpoint->name);
    if (result != NULL && result->weight > 0)
        return result->weight;
    return endpoint->requests > 0 ? (double)endpoint->requests : 1;
}

static bool see_all(struct adding *adding)
{
    const struct profile *profile = adding->profile;
    for (size_t i = 0; i < profile->endpoint_count; i++) {
        const struct profile_endpoint *endpoint = &profile->endpoints[i];
        if (!see_costs(adding, endpoint->costs, endpoint->cost_count, adding->endpoints[i],
                       find_weight(adding->run, endpoint)))
            return false;
    }
    return see_costs(adding, profile->start, profile->start_count, DEAD_STARTUP, 1);
}

static int compare_hits(const void *left, const void *right)
{
    const struct dead_hit *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->endpoint < b->endpoint ? -1 : a->endpoint > b->endpoint;
}

static int compare_sightings(const void *left, const void *right)
{
    const struct sighting *a = left, *b = right;
    if (a->content != b->content)
        return a->content < b->content ? -1 : 1;
    return compare_hits(&a->hit, &b->hit);
}

/* A line at several nodes (inlined into several functions) is one line: its executions add up, the
 * weight is that of the endpoint. Returns how many are left. */
static size_t fold_sightings(struct sighting *sightings, size_t count)
{
    size_t kept = 0;
    qsort(sightings, count, sizeof *sightings, compare_sightings);
    for (size_t i = 0; i < count; i++) {
        struct sighting *last = kept > 0 ? &sightings[kept - 1] : NULL;
        if (last != NULL && compare_sightings(last, &sightings[i]) == 0) {
            last->hit.executions += sightings[i].hit.executions;
            last->hit.good |= sightings[i].hit.good;
        } else {
            sightings[kept++] = sightings[i];
        }
    }
    return kept;
}

/* Adds hits of one run, which are in order. */
static bool merge_hits(struct adding *adding, struct dead_content *content,
                       const struct sighting *sightings, size_t count)
{
    struct dead_hit *hits = reallocarray(content->hits, content->hit_count + count, sizeof *hits);
    if (hits == NULL)
        return error_set_memory(adding->err);
    content->hits = hits;
    size_t all = content->hit_count, kept = 0;
    for (size_t i = 0; i < count; i++) {
        hits[all] = sightings[i].hit;
        hits[all].executions *= hits[all].weight;
        all++;
    }
    qsort(hits, all, sizeof *hits, compare_hits);
    for (size_t i = 0; i < all; i++) {
        if (kept > 0 && compare_hits(&hits[kept - 1], &hits[i]) == 0) {
            hits[kept - 1].good |= hits[i].good;
            hits[kept - 1].weight += hits[i].weight;
            hits[kept - 1].executions += hits[i].executions;
        } else {
            hits[kept++] = hits[i];
        }
    }
    content->hit_count = kept;
    return true;
}

static bool add_hits(struct adding *adding)
{
    if (!place_frames(adding) || !mark_errors(adding) || !see_all(adding))
        return false;
    if (adding->count == 0)
        return true;
    size_t count = fold_sightings(adding->sightings, adding->count), end;
    for (size_t begin = 0; begin < count; begin = end) {
        uint32_t content = adding->sightings[begin].content;
        for (end = begin + 1; end < count && adding->sightings[end].content == content; end++)
            ;
        if (!merge_hits(adding, &adding->merge->contents[content], &adding->sightings[begin],
                        end - begin))
            return false;
    }
    return true;
}

static bool knows_lines(const struct source_tree *tree)
{
    for (size_t i = 0; i < tree->file_count; i++)
        if (tree->files[i].line_count > 0)
            return true;
    return false;
}

/* Why the run cannot help, or NULL. */
static bool find_fault(struct dead_merge *merge, const struct run *run, const char **why,
                       struct error *err)
{
    const struct profile *profile = &run->profiles[PROFILE_LINES][SIDE_HEAD];
    const char *cause = NULL, *fault = NULL;
    if (!profile->present) {
        fault = "it does not tell which lines were executed";
        cause = profile->missing;
    } else if (!knows_lines(&run->sources[SIDE_HEAD])) {
        fault = "it knows no line of the gateway's own source";
        cause = profile->note_count > 0 ? profile->notes[0] : "was the gateway built with -g?";
    } else if (profile->endpoint_count == 0) {
        fault = "no request was replayed";
    }
    *why = cause != NULL ? arena_format(&merge->arena, "%s (%s)", fault, cause) : fault;
    return fault == NULL || *why != NULL || error_set_memory(err);
}

bool dead_merge_add(struct dead_merge *merge, const struct run *run, const char **why,
                    struct error *err)
{
    struct adding adding = {.merge = merge,
                            .run = run,
                            .profile = &run->profiles[PROFILE_LINES][SIDE_HEAD],
                            .err = err};
    if (!find_fault(merge, run, why, err))
        return false;
    if (*why != NULL)
        return true;
    bool ok = add_run(&adding) && add_files(&adding) && add_hits(&adding);
    free(adding.content_of);
    free(adding.content_of_frame);
    free(adding.is_error);
    free(adding.sightings);
    return ok;
}
