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
extern const struct sg_verb disk_deleted_open;

/* disk_sensor.c: what is watched when the option names nothing; ended by NULL */
extern const char *const disk_default_paths[];

/* disk_ballast.c: a descriptor of the state directory, or -1 */
int disk_ballast_directory(const struct sg_action *action);

/* disk_mounts.c */
#define DISK_DEVICE_BYTES 32
struct disk_mount {
        char point[256];
        char device[DISK_DEVICE_BYTES]; /* of the super block */
        bool is_read_only;              /* mounted so at this place */
        bool is_shut;                   /* nobody can write to the file system, whatever the place */
};
/* `path` needs neither exist nor be ours to look at.  False: no line of the text covers it. */
bool disk_mounts_find(const char *mountinfo, const char *path, struct disk_mount *ret_mount);

/* disk_forecast.c: begins as zeros; times are monotonic, any pace */
enum { DISK_FORECAST_VIEWS = 3, DISK_FORECAST_BUCKETS = 12 };
struct disk_forecast {
        double used_bytes;
        uint64_t now_usec; /* of the last sample */
        struct disk_forecast_view {
                uint64_t bucket; /* number of the newest one */
                unsigned n;      /* buckets that were seen, 0: no sample yet */
                double grown[DISK_FORECAST_BUCKETS], highest[DISK_FORECAST_BUCKETS];
        } views[DISK_FORECAST_VIEWS];
};
void disk_forecast_add(struct disk_forecast *forecast, uint64_t now_usec, double used_bytes);
/* 0: full; INFINITY: it is not filling, or was not watched for a minute yet. */
double disk_forecast_seconds(const struct disk_forecast *forecast, double available_bytes);

/* disk_usage.c */
struct disk_usage {
        double available_bytes; /* for a daemon */
        double free_bytes;      /* for root: with the reserve of the file system */
        double used_bytes, used_ratio;
        bool has_inodes; /* some file systems have no fixed number of them */
        double inodes_available, inodes_used_ratio;
};
struct statvfs;
/* False: the numbers make no sense (a file system of zero blocks). */
bool disk_usage_from(const struct statvfs *stat, struct disk_usage *ret_usage);
/* What the ratio becomes when `bytes` more are used. */
double disk_usage_ratio_after(const struct statvfs *stat, uint64_t bytes);

/* disk_interval.c */
/* Until the next look after one of `last_usec` (0: none yet). */
uint64_t disk_interval_usec(uint64_t last_usec, uint64_t longest_usec, bool matters);
/* The next look is to be soon, for these numbers and what was used more than at the last one. */
bool disk_interval_matters(const struct disk_usage *usage, double grown_bytes, uint64_t since_usec);
/* For so long what is not seen does no harm. */
uint64_t disk_unseen_usec(const struct disk_usage *usage);
/* For so long nothing can happen that would matter, whoever does it. */
uint64_t disk_rest_usec(const struct disk_usage *usage);

#endif
