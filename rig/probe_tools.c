/* Probes of the programs that passes need, and of the folder that they write to. */
#include "rig/probe_private.h"

#include "base/child.h"
#include "base/file.h"
#include "rig/machine_text.h"
#include "rig/sampler.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { TOOL_TIMEOUT_MS = 10000, OUTPUT_MAX_BYTES = 1 << 20 };

#define FREE_WEAK_BYTES (1024.0 * 1024 * 1024)

/* Runs a tool to its end; false when it cannot be, or fails. `out` gets what it printed. */
static bool run_tool(const struct probe_context *context, const char *const *arguments,
                     const char *const *environment, struct buffer *out)
{
    struct child_options options = {
        .arguments = arguments, .environment = environment, .cpu = -1, .dies_with_parent = true};
    struct child_status status = {0};
    struct buffer errors;
    struct error ignored = {0};
    buffer_init(&errors, OUTPUT_MAX_BYTES);
    bool ok =
        child_run(&options, TOOL_TIMEOUT_MS, context->interrupt, out, &errors, &status, &ignored);
    buffer_release(&errors);
    return ok && !status.signalled && status.code == 0;
}

static void find_tool(const struct probe_context *context, struct finding *out,
                      const char *const *arguments, enum probe_verdict otherwise, bool has_version)
{
    struct buffer text;
    buffer_init(&text, OUTPUT_MAX_BYTES);
    bool ok = run_tool(context, arguments, NULL, &text);
    struct text_span line = machine_text_first_line(buffer_text(&text));
    if (!ok)
        probe_say(context, out, otherwise, "not found, or does not run");
    else if (has_version && line.start != NULL)
        probe_say(context, out, PROBE_OK, "%.*s", (int)line.size, line.start);
    else
        probe_say(context, out, PROBE_OK, "found");
    buffer_release(&text);
}

/* The fingerprint has asked already. */
static void find_known(const struct probe_context *context, struct finding *out,
                       const char *version, enum probe_verdict otherwise)
{
    if (version != NULL)
        probe_say(context, out, PROBE_OK, "%s", version);
    else
        probe_say(context, out, otherwise, "not found, or does not run");
}

void probe_find_valgrind(const struct probe_context *context, struct finding *out)
{
    find_known(context, out, context->machine->valgrind, PROBE_MISSING);
}

void probe_find_vgdb(const struct probe_context *context, struct finding *out)
{
    static const char *const arguments[] = {"vgdb", "--help", NULL};
    find_tool(context, out, arguments, PROBE_MISSING, false);
}

void probe_find_git(const struct probe_context *context, struct finding *out)
{
    static const char *const arguments[] = {"git", "--version", NULL};
    find_tool(context, out, arguments, PROBE_WEAK, true);
}

void probe_find_compiler(const struct probe_context *context, struct finding *out)
{
    find_known(context, out, context->machine->compiler, PROBE_WEAK);
}

/* Preloads the agent into a small program of the system and looks whether it counted. */
static void try_agent(const struct probe_context *context, struct finding *out, void *sampler)
{
    static const char *const arguments[] = {"env", "--version", NULL};
    const char *const *preload = sampler_agent.environment(sampler);
    const char *path = getenv("PATH");
    const char *own =
        arena_format(context->arena, "PATH=%s", path != NULL ? path : "/usr/bin:/bin");
    if (own == NULL || preload[0] == NULL || preload[1] == NULL) {
        probe_say(context, out, PROBE_MISSING, "out of memory");
        return;
    }
    const char *const environment[] = {own, preload[0], preload[1], NULL};
    bool ran = run_tool(context, arguments, environment, NULL);
    const char *blind = sampler_agent.blind(sampler, NULL);
    if (ran && blind == NULL)
        probe_say(context, out, PROBE_OK, "found, and counts when preloaded");
    else
        probe_say(context, out, PROBE_MISSING,
                  "found, but counts nothing in a program preloaded "
                  "with it");
}

void probe_find_agent(const struct probe_context *context, struct finding *out)
{
    char folder[] = "/tmp/tollgate-doctor-XXXXXX";
    char why[512] = "";
    void *sampler = NULL;
    struct error err = {0};
    if (mkdtemp(folder) == NULL) {
        probe_say(context, out, PROBE_MISSING, "cannot be tried: /tmp cannot be written to");
        out->mend = "make /tmp writable";
        return;
    }
    if (!sampler_agent.open(&sampler, folder, context->interrupt, why, &err))
        probe_say(context, out, PROBE_MISSING, "cannot be tried: %.300s", err.text);
    else if (sampler == NULL)
        probe_say(context, out, PROBE_MISSING, "%s", why);
    else
        try_agent(context, out, sampler);
    if (sampler != NULL)
        sampler_agent.close(sampler);
    error_clear(&err);
    if (!file_remove_tree(folder, &err))
        probe_say(context, out, out->verdict, "%s; %s stays behind", out->detail, folder);
}

/* The folder, or the nearest above it that exists. */
static const char *find_existing(const struct probe_context *context)
{
    char *path = arena_copy_string(context->arena, context->work_path);
    while (path != NULL && !file_exists(path))
        path = arena_copy_string(context->arena, dirname(path));
    return path != NULL ? path : ".";
}

void probe_find_work_folder(const struct probe_context *context, struct finding *out)
{
    char absolute[PATH_MAX];
    const char *path = find_existing(context);
    if (access(path, W_OK | X_OK) == 0) {
        probe_say(context, out, PROBE_OK, "%s", context->work_path);
        return;
    }
    if (realpath(path, absolute) != NULL)
        path = absolute;
    probe_say(context, out, PROBE_MISSING, "%s cannot be written to", path);
    out->mend = arena_format(context->arena, "sudo chown -R $USER '%s'", path);
}

void probe_find_disk(const struct probe_context *context, struct finding *out)
{
    const char *path = find_existing(context);
    struct statvfs space;
    if (statvfs(path, &space) != 0) {
        probe_say(context, out, PROBE_INFO, "not told");
        return;
    }
    double free_bytes = (double)space.f_bavail * (double)space.f_frsize;
    probe_say(context, out, free_bytes < FREE_WEAK_BYTES ? PROBE_WEAK : PROBE_OK, "%.1f GiB",
              free_bytes / (1024.0 * 1024 * 1024));
}
