/* The upstreams of the sample gateway, for load tools that bring none: stand-ins that answer from a
 * corpus. Prints "NAME URL" for each and runs until its standard input ends.
 *
 *   standins CORPUS.jsonl NAME... */
#include "replay/standin.h"

#include <stdio.h>
#include <unistd.h>

static bool serve(const char *path, const char *const *names, size_t count, struct arena *arena,
                  struct error *err)
{
    struct endpoint_map map = {0}; /* the exchanges name their endpoints */
    struct corpus *corpus = NULL;
    struct standin_set *set = NULL;
    char byte;
    bool ok = corpus_open(&corpus, path, &map, err) && standin_set_new(&set, names, count, err);
    struct exchange *exchanges =
        ok ? arena_alloc_array(arena, corpus_count(corpus), sizeof *exchanges) : NULL;
    if (ok && exchanges == NULL)
        ok = error_set_memory(err);
    for (size_t i = 0; ok && i < corpus_count(corpus); i++)
        ok = corpus_load(corpus, i, arena, &exchanges[i], err) &&
             standin_set_add(set, &exchanges[i], err);
    for (size_t i = 0; ok && i < count; i++)
        printf("%s %s\n", names[i], standin_set_url(set, names[i]));
    fflush(stdout);
    while (ok && read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    if (set != NULL)
        standin_set_free(set);
    if (corpus != NULL)
        corpus_free(corpus);
    return ok;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    struct arena arena;
    if (argc < 3) {
        fprintf(stderr, "usage: standins CORPUS.jsonl NAME...\n");
        return 2;
    }
    arena_init(&arena);
    bool ok = serve(argv[1], (const char *const *)(argv + 2), (size_t)argc - 2, &arena, &err);
    arena_release(&arena);
    if (ok)
        return 0;
    fprintf(stderr, "standins: %s\n", err.text);
    return 4;
}
