#include "insights/growth_private.h"

#include <string.h>

/* How far from a place where lines were removed a line may be to count as its neighbour. */
enum { NEIGHBOUR_LINES = 3 };

static void match_base_line(struct growth_side sides[SIDE_COUNT],
                            const struct growth_changes *changes, uint32_t number)
{
    struct growth_line *line = &sides[SIDE_BASE].lines[number];
    struct profile_frame head;
    line->hunk = growth_changes_follow(changes, &line->place, &head);
    if (line->hunk != GROWTH_NONE)
        return;
    uint32_t partner = growth_line_find(&sides[SIDE_HEAD], &head);
    if (partner == GROWTH_NONE || sides[SIDE_HEAD].lines[partner].hunk != GROWTH_NONE)
        return;
    line->partner = partner;
    sides[SIDE_HEAD].lines[partner].partner = number;
}

static bool is_near(const struct growth_line *line, const char *path, uint32_t at)
{
    uint32_t number = line->place.line;
    return line->place.own && line->place.file != NULL && strcmp(line->place.file, path) == 0 &&
           number > 0 && (number < at ? at - number : number - at + 1) <= NEIGHBOUR_LINES;
}

static void touch(struct growth_side sides[SIDE_COUNT], enum side dear, uint32_t number,
                  uint32_t hunk)
{
    struct growth_line *line = &sides[dear].lines[number];
    if (line->hunk != GROWTH_NONE)
        return;
    line->hunk = hunk;
    if (line->partner != GROWTH_NONE)
        sides[dear == SIDE_HEAD ? SIDE_BASE : SIDE_HEAD].lines[line->partner].hunk = hunk;
}

/* The executed lines before and behind line `at`, in front of which something is gone. */
static void touch_neighbours(struct growth_side sides[SIDE_COUNT], enum side dear, const char *path,
                             uint32_t at, uint32_t hunk)
{
    const struct growth_side *side = &sides[dear];
    size_t low = 0, high = side->line_count;
    struct profile_frame place = {.file = path, .line = at};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (growth_line_order(&side->lines[middle].place, &place) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && is_near(&side->lines[low - 1], path, at))
        touch(sides, dear, (uint32_t)low - 1, hunk);
    if (low < side->line_count && is_near(&side->lines[low], path, at))
        touch(sides, dear, (uint32_t)low, hunk);
}

void growth_match_lines(struct growth_side sides[SIDE_COUNT], const struct growth_changes *changes,
                        enum side dear)
{
    for (size_t i = 0; i < sides[SIDE_HEAD].line_count; i++) {
        struct growth_line *line = &sides[SIDE_HEAD].lines[i];
        line->hunk = growth_changes_added(changes, &line->place);
    }
    for (size_t i = 0; i < sides[SIDE_BASE].line_count; i++)
        match_base_line(sides, changes, (uint32_t)i);
    const struct growth_change *list = dear == SIDE_HEAD ? changes->by_head : changes->by_base;
    size_t count = dear == SIDE_HEAD ? changes->head_count : changes->base_count;
    for (size_t i = 0; i < count; i++) {
        const struct source_change *change = list[i].change;
        for (size_t h = 0; h < change->hunk_count; h++) {
            const struct source_hunk *hunk = &change->hunks[h];
            if (dear == SIDE_HEAD && hunk->head_count == 0)
                touch_neighbours(sides, dear, change->head_path, hunk->head_line,
                                 list[i].first_hunk + (uint32_t)h);
            else if (dear == SIDE_BASE && hunk->base_count == 0)
                touch_neighbours(sides, dear, change->base_path, hunk->base_line,
                                 list[i].first_hunk + (uint32_t)h);
        }
    }
}
