/* tollgate corpus: list, validate, look for secrets. */
#include "rig/command.h"

#include "base/buffer.h"
#include "base/text.h"
#include "replay/corpus.h"
#include "replay/redact.h"
#include "rig/config.h"

#include <stdio.h>
#include <string.h>

struct endpoint_count {
    size_t requests;
    size_t variants;
    double weight;
};

static bool list(const struct corpus *corpus, struct error *err)
{
    size_t endpoints = corpus_endpoint_count(corpus);
    struct arena arena;
    arena_init(&arena);
    struct endpoint_count *counts = arena_alloc_array(&arena, endpoints, sizeof *counts);
    bool *seen = arena_alloc_array(&arena, corpus_variant_count(corpus), sizeof *seen);
    if (counts == NULL || seen == NULL) {
        arena_release(&arena);
        return error_set_memory(err);
    }
    for (size_t i = 0; i < corpus_count(corpus); i++) {
        const struct corpus_entry *entry = &corpus_entries(corpus)[i];
        struct endpoint_count *count = &counts[entry->endpoint];
        count->requests++;
        count->weight += entry->weight;
        count->variants += !seen[entry->variant];
        seen[entry->variant] = true;
    }
    printf("%9s %9s %11s  endpoint\n", "requests", "variants", "weight");
    for (size_t e = 0; e < endpoints; e++) {
        struct buffer name;
        buffer_init(&name, 65536);
        text_append_safe(&name, corpus_endpoint_name(corpus, e),
                         strlen(corpus_endpoint_name(corpus, e)), false);
        printf("%9zu %9zu %11.0f  %s\n", counts[e].requests, counts[e].variants, counts[e].weight,
               buffer_text(&name));
        buffer_release(&name);
    }
    arena_release(&arena);
    return true;
}

enum { PLACES_SHOWN = 20 };

struct finding {
    size_t count;
    size_t exchanges;
    size_t last_line;
};

/* Says where and by which rule, never the value itself. */
static void tell_found(void *context, const struct exchange *exchange, const char *place,
                       const char *rule)
{
    struct finding *finding = context;
    struct buffer text;
    finding->exchanges += finding->last_line != exchange->line;
    finding->last_line = exchange->line;
    if (finding->count++ >= PLACES_SHOWN)
        return;
    buffer_init(&text, 4096);
    text_append_safe(&text, place, strlen(place), false);
    printf("%s: %s\n", buffer_text(&text), rule);
    buffer_release(&text);
}

static bool check(const struct corpus *corpus, const char *const *keep, struct finding *finding,
                  struct error *err)
{
    struct redaction *redaction;
    bool ok = redaction_new(&redaction, &(struct redaction_options){.keep = keep}, err);
    for (size_t i = 0; ok && i < corpus_count(corpus); i++) {
        struct arena arena;
        struct exchange exchange;
        arena_init(&arena);
        ok = corpus_load(corpus, i, &arena, &exchange, err) &&
             redaction_check(redaction, &exchange, tell_found, finding, err);
        arena_release(&arena);
    }
    redaction_free(redaction);
    return ok;
}

static bool check_and_tell(const struct corpus *corpus, const char *path, const char *const *keep,
                           struct error *err)
{
    struct finding finding = {0};
    if (!check(corpus, keep, &finding, err))
        return false;
    if (finding.count == 0) {
        printf("%s: %zu exchanges, no secrets found\n", path, corpus_count(corpus));
        return true;
    }
    if (finding.count > PLACES_SHOWN)
        printf("and %zu more\n", finding.count - PLACES_SHOWN);
    return error_set(err, ERROR_INPUT,
                     "%s: %zu values of %zu exchanges look like secrets or personal data; record or "
                     "import it with redaction, or say with --keep NAME what is none",
                     path, finding.count, finding.exchanges);
}

static bool act(const struct arguments *arguments, struct error *err)
{
    struct config config;
    struct corpus *corpus = NULL;
    const char *path = arguments_value(arguments, "config");
    const char *verb = arguments->words[0];
    bool lists = strcmp(verb, "list") == 0, checks = strcmp(verb, "check") == 0;
    if (!lists && !checks && strcmp(verb, "validate") != 0)
        return error_set(err, ERROR_USAGE, "\"%s\" is not list, validate or check", verb);
    if (!config_read(&config, path != NULL ? path : "tollgate.json", err))
        return false;
    bool ok = corpus_open(&corpus, config.corpus_path, &config.endpoints, err);
    if (ok && lists)
        ok = list(corpus, err);
    else if (ok && checks)
        ok = check_and_tell(corpus, config.corpus_path, arguments_values(arguments, "keep"), err);
    else if (ok)
        printf("%s: %zu exchanges of %zu endpoints, all valid\n", config.corpus_path,
               corpus_count(corpus), corpus_endpoint_count(corpus));
    corpus_free(corpus);
    config_release(&config);
    return ok;
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    return act(arguments, err) ? EXIT_PASSED : exit_code_of(err);
}

static const struct option_row options[] = {
    {"config", 'c', "FILE", "names the corpus and the templates; default: tollgate.json"},
    {"keep", 0, "NAME", "check: a header or key that is no secret; repeatable"},
    {0},
};

static const char *const examples[] = {
    "requests, variants and weight by endpoint", "tollgate corpus list",
    "read every line and say what is wrong",     "tollgate corpus validate",
    "before it is committed: did a secret slip in", "tollgate corpus check --keep authorization",
    NULL,
};

const struct command command_corpus = {
    .name = "corpus",
    .summary = "list or validate the recorded requests, find secrets in them",
    .words = "list | validate | check",
    .words_least = 1,
    .words_most = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
