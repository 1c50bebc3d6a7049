/* A recording of GoReplay, packed or not. Seeds: fixtures/import/gor. */
#include "tests/fuzz/import_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"gor", NULL};
    return import_target_run(data, size, formats);
}
