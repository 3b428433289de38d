/* SPDX-License-Identifier: MIT */
/*
 * disk_sensor - space and inodes of the file systems that matter, as soon as they change
 *
 * Runs in the watcher.  Finds the file systems of its directories, one label set for each space, however many
 * names it has (disk_place.c); measures them with statvfs() soon after something changed in the directories that
 * grow (50 ms; while much is free it then rests for up to a second), and looks again at where they are, who can write
 * there and how full they are after every mount and by a timer; disk_interval.c knows the times.
 *
 * Something else at the place of a file system (its mount is gone, also if for the host's processes only), or one
 * that does not answer, is published as missing, never as a number.  What lies below a mount that is away stands in
 * for it meanwhile, if we can see that.
 *
 * Owns everything below struct disk.  Fails only at creation.  Limits: FILE_SYSTEMS_MAX; statvfs() on a dead
 * network file system would block the watcher, so such paths do not belong in the option; where our sandbox holds on
 * to a mount that the host has let go of, what the host now writes to cannot be measured.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/dir_watch.h"
#include "disk/disk.h"
#include "disk/disk_place.h"

#define FILE_SYSTEMS_MAX 32
#define PATHS_MAX 32
#define PATH_BYTES 512
#define WHY_BYTES 96
#define COALESCE_USEC UINT64_C(50000)
#define MOUNTS_USEC UINT64_C(100000) /* a host that starts containers mounts a hundred times a second */
#define LONGEST_REST_USEC UINT64_C(1000000)

const char *const disk_default_paths[] = {
        "/var/spool/postfix", "/var/log", "/var/log/journal", DISK_STATE_DIR, NULL};

struct file_system {
        const char *path; /* of the directory it was found by, with the root in front */
        struct disk_place place;
        bool is_stand_in; /* found where another one is missing */
        bool is_there;
        bool is_over;        /* not there, and nobody misses it */
        char why[WHY_BYTES]; /* it is not there */

        bool is_measured; /* the next two are known */
        double used_bytes;
        uint64_t measured_usec;
        uint64_t rest_usec, longest_usec;
        struct disk_forecast forecast;
};

struct disk {
        const struct sg_host *host;
        char paths[PATHS_MAX + 1][PATH_BYTES]; /* with the root in front */
        const char *path_list[PATHS_MAX + 1];
        struct file_system file_systems[FILE_SYSTEMS_MAX];
        size_t n;

        struct dir_watch *watch;
        struct disk_mountinfo *mountinfo;
        struct sg_timer *timer;
        uint64_t interval_usec;
        uint64_t look_usec; /* when the timer is due; 0: it is not armed */
};

static const struct sg_reading readings[] = {
        {"disk_available_bytes", {"path"}, "Space that a daemon can still use."},
        {"disk_free_bytes", {"path"},
                "Space that root can still use: what is available, and the reserve of the file system."},
        {"disk_full_seconds", {"path"},
                "Time until it is full if it goes on filling as it does: 0 when it is full, +Inf when it is "
                "not "
                "filling."},
        {"disk_used_ratio", {"path"}, "Space in use, as df shows it: 1 is full."},
        {"disk_inodes_used_ratio", {"path"}, "Inodes in use; not published where their number is not fixed."},
        {"disk_read_only", {"path"},
                "1: it can only be read, because it is mounted so or shut itself after an error."},
        {0},
};

static void publish(
        const struct disk *disk, const struct file_system *file_system, const char *reading, double value) {
        const struct sg_label label = {"path", file_system->place.label};

        disk->host->publish(disk->host, reading, &label, 1, value);
}

static void say_missing(const struct disk *disk, struct file_system *file_system, const char *why) {
        const struct sg_label label = {"path", file_system->place.label};

        for (const struct sg_reading *reading = readings; reading->name; reading++)
                disk->host->missing(disk->host, reading->name, &label, 1, why);
        file_system->is_measured = false;
        file_system->rest_usec = LONGEST_REST_USEC;
        file_system->longest_usec = 0;
        file_system->forecast = (struct disk_forecast){0};
}

static bool is_known(const struct disk *disk, const struct disk_place *place) {
        for (size_t i = 0; i < disk->n; i++) {
                const struct disk_place *known = &disk->file_systems[i].place;

                if (disk_place_is_same(known, place) || strcmp(known->label, place->label) == 0)
                        return true;
        }
        return false;
}

