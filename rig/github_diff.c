#include "rig/github_diff.h"

#include <string.h>

enum { LINE_MAX = 1 << 28 };

/* "12" or "12,3" from *text on; what is behind it stays there. */
static bool read_range(const char **text, uint32_t *first, uint32_t *count)
{
    uint32_t numbers[2] = {0, 1};
    size_t which = 0, digits = 0;
    for (;; ++*text) {
        char c = **text;
        if (c == ',' && which == 0 && digits > 0) {
            numbers[++which] = 0;
            digits = 0;
        } else if (c >= '0' && c <= '9' && digits < 9) {
            numbers[which] = numbers[which] * 10 + (uint32_t)(c - '0');
            digits++;
        } else {
            break;
        }
    }
    *first = numbers[0];
    *count = numbers[1];
    return digits > 0 && *first <= LINE_MAX && *count <= LINE_MAX;
}

/* "@@ -1,2 +3,4 @@ ...". */
static bool read_head(const char *line, uint32_t *first, uint32_t *count)
{
    uint32_t base_first, base_count;
    line += strlen("@@ -");
    if (!read_range(&line, &base_first, &base_count) || strncmp(line, " +", 2) != 0)
        return false;
    line += 2;
    return read_range(&line, first, count) && strncmp(line, " @@", 3) == 0;
}

/* Lines of a hunk begin with " ", "+", "-" or "\", so that none can look like a head. */
static bool is_head(const char *line)
{
    return strncmp(line, "@@ -", 4) == 0;
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line == '\n' ? line + 1 : line;
}

static size_t count_heads(const char *patch)
{
    size_t count = 0;
    for (; *patch != '\0'; patch = next_line(patch))
        count += is_head(patch);
    return count;
}

bool github_diff_parse_patch(const char *patch, struct arena *arena,
                             const struct github_range **ranges, size_t *count, struct error *err)
{
    size_t heads = count_heads(patch), used = 0;
    *count = 0;
    if (heads > GITHUB_DIFF_RANGES_MAX)
        return error_set(err, ERROR_INPUT, "a file's diff has over %d hunks",
                         GITHUB_DIFF_RANGES_MAX);
    struct github_range *list = arena_alloc_array(arena, heads + 1, sizeof *list);
    if (list == NULL)
        return error_set_memory(err);
    for (const char *line = patch; *line != '\0'; line = next_line(line)) {
        uint32_t first, lines;
        if (!is_head(line))
            continue;
        if (!read_head(line, &first, &lines))
            return error_set(err, ERROR_INPUT, "the head of a hunk cannot be read: \"%.40s\"",
                             line);
        if (lines > 0)
            list[used++] = (struct github_range){first, first + lines - 1};
    }
    *ranges = list;
    *count = used;
    return true;
}

static bool grow(struct github_diff *diff, struct error *err)
{
    if (diff->count < diff->capacity)
        return true;
    size_t capacity = diff->capacity > 0 ? 2 * diff->capacity : 64;
    struct github_diff_file *files = arena_alloc_array(diff->arena, capacity, sizeof *files);
    if (files == NULL)
        return error_set_memory(err);
    if (diff->count > 0)
        memcpy(files, diff->files, diff->count * sizeof *files);
    diff->files = files;
    diff->capacity = capacity;
    return true;
}

bool github_diff_add(struct github_diff *diff, const json_t *file, struct error *err)
{
    const char *path = json_string_value(json_object_get(file, "filename"));
    const char *status = json_string_value(json_object_get(file, "status"));
    const char *patch = json_string_value(json_object_get(file, "patch"));
    if (path == NULL)
        return error_set(err, ERROR_INPUT, "GitHub's list of changed files has one without a name");
    if (diff->count >= GITHUB_DIFF_FILES_MAX || (status != NULL && strcmp(status, "removed") == 0))
        return true;
    if (!grow(diff, err))
        return false;
    struct github_diff_file *added = &diff->files[diff->count];
    *added = (struct github_diff_file){.path = arena_copy_string(diff->arena, path),
                                       .shown = patch != NULL};
    if (added->path == NULL)
        return error_set_memory(err);
    diff->count++;
    return patch == NULL ||
           github_diff_parse_patch(patch, diff->arena, &added->ranges, &added->range_count, err);
}

bool github_diff_shows(const struct github_diff *diff, const char *path, uint32_t line)
{
    if (!diff->known)
        return true;
    for (size_t i = 0; i < diff->count; i++) {
        const struct github_diff_file *file = &diff->files[i];
        if (strcmp(file->path, path) != 0)
            continue;
        for (size_t r = 0; r < file->range_count; r++)
            if (line >= file->ranges[r].first && line <= file->ranges[r].last)
                return true;
    }
    return false;
}
