/* tollgate corpus: list, validate, look for secrets, show endpoints. */
#include "rig/command.h"

#include "base/buffer.h"
#include "base/terminal.h"
#include "base/text.h"
#include "replay/corpus.h"
#include "replay/redact.h"
#include "rig/config.h"
#include "rig/corpus_endpoints.h"
#include "rig/corpus_list.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool list(const struct corpus *corpus, struct error *err)
{
    enum { LIST_MAX_BYTES = 64 << 20 };
    struct terminal terminal;
    struct buffer out;
    terminal_probe(&terminal, STDOUT_FILENO, COLOR_NEVER);
    buffer_init(&out, LIST_MAX_BYTES);
    /* A pipe has no width: whoever reads it wants a line an endpoint. */
    int columns = terminal.interactive ? terminal.columns : 0;
    bool ok = corpus_list_append(&out, corpus, columns, err) && buffer_check(&out, err);
    if (ok && fputs(buffer_text(&out), stdout) < 0)
        ok = error_set_errno(err, "cannot write to standard output");
    buffer_release(&out);
    return ok;
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

static bool check(const struct corpus *corpus, const struct redaction_options *options,
                  struct finding *finding, struct error *err)
{
    struct redaction *redaction;
    bool ok = redaction_new(&redaction, options, err);
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

static bool check_and_tell(const struct corpus *corpus, struct config *config,
                           const char *const *keep, struct error *err)
{
    struct finding finding = {0};
    struct redaction_options options;
    const char *path = config->corpus_path;
    if (!config_redaction_options(config, &options, err) ||
        !config_redaction_keep(config, keep, &options, err) ||
        !check(corpus, &options, &finding, err))
        return false;
    if (finding.count == 0) {
        printf("%s: %zu exchanges, no secrets found\n", path, corpus_count(corpus));
        return true;
    }
    if (finding.count > PLACES_SHOWN)
        printf("and %zu more\n", finding.count - PLACES_SHOWN);
    return error_set(
        err, ERROR_INPUT,
        "%s: %zu values of %zu exchanges look like secrets or personal data; record or "
        "import it with redaction, or say what is none with --keep NAME or in the "
        "config's \"redact\"",
        path, finding.count, finding.exchanges);
}

static bool act_on_endpoints(const struct arguments *arguments, struct error *err)
{
    struct corpus_endpoints_options options = {
        .config_path = arguments_value(arguments, "config"),
        .corpus_path = arguments->word_count > 1 ? arguments->words[1] : NULL,
        .freeze_path = arguments_value(arguments, "freeze"),
        .requests = arguments_values(arguments, "match"),
    };
    return corpus_endpoints(&options, err);
}

static bool act(const struct arguments *arguments, struct error *err)
{
    struct config config;
    struct corpus *corpus = NULL;
    const char *path = arguments_value(arguments, "config");
    const char *verb = arguments->words[0];
    bool lists = strcmp(verb, "list") == 0, checks = strcmp(verb, "check") == 0;
    if (strcmp(verb, "endpoints") == 0)
        return act_on_endpoints(arguments, err);
    if (!lists && !checks && strcmp(verb, "validate") != 0)
        return error_set(err, ERROR_USAGE, "\"%s\" is not list, validate, check or endpoints",
                         verb);
    if (arguments->word_count > 1)
        return error_set(err, ERROR_USAGE, "%s takes no file; the config names the corpus", verb);
    if (!config_read(&config, path != NULL ? path : "tollgate.json", err))
        return false;
    bool ok = corpus_open(&corpus, config.corpus_path, &config.endpoints, err);
    if (ok && lists)
        ok = list(corpus, err);
    else if (ok && checks)
        ok = check_and_tell(corpus, &config, arguments_values(arguments, "keep"), err);
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
    {"freeze", 0, "MAP", "endpoints: write those in use into a map; what it has stays"},
    {"match", 0, "REQUEST", "endpoints: say what \"GET /users/7\" belongs to; repeatable"},
    {0},
};

static const char *const examples[] = {
    "requests, variants and weight by endpoint",
    "tollgate corpus list",
    "read every line and say what is wrong",
    "tollgate corpus validate",
    "before it is committed: did a secret slip in",
    "tollgate corpus check --keep authorization",
    "which template takes what, and what made it",
    "tollgate corpus endpoints",
    "templates of what was recorded, to commit",
    "tollgate corpus endpoints --freeze endpoints.json",
    "why does this one count there",
    "tollgate corpus endpoints --match \"GET /users/me\"",
    NULL,
};

const struct command command_corpus = {
    .name = "corpus",
    .summary = "list or check recorded requests, show endpoints, find secrets",
    .words = "list | validate | check | endpoints [CORPUS]",
    .words_least = 1,
    .words_most = 2,
    .options = options,
    .examples = examples,
    .run = run,
};
