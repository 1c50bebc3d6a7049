#include "insights/cost_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct run *cost_run_of(const struct cost_question *question, enum side side,
                              enum side *found)
{
    bool stored = side == SIDE_BASE && question->base != NULL;
    *found = stored ? SIDE_HEAD : side;
    return stored ? question->base : question->head;
}

bool cost_add_note(struct cost_work *work, const char *text)
{
    if (text == NULL)
        return error_set_memory(work->err);
    if (work->cost->note_count < COST_NOTES_MAX)
        work->notes[work->cost->note_count++] = text;
    return true;
}

static bool prepare(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    size_t count = work->question->comparison->endpoint_count;
    cost->endpoints = arena_alloc_array(&cost->arena, count, sizeof *cost->endpoints);
    work->weights = arena_alloc_array(&cost->arena, count + 1, sizeof *work->weights);
    work->head_requests = arena_alloc_array(&cost->arena, count, sizeof *work->head_requests);
    work->notes = arena_alloc_array(&cost->arena, COST_NOTES_MAX, sizeof *work->notes);
    cost->notes = work->notes;
    cost->endpoint_count = count;
    cost->confidence = work->question->confidence;
    if (cost->endpoints == NULL || work->weights == NULL || work->head_requests == NULL ||
        work->notes == NULL)
        return error_set_memory(work->err);
    cost->currency = arena_copy_string(&cost->arena,
                                       work->terms.currency != NULL ? work->terms.currency : "USD");
    if (cost->currency == NULL)
        return error_set_memory(work->err);
    cost->digits = money_digits(cost->currency);
    return true;
}

bool cost_find(struct cost_report *cost, const struct cost_question *question, struct error *err)
{
    struct cost_work work = {.cost = cost, .question = question, .err = err};
    *cost = (struct cost_report){.metric = METRIC_COUNT};
    arena_init(&cost->arena);
    if (question->terms != NULL)
        work.terms = *question->terms;
    else
        cost_terms_init(&work.terms);
    bool ok = prepare(&work) && cost_weigh(&work) && cost_price(&work) && cost_divide(&work);
    if (ok)
        cost_compare(&work);
    ok = ok && cost_explain(&work);
    if (!ok)
        cost_release(cost);
    return ok;
}

void cost_release(struct cost_report *cost)
{
    arena_release(&cost->arena);
    *cost = (struct cost_report){0};
}

const struct endpoint_cost *cost_endpoint(const struct cost_report *cost, const char *endpoint)
{
    for (size_t i = 0; cost != NULL && i < cost->endpoint_count; i++)
        if (strcmp(cost->endpoints[i].name, endpoint) == 0)
            return &cost->endpoints[i];
    return NULL;
}
