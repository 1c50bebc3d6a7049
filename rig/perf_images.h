/* What each process had mapped at each time, as the records tell it: they are applied in the order
 * of time, and in between the samples find their place. Only executable mappings are known.
 *
 * Forked processes share one image until one of them maps something of its own. */
#ifndef TOLLGATE_RIG_PERF_IMAGES_H
#define TOLLGATE_RIG_PERF_IMAGES_H

#include "base/buffer.h"
#include "rig/perf_records.h"

struct perf_map {
    uint64_t start, end;
    uint64_t offset; /* of `start` in the file */
    uint32_t major, minor;
    uint64_t inode;   /* 0 = no file */
    const char *path; /* as the process saw it; one pointer for one text */
};

struct perf_image {
    struct perf_map *maps; /* by address, none overlapping */
    size_t count, capacity;
    size_t users;    /* processes */
    uint32_t number; /* from 1; another one for every change */
};

struct perf_images;

MUST_CHECK bool perf_images_new(struct perf_images **images, struct error *err);
void perf_images_free(struct perf_images *images);

/* Records that say nothing of mappings are passed over. */
MUST_CHECK bool perf_images_apply(struct perf_images *images, const struct perf_record *record,
                                  struct error *err);

/* What the process has mapped by now, NULL when nothing is known of it. Valid until the next
 * record. */
const struct perf_image *perf_images_find(const struct perf_images *images, pid_t pid);

/* The mapping that holds the address, or NULL. */
const struct perf_map *perf_image_find(const struct perf_image *image, uint64_t address);

/* The image in the form of /proc/PID/maps. */
void perf_image_append_text(const struct perf_image *image, struct buffer *out);

/* The process runs its n-th program: 0 when nothing is known of it, else more with every fork and
 * exec of its number. */
uint32_t perf_images_program(const struct perf_images *images, pid_t pid);

/* Tells the processes that begin with this one's exec from all others: call it before the first
 * record. */
void perf_images_follow(struct perf_images *images, pid_t root);
bool perf_images_is_followed(const struct perf_images *images, pid_t pid);

/* Mappings and processes beyond what is followed: what runs there stays without names. */
size_t perf_images_dropped(const struct perf_images *images);

#endif
