#include "rig/insight.h"

#include "rig/cost_read.h"
#include "rig/owners_read.h"

static bool find_owners(struct insight *insight, const struct insight_question *question,
                        struct error *err)
{
    const struct config *config =
        question->base_config != NULL ? question->base_config : question->config;
    struct owners_rules rules;
    if (config == NULL)
        return true;
    if (!owners_read(&rules, config, &insight->arena, err))
        return false;
    struct owners_question owners = {.head = question->head,
                                     .base = question->base,
                                     .comparison = question->comparison,
                                     .map = rules.map,
                                     .openapi = rules.openapi,
                                     .codeowners = rules.codeowners};
    insight->note = rules.note;
    insight->has_owners = rules.map != NULL || rules.openapi != NULL || rules.codeowners != NULL;
    return owners_find(&insight->owners, &owners, &insight->arena, err);
}

static bool find_cost(struct insight *insight, const struct insight_question *question,
                      struct error *err)
{
    const struct config *head = question->config, *base = question->base_config;
    /* A change that is the first to name a price has no other to be held against. */
    const struct config *from = base != NULL && base->cost.given ? base : head;
    struct cost_terms terms;
    if (from != NULL && !cost_read(&terms, from, head, &insight->arena, err))
        return false;
    struct cost_question cost = {.head = question->head,
                                 .base = question->base,
                                 .comparison = question->comparison,
                                 .confidence = question->gate->confidence,
                                 .terms = from != NULL ? &terms : NULL};
    return cost_find(&insight->cost, &cost, err);
}

bool insight_find(struct insight *insight, const struct insight_question *question,
                  struct error *err)
{
    *insight = (struct insight){0};
    arena_init(&insight->arena);
    history_init(&insight->history, question->head);
    if (find_owners(insight, question, err) && find_cost(insight, question, err) &&
        (!question->wants_history || question->config == NULL ||
         history_read(&insight->history, question->config, err)))
        return true;
    insight_release(insight);
    return false;
}

void insight_attach(struct insight *insight, const struct insight_question *question,
                    struct run *notes, struct report *report)
{
    struct error problem = {0};
    *insight = (struct insight){0};
    if (question->config == NULL)
        return;
    if (!insight_find(insight, question, &problem)) {
        run_add_note(notes, "no costs and owners are shown: %s%s%.1000s", problem.where,
                     problem.where[0] != '\0' ? ": " : "", problem.text);
        return;
    }
    if (insight->note != NULL)
        run_add_note(notes, "%s", insight->note);
    report->cost = &insight->cost;
    report->history = question->wants_history ? &insight->history : NULL;
    report->owners = insight->has_owners ? &insight->owners : NULL;
}

void insight_release(struct insight *insight)
{
    cost_release(&insight->cost);
    history_release(&insight->history);
    arena_release(&insight->arena);
}
