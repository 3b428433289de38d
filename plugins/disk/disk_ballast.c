/* SPDX-License-Identifier: MIT */
/*
 * disk_ballast - disk.free_ballast: give back the space that was set aside for the worst moment
 *
 * Runs in a child of the executor, as root.  Removes one file by its fixed name in our own state directory, and
 * only when the file system it lies on is critical: the ballast is of use once.  The name must be a regular
 * file of our own user with one link, so that nothing else can be removed by this verb, whoever planted what.
 *
 * Nobody keeps the file open, so its blocks come back with the name.  On ext4 the space for others than root
 * can grow by less than the file, since the reserve for root is refilled first; both are in the record.
 *
 * Owns nothing.  Fails with the errno value of what did not work.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "common/space_gain.h"
#include "disk/disk.h"

/* Somebody may take the space as soon as it is there: what was seen in two seconds counts. */

int disk_ballast_directory(const struct sg_action *action) {
        char path[512];

        snprintf(path, sizeof(path), "%s" DISK_STATE_DIR, action->host->root);
        return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Is there a ballast that may be removed? */
static enum sg_verdict inspect(int directory, struct sg_outcome *outcome) {
        struct stat status;

        if (directory < 0 || fstatat(directory, DISK_BALLAST, &status, AT_SYMLINK_NOFOLLOW) < 0) {
                snprintf(outcome->text, sizeof(outcome->text), "there is no ballast");
                return SG_VERDICT_NOTHING;
        }
        if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_nlink != 1) {
                snprintf(outcome->text, sizeof(outcome->text),
                        DISK_STATE_DIR "/" DISK_BALLAST " is not a plain file of ours: not touched");
                return SG_VERDICT_REFUSED;
        }
        snprintf(outcome->text, sizeof(outcome->text), "the ballast of %.1f MiB goes",
                (double)status.st_blocks * 512 / 1048576);
        return SG_VERDICT_GO;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        int directory = disk_ballast_directory(action);
        enum sg_verdict verdict = inspect(directory, ret_outcome);

        if (directory >= 0)
                close(directory);
        if (verdict == SG_VERDICT_GO &&
                action->host->pressure(action, DISK_STATE_DIR) != SG_PRESSURE_CRITICAL) {
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "not needed: the file system of " DISK_STATE_DIR " is not critical");
                return SG_VERDICT_REFUSED;
        }
        return verdict;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        int directory = disk_ballast_directory(action), r = 0;
        struct space_gain gain = {.n = 0};
        struct space_gained gained = {0};
        struct stat ballast = {0};

        if (inspect(directory, ret_outcome) != SG_VERDICT_GO) {
                if (directory >= 0)
                        close(directory);
                return -EPERM;
        }
        r = space_gain_add(&gain, directory);
        if (r == 0 &&
                (fstatat(directory, DISK_BALLAST, &ballast, AT_SYMLINK_NOFOLLOW) < 0 ||
                        unlinkat(directory, DISK_BALLAST, 0) < 0))
                r = -errno;
        if (r == 0)
                gained = space_gain_end(&gain, (uint64_t)ballast.st_blocks * 512);
        else
                snprintf(ret_outcome->text, sizeof(ret_outcome->text), "the ballast cannot be removed: %s",
                        strerror(-r));
        close(directory);
        if (r < 0)
                return r;
        ret_outcome->count = 1;
        ret_outcome->freed_bytes = gained.bytes;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                "the ballast is gone: %.1f MiB are free again, %.1f MiB of them for others than root",
                (double)ret_outcome->freed_bytes / 1048576, (double)gained.for_others / 1048576);
        return 0;
}

const struct sg_verb disk_free_ballast = {
        .name = "disk.free_ballast",
        .summary = "Remove the ballast file when its file system is critical",
        .risk = SG_RISK_FREEING,
        .deadline_usec = UINT64_C(20000000),
        .cooldown_usec = UINT64_C(1000000),
        .budget_count = 4,
        .budget_window_usec = UINT64_C(86400000000),
        .check = check,
        .run = run,
};
