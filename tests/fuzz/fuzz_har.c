/* A HAR. Seeds: fixtures/import/har. */
#include "tests/fuzz/import_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"har", NULL};
    return import_target_run(data, size, formats);
}
