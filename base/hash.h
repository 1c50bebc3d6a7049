/* uthash with what the house wants of it: running out of memory is an error and not an exit, and a
 * hash function of ours, since uthash's own is a macro that falls through a switch unannounced and
 * so does not pass our flags on every compiler. Include this and never <uthash.h>. */
#ifndef TOLLGATE_BASE_HASH_H
#define TOLLGATE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Eight bytes at a time, each mixed in by a multiplication; bodies can be long. */
static inline unsigned hash_mix(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = 0x9e3779b97f4a7c15ULL ^ size;
    for (; size > 0;) {
        uint64_t word = 0;
        size_t taken = size < sizeof word ? size : sizeof word;
        memcpy(&word, bytes, taken);
        hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32;
        bytes += taken;
        size -= taken;
    }
    return (unsigned)hash;
}

#define HASH_NONFATAL_OOM             1
#define HASH_FUNCTION(key, size, out) ((out) = hash_mix((key), (size)))
#include <uthash.h>

#endif
