/* SPDX-License-Identifier: MIT */
/*
 * resolver_copies - files of a chroot that are replaced by what the host has now, each whole or not at all
 *
 * Runs in a child of the executor, as root.  The new content is written beside the copy, with its owner and mode,
 * brought to disk and only then renamed, so that a process in the chroot reads the one or the other, and a full disk
 * leaves everything as it was.  Everything below the spool goes through the descriptor of its etc/, without links;
 * who could write there is root, or nothing is done.
 *
 * What is copied into the chroot can be read by all who are in it, so only what all can read already is taken.  Its
 * owner is root; a resolv.conf may also be systemd-resolved's, which answers for the names anyhow.
 *
 * Owns the directory and the names that end in SUFFIX; one that was left by a crash is used again.  Fails with a
 * negative errno value and a sentence.
 * Limits: access lists and extended attributes of the copy are not kept, as Debian's own script does not.  Between the
 * last look at the copy and the rename somebody may write to it; what he wrote is lost then.
 */
#include "postfix/resolver_copies.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/write_all.h"

#define SUFFIX ".spoolguard"
#define NAME_SIZE 64
#define RESOLVED "/run/systemd/resolve"

struct content {
        char *text; /* malloc */
        size_t size;
        struct stat status;
};

static __attribute__((format(printf, 3, 4))) int refuse(
        char why[static RESOLVER_COPIES_WHY_MAX], int error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(why, RESOLVER_COPIES_WHY_MAX, format, arguments);
        va_end(arguments);
        return error;
}

static bool is_ours(const struct stat *status) {
        return (status->st_uid == 0 || status->st_uid == geteuid()) &&
                !(status->st_mode & (S_IWGRP | S_IWOTH));
}

