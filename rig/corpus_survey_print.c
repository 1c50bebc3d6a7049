/* What tollgate corpus endpoints says on stdout. */
#include "rig/corpus_endpoints.h"

#include "base/terminal.h"
#include "base/text.h"
#include "replay/wire.h"
#include "reporters/format.h"

#include <stdlib.h>
#include <string.h>

enum {
    INDENT = 20,
    IDLE_SHOWN = 20,
    EXAMPLE_SHOWN_BYTES = 60,
    MATCHES_SHOWN = 32,
    TEXT_MAX_BYTES = 1 << 20
};

/* Text from outside, cut to `most` bytes when that is not 0. */
static void append_safe(struct buffer *out, const char *text, size_t most)
{
    size_t size = strlen(text), shown = size;
    if (most > 0 && size > most) {
        shown = most;
        while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
            shown--;
    }
    text_append_safe(out, text, shown, false);
    if (shown < size)
        buffer_append_string(out, "...");
}

static void print_safe(FILE *file, const char *text)
{
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    append_safe(&safe, text, 0);
    fputs(buffer_text(&safe), file);
    buffer_release(&safe);
}

/* "map: slug", "OpenAPI: listPins", "config". */
static void append_maker(struct buffer *out, const struct endpoint_template *template)
{
    buffer_append_string(out, endpoint_source_name(template->source));
    if (template->rule[0] == '\0')
        return;
    buffer_append_string(out, ": ");
    append_safe(out, template->rule, EXAMPLE_SHOWN_BYTES);
}

static void print_maker(const struct endpoint_template *template, FILE *file)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    append_maker(&text, template);
    fputs(buffer_text(&text), file);
    buffer_release(&text);
}

/* What made it, and as many examples as the terminal has room for, but one at least. */
static void print_origin(const struct corpus_survey *survey, size_t index, FILE *file)
{
    const struct endpoint_traffic *traffic = &survey->traffic[index];
    struct terminal terminal;
    struct buffer line;
    terminal_probe(&terminal, fileno(file), COLOR_NEVER);
    buffer_init(&line, TEXT_MAX_BYTES);
    buffer_append_repeat(&line, ' ', INDENT);
    append_maker(&line, &survey->map.templates[index]);
    for (size_t i = 0; i < CORPUS_ENDPOINTS_EXAMPLES && traffic->examples[i] != NULL; i++) {
        struct buffer example;
        buffer_init(&example, TEXT_MAX_BYTES);
        append_safe(&example, traffic->examples[i], EXAMPLE_SHOWN_BYTES);
        size_t columns = text_columns(buffer_text(&line)) + text_columns(buffer_text(&example)) + 2;
        if (i == 0 || !terminal.interactive || columns <= (size_t)terminal.columns) {
            buffer_append_string(&line, i == 0 ? "; " : ", ");
            buffer_append_string(&line, buffer_text(&example));
        }
        buffer_release(&example);
    }
    fputs(buffer_text(&line), file);
    fputc('\n', file);
    buffer_release(&line);
}

static void print_row(const struct corpus_survey *survey, size_t index, FILE *file)
{
    const struct endpoint_template *template = &survey->map.templates[index];
    const struct endpoint_traffic *traffic = &survey->traffic[index];
    char count[FORMAT_SIZE], share[FORMAT_SIZE];
    format_integer((int64_t)traffic->exchanges, count);
    format_share(survey->weight > 0 ? traffic->weight / survey->weight : 0, true, share);
    fprintf(file, "%9s %8s  ", count, share);
    print_safe(file, template->name);
    fputc('\n', file);
    print_origin(survey, index, file);
}

struct ordering {
    const struct corpus_survey *survey;
};

