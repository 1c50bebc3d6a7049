/* An access log: Common, Combined, or JSON. Seeds: fixtures/import/log. */
#include "tests/fuzz/import_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"combined", "json", NULL};
    return import_target_run(data, size, formats);
}
