/* An access log of a load balancer. Seeds: fixtures/import/alb. */
#include "tests/fuzz/import_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"alb", NULL};
    return import_target_run(data, size, formats);
}
