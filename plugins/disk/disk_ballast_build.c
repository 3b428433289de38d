/* SPDX-License-Identifier: MIT */
/*
 * disk_ballast_build - disk.build_ballast: set space aside while there is plenty
 *
 * Runs in a child of the executor, as root.  Writes a file of noise, which no file system can compress or store
 * sparsely, under another name and renames it when it is whole and on disk, so that a ballast either exists or
 * does not.  It is only built where the file system stays well below the first level that anybody acts on: a
 * ballast that causes the trouble it is for would be worse than none.
 *
 * Owns the new file until it is renamed; removes it when something fails.  Fails with the errno value of what
 * did not work.  Limits: the size of its argument, or of the plugin's option.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disk/disk.h"

#define ROOMY 0.70
#define CHUNK_WORDS 8192

enum { ARG_SIZE };

static const struct sg_option args[] = {
        [ARG_SIZE] = {.name = "size",
                .type = SG_TYPE_SIZE,
                .fallback = "0",
                .doc = "How large; 0: as the option of the plugin says.",
                .min = 0,
                .max = 1073741824},
        {0},
};

static uint64_t wanted(const struct sg_action *action) {
        uint64_t bytes = action->args[ARG_SIZE].bytes;

        return bytes > 0 ? bytes : action->options[DISK_OPTION_BALLAST].bytes;
}

static enum sg_verdict inspect(int directory, uint64_t bytes, struct sg_outcome *outcome) {
        struct statvfs room;
        struct stat status;

        if (bytes == 0) {
                snprintf(outcome->text, sizeof(outcome->text), "no ballast is wanted: its size is 0");
                return SG_VERDICT_NOTHING;
        }
        if (directory < 0 || fstatvfs(directory, &room) < 0) {
                snprintf(outcome->text, sizeof(outcome->text), DISK_STATE_DIR " cannot be opened: %s",
                        strerror(errno));
                return SG_VERDICT_REFUSED;
        }
        if (fstatat(directory, DISK_BALLAST, &status, AT_SYMLINK_NOFOLLOW) == 0) {
                if (S_ISREG(status.st_mode) && (uint64_t)status.st_size >= bytes) {
                        snprintf(outcome->text, sizeof(outcome->text), "the ballast is there");
                        return SG_VERDICT_NOTHING;
                }
                if (!S_ISREG(status.st_mode)) {
                        snprintf(outcome->text, sizeof(outcome->text),
                                DISK_STATE_DIR "/" DISK_BALLAST " is not a plain file: not touched");
                        return SG_VERDICT_REFUSED;
                }
        }
        if (disk_usage_ratio_after(&room, bytes) >= ROOMY) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "no room for it: the file system would be more than %.0f %% full", ROOMY * 100);
                return SG_VERDICT_REFUSED;
        }
        snprintf(outcome->text, sizeof(outcome->text), "a ballast of %.1f MiB is built",
                (double)bytes / 1048576);
        return SG_VERDICT_GO;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        int directory = disk_ballast_directory(action);
        enum sg_verdict verdict = inspect(directory, wanted(action), ret_outcome);

        if (directory >= 0)
                close(directory);
        return verdict;
}

static int write_noise(int fd, uint64_t bytes) {
        uint64_t words[CHUNK_WORDS], state;

        if (getrandom(&state, sizeof(state), 0) != (ssize_t)sizeof(state))
                return -EIO;
        state |= 1;
        while (bytes > 0) {
                size_t size = bytes < sizeof(words) ? (size_t)bytes : sizeof(words);
                ssize_t n;

                for (size_t i = 0; i < CHUNK_WORDS; i++) {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        words[i] = state;
                }
                n = write(fd, words, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                bytes -= (uint64_t)n;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

static int build(int directory, uint64_t bytes) {
        int fd, r;

        if (unlinkat(directory, DISK_BALLAST_NEW, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(directory, DISK_BALLAST_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        /* Room for all of it or an error now; where this is not supported, writing shows the same later. */
        r = fallocate(fd, 0, 0, (off_t)bytes) < 0 && errno != EOPNOTSUPP ? -errno : 0;
        if (r >= 0)
                r = write_noise(fd, bytes);
        if (close(fd) < 0 && r >= 0)
                r = -errno;
        if (r >= 0 && renameat(directory, DISK_BALLAST_NEW, directory, DISK_BALLAST) < 0)
                r = -errno;
        if (r < 0)
                unlinkat(directory, DISK_BALLAST_NEW, 0);
        return r;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        int directory = disk_ballast_directory(action), r = -EPERM;
        uint64_t bytes = wanted(action);

        if (inspect(directory, bytes, ret_outcome) == SG_VERDICT_GO) {
                r = build(directory, bytes);
                if (r < 0)
                        snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                                "the ballast cannot be built: %s", strerror(-r));
        }
        if (directory >= 0)
                close(directory);
        if (r < 0)
                return r;
        ret_outcome->count = 1;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%.1f MiB are set aside as ballast",
                (double)bytes / 1048576);
        return 0;
}

const struct sg_verb disk_build_ballast = {
        .name = "disk.build_ballast",
        .summary = "Set space aside in a ballast file while there is plenty",
        .risk = SG_RISK_FREEING,
        .args = args,
        .deadline_usec = UINT64_C(120000000),
        .cooldown_usec = UINT64_C(60000000),
        .budget_count = 4,
        .budget_window_usec = UINT64_C(86400000000),
        .needs_space_on = DISK_STATE_DIR,
        .check = check,
        .run = run,
};
