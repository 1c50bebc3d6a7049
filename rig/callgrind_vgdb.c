#include "rig/callgrind_vgdb.h"

#include "base/buffer.h"
#include "base/child.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#define MAX_REPLY (1U << 20)

/* The pipes are named after user and host as the gateway's environment has them, which need not be
 * ours: vgdb is given those of the name it is to find. */
static bool read_names(const char *prefix, pid_t pid, char *user, char *host, size_t size)
{
    char pattern[4200];
    glob_t found = {0};
    bool known = false;
    int length = snprintf(pattern, sizeof pattern, "%s-shared-mem-vgdb-%ld-by-", prefix, (long)pid);
    if (length < 0 || (size_t)length + 2 > sizeof pattern)
        return false;
    pattern[length] = '*';
    pattern[length + 1] = '\0';
    if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0) {
        const char *name = found.gl_pathv[0] + length;
        const char *on = strstr(name, "-on-");
        if (on != NULL) {
            int user_length = (int)(on - name);
            int needed = snprintf(user, size, "LOGNAME=%.*s", user_length, name);
            int host_needed = snprintf(host, size, "HOST=%s", on + 4);
            known = (size_t)needed < size && (size_t)host_needed < size;
        }
    }
    globfree(&found);
    return known;
}

/* `question` and `of_what` are the words of one monitor command; the second may be NULL. */
static bool run_vgdb(const char *prefix, pid_t pid, const char *question, const char *of_what,
                     int timeout_ms, const struct interrupt *interrupt, struct buffer *reply,
                     struct error *err)
{
    char prefix_option[4200], pid_option[32], user[300], host[300];
    if (!read_names(prefix, pid, user, host, sizeof user))
        return error_set(err, ERROR_ENVIRONMENT,
                         "callgrind in process %ld cannot be spoken to: it ended or is not up",
                         (long)pid);
    snprintf(prefix_option, sizeof prefix_option, "--vgdb-prefix=%s", prefix);
    snprintf(pid_option, sizeof pid_option, "--pid=%ld", (long)pid);
    const char *const arguments[] = {"vgdb",   prefix_option, pid_option, "--max-invoke-ms=1",
                                     question, of_what,       NULL};
    const char *const environment[] = {user, host, NULL};
    struct child_options options = {
        .arguments = arguments, .environment = environment, .cpu = -1, .dies_with_parent = true};
    struct child_status status = {0};
    struct buffer errors;
    buffer_init(&errors, MAX_REPLY);
    bool ok = child_run(&options, timeout_ms, interrupt, reply, &errors, &status, err);
    if (ok && (status.signalled || status.code != 0))
        ok = error_set(err, ERROR_ENVIRONMENT, "vgdb got no answer from process %ld: %s", (long)pid,
                       buffer_text(&errors));
    buffer_release(&errors);
    return ok;
}

bool callgrind_vgdb_read(const char *prefix, pid_t pid, int timeout_ms,
                         const struct interrupt *interrupt, struct callgrind_cost *cost,
                         struct error *err)
{
    char name[64];
    struct buffer reply;
    buffer_init(&reply, MAX_REPLY);
    snprintf(name, sizeof name, "callgrind's status of process %ld", (long)pid);
    bool ok = run_vgdb(prefix, pid, "status", "internal", timeout_ms, interrupt, &reply, err) &&
              callgrind_text_status(name, buffer_text(&reply), reply.length, cost, err);
    buffer_release(&reply);
    return ok;
}

bool callgrind_vgdb_dump(const char *prefix, pid_t pid, int timeout_ms,
                         const struct interrupt *interrupt, struct error *err)
{
    struct buffer reply;
    buffer_init(&reply, MAX_REPLY);
    bool ok = run_vgdb(prefix, pid, "dump", NULL, timeout_ms, interrupt, &reply, err);
    buffer_release(&reply);
    return ok;
}
