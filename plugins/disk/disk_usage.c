/* SPDX-License-Identifier: MIT */
/*
 * disk_usage - from the numbers of statvfs() to those a person knows from df
 *
 * Runs in the watcher and in children of the executor.  Pure.  The ratio is that of df: blocks in use against
 * blocks in use and available, so that a reserve for root counts neither way and 1 means that a daemon's next
 * write fails.
 *
 * Owns nothing.  Limits: btrfs and the like change what they call free while one looks at it.
 */
#include <sys/statvfs.h>

#include "disk/disk.h"

static double ratio(double used, double available) {
        return used + available > 0 ? used / (used + available) : 1;
}

bool disk_usage_from(const struct statvfs *stat, struct disk_usage *ret_usage) {
        if (stat->f_blocks == 0 || stat->f_bfree > stat->f_blocks || stat->f_bavail > stat->f_blocks ||
                stat->f_ffree > stat->f_files)
                return false;
        *ret_usage = (struct disk_usage){
                .available_bytes = (double)stat->f_bavail * (double)stat->f_frsize,
                .free_bytes = (double)stat->f_bfree * (double)stat->f_frsize,
                .used_bytes = (double)(stat->f_blocks - stat->f_bfree) * (double)stat->f_frsize,
                .used_ratio = ratio((double)(stat->f_blocks - stat->f_bfree), (double)stat->f_bavail),
                .has_inodes = stat->f_files > 0,
        };
        if (ret_usage->has_inodes) {
                ret_usage->inodes_available = (double)stat->f_favail;
                ret_usage->inodes_used_ratio =
                        ratio((double)(stat->f_files - stat->f_ffree), (double)stat->f_favail);
        }
        return true;
}

double disk_usage_ratio_after(const struct statvfs *stat, uint64_t bytes) {
        double blocks = (double)bytes / (double)stat->f_frsize;
        double available = (double)stat->f_bavail - blocks;

        if (stat->f_bfree > stat->f_blocks || available < 0)
                return 1;
        return ratio((double)(stat->f_blocks - stat->f_bfree) + blocks, available);
}
