/* SPDX-License-Identifier: MIT */
/*
 * recorder - the durable file of every decision and action
 *
 * Runs in: executor.  Owns STATE/recorder, preallocated once with posix_fallocate(3) and overwritten in place
 * for ever, so it neither grows nor fails on a disk that is full later.  When it cannot be had (full at the
 * first start, read-only, a copy-on-write file system that has no block left) RUN/recorder on tmpfs takes its
 * place and recorder_trouble() says so; its slots are carried over at the next start that finds the disk well.
 *
 * A file of the wrong kind or size, or in which not one slot is ours, is moved to STATE/recorder.bad, replacing
 * what is there, so that there is never more than one such copy.  Single torn slots are what crashes leave and
 * stay where they are.
 *
 * Fails: recorder_append() is negative when neither place takes the slot.
 * Limits: after a write error the durable file is not tried again before the next start.
 */
#include "executor/recorder.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#define FILE_SIZE ((off_t)RECORD_SLOTS * RECORD_SLOT_SIZE)

struct recorder {
        int fd; /* -1: nowhere */
        enum recorder_place place;
        gid_t group;
        char run_dir[PATH_MAX];
        char trouble[256];
};

static int write_slot(int fd, uint64_t number, const char *slot) {
        off_t at = (off_t)((number - 1) % RECORD_SLOTS) * RECORD_SLOT_SIZE;
        ssize_t n;

        do
                n = pwrite(fd, slot, RECORD_SLOT_SIZE, at);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n == RECORD_SLOT_SIZE ? 0 : -EIO;
}

