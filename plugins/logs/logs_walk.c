/* SPDX-License-Identifier: MIT */
/*
 * logs_walk - through the log directories and all files in them, a few milliseconds at a time
 *
 * Runs in the watcher.  Each directory is watched first and read then, so that no change falls between the two;
 * its subdirectories go to the end of the same list, down to LOGS_DEPTH_MAX.  Links are not followed below a
 * configured directory, other file systems are not entered, and one that lies on a network is not looked at:
 * it could stop the whole watcher.  Only regular files are reported.  The journal's directory is left out.
 *
 * Owns the list of directories and one open directory.  A directory that cannot be read is passed over
 * (`incomplete`), one that cannot be watched is only seen by the next walk (`unwatched`).
 * Limits: LOGS_DIRECTORIES_MAX.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "logs/logs_sensor.h"

#define TURN_USEC UINT64_C(5000)
#define ENTRIES_BETWEEN_LOOKS 64
#define WRITES (IN_MODIFY | IN_CLOSE_WRITE)
#define MOVES                                                                                               \
        (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | \
                IN_EXCL_UNLINK)
#define CIFS_MAGIC 0xff534d42U
#define CEPH_MAGIC 0x00c36400U
#define FUSE_MAGIC 0x65735546U

static uint64_t clock_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool is_on_network(int fd) {
        static const uint64_t magics[] = {NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC, CIFS_MAGIC,
                CEPH_MAGIC, FUSE_MAGIC, AFS_SUPER_MAGIC, CODA_SUPER_MAGIC, V9FS_MAGIC};
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return true;
        for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
                if ((uint32_t)fs.f_type == magics[i])
                        return true;
        return false;
}

int logs_walk_stat(int directory, const char *name, struct statx *ret_status) {
        return statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH),
                       STATX_BASIC_STATS | STATX_BTIME, ret_status) < 0
                ? -errno
                : 0;
}

uint64_t logs_walk_device(const struct statx *status) {
        return makedev(status->stx_dev_major, status->stx_dev_minor);
}

int logs_walk_open(const struct logs_root *root, const char *relative) {
        int fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct statx status;

        if (fd >= 0 &&
                (logs_walk_stat(fd, "", &status) < 0 || logs_walk_device(&status) != root->device ||
                        status.stx_ino != root->inode)) {
                close(fd);
                return -ESTALE;
        }
        while (fd >= 0 && *relative) {
                char step[LOGS_NAME_MAX];
                size_t length = strcspn(relative, "/");
                int next;

                snprintf(step, sizeof(step), "%.*s", (int)length, relative);
                next = openat(fd, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                close(fd);
                fd = next;
                relative += length + (relative[length] == '/');
        }
        return fd < 0 ? -errno : fd;
}

static bool is_journal(const struct logs_root *root, const char *parent, const char *name) {
        char path[LOGS_PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s%s%s", root->label, parent, *parent ? "/" : "", name);
        return strcmp(path, LOGS_JOURNAL_DIR) == 0;
}

static int add_directory(
        struct logs_walk *walk, size_t root, unsigned depth, const char *parent, const char *name) {
        struct logs_directories *list = &walk->directories;
        struct logs_directory added = {.root = root, .depth = depth, .wd = -1};

        if (list->n == LOGS_DIRECTORIES_MAX)
                return -E2BIG;
        if (list->n == list->allocated) {
                size_t allocated = list->allocated ? 2 * list->allocated : 16;
                struct logs_directory *more = realloc(list->items, allocated * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                list->items = more;
                list->allocated = allocated;
        }
        if (asprintf(&added.relative, "%s%s%s", parent, *parent ? "/" : "", name) < 0)
                return -ENOMEM;
        list->items[list->n++] = added;
        return 0;
}

static int look_at_root(struct logs_root *root) {
        int fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
        struct statx status;

        if (fd < 0)
                return -errno;
        r = is_on_network(fd) ? -EREMOTE : logs_walk_stat(fd, "", &status);
        close(fd);
        if (r == 0) {
                root->device = logs_walk_device(&status);
                root->inode = status.stx_ino;
        }
        return r;
}

int logs_walk_begin(struct logs_walk *walk, struct logs_root roots[], size_t n_roots) {
        *walk = (struct logs_walk){0};
        for (size_t i = 0; i < n_roots; i++) {
                int r = look_at_root(&roots[i]);

                roots[i].why_missing = -r;
                if (r == 0)
                        r = add_directory(walk, i, 0, "", "");
                else
                        walk->incomplete = true;
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

int logs_walk_listen(int inotify_fd, int fd, bool busy) {
        char path[64];
        int wd;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        wd = inotify_add_watch(inotify_fd, path, busy ? MOVES : MOVES | WRITES);
        return wd < 0 ? -errno : wd;
}

int logs_walk_list(int fd, uint32_t max, logs_name_fn fn, void *data) {
        const struct dirent *entry = NULL;
        DIR *stream = fdopendir(fd);

        if (!stream) {
                close(fd);
                return -ENOMEM;
        }
        while (max > 0 && (entry = readdir(stream))) {
                fn(dirfd(stream), entry->d_name, data);
                max--;
        }
        closedir(stream);
        return entry ? -E2BIG : 0;
}

static void enter(struct logs_walk *walk, int inotify_fd, const struct logs_root roots[]) {
        struct logs_directory *directory = &walk->directories.items[walk->next];
        int fd = logs_walk_open(&roots[directory->root], directory->relative);

        if (fd < 0) {
                walk->incomplete |= fd != -ENOENT;
                return;
        }
        directory->wd = logs_walk_listen(inotify_fd, fd, false);
        walk->unwatched |= directory->wd < 0;
        walk->stream = fdopendir(fd);
        if (!walk->stream)
                close(fd);
}

static void look_at(struct logs_walk *walk, const struct logs_root roots[], const char *name, logs_file_fn fn,
        void *data) {
        const struct logs_directory directory = walk->directories.items[walk->next];
        const struct logs_root *root = &roots[directory.root];
        struct statx status;
        int fd = dirfd(walk->stream);

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || logs_walk_stat(fd, name, &status) < 0 ||
                logs_walk_device(&status) != root->device)
                return;
        walk->directories.items[walk->next].n_entries++;
        if (S_ISREG(status.stx_mode))
                fn(walk->next, fd, name, &status, data);
        else if (S_ISDIR(status.stx_mode) && directory.depth < LOGS_DEPTH_MAX &&
                !is_journal(root, directory.relative, name) &&
                add_directory(walk, directory.root, directory.depth + 1, directory.relative, name) < 0)
                walk->incomplete = true;
}

bool logs_walk_turn(
        struct logs_walk *walk, int inotify_fd, const struct logs_root roots[], logs_file_fn fn, void *data) {
        const uint64_t end_usec = clock_usec() + TURN_USEC;

        while (walk->next < walk->directories.n) {
                const struct dirent *entry = NULL;

                if (!walk->stream)
                        enter(walk, inotify_fd, roots);
                for (unsigned i = 0; walk->stream && i < ENTRIES_BETWEEN_LOOKS; i++) {
                        entry = readdir(walk->stream);
                        if (!entry)
                                break;
                        look_at(walk, roots, entry->d_name, fn, data);
                }
                if (!entry) {
                        if (walk->stream)
                                closedir(walk->stream);
                        walk->stream = NULL;
                        walk->next++;
                }
                if (clock_usec() >= end_usec)
                        return walk->next < walk->directories.n;
        }
        return false;
}

void logs_walk_deinit(struct logs_walk *walk) {
        if (walk->stream)
                closedir(walk->stream);
        for (size_t i = 0; i < walk->directories.n; i++)
                free(walk->directories.items[i].relative);
        free(walk->directories.items);
        *walk = (struct logs_walk){0};
}
