/* SPDX-License-Identifier: MIT */
/*
 * disk_forecast - when will it be full, if it goes on like this?
 *
 * Runs in the watcher.  Pure: samples of used bytes go in at any pace and are summed up in twelve buckets of ten
 * seconds, twelve of three minutes and twelve of half an hour.  In each of these three views two rates are made of them,
 * and the smaller one counts:
 *   - the growth without its two largest buckets, so that one burst (a rotation, a nightly job, one large message) is
 *     no trend, while what comes back again and again (retries every half minute) is;
 *   - the median of the slopes between all pairs of the buckets' highest values, which is zero for a saw-tooth:
 *     a spool whose defer logs are deleted and written again at every retry grows all the time and never fills.
 * Growth that has been quiet for longer than ever between its buckets has stopped.  In buckets of half an hour that would
 * be known late: growth that was steady by these has stopped when it has by those of three minutes.
 *
 * What was seen for two minutes says nothing about tomorrow: a view reaches no farther than fifteen times its length,
 * and what lies behind that is left to the next longer one, once that has seen half of its own.  Within reach the
 * soonest answer counts.  tests/bench/forecast.c shows how good that is, beside a straight line.
 *
 * A full file system grows no more, so 0 bytes left is 0 seconds, whatever the rate.
 *
 * Owns nothing, cannot fail.  Limits: less than a minute of samples is no forecast (+Inf); growth that comes less often
 * than every other half hour is not seen; after a start the longest view needs three hours.
 */
#include <math.h>
#include <stdlib.h>

#include "disk/disk.h"

#define BUCKETS DISK_FORECAST_BUCKETS
#define BUCKETS_MIN 6
#define LEFT_OUT 2
#define PAIRS_MAX (BUCKETS * (BUCKETS - 1) / 2)
#define SLOW_BYTES_PER_SECOND 1.0
#define REACH 15
#define QUIET 0.1 /* of the average rate */
#define QUIET_MIN 3

static const uint64_t bucket_usec[DISK_FORECAST_VIEWS] = {10000000, 180000000, 1800000000};

static void view_add(
        struct disk_forecast_view *view, uint64_t bucket, double before_bytes, double used_bytes) {
        double *highest = &view->highest[bucket % BUCKETS];

        if (view->n == 0) {
                view->n = 1;
                view->bucket = bucket;
                *highest = used_bytes;
                return;
        }
        for (; view->bucket < bucket; view->bucket++) {
                if (bucket - view->bucket > BUCKETS)
                        view->bucket = bucket - BUCKETS;
                view->grown[(view->bucket + 1) % BUCKETS] = 0;
                view->highest[(view->bucket + 1) % BUCKETS] = before_bytes;
                if (view->n < BUCKETS)
                        view->n++;
        }
        if (used_bytes > before_bytes)
                view->grown[bucket % BUCKETS] += used_bytes - before_bytes;
        if (used_bytes > *highest)
                *highest = used_bytes;
}

void disk_forecast_add(struct disk_forecast *forecast, uint64_t now_usec, double used_bytes) {
        for (size_t i = 0; i < DISK_FORECAST_VIEWS; i++)
                view_add(&forecast->views[i], now_usec / bucket_usec[i], forecast->used_bytes, used_bytes);
        forecast->used_bytes = used_bytes;
        forecast->now_usec = now_usec;
}

/* The buckets of a view in their order, the oldest first. */
struct row {
        unsigned n;
        double seconds, newest_seconds; /* of each, and of the last one, which is not over */
        double grown[BUCKETS], highest[BUCKETS];
};

static struct row row_of(const struct disk_forecast *forecast, size_t i) {
        const struct disk_forecast_view *view = &forecast->views[i];
        struct row row = {.n = view->n,
                .seconds = (double)bucket_usec[i] / 1e6,
                .newest_seconds = (double)(forecast->now_usec % bucket_usec[i]) / 1e6};

