/* SPDX-License-Identifier: MIT */
/*
 * disk_interval - how soon to look at the file systems again
 *
 * Runs in the watcher.  Pure.  Most of what fills a disk is seen through inotify at once; the timer is for
 * what grows elsewhere on the same file system.  It looks every second when one is rather full or changing, and
 * otherwise doubles its interval up to half a minute, because an idle relay should sleep.
 *
 * A relay at work changes its disks thousands of times a second.  Between two looks there is a rest, as long as
 * even the fastest writer could not fill what is left, and never longer than the timer waits anyhow.
 *
 * Owns nothing, cannot fail.
 */
#include "disk/disk.h"

#define SHORTEST_USEC UINT64_C(1000000)
#define LONGEST_USEC UINT64_C(30000000)
#define RATHER_FULL 0.7
#define FASTEST_BYTES 4e9  /* a second: as fast as one solid-state disk */
#define FASTEST_INODES 2e5 /* a second: as fast as one thread makes empty files */
#define NO_REST_USEC UINT64_C(50000)

uint64_t disk_interval_usec(uint64_t last_usec, double worst_ratio, bool changing) {
        uint64_t doubled = last_usec * 2;

        if (changing || worst_ratio >= RATHER_FULL || last_usec < SHORTEST_USEC)
                return SHORTEST_USEC;
        return last_usec > LONGEST_USEC / 2 ? LONGEST_USEC : doubled;
}

uint64_t disk_rest_usec(const struct disk_usage *usage) {
        double seconds = usage->available_bytes / FASTEST_BYTES;
        uint64_t usec;

        if (usage->has_inodes && usage->inodes_available / FASTEST_INODES < seconds)
                seconds = usage->inodes_available / FASTEST_INODES;
        usec = seconds < 1 ? (uint64_t)(seconds * 1e6) : SHORTEST_USEC;
        return usec < NO_REST_USEC ? 0 : usec;
}
