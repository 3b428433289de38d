/* SPDX-License-Identifier: MIT */
/*
 * logs_deleted - logs that were deleted while somebody has them open
 *
 * Runs in the watcher, which cannot look into other processes.  The files that grow are watched themselves: the kernel
 * says when the number of a file's names changes, and that it is gone only when the last descriptor is closed.  In
 * between its space is lost to everybody else, and its writer goes on writing where nobody reads.  The watch does not
 * keep the space, as a descriptor of ours would (measured on ext4, xfs, btrfs and tmpfs).
 *
 * Whether it is deleted is asked of its directory: a file that is no longer there, had one name only and was not
 * moved.  It counts with the size that was seen last; what it grows by afterwards only the probe disk.deleted_open can
 * say, because to ask for a file without a name takes open_by_handle_at(), and a process that reads hostile bytes is
 * better without that.  What cannot be told is not counted.
 *
 * Owns an inotify descriptor, which nobody listens to: a deletion is said of the directory as well, and while there is
 * anything to wait for the sensor looks every few seconds.  Fails at creation only; without watches the reading is
 * missing.  Limits: LOGS_GROWERS_MAX files, which grew while we looked; one that was deleted before is unknown.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "logs/logs_sensor.h"

#define EVENTS (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
#define READS_MAX 64
#define NOWHERE LOGS_GROWERS_MAX

enum fate {
        FATE_UNKNOWN,
        FATE_HAS_NAME,
        FATE_DELETED, /* and open */
};

static void clear(struct logs_followed *file) {
        *file = (struct logs_followed){0};
}

int logs_deleted_init(struct logs_deleted *deleted, const struct sg_host *host) {
        *deleted = (struct logs_deleted){.host = host, .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
        return deleted->fd < 0 ? -errno : 0;
}

void logs_deleted_deinit(struct logs_deleted *deleted) {
        if (deleted->fd >= 0)
                close(deleted->fd);
}

/* Index of its place; NOWHERE: it has none. */
static size_t find(const struct logs_deleted *deleted, const struct logs_identity *identity) {
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++)
                if (logs_identity_equal(&deleted->files[i].identity, identity))
                        return i;
        return NOWHERE;
}

static bool still_grows(const struct logs_growers *growers, const struct logs_identity *identity) {
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++)
                if (logs_identity_equal(&growers->items[i].identity, identity))
                        return true;
        return false;
}

/* One that is free, or that of a file which gave up its place among the growers. */
static size_t find_place(struct logs_deleted *deleted, const struct logs_growers *growers) {
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++)
                if (deleted->files[i].identity.inode == 0)
                        return i;
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++)
                if (!deleted->files[i].is_deleted && !still_grows(growers, &deleted->files[i].identity)) {
                        inotify_rm_watch(deleted->fd, deleted->files[i].wd);
                        return i;
                }
        return NOWHERE;
}

static bool is_same(const struct logs_followed *file, const struct statx *status) {
        struct logs_identity identity = logs_identity_of(status, file->identity.root);

        return logs_identity_equal(&identity, &file->identity);
}

/* A file of several names, or below two of the configured directories, has one watch and one place. */
static bool is_followed(const struct logs_deleted *deleted, int wd) {
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++)
                if (deleted->files[i].identity.inode != 0 && deleted->files[i].wd == wd)
                        return true;
        return false;
}

static int watch(struct logs_deleted *deleted, struct logs_followed *file, int fd) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        file->wd = inotify_add_watch(deleted->fd, path, EVENTS);
        if (file->wd < 0)
                return -errno;
        return 0;
}

/* NOWHERE: it is no longer there, or there is no place for it, or it has one already. */
static size_t begin(struct logs_deleted *deleted, const struct logs_growers *growers,
        const struct logs_identity *identity, int directory, const char *name) {
        struct logs_followed file = {.identity = *identity};
        int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), r = -ENOENT;
        struct statx status;
        size_t place;

        if (fd < 0)
                return NOWHERE;
        if (logs_walk_stat(fd, "", &status) == 0 && is_same(&file, &status))
                r = watch(deleted, &file, fd);
        close(fd);
        if (r != -ENOENT)
                deleted->why_blind = -r;
        if (r < 0 || is_followed(deleted, file.wd))
                return NOWHERE;
        place = find_place(deleted, growers);
        if (place != NOWHERE)
                deleted->files[place] = file;
        else
                inotify_rm_watch(deleted->fd, file.wd);
        return place;
}

void logs_deleted_follow(struct logs_deleted *deleted, const struct logs_growers *growers,
        const struct logs_entry *entry, int directory, const char *name, const char *path) {
        size_t place = find(deleted, &entry->identity);
        struct logs_followed *file;

        if (place == NOWHERE)
                place = begin(deleted, growers, &entry->identity, directory, name);
        if (place == NOWHERE)
                return;
        file = &deleted->files[place];
        file->disk_bytes = entry->disk_bytes;
        file->names = entry->names;
        file->was_moved = false;
        snprintf(file->path, sizeof(file->path), "%s", strlen(path) < sizeof(file->path) ? path : "");
}