        for (unsigned k = 0; k < view->n; k++) {
                row.grown[k] = view->grown[(view->bucket + 1 - view->n + k) % BUCKETS];
                row.highest[k] = view->highest[(view->bucket + 1 - view->n + k) % BUCKETS];
        }
        return row;
}

static double sum_of(const struct row *row) {
        double sum = 0;

        for (unsigned i = 0; i < row->n; i++)
                sum += row->grown[i];
        return sum;
}

/* Bytes a second, without the two largest buckets. */
static double growth_rate(const struct row *row) {
        double sum = sum_of(row), largest[LEFT_OUT] = {0};

        for (unsigned i = 0; i < row->n; i++) {
                double grown = row->grown[i];

                if (grown > largest[0]) {
                        largest[1] = largest[0];
                        largest[0] = grown;
                } else if (grown > largest[1])
                        largest[1] = grown;
        }
        return (sum - largest[0] - largest[1]) /
                ((row->n - 1 - LEFT_OUT) * row->seconds + row->newest_seconds);
}

static int compare(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

/* Bytes a second: the Theil-Sen slope of the buckets' highest values. */
static double slope_rate(const struct row *row) {
        double slopes[PAIRS_MAX];
        unsigned pairs = 0;

        for (unsigned i = 0; i < row->n; i++)
                for (unsigned k = i + 1; k < row->n; k++)
                        slopes[pairs++] = (row->highest[k] - row->highest[i]) / ((k - i) * row->seconds);
        qsort(slopes, pairs, sizeof(slopes[0]), compare);
        return slopes[pairs / 2];
}

struct quiet {
        unsigned longest; /* buckets in a row before others that grew */
        unsigned
                now; /* at the end, without the newest one: that is not over and may have its growth before it */
};

static struct quiet quiet_of(const struct row *row, double bytes_per_second) {
        struct quiet quiet = {0};

        for (unsigned i = 0; i < row->n; i++) {
                if (row->grown[i] > bytes_per_second * row->seconds) {
                        quiet.longest = quiet.now > quiet.longest ? quiet.now : quiet.longest;
                        quiet.now = 0;
                } else if (i + 1 < row->n)
                        quiet.now++;
        }
        return quiet;
}

/* `finer`: the next shorter view; NULL: there is none. */
static bool has_stopped(const struct row *row, const struct row *finer) {
        double bytes_per_second = sum_of(row) / (row->n * row->seconds) * QUIET;
        struct quiet quiet = quiet_of(row, bytes_per_second), fine;

        if (quiet.now > quiet.longest + 1)
                return true;
        if (!finer || quiet.longest > 0 || finer->n * finer->seconds < row->seconds)
                return false;
        fine = quiet_of(finer, bytes_per_second);
        return fine.now * finer->seconds >= row->seconds || (fine.now >= QUIET_MIN && fine.longest == 0);
}

static double view_seconds(const struct row *row, const struct row *finer, double available_bytes) {
        double growth = growth_rate(row), slope = slope_rate(row), rate = growth < slope ? growth : slope;

        return rate < SLOW_BYTES_PER_SECOND || has_stopped(row, finer) ? INFINITY : available_bytes / rate;
}

double disk_forecast_seconds(const struct disk_forecast *forecast, double available_bytes) {
        struct row rows[DISK_FORECAST_VIEWS];
        double soonest = INFINITY;

        if (available_bytes <= 0)
                return 0;
        for (size_t i = 0; i < DISK_FORECAST_VIEWS && forecast->views[i].n >= BUCKETS_MIN; i++) {
                bool is_longest = i + 1 == DISK_FORECAST_VIEWS || forecast->views[i + 1].n < BUCKETS_MIN;
                double seconds;

                rows[i] = row_of(forecast, i);
                seconds = view_seconds(&rows[i], i > 0 ? &rows[i - 1] : NULL, available_bytes);
                if ((is_longest || seconds <= REACH * BUCKETS * rows[i].seconds) && seconds < soonest)
                        soonest = seconds;
        }
        return soonest;
}
