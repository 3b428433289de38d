/* SPDX-License-Identifier: MIT */
/*
 * mail_dir - messages of one queue of a spool, touched as the mail owner
 *
 * Runs in a child of the executor, which is root and gives that up for as long as files are touched: whatever
 * a hostile list or a race could lead us to is then something that Postfix itself may do.  The spool's path
 * comes from the configuration; everything below the queue is resolved without links, beneath that directory,
 * and a file counts only when it is a complete message of the directory's owner with one name.  Queue IDs are
 * used again by Postfix, so the inode has to be that of the message that was chosen.
 *
 * Nothing is locked, since a lock makes Postfix skip the message; it may move or remove it at any time.  That
 * is an answer and no error.  A message that an admin asked to expire is left alone.
 *
 * Owns the descriptors in its structs.  Dies when root's identity cannot be taken back.
 * Limits: between two system calls a file may get to hold/; its time is put back then.
 */
#include "postfix/mail_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No group's rights are needed: what Postfix lets in is the owner. */
#define NO_GROUP 65534

#define EXPIRE_ASKED 0010 /* postsuper -e */

static int become_owner(struct mail_dir *dir) {
        if (dir->owner == 0)
                return -EPERM;
        if (geteuid() != 0)
                return geteuid() == dir->owner ? 0 : -EPERM;
        if (setgroups(0, NULL) < 0 || setresgid((gid_t)-1, NO_GROUP, (gid_t)-1) < 0)
                return -errno;
        dir->became_owner = true;
        return setresuid((uid_t)-1, dir->owner, (uid_t)-1) < 0 ? -errno : 0;
}

