/* tollgate corpus: validate and list. */
#include "rig/command.h"

#include "base/buffer.h"
#include "base/text.h"
#include "replay/corpus.h"
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

static bool act(const struct arguments *arguments, struct error *err)
{
    struct config config;
    struct corpus *corpus = NULL;
    const char *path = arguments_value(arguments, "config");
    const char *verb = arguments->words[0];
    bool lists = strcmp(verb, "list") == 0;
    if (!lists && strcmp(verb, "validate") != 0)
        return error_set(err, ERROR_USAGE, "\"%s\" is not list or validate", verb);
    if (!config_read(&config, path != NULL ? path : "tollgate.json", err))
        return false;
    bool ok = corpus_open(&corpus, config.corpus_path, &config.endpoints, err);
    if (ok && lists)
        ok = list(corpus, err);
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
    {0},
};

static const char *const examples[] = {
    "requests, variants and weight by endpoint", "tollgate corpus list",
    "read every line and say what is wrong",     "tollgate corpus validate",
    NULL,
};

const struct command command_corpus = {
    .name = "corpus",
    .summary = "list or validate the recorded requests",
    .words = "list | validate",
    .words_least = 1,
    .words_most = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
