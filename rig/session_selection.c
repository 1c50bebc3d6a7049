#include "rig/session_selection.h"

#include <stdio.h>
#include <stdlib.h>

bool session_selection_plan(struct session_plan **plan, const struct config *config,
                            const struct corpus *corpus, const struct selection *selection,
                            struct error *err)
{
    *plan = NULL;
    if (config->session.capture_count == 0)
        return true;
    const struct exchange **exchanges = calloc(selection->count + 1, sizeof *exchanges);
    if (exchanges == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < selection->count; i++)
        exchanges[i] = &selection->items[i].exchange;
    bool ok = session_plan_new(plan, &config->session, corpus, exchanges, selection->count, err);
    free(exchanges);
    if (!ok && err->where[0] == '\0')
        snprintf(err->where, sizeof err->where, "%s", config->path);
    return ok;
}
