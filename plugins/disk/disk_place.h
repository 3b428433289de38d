/* SPDX-License-Identifier: MIT */
/* disk_place - which file system, or which part of one with limits of its own, a directory belongs to */
#ifndef DISK_DISK_PLACE_H
#define DISK_DISK_PLACE_H

#include "disk/disk.h"
#include "disk/disk_mountinfo.h"

struct disk_place {
        char label[256];                /* its mount point, or the directory when it has limits of its own */
        char device[DISK_DEVICE_BYTES]; /* of the super block */
        dev_t st_dev;
        uint32_t project; /* whose limits the directory is under; 0: no limits but those of the file system */
        bool is_of_host;  /* for the host's processes, the same is there */
        bool has_options; /* the next one is known */
        bool is_read_only; /* for the host's processes */
};

/* `path` with the root in front.  Negative errno: there is nothing, or it does not answer. */
int disk_place_find(const struct disk_mountinfo *mountinfo, const char *root, const char *path,
        struct disk_place *ret_place);
/* The same space under two names: bind mounts, subvolumes, directories of one project. */
bool disk_place_is_same(const struct disk_place *a, const struct disk_place *b);

/* Pure: what two mounts (NULL: not found) say about a place, but for its project.  `path` without the root. */
void disk_place_of(const struct disk_mount *ours, const struct disk_mount *of_host, const char *path,
        dev_t st_dev, struct disk_place *ret_place);

#endif
