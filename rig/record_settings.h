/* What `tollgate record` was asked for. */
#ifndef TOLLGATE_RIG_RECORD_SETTINGS_H
#define TOLLGATE_RIG_RECORD_SETTINGS_H

#include "replay/recorder.h"
#include "rig/command.h"
#include "rig/config.h"

struct record_settings {
    struct recorder_options recorder; /* but for the recording */
    struct recording_options recording;
    struct recorder_site_options sites[ARGUMENT_REPEAT_MAX + 1];
    struct redaction_options redaction;
    struct config config;
    bool has_config;
    struct endpoint_map no_endpoints;
    struct arena arena;
    long seconds; /* 0 = until Ctrl-C */
    FILE *report; /* results in words */
};

/* Reads options and config. What it makes is released by record_settings_release, whether it fails
 * or not. */
MUST_CHECK bool record_settings_read(struct record_settings *settings,
                                     const struct arguments *arguments, struct error *err);
void record_settings_release(struct record_settings *settings);

/* "64M", "1.5G", "4096": bytes, with K, M and G for powers of 1024. */
MUST_CHECK bool record_parse_size(const char *text, uint64_t *bytes);

#endif
