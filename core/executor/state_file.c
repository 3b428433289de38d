/* SPDX-License-Identifier: MIT */
/*
 * state_file - what recorder and leases have in common: a file that a full disk cannot take away
 *
 * Runs in: executor.  Owns STATE/NAME, preallocated once with posix_fallocate(3) and overwritten in place for
 * ever, so it neither grows nor fails on a disk that is full later.  When it cannot be had (full at the first
 * start, read-only, a copy-on-write file system that has no block left) RUN/NAME on tmpfs takes its place and
 * `trouble` says so; what is in it is carried over at the next start that finds the disk well.
 *
 * A file of the wrong kind or size, or in which not one slot is ours, is moved to STATE/NAME.bad, replacing
 * what is there, so that there is never more than one such copy.  Single torn slots are what crashes leave and
 * stay where they are.
 *
 * Fails: a write is negative when neither place takes it.
 * Limits: after a write error the durable file is not tried again before the next start.
 */
#include "executor/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "record/record.h"

int state_file_put(int fd, off_t at, const void *bytes, size_t size) {
        ssize_t n;

        do
                n = pwrite(fd, bytes, size, at);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}

/* Made under another name: a file of that name is always complete. */
static int create(const struct state_file *file, int directory, int *ret_fd) {
        _cleanup_close_ int fd = -1;
        char name[64];
        int r;

        text_format(name, sizeof(name), "%s.new", file->kind->name);
        if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = -posix_fallocate(fd, 0, file->kind->size);
        if (r == 0 && file->group != (gid_t)-1 && fchown(fd, (uid_t)-1, file->group) < 0)
                r = -errno;
        if (r == 0 && fchmod(fd, 0640) < 0)
                r = -errno;
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r == 0 && renameat(directory, name, directory, file->kind->name) < 0)
                r = -errno;
        if (r < 0) {
                unlinkat(directory, name, 0);
                return r;
        }
        fsync(directory);
        *ret_fd = take_fd(&fd);
        return 0;
}

/* 0: opened; -ENOENT: there is none; -EUCLEAN: not ours. */
static int open_ours(const struct state_file_kind *kind, int directory, int *ret_fd) {
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

static int open_or_create(const struct state_file *file, const char *path, int *ret_fd) {
        _cleanup_close_ int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const char *name = file->kind->name;
        char aside[64];
        int r;

        if (directory < 0)
                return -errno;
        r = open_ours(file->kind, directory, ret_fd);
        if (r == -EUCLEAN) {
                log_error("%s: %s/%s is not one of ours; kept as %s.bad, a new one begins", name, path, name,
                        name);
                text_format(aside, sizeof(aside), "%s.bad", name);
                if (renameat(directory, name, directory, aside) < 0)
                        return -errno;
                r = -ENOENT;
        }
        return r == -ENOENT ? create(file, directory, ret_fd) : r;
}

static void carry_over(const struct state_file *file) {
        _cleanup_close_ int directory = open(file->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), from = -1;
        struct stat here, there;

        if (directory < 0 || open_ours(file->kind, directory, &from) < 0 || fstat(file->fd, &here) < 0 ||
                fstat(from, &there) < 0)
                return;
        /* Both directories may be the same. */
        if (here.st_dev == there.st_dev && here.st_ino == there.st_ino)
                return;
        if (file->kind->carry(file->fd, from) < 0 || fdatasync(file->fd) < 0) {
                log_error("%s: what is in %s/%s could not be carried over and stays there", file->kind->name,
                        file->run_dir, file->kind->name);
                return;
        }
        unlinkat(directory, file->kind->name, 0);
}

static void go_nowhere(struct state_file *file, const char *why) {
        if (file->fd >= 0)
                close(take_fd(&file->fd));
        file->place = STATE_NOWHERE;
        text_format(file->trouble, sizeof(file->trouble), "%s: %s", file->kind->nowhere, why);
        log_error("%s: %s", file->kind->name, file->trouble);
}

static void go_volatile(struct state_file *file, const char *what, int error) {
        char why[256];
        int r;

        if (file->fd >= 0)
                close(take_fd(&file->fd));
        r = open_or_create(file, file->run_dir, &file->fd);
        if (r < 0) {
                text_format(why, sizeof(why), "%s: %s, %s: %s", what, strerror(-error), file->run_dir,
                        strerror(-r));
                go_nowhere(file, why);
                return;
        }
        file->place = STATE_VOLATILE;
        text_format(file->trouble, sizeof(file->trouble), "%s is kept in %s, where a reboot loses it: %s: %s",
                file->kind->title, file->run_dir, what, strerror(-error));
        log_error("%s: %s", file->kind->name, file->trouble);
}

void state_file_init(struct state_file *file, const struct state_file_kind *kind, const char *state_dir,
        const char *run_dir, const char *group) {
        const struct group *entry = group ? getgrnam(group) : NULL;
        int r;

        *file = (struct state_file){.kind = kind, .fd = -1, .group = entry ? entry->gr_gid : (gid_t)-1};
        text_copy(file->run_dir, sizeof(file->run_dir), run_dir);
        r = open_or_create(file, state_dir, &file->fd);
        if (r < 0) {
                go_volatile(file, state_dir, r);
                return;
        }
        file->place = STATE_DURABLE;
        carry_over(file);
}

void state_file_deinit(struct state_file *file) {
        if (file->fd >= 0)
                close(take_fd(&file->fd));
}

static int write_once(const struct state_file *file, off_t at, const void *bytes, size_t size, bool sync) {
        int r = file->fd < 0 ? -EIO : state_file_put(file->fd, at, bytes, size);

        if (r == 0 && sync && fdatasync(file->fd) < 0)
                r = -errno;
        return r;
}

int state_file_write(struct state_file *file, off_t at, const void *bytes, size_t size, bool sync) {
        int r = write_once(file, at, bytes, size, sync);
        char what[64];

        if (r < 0 && file->place == STATE_DURABLE) {
                text_format(what, sizeof(what), "writing %s", file->kind->title);
                go_volatile(file, what, r);
                r = write_once(file, at, bytes, size, sync);
        }
        if (r < 0 && file->place == STATE_VOLATILE)
                go_nowhere(file, strerror(-r));
        return r;
}