static bool has_found(const struct disk *disk, const char *path) {
        for (size_t i = 0; i < disk->n; i++)
                if (disk->file_systems[i].path == path)
                        return true;
        return false;
}

static void discover(struct disk *disk) {
        for (size_t i = 0; disk->path_list[i] && disk->n < FILE_SYSTEMS_MAX; i++) {
                struct file_system found = {.path = disk->path_list[i],
                        .is_there = true,
                        .is_stand_in = has_found(disk, disk->path_list[i])};

                if (disk_place_find(disk->mountinfo, disk->host->root, found.path, &found.place) == 0 &&
                        !is_known(disk, &found.place))
                        disk->file_systems[disk->n++] = found;
        }
}

/*
 * Is it where it was?  Another device at the path is fine when it is mounted at the same place: a disk that was
 * exchanged.  A name stays, whatever else is mounted on the way.
 */
static void find_again(struct disk *disk, struct file_system *file_system) {
        struct disk_place *before = &file_system->place, now;
        int r = disk_place_find(disk->mountinfo, disk->host->root, file_system->path, &now);
        const char *why = NULL;

        file_system->is_over = false;
        if (r < 0)
                why = strerror(-r);
        else if (strcmp(now.device, before->device) != 0 && strcmp(now.label, before->label) != 0) {
                why = "nothing is mounted there any more";
                file_system->is_over = file_system->is_stand_in;
        } else if (before->is_of_host && !now.is_of_host)
                why = "nothing is mounted there any more, but for ourselves";
        else if (now.project != before->project) {
                why = "its limits are others now";
                file_system->is_over = true;
        }
        file_system->is_there = !why;
        if (why) {
                snprintf(file_system->why, sizeof(file_system->why), "%s", why);
                return;
        }
        memcpy(now.label, before->label, sizeof(now.label));
        *before = now;
}

/*
 * What the directory shows now has a name of its own: its limits are others, or what was missing is mounted again above
 * what stood in for it.
 */
static void forget(struct disk *disk, size_t i) {
        const struct sg_label label = {"path", disk->file_systems[i].place.label};

        for (const struct sg_reading *reading = readings; reading->name; reading++)
                disk->host->withdraw(disk->host, reading->name, &label, 1);
        disk->n--;
        memmove(&disk->file_systems[i], &disk->file_systems[i + 1],
                (disk->n - i) * sizeof(disk->file_systems[0]));
}

/* True: how much it grew since the last time, or how full it is, asks for another look soon. */
static bool measure(struct disk *disk, struct file_system *file_system) {
        uint64_t now_usec = disk->host->now_usec(disk->host);
        struct disk_usage usage;
        struct statvfs stat;
        bool matters;

        if (statvfs(file_system->path, &stat) < 0) {
                say_missing(disk, file_system, strerror(errno));
                return true;
        }
        if (!disk_usage_from(&stat, &usage)) {
                say_missing(disk, file_system, "its numbers make no sense");
                return true;
        }
        publish(disk, file_system, "disk_available_bytes", usage.available_bytes);
        publish(disk, file_system, "disk_free_bytes", usage.free_bytes);
        publish(disk, file_system, "disk_used_ratio", usage.used_ratio);
        disk_forecast_add(&file_system->forecast, now_usec, usage.used_bytes);
        publish(disk, file_system, "disk_full_seconds",
                disk_forecast_seconds(&file_system->forecast, usage.available_bytes));
        if (usage.has_inodes)
                publish(disk, file_system, "disk_inodes_used_ratio", usage.inodes_used_ratio);
        if (file_system->place.has_options)
                publish(disk, file_system, "disk_read_only", file_system->place.is_read_only);
        matters = disk_interval_matters(&usage,
                file_system->is_measured ? usage.used_bytes - file_system->used_bytes : 0,
                now_usec - file_system->measured_usec);
        file_system->is_measured = true;
        file_system->used_bytes = usage.used_bytes;
        file_system->measured_usec = now_usec;
        file_system->rest_usec = disk_rest_usec(&usage);
        file_system->longest_usec = disk_unseen_usec(&usage);
        return matters;
}

