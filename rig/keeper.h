/* The keeper: a small process between tollgate and a gateway, so that no process is left behind
 * however tollgate ends. It is the subreaper of the gateway's whole tree, in a session of its own;
 * when its line to tollgate closes (tollgate ended, SIGKILL included) it kills the tree and goes.
 * It runs as a hidden command of the same program: `tollgate __keep CPU FIXED
 * [NAME=VALUE...] -- COMMAND...` with a SOCK_SEQPACKET socket as descriptor 3; the variables are
 * for the gateway alone, so that what is preloaded into it is not preloaded into the keeper. */
#ifndef TOLLGATE_RIG_KEEPER_H
#define TOLLGATE_RIG_KEEPER_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

#define KEEPER_COMMAND "__keep"

enum keeper_event {
    KEEPER_STARTED, /* pid */
    KEEPER_FAILED,  /* the program could not be started: text */
    KEEPER_EXITED,  /* pid, main, raw_status, cpu_ns */
    KEEPER_EMPTY,   /* no process of the tree is left */
};

struct keeper_message {
    enum keeper_event event;
    pid_t pid;
    bool is_main;     /* the process that was started, not a descendant */
    int raw_status;   /* as wait4 gives it */
    int64_t cpu_ns;   /* its own and that of children it waited for, as the kernel sums it up */
    int64_t clock_ns; /* its own, by its CPU clock at its end; -1 = unknown */
    char text[512];
};

/* What tollgate sends: one byte. */
enum keeper_order {
    KEEPER_TERMINATE = 'T', /* SIGTERM to the main process; once it ended, to what it left */
    KEEPER_KILL = 'K',      /* SIGKILL to the whole tree */
};

/* The hidden command's main. */
int keeper_main(int argc, char **argv);

#endif
