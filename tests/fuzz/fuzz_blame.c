/* Whatever the bytes are: ages, or none. */
#include "rig/blame.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blame_range ranges[] = {{.first = 1, .last = 1}, {.first = 2, .last = UINT32_MAX}};
    blame_parse((const char *)data, size, size % 2 == 0, ranges, COUNT_OF(ranges));
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        const struct dead_age *age = &ranges[i].age;
        if (memchr(age->commit, '\0', sizeof age->commit) == NULL)
            BUG("a commit without an end");
        if (age->known && age->uncommitted != (age->commit[0] == '\0'))
            BUG("a commit of what is not committed, or none of what is");
    }
    return 0;
}