int resolver_copies_open(const char *root, const char *spool, struct resolver_copies *ret_copies,
        char why[static RESOLVER_COPIES_WHY_MAX]) {
        struct resolver_copies copies = {.root = root, .directory = -1};
        int fd = open(spool, O_PATH | O_DIRECTORY | O_CLOEXEC), r = 0;
        struct stat status = {0};

        if (fd >= 0)
                copies.directory = openat(fd, "etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (copies.directory < 0 || fstat(copies.directory, &status) < 0)
                r = -errno;
        if (fd >= 0)
                close(fd);
        if (r == -ENOTDIR || r == -ELOOP)
                r = refuse(why, -EPERM, "%.150s/etc is no directory of its own", spool);
        else if (r < 0)
                r = refuse(why, r, "%.120s/etc cannot be used: %s", spool, strerror(-r));
        else if (!is_ours(&status))
                r = refuse(why, -EPERM, "%.120s/etc can be written by others than root", spool);
        *ret_copies = copies;
        if (r < 0)
                resolver_copies_close(ret_copies);
        return r;
}

static void temporary_name(enum resolver_file_id id, char ret_name[static NAME_SIZE]) {
        snprintf(ret_name, NAME_SIZE, ".%s" SUFFIX, resolver_file_rows[id].name);
}

void resolver_copies_close(struct resolver_copies *copies) {
        char name[NAME_SIZE];

        for (int id = 0; id < RESOLVER_FILES && copies->directory >= 0; id++) {
                temporary_name((enum resolver_file_id)id, name);
                if (copies->files[id].is_prepared)
                        unlinkat(copies->directory, name, 0);
                copies->files[id].is_prepared = false;
        }
        if (copies->directory >= 0)
                close(copies->directory);
        copies->directory = -1;
}

/* A file that its directory's owner, no admin, keeps for all: what systemd-resolved writes. */
static bool is_resolveds(const char *root, int fd, const struct stat *status) {
        char link[64], path[PATH_MAX], directory[PATH_MAX];
        struct stat place;
        size_t length;
        ssize_t n;

        snprintf(directory, sizeof(directory), "%s" RESOLVED, root);
        length = strlen(directory);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
                return false;
        path[n] = '\0';
        return strncmp(path, directory, length) == 0 && path[length] == '/' &&
                !strchr(path + length + 1, '/') && lstat(directory, &place) == 0 && S_ISDIR(place.st_mode) &&
                place.st_uid == status->st_uid && !(status->st_mode & (S_IWGRP | S_IWOTH));
}

static int check_source(const char *root, const char *path, int fd, struct stat *status,
        char why[static RESOLVER_COPIES_WHY_MAX]) {
        if (fstat(fd, status) < 0)
                return refuse(why, -errno, "%.120s: %s", path, strerror(errno));
        if (!S_ISREG(status->st_mode))
                return refuse(why, -EINVAL, "%.120s is no file", path);
        if (!is_ours(status) && !is_resolveds(root, fd, status))
                return refuse(why, -EPERM, "%.120s can be written by others than root", path);
        if (!(status->st_mode & S_IROTH))
                return refuse(why, -EPERM, "%.120s is not for everybody to read", path);
        if (status->st_size >= (off_t)RESOLVER_FILE_MAX)
                return refuse(why, -EFBIG, "%.120s is too long", path);
        return 0;
}

static int read_all(int fd, struct content *content) {
        ssize_t n = 1;

        content->text = malloc(RESOLVER_FILE_MAX);
        if (!content->text)
                return -ENOMEM;
        while (n > 0 && content->size < RESOLVER_FILE_MAX) {
                n = read(fd, content->text + content->size, RESOLVER_FILE_MAX - content->size);
                if (n < 0)
                        return -errno;
                content->size += (size_t)n;
        }
        return content->size == RESOLVER_FILE_MAX ? -EFBIG : 0;
}

/* What the host has, when it can be believed; the caller frees content->text in any case. */
static int take_source(const char *root, enum resolver_file_id id, struct content *content,
        char why[static RESOLVER_COPIES_WHY_MAX]) {
        char path[PATH_MAX], reason[RESOLVER_WHY_MAX];
        const char *shown = path + strlen(root);
        int r, fd;

        *content = (struct content){.text = NULL};
        snprintf(path, sizeof(path), "%s/etc/%s", root, resolver_file_rows[id].name);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return refuse(why, -errno, "%.120s cannot be read: %s", shown, strerror(errno));
        r = check_source(root, shown, fd, &content->status, why);
        if (r == 0) {
                r = read_all(fd, content);
                if (r < 0)
                        refuse(why, r, "%.120s cannot be read: %s", shown, strerror(-r));
        }
        close(fd);
        if (r == 0 && id == RESOLVER_RESOLV_CONF &&
                !resolver_conf_is_usable(content->text, content->size, reason))
                r = refuse(why, -EINVAL, "%.60s: %.130s", shown, reason);
        else if (r == 0 && content->size == 0)
                r = refuse(why, -EINVAL, "%.120s is empty, as if somebody were writing it", shown);
        return r;
}

/* In etc/ of the spool, by its descriptor. */
static int look_at_copy(int directory, const char *name, bool *ret_there, struct stat *ret_status,
        char why[static RESOLVER_COPIES_WHY_MAX]) {
        *ret_there = fstatat(directory, name, ret_status, AT_SYMLINK_NOFOLLOW) == 0;
        if (!*ret_there && errno != ENOENT)
                return refuse(why, -errno, "the copy of %s: %s", name, strerror(errno));
        if (*ret_there && !S_ISREG(ret_status->st_mode))
                return refuse(why, -EPERM, "the copy of %s is no file and is left alone", name);
        return 0;
}

int resolver_copies_judge(const char *root, const char *spool, enum resolver_file_id id,
        char why[static RESOLVER_COPIES_WHY_MAX]) {
        struct resolver_copies copies;
        struct content content;
        struct stat status;
        bool is_there;
        int r = take_source(root, id, &content, why);

        free(content.text);
        if (r < 0 || !spool)
                return r;
        r = resolver_copies_open(root, spool, &copies, why);
        if (r < 0)
                return r;
        r = look_at_copy(copies.directory, resolver_file_rows[id].name, &is_there, &status, why);
        resolver_copies_close(&copies);
        return r;
}

static int write_content(int fd, const struct content *content, const struct resolver_copies_file *file) {
        mode_t mode = file->had_copy ? file->copy.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO) : 0644;
        int r = write_all(fd, content->text, content->size);

        if (r < 0)
                return r;
        if (file->had_copy && fchown(fd, file->copy.st_uid, file->copy.st_gid) < 0)
                return -errno;
        return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int resolver_copies_prepare(
        struct resolver_copies *copies, enum resolver_file_id id, char why[static RESOLVER_COPIES_WHY_MAX]) {
        struct resolver_copies_file *file = &copies->files[id];
        const char *name = resolver_file_rows[id].name;
        char temporary[NAME_SIZE];
        struct content content;
        int fd, r = take_source(copies->root, id, &content, why);

        if (r == 0)
                r = look_at_copy(copies->directory, name, &file->had_copy, &file->copy, why);
        if (r < 0) {
                free(content.text);
                return r;
        }
        file->source = content.status;
        temporary_name(id, temporary);
        unlinkat(copies->directory, temporary, 0);
        fd = openat(copies->directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        file->is_prepared = fd >= 0;
        r = fd < 0 ? -errno : write_content(fd, &content, file);
        free(content.text);
        if (fd >= 0)
                close(fd);
        return r < 0 ? refuse(why, r, "the new copy of %s cannot be written: %s", name, strerror(-r)) : 0;
}

static bool is_same(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
                a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
                a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int resolver_copies_commit(
        struct resolver_copies *copies, enum resolver_file_id id, char why[static RESOLVER_COPIES_WHY_MAX]) {
        struct resolver_copies_file *file = &copies->files[id];
        const char *name = resolver_file_rows[id].name;
        char path[PATH_MAX], temporary[NAME_SIZE];
        bool has_copy;
        struct stat now;

        snprintf(path, sizeof(path), "%s/etc/%s", copies->root, name);
        if (stat(path, &now) < 0 || !is_same(&now, &file->source))
                return refuse(why, -EAGAIN, "/etc/%s was changed at the same moment", name);
        has_copy = fstatat(copies->directory, name, &now, AT_SYMLINK_NOFOLLOW) == 0;
        if (has_copy != file->had_copy || (has_copy && !is_same(&now, &file->copy)))
                return refuse(
                        why, -EAGAIN, "the copy of %s was changed by somebody else at the same moment", name);
        temporary_name(id, temporary);
        if (renameat(copies->directory, temporary, copies->directory, name) < 0)
                return refuse(why, -errno, "the new copy of %s cannot be named: %s", name, strerror(errno));
        file->is_prepared = false;
        return fsync(copies->directory) < 0
                ? refuse(why, -errno, "the new copy of %s may not be on disk: %s", name, strerror(errno))
                : 0;
}
