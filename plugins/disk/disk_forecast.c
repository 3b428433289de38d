/* SPDX-License-Identifier: MIT */
/*
 * disk_forecast - when will it be full, if it goes on like this?
 *
 * Runs in the watcher.  Pure: samples of used bytes go in at any pace and are summed up in buckets of ten
 * seconds over the last two minutes.  The rate is the growth of that time without its two largest buckets, so
 * that one burst (a rotation, a nightly job, one large message) is no trend, while what comes back again and
 * again (retries every half minute) is.  Shrinking is no growth, and does not make up for growth either: what a
 * vacuum gives back says nothing about what is being written.
 *
 * A full file system grows no more, so 0 bytes left is 0 seconds, whatever the rate.
 *
 * Owns nothing, cannot fail.  Limits: it says too much time rather than too little, at most by a factor of two
 * when growth comes in four bursts in two minutes; less than a minute of samples is no forecast (+Inf).
 */
#include <math.h>

#include "disk/disk.h"

#define BUCKET_USEC UINT64_C(10000000)
#define BUCKETS_MIN 6
#define LEFT_OUT 2
#define SLOW_BYTES_PER_SECOND 1.0

void disk_forecast_add(struct disk_forecast *forecast, uint64_t now_usec, double used_bytes) {
        uint64_t bucket = now_usec / BUCKET_USEC;

        if (forecast->n == 0) {
                *forecast = (struct disk_forecast){.bucket = bucket, .n = 1, .used_bytes = used_bytes};
                return;
        }
        for (; forecast->bucket < bucket; forecast->bucket++) {
                if (bucket - forecast->bucket > DISK_FORECAST_BUCKETS)
                        forecast->bucket = bucket - DISK_FORECAST_BUCKETS;
                forecast->grown[(forecast->bucket + 1) % DISK_FORECAST_BUCKETS] = 0;
                if (forecast->n < DISK_FORECAST_BUCKETS)
                        forecast->n++;
        }
        if (used_bytes > forecast->used_bytes)
                forecast->grown[bucket % DISK_FORECAST_BUCKETS] += used_bytes - forecast->used_bytes;
        forecast->used_bytes = used_bytes;
}

double disk_forecast_seconds(const struct disk_forecast *forecast, double available_bytes) {
        double sum = 0, largest[LEFT_OUT] = {0}, rate;

        if (available_bytes <= 0)
                return 0;
        if (forecast->n < BUCKETS_MIN)
                return INFINITY;
        for (unsigned i = 0; i < DISK_FORECAST_BUCKETS; i++) {
                double grown = forecast->grown[i];

                sum += grown;
                if (grown > largest[0]) {
                        largest[1] = largest[0];
                        largest[0] = grown;
                } else if (grown > largest[1])
                        largest[1] = grown;
        }
        rate = (sum - largest[0] - largest[1]) / ((double)forecast->n * (double)BUCKET_USEC / 1e6);
        return rate < SLOW_BYTES_PER_SECOND ? INFINITY : available_bytes / rate;
}
