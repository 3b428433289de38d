/* SPDX-License-Identifier: MIT */
/* disk_series - how disks of relays fill, second by second */
#ifndef SUPPORT_DISK_SERIES_H
#define SUPPORT_DISK_SERIES_H

#include <stddef.h>
#include <stdint.h>

enum { DISK_SERIES_SECONDS = 12 * 3600, DISK_SERIES_PARTS = 4 };

enum disk_part_kind {
        DISK_PART_NONE,
        DISK_PART_RATE,  /* so many bytes a second */
        DISK_PART_RAMP,  /* a rate that rises from 0 to this at the end of the part */
        DISK_PART_BURST, /* so many bytes once a period, written within `lasts` */
        DISK_PART_TOOTH, /* a rate, and all that came of it is given back once a period */
        DISK_PART_NOISE, /* up to so many bytes more or less, another number every second */
};

struct disk_part {
        enum disk_part_kind kind;
        double bytes;
        int every, lasts; /* seconds */
        int from, to;     /* seconds; `to` 0: until the end */
};

struct disk_series {
        const char *name;
        double available_bytes; /* at first */
        struct disk_part parts[DISK_SERIES_PARTS];
};

extern const struct disk_series disk_series[];
extern const size_t disk_series_n;

/* What is used in each second, on top of what was used at first; never more than was available. */
void disk_series_make(const struct disk_series *series, double used_bytes[static DISK_SERIES_SECONDS]);
/* The first second in which it is full; DISK_SERIES_SECONDS: it never is. */
int disk_series_full(const struct disk_series *series, const double used_bytes[static DISK_SERIES_SECONDS]);

#endif
