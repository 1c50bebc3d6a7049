/* lcov's trace format, an endpoint a test: which lines of the gateway's own sources it executed.
 * Counts are whole executions over the requests that were measured, rounded up, so that a line that
 * was hit is never shown as missed. */
#include "reporters/export.h"

#include "base/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 1 << 20 };

/* What an endpoint executed of a line, over all requests. */
struct hit {
    uint32_t file; /* index in the source tree */
    uint32_t line;
    double count;
};

struct lcov {
    const struct report *report;
    const struct profile *profile;
    const struct source_tree *tree;
    uint32_t *frame_files; /* by frame: index in the tree, PROFILE_NONE = not an own source */
    struct hit *hits;      /* of the endpoint at hand, by file and line */
    size_t hit_count;
    struct name_table tests;
};

static bool lcov_allocate(struct lcov *lcov, struct error *err)
{
    size_t most = 1;
    for (size_t i = 0; i < lcov->profile->endpoint_count; i++)
        if (lcov->profile->endpoints[i].cost_count > most)
            most = lcov->profile->endpoints[i].cost_count;
    lcov->frame_files = calloc(lcov->profile->frame_count + 1, sizeof *lcov->frame_files);
    lcov->hits = calloc(most, sizeof *lcov->hits);
    if (lcov->frame_files == NULL || lcov->hits == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < lcov->profile->frame_count; i++) {
        const struct profile_frame *frame = &lcov->profile->frames[i];
        const struct source_file *file = frame->own && frame->file != NULL && frame->line > 0
                                             ? source_tree_file(lcov->tree, frame->file)
                                             : NULL;
        lcov->frame_files[i] = file != NULL ? (uint32_t)(file - lcov->tree->files) : PROFILE_NONE;
    }
    return true;
}

static int compare_hits(const void *a, const void *b)
{
    const struct hit *left = a, *right = b;
    if (left->file != right->file)
        return left->file < right->file ? -1 : 1;
    return left->line < right->line ? -1 : left->line > right->line;
}

/* A line may be part of several functions into which it was inlined: then it was executed as often
 * as all of them say. */
static void collect_hits(struct lcov *lcov, const struct profile_endpoint *endpoint)
{
    size_t count = 0, merged = 0;
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        uint32_t frame = lcov->profile->nodes[endpoint->costs[i].node].frame;
        double times = export_scale(endpoint, endpoint->costs[i].values[LINES_HITS]);
        if (lcov->frame_files[frame] != PROFILE_NONE && times > 0)
            lcov->hits[count++] =
                (struct hit){lcov->frame_files[frame], lcov->profile->frames[frame].line, times};
    }
    qsort(lcov->hits, count, sizeof *lcov->hits, compare_hits);
    for (size_t i = 0; i < count; i++) {
        if (merged > 0 && compare_hits(&lcov->hits[merged - 1], &lcov->hits[i]) == 0)
            lcov->hits[merged - 1].count += lcov->hits[i].count;
        else
            lcov->hits[merged++] = lcov->hits[i];
    }
    lcov->hit_count = merged;
}

/* Up, but not by what adding fractions up has left behind the point. */
static uint64_t round_up(double count)
{
    double slack = 1e-6 * (count > 1 ? count : 1);
    return count <= 0 ? 0 : count <= 1 ? 1 : (uint64_t)ceil(count - slack);
}

/* The hits of one file. */
struct file_hits {
    const struct hit *items;
    size_t count;
};

