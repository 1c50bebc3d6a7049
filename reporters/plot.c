#include "reporters/plot.h"

#include "base/child.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TIMEOUT_MS = 10000, ERRORS_MAX_BYTES = 1 << 16 };

/* A file without a name that holds the commands, to be read from its start. -1 on error. */
static int hold(const char *commands)
{
    size_t size = strlen(commands), done = 0;
    int file = memfd_create("gnuplot", MFD_CLOEXEC);
    while (file >= 0 && done < size) {
        ssize_t written = write(file, commands + done, size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    if (file >= 0 && (done < size || lseek(file, 0, SEEK_SET) != 0)) {
        close(file);
        return -1;
    }
    return file;
}

static bool run(const char *commands, struct buffer *svg, struct error *err)
{
    /* -d: nobody's own settings. */
    static const char *const arguments[] = {"gnuplot", "-d", "-", NULL};
    struct child_options options = {
        .arguments = arguments, .stdin_fd = hold(commands), .cpu = -1, .dies_with_parent = true};
    struct child_status status = {0};
    struct buffer errors;
    if (options.stdin_fd < 0)
        return error_set_errno(err, "cannot hand gnuplot its commands");
    buffer_init(&errors, ERRORS_MAX_BYTES);
    bool ok = child_run(&options, TIMEOUT_MS, NULL, svg, &errors, &status, err);
    close(options.stdin_fd);
    if (ok && (status.signalled || status.code != 0)) {
        char words[128];
        child_describe(&status, words, sizeof words);
        ok = error_set(err, ERROR_ENVIRONMENT, "gnuplot %s: %.200s", words, buffer_text(&errors));
    }
    buffer_release(&errors);
    return ok;
}

bool plot_append(struct buffer *out, const char *commands, const struct plot_labels *labels,
                 char why[static PLOT_WHY_SIZE], struct error *err)
{
    struct error failed = {0};
    struct buffer svg, picture;
    why[0] = '\0';
    buffer_init(&svg, PLOT_SVG_MAX_BYTES);
    buffer_init(&picture, 4 * PLOT_SVG_MAX_BYTES);
    bool ran = run(commands, &svg, &failed) && buffer_check(&svg, &failed);
    /* More than was asked for is not want of memory. */
    if (svg.failed && svg.length > PLOT_SVG_MAX_BYTES / 2) {
        error_clear(&failed);
        error_set(&failed, ERROR_INPUT, "gnuplot's picture has more than %d bytes",
                  PLOT_SVG_MAX_BYTES);
    }
    bool drawn = ran && plot_svg_append(&picture, buffer_text(&svg), svg.length, labels, &failed) &&
                 buffer_check(&picture, &failed);
    if (drawn)
        buffer_append(out, buffer_text(&picture), picture.length);
    else
        snprintf(why, PLOT_WHY_SIZE, "%.390s", failed.text);
    buffer_release(&svg);
    buffer_release(&picture);
    return drawn || failed.code != ERROR_MEMORY || error_set_memory(err);
}