int mail_dir_open(const char *spool, const char *queue, struct mail_dir *ret_dir) {
        struct mail_dir dir = {.directory = -1};
        struct stat status = {0};
        int r = 0, fd = open(spool, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        dir.directory = openat(fd, queue, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir.directory < 0 || fstat(dir.directory, &status) < 0)
                r = -errno;
        close(fd);
        if (r >= 0) {
                dir.owner = status.st_uid;
                r = become_owner(&dir);
        }
        if (r < 0) {
                mail_dir_close(&dir);
                return r;
        }
        *ret_dir = dir;
        return 0;
}

int mail_dir_open_beside(const struct mail_dir *dir, const char *queue, struct mail_dir *ret_dir) {
        struct mail_dir beside = {.directory = -1, .owner = dir->owner};
        struct stat status;
        int r = 0, fd = openat(dir->directory, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        beside.directory = openat(fd, queue, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (beside.directory < 0 || fstat(beside.directory, &status) < 0)
                r = -errno;
        else if (status.st_uid != dir->owner)
                r = -EPERM;
        close(fd);
        if (r < 0) {
                mail_dir_close(&beside);
                return r;
        }
        *ret_dir = beside;
        return 0;
}

int mail_dir_stay_owner(struct mail_dir *dir) {
        if (!dir->became_owner)
                return 0;
        if (setresgid(NO_GROUP, NO_GROUP, NO_GROUP) < 0 || setresuid(dir->owner, dir->owner, dir->owner) < 0)
                return -errno;
        dir->became_owner = false;
        return 0;
}

void mail_dir_close(struct mail_dir *dir) {
        if (dir->directory >= 0)
                close(dir->directory);
        dir->directory = -1;
        if (dir->became_owner &&
                (setresuid((uid_t)-1, 0, (uid_t)-1) < 0 || setresgid((gid_t)-1, 0, (gid_t)-1) < 0))
                abort();
        dir->became_owner = false;
}

/*
 * One component after the other, none of them a link.  Not openat2(): the seccomp filter of the unit refuses it
 * (RestrictSUIDSGID=, which cannot see what mode its argument points to).
 */
static int open_beneath(const struct mail_dir *dir, const char *path, int flags) {
        int r, directory = -1, at = dir->directory;
        char component[MAIL_PATH_MAX];
        const char *slash;

        for (; (slash = strchr(path, '/')) && slash[1]; path = slash + 1) {
                int next;

                snprintf(component, sizeof(component), "%.*s", (int)(slash - path), path);
                next = openat(at, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = next < 0 ? -errno : 0;
                if (directory >= 0)
                        close(directory);
                if (r < 0)
                        return r;
                at = directory = next;
        }
        snprintf(component, sizeof(component), "%.*s", (int)strcspn(path, "/"), path);
        r = openat(at, component, flags | O_NOFOLLOW | O_CLOEXEC);
        r = r < 0 ? -errno : r;
        if (directory >= 0)
                close(directory);
        return r;
}

/* Whatever its names are. */
static bool is_complete(const struct mail_dir *dir, const struct stat *status) {
        return S_ISREG(status->st_mode) && status->st_uid == dir->owner &&
                (status->st_mode & S_IRWXU) == S_IRWXU && !(status->st_mode & EXPIRE_ASKED);
}

static bool is_message(const struct mail_dir *dir, const struct stat *status) {
        return status->st_nlink == 1 && is_complete(dir, status);
}

static bool is_linked(const struct mail_dir *dir, const struct stat *status) {
        return status->st_nlink > 1 && is_complete(dir, status);
}

int mail_dir_open_file(
        const struct mail_dir *dir, const char *path, uint64_t inode, struct mail_file *ret_message) {
        int r = 0, fd = open_beneath(dir, path, O_RDONLY | O_NONBLOCK | O_NOATIME);
        struct mail_file message = {.fd = fd};

        switch (fd) {
        case -ENOENT:
        case -ENOTDIR: return MAIL_GONE;
        case -ELOOP:  /* a link, */
        case -ENXIO:  /* a socket, */
        case -EACCES: /* not complete, or somebody else's */
        case -EPERM: return MAIL_CHANGED;
        default: break;
        }
        if (fd < 0)
                return fd;
        if (fstat(fd, &message.status) < 0)
                r = -errno;
        else if (message.status.st_ino != inode || !is_message(dir, &message.status))
                r = MAIL_CHANGED;
        if (r != 0) {
                close(fd);
                return r;
        }
        snprintf(message.path, sizeof(message.path), "%s", path);
        *ret_message = message;
        return 0;
}

/* The depth at which the last one was found first: but for a change of the setting it is the right one. */
static unsigned depth_to_try(unsigned found, unsigned attempt) {
        if (attempt == 0)
                return found;
        return attempt <= found ? attempt - 1 : attempt;
}

int mail_dir_find(struct mail_dir *dir, const char *id, uint64_t inode, struct mail_file *ret_message) {
        char path[MAIL_PATH_MAX], hash[2 * QUEUE_HASH_DEPTH_MAX + 1];

        if (!queue_id_is_legal(id))
                return MAIL_CHANGED;
        for (unsigned attempt = 0; attempt <= QUEUE_HASH_DEPTH_MAX; attempt++) {
                unsigned depth = depth_to_try(dir->depth, attempt);
                int r;

                queue_id_hash_path(id, depth, hash);
                snprintf(path, sizeof(path), "%s%.255s", hash, id);
                r = mail_dir_open_file(dir, path, inode, ret_message);
                if (r == MAIL_GONE)
                        continue;
                if (r == 0)
                        dir->depth = depth;
                return r;
        }
        return MAIL_GONE;
}

int mail_dir_open_log(struct mail_dir *dir, const char *id) {
        char path[MAIL_PATH_MAX], hash[2 * QUEUE_HASH_DEPTH_MAX + 1];
        int fd = -ENOENT;

        for (unsigned attempt = 0; attempt <= QUEUE_HASH_DEPTH_MAX && fd == -ENOENT; attempt++) {
                unsigned depth = depth_to_try(dir->depth, attempt);

                queue_id_hash_path(id, depth, hash);
                snprintf(path, sizeof(path), "%s%.255s", hash, id);
                fd = open_beneath(dir, path, O_RDONLY | O_NONBLOCK | O_NOATIME);
                if (fd >= 0)
                        dir->depth = depth;
        }
        return fd;
}

static bool is_at(const struct mail_dir *dir, const struct mail_file *message) {
        struct stat status;

        return fstatat(dir->directory, message->path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                status.st_ino == message->status.st_ino && status.st_dev == message->status.st_dev;
}

static bool same_time(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int mail_dir_set_time(const struct mail_dir *dir, struct mail_file *message, struct timespec time) {
        /* Given and not omitted: the kernel calls it IN_ATTRIB, as from Postfix, only when both times are set. */
        const struct timespec keep = message->status.st_atim, old = message->status.st_mtim;
        struct timespec ours;

        if (futimens(message->fd, (struct timespec[]){keep, time}) < 0 ||
                fstat(message->fd, &message->status) < 0)
                return -errno;
        if (is_at(dir, message))
                return 0;
        ours = message->status.st_mtim;
        if (fstat(message->fd, &message->status) == 0 && same_time(&ours, &message->status.st_mtim))
                (void)futimens(message->fd, (struct timespec[]){keep, old});
        return MAIL_GONE;
}

void mail_file_close(struct mail_file *message) {
        close(message->fd);
        message->fd = -1;
}

static bool is_hash_directory(const char *name, const struct stat *status) {
        return S_ISDIR(status->st_mode) && name[1] == '\0';
}

struct walk {
        const struct mail_dir *dir;
        bool (*is_wanted)(const struct mail_dir *dir, const struct stat *status);
        mail_dir_fn fn;
        void *data;
};

/* prefix: "", "D/", ... */
static int walk_directory(const struct walk *walk, const char *prefix, unsigned depth) {
        int r = 0, fd = open_beneath(walk->dir, depth ? prefix : ".", O_RDONLY | O_DIRECTORY);
        struct dirent *entry;
        DIR *stream;

        if (fd < 0) /* emptied and removed by postsuper, or no directory of Postfix's */
                return depth > 0 && (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) ? 0 : fd;
        stream = fdopendir(fd);
        if (!stream) {
                r = -errno;
                close(fd);
                return r;
        }
        while (r == 0 && (errno = 0, entry = readdir(stream))) {
                char path[MAIL_PATH_MAX];
                struct stat status;

                if (!queue_id_is_legal(entry->d_name) ||
                        fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                snprintf(path, sizeof(path), "%s%s", prefix, entry->d_name);
                if (is_hash_directory(entry->d_name, &status) && depth < QUEUE_HASH_DEPTH_MAX) {
                        strcat(path, "/");
                        r = walk_directory(walk, path, depth + 1);
                } else if (walk->is_wanted(walk->dir, &status))
                        r = walk->fn(path, &status, walk->data);
        }
        if (r == 0 && errno != 0 && !entry)
                r = -errno;
        closedir(stream);
        return r;
}

int mail_dir_walk(const struct mail_dir *dir, mail_dir_fn fn, void *data) {
        const struct walk walk = {.dir = dir, .is_wanted = is_message, .fn = fn, .data = data};

        return walk_directory(&walk, "", 0);
}

int mail_dir_walk_linked(const struct mail_dir *dir, mail_dir_fn fn, void *data) {
        const struct walk walk = {.dir = dir, .is_wanted = is_linked, .fn = fn, .data = data};

        return walk_directory(&walk, "", 0);
}
