/* SPDX-License-Identifier: MIT */
/*
 * logs_trim_file - the live log that is to be cut, opened without being tricked
 *
 * Runs in children of the executor, as root.  The path comes from the watcher or from a person: the directory must be
 * one of the configured or lie below one, with nobody else who could write on the way there (logs_rotated.c), and
 * its last part is opened without following a link.  What is no regular file, has a second name, was rotated away
 * or is protected by its admin is refused, each with one sentence.
 *
 * Owns two descriptors.  Fails with that sentence.
 */
#include "logs/logs_trim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *open_directory(
        const struct sg_action *action, const char *path, struct logs_trim_file *file) {
        const char *name = strrchr(path, '/');
        char directory[LOGS_PATH_MAX];

        if (path[0] != '/' || !name || name == path || name[1] == '\0' || strcmp(name, "/..") == 0 ||
                strcmp(name, "/.") == 0 || strlen(name + 1) >= sizeof(file->name) ||
                (size_t)(name - path) >= sizeof(directory))
                return "it is not the absolute path of a log";
        snprintf(file->name, sizeof(file->name), "%s", name + 1);
        snprintf(directory, sizeof(directory), "%.*s", (int)(name - path), path);
        file->directory = logs_rotated_open_directory(action, directory);
        if (file->directory == -EINVAL)
                return "it is not below one of the configured directories";
        if (file->directory == -EPERM)
                return "others than root can write on the way to it";
        return file->directory < 0 ? "its directory cannot be opened safely" : NULL;
}

static const char *refuse_kind(const struct stat *status) {
        static const struct {
                mode_t kind;
                const char *why;
        } others[] = {
                {S_IFLNK, "it is a symbolic link"},
                {S_IFIFO, "it is a FIFO"},
                {S_IFDIR, "it is a directory"},
                {S_IFCHR, "it is a device"},
                {S_IFBLK, "it is a device"},
                {S_IFSOCK, "it is a socket"},
        };

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                if ((status->st_mode & S_IFMT) == others[i].kind)
                        return others[i].why;
        if (!S_ISREG(status->st_mode))
                return "it is not a regular file";
        return status->st_nlink != 1 ? "it has several names" : NULL;
}

/* For writing, an immutable file cannot even be opened. */
static const char *refuse_protected(const struct logs_trim_file *file) {
        int fd = openat(
                file->directory, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        unsigned flags = 0;
        bool known;

        if (fd < 0)
                return "it cannot be opened";
        known = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;
        close(fd);
        if (known && (flags & FS_IMMUTABLE_FL))
                return "it is immutable (chattr +i)";
        return known && (flags & FS_APPEND_FL) ? "it may only be appended to (chattr +a)" : NULL;
}

const char *logs_trim_file_open(
        const struct sg_action *action, const char *path, int access, struct logs_trim_file *ret_file) {
        struct logs_name parsed;
        struct stat named;
        const char *why;

        *ret_file = (struct logs_trim_file){.directory = -1, .fd = -1};
        why = open_directory(action, path, ret_file);
        if (why)
                return why;
        if (fstatat(ret_file->directory, ret_file->name, &named, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? "it does not exist" : "it cannot be looked at";
        why = refuse_kind(&named);
        if (!why && logs_name_parse(ret_file->name, &parsed))
                why = "it was rotated away: logs.compress and logs.drop_rotated are for such";
        if (!why)
                why = refuse_protected(ret_file);
        if (why)
                return why;
        ret_file->fd = openat(
                ret_file->directory, ret_file->name, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (ret_file->fd < 0)
                return errno == EPERM ? "it is protected (chattr +a or +i)" : "it cannot be opened";
        if (fstat(ret_file->fd, &ret_file->status) < 0 || ret_file->status.st_dev != named.st_dev ||
                ret_file->status.st_ino != named.st_ino)
                return "it was replaced while it was looked at";
        return refuse_kind(&ret_file->status);
}

bool logs_trim_file_is_named(const struct logs_trim_file *file) {
        struct stat now;

        return fstatat(file->directory, file->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                now.st_dev == file->status.st_dev && now.st_ino == file->status.st_ino && now.st_nlink == 1;
}

void logs_trim_file_close(struct logs_trim_file *file) {
        if (file->fd >= 0)
                close(file->fd);
        if (file->directory >= 0)
                close(file->directory);
        file->fd = file->directory = -1;
}
