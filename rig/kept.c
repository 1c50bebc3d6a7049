#include "rig/kept.h"

#include "rig/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The keeper's command line around the command's own; to be freed. */
static const char **wrap(const char *const *arguments)
{
    static const char *const before[] = {"/proc/self/exe", KEEPER_COMMAND, "-1", "0", "--"};
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    const char **wrapped = calloc(COUNT_OF(before) + count + 1, sizeof *wrapped);
    if (wrapped == NULL)
        return NULL;
    for (size_t i = 0; i < COUNT_OF(before); i++)
        wrapped[i] = before[i];
    for (size_t i = 0; i < count; i++)
        wrapped[COUNT_OF(before) + i] = arguments[i];
    return wrapped;
}

/* Listens until the command has ended. */
static bool await_end(int line, const struct interrupt *interrupt, struct child_status *status,
                      struct error *err)
{
    struct pollfd watched[2] = {{.fd = line, .events = POLLIN},
                                {.fd = interrupt != NULL ? interrupt->fd : -1, .events = POLLIN}};
    for (;;) {
        struct keeper_message message;
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            return error_set_errno(err, "cannot wait for the command");
        if (watched[1].revents != 0)
            return error_set(err, ERROR_INTERRUPTED, "interrupted");
        if (watched[0].revents == 0)
            continue;
        if (recv(line, &message, sizeof message, 0) != (ssize_t)sizeof message)
            return error_set(err, ERROR_ENVIRONMENT, "the process that keeps it was killed");
        if (message.event == KEEPER_FAILED)
            return error_set(err, ERROR_ENVIRONMENT, "%s", message.text);
        if (message.event != KEEPER_EXITED || !message.is_main)
            continue;
        status->signalled = WIFSIGNALED(message.raw_status);
        status->code =
            status->signalled ? WTERMSIG(message.raw_status) : WEXITSTATUS(message.raw_status);
        return true;
    }
}

bool kept_run(const char *const *arguments, const char *folder, int output_fd,
              const struct interrupt *interrupt, struct child_status *status, struct error *err)
{
    bool ok = false;
    int line[2] = {-1, -1};
    pid_t keeper = -1;
    const char **wrapped = wrap(arguments);
    if (wrapped == NULL)
        return error_set_memory(err);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0) {
        error_set_errno(err, "cannot reach the process that keeps %s", arguments[0]);
        goto out;
    }
    struct child_options options = {.arguments = wrapped,
                                    .folder = folder,
                                    .stdout_fd = output_fd,
                                    .stderr_fd = output_fd,
                                    .kept_fd = line[1],
                                    .cpu = -1,
                                    .new_session = true};
    if (!child_start(&options, &keeper, err)) {
        keeper = -1;
        goto out;
    }
    close(line[1]); /* else its end would not be noticed */
    line[1] = -1;
    ok = await_end(line[0], interrupt, status, err);
out:
    for (int i = 0; i < 2; i++)
        if (line[i] >= 0)
            close(line[i]);
    if (keeper > 0)
        waitpid(keeper, NULL, 0); /* it kills what is left before it goes */
    free(wrapped);
    return ok;
}