static double count_at(struct file_hits hits, uint32_t line)
{
    size_t low = 0, high = hits.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hits.items[middle].line == line)
            return hits.items[middle].count;
        if (hits.items[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* The index of the first line that is not before `line`. */
static size_t first_line_from(const struct source_file *file, uint32_t line)
{
    size_t low = 0, high = file->line_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (file->lines[middle] < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How often a function was entered: what its first line was executed. One of which only other lines
 * were, since its entry was inlined away, was entered at least once. */
static uint64_t count_entries(const struct source_file *file,
                              const struct source_function *function, struct file_hits hits)
{
    size_t first = first_line_from(file, function->line);
    for (size_t i = first; i < file->line_count && file->lines[i] <= function->last_line; i++) {
        uint64_t count = round_up(count_at(hits, file->lines[i]));
        if (count > 0)
            return i == first ? count : 1;
    }
    return 0;
}

/* lcov ends a name at a comma, and takes two functions of one name for one. */
static void append_function_name(struct buffer *out, const struct source_file *file, size_t number)
{
    const struct source_function *function = &file->functions[number];
    export_append_text(out, function->name, ",\n", ';');
    for (size_t i = number; i-- > 0 && number - i < 1000;) {
        if (strcmp(file->functions[i].name, function->name) == 0) {
            buffer_append_format(out, "@%" PRIu32, function->line);
            return;
        }
    }
}

static void append_functions(struct buffer *out, const struct source_file *file,
                             struct file_hits hits)
{
    size_t found = 0;
    for (size_t i = 0; i < file->function_count; i++) {
        buffer_append_format(out, "FN:%" PRIu32 ",", file->functions[i].line);
        append_function_name(out, file, i);
        buffer_append_char(out, '\n');
    }
    for (size_t i = 0; i < file->function_count && !out->failed; i++) {
        uint64_t count = count_entries(file, &file->functions[i], hits);
        buffer_append_format(out, "FNDA:%" PRIu64 ",", count);
        append_function_name(out, file, i);
        buffer_append_char(out, '\n');
        found += count > 0;
    }
    buffer_append_format(out, "FNF:%zu\nFNH:%zu\n", file->function_count, found);
}

/* All lines that there are instructions for, and those that were executed all the same. */
static void append_lines(struct buffer *out, const struct source_file *file, struct file_hits hits)
{
    size_t lines = 0, hit = 0;
    for (size_t i = 0, j = 0; (i < file->line_count || j < hits.count) && !out->failed;) {
        uint32_t here = i < file->line_count ? file->lines[i] : UINT32_MAX;
        uint32_t there = j < hits.count ? hits.items[j].line : UINT32_MAX;
        uint32_t line = here < there ? here : there;
        uint64_t count = there == line ? round_up(hits.items[j].count) : 0;
        i += here == line && i < file->line_count;
        j += there == line && j < hits.count;
        buffer_append_format(out, "DA:%" PRIu32 ",%" PRIu64 "\n", line, count);
        lines++;
        hit += count > 0;
    }
    buffer_append_format(out, "LF:%zu\nLH:%zu\n", lines, hit);
}

/* Letters, digits and underscores: "GET_v3_users_id" for GET /v3/users/{id}. Two endpoints whose
 * names become one get a number. */
static bool make_test_name(struct lcov *lcov, const char *endpoint, struct buffer *name)
{
    uint32_t number;
    for (const char *at = endpoint; *at != '\0'; at++) {
        if (isalnum((unsigned char)*at) && (unsigned char)*at < 0x80)
            buffer_append_char(name, *at);
        else if (name->length > 0 && name->data[name->length - 1] != '_')
            buffer_append_char(name, '_');
    }
    while (name->length > 0 && name->data[name->length - 1] == '_')
        name->data[--name->length] = '\0';
    if (name->length == 0)
        buffer_append_char(name, '_');
    size_t length = name->length;
    for (size_t attempt = 2; !name->failed; attempt++) {
        size_t known = lcov->tests.count;
        if (!name_table_add(&lcov->tests, 0, buffer_text(name), &number))
            return false;
        if (lcov->tests.count > known)
            return true;
        name->length = length;
        buffer_append_format(name, "_%zu", attempt);
    }
    return false;
}

static void append_endpoint(struct lcov *lcov, struct buffer *out, const char *test)
{
    size_t next = 0;
    for (uint32_t i = 0; i < lcov->tree->file_count && !out->failed; i++) {
        const struct source_file *file = &lcov->tree->files[i];
        struct file_hits hits = {lcov->hits + next, 0};
        while (next < lcov->hit_count && lcov->hits[next].file == i) {
            next++;
            hits.count++;
        }
        buffer_append_format(out, "TN:%s\nSF:", test);
        export_append_text(out, file->path, "", ' ');
        buffer_append_char(out, '\n');
        append_functions(out, file, hits);
        append_lines(out, file, hits);
        buffer_append_string(out, "end_of_record\n");
    }
}

static bool append_endpoints(struct lcov *lcov, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < lcov->profile->endpoint_count; i++) {
        const struct profile_endpoint *endpoint = &lcov->profile->endpoints[i];
        struct buffer test;
        if (!export_wants(lcov->report, endpoint->name))
            continue;
        buffer_init(&test, NAME_MAX_BYTES);
        bool named = make_test_name(lcov, endpoint->name, &test);
        if (named) {
            collect_hits(lcov, endpoint);
            append_endpoint(lcov, out, buffer_text(&test));
        }
        buffer_release(&test);
        if (!named)
            return error_set_memory(err);
    }
    return buffer_check(out, err);
}

static bool lcov_write(const struct report *report, const struct report_style *style,
                       struct buffer *out, struct error *err)
{
    (void)style;
    struct lcov lcov = {.report = report,
                        .profile = export_find_profile(report, PROFILE_LINES, err),
                        .tree = &report->head->sources[SIDE_HEAD]};
    if (lcov.profile == NULL)
        return false;
    if (lcov.tree->file_count == 0)
        return error_set(err, ERROR_INPUT,
                         "this run knows none of the gateway's source files, of which lcov would "
                         "tell; build the gateway with -g, inside its source tree, and bench anew");
    name_table_init(&lcov.tests);
    bool ok = lcov_allocate(&lcov, err) && append_endpoints(&lcov, out, err);
    name_table_release(&lcov.tests);
    free(lcov.hits);
    free(lcov.frame_files);
    return ok;
}

const struct reporter reporter_lcov = {
    .name = "lcov",
    .help = "lines hit, an endpoint a test, for genhtml",
    .write = lcov_write,
};
