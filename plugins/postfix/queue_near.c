/* SPDX-License-Identifier: MIT */
/*
 * queue_near - reach files of a spool from the directory they lie in, instead of from the top
 *
 * Runs in the watcher, as part of the sensor `queue`.  Files are mostly wanted one directory after the other, as
 * they were listed, and walking down to each of them is a third of what reading it costs.  So the last directory
 * of messages and the last one of logs stay open while there is work.
 *
 * Owns these two descriptors.  Cannot fail: without one, the way is from the top.
 * Limits: what is not in a kept directory is looked for from the top, but what is still in one that was moved
 * away is found there until the next listing of everything.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "postfix/queue_spool.h"

static void forget(struct queue_near *near) {
        if (near->path[0])
                close(near->fd);
        near->path[0] = '\0';
}

void queue_near_close(struct queue_spool *spool) {
        for (size_t i = 0; i < sizeof(spool->near) / sizeof(spool->near[0]); i++)
                forget(&spool->near[i]);
}

/* The directory of `path` and the name in it; or the spool, and the whole path. */
static int directory_of(struct queue_spool *spool, const char *path, const char **ret_name) {
        struct queue_near *near = &spool->near[strncmp(path, "defer/", strlen("defer/")) == 0];
        const char *name = strrchr(path, '/') + 1;
        size_t length = (size_t)(name - path);

        *ret_name = name;
        if (strncmp(near->path, path, length) == 0 && near->path[length] == '\0')
                return near->fd;
        forget(near);
        snprintf(near->path, sizeof(near->path), "%.*s", (int)length, path);
        near->fd = openat(spool->fd, near->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (near->fd >= 0)
                return near->fd;
        near->path[0] = '\0';
        *ret_name = path;
        return spool->fd;
}

/* O_NOATIME is for the owner and root; without the right to it, it is asked for once and files are read all the same. */
static int open_at(struct queue_spool *spool, int directory, const char *name) {
        const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        int fd = openat(directory, name, flags | (spool->is_stranger ? 0 : O_NOATIME));

        if (fd >= 0 || errno != EPERM || spool->is_stranger)
                return fd;
        spool->is_stranger = true;
        return openat(directory, name, flags);
}

int queue_near_open(struct queue_spool *spool, const char *path) {
        const char *name;
        int directory = directory_of(spool, path, &name), fd = open_at(spool, directory, name);

        return fd < 0 && errno == ENOENT && name != path ? open_at(spool, spool->fd, path) : fd;
}

int queue_near_stat(struct queue_spool *spool, const char *path, struct stat *ret_status) {
        const char *name;
        int directory = directory_of(spool, path, &name);
        int r = fstatat(directory, name, ret_status, AT_SYMLINK_NOFOLLOW);

        return r < 0 && errno == ENOENT && name != path
                ? fstatat(spool->fd, path, ret_status, AT_SYMLINK_NOFOLLOW)
                : r;
}
