/* SPDX-License-Identifier: MIT */
/*
 * disk_interval - how soon to look at the file systems again
 *
 * Runs in the watcher.  Pure.  Most of what fills a disk is seen through inotify at once; the timer is for
 * what grows elsewhere on the same file system, and for what is no event: an error that shuts it.  It looks every
 * second when something matters, and otherwise doubles its interval up to two minutes, because an idle relay
 * should sleep; but never does it sleep for so long that somebody whom we do not see could fill half of what is left.
 *
 * It matters when a level is near, when something was just written (what stops being heard may have stopped being
 * possible), and when a day of growth like that since the last look would fill it.
 *
 * A relay at work changes its disks thousands of times a second.  Between two looks there is a rest, as long as
 * even the fastest writer could not fill what is left, and never longer than the timer waits anyhow.
 *
 * Owns nothing, cannot fail.
 */
#include "disk/disk.h"

#define SHORTEST_USEC UINT64_C(1000000)
#define LONGEST_USEC UINT64_C(120000000)
#define RATHER_FULL 0.8
#define DAY_SECONDS 86400.0
#define FASTEST_BYTES 4e9  /* a second: as fast as one solid-state disk */
#define FASTEST_INODES 2e5 /* a second: as fast as one thread makes empty files */
#define UNSEEN_BYTES 5e8   /* a second: what a disk takes for minutes, when its cache is full */
#define UNSEEN_INODES 5e4
#define NO_REST_USEC UINT64_C(50000)

/* How long until nothing is left. */
static double seconds_left(const struct disk_usage *usage, double bytes, double inodes) {
        double seconds = usage->available_bytes / bytes;

        if (usage->has_inodes && usage->inodes_available / inodes < seconds)
                seconds = usage->inodes_available / inodes;
        return seconds;
}

bool disk_interval_matters(const struct disk_usage *usage, double grown_bytes, uint64_t since_usec) {
        double left_bytes = usage->available_bytes * ((double)since_usec / 1e6) / DAY_SECONDS;

        return usage->used_ratio >= RATHER_FULL ||
                (usage->has_inodes && usage->inodes_used_ratio >= RATHER_FULL) || grown_bytes > left_bytes;
}

uint64_t disk_interval_usec(uint64_t last_usec, uint64_t longest_usec, bool matters) {
        uint64_t next_usec = last_usec * 2;

        if (longest_usec > LONGEST_USEC)
                longest_usec = LONGEST_USEC;
        if (next_usec > longest_usec)
                next_usec = longest_usec;
        return matters || next_usec < SHORTEST_USEC ? SHORTEST_USEC : next_usec;
}

uint64_t disk_unseen_usec(const struct disk_usage *usage) {
        double usec = seconds_left(usage, UNSEEN_BYTES, UNSEEN_INODES) / 2 * 1e6;

        return usec < (double)LONGEST_USEC ? (uint64_t)usec : LONGEST_USEC;
}

uint64_t disk_rest_usec(const struct disk_usage *usage) {
        double seconds = seconds_left(usage, FASTEST_BYTES, FASTEST_INODES);
        uint64_t usec = seconds < 1 ? (uint64_t)(seconds * 1e6) : SHORTEST_USEC;

        return usec < NO_REST_USEC ? 0 : usec;
}
