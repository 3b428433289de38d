/* SPDX-License-Identifier: MIT */
/*
 * disk_series - how disks of relays fill, second by second
 *
 * Runs in tests and benches.  Pure: a table of what is written and given back, and the sum of it over twelve hours.
 * Shapes and sizes are those of relays: retries of a deferred queue every half minute, journald's 8 MiB at a time,
 * a dump at night that is deleted when it was copied away, logs that are rotated.  The noise is the same in every run.
 *
 * Owns nothing, cannot fail.
 */
#include "support/disk_series.h"

#define KB 1e3
#define MB 1e6
#define GB 1e9
#define TB 1e12
#define MINUTE 60
#define HOUR 3600

const struct disk_series disk_series[] = {
        {"steady growth", 10 * GB, {{DISK_PART_RATE, 1 * MB, 0, 0, 0, 0}}},
        {"slow growth", 2 * GB, {{DISK_PART_RATE, 100 * KB, 0, 0, 0, 0}}},
        {"sudden flood", 20 * GB, {{DISK_PART_RATE, 30 * MB, 0, 0, 1 * HOUR, 0}}},
        {"bursts every half minute", 2 * GB, {{DISK_PART_BURST, 6 * MB, 30, 1, 0, 0}}},
        {"8 MiB every 80 seconds", 2 * GB, {{DISK_PART_BURST, 8.4 * MB, 80, 1, 0, 0}}},
        {"bursts every five minutes", 4 * GB, {{DISK_PART_BURST, 60 * MB, 5 * MINUTE, 5, 0, 0}}},
        {"bursts every hour", 8 * GB, {{DISK_PART_BURST, 1 * GB, HOUR, MINUTE, 10 * MINUTE, 0}}},
        {"growth that speeds up", 12 * GB, {{DISK_PART_RAMP, 2 * MB, 0, 0, 0, 0}}},
        {"growth below a saw-tooth", 2 * GB,
                {{DISK_PART_TOOTH, 1 * MB, 3 * MINUTE, 0, 0, 0}, {DISK_PART_RATE, 150 * KB, 0, 0, 0, 0}}},
        {"growth on a noisy disk", 20 * GB,
                {{DISK_PART_RATE, 1.5 * MB, 0, 0, 0, 0}, {DISK_PART_NOISE, 100 * MB, 0, 0, 0, 0}}},
        {"full for hours", 1 * GB, {{DISK_PART_RATE, 2 * MB, 0, 0, 0, 0}}},
        {"saw-tooth of retries", 200 * MB, {{DISK_PART_TOOTH, 1 * MB, 30, 0, 0, 0}}},
        {"saw-tooth of rotation", 4 * GB, {{DISK_PART_TOOTH, 200 * KB, 20 * MINUTE, 0, 0, 0}}},
        {"a log line now and then", 1 * GB, {{DISK_PART_BURST, 4 * KB, 7, 1, 0, 0}}},
        {"one rotation", 1 * GB, {{DISK_PART_BURST, 500 * MB, 24 * HOUR, 20, HOUR, 0}}},
        {"a dump for an hour", 8 * GB,
                {{DISK_PART_TOOTH, 8 * MB, HOUR, 0, 2 * HOUR, 2 * HOUR + 10 * MINUTE}}},
        {"growth that stops", 5 * GB, {{DISK_PART_RATE, 1 * MB, 0, 0, HOUR, HOUR + 30 * MINUTE}}},
        {"hours of growth that stop", 20 * GB, {{DISK_PART_RATE, 1 * MB, 0, 0, 0, 4 * HOUR}}},
        {"growth, and much given back", 12 * GB,
                {{DISK_PART_TOOTH, 1 * MB, 3 * HOUR, 0, 0, 3 * HOUR},
                        {DISK_PART_RATE, 20 * KB, 0, 0, 3 * HOUR, 0}}},
        {"bursts that stop", 8 * GB, {{DISK_PART_BURST, 500 * MB, HOUR, MINUTE, 0, 5 * HOUR}}},
        {"noise on a tiny disk", 20 * MB, {{DISK_PART_NOISE, 256 * KB, 0, 0, 0, 0}}},
        {"noise on a huge disk", 5 * TB, {{DISK_PART_NOISE, 2 * GB, 0, 0, 0, 0}}},
};
const size_t disk_series_n = sizeof(disk_series) / sizeof(disk_series[0]);

/* From -1 to 1. */
static double noise(uint32_t *state) {
        *state = *state * 1664525u + 1013904223u;
        return (double)(*state >> 8) / (double)(1u << 23) - 1;
}

/* What a part adds in this second, and gives back. */
static double change(const struct disk_part *part, int second, double *held) {
        int since = second - part->from, to = part->to > 0 ? part->to : DISK_SERIES_SECONDS;
        double bytes = 0;

        if (since < 0)
                return 0;
        if (part->kind == DISK_PART_TOOTH && since > 0 && since % part->every == 0) {
                bytes = -*held;
                *held = 0;
        }
        if (second >= to)
                return bytes;
        switch (part->kind) {
        case DISK_PART_RATE: bytes += part->bytes; break;
        case DISK_PART_RAMP: bytes += part->bytes * since / (to - part->from); break;
        case DISK_PART_BURST:
                bytes += since % part->every < part->lasts ? part->bytes / part->lasts : 0;
                break;
        case DISK_PART_TOOTH:
                bytes += part->bytes;
                *held += part->bytes;
                break;
        case DISK_PART_NOISE:
        case DISK_PART_NONE: break;
        }
        return bytes;
}

void disk_series_make(const struct disk_series *series, double used_bytes[static DISK_SERIES_SECONDS]) {
        double used = 0, held[DISK_SERIES_PARTS] = {0};
        uint32_t state = 1;

        for (int second = 0; second < DISK_SERIES_SECONDS; second++) {
                double shown;

                for (size_t i = 0; i < DISK_SERIES_PARTS; i++)
                        used += change(&series->parts[i], second, &held[i]);
                if (used > series->available_bytes)
                        used = series->available_bytes;
                shown = used;
                for (size_t i = 0; i < DISK_SERIES_PARTS && used < series->available_bytes; i++)
                        if (series->parts[i].kind == DISK_PART_NOISE)
                                shown += series->parts[i].bytes * noise(&state);
                used_bytes[second] = shown < series->available_bytes ? shown : series->available_bytes;
        }
}

int disk_series_full(const struct disk_series *series, const double used_bytes[static DISK_SERIES_SECONDS]) {
        int second = 0;

        while (second < DISK_SERIES_SECONDS && used_bytes[second] < series->available_bytes)
                second++;
        return second;
}
