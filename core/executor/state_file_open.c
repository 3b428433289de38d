/* SPDX-License-Identifier: MIT */
/*
 * state_file_open - finding, making and copying the file of a state_file.c
 *
 * Runs in: executor.  Owns nothing.  A file is made under another name, allocated, filled and synced before it
 * gets its own, so one of that name is always complete.  A file of the wrong kind or size, or in which not one
 * slot is ours, is moved to NAME.bad, replacing what is there, so that there is never more than one such copy.
 * Single torn slots are what crashes leave and stay where they are.
 *
 * On btrfs the file is asked to be overwritten in place (chattr +C): on a full one that works, where every other
 * overwrite fails (measured).  It is no promise, since a snapshot undoes it for a while, so such a file system
 * still counts as one that copies.  The checksums of btrfs are lost with it; our slots carry their own.
 *
 * Fails with a negative errno value; links are never followed.
 */
#include "executor/state_file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "record/record.h"

/* Not in linux/magic.h. */
#define ZFS_MAGIC 0x2fc12fc1
#define BCACHEFS_MAGIC 0xca451a4e

bool state_file_copies_on_write(int fd) {
        static const uint32_t magics[] = {
                BTRFS_SUPER_MAGIC, ZFS_MAGIC, BCACHEFS_MAGIC, NILFS_SUPER_MAGIC, F2FS_SUPER_MAGIC};
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(magics); i++)
                if ((uint32_t)fs.f_type == magics[i])
                        return true;
        return false;
}

/* Only while it is empty, and only where the file system knows such a thing. */
static void ask_for_overwriting(int fd) {
        int flags = 0;

        if (!state_file_copies_on_write(fd) || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return;
        flags |= FS_NOCOW_FL;
        if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
                log_debug("the state file cannot be kept from being copied on write");
}

static int sync_named(int directory, int fd, const char *name, const char *as) {
        if (fsync(fd) < 0 || renameat(directory, name, directory, as) < 0)
                return -errno;
        fsync(directory);
        return 0;
}

/* What cannot be read is left out: a slot that was never written is passed over like a torn one. */
static int copy(const struct state_file_kind *kind, int to, int from) {
        char slot[RECORD_SLOT_SIZE];
        int r = 0;

        for (off_t at = 0; at < kind->size && r == 0; at += (off_t)sizeof(slot))
                if (pread(from, slot, sizeof(slot), at) == (ssize_t)sizeof(slot))
                        r = state_file_put(to, at, slot, sizeof(slot));
        return r;
}

static int create_at(
        const struct state_file_kind *kind, gid_t group, int directory, int base, int more, int *ret_fd) {
        _cleanup_close_ int fd = -1;
        char name[64];
        int r;

        text_format(name, sizeof(name), "%s.new", kind->name);
        if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        ask_for_overwriting(fd);
        r = -posix_fallocate(fd, 0, kind->size);
        if (r == 0 && group != (gid_t)-1 && fchown(fd, (uid_t)-1, group) < 0)
                r = -errno;
        if (r == 0 && fchmod(fd, 0640) < 0)
                r = -errno;
        if (r == 0 && base >= 0)
                r = copy(kind, fd, base);
        if (r == 0 && more >= 0)
                r = kind->carry(fd, more);
        if (r == 0)
                r = sync_named(directory, fd, name, kind->name);
        if (r < 0) {
                unlinkat(directory, name, 0);
                return r;
        }
        *ret_fd = take_fd(&fd);
        return 0;
}

static int open_directory(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int state_file_create(
        const struct state_file_kind *kind, gid_t group, const char *path, int base, int more, int *ret_fd) {
        _cleanup_close_ int directory = open_directory(path);

        return directory < 0 ? directory : create_at(kind, group, directory, base, more, ret_fd);
}

static int open_at(const struct state_file_kind *kind, int directory, int *ret_fd) {
        _cleanup_close_ int fd = openat(directory, kind->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        size_t good = 0, bad = 0;
        struct stat st;
        int r;

        if (fd < 0)
                return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -EUCLEAN : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size != kind->size)
                return -EUCLEAN;
        r = kind->count(fd, &good, &bad);
        if (r < 0)
                return r;
        if (good == 0 && bad > 0)
                return -EUCLEAN;
        if (bad > 0)
                log_warning("%s: %zu of %lld slots are torn or foreign and passed over", kind->name, bad,
                        (long long)(kind->size / RECORD_SLOT_SIZE));
        *ret_fd = take_fd(&fd);
        return 0;
}

int state_file_open(const struct state_file_kind *kind, const char *path, int *ret_fd) {
        _cleanup_close_ int directory = open_directory(path);

        return directory < 0 ? directory : open_at(kind, directory, ret_fd);
}

int state_file_open_or_create(
        const struct state_file_kind *kind, gid_t group, const char *path, int *ret_fd) {
        _cleanup_close_ int directory = open_directory(path);
        char aside[64];
        int r;

        if (directory < 0)
                return directory;
        r = open_at(kind, directory, ret_fd);
        if (r == -EUCLEAN) {
                log_error("%s: %s/%s is not one of ours; kept as %s.bad, a new one begins", kind->name, path,
                        kind->name, kind->name);
                text_format(aside, sizeof(aside), "%s.bad", kind->name);
                if (renameat(directory, kind->name, directory, aside) < 0)
                        return -errno;
                r = -ENOENT;
        }
        return r == -ENOENT ? create_at(kind, group, directory, -1, -1, ret_fd) : r;
}
