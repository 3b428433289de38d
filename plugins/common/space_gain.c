/* SPDX-License-Identifier: MIT */
/*
 * space_gain - how much space came back, measured and never computed
 *
 * Runs in children of the executor.  What is free for root and what is free for everybody else are two numbers: on
 * a full ext4 the reserve is filled first, and Postfix has nothing of it.
 *
 * Not every file system gives space back at once: xfs does it a moment later on its own, and btrfs with its next
 * commit, which may be half a minute away (measured: 31 s).  So it is looked at until as much is there as was let
 * go, or no more comes; where that is less than half, the file system is asked to commit, once, and only then, for
 * it makes us wait for all that others have yet to write.  They write meanwhile as well: that the last of it does
 * not come is usual, and of what was seen the most counts.
 *
 * Owns nothing.  Fails at the beginning only; a file system that can no longer be measured has gained nothing.
 * Limits: SPACE_GAIN_MAX file systems, and about six seconds.
 */
#include "common/space_gain.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NSEC 50000000L
#define QUIET_ROUNDS 8
#define ROUNDS_MAX 120

/* Subvolumes of one btrfs have devices of their own, and the same numbers. */
static bool is_same_space(const struct statvfs *a, const struct statvfs *b) {
        return a->f_blocks == b->f_blocks && a->f_bfree == b->f_bfree && a->f_bavail == b->f_bavail &&
                a->f_frsize == b->f_frsize;
}

int space_gain_add(struct space_gain *gain, int fd) {
        struct statvfs space;
        struct stat status;

        if (fstat(fd, &status) < 0 || fstatvfs(fd, &space) < 0)
                return -errno;
        for (size_t i = 0; i < gain->n; i++)
                if (gain->systems[i].device == status.st_dev ||
                        is_same_space(&gain->systems[i].before, &space))
                        return 0;
        if (gain->n == SPACE_GAIN_MAX)
                return -ENOSPC;
        gain->systems[gain->n].device = status.st_dev;
        gain->systems[gain->n].fd = fd;
        gain->systems[gain->n].before = space;
        gain->n++;
        return 0;
}

static uint64_t more(fsblkcnt_t before, fsblkcnt_t after, unsigned long unit) {
        return after > before ? (uint64_t)(after - before) * unit : 0;
}

static struct space_gained look(const struct space_gain *gain) {
        struct space_gained gained = {0};

        for (size_t i = 0; i < gain->n; i++) {
                const struct statvfs *before = &gain->systems[i].before;
                struct statvfs now;

                if (fstatvfs(gain->systems[i].fd, &now) < 0)
                        continue;
                gained.bytes += more(before->f_bfree, now.f_bfree, now.f_frsize);
                gained.for_others += more(before->f_bavail, now.f_bavail, now.f_frsize);
        }
        return gained;
}

static void commit(const struct space_gain *gain) {
        for (size_t i = 0; i < gain->n; i++)
                (void)syncfs(gain->systems[i].fd);
}

struct space_gained space_gain_end(const struct space_gain *gain, uint64_t expected_bytes) {
        const uint64_t enough = expected_bytes - expected_bytes / 8;
        const struct timespec pause = {.tv_nsec = PAUSE_NSEC};
        struct space_gained best = look(gain);
        bool committed = false;
        unsigned quiet = 0;

        for (unsigned i = 0; i < ROUNDS_MAX && best.bytes < enough && quiet < QUIET_ROUNDS; i++) {
                struct space_gained now;

                nanosleep(&pause, NULL);
                now = look(gain);
                quiet = now.bytes > best.bytes ? 0 : quiet + 1;
                if (now.bytes > best.bytes)
                        best = now;
                if (quiet == QUIET_ROUNDS && !committed && best.bytes < expected_bytes / 2) {
                        commit(gain);
                        committed = true;
                        quiet = 0;
                }
        }
        return best;
}
