#include "baselines/profile.h"

#include <string.h>

static const struct profile_value_info lines_values[] = {
    [LINES_INSTRUCTIONS] = {"instructions", "instructions", METRIC_INSTRUCTIONS, UNIT_COUNT,
                            "instructions executed on the line itself"},
    [LINES_HITS] = {"hits", "executions", METRIC_COUNT, UNIT_COUNT,
                    "how often the line was executed"},
    [LINES_INCLUSIVE] = {"inclusive", "with calls", METRIC_COUNT, UNIT_COUNT,
                         "instructions on the line and in what it called"},
};

static const struct profile_value_info cpu_values[] = {
    [CPU_NS] = {"cpu_ns", "CPU time", METRIC_CPU_NS, UNIT_NS, "CPU time, estimated from samples"},
    [CPU_SAMPLES] = {"samples", "samples", METRIC_COUNT, UNIT_COUNT, "samples taken"},
};

static const struct profile_value_info alloc_values[] = {
    [ALLOC_ALLOCATIONS] = {"allocations", "allocations", METRIC_ALLOCATIONS, UNIT_COUNT,
                           "blocks allocated"},
    [ALLOC_BYTES] = {"bytes", "bytes", METRIC_ALLOC_BYTES, UNIT_BYTES, "bytes asked for"},
    [ALLOC_RETAINED] = {"retained_bytes", "retained", METRIC_RETAINED_BYTES, UNIT_BYTES,
                        "bytes that stayed allocated, in each part of the requests anew"},
};

static const struct profile_kind_info kinds[PROFILE_KIND_COUNT] = {
    [PROFILE_LINES] = {"lines", "instructions by line", lines_values, COUNT_OF(lines_values)},
    [PROFILE_CPU] = {"cpu", "CPU time by stack", cpu_values, COUNT_OF(cpu_values)},
    [PROFILE_ALLOC] = {"alloc", "allocations by call site", alloc_values, COUNT_OF(alloc_values)},
};

const struct profile_kind_info *profile_kind_info(enum profile_kind kind)
{
    return &kinds[kind];
}

double profile_endpoint_total(const struct profile_endpoint *endpoint, size_t value)
{
    double sum = 0;
    for (size_t i = 0; i < endpoint->cost_count; i++)
        sum += endpoint->costs[i].values[value];
    return sum;
}

const struct profile_endpoint *profile_endpoint(const struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->endpoint_count; i++)
        if (strcmp(profile->endpoints[i].name, name) == 0)
            return &profile->endpoints[i];
    return NULL;
}

const struct source_file *source_tree_file(const struct source_tree *tree, const char *path)
{
    size_t low = 0, high = tree->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(tree->files[middle].path, path);
        if (order == 0)
            return &tree->files[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
