#include "rig/import_weights.h"

#include "base/output_file.h"
#include "replay/lines.h"
#include "replay/weights.h"
#include "reporters/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNMATCHED_SHOWN = 10 };

struct weighing {
    const struct import_settings *settings;
    struct arena arena;
    struct corpus *corpus;
    struct endpoint_map own; /* made of the corpus's endpoints where the config has no templates */
    const struct endpoint_map *map;
    size_t *template_of; /* by endpoint of the corpus */
    struct weights *weights;
};

static bool take_templates(struct weighing *weighing, struct error *err)
{
    size_t count = corpus_endpoint_count(weighing->corpus);
    struct error problem = {0};
    weighing->map = weighing->settings->endpoints;
    weighing->template_of =
        arena_alloc_array(&weighing->arena, count, sizeof *weighing->template_of);
    const char **names = arena_alloc_array(&weighing->arena, count, sizeof *names);
    if (weighing->template_of == NULL || names == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        names[i] = corpus_endpoint_name(weighing->corpus, i);
    if (weighing->map->count == 0) {
        weighing->map = &weighing->own;
        if (!endpoint_map_parse(&weighing->own, names, count, &weighing->arena, &problem))
            return error_set(err, problem.code,
                             "the endpoints of the corpus are no templates for the log's "
                             "requests: %s; name a config that has templates with --config",
                             problem.text);
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < weighing->map->count &&
               strcmp(weighing->map->templates[at].name, names[i]) != 0)
            at++;
        weighing->template_of[i] = at;
    }
    return true;
}

static bool add_exchanges(struct weighing *weighing, struct error *err)
{
    const struct corpus_entry *entries = corpus_entries(weighing->corpus);
    bool ok = true;
    for (size_t i = 0; ok && i < corpus_count(weighing->corpus); i++) {
        struct arena arena;
        struct exchange exchange;
        arena_init(&arena);
        ok = corpus_load(weighing->corpus, i, &arena, &exchange, err) &&
             weights_add_exchange(weighing->weights, weighing->template_of[entries[i].endpoint],
                                  exchange.request.target, entries[i].weight, err);
        arena_release(&arena);
    }
    return ok;
}

static bool count(void *context, const struct logged_request *request,
                  struct import_outcome *outcome, struct error *err)
{
    struct weighing *weighing = context;
    if (!import_host_wanted(weighing->settings, request->authority.data, request->authority.size)) {
        outcome->left_out = "it is of another host";
        return true;
    }
    return weights_count(weighing->weights, request, err);
}

/* A recording counts as a log does. */
static bool take(void *context, struct exchange *exchange, struct import_outcome *outcome,
                 struct error *err)
{
    const struct request *request = &exchange->request;
    struct logged_request logged = {
        .method = {request->method, strlen(request->method)},
        .target = {request->target, strlen(request->target)},
        .authority = {exchange->authority, strlen(exchange->authority)},
    };
    return count(context, &logged, outcome, err);
}

static bool read_logs(struct weighing *weighing, const char *const *logs, struct error *err)
{
    struct import_sink sink = {take, count, weighing};
    uint64_t requests = 0;
    for (size_t i = 0; logs[i] != NULL; i++) {
        if (!import_input_read(weighing->settings, logs[i], &sink, err))
            return false;
    }
    for (size_t i = 0; i < weighing->map->count; i++)
        requests += weights_endpoints(weighing->weights)[i].requests;
    return requests > 0 || error_set(err, ERROR_INPUT,
                                     "no request of the log matches an endpoint template; no "
                                     "corpus was written");
}

static bool write_object(FILE *file, const json_t *object, struct error *err)
{
    char *text = json_dumps(object, JSON_COMPACT);
    if (text == NULL)
        return error_set_memory(err);
    errno = 0;
    bool ok = fputs(text, file) >= 0 && fputc('\n', file) != EOF;
    if (!ok)
        error_set_errno(err, "cannot write the corpus");
    free(text);
    return ok;
}

/* All fields stay, those too that the rig does not read. */
static bool write_exchange(struct weighing *weighing, const struct corpus_entry *entry,
                           const struct line *line, FILE *file, struct error *err)
{
    json_auto_t *root = json_loadb(line->text, line->size, JSON_ALLOW_NUL, NULL);
    const char *target = json_string_value(json_object_get(root, "target"));
    double weight;
    if (target == NULL)
        return error_set(err, ERROR_INPUT, "the corpus changed while it was read");
    if (!weights_of(weighing->weights, weighing->template_of[entry->endpoint], target,
                    entry->weight, &weight, err))
        return false;
    if (json_object_set_new(root, "weight", json_real(weight)) != 0)
        return error_set_memory(err);
    return write_object(file, root, err);
}

