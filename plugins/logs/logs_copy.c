/* SPDX-License-Identifier: MIT */
/*
 * logs_copy - a compressed copy: made, proved, dressed like its log, and named
 *
 * Runs in children of the executor, as root.  A copy begins as a file without a name (O_TMPFILE), so whoever
 * stops us leaves nothing behind.  It is proved by what is on disk: written back, dropped from the cache, and
 * read again by `gzip -t`, which compares it with the checksum of what went in.  Only then it is given its name,
 * and never that of something else.
 *
 * Owns nothing: descriptors are the caller's.  Fails with a negative errno value; -EIO stands for a copy that is
 * not whole.  Limits: what the cache holds dirty elsewhere on that disk is written by its own time; a file system
 * without O_TMPFILE gets no copies.
 */
#include "logs/logs_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACL_NAME "system.posix_acl_access"
#define ACL_MAX 4096
#define GZIP "/usr/bin/gzip"

int logs_copy_open(int directory) {
        int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : fd;
}

static int filter(const struct sg_action *action, const char *option, int in_fd, int out_fd) {
        const char *const argv[] = {GZIP, option, NULL};
        char output[256] = "", said[256];
        int r = action->host->filter(action, argv, in_fd, out_fd, output, sizeof(output));

        if (r <= 0)
                return r;
        action->host->log(action, SG_LEVEL_WARNING, "gzip %s ended with %d: %s", option, r,
                logs_name_escape(output, said, sizeof(said)));
        return -EIO;
}

int logs_copy_compress(const struct sg_action *action, int log, int copy, uint64_t room) {
        struct rlimit before, limit;
        int r;

        if (getrlimit(RLIMIT_FSIZE, &before) < 0)
                return -errno;
        limit = before;
        if (limit.rlim_cur > room)
                limit.rlim_cur = room;
        if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
                return -errno;
        r = filter(action, "-c", log, copy);
        if (setrlimit(RLIMIT_FSIZE, &before) < 0)
                return -errno;
        return r;
}

static uint32_t little_endian(const unsigned char bytes[static 4]) {
        return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                (uint32_t)bytes[3] << 24;
}

int logs_copy_prove(const struct sg_action *action, int copy, struct logs_copy_end *ret_end) {
        unsigned char tail[8];
        struct stat status;
        int nowhere, r;

        if (fsync(copy) < 0 || fstat(copy, &status) < 0)
                return -errno;
        if (status.st_size <= (off_t)sizeof(tail) ||
                pread(copy, tail, sizeof(tail), status.st_size - (off_t)sizeof(tail)) != sizeof(tail) ||
                lseek(copy, 0, SEEK_SET) != 0)
                return -EIO;
        posix_fadvise(copy, 0, 0, POSIX_FADV_DONTNEED);
        nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (nowhere < 0)
                return -errno;
        r = filter(action, "-t", copy, nowhere);
        close(nowhere);
        *ret_end = (struct logs_copy_end){.crc = little_endian(tail), .size = little_endian(tail + 4)};
        return r;
}

int logs_copy_dress(int from, int copy, const struct stat *status) {
        const struct timespec times[2] = {status->st_atim, status->st_mtim};
        char acl[ACL_MAX];
        ssize_t length = fgetxattr(from, ACL_NAME, acl, sizeof(acl));

        if (fchown(copy, status->st_uid, status->st_gid) < 0)
                return -errno;
        if (length < 0 && errno != ENODATA && errno != EOPNOTSUPP)
                return -errno;
        /* Without one, the copy may have got one from its directory. */
        if (length < 0)
                fremovexattr(copy, ACL_NAME);
        else if (fsetxattr(copy, ACL_NAME, acl, (size_t)length, 0) < 0)
                return -errno;
        if (fchmod(copy, status->st_mode & 0777) < 0 || futimens(copy, times) < 0 || fsync(copy) < 0)
                return -errno;
        return 0;
}

int logs_copy_name(int copy, int directory, const char *name) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
        if (linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW) < 0)
                return -errno;
        return fsync(directory) < 0 ? -errno : 0;
}
