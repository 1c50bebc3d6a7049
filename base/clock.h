/* Clocks, in nanoseconds. */
#ifndef TOLLGATE_BASE_CLOCK_H
#define TOLLGATE_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SECOND 1000000000LL
#define NS_PER_MS     1000000LL

int64_t clock_monotonic_ns(void);
int64_t clock_realtime_ns(void);

/* "2026-01-31T09:30:00Z" of a realtime clock reading. `out` holds at least 32 bytes. */
void clock_format_utc(int64_t realtime_ns, char *out);

#endif
