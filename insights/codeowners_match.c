/* Whether a pattern of CODEOWNERS fits a path. Segment by segment, holding every place of the path
 * that the pattern so far can reach: no pattern takes longer than its length times the path's. */
#include "insights/codeowners_private.h"

#include <string.h>

/* How the two dialects differ. */
struct rules {
    bool classes;     /* [a-z] */
    bool folders_too; /* a pattern that fits a folder fits all below */
    bool last_deep;   /* ** at the end goes down any depth; else it is like * */
};

struct pieces {
    struct codeowners_word items[CODEOWNERS_DEPTH_MAX];
    size_t count;
};

/* False when there are too many. Empty pieces are none: "a//b" is "a/b". */
static bool split(const char *text, struct pieces *pieces)
{
    pieces->count = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, "/");
        if (size > 0 && pieces->count == CODEOWNERS_DEPTH_MAX)
            return false;
        if (size > 0)
            pieces->items[pieces->count++] = (struct codeowners_word){text, size};
        text += size;
        text += *text == '/';
    }
    return true;
}

/* Stands on '['; ends behind ']'. NULL when there is none: then it is no class. */
static const char *match_class(const char *at, const char *end, char c, bool *fits)
{
    bool negated = false, found = false, first = true;
    at++;
    if (at < end && (*at == '!' || *at == '^')) {
        negated = true;
        at++;
    }
    for (; at < end && (*at != ']' || first); first = false) {
        char low = *at == '\\' && at + 1 < end ? *++at : *at;
        char high = low;
        at++;
        if (at + 1 < end && *at == '-' && at[1] != ']') {
            at++;
            high = *at == '\\' && at + 1 < end ? *++at : *at;
            at++;
        }
        found = found ||
                ((unsigned char)low <= (unsigned char)c && (unsigned char)c <= (unsigned char)high);
    }
    *fits = found != negated;
    return at < end ? at + 1 : NULL;
}

/* One character of the text against what the pattern has at `at`; *next is behind that. */
static bool match_one(const char *at, const char *end, char c, const struct rules *rules,
                      const char **next)
{
    bool fits = false;
    *next = at + 1;
    if (*at == '?')
        return true;
    if (*at == '[' && rules->classes) {
        const char *behind = match_class(at, end, c, &fits);
        if (behind != NULL) {
            *next = behind;
            return fits;
        }
    }
    if (*at == '\\' && at + 1 < end) {
        *next = at + 2;
        return at[1] == c;
    }
    return *at == c;
}

static bool match_piece(struct codeowners_word pattern, struct codeowners_word text,
                        const struct rules *rules)
{
    const char *at = pattern.text, *end = at + pattern.size, *next = NULL;
    const char *c = text.text, *text_end = c + text.size;
    const char *star = NULL, *resume = NULL;
    while (c < text_end) {
        if (at < end && *at == '*') {
            star = ++at;
            resume = c;
        } else if (at < end && match_one(at, end, *c, rules, &next)) {
            at = next;
            c++;
        } else if (star != NULL) {
            at = star;
            c = ++resume;
        } else {
            return false;
        }
    }
    while (at < end && *at == '*')
        at++;
    return at == end;
}

static bool is_word(struct codeowners_word word, const char *text)
{
    return word.size == strlen(text) && memcmp(word.text, text, word.size) == 0;
}

/* Which places of the path are reached when one more piece of the pattern is used up. */
static void advance(bool *reached, const struct pieces *path, struct codeowners_word piece,
                    const struct rules *rules, bool last)
{
    bool deep = is_word(piece, "**") && (!last || rules->last_deep);
    if (deep) {
        /* Any number of folders; at the end at least the file itself. */
        bool seen = false;
        for (size_t i = 0; i <= path->count; i++) {
            bool here = reached[i];
            reached[i] = last ? seen : seen || here;
            seen = seen || here;
        }
        return;
    }
    for (size_t i = path->count; i > 0; i--)
        reached[i] = reached[i - 1] && match_piece(piece, path->items[i - 1], rules);
    reached[0] = false;
}

static bool match(const char *pattern, const char *file, bool anywhere, bool folder,
                  const struct rules *rules)
{
    struct pieces pieces, path;
    bool reached[CODEOWNERS_DEPTH_MAX + 1] = {true};
    if (strlen(file) > CODEOWNERS_PATTERN_MAX_BYTES || !split(pattern, &pieces) ||
        !split(file, &path) || pieces.count == 0 || path.count == 0)
        return false;
    for (size_t i = 1; i <= path.count && anywhere; i++)
        reached[i] = true;
    for (size_t i = 0; i < pieces.count; i++)
        advance(reached, &path, pieces.items[i], rules, i + 1 == pieces.count && !folder);
    bool below = false;
    for (size_t i = 0; i < path.count; i++)
        below = below || reached[i];
    bool lone_star = !anywhere && is_word(pieces.items[pieces.count - 1], "*");
    return folder ? below : reached[path.count] || (rules->folders_too && !lone_star && below);
}

static bool ends_in_slash(const char *pattern)
{
    size_t length = strlen(pattern);
    return length > 0 && pattern[length - 1] == '/';
}

/* As .gitignore has it: a slash anywhere but at the end ties the pattern to the root. */
bool codeowners_matches_github(const char *pattern, const char *file)
{
    static const struct rules rules = {.folders_too = true, .last_deep = true};
    const char *slash = strchr(pattern, '/');
    bool anchored = slash != NULL && slash[1] != '\0';
    return match(pattern, file, !anchored, ends_in_slash(pattern), &rules);
}

/* Only a slash at the beginning ties it to the root, and a folder is meant only with one at its
 * end. */
bool codeowners_matches_gitlab(const char *pattern, const char *file)
{
    static const struct rules rules = {.classes = true};
    return match(pattern, file, pattern[0] != '/', ends_in_slash(pattern), &rules);
}
