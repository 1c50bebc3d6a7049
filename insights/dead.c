#include "insights/dead_private.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *words;
} states[DEAD_STATE_COUNT] = {
    [DEAD_HIT] = {"hit", "reached by requests"},      [DEAD_ERROR] = {"error", "only in errors"},
    [DEAD_START] = {"start", "only at start"},        [DEAD_NEVER] = {"never", "never"},
    [DEAD_UNSURE] = {"unsure", "not in every build"},
};

const char *dead_state_key(enum dead_state state)
{
    return states[state].key;
}

const char *dead_state_words(enum dead_state state)
{
    return states[state].words;
}

bool dead_path_is_wanted(const struct dead_question *question, const char *path)
{
    if (question->globs == NULL || question->globs[0] == NULL)
        return true;
    for (size_t i = 0; question->globs[i] != NULL; i++)
        if (text_matches_glob(question->globs[i], path))
            return true;
    return false;
}

/* What dead_find goes through. */
struct finding {
    const struct dead_merge *merge;
    const struct dead_question *question;
    struct arena *arena;
    uint32_t *marks; /* by endpoint: the mark of who counted it last */
    uint32_t mark;
    const struct dead_content *counted; /* by count_observed, and what it found */
    size_t observed;
    struct error *err;
};

static uint32_t newest_run(const struct finding *finding, const struct dead_content *content)
{
    const struct dead_run *runs = finding->merge->runs;
    uint32_t newest = content->runs[0];
    for (size_t i = 1; i < content->run_count; i++)
        if (runs[content->runs[i]].created_s >= runs[newest].created_s)
            newest = content->runs[i];
    return newest;
}

