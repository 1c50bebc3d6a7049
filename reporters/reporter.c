#include "reporters/reporter.h"

#include "reporters/export.h"
#include "reporters/flame.h"
#include "reporters/json.h"
#include "reporters/terminal.h"

#include <string.h>

static const struct reporter *const reporters[] = {
    &reporter_terminal,
    &reporter_json,
    &reporter_flame,
    &reporter_folded,
    &reporter_pprof,
    &reporter_speedscope,
    &reporter_callgrind,
    &reporter_lcov,
    NULL,
};

const struct reporter *const *reporter_list(void)
{
    return reporters;
}

const struct reporter *reporter_by_name(const char *name)
{
    for (size_t i = 0; reporters[i] != NULL; i++)
        if (strcmp(reporters[i]->name, name) == 0)
            return reporters[i];
    return NULL;
}
