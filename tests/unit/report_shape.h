/* Takes reports apart as their readers do, strictly, and fails the test where one is not what it
 * says it is. `about` is for the message. */
#ifndef TOLLGATE_TESTS_REPORT_SHAPE_H
#define TOLLGATE_TESTS_REPORT_SHAPE_H

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPE_DEPTH_MAX = 64, SHAPE_NAME_MAX = 64 };

/* ---- XML: elements nest, attributes are quoted, entities are known ------------------------- */

static inline const char *shape_check_entity(const char *about, const char *at)
{
    static const char *const known[] = {"&amp;", "&lt;",  "&gt;", "&quot;",
                                        "&#39;", "&#35;", "&#58;"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(at, known[i], strlen(known[i])) == 0)
            return at + strlen(known[i]);
    cr_assert(false, "%.40s: no entity: %.20s", about, at);
    return at + 1;
}

static inline size_t shape_name(const char *at, char name[static SHAPE_NAME_MAX])
{
    size_t size = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
    cr_assert(size > 0 && size < SHAPE_NAME_MAX, "no name: %.40s", at);
    memcpy(name, at, size);
    name[size] = '\0';
    return size;
}

/* Behind an element's name: attributes up to ">" or "/>". */
static inline const char *shape_check_attributes(const char *about, const char *at, bool *empty)
{
    char name[SHAPE_NAME_MAX];
    while (*at == ' ') {
        at += 1 + shape_name(at + 1, name);
        cr_assert(at[0] == '=' && at[1] == '"', "%.40s: %.40s", about, at);
        for (at += 2; *at != '"';) {
            cr_assert(*at != '\0' && *at != '<', "%.40s: %.40s", about, at);
            at = *at == '&' ? shape_check_entity(about, at) : at + 1;
        }
        at++;
    }
    *empty = *at == '/';
    at += *empty;
    cr_assert_eq(*at, '>', "%.40s: %.40s", about, at);
    return at + 1;
}

static inline void shape_check_xml(const char *about, const char *text)
{
    static const char prolog[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    char open[SHAPE_DEPTH_MAX][SHAPE_NAME_MAX], name[SHAPE_NAME_MAX];
    size_t depth = 0, roots = 0;
    bool empty;
    cr_assert_eq(strncmp(text, prolog, strlen(prolog)), 0);
    for (const char *at = text + strlen(prolog); *at != '\0';) {
        if (strncmp(at, "</", 2) == 0) {
            at += 2 + shape_name(at + 2, name);
            cr_assert(depth > 0 && strcmp(open[depth - 1], name) == 0, "%.40s: %s", about, name);
            depth--;
            cr_assert_eq(*at++, '>');
        } else if (*at == '<') {
            cr_assert_lt(depth, SHAPE_DEPTH_MAX);
            roots += depth == 0;
            at += 1 + shape_name(at + 1, open[depth]);
            at = shape_check_attributes(about, at, &empty);
            depth += !empty;
        } else if (*at == '&') {
            at = shape_check_entity(about, at);
        } else {
            cr_assert(depth > 0 || isspace((unsigned char)*at), "%.40s: text outside", about);
            cr_assert(strncmp(at, "]]>", 3) != 0, "%.40s", about);
            at++;
        }
    }
    cr_assert_eq(depth, 0, "%.40s", about);
    cr_assert_eq(roots, 1, "%.40s", about);
}

/* ---- CSV: RFC 4180, each record as wide as the first, no formula --------------------------- */

static inline const char *shape_check_field(const char *about, const char *at)
{
    const char *start = at;
    if (*at != '"') {
        at += strcspn(at, ",\r\n\"");
        char *end = NULL;
        if (at > start && strncmp(start, "inf", 3) != 0)
            (void)strtod(start, &end);
        bool word = isalpha((unsigned char)*start);
        cr_assert(at == start || word || end == at, "%.40s: %.20s", about, start);
        return at;
    }
    cr_assert(strchr("=+-@\t", at[1]) == NULL || at[1] == '\0', "%.40s: a formula: %.20s", about,
              at);
    for (at++; at[0] != '"' || at[1] == '"'; at += at[0] == '"' ? 2 : 1)
        cr_assert(*at != '\0' && *at != '\n', "%.40s: not closed: %.40s", about, start);
    return at + 1;
}

static inline void shape_check_csv(const char *about, const char *text, size_t columns)
{
    for (const char *at = text; *at != '\0'; at += 2) {
        size_t found = 1;
        for (at = shape_check_field(about, at); *at == ','; found++)
            at = shape_check_field(about, at + 1);
        cr_assert(at[0] == '\r' && at[1] == '\n', "%.40s: %.40s", about, at);
        cr_assert_eq(found, columns, "%.40s: %zu", about, found);
    }
}

/* ---- OpenMetrics --------------------------------------------------------------------------- */

static inline const char *shape_check_labels(const char *about, const char *at)
{
    char name[SHAPE_NAME_MAX];
    do {
        at += 1 + shape_name(at + 1, name);
        cr_assert(at[0] == '=' && at[1] == '"', "%.40s: %.40s", about, at);
        for (at += 2; *at != '"'; at++) {
            cr_assert(*at != '\0' && *at != '\n', "%.40s: %.40s", about, at);
            if (*at == '\\') {
                at++;
                cr_assert(*at == '\\' || *at == '"' || *at == 'n', "%.40s: %.40s", about, at);
            }
        }
        at++;
    } while (*at == ',');
    cr_assert_eq(*at, '}', "%.40s: %.40s", about, at);
    return at + 1;
}

/* Samples stand below the line of their family's type, and the text ends with "# EOF". */
static inline void shape_check_openmetrics(const char *about, const char *text)
{
    char family[128] = "";
    bool ended = false;
    for (const char *at = text; *at != '\0';) {
        cr_assert_not(ended, "%.40s: behind the end", about);
        if (strncmp(at, "# TYPE ", 7) == 0)
            cr_assert_eq(sscanf(at, "# TYPE %127s gauge\n", family), 1);
        ended = strncmp(at, "# EOF\n", 6) == 0;
        if (*at == '#') {
            at += strcspn(at, "\n") + 1;
            continue;
        }
        size_t size = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
        cr_assert(size == strlen(family) && strncmp(at, family, size) == 0, "%.40s: %.40s", about,
                  at);
        at += size;
        if (*at == '{')
            at = shape_check_labels(about, at);
        cr_assert_eq(*at, ' ', "%.40s: %.40s", about, at);
        char *end;
        (void)strtod(at + 1, &end);
        cr_assert(end > at + 1 && *end == '\n' && isdigit((unsigned char)end[-1]), "%.40s: %.40s",
                  about, at);
        at = end + 1;
    }
    cr_assert(ended, "%.40s: no end", about);
}

/* ---- Markdown ------------------------------------------------------------------------------ */

static inline size_t shape_count(const char *text, size_t size, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] == c;
    return count;
}