/* What was mounted meanwhile is an event of its own, which may come behind the one that brought us here. */
static bool is_still_there(struct disk *disk, struct file_system *file_system) {
        struct stat status;

        if (file_system->is_there &&
                (stat(file_system->path, &status) < 0 || status.st_dev != file_system->place.st_dev)) {
                disk_mountinfo_read(disk->mountinfo);
                find_again(disk, file_system);
        }
        return file_system->is_there;
}

/* Never puts off a look that is due sooner, or a steady stream of changes would put it off for ever. */
static void look_within(struct disk *disk, uint64_t delay_usec) {
        uint64_t at_usec = disk->host->now_usec(disk->host) + delay_usec;

        if (disk->look_usec > 0 && disk->look_usec <= at_usec)
                return;
        disk->look_usec = at_usec;
        disk->host->timer_arm(disk->timer, delay_usec);
}

static void measure_all(struct disk *disk, bool was_written) {
        uint64_t rest_usec = LONGEST_REST_USEC, longest_usec = UINT64_MAX;
        bool matters = was_written;

        for (size_t i = 0; i < disk->n; i++) {
                struct file_system *file_system = &disk->file_systems[i];

                if (!is_still_there(disk, file_system))
                        say_missing(disk, file_system, file_system->why);
                else if (measure(disk, file_system))
                        matters = true;
                if (file_system->rest_usec < rest_usec)
                        rest_usec = file_system->rest_usec;
                if (file_system->longest_usec < longest_usec)
                        longest_usec = file_system->longest_usec;
        }
        dir_watch_rest(disk->watch, rest_usec);
        disk->interval_usec = disk_interval_usec(disk->interval_usec, longest_usec, matters);
        look_within(disk, disk->interval_usec);
}

static void on_change(void *data) {
        measure_all(data, true);
}

static void on_mount(void *data) {
        look_within(data, MOUNTS_USEC);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct disk *disk = data;

        (void)timer;
        disk->look_usec = 0;
        disk_mountinfo_read(disk->mountinfo);
        for (size_t i = disk->n; i-- > 0;) {
                find_again(disk, &disk->file_systems[i]);
                if (disk->file_systems[i].is_over)
                        forget(disk, i);
        }
        discover(disk);
        dir_watch_refresh(disk->watch);
        measure_all(disk, false);
}

static void disk_destroy(void *sensor) {
        struct disk *disk = sensor;

        if (!disk)
                return;
        dir_watch_free(disk->watch);
        disk_mountinfo_free(disk->mountinfo);
        disk->host->timer_free(disk->timer);
        free(disk);
}

static int disk_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        const char *const *paths = options[DISK_OPTION_PATHS].list;
        struct disk *disk;
        size_t n = 0;
        int r;

        if (!paths[0])
                paths = disk_default_paths;
        disk = calloc(1, sizeof(*disk));
        if (!disk)
                return -ENOMEM;
        disk->host = host;
        for (; paths[n] && n < PATHS_MAX; n++) {
                if (paths[n][0] != '/') {
                        host->log(host, SG_LEVEL_ERROR, "paths: \"%s\" is not an absolute path", paths[n]);
                        free(disk);
                        return -EINVAL;
                }
                snprintf(disk->paths[n], sizeof(disk->paths[n]), "%s%s", host->root, paths[n]);
                disk->path_list[n] = disk->paths[n];
        }

        r = host->timer_new(host, "disk: next look", 0, on_timer, disk, &disk->timer);
        if (r >= 0)
                r = disk_mountinfo_new(host, on_mount, disk, &disk->mountinfo);
        if (r >= 0)
                r = dir_watch_new(
                        host, "disk: changes", disk->path_list, COALESCE_USEC, on_change, disk, &disk->watch);
        if (r < 0) {
                disk_destroy(disk);
                return r;
        }
        discover(disk);
        measure_all(disk, false);
        *ret_sensor = disk;
        return 0;
}

const struct sg_sensor disk_sensor = {
        .name = "disk",
        .summary = "Space and inodes of file systems",
        .readings = readings,
        .reads = (const char *const[]){"/proc/self/mountinfo", "/proc/1/mountinfo", "/var/spool/postfix",
                "/var/log", DISK_STATE_DIR, "@paths", NULL},
        .create = disk_create,
        .destroy = disk_destroy,
};
