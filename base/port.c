#include "base/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* The kernel drops an abstract name with the last descriptor: nothing is left behind. */
static int hold_name(int port)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length =
        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "tollgate-port-%d", port);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool is_unbound(int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool unbound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return unbound;
}

bool port_reserve(struct port_reservation *reservation, int first, struct error *err)
{
    for (int port = first; port < first + PORT_TRIES; port++) {
        *reservation = (struct port_reservation){.port = port, .fd = hold_name(port)};
        if (reservation->fd >= 0 && is_unbound(port))
            return true;
        port_release(reservation);
    }
    return error_set(err, ERROR_ENVIRONMENT, "no free port on 127.0.0.1 from %d to %d", first,
                     first + PORT_TRIES - 1);
}

void port_release(struct port_reservation *reservation)
{
    if (reservation->fd >= 0)
        close(reservation->fd);
    reservation->fd = -1;
}

bool port_accepts(int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool accepts = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return accepts;
}
