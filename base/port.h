/* Free TCP ports of 127.0.0.1, the same ones each time where they are free. A port's number is part
 * of what a gateway hashes, prints and compares: with another one each run, the same request costs
 * a few instructions more or less. */
#ifndef TOLLGATE_BASE_PORT_H
#define TOLLGATE_BASE_PORT_H

#include "base/error.h"

/* Where the searches begin: below the range from which Linux gives outgoing connections theirs. */
enum { PORT_FIRST_STANDIN = 20000, PORT_FIRST_GATEWAY = 21000, PORT_TRIES = 1000 };

/* A port that no other process of ours takes while it is held, though nobody listens on it yet. */
struct port_reservation {
    int port;
    int fd; /* an abstract socket by the port's name; -1 = none */
};

/* The first port from `first` on that is neither reserved nor bound. */
MUST_CHECK bool port_reserve(struct port_reservation *reservation, int first, struct error *err);
void port_release(struct port_reservation *reservation);

/* Whether a connection to the port is accepted. */
bool port_accepts(int port);

#endif
