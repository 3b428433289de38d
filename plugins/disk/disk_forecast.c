/* SPDX-License-Identifier: MIT */
/*
 * disk_forecast - when will it be full, if it goes on like this?
 *
 * Runs in the watcher.  Pure: samples of used bytes go in at any pace and are summed up in buckets of ten
 * seconds over the last two minutes.  Two rates are made of them, and the smaller one counts:
 *   - the growth of that time without its two largest buckets, so that one burst (a rotation, a nightly job, one
 *     large message) is no trend, while what comes back again and again (retries every half minute) is;
 *   - the median of the slopes between all pairs of the buckets' highest values, which is zero for a saw-tooth:
 *     a spool whose defer logs are deleted and written again at every retry grows all the time and never fills.
 *
 * A full file system grows no more, so 0 bytes left is 0 seconds, whatever the rate.
 *
 * Owns nothing, cannot fail.  Limits: it says too much time rather than too little, at most by a factor of two
 * when growth comes in four bursts in two minutes, and for about a minute after space was given back; less than
 * a minute of samples is no forecast (+Inf).
 */
#include <math.h>
#include <stdlib.h>

#include "disk/disk.h"

#define BUCKET_USEC UINT64_C(10000000)
#define BUCKETS_MIN 6
#define LEFT_OUT 2
#define PAIRS_MAX (DISK_FORECAST_BUCKETS * (DISK_FORECAST_BUCKETS - 1) / 2)
#define BUCKET_SECONDS ((double)BUCKET_USEC / 1e6)
#define SLOW_BYTES_PER_SECOND 1.0

void disk_forecast_add(struct disk_forecast *forecast, uint64_t now_usec, double used_bytes) {
        uint64_t bucket = now_usec / BUCKET_USEC;

        if (forecast->n == 0) {
                *forecast = (struct disk_forecast){.bucket = bucket, .n = 1, .used_bytes = used_bytes};
                forecast->highest[bucket % DISK_FORECAST_BUCKETS] = used_bytes;
                return;
        }
        for (; forecast->bucket < bucket; forecast->bucket++) {
                if (bucket - forecast->bucket > DISK_FORECAST_BUCKETS)
                        forecast->bucket = bucket - DISK_FORECAST_BUCKETS;
                forecast->grown[(forecast->bucket + 1) % DISK_FORECAST_BUCKETS] = 0;
                forecast->highest[(forecast->bucket + 1) % DISK_FORECAST_BUCKETS] = forecast->used_bytes;
                if (forecast->n < DISK_FORECAST_BUCKETS)
                        forecast->n++;
        }
        if (used_bytes > forecast->used_bytes)
                forecast->grown[bucket % DISK_FORECAST_BUCKETS] += used_bytes - forecast->used_bytes;
        if (used_bytes > forecast->highest[bucket % DISK_FORECAST_BUCKETS])
                forecast->highest[bucket % DISK_FORECAST_BUCKETS] = used_bytes;
        forecast->used_bytes = used_bytes;
}

/* Bytes a second, without the two largest buckets. */
static double growth_rate(const struct disk_forecast *forecast) {
        double sum = 0, largest[LEFT_OUT] = {0};

        for (unsigned i = 0; i < DISK_FORECAST_BUCKETS; i++) {
                double grown = forecast->grown[i];

                sum += grown;
                if (grown > largest[0]) {
                        largest[1] = largest[0];
                        largest[0] = grown;
                } else if (grown > largest[1])
                        largest[1] = grown;
        }
        return (sum - largest[0] - largest[1]) / (forecast->n * BUCKET_SECONDS);
}

static int compare(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

/* Bytes a second: the Theil-Sen slope of the buckets' highest values. */
static double slope_rate(const struct disk_forecast *forecast) {
        double slopes[PAIRS_MAX];
        uint64_t oldest = forecast->bucket + 1 - forecast->n;
        unsigned pairs = 0;

        for (unsigned i = 0; i < forecast->n; i++)
                for (unsigned k = i + 1; k < forecast->n; k++)
                        slopes[pairs++] = (forecast->highest[(oldest + k) % DISK_FORECAST_BUCKETS] -
                                                  forecast->highest[(oldest + i) % DISK_FORECAST_BUCKETS]) /
                                ((k - i) * BUCKET_SECONDS);
        qsort(slopes, pairs, sizeof(slopes[0]), compare);
        return slopes[pairs / 2];
}

double disk_forecast_seconds(const struct disk_forecast *forecast, double available_bytes) {
        double growth, slope, rate;

        if (available_bytes <= 0)
                return 0;
        if (forecast->n < BUCKETS_MIN)
                return INFINITY;
        growth = growth_rate(forecast);
        slope = slope_rate(forecast);
        rate = growth < slope ? growth : slope;
        return rate < SLOW_BYTES_PER_SECOND ? INFINITY : available_bytes / rate;
}
