#include "rig/import_corpus.h"

#include "base/output_file.h"
#include "base/text.h"
#include "replay/corpus_spool.h"
#include "replay/distinct.h"
#include "replay/timestamps.h"
#include "reporters/format.h"
#include "rig/progress.h"

#include <string.h>

enum { UNMATCHED_SHOWN = 5, UNMATCHED_SIZE = 160, PROGRESS_STEP = 4096, SOURCE_MAX_BYTES = 4096 };

/* An import under way. */
struct importing {
    const struct import_settings *settings;
    struct redaction *redaction; /* NULL: nothing is redacted */
    struct corpus_spool *spool;
    struct distinct *distinct; /* requests of logs */
    struct progress progress;
    size_t handed_on; /* requests and exchanges, for the progress */
    size_t named;     /* exchanges that got an id of ours */
    double weight;    /* of all exchanges */
    size_t unmatched; /* exchanges that no template matches */
    char unmatched_shown[UNMATCHED_SHOWN][UNMATCHED_SIZE];
};

static void step(struct importing *importing)
{
    if (++importing->handed_on % PROGRESS_STEP == 0)
        progress_update(&importing->progress, 0, 0);
}

/* The exchange's template; NULL when there are none or none matches, which is counted. */
static const char *find_endpoint(struct importing *importing, const struct exchange *exchange)
{
    const struct endpoint_map *map = importing->settings->endpoints;
    const struct request *request = &exchange->request;
    if (map->count == 0)
        return NULL;
    long found = endpoint_map_match(map, request->method, request->target);
    if (found >= 0)
        return map->templates[found].name;
    if (importing->unmatched < UNMATCHED_SHOWN)
        snprintf(importing->unmatched_shown[importing->unmatched], UNMATCHED_SIZE, "%s %.*s",
                 request->method, (int)strcspn(request->target, "?"), request->target);
    importing->unmatched++;
    return NULL;
}

/* Redacts an exchange and lets it join the corpus. */
static bool add_exchange(struct importing *importing, struct exchange *exchange, bool *too_long,
                         struct error *err)
{
    struct arena arena;
    char id[32];
    arena_init(&arena);
    if (exchange->id[0] == '\0') {
        snprintf(id, sizeof id, "i%zu", ++importing->named);
        exchange->id = id;
    }
    bool ok = importing->redaction == NULL ||
              redaction_apply(importing->redaction, exchange, &arena, err);
    ok = ok && corpus_spool_add(importing->spool, exchange, find_endpoint(importing, exchange),
                                too_long, err);
    if (ok && !*too_long)
        importing->weight += exchange->weight;
    arena_release(&arena);
    return ok;
}

static bool take(void *context, struct exchange *exchange, struct import_outcome *outcome,
                 struct error *err)
{
    struct importing *importing = context;
    bool too_long = false;
    step(importing);
    if (!import_host_wanted(importing->settings, exchange->authority,
                            strlen(exchange->authority))) {
        outcome->left_out = "it is of another host";
        return true;
    }
    if (!add_exchange(importing, exchange, &too_long, err))
        return false;
    if (too_long)
        outcome->left_out = "it is longer than a corpus allows";
    return true;
}

/* Without its body such a request is another one. */
static bool has_lost_body(struct span method)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (method.size == strlen(methods[i]) && memcmp(method.data, methods[i], method.size) == 0)
            return true;
    }
    return false;
}

static bool count(void *context, const struct logged_request *request,
                  struct import_outcome *outcome, struct error *err)
{
    struct importing *importing = context;
    step(importing);
    if (!import_host_wanted(importing->settings, request->authority.data, request->authority.size))
        outcome->left_out = "it is of another host";
    else if (has_lost_body(request->method))
        outcome->left_out = "the log does not have its body; see --weights-from";
    if (outcome->left_out != NULL)
        return true;
    if (distinct_status_is_conditional(request->status))
        outcome->warning = "the status depends on headers that no log has and will not be checked";
    return distinct_add(importing->distinct, request, err);
}

static bool take_distinct(void *context, struct exchange *exchange, struct error *err)
{
    bool too_long = false; /* cannot be: a line of a log is short */
    return add_exchange(context, exchange, &too_long, err);
}

static bool open_importing(struct importing *importing, const struct import_settings *settings,
                           struct error *err)
{
    struct distinct_options distinct = {settings->endpoints, settings->max_distinct};
    *importing = (struct importing){.settings = settings};
    progress_init(&importing->progress, PROGRESS_AUTO);
    if (importing->progress.mode == PROGRESS_PLAIN)
        importing->progress.mode = PROGRESS_NONE; /* the report has a line for each file */
    return (settings->redaction == NULL ||
            redaction_new(&importing->redaction, settings->redaction, err)) &&
           corpus_spool_new(&importing->spool, settings->output, err) &&
           distinct_new(&importing->distinct, &distinct, err);
}

static void close_importing(struct importing *importing)
{
    progress_clear(&importing->progress);
    redaction_free(importing->redaction);
    corpus_spool_free(importing->spool);
    distinct_free(importing->distinct);
}

/* "import of a.har, b.log": names without folders, since those are of one machine. */
static void append_source(struct buffer *source, const char *const *inputs, size_t count)
{
    buffer_append_string(source, "import of ");
    for (size_t i = 0; i < count && source->length < SOURCE_MAX_BYTES / 2; i++) {
        const char *slash = strrchr(inputs[i], '/');
        const char *name = slash != NULL ? slash + 1 : inputs[i];
        if (i > 0)
            buffer_append_string(source, ", ");
        text_append_safe(source, name, strlen(name), false);
    }
}

