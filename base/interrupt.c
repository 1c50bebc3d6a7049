#include "base/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

bool interrupt_open(struct interrupt *interrupt, struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    interrupt->fd = -1;
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return error_set_errno(err, "cannot block signals");
    interrupt->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (interrupt->fd < 0)
        return error_set_errno(err, "cannot watch for signals");
    return true;
}

void interrupt_close(struct interrupt *interrupt)
{
    if (interrupt->fd >= 0)
        close(interrupt->fd);
    interrupt->fd = -1;
}

static bool interrupt_wait(const struct interrupt *interrupt, int milliseconds)
{
    if (interrupt == NULL || interrupt->fd < 0) {
        if (milliseconds > 0)
            nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L},
                      NULL);
        return false;
    }
    struct pollfd poller = {.fd = interrupt->fd, .events = POLLIN};
    return poll(&poller, 1, milliseconds) > 0;
}

bool interrupt_pending(const struct interrupt *interrupt)
{
    return interrupt_wait(interrupt, 0);
}

bool interrupt_check(const struct interrupt *interrupt, struct error *err)
{
    if (interrupt_pending(interrupt))
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    return true;
}

bool interrupt_sleep_ms(const struct interrupt *interrupt, int milliseconds, struct error *err)
{
    if (interrupt_wait(interrupt, milliseconds))
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    return true;
}
