#include "rig/run_texts.h"

#include "rig/source_files.h"
#include "rig/source_text.h"

#include <string.h>

enum { FILES_MAX = 200, BYTES_MAX = 64 << 20 };

static const struct measured_text unknown = {.why = "the run does not know the file's content"};
static const struct measured_text too_many = {.why = "too many files are named already"};

/* Finds the tree, and which of the files are in it as they were measured. Without a tree, none. */
static bool open_tree(struct run_texts *texts)
{
    struct source_files files = {.root = ""};
    struct error ignored = {0};
    size_t count = texts->sources->file_count;
    const char **paths = arena_alloc_array(&texts->arena, count + 1, sizeof *paths);
    texts->current = arena_alloc_array(&texts->arena, count + 1, sizeof *texts->current);
    texts->of = arena_alloc_array(&texts->arena, count + 1, sizeof *texts->of);
    if (paths == NULL || texts->current == NULL || texts->of == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        paths[i] = texts->sources->files[i].path;
    bool found =
        source_files_read(&files, texts->folder, NULL, &texts->arena, &ignored) &&
        source_text_hash(files.root, paths, count, NULL, &texts->arena, texts->current, &ignored);
    texts->root = found ? files.root : "";
    return true;
}

static const struct measured_text *read_text(struct run_texts *texts, size_t number)
{
    const struct source_file *file = &texts->sources->files[number];
    const char *current = texts->current[number];
    struct source_text_question question = {
        .root = texts->root,
        .path = file->path,
        .hash = file->hash,
        .current = current != NULL && file->hash != NULL && strcmp(current, file->hash) == 0,
    };
    struct measured_text *text = arena_alloc(&texts->arena, sizeof *text);
    struct error ignored = {0};
    if (text == NULL || !source_text_keep(&question, text, &texts->arena, &ignored))
        return NULL;
    texts->bytes += text->size;
    texts->asked++;
    return text;
}

static const struct measured_text *find_text(void *context, const char *path)
{
    struct run_texts *texts = context;
    const struct source_file *file = source_tree_file(texts->sources, path);
    if (file == NULL || file->hash == NULL)
        return &unknown;
    if (texts->root == NULL && !open_tree(texts))
        return NULL;
    size_t number = (size_t)(file - texts->sources->files);
    if (texts->of[number] != NULL)
        return texts->of[number];
    if (texts->asked >= FILES_MAX || texts->bytes >= BYTES_MAX)
        return &too_many;
    texts->of[number] = read_text(texts, number);
    return texts->of[number];
}

void run_texts_init(struct run_texts *texts, const struct run *run, const char *folder)
{
    *texts = (struct run_texts){.texts = {.context = texts, .find = find_text},
                                .sources = &run->sources[SIDE_HEAD],
                                .folder = folder};
    arena_init(&texts->arena);
}

void run_texts_release(struct run_texts *texts)
{
    arena_release(&texts->arena);
}