static void on_event(struct logs_deleted *deleted, const struct inotify_event *event) {
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++) {
                struct logs_followed *file = &deleted->files[i];
                bool is_over = event->mask & (IN_DELETE_SELF | IN_IGNORED | IN_UNMOUNT);

                if (file->identity.inode == 0 || (event->wd != file->wd && !(event->mask & IN_Q_OVERFLOW)))
                        continue;
                /* What was lost may be that it is closed, and nobody would say so again. */
                if (is_over || (event->mask & IN_Q_OVERFLOW && file->is_deleted))
                        clear(file);
                else if (event->mask & IN_MOVE_SELF)
                        file->was_moved = true;
                else
                        file->was_touched = true;
        }
}

void logs_deleted_read(struct logs_deleted *deleted) {
        char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

        for (unsigned i = 0; i < READS_MAX; i++) {
                ssize_t n = read(deleted->fd, bytes, sizeof(bytes));

                /* A file's own watch has no names in its events. */
                for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= n;
                        at += (ssize_t)sizeof(struct inotify_event))
                        on_event(deleted, (const struct inotify_event *)(bytes + at));
                if (n <= 0)
                        return;
        }
}

static enum fate ask(const struct logs_followed *file, const struct logs_root *root) {
        const char *relative = file->path + strlen(root->label), *name = strrchr(file->path, '/');
        char directory[sizeof(file->path)] = "";
        enum fate fate = FATE_UNKNOWN;
        struct statx status;
        int fd, r;

        if (file->is_deleted)
                return FATE_DELETED; /* it has no way back, and its end is told */
        if (file->was_moved || file->names != 1 || !*file->path)
                return FATE_UNKNOWN;
        if (name > relative)
                snprintf(directory, sizeof(directory), "%.*s", (int)(name - relative - 1), relative + 1);
        fd = logs_walk_open(root, directory);
        if (fd < 0)
                return FATE_UNKNOWN;
        r = logs_walk_stat(fd, name + 1, &status);
        if (r == 0)
                fate = is_same(file, &status) ? FATE_HAS_NAME : FATE_DELETED;
        else if (r == -ENOENT)
                fate = FATE_DELETED;
        close(fd);
        return fate;
}

static void tell(const struct logs_deleted *deleted, const struct logs_followed *file) {
        char text[LOGS_PATH_MAX];

        deleted->host->log(deleted->host, SG_LEVEL_INFO,
                "%s is deleted, but somebody has it open: %llu bytes that are not free",
                *file->path ? logs_name_escape(file->path, text, sizeof(text)) : "a log",
                (unsigned long long)file->disk_bytes);
}

static bool look(struct logs_deleted *deleted, const struct logs_root roots[]) {
        bool any = false;

        deleted->bytes = 0;
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++) {
                struct logs_followed *file = &deleted->files[i];
                enum fate fate;

                if (file->identity.inode == 0 || (!file->was_touched && !file->is_deleted))
                        continue;
                fate = ask(file, &roots[file->identity.root]);
                file->was_touched = false;
                if (fate == FATE_DELETED && !file->is_deleted)
                        tell(deleted, file);
                file->is_deleted = fate == FATE_DELETED || (fate == FATE_UNKNOWN && file->is_deleted);
                deleted->bytes += file->is_deleted ? file->disk_bytes : 0;
                any |= file->is_deleted;
        }
        return any;
}

/* Why nobody can know whether there are any; NULL: it is known. */
static const char *why_missing(
        const struct logs_deleted *deleted, const struct logs_root roots[], size_t n_roots) {
        size_t n_missing = 0;

        for (size_t i = 0; i < n_roots; i++)
                n_missing += roots[i].why_missing != 0;
        if (n_missing == n_roots)
                return "there is no log directory that can be read";
        return deleted->why_blind ? strerror(deleted->why_blind) : NULL;
}

bool logs_deleted_publish(struct logs_deleted *deleted, const struct logs_root roots[], size_t n_roots) {
        bool any = look(deleted, roots);
        const char *why = why_missing(deleted, roots, n_roots);

        /* What is known is told, even if there may be more. */
        if (!any && why) {
                if (deleted->said != LOGS_DELETED_MISSING)
                        deleted->host->missing(deleted->host, "deleted_open_bytes", NULL, 0, why);
                deleted->said = LOGS_DELETED_MISSING;
                return false;
        }
        if (deleted->said != LOGS_DELETED_SHOWN || deleted->bytes != deleted->shown_bytes)
                deleted->host->publish(deleted->host, "deleted_open_bytes", NULL, 0, (double)deleted->bytes);
        deleted->said = LOGS_DELETED_SHOWN;
        deleted->shown_bytes = deleted->bytes;
        return any;
}
