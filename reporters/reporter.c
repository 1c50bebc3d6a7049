#include "reporters/reporter.h"

#include "reporters/csv.h"
#include "reporters/export.h"
#include "reporters/flame.h"
#include "reporters/github.h"
#include "reporters/gitlab.h"
#include "reporters/html.h"
#include "reporters/json.h"
#include "reporters/junit.h"
#include "reporters/markdown.h"
#include "reporters/openmetrics.h"
#include "reporters/sarif.h"
#include "reporters/terminal.h"

#include <string.h>

static const struct reporter *const reporters[] = {
    &reporter_terminal,
    &reporter_json,
    &reporter_markdown,
    &reporter_github,
    &reporter_html,
    &reporter_junit,
    &reporter_sarif,
    &reporter_gitlab_metrics,
    &reporter_gitlab_quality,
    &reporter_openmetrics,
    &reporter_csv,
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