static bool write_corpus(struct importing *importing, const char *const *inputs, size_t count,
                         struct error *err)
{
    struct output_file file;
    struct buffer source;
    buffer_init(&source, 4 * SOURCE_MAX_BYTES);
    append_source(&source, inputs, count);
    struct corpus_header header = {
        .source = buffer_text(&source),
        .redaction = importing->redaction != NULL ? redaction_policy(importing->redaction) : NULL,
    };
    bool ok = output_file_open(&file, importing->settings->output, err);
    if (ok) {
        ok = corpus_write_header_fields(file.stream, &header, err) &&
             corpus_spool_write(importing->spool, file.stream, err) && output_file_keep(&file, err);
        output_file_drop(&file);
    }
    buffer_release(&source);
    return ok;
}

static void report_distinct(const struct importing *importing)
{
    char requests[FORMAT_SIZE], exchanges[FORMAT_SIZE];
    struct distinct_counts counts = distinct_count(importing->distinct);
    FILE *file = importing->settings->report;
    if (counts.requests == counts.kept)
        return;
    format_integer((int64_t)counts.shared, requests);
    format_integer((int64_t)counts.exchanges, exchanges);
    fprintf(file,
            "  the logs have more different requests than the %s that are kept; %s more\n"
            "  requests weigh on those of the same endpoint\n",
            exchanges, requests);
    if (counts.lost == 0)
        return;
    format_integer((int64_t)counts.lost, requests);
    fprintf(stderr,
            "tollgate: %s requests of the logs are of endpoints of which no request is kept, and "
            "are lost; raise --max-distinct\n",
            requests);
}

static void report_endpoints(const struct importing *importing)
{
    size_t shown = importing->unmatched < UNMATCHED_SHOWN ? importing->unmatched : UNMATCHED_SHOWN;
    if (importing->unmatched == 0)
        return;
    fputs("tollgate: no endpoint template matches ", stderr);
    import_print_count(stderr, importing->unmatched, "exchange");
    fputs("; add templates for them, tollgate corpus endpoints suggests some:", stderr);
    for (size_t i = 0; i < shown; i++) {
        fputs("\n  ", stderr);
        import_print_safe(stderr, importing->unmatched_shown[i],
                          strlen(importing->unmatched_shown[i]));
    }
    fputs(importing->unmatched > shown ? "\n  …\n" : "\n", stderr);
}

static void report_redaction(const struct importing *importing)
{
    struct buffer text;
    FILE *file = importing->settings->report;
    if (importing->redaction == NULL) {
        fprintf(stderr, "tollgate: nothing was redacted (--no-redact): the corpus may hold secrets "
                        "and personal data\n");
        return;
    }
    buffer_init(&text, 1 << 20);
    redaction_append_report(importing->redaction, &text);
    import_print_redactions(file, redaction_count(importing->redaction), buffer_text(&text));
    buffer_release(&text);
}

static void report(const struct importing *importing)
{
    char exchanges[FORMAT_SIZE];
    char first[TIMESTAMP_TEXT_SIZE], last[TIMESTAMP_TEXT_SIZE];
    struct corpus_spool_state state = corpus_spool_state(importing->spool);
    FILE *file = importing->settings->report;
    import_print_safe(file, importing->settings->output, strlen(importing->settings->output));
    fputs(": ", file);
    import_print_count(file, state.exchanges, "exchange");
    fputs(" for ", file);
    import_print_count(file, (size_t)(importing->weight + 0.5), "request");
    if (state.first_ns != 0) {
        timestamp_format(state.first_ns, first);
        timestamp_format(state.last_ns, last);
        fprintf(file, ", %s to %s", first, last);
    }
    fprintf(file, "\n");
    if (state.out_of_order > 0) {
        format_integer((int64_t)state.out_of_order, exchanges);
        fprintf(file, "  put in order of time: %s came after a later one\n", exchanges);
    }
    report_distinct(importing);
    report_redaction(importing);
    report_endpoints(importing);
}

static bool read_inputs(struct importing *importing, const char *const *inputs, size_t count_of,
                        struct error *err)
{
    struct import_sink sink = {take, count, importing};
    for (size_t i = 0; i < count_of; i++) {
        char what[128];
        const char *slash = strrchr(inputs[i], '/');
        snprintf(what, sizeof what, "importing %.100s", slash != NULL ? slash + 1 : inputs[i]);
        progress_begin(&importing->progress, what);
        bool ok = import_input_read(importing->settings, inputs[i], &sink, err);
        progress_clear(&importing->progress);
        if (!ok)
            return false;
    }
    return distinct_emit(importing->distinct, take_distinct, importing, err);
}

bool import_corpus(const struct import_settings *settings, const char *const *inputs,
                   size_t count_of, struct error *err)
{
    struct importing importing;
    bool ok =
        open_importing(&importing, settings, err) && read_inputs(&importing, inputs, count_of, err);
    if (ok && corpus_spool_state(importing.spool).exchanges == 0)
        ok = error_set(err, ERROR_INPUT,
                       "there is nothing to import in the inputs; no corpus was written");
    ok = ok && write_corpus(&importing, inputs, count_of, err);
    if (ok)
        report(&importing);
    close_importing(&importing);
    return ok;
}
