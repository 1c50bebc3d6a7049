/* The agent's reader of unwinding tables: fixtures/cfi/make.py says what a file is. */
#include "rig/agent/cfi.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t places[2];
    struct cfi_rule rule;
    if (size < sizeof places)
        return 0;
    memcpy(places, data, sizeof places);
    const unsigned char *memory = data + sizeof places;
    size -= sizeof places;
    struct cfi_object object = {memory + (size > 0 ? places[0] % size : 0), memory, memory + size};
    if (cfi_find_rule(&object, (uintptr_t)memory + places[1], &rule) &&
        (rule.base == CFI_NONE || rule.base > CFI_END || rule.frame > CFI_LOST))
        abort();
    return 0;
}
