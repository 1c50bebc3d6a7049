#include "rig/distill_write.h"

#include "base/output_file.h"
#include "replay/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A copy under way. */
struct copying {
    const struct distill_corpus *corpus;
    const struct distillation *chosen; /* NULL: all, for a survey */
    const char *remark;
    FILE *file;
    size_t exchange; /* the next one of the corpus */
    size_t choice;   /* the next one that is chosen */
};

static bool fail_changed(const struct copying *copying, struct error *err)
{
    return error_set_at(err, ERROR_INPUT, copying->corpus->path, "it changed while it was read");
}

static bool write_object(const struct copying *copying, const json_t *object, struct error *err)
{
    char *text = json_dumps(object, JSON_COMPACT);
    if (text == NULL)
        return error_set_memory(err);
    errno = 0;
    bool ok = fputs(text, copying->file) >= 0 && fputc('\n', copying->file) != EOF;
    if (!ok)
        error_set_errno(err, "cannot write the corpus");
    free(text);
    return ok;
}

static bool write_header(const struct copying *copying, const struct line *line, struct error *err)
{
    json_auto_t *header = json_loadb(line->text, line->size, 0, NULL);
    const char *source = json_string_value(json_object_get(header, "source"));
    if (!json_is_object(header))
        return fail_changed(copying, err);
    json_auto_t *remarked = source != NULL ? json_sprintf("%s; %s", source, copying->remark)
                                           : json_string(copying->remark);
    if (remarked == NULL || json_object_set(header, "source", remarked) != 0)
        return error_set_memory(err);
    return write_object(copying, header, err);
}

/* The line as it is but for one field. jansson keeps the order of the keys and all values. */
static bool write_changed(const struct copying *copying, const struct line *line, const char *key,
                          json_t *value, struct error *err)
{
    json_auto_t *root = json_loadb(line->text, line->size, 0, NULL);
    json_auto_t *owned = value;
    if (!json_is_object(root))
        return fail_changed(copying, err);
    if (json_object_set(root, key, owned) != 0)
        return error_set_memory(err);
    return write_object(copying, root, err);
}

static bool write_exchange(struct copying *copying, const struct line *line, struct error *err)
{
    const struct distillation *chosen = copying->chosen;
    size_t exchange = copying->exchange++;
    if (chosen == NULL) {
        char name[DISTILL_NAME_SIZE];
        distill_name_exchange(line->number, name);
        return write_changed(copying, line, "variant", json_string(name), err);
    }
    if (copying->choice == chosen->count || chosen->choices[copying->choice].item != exchange)
        return true;
    double weight = chosen->choices[copying->choice++].weight;
    return write_changed(copying, line, "weight", json_real(weight), err);
}

/* The header first; then the exchanges, which corpus_open numbered by line. */
static bool write_lines(struct copying *copying, struct line_reader *reader, struct error *err)
{
    const struct corpus_entry *entries = corpus_entries(copying->corpus->corpus);
    struct line line;
    bool ok;
    while ((ok = line_reader_next(reader, &line, err)) && line.text != NULL) {
        if (line.number == 1)
            ok = write_header(copying, &line, err);
        else if (copying->exchange < copying->corpus->count &&
                 entries[copying->exchange].line == line.number)
            ok = write_exchange(copying, &line, err);
        if (!ok)
            return false;
    }
    return ok && (copying->exchange == copying->corpus->count || fail_changed(copying, err));
}

static bool copy(struct copying *copying, const char *path, struct error *err)
{
    struct output_file file;
    struct line_reader reader;
    int fd = open(copying->corpus->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, "cannot read the corpus %s", copying->corpus->path);
    bool ok = output_file_open(&file, path, err);
    if (ok) {
        copying->file = file.stream;
        line_reader_init(&reader, copying->corpus->path, fd, CORPUS_LINE_MAX_BYTES);
        ok = write_lines(copying, &reader, err) && output_file_keep(&file, err);
        line_reader_release(&reader);
        output_file_drop(&file);
    }
    close(fd);
    return ok;
}

bool distill_write_chosen(const struct distill_corpus *corpus, const struct distillation *chosen,
                          const char *remark, const char *path, struct error *err)
{
    struct copying copying = {.corpus = corpus, .chosen = chosen, .remark = remark};
    return copy(&copying, path, err);
}

bool distill_write_survey(const struct distill_corpus *corpus, const char *path, struct error *err)
{
    struct copying copying = {.corpus = corpus, .remark = "each exchange a variant of its own"};
    return copy(&copying, path, err);
}
