/* SPDX-License-Identifier: MIT */
/*
 * logs_reopen_gain - how much space came back
 *
 * Runs in a child of the executor.  When the last descriptor of a large file is closed, the file system needs some
 * time to give its blocks back, and some do it later on their own (xfs).  So it is looked at until free space has
 * stopped growing.  A copy-on-write file system gives blocks back with its next commit, which may be half a minute
 * away (measured: btrfs, 31 s): where much less came back than was let go, it is asked to commit.  What is free for root and what is free for everybody else are two numbers: on a full ext4 the
 * reserve is filled first, and Postfix has nothing of it.
 *
 * Others write meanwhile, so the gain is what is seen, and may be less than what the files took.
 *
 * Owns nothing.  A file system that cannot be measured has gained nothing.  Limits: LIMIT_ROUNDS.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "logs/logs_reopen.h"

#define PAUSE_NSEC 100000000L
#define QUIET_ROUNDS 5
#define LIMIT_ROUNDS 50

void logs_reopen_measure(const struct logs_reopen_files *files, struct logs_reopen_space *ret_space) {
        *ret_space = (struct logs_reopen_space){.before = {{0}}};
        for (size_t i = 0; i < files->n_places; i++)
                if (fstatvfs(files->places[i].fd, &ret_space->before[i]) < 0)
                        ret_space->before[i] = (struct statvfs){0};
}

static uint64_t grown(fsblkcnt_t before, fsblkcnt_t after, unsigned long unit) {
        return after > before ? (uint64_t)(after - before) * unit : 0;
}

/* Each file system once, however many of the directories are on it. */
static bool is_first(const struct logs_reopen_files *files, size_t i) {
        for (size_t j = 0; j < i; j++)
                if (files->places[j].device == files->places[i].device)
                        return false;
        return true;
}

static void look(const struct logs_reopen_files *files, const struct logs_reopen_space *space,
        uint64_t *ret_free, uint64_t *ret_available) {
        *ret_free = *ret_available = 0;
        for (size_t i = 0; i < files->n_places; i++) {
                const struct statvfs *before = &space->before[i];
                struct statvfs now;

                if (!is_first(files, i) || before->f_blocks == 0 || fstatvfs(files->places[i].fd, &now) < 0)
                        continue;
                *ret_free += grown(before->f_bfree, now.f_bfree, now.f_frsize);
                *ret_available += grown(before->f_bavail, now.f_bavail, now.f_frsize);
        }
}

static void commit(const struct logs_reopen_files *files) {
        for (size_t i = 0; i < files->n_places; i++)
                if (is_first(files, i))
                        syncfs(files->places[i].fd);
}

void logs_reopen_gain(const struct logs_reopen_files *files, const struct logs_reopen_space *space,
        uint64_t expected_bytes, uint64_t *ret_free, uint64_t *ret_available) {
        const struct timespec pause = {.tv_nsec = PAUSE_NSEC};
        bool committed = false;
        unsigned quiet = 0;

        look(files, space, ret_free, ret_available);
        for (unsigned i = 0; i < LIMIT_ROUNDS && quiet < QUIET_ROUNDS; i++) {
                uint64_t free_bytes, available;

                nanosleep(&pause, NULL);
                look(files, space, &free_bytes, &available);
                quiet = free_bytes > *ret_free ? 0 : quiet + 1;
                if (quiet == QUIET_ROUNDS && !committed && free_bytes < expected_bytes / 2) {
                        commit(files);
                        committed = true;
                        quiet = 0;
                }
                if (free_bytes > *ret_free)
                        *ret_free = free_bytes;
                if (available > *ret_available)
                        *ret_available = available;
        }
}
