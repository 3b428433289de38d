/* SPDX-License-Identifier: MIT */
/*
 * disk_interval - how soon to look at the file systems again without having been told that they changed
 *
 * Runs in the watcher.  Pure.  Most of what fills a disk is seen through inotify at once; this timer is for
 * what grows elsewhere on the same file system.  It looks every second when one is rather full or changing, and
 * otherwise doubles its interval up to half a minute, because an idle relay should sleep.
 *
 * Owns nothing, cannot fail.
 */
#include "disk/disk.h"

#define SHORTEST_USEC UINT64_C(1000000)
#define LONGEST_USEC UINT64_C(30000000)
#define RATHER_FULL 0.7

uint64_t disk_interval_usec(uint64_t last_usec, double worst_ratio, bool changing) {
        uint64_t doubled = last_usec * 2;

        if (changing || worst_ratio >= RATHER_FULL || last_usec < SHORTEST_USEC)
                return SHORTEST_USEC;
        return last_usec > LONGEST_USEC / 2 ? LONGEST_USEC : doubled;
}
