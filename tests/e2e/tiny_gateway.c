/* A gateway of one file: answers each request with its target. `gateway PORT [OPTION]...`:
 *   workers=N   preforks N processes that accept
 *   daemon      leaves a grandchild in a session of its own that nobody waits for
 *   deaf        ignores SIGTERM
 *   unready     never listens
 *   spin=N      N rounds of work a request */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64 };

static long spin;
static volatile unsigned long sink;

/* One request a read: the driver has one in flight, and the tests' have no bodies. False at the
 * end of the connection. */
static int answer(int client)
{
    char request[8192], reply[9000], *target, *end;
    ssize_t got = read(client, request, sizeof request - 1);
    if (got <= 0)
        return 0;
    request[got] = '\0';
    for (long i = 0; i < spin; i++)
        sink += (unsigned long)i * sink + 1;
    target = strchr(request, ' ');
    end = target != NULL ? strchr(target + 1, ' ') : NULL;
    if (end == NULL)
        return 0;
    *end = '\0';
    char *copy = strdup(target + 1);
    if (copy == NULL)
        return 0;
    int length = snprintf(reply, sizeof reply,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          strlen(copy), copy);
    free(copy);
    return write(client, reply, (size_t)length) == length;
}

static void serve(int listening)
{
    struct pollfd watched[CLIENTS_MAX + 1] = {{.fd = listening, .events = POLLIN}};
    int count = 1;
    for (;;) {
        if (poll(watched, (nfds_t)count, -1) < 0)
            continue;
        for (int i = count - 1; i > 0; i--) {
            if (watched[i].revents == 0 || answer(watched[i].fd))
                continue;
            close(watched[i].fd);
            watched[i] = watched[--count];
        }
        if (watched[0].revents == 0 || count > CLIENTS_MAX)
            continue;
        int client = accept(listening, NULL, NULL);
        if (client < 0)
            continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        watched[count++] = (struct pollfd){.fd = client, .events = POLLIN};
    }
}

/* Its parent ends at once, so that only a subreaper can still find it. */
static void leave_grandchild(void)
{
    pid_t child = fork();
    if (child != 0)
        return;
    setsid();
    if (fork() != 0)
        _exit(0);
    signal(SIGTERM, SIG_IGN);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    long workers = 0;
    char *own = strdup(argv[0]); /* as a real one, it allocates from the start */
    if (argc < 2 || own == NULL)
        return 2;
    address.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "workers=", 8) == 0)
            workers = strtol(argv[i] + 8, NULL, 10);
        if (strncmp(argv[i], "spin=", 5) == 0)
            spin = strtol(argv[i] + 5, NULL, 10);
        if (strcmp(argv[i], "daemon") == 0)
            leave_grandchild();
        if (strcmp(argv[i], "deaf") == 0)
            signal(SIGTERM, SIG_IGN);
        if (strcmp(argv[i], "unready") == 0)
            for (;;)
                pause();
    }
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listening, 64) != 0) {
        perror("cannot listen");
        return 1;
    }
    for (long i = 0; i < workers; i++)
        if (fork() == 0)
            serve(listening);
    if (workers == 0)
        serve(listening);
    for (;;)
        pause();
}
