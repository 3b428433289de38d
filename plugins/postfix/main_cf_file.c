/* SPDX-License-Identifier: MIT */
/*
 * main_cf_file - the file that holds main.cf, as it was when it was read, and another one in its place
 *
 * Runs in a child of the executor, as root.  Links on the way are followed once, so that what is exchanged is the
 * file that they lead to and they stay.  The file and the directories must belong to root and be writable by nobody
 * else: whoever could change them decides which settings root puts in force.
 *
 * The new file takes its place by an exchange of names.  What was there cannot get lost that way, whoever renamed
 * another one over it a moment before: it is looked at afterwards, and when it is not what was read, the exchange is
 * taken back.  Someone who reads main.cf sees the one or the other, never a part.  A file that is a mount of its own,
 * as it is where a container gets that one file from outside, cannot give its name away.  Writing into it would be
 * seen half done and is not tried: it is refused with what would be allowed.
 *
 * Owns the directories' descriptors and the text.  Fails with a negative errno value, and a sentence where one is
 * wanted.  Limits: MAIN_CF_MAX bytes without NUL; a file system that cannot exchange names; an editor that writes into
 * the file itself in the moment behind the last look.
 */
#include "postfix/main_cf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "postfix/main_cf.h"
#include "postfix/text_file.h"

#define NAMES_MAX 4096u
#define ATTRIBUTE_MAX 4096u

static bool is_roots_alone(const struct stat *status) {
        return (status->st_uid == 0 || status->st_uid == geteuid()) &&
                !(status->st_mode & (S_IWGRP | S_IWOTH));
}

int main_cf_file_read(int directory, const char *name, char **ret_text) {
        char path[64 + NAME_MAX];
        struct stat status;
        char *text = NULL;
        int r;

        if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return -EBADMSG;
        snprintf(path, sizeof(path), "/proc/self/fd/%d/%.255s", directory, name);
        r = text_file_read(path, MAIN_CF_MAX + 1, true, &text);
        if (r < 0)
                return r;
        if (strlen(text) > MAIN_CF_MAX || strlen(text) != (size_t)status.st_size) {
                free(text);
                return -EBADMSG;
        }
        *ret_text = text;
        return 0;
}

/* Where the links lead to. */
static int find(const struct sg_action *action, const char *instance, struct main_cf_file *file,
        struct sg_outcome *outcome) {
        char config[ORDER_PATH_MAX], path[2 * ORDER_PATH_MAX], *real, *slash;
        int r = 0;

        order_config(action, instance, config);
        if (config[0] == '\0')
                return order_refuse(outcome, -ENOENT,
                        "no configured spool belongs to a Postfix instance \"%.60s\"", instance);
        snprintf(path, sizeof(path), "%s%s", action->host->root, config);
        file->config = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        snprintf(path, sizeof(path), "%s%s/main.cf", action->host->root, config);
        real = realpath(path, NULL);
        if (!real)
                return order_refuse(outcome, -errno, "%.120s cannot be found: %s", path, strerror(errno));
        slash = strrchr(real, '/');
        *slash = '\0';
        if (strlen(real) >= sizeof(file->directory_path) || strlen(slash + 1) >= sizeof(file->name))
                r = order_refuse(outcome, -ENAMETOOLONG, "the path of %.120s is too long", path);
        else {
                snprintf(file->directory_path, sizeof(file->directory_path), "%s", real);
                snprintf(file->name, sizeof(file->name), "%s", slash + 1);
        }
        free(real);
        return r;
}

static int check_directory(const struct main_cf_file *file, int directory, struct sg_outcome *outcome) {
        struct stat status;

        if (directory < 0 || fstat(directory, &status) < 0)
                return order_refuse(outcome, -errno, "%.120s cannot be opened: %s", file->directory_path,
                        strerror(errno));
        if (!is_roots_alone(&status))
                return order_refuse(outcome, -EPERM,
                        "%.120s, or the directory of a link to it, can be written by others than root",
                        file->directory_path);
        return 0;
}

