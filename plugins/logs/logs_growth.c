/* SPDX-License-Identifier: MIT */
/*
 * logs_growth - bytes a second over the last minute
 *
 * Runs in the watcher.  Pure.  Twelve buckets of five seconds and the one being filled; the oldest counts for
 * the part of it that is still within the minute, so that a steady flow has a steady rate.  It is divided by
 * the whole minute from the beginning: a burst of a second is no flood, and what was not seen is not claimed.
 *
 * Owns nothing.  A clock that stands still is fine, one that goes back is taken for standing still.
 */
#include "logs/logs_sensor.h"

#define BUCKET_USEC UINT64_C(5000000)
#define FULL_BUCKETS (LOGS_GROWTH_BUCKETS - 1)
#define WINDOW_SEC 60.0

void logs_growth_add(struct logs_growth *growth, uint64_t now_usec, double bytes) {
        uint64_t now = now_usec / BUCKET_USEC;

        for (uint64_t i = growth->newest + 1; i <= now && i <= growth->newest + LOGS_GROWTH_BUCKETS; i++)
                growth->buckets[i % LOGS_GROWTH_BUCKETS] = 0;
        if (now > growth->newest) {
                /* After a longer rest all of them were cleared. */
                if (now - growth->newest > LOGS_GROWTH_BUCKETS)
                        growth->buckets[now % LOGS_GROWTH_BUCKETS] = 0;
                growth->newest = now;
        }
        growth->buckets[growth->newest % LOGS_GROWTH_BUCKETS] += bytes;
}

double logs_growth_rate(const struct logs_growth *growth, uint64_t now_usec) {
        uint64_t now = now_usec / BUCKET_USEC;
        double elapsed = (double)(now_usec % BUCKET_USEC) / (double)BUCKET_USEC, sum = 0;

        if (now < growth->newest) {
                now = growth->newest;
                elapsed = 0;
        }
        for (uint64_t age = now - growth->newest; age <= FULL_BUCKETS && age <= now; age++) {
                double part = age == FULL_BUCKETS ? 1 - elapsed : 1;

                sum += part * growth->buckets[(now - age) % LOGS_GROWTH_BUCKETS];
        }
        return sum / WINDOW_SEC;
}

uint64_t logs_growth_size(const struct statx *status) {
        uint64_t disk = status->stx_blocks * 512;

        return status->stx_size / 8 > disk + (1U << 20) ? disk : status->stx_size;
}
