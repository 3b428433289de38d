/* SPDX-License-Identifier: MIT */
/* disk_mountinfo - what is mounted, as we see it and as the host does, and word of every change */
#ifndef DISK_DISK_MOUNTINFO_H
#define DISK_DISK_MOUNTINFO_H

#include <spoolguard/host.h>

enum disk_view { DISK_VIEW_OURS, DISK_VIEW_HOST, DISK_VIEWS };

typedef void (*disk_mountinfo_fn)(void *data);

struct disk_mountinfo;

/* `fn` runs after every mount, unmount and remount.  Both files were read. */
int disk_mountinfo_new(
        const struct sg_host *host, disk_mountinfo_fn fn, void *data, struct disk_mountinfo **ret_mountinfo);
void disk_mountinfo_read(struct disk_mountinfo *mountinfo);
/* As of the last disk_mountinfo_read(); NULL: it cannot be read. */
const char *disk_mountinfo_text(const struct disk_mountinfo *mountinfo, enum disk_view view);
/* Not from inside of `fn`.  NULL is fine; returns NULL. */
struct disk_mountinfo *disk_mountinfo_free(struct disk_mountinfo *mountinfo);

#endif
