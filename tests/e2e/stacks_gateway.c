/* A gateway whose stacks are known: each endpoint spends its time in functions of its own.
 * `gateway PORT`, answers each request with its target:
 *   /even    four functions that share the work 40 : 30 : 20 : 10
 *   /sort    in a comparison that the C library calls
 *   /thread  in a thread that lives for the request
 *   /child   in a process that lives for the request
 *   /made    in code that was made at run time, with a name in the perf map file */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64, WORK = 200000 };

#define APART __attribute__((noinline, noclone))

static volatile unsigned long sink;

/* Each step waits for the one before: the same time for each, on every machine. */
#define SPIN(rounds)                                                                               \
    do {                                                                                           \
        unsigned long state = sink;                                                                \
        for (unsigned long i = 0; i < (unsigned long)(rounds); i++)                                \
            state = state * 6364136223846793005UL + 1442695040888963407UL;                         \
        sink = state;                                                                              \
    } while (0)

static APART void even_forty(void)
{
    SPIN(4 * WORK);
}

static APART void even_thirty(void)
{
    SPIN(3 * WORK);
}

static APART void even_twenty(void)
{
    SPIN(2 * WORK);
}

static APART void even_ten(void)
{
    SPIN(WORK);
}

static APART void even(void)
{
    even_forty();
    even_thirty();
    even_twenty();
    even_ten();
    sink++;
}

static APART int compare_slowly(const void *left, const void *right)
{
    SPIN(WORK / 5);
    return *(const int *)left - *(const int *)right;
}

static APART void sort(void)
{
    int values[16];
    for (int i = 0; i < 16; i++)
        values[i] = i * 7 % 16;
    qsort(values, 16, sizeof values[0], compare_slowly);
    sink += (unsigned long)values[3];
}

static APART void *in_thread(void *argument)
{
    SPIN(10 * WORK);
    return argument;
}

static APART void thread(void)
{
    pthread_t id;
    if (pthread_create(&id, NULL, in_thread, NULL) == 0)
        pthread_join(id, NULL);
    sink++;
}

static APART void in_child(void)
{
    SPIN(10 * WORK);
    _exit(0);
}

static APART void child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        in_child();
    if (pid > 0)
        waitpid(pid, NULL, 0);
    sink++;
}

static void (*made)(unsigned long rounds);
static char map_path[64];

/* "dec %rdi; jnz back; ret". */
static void make_code(void)
{
    static const unsigned char code[] = {0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    memcpy(page, code, sizeof code);
    if (mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0)
        return;
    snprintf(map_path, sizeof map_path, "/tmp/perf-%d.map", (int)getpid());
    FILE *map = fopen(map_path, "w");
    if (map == NULL)
        return;
    fprintf(map, "%lx %zx made_at_run_time\n", (unsigned long)page, sizeof code);
    fclose(map);
    memcpy(&made, &page, sizeof made);
}

static APART void call_made(void)
{
    if (made != NULL)
        made(40 * WORK);
    sink++;
}

static void leave(int number)
{
    (void)number;
    unlink(map_path);
    _exit(0);
}

static void work(const char *target)
{
    static const struct {
        const char *target;
        void (*work)(void);
    } rows[] = {{"/even", even},
                {"/sort", sort},
                {"/thread", thread},
                {"/child", child},
                {"/made", call_made}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(target, rows[i].target) == 0)
            rows[i].work();
}

/* One request a read. 0 at the end of the connection. */
static int answer(int client)
{
    char request[2048], reply[512], *target, *end;
    ssize_t got = read(client, request, sizeof request - 1);
    if (got <= 0)
        return 0;
    request[got] = '\0';
    target = strchr(request, ' ');
    end = target != NULL ? strchr(target + 1, ' ') : NULL;
    if (end == NULL)
        return 0;
    *end = '\0';
    work(target + 1);
    int length = snprintf(reply, sizeof reply,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                          "Content-Length: %zu\r\n\r\n%.200s",
                          strlen(target + 1), target + 1);
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

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (argc < 2)
        return 2;
    address.sin_port = htons((unsigned short)strtol(argv[1], NULL, 10));
    make_code();
    signal(SIGTERM, leave);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listening, 64) != 0) {
        perror("cannot listen");
        return 1;
    }
    serve(listening);
}