static bool same_hash(const char *left, const char *right)
{
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static bool is_current(const struct finding *finding, const struct dead_content *content)
{
    const char *const *hashes = finding->question->hashes;
    return hashes != NULL && same_hash(content->hash, hashes[content->path]);
}

/* Of two contents of a path the one to report: what the work tree has, else the newer. The same
 * content with line numbers that may be of an older one gives way. */
static bool is_better(const struct finding *finding, const struct dead_content *one,
                      const struct dead_content *other)
{
    const struct dead_run *runs = finding->merge->runs;
    if (same_hash(one->hash, other->hash))
        return !one->stale;
    if (is_current(finding, one) || is_current(finding, other))
        return is_current(finding, one);
    uint32_t one_run = newest_run(finding, one), other_run = newest_run(finding, other);
    if (runs[one_run].created_s != runs[other_run].created_s)
        return runs[one_run].created_s > runs[other_run].created_s;
    return one_run > other_run;
}

/* NULL when no run had a content of it. */
static const struct dead_content *choose_content(const struct finding *finding, uint32_t path)
{
    const struct dead_content *chosen = NULL;
    uint32_t at = finding->merge->first_content[path];
    for (; at != DEAD_NONE; at = finding->merge->contents[at].next) {
        const struct dead_content *content = &finding->merge->contents[at];
        if (content->run_count > 0 && (chosen == NULL || is_better(finding, content, chosen)))
            chosen = content;
    }
    return chosen;
}

static size_t count_other_runs(const struct finding *finding, const struct dead_content *content)
{
    size_t count = 0;
    uint32_t at = finding->merge->first_content[content->path];
    for (; at != DEAD_NONE; at = finding->merge->contents[at].next)
        if (&finding->merge->contents[at] != content)
            count += finding->merge->contents[at].run_count;
    return count;
}

static bool same_runs(const struct dead_content *one, const struct dead_content *other)
{
    return one->run_count == other->run_count &&
           memcmp(one->runs, other->runs, one->run_count * sizeof *one->runs) == 0;
}

/* Endpoints that runs with this content replayed. Most files were seen by the same runs. */
static size_t count_observed(struct finding *finding, const struct dead_content *content)
{
    size_t count = 0;
    if (finding->counted != NULL && same_runs(finding->counted, content))
        return finding->observed;
    finding->mark++;
    for (size_t i = 0; i < content->run_count; i++) {
        const struct dead_run *run = &finding->merge->runs[content->runs[i]];
        for (size_t j = 0; j < run->endpoint_count; j++) {
            count += finding->marks[run->endpoints[j]] != finding->mark;
            finding->marks[run->endpoints[j]] = finding->mark;
        }
    }
    finding->counted = content;
    finding->observed = count;
    return count;
}

static int compare_numbers(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static bool list_file_endpoints(struct finding *finding, const struct dead_content *content,
                                struct dead_file *file)
{
    size_t count = 0, all = finding->merge->endpoints.count;
    finding->mark++;
    uint32_t *endpoints = arena_alloc_array(
        finding->arena, content->hit_count < all ? content->hit_count : all, sizeof *endpoints);
    if (endpoints == NULL)
        return error_set_memory(finding->err);
    for (size_t i = 0; i < content->hit_count; i++) {
        uint32_t endpoint = content->hits[i].endpoint;
        if (endpoint == DEAD_STARTUP || finding->marks[endpoint] == finding->mark)
            continue;
        finding->marks[endpoint] = finding->mark;
        endpoints[count++] = endpoint;
    }
    qsort(endpoints, count, sizeof *endpoints, compare_numbers);
    file->endpoints = endpoints;
    file->endpoint_count = count;
    return true;
}

/* One line from the hits of it, `runs` of which had it executable. */
static void judge_line(struct dead_line *line, const struct dead_content *content,
                       const struct dead_hit *hits, size_t count, uint32_t runs,
                       uint32_t *endpoints)
{
    double weight = 0;
    bool good = false, start = false;
    line->endpoints = endpoints;
    for (size_t i = 0; i < count; i++) {
        if (hits[i].endpoint == DEAD_STARTUP) {
            start = true;
            continue;
        }
        endpoints[line->endpoint_count++] = hits[i].endpoint;
        good |= hits[i].good;
        weight += hits[i].weight;
        line->executions += hits[i].executions;
    }
    if (weight > 0)
        line->executions /= weight;
    line->state = good                         ? DEAD_HIT
                  : line->endpoint_count > 0   ? DEAD_ERROR
                  : start                      ? DEAD_START
                  : runs == content->run_count ? DEAD_NEVER
                                               : DEAD_UNSURE;
}

static bool list_lines(struct finding *finding, const struct dead_content *content,
                       struct dead_file *file)
{
    struct dead_line *lines =
        arena_alloc_array(finding->arena, content->line_count + content->hit_count, sizeof *lines);
    uint32_t *endpoints = arena_alloc_array(finding->arena, content->hit_count, sizeof *endpoints);
    if (lines == NULL || endpoints == NULL)
        return error_set_memory(finding->err);
    size_t at = 0, hit = 0, count = 0, used = 0;
    while (at < content->line_count || hit < content->hit_count) {
        bool listed =
            at < content->line_count &&
            (hit == content->hit_count || content->lines[at].line <= content->hits[hit].line);
        struct dead_line *line = &lines[count++];
        line->line = listed ? content->lines[at].line : content->hits[hit].line;
        size_t end = hit;
        while (end < content->hit_count && content->hits[end].line == line->line)
            end++;
        judge_line(line, content, &content->hits[hit], end - hit,
                   listed ? content->lines[at].runs : 0, &endpoints[used]);
        used += line->endpoint_count;
        file->lines_by_state[line->state]++;
        hit = end;
        at += listed;
    }
    file->lines = lines;
    file->line_count = count;
    return true;
}

/* Gives every line to the function that begins last of those around it. `open` is room for as many
 * numbers as there are functions. */
static void place_lines(struct dead_file *file, struct dead_function *functions,
                        struct dead_line *lines, uint32_t *open)
{
    size_t next = 0, depth = 0;
    for (size_t i = 0; i < file->line_count; i++) {
        while (next < file->function_count && functions[next].line <= lines[i].line)
            open[depth++] = (uint32_t)next++;
        while (depth > 0 && functions[open[depth - 1]].last_line < lines[i].line)
            depth--;
        lines[i].function = depth > 0 ? open[depth - 1] : UINT32_MAX;
        if (depth == 0)
            continue;
        functions[open[depth - 1]].lines++;
        functions[open[depth - 1]].lines_by_state[lines[i].state]++;
    }
}

static int compare_keys(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* How many endpoints reach each function. */
static bool count_function_endpoints(struct finding *finding, const struct dead_file *file,
                                     struct dead_function *functions, size_t hits)
{
    size_t count = 0;
    uint64_t *keys = calloc(hits + 1, sizeof *keys);
    if (keys == NULL)
        return error_set_memory(finding->err);
    for (size_t i = 0; i < file->line_count; i++) {
        const struct dead_line *line = &file->lines[i];
        for (size_t j = 0; j < line->endpoint_count && line->function != UINT32_MAX; j++)
            keys[count++] = (uint64_t)line->function << 32 | line->endpoints[j];
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count; i++)
        functions[keys[i] >> 32].endpoint_count += i == 0 || keys[i] != keys[i - 1];
    free(keys);
    return true;
}

static bool list_functions(struct finding *finding, const struct dead_content *content,
                           struct dead_file *file)
{
    size_t count = content->function_count;
    struct dead_function *functions = arena_alloc_array(finding->arena, count, sizeof *functions);
    uint32_t *open = arena_alloc_array(finding->arena, count, sizeof *open);
    if (functions == NULL || open == NULL)
        return error_set_memory(finding->err);
    for (size_t i = 0; i < count; i++) {
        const struct source_function *from = &content->functions[i];
        functions[i].name = arena_copy_string(finding->arena, from->name);
        functions[i].line = from->line;
        functions[i].last_line = from->last_line < from->line ? from->line : from->last_line;
        if (functions[i].name == NULL)
            return error_set_memory(finding->err);
    }
    file->functions = functions;
    file->function_count = count;
    place_lines(file, functions, (struct dead_line *)(uintptr_t)file->lines, open);
    return count_function_endpoints(finding, file, functions, content->hit_count);
}

static bool copy_text(struct finding *finding, const char *text, const char **out)
{
    *out = text != NULL ? arena_copy_string(finding->arena, text) : NULL;
    return text == NULL || *out != NULL || error_set_memory(finding->err);
}

static bool describe_file(struct finding *finding, const struct dead_content *content,
                          struct dead_file *file)
{
    const struct dead_run *newest = &finding->merge->runs[newest_run(finding, content)];
    *file = (struct dead_file){.current = is_current(finding, content),
                               .stale = content->stale,
                               .runs = content->run_count,
                               .runs_other = count_other_runs(finding, content),
                               .endpoints_observed = count_observed(finding, content)};
    return copy_text(finding, dead_merge_path(finding->merge, content->path), &file->path) &&
           copy_text(finding, content->hash, &file->hash) &&
           copy_text(finding, newest->commit, &file->commit) &&
           list_file_endpoints(finding, content, file) && list_lines(finding, content, file) &&
           list_functions(finding, content, file);
}

static int compare_files(const void *left, const void *right)
{
    const struct dead_file *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static bool find_files(struct finding *finding, struct dead *dead)
{
    size_t paths = dead_merge_path_count(finding->merge);
    struct dead_file *files = arena_alloc_array(finding->arena, paths, sizeof *files);
    if (files == NULL)
        return error_set_memory(finding->err);
    for (uint32_t path = 0; path < paths; path++) {
        const struct dead_content *content = choose_content(finding, path);
        if (content == NULL || content->line_count + content->hit_count == 0 ||
            !dead_path_is_wanted(finding->question, dead_merge_path(finding->merge, path)))
            continue;
        struct dead_file *file = &files[dead->file_count];
        if (!describe_file(finding, content, file))
            return false;
        dead->file_count++;
        dead->line_count += file->line_count;
        for (size_t i = 0; i < DEAD_STATE_COUNT; i++)
            dead->lines_by_state[i] += file->lines_by_state[i];
    }
    qsort(files, dead->file_count, sizeof *files, compare_files);
    dead->files = files;
    return true;
}

static bool find_evidence(struct finding *finding, struct dead *dead)
{
    const struct dead_merge *merge = finding->merge;
    struct dead_evidence *evidence = &dead->evidence;
    const char **names =
        arena_alloc_array(finding->arena, merge->endpoints.count + 1, sizeof *names);
    if (names == NULL)
        return error_set_memory(finding->err);
    for (size_t i = 0; i < merge->endpoints.count; i++)
        if (!copy_text(finding, name_table_get(&merge->endpoints, i), &names[i]))
            return false;
    dead->endpoints = names;
    dead->endpoint_count = evidence->endpoints = merge->endpoints.count;
    evidence->runs = merge->run_count;
    for (size_t i = 0; i < merge->run_count; i++) {
        int64_t created = merge->runs[i].created_s;
        evidence->requests += merge->runs[i].requests;
        if (created > 0 && (evidence->first_s == 0 || created < evidence->first_s))
            evidence->first_s = created;
        if (created > evidence->last_s)
            evidence->last_s = created;
    }
    evidence->days = (double)(evidence->last_s - evidence->first_s) / 86400;
    return true;
}

bool dead_find(struct dead *dead, const struct dead_merge *merge,
               const struct dead_question *question, struct arena *arena, struct error *err)
{
    struct finding finding = {.merge = merge, .question = question, .arena = arena, .err = err};
    *dead = (struct dead){0};
    finding.marks = calloc(merge->endpoints.count + 1, sizeof *finding.marks);
    if (finding.marks == NULL)
        return error_set_memory(err);
    bool ok = find_evidence(&finding, dead) && find_files(&finding, dead) &&
              dead_find_units(dead, question, arena, err) &&
              dead_find_unseen(dead, merge, question, arena, err);
    free(finding.marks);
    return ok;
}