/* Made under another name: a file called recorder is always complete. */
static int create(int directory, gid_t group, int *ret_fd) {
        _cleanup_close_ int fd = -1;
        int r;

        if (unlinkat(directory, "recorder.new", 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(directory, "recorder.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = -posix_fallocate(fd, 0, FILE_SIZE);
        if (r == 0 && group != (gid_t)-1 && fchown(fd, (uid_t)-1, group) < 0)
                r = -errno;
        if (r == 0 && fchmod(fd, 0640) < 0)
                r = -errno;
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r == 0 && renameat(directory, "recorder.new", directory, "recorder") < 0)
                r = -errno;
        if (r < 0) {
                unlinkat(directory, "recorder.new", 0);
                return r;
        }
        fsync(directory);
        *ret_fd = take_fd(&fd);
        return 0;
}

static int count_one(const struct record *record, void *data) {
        size_t *n = data;
        (void)record;
        (*n)++;
        return 0;
}

/* 0: opened; -ENOENT: there is none; -EUCLEAN: not ours. */
static int open_ours(int directory, int *ret_fd) {
        _cleanup_close_ int fd = openat(directory, "recorder", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        size_t good = 0, bad = 0;
        struct stat st;
        int r;

        if (fd < 0)
                return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -EUCLEAN : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size != FILE_SIZE)
                return -EUCLEAN;
        r = record_read(fd, count_one, &good, &bad);
        if (r < 0)
                return r;
        if (good == 0 && bad > 0)
                return -EUCLEAN;
        if (bad > 0)
                log_warning(
                        "recorder: %zu of %u slots are torn or foreign and passed over", bad, RECORD_SLOTS);
        *ret_fd = take_fd(&fd);
        return 0;
}

static int open_or_create(const char *path, gid_t group, int *ret_fd) {
        _cleanup_close_ int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (directory < 0)
                return -errno;
        r = open_ours(directory, ret_fd);
        if (r == -EUCLEAN) {
                log_error("recorder: %s/recorder is not a recorder file; kept as recorder.bad, a new one "
                          "begins",
                        path);
                if (renameat(directory, "recorder", directory, "recorder.bad") < 0)
                        return -errno;
                r = -ENOENT;
        }
        return r == -ENOENT ? create(directory, group, ret_fd) : r;
}

static int highest(const struct record *record, void *data) {
        uint64_t *number = data;
        *number = record->number;
        return 0;
}

struct carry {
        int fd;
        uint64_t above;
        int error;
};

static int carry_one(const struct record *record, void *data) {
        struct carry *carry = data;
        char slot[RECORD_SLOT_SIZE];

        if (record->number <= carry->above)
                return 0;
        carry->error =
                record_format(record->number, record->time_usec, record->fields, record->n_fields, slot);
        if (carry->error == 0)
                carry->error = write_slot(carry->fd, record->number, slot);
        return carry->error < 0;
}

/* What an earlier start had to keep in RUN belongs behind what is in STATE. */
static void carry_over(int fd, const char *run_dir) {
        _cleanup_close_ int directory = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), from = -1;
        struct carry carry = {.fd = fd};
        struct stat here, there;

        if (directory < 0 || open_ours(directory, &from) < 0 || fstat(fd, &here) < 0 ||
                fstat(from, &there) < 0)
                return;
        /* Both directories may be the same. */
        if (here.st_dev == there.st_dev && here.st_ino == there.st_ino)
                return;
        if (record_read(fd, highest, &carry.above, NULL) < 0 ||
                record_read(from, carry_one, &carry, NULL) != 0 || fdatasync(fd) < 0) {
                log_error("recorder: what is in %s/recorder could not be carried over and stays there",
                        run_dir);
                return;
        }
        unlinkat(directory, "recorder", 0);
}

static void go_volatile(struct recorder *recorder, const char *what, int error) {
        int r;

        if (recorder->fd >= 0)
                close(take_fd(&recorder->fd));
        r = open_or_create(recorder->run_dir, recorder->group, &recorder->fd);
        if (r < 0) {
                recorder->fd = -1;
                recorder->place = RECORDER_NOWHERE;
                text_format(recorder->trouble, sizeof(recorder->trouble),
                        "nothing can be recorded: %s: %s, %s: %s", what, strerror(-error), recorder->run_dir,
                        strerror(-r));
        } else {
                recorder->place = RECORDER_VOLATILE;
                text_format(recorder->trouble, sizeof(recorder->trouble),
                        "the record is kept in %s, where a reboot loses it: %s: %s", recorder->run_dir, what,
                        strerror(-error));
        }
        log_error("recorder: %s", recorder->trouble);
}

int recorder_new(
        const char *state_dir, const char *run_dir, const char *group, struct recorder **ret_recorder) {
        const struct group *entry = group ? getgrnam(group) : NULL;
        struct recorder *recorder = calloc(1, sizeof(*recorder));
        int r;

        if (!recorder)
                return -ENOMEM;
        recorder->fd = -1;
        recorder->group = entry ? entry->gr_gid : (gid_t)-1;
        text_copy(recorder->run_dir, sizeof(recorder->run_dir), run_dir);

        r = open_or_create(state_dir, recorder->group, &recorder->fd);
        if (r == 0) {
                recorder->place = RECORDER_DURABLE;
                carry_over(recorder->fd, run_dir);
        } else
                go_volatile(recorder, state_dir, r);
        *ret_recorder = recorder;
        return 0;
}

struct recorder *recorder_free(struct recorder *recorder) {
        if (recorder && recorder->fd >= 0)
                close(recorder->fd);
        free(recorder);
        return NULL;
}

enum recorder_place recorder_place(const struct recorder *recorder) {
        return recorder->place;
}

const char *recorder_trouble(const struct recorder *recorder) {
        return recorder->trouble;
}

int recorder_read(const struct recorder *recorder, int (*visit)(const struct record *record, void *data),
        void *data, size_t *ret_bad) {
        if (recorder->fd < 0)
                return 0;
        return record_read(recorder->fd, visit, data, ret_bad);
}

static int append(struct recorder *recorder, uint64_t number, const char *slot, bool sync) {
        int r;

        if (recorder->fd < 0)
                return -EIO;
        r = write_slot(recorder->fd, number, slot);
        if (r == 0 && sync && fdatasync(recorder->fd) < 0)
                r = -errno;
        return r;
}

int recorder_append(
        struct recorder *recorder, uint64_t number, const char slot[static RECORD_SLOT_SIZE], bool sync) {
        int r = append(recorder, number, slot, sync);

        if (r < 0 && recorder->place == RECORDER_DURABLE) {
                go_volatile(recorder, "writing the recorder", r);
                r = append(recorder, number, slot, sync);
        } else if (r < 0 && recorder->place == RECORDER_VOLATILE) {
                recorder->place = RECORDER_NOWHERE;
                text_format(recorder->trouble, sizeof(recorder->trouble), "nothing can be recorded: %s",
                        strerror(-r));
                log_error("recorder: %s", recorder->trouble);
        }
        return r;
}
