/* Ctrl-C, a closing terminal and a CI's SIGTERM, as a descriptor that every wait watches. */
#ifndef TOLLGATE_BASE_INTERRUPT_H
#define TOLLGATE_BASE_INTERRUPT_H

#include "base/error.h"

struct interrupt {
    int fd; /* a signalfd for SIGINT, SIGTERM and SIGHUP; readable once one came; -1 = never */
};

/* Blocks the three signals in this thread and so in threads started later. Call it before any
 * thread is started. Children must have the mask reset: child_start does. */
MUST_CHECK bool interrupt_open(struct interrupt *interrupt, struct error *err);
void interrupt_close(struct interrupt *interrupt);

/* Whether one came; does not consume it, so every layer sees it. NULL means never. */
bool interrupt_pending(const struct interrupt *interrupt);

/* Sets ERROR_INTERRUPTED and returns false once one came, else true. */
MUST_CHECK bool interrupt_check(const struct interrupt *interrupt, struct error *err);

/* Sleeps, or returns false with ERROR_INTERRUPTED as soon as one comes. */
MUST_CHECK bool interrupt_sleep_ms(const struct interrupt *interrupt, int milliseconds,
                                   struct error *err);

#endif