/* Opens the directory and reads; `outcome` gets what is wrong with which. */
static int read_all(struct main_cf_file *file, struct sg_outcome *outcome) {
        int r;

        file->directory = open(file->directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = check_directory(file, file->directory, outcome);
        if (r >= 0)
                r = check_directory(file, file->config, outcome);
        if (r < 0)
                return r;
        if (fstatat(file->directory, file->name, &file->status, AT_SYMLINK_NOFOLLOW) < 0)
                return order_refuse(outcome, -errno, "%.120s/%.60s cannot be looked at: %s",
                        file->directory_path, file->name, strerror(errno));
        r = main_cf_file_read(file->directory, file->name, &file->text);
        if (r == -EPERM)
                return order_refuse(outcome, r, "%.120s/%.60s can be written by others than root",
                        file->directory_path, file->name);
        if (r == -EBADMSG)
                return order_refuse(outcome, r,
                        "%.120s/%.60s is no text of at most %u KiB, or is being written",
                        file->directory_path, file->name, MAIN_CF_MAX >> 10);
        if (r < 0)
                return order_refuse(outcome, r, "%.120s/%.60s cannot be read: %s", file->directory_path,
                        file->name, strerror(-r));
        return 0;
}

int main_cf_file_open(const struct sg_action *action, const char *instance, struct main_cf_file *ret_file,
        struct sg_outcome *outcome) {
        struct main_cf_file file = {.directory = -1, .config = -1};
        int r = find(action, instance, &file, outcome);

        if (r >= 0)
                r = read_all(&file, outcome);
        if (r < 0) {
                main_cf_file_close(&file);
                return r;
        }
        *ret_file = file;
        return 0;
}

void main_cf_file_close(struct main_cf_file *file) {
        if (file->directory >= 0)
                close(file->directory);
        if (file->config >= 0)
                close(file->config);
        file->directory = file->config = -1;
        free(file->text);
        file->text = NULL;
}

static bool is_mount(const struct main_cf_file *file) {
        struct statx status;

        return statx(file->directory, file->name, AT_SYMLINK_NOFOLLOW, 0, &status) == 0 &&
                (status.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int main_cf_file_check(const struct main_cf_file *file, struct sg_outcome *outcome) {
        if (is_mount(file))
                return order_refuse(outcome, -EXDEV,
                        "%.100s/%.60s is a mount of its own, so no other file can take its place: mount its "
                        "directory instead, or change it by hand",
                        file->directory_path, file->name);
        if (faccessat(file->directory, ".", W_OK, AT_EACCESS) == 0)
                return 0;
        if (errno == EROFS)
                return order_refuse(outcome, -errno,
                        "%.120s is read-only here: the unit needs a drop-in with ReadWritePaths=",
                        file->directory_path);
        return order_refuse(
                outcome, -errno, "%.120s cannot be written: %s", file->directory_path, strerror(errno));
}

/* One that is there already need not be set, which for some of them is not root's to do. */
static int copy_attribute(int from, int to, const char *name) {
        char value[ATTRIBUTE_MAX], present[ATTRIBUTE_MAX];
        ssize_t size = fgetxattr(from, name, value, sizeof(value)), n;

        if (size < 0)
                return -errno;
        n = fgetxattr(to, name, present, sizeof(present));
        if (n == size && memcmp(value, present, (size_t)size) == 0)
                return 0;
        return fsetxattr(to, name, value, (size_t)size, 0) < 0 ? -errno : 0;
}

static int copy_attributes(int from, int to) {
        char names[NAMES_MAX];
        ssize_t size = flistxattr(from, names, sizeof(names));
        int r = 0;

        if (size < 0)
                return errno == EOPNOTSUPP ? 0 : -errno;
        for (ssize_t at = 0; at < size && r >= 0; at += (ssize_t)strlen(names + at) + 1)
                r = copy_attribute(from, to, names + at);
        return r;
}

int main_cf_file_dress(const struct main_cf_file *file, int fd) {
        int r, from = openat(file->directory, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (from < 0)
                return -errno;
        if (fchown(fd, file->status.st_uid, file->status.st_gid) < 0 ||
                fchmod(fd, file->status.st_mode & 07777) < 0)
                r = -errno;
        else
                r = copy_attributes(from, fd);
        close(from);
        return r;
}

static bool is_as_it_was(const struct main_cf_file *file, int directory, const char *name) {
        struct stat status;
        char *text = NULL;
        bool same = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                status.st_ino == file->status.st_ino && status.st_dev == file->status.st_dev &&
                status.st_mode == file->status.st_mode && status.st_uid == file->status.st_uid &&
                status.st_gid == file->status.st_gid && main_cf_file_read(directory, name, &text) >= 0 &&
                text && strcmp(text, file->text) == 0;

        free(text);
        return same;
}

int main_cf_file_exchange(const struct main_cf_file *file, int directory, const char *name) {
        int r;

        if (!is_as_it_was(file, file->directory, file->name))
                return -EBUSY;
        /* Nobody's work: the name is kept by a mount. */
        if (renameat2(directory, name, file->directory, file->name, RENAME_EXCHANGE) < 0)
                return errno == EBUSY ? -EXDEV : -errno;
        if (!is_as_it_was(file, directory, name))
                r = -EBUSY;
        else
                r = fsync(directory) < 0 || fsync(file->directory) < 0 ? -errno : 0;
        /* Somebody was faster: his is back before anybody is told to read anything. */
        if (r < 0)
                (void)renameat2(directory, name, file->directory, file->name, RENAME_EXCHANGE);
        return r;
}
