/* SPDX-License-Identifier: MIT */
/*
 * dir_watch - "something changed below these directories", coalesced
 *
 * Runs in the watcher, as part of a sensor.  A busy spool or log directory has thousands of events a second, of
 * which the sensor needs none: it measures again, whatever happened.  So after the first event nobody listens until
 * the coalescing time is over, and then as long as the sensor wants to rest.  And each directory speaks once only
 * until it is watched again: whoever writes there pays for what is said.
 *
 * The watches are renewed before the sensor is told, so that nothing that it does not see yet goes unheard, and
 * since a new subdirectory is an event in its parent.  Subdirectories that are symbolic links are not
 * followed: whoever can write to a log directory must not choose what else is watched.
 *
 * Owns the inotify descriptor, a timer and a watch on the loop.  Fails only at creation; a directory that
 * cannot be watched is left to the sensor's own timer.  Limits: SUBDIRECTORIES_MAX of one root.
 */
#include "common/dir_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBDIRECTORIES_MAX 256
#define EVENTS                                                                                               \
        (IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | \
                IN_ONLYDIR | IN_ONESHOT)

struct dir_watch {
        const struct sg_host *host;
        const char *name;
        char **roots;
        uint64_t coalesce_usec, rest_usec;
        dir_watch_fn fn;
        void *data;

        int fd;
        struct sg_watch *readable; /* NULL while the timer runs */
        struct sg_timer *timer;    /* made at the first event */
        bool is_resting;
};

static void on_readable(struct sg_watch *source, int fd, unsigned ready, void *data);
static void on_timer(struct sg_timer *timer, void *data);

static int listen_again(struct dir_watch *watch) {
        return watch->host->watch_new(
                watch->host, watch->name, watch->fd, SG_READY_IN, on_readable, watch, &watch->readable);
}

static void on_readable(struct sg_watch *source, int fd, unsigned ready, void *data) {
        struct dir_watch *watch = data;

        (void)fd;
        (void)ready;
        watch->readable = watch->host->watch_free(source);
        if (watch->timer)
                watch->host->timer_arm(watch->timer, watch->coalesce_usec);
        else if (watch->host->timer_new(
                         watch->host, watch->name, watch->coalesce_usec, on_timer, watch, &watch->timer) < 0)
                watch->host->log(
                        watch->host, SG_LEVEL_ERROR, "%s: changes are only seen by the timer", watch->name);
}

/* What is said there is of no interest; bounded, since somebody may write as fast as we read. */
static void drain(int fd) {
        char events[16384];

        for (int i = 0; i < 64; i++)
                if (read(fd, events, sizeof(events)) < (ssize_t)(sizeof(events) / 2))
                        return;
}

static void watch_root(struct dir_watch *watch, const char *root) {
        char path[64];
        struct dirent *entry;
        unsigned n = 0;
        DIR *directory;

        if (inotify_add_watch(watch->fd, root, EVENTS) < 0)
                return;
        directory = opendir(root);
        while (directory && n < SUBDIRECTORIES_MAX && (entry = readdir(directory))) {
                int fd;

                if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
                        continue;
                fd = openat(dirfd(directory), entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        continue;
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                inotify_add_watch(watch->fd, path, EVENTS);
                close(fd);
                n++;
        }
        if (directory)
                closedir(directory);
}

void dir_watch_refresh(struct dir_watch *watch) {
        for (char **root = watch->roots; *root; root++)
                watch_root(watch, *root);
}

void dir_watch_rest(struct dir_watch *watch, uint64_t rest_usec) {
        watch->rest_usec = rest_usec;
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct dir_watch *watch = data;

        if (!watch->is_resting) {
                drain(watch->fd);
                dir_watch_refresh(watch);
                watch->fn(watch->data);
                watch->is_resting = watch->rest_usec > 0;
        } else {
                watch->is_resting = false;
        }
        if (watch->is_resting) {
                watch->host->timer_arm(timer, watch->rest_usec);
        } else if (listen_again(watch) < 0) {
                /* Without it the sensor is as slow as its own timer; try again. */
                watch->readable = NULL;
                watch->host->timer_arm(timer, UINT64_C(10000000));
        }
}

static int copy_roots(struct dir_watch *watch, const char *const roots[]) {
        size_t n = 0;

        while (roots[n])
                n++;
        watch->roots = calloc(n + 1, sizeof(*watch->roots));
        for (size_t i = 0; watch->roots && i < n; i++) {
                watch->roots[i] = strdup(roots[i]);
                if (!watch->roots[i])
                        return -ENOMEM;
        }
        return watch->roots ? 0 : -ENOMEM;
}

int dir_watch_new(const struct sg_host *host, const char *name, const char *const roots[],
        uint64_t coalesce_usec, dir_watch_fn fn, void *data, struct dir_watch **ret_watch) {
        struct dir_watch *watch;
        int r;

        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;
        *watch = (struct dir_watch){
                .host = host, .name = name, .coalesce_usec = coalesce_usec, .fn = fn, .data = data};
        watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        r = watch->fd < 0 ? -errno : copy_roots(watch, roots);
        if (r >= 0)
                r = listen_again(watch);
        if (r < 0) {
                dir_watch_free(watch);
                return r;
        }
        dir_watch_refresh(watch);
        *ret_watch = watch;
        return 0;
}

struct dir_watch *dir_watch_free(struct dir_watch *watch) {
        if (!watch)
                return NULL;
        watch->host->watch_free(watch->readable);
        watch->host->timer_free(watch->timer);
        if (watch->fd >= 0)
                close(watch->fd);
        for (char **root = watch->roots; root && *root; root++)
                free(*root);
        free(watch->roots);
        free(watch);
        return NULL;
}