/* The header first, as it is; then the exchanges, which corpus_open numbered by line. */
static bool write_lines(struct weighing *weighing, struct line_reader *reader, FILE *file,
                        struct error *err)
{
    const struct corpus_entry *entries = corpus_entries(weighing->corpus);
    size_t next = 0, total = corpus_count(weighing->corpus);
    struct line line;
    bool ok;
    while ((ok = line_reader_next(reader, &line, err)) && line.text != NULL) {
        if (line.number == 1) {
            json_auto_t *header = json_loadb(line.text, line.size, 0, NULL);
            ok = header != NULL ? write_object(file, header, err) : error_set_memory(err);
        } else if (next < total && entries[next].line == line.number) {
            ok = write_exchange(weighing, &entries[next++], &line, file, err);
        }
        if (!ok)
            break;
    }
    if (ok && next != total)
        ok = error_set(err, ERROR_INPUT, "the corpus changed while it was read");
    return ok;
}

static bool write_corpus(struct weighing *weighing, const char *path, struct error *err)
{
    struct output_file file;
    struct line_reader reader;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, "cannot read the corpus %s", path);
    bool ok = output_file_open(&file, weighing->settings->output, err);
    if (ok) {
        line_reader_init(&reader, path, fd, CORPUS_LINE_MAX_BYTES);
        ok = write_lines(weighing, &reader, file.stream, err) && output_file_keep(&file, err);
        line_reader_release(&reader);
        output_file_drop(&file);
    }
    close(fd);
    return ok;
}

static void print_endpoints(const struct weighing *weighing)
{
    const struct weights_endpoint *rows = weights_endpoints(weighing->weights);
    FILE *file = weighing->settings->report;
    fprintf(file, "%9s %9s %11s  endpoint\n", "requests", "exchanges", "weight each");
    for (size_t i = 0; i < weighing->map->count; i++) {
        const char *name = weighing->map->templates[i].name;
        if (rows[i].requests == 0 && rows[i].exchanges == 0)
            continue;
        fprintf(file, "%9" PRIu64 " %9zu ", rows[i].requests, rows[i].exchanges);
        if (rows[i].exchanges > 0)
            fprintf(file, "%11.4g  ",
                    (rows[i].requests > 0 ? (double)rows[i].requests : WEIGHTS_NEVER_SEEN) /
                        (double)rows[i].exchanges);
        else
            fprintf(file, "%11s  ", "-");
        import_print_safe(file, name, strlen(name));
        fputs(rows[i].exchanges == 0  ? "  (only in the log)\n"
              : rows[i].requests == 0 ? "  (only in the corpus)\n"
                                      : "\n",
              file);
        if (rows[i].exchanges > 0 && rows[i].other_keys > 0)
            fprintf(file, "%32s %" PRIu64 " with query keys that the corpus does not have\n", "",
                    rows[i].other_keys);
    }
}

static void print_unmatched(struct weighing *weighing)
{
    struct weights_unmatched top[UNMATCHED_SHOWN];
    size_t shown = weights_unmatched_top(weighing->weights, top, UNMATCHED_SHOWN);
    FILE *file = weighing->settings->report;
    if (shown == 0)
        return;
    fprintf(file, "%" PRIu64 " requests of the log match no endpoint template, most of all:\n",
            weights_unmatched_total(weighing->weights));
    for (size_t i = 0; i < shown; i++) {
        fprintf(file, "%9" PRIu64 "  ", top[i].count);
        import_print_safe(file, top[i].request, strlen(top[i].request));
        fputc('\n', file);
    }
}

bool import_weights(const struct import_settings *settings, const char *corpus,
                    const char *const *logs, struct error *err)
{
    struct weighing weighing = {.settings = settings};
    arena_init(&weighing.arena);
    bool ok = corpus_open(&weighing.corpus, corpus, settings->endpoints, err) &&
              take_templates(&weighing, err) && weights_new(&weighing.weights, weighing.map, err) &&
              add_exchanges(&weighing, err) && read_logs(&weighing, logs, err) &&
              write_corpus(&weighing, corpus, err);
    if (ok) {
        print_endpoints(&weighing);
        print_unmatched(&weighing);
    }
    weights_free(weighing.weights);
    corpus_free(weighing.corpus);
    arena_release(&weighing.arena);
    return ok;
}
