#include "rig/terms.h"

#include "base/clock.h"

#include <string.h>

static void write_today(char *today)
{
    clock_format_utc(clock_realtime_ns(), today);
    today[strlen("2026-11-22")] = '\0';
}

bool terms_find(struct terms *terms, const struct terms_question *question, struct run *notes,
                struct arena *arena, struct error *err)
{
    static const struct waiver_list nothing;
    const struct config *head = question->head;
    const struct config *from = question->base != NULL ? question->base : head;
    struct trailers_question trailers = {.folder = head != NULL ? head->folder : ".",
                                         .head = question->head_commit,
                                         .base = question->base_commit,
                                         .interrupt = question->interrupt};
    *terms = (struct terms){0};
    gate_init(&terms->gate);
    write_today(terms->today);
    if (from != NULL)
        terms->gate = from->gate;
    if (from != head && from->terms_hash != head->terms_hash)
        run_add_note(notes, "this change edits \"gate\" or \"accept\" in its config: it is judged "
                            "by those of the base, and the new ones hold once it is merged");
    return trailers_read(&terms->waivers, &trailers, from != NULL ? &from->accept : &nothing, notes,
                         arena, err);
}
