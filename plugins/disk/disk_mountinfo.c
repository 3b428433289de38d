/* SPDX-License-Identifier: MIT */
/*
 * disk_mountinfo - what is mounted, as we see it and as the host does, and word of every change
 *
 * Runs in the watcher, as part of the sensor.  Reads two files.  /proc/self/mountinfo is what our own statvfs()
 * goes by, but the unit's sandbox mounts directories over themselves, and those stay when the host unmounts what
 * is below: then we would measure a disk that nobody else writes to any more.  /proc/1/mountinfo is what Postfix
 * and the loggers see.  Both stay open, because Landlock may refuse to open them a second time, and the kernel
 * makes an open one ready (POLLPRI) at every mount, unmount and remount.
 *
 * A file system that shuts itself after an error is no such event: the text has to be read again now and then.
 *
 * Owns the two descriptors, their watches and texts.  Fails at creation for want of memory only: a file that cannot
 * be read has no text, and one that cannot be watched is read by the sensor's timer.  Limits: TEXT_MAX of a file, cut
 * behind a whole line, which on a host with as many mounts leaves out the youngest of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk/disk_mountinfo.h"

#define TEXT_MAX ((size_t)1 << 20)
#define TEXT_FIRST ((size_t)16384)
#define PATH_BYTES 512

struct view {
        int fd;
        struct sg_watch *watch;
        char *text; /* NULL: none */
        size_t size;
};

struct disk_mountinfo {
        const struct sg_host *host;
        struct view views[DISK_VIEWS];
        disk_mountinfo_fn fn;
        void *data;
};

static const char *const files[DISK_VIEWS] = {
        [DISK_VIEW_OURS] = "/proc/self/mountinfo",
        [DISK_VIEW_HOST] = "/proc/1/mountinfo",
};

static void on_ready(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        const struct disk_mountinfo *mountinfo = data;

        (void)watch;
        (void)fd;
        (void)ready;
        mountinfo->fn(mountinfo->data);
}

static bool grow(struct view *view) {
        size_t size = view->size ? view->size * 2 : TEXT_FIRST;
        char *text = realloc(view->text, size);

        if (!text)
                return false;
        view->text = text;
        view->size = size;
        return true;
}

static void forget(struct view *view) {
        free(view->text);
        view->text = NULL;
        view->size = 0;
}

static void read_view(struct view *view) {
        size_t used = 0;
        ssize_t n = 0;

        if (view->fd < 0)
                return;
        for (;;) {
                if (used + 1 >= view->size && (view->size >= TEXT_MAX || !grow(view)))
                        break;
                n = pread(view->fd, view->text + used, view->size - 1 - used, (off_t)used);
                if (n <= 0)
                        break;
                used += (size_t)n;
        }
        if (n < 0 || used == 0) {
                forget(view);
                return;
        }
        if (n > 0) /* There is more: the last line may be a part of one. */
                while (used > 0 && view->text[used - 1] != '\n')
                        used--;
        view->text[used] = '\0';
}

void disk_mountinfo_read(struct disk_mountinfo *mountinfo) {
        for (size_t i = 0; i < DISK_VIEWS; i++)
                read_view(&mountinfo->views[i]);
}

const char *disk_mountinfo_text(const struct disk_mountinfo *mountinfo, enum disk_view view) {
        return mountinfo->views[view].text;
}

int disk_mountinfo_new(
        const struct sg_host *host, disk_mountinfo_fn fn, void *data, struct disk_mountinfo **ret_mountinfo) {
        struct disk_mountinfo *mountinfo = calloc(1, sizeof(*mountinfo));

        if (!mountinfo)
                return -ENOMEM;
        *mountinfo = (struct disk_mountinfo){.host = host, .fn = fn, .data = data};
        for (size_t i = 0; i < DISK_VIEWS; i++) {
                struct view *view = &mountinfo->views[i];
                char path[PATH_BYTES];

                snprintf(path, sizeof(path), "%s%s", host->root, files[i]);
                view->fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                if (view->fd >= 0 &&
                        host->watch_new(host, "disk: mounts", view->fd, SG_READY_PRIORITY, on_ready,
                                mountinfo, &view->watch) < 0)
                        host->log(host, SG_LEVEL_WARNING, "%s: changes are only seen by the timer", files[i]);
        }
        disk_mountinfo_read(mountinfo);
        *ret_mountinfo = mountinfo;
        return 0;
}

struct disk_mountinfo *disk_mountinfo_free(struct disk_mountinfo *mountinfo) {
        if (!mountinfo)
                return NULL;
        for (size_t i = 0; i < DISK_VIEWS; i++) {
                struct view *view = &mountinfo->views[i];

                mountinfo->host->watch_free(view->watch);
                if (view->fd >= 0)
                        close(view->fd);
                forget(view);
        }
        free(mountinfo);
        return NULL;
}
