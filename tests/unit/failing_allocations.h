/* For tests that fail the n-th allocation. The test is linked with --wrap for those of malloc,
 * calloc, realloc and reallocarray that what it tests uses (tests/CMakeLists.txt), so that every
 * call in our own code comes through here; those of libraries are left alone. Where it is not
 * (under a sanitizer), allocations_can_fail is false and the test has nothing to show. */
#ifndef TOLLGATE_TESTS_FAILING_ALLOCATIONS_H
#define TOLLGATE_TESTS_FAILING_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size) __attribute__((weak));
void *__real_calloc(size_t count, size_t size) __attribute__((weak));
void *__real_realloc(void *old, size_t size) __attribute__((weak));
void *__real_reallocarray(void *old, size_t count, size_t size) __attribute__((weak));
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);

/* How many allocations are left before one fails; -1 = none does. */
static long allocations_left = -1;
static long allocations_seen;
static bool fail_once; /* that one alone; else all from there on */
static bool has_failed;

static inline bool allocations_can_fail(void)
{
    return __real_malloc != NULL;
}

static inline bool allocation_fails(void)
{
    allocations_seen++;
    if (allocations_left < 0)
        return false;
    if (allocations_left > 0) {
        allocations_left--;
        return false;
    }
    if (fail_once)
        allocations_left = -1;
    has_failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_reallocarray(old, count, size);
}

#endif