/* A line without its spans of code, each of which ends in it. */
static inline char *shape_without_code(const char *about, const char *line, size_t size)
{
    char *rest = malloc(size + 1);
    size_t kept = 0;
    bool code = false;
    cr_assert_not_null(rest);
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '`')
            code = !code;
        else if (!code)
            rest[kept++] = line[i];
    }
    rest[kept] = '\0';
    cr_assert_not(code, "%.40s: code that does not end: %.*s", about, (int)size, line);
    return rest;
}

static inline const char *shape_skip_tag(const char *at)
{
    static const char *const ours[] = {"<details>", "</details>", "<summary>", "</summary>",
                                       "<br>",      "<sub>",      "</sub>"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strncmp(at, ours[i], strlen(ours[i])) == 0)
            return at + strlen(ours[i]) - 1;
    return NULL;
}

/* What is left beside code is ours: words, figures, bold, our tags, our headings. */
static inline void shape_check_prose(const char *about, const char *line)
{
    const char *at = strncmp(line, "### ", 4) == 0 ? line + 4 : line;
    for (; *at != '\0'; at++) {
        const char *tag = *at == '<' ? shape_skip_tag(at) : NULL;
        if (tag != NULL)
            at = tag;
        else
            cr_assert(strchr("<>@#[]~&\\_", *at) == NULL, "%.40s: \"%c\" in %.300s", about, *at,
                      line);
    }
    cr_assert(strstr(line, "://") == NULL && strcasestr(line, "www.") == NULL &&
                  strcasestr(line, "gh-") == NULL,
              "%.40s: %.200s", about, line);
    size_t stars = shape_count(line, strlen(line), '*');
    cr_assert_eq(stars % 4, 0, "%.40s: %.300s", about, line);
}

static inline void shape_check_markdown(const char *about, const char *text)
{
    bool block = false;
    size_t columns = 0, open = 0;
    const char *line = text;
    if (strncmp(text, "<!-- tollgate:{", 15) == 0) {
        line = strchr(text, '\n') + 1;
        const char *end = strstr(text, "-->");
        cr_assert(end != NULL && end + 4 == line, "%.40s: the marker", about);
    }
    for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t size = strcspn(line, "\n");
        if (strncmp(line, "```", 3) == 0) {
            block = !block;
            cr_assert(!block || size == strlen("```text"), "%.40s", about);
            continue;
        }
        if (block)
            continue;
        open += strncmp(line, "<details>", 9) == 0;
        open -= strncmp(line, "</details>", 10) == 0;
        cr_assert_leq(open, 1, "%.40s: %.80s", about, line);
        size_t pipes = shape_count(line, size, '|');
        if (*line != '|')
            columns = 0;
        else if (columns == 0)
            columns = pipes;
        cr_assert_eq(pipes, columns, "%.40s: %zu columns and not %zu: %.300s", about, pipes,
                     columns, line);
        char *rest = shape_without_code(about, line, size);
        shape_check_prose(about, rest);
        free(rest);
    }
    cr_assert(!block && open == 0, "%.40s: not closed", about);
}

#endif
