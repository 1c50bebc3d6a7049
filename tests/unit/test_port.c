#include "base/port.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A range of this test's own, by process, so that tests at the same time do not meet. */
static int first_port(void)
{
    return 23000 + (int)(getpid() % 7000);
}

TestSuite(port, .timeout = 60);

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fd, 1), 0);
    return fd;
}

Test(port, holds_what_it_gave)
{
    struct port_reservation one, other;
    struct error err = {0};
    cr_assert(port_reserve(&one, first_port(), &err), "%s", err.text);
    cr_assert(port_reserve(&other, first_port(), &err), "%s", err.text);
    cr_assert_neq(one.port, other.port);
    int freed = one.port;
    port_release(&one);
    cr_assert(port_reserve(&one, first_port(), &err), "%s", err.text);
    cr_assert_eq(one.port, freed, "the same ports each time");
    port_release(&one);
    port_release(&other);
    port_release(&other);
}

Test(port, passes_over_one_that_is_listened_on)
{
    struct port_reservation one, other;
    struct error err = {0};
    cr_assert(port_reserve(&one, first_port(), &err), "%s", err.text);
    int taken = one.port;
    cr_assert(!port_accepts(taken));
    int fd = listen_on(taken);
    cr_assert(port_accepts(taken));
    port_release(&one);
    cr_assert(port_reserve(&other, taken, &err), "%s", err.text);
    cr_assert_neq(other.port, taken);
    port_release(&other);
    close(fd);
}