/* By weight, then as they are in the map. */
static int compare_traffic(const void *a, const void *b, void *context)
{
    const struct ordering *ordering = context;
    size_t one = *(const size_t *)a, other = *(const size_t *)b;
    const struct endpoint_traffic *x = &ordering->survey->traffic[one];
    const struct endpoint_traffic *y = &ordering->survey->traffic[other];
    if (x->weight < y->weight || x->weight > y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (one > other) - (one < other);
}

static bool is_inferred(const struct corpus_survey *survey, size_t index)
{
    return survey->map.templates[index].source == ENDPOINT_INFERRED;
}

/* The templates that are inferred, or those that are not, with what they get of the traffic. */
static void print_rows(const struct corpus_survey *survey, bool inferred, FILE *file)
{
    struct ordering ordering = {survey};
    size_t count = 0;
    size_t *order = calloc(survey->map.count + 1, sizeof *order);
    if (order == NULL)
        return;
    for (size_t i = 0; i < survey->map.count; i++)
        if (is_inferred(survey, i) == inferred && survey->traffic[i].exchanges > 0)
            order[count++] = i;
    qsort_r(order, count, sizeof *order, compare_traffic, &ordering);
    for (size_t i = 0; i < count; i++)
        print_row(survey, order[i], file);
    free(order);
}

/* Templates that nothing matches, in one list: an OpenAPI document has many of them, of which a
 * terminal gets the first. */
static void print_idle(const struct corpus_survey *survey, FILE *file)
{
    struct terminal terminal;
    size_t count = 0, shown = 0;
    terminal_probe(&terminal, fileno(file), COLOR_NEVER);
    for (size_t i = 0; i < survey->map.count; i++)
        count += !is_inferred(survey, i) && survey->traffic[i].exchanges == 0;
    if (count == 0)
        return;
    fprintf(file, "\n%zu %s no exchange of this corpus:\n", count,
            count == 1 ? "template matches" : "templates match");
    for (size_t i = 0; i < survey->map.count; i++) {
        if (is_inferred(survey, i) || survey->traffic[i].exchanges > 0)
            continue;
        if (terminal.interactive && shown++ == IDLE_SHOWN) {
            fprintf(file, "%*sand %zu more; in a pipe all are listed\n", INDENT, "",
                    count - IDLE_SHOWN);
            break;
        }
        fprintf(file, "%*s", INDENT, "");
        print_safe(file, survey->map.templates[i].name);
        fputs("  (", file);
        print_maker(&survey->map.templates[i], file);
        fputs(")\n", file);
    }
}

void corpus_survey_print(const struct corpus_survey *survey, FILE *file)
{
    char exchanges[FORMAT_SIZE], share[FORMAT_SIZE];
    print_safe(file, survey->path);
    format_integer((int64_t)survey->exchanges, exchanges);
    fprintf(file, ": %s %s\n", exchanges, survey->exchanges == 1 ? "exchange" : "exchanges");
    fprintf(file, "%9s %8s  endpoint, what made it, examples\n", "exchanges", "share");
    print_rows(survey, !survey->has_templates, file);
    if (!survey->has_templates)
        return;
    if (survey->unmatched > 0) {
        double weight = 0;
        for (size_t i = 0; i < survey->map.count; i++)
            weight += is_inferred(survey, i) ? survey->traffic[i].weight : 0;
        format_integer((int64_t)survey->unmatched, exchanges);
        format_share(weight / survey->weight, true, share);
        fprintf(file, "\n%s %s (%s) match no template; these would take them:\n", exchanges,
                survey->unmatched == 1 ? "exchange" : "exchanges", share);
        print_rows(survey, true, file);
    }
    print_idle(survey, file);
}

/* ---- one request ----------------------------------------------------------------------------- */

/* Splits "GET /v3/pins/9"; a target alone is a GET. */
static bool split_request(const char *text, char *method, size_t room, const char **target,
                          struct error *err)
{
    const char *space = strchr(text, ' ');
    size_t size = space != NULL ? (size_t)(space - text) : 0;
    *target = space != NULL ? space + 1 : text;
    if (space != NULL && size < room) {
        memcpy(method, text, size);
        method[size] = '\0';
    } else {
        snprintf(method, room, "%s", space != NULL ? "" : "GET");
    }
    return (wire_is_token(method) && wire_is_target(*target)) ||
           error_set(err, ERROR_USAGE,
                     "--match takes a method and a target, as in \"GET /users/7\", not \"%.200s\"",
                     text);
}

static const char *why_not(const struct endpoint_template *best,
                           const struct endpoint_template *other)
{
    return best->source != other->source ? "is outranked" : "is less concrete";
}

static void print_matched(const struct endpoint_template *template, const char *what, FILE *file)
{
    fprintf(file, "  %-16s  ", what);
    print_safe(file, template->name);
    fputs("  (", file);
    print_maker(template, file);
    fputs(")\n", file);
}

/* Templates that would match the target with another method. */
static void print_other_methods(const struct corpus_survey *survey, const char *target, FILE *file)
{
    for (size_t i = 0; i < survey->map.count; i++) {
        const struct endpoint_template *template = &survey->map.templates[i];
        if (endpoint_map_match(&survey->map, template->method, target) == (long)i)
            print_matched(template, "another method", file);
    }
}

bool corpus_survey_print_match(const struct corpus_survey *survey, const char *request, FILE *file,
                               struct error *err)
{
    char method[64];
    const char *target;
    size_t indices[MATCHES_SHOWN];
    if (!split_request(request, method, sizeof method, &target, err))
        return false;
    size_t count = endpoint_map_match_all(&survey->map, method, target, indices, MATCHES_SHOWN);
    fprintf(file, "%s ", method);
    print_safe(file, target);
    fputc('\n', file);
    if (count == 0) {
        fputs("  matches no template, and no request of the corpus is like it\n", file);
        print_other_methods(survey, target, file);
        return true;
    }
    const struct endpoint_template *best = &survey->map.templates[indices[0]];
    bool only_inferred = best->source == ENDPOINT_INFERRED && survey->has_templates;
    print_matched(best, only_inferred ? "would belong to" : "belongs to", file);
    for (size_t i = 1; i < count && i < MATCHES_SHOWN; i++) {
        const struct endpoint_template *other = &survey->map.templates[indices[i]];
        /* What is inferred is a template only where nobody has written one. */
        if (other->source == ENDPOINT_INFERRED && best->source != ENDPOINT_INFERRED)
            continue;
        print_matched(other, why_not(best, other), file);
    }
    return true;
}
