/* Whatever the bytes are: a config whose figures are within their bounds, or a reason why not that
 * names the file. Seeds: fixtures/config. */
#include "rig/config.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pass(const struct pass_settings *pass)
{
    if (pass->replicates < 1 || pass->rounds < 1 || pass->exchanges < 1)
        BUG("a pass of nothing");
}

static void check_config(const struct config *config)
{
    const struct gateway_config *gateway = &config->gateway;
    if (config->corpus_path == NULL || config->store_path == NULL || config->work_path == NULL)
        BUG("a path is missing");
    if (gateway->start == NULL || gateway->start[0] == NULL || gateway->folder == NULL)
        BUG("nothing to start");
    for (size_t i = 0; i < gateway->build_count; i++)
        if (gateway->build[i].arguments[0] == NULL)
            BUG("an empty build command");
    for (size_t i = 0; i < gateway->environment_count; i++)
        if (strchr(gateway->environment[i].name, '=') != NULL)
            BUG("not a name for a variable");
    if (gateway->ready_timeout_ms < 1 || gateway->stop_timeout_ms < 1 ||
        gateway->request_timeout_ms < 1)
        BUG("a time limit of nothing");
    check_pass(&config->live);
    check_pass(&config->exact);
    check_pass(&config->alloc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct error err = {0};
    char path[64];
    int fd = memfd_create("config", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        BUG("no memory for the input");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (config_read(&config, path, &err)) {
        check_config(&config);
        config_release(&config);
    } else if (err.code == ERROR_NONE || err.text[0] == '\0') {
        BUG("refused without a reason");
    } else if (err.code == ERROR_INPUT && strncmp(err.where, path, strlen(path)) != 0 &&
               memmem(data, size, "endpoints", strlen("endpoints")) == NULL) {
        /* "endpoints" names other files, which then are at fault */
        BUG("does not name the file: %s", err.where);
    }
    close(fd);
    return 0;
}
