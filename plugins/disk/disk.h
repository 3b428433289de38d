/* SPDX-License-Identifier: MIT */
/* disk - what the parts of this plugin know of each other */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <spoolguard/plugin.h>
#include <sys/types.h>

#define DISK_STATE_DIR "/var/lib/spoolguard"
#define DISK_BALLAST "ballast"
#define DISK_BALLAST_NEW "ballast.new"

enum { DISK_OPTION_PATHS, DISK_OPTION_BALLAST };

extern const struct sg_sensor disk_sensor;
extern const struct sg_verb disk_free_ballast;
extern const struct sg_verb disk_build_ballast;

/* disk_ballast.c: a descriptor of the state directory, or -1 */
int disk_ballast_directory(const struct sg_action *action);

/* disk_mounts.c */
bool disk_mounts_find(const char *mountinfo, const char *path, char *ret_mount, size_t size);

/* disk_forecast.c: begins as zeros; times are monotonic, any pace */
#define DISK_FORECAST_BUCKETS 12u
struct disk_forecast {
        uint64_t bucket; /* number of the newest one */
        unsigned n;      /* buckets that were seen, 0: no sample yet */
        double used_bytes, grown[DISK_FORECAST_BUCKETS], highest[DISK_FORECAST_BUCKETS];
};
void disk_forecast_add(struct disk_forecast *forecast, uint64_t now_usec, double used_bytes);
/* 0: full; INFINITY: it is not filling, or was not watched for a minute yet. */
double disk_forecast_seconds(const struct disk_forecast *forecast, double available_bytes);

/* disk_usage.c */
struct disk_usage {
        double available_bytes, used_bytes, used_ratio;
        bool has_inodes; /* some file systems have no fixed number of them */
        double inodes_available, inodes_used_ratio;
};
struct statvfs;
/* False: the numbers make no sense (a file system of zero blocks). */
bool disk_usage_from(const struct statvfs *stat, struct disk_usage *ret_usage);
/* What the ratio becomes when `bytes` more are used. */
double disk_usage_ratio_after(const struct statvfs *stat, uint64_t bytes);

/* disk_interval.c: until the next look; and for how long nothing can happen that would matter */
uint64_t disk_interval_usec(uint64_t last_usec, double worst_ratio, bool changing);
uint64_t disk_rest_usec(const struct disk_usage *usage);

#endif
