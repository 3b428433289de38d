/* SPDX-License-Identifier: MIT */
/*
 * disk_sensor - space and inodes of the file systems that matter, as soon as they change
 *
 * Runs in the watcher.  Finds the file systems of its directories, one label set for each, named by the mount
 * point; measures them with statvfs() soon after something changed in the directories that grow (50 ms; while much
 * is free it then rests for up to a second), and by a timer; disk_interval.c knows both times.  Directories that
 * appear later are found within half a minute.
 *
 * Something else at the place of a file system (its mount is gone), or one that does not answer, is published
 * as missing, never as a number.
 *
 * Owns everything below struct disk.  Fails only at creation.  Limits: FILE_SYSTEMS_MAX; statvfs() on a dead
 * network file system would block the watcher, so such paths do not belong in the option.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/dir_watch.h"
#include "disk/disk.h"

#define FILE_SYSTEMS_MAX 32
#define PATHS_MAX 32
#define PATH_BYTES 512
#define MOUNTINFO_MAX 65536
#define COALESCE_USEC UINT64_C(50000)
#define DISCOVER_USEC UINT64_C(30000000)
#define LONGEST_REST_USEC UINT64_C(1000000)
#define CHANGE 0.001

static const char *const default_paths[] = {
        "/var/spool/postfix", "/var/log", "/var/log/journal", DISK_STATE_DIR, NULL};

struct file_system {
        const char *path; /* of the directory it was found by, with the root in front */
        char label[256];
        dev_t device;
        double ratio; /* negative: not measured */
        uint64_t rest_usec;
        struct disk_forecast forecast;
};

struct disk {
        const struct sg_host *host;
        char paths[PATHS_MAX + 1][PATH_BYTES]; /* with the root in front */
        const char *path_list[PATHS_MAX + 1];
        struct file_system file_systems[FILE_SYSTEMS_MAX];
        size_t n;

        struct dir_watch *watch;
        struct sg_timer *timer;
        uint64_t interval_usec, discovered_usec;
};

static const struct sg_reading readings[] = {
        {"disk_available_bytes", {"path"}, "Space that a daemon can still use."},
        {"disk_full_seconds", {"path"},
                "Time until it is full if it goes on filling as in the last two minutes: 0 when it is full, "
                "+Inf when it is not filling."},
        {"disk_used_ratio", {"path"}, "Space in use, as df shows it: 1 is full."},
        {"disk_inodes_used_ratio", {"path"}, "Inodes in use; not published where their number is not fixed."},
        {0},
};

static void publish(
        const struct disk *disk, const struct file_system *file_system, const char *reading, double value) {
        const struct sg_label label = {"path", file_system->label};

        disk->host->publish(disk->host, reading, &label, 1, value);
}

static void say_missing(const struct disk *disk, struct file_system *file_system, const char *why) {
        const struct sg_label label = {"path", file_system->label};

        for (const struct sg_reading *reading = readings; reading->name; reading++)
                disk->host->missing(disk->host, reading->name, &label, 1, why);
        file_system->ratio = -1;
        file_system->rest_usec = LONGEST_REST_USEC;
        file_system->forecast = (struct disk_forecast){0};
}

/* Text of mountinfo (malloc), cut at MOUNTINFO_MAX; NULL when it cannot be read. */
static char *read_mountinfo(const struct disk *disk) {
        char path[PATH_BYTES], *text;
        size_t used = 0;
        int fd;

        snprintf(path, sizeof(path), "%s/proc/self/mountinfo", disk->host->root);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return NULL;
        text = malloc(MOUNTINFO_MAX);
        while (text && used < MOUNTINFO_MAX - 1) {
                ssize_t n = read(fd, text + used, MOUNTINFO_MAX - 1 - used);

                if (n <= 0)
                        break;
                used += (size_t)n;
        }
        if (text)
                text[used] = '\0';
        close(fd);
        return text;
}

static void find_label(
        const struct disk *disk, const char *mountinfo, const char *path, char label[static 256]) {
        const char *plain = path + strlen(disk->host->root);

        if (!mountinfo || !disk_mounts_find(mountinfo, plain, label, 256))
                snprintf(label, 256, "%.255s", plain);
}

static bool known(const struct disk *disk, const char *label, dev_t device) {
        for (size_t i = 0; i < disk->n; i++)
                if (disk->file_systems[i].device == device || strcmp(disk->file_systems[i].label, label) == 0)
                        return true;
        return false;
}

static void discover(struct disk *disk) {
        char *mountinfo = read_mountinfo(disk);

        disk->discovered_usec = disk->host->now_usec(disk->host);
        for (size_t i = 0; disk->path_list[i] && disk->n < FILE_SYSTEMS_MAX; i++) {
                struct file_system found = {.path = disk->path_list[i], .ratio = -1};
                struct stat status;

                if (stat(found.path, &status) < 0)
                        continue;
                found.device = status.st_dev;
                find_label(disk, mountinfo, found.path, found.label);
                if (!known(disk, found.label, found.device))
                        disk->file_systems[disk->n++] = found;
        }
        free(mountinfo);
}

/* Another device at the path is fine when it is mounted at the same place: a disk that was exchanged. */
static bool still_there(struct disk *disk, struct file_system *file_system) {
        char label[256], *mountinfo;
        struct stat status;

        if (stat(file_system->path, &status) < 0)
                return false;
        if (status.st_dev == file_system->device)
                return true;
        mountinfo = read_mountinfo(disk);
        find_label(disk, mountinfo, file_system->path, label);
        free(mountinfo);
        if (strcmp(label, file_system->label) != 0)
                return false;
        file_system->device = status.st_dev;
        return true;
}

/* Returns how far the ratio moved since the last time. */
static double measure(struct disk *disk, struct file_system *file_system) {
        double before = file_system->ratio;
        struct disk_usage usage;
        struct statvfs stat;

        if (!still_there(disk, file_system)) {
                say_missing(disk, file_system, "nothing is mounted there any more");
                return 0;
        }
        if (statvfs(file_system->path, &stat) < 0) {
                say_missing(disk, file_system, strerror(errno));
                return 0;
        }
        if (!disk_usage_from(&stat, &usage)) {
                say_missing(disk, file_system, "its numbers make no sense");
                return 0;
        }
        publish(disk, file_system, "disk_available_bytes", usage.available_bytes);
        publish(disk, file_system, "disk_used_ratio", usage.used_ratio);
        disk_forecast_add(&file_system->forecast, disk->host->now_usec(disk->host), usage.used_bytes);
        publish(disk, file_system, "disk_full_seconds",
                disk_forecast_seconds(&file_system->forecast, usage.available_bytes));
        if (usage.has_inodes)
                publish(disk, file_system, "disk_inodes_used_ratio", usage.inodes_used_ratio);
        file_system->ratio = usage.used_ratio;
        file_system->rest_usec = disk_rest_usec(&usage);
        if (before < 0)
                return 0;
        return usage.used_ratio > before ? usage.used_ratio - before : before - usage.used_ratio;
}

static void measure_all(struct disk *disk) {
        uint64_t rest_usec = LONGEST_REST_USEC;
        double worst = 0, moved = 0;

        for (size_t i = 0; i < disk->n; i++) {
                double by = measure(disk, &disk->file_systems[i]);

                moved = by > moved ? by : moved;
                worst = disk->file_systems[i].ratio > worst ? disk->file_systems[i].ratio : worst;
                if (disk->file_systems[i].rest_usec < rest_usec)
                        rest_usec = disk->file_systems[i].rest_usec;
        }
        dir_watch_rest(disk->watch, rest_usec);
        disk->interval_usec = disk_interval_usec(disk->interval_usec, worst, moved >= CHANGE);
        disk->host->timer_arm(disk->timer, disk->interval_usec);
}

static void on_change(void *data) {
        measure_all(data);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct disk *disk = data;

        (void)timer;
        if (disk->host->now_usec(disk->host) - disk->discovered_usec >= DISCOVER_USEC) {
                discover(disk);
                dir_watch_refresh(disk->watch);
        }
        measure_all(disk);
}

static void disk_destroy(void *sensor) {
        struct disk *disk = sensor;

        if (!disk)
                return;
        dir_watch_free(disk->watch);
        disk->host->timer_free(disk->timer);
        free(disk);
}

static int disk_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        const char *const *paths = options[DISK_OPTION_PATHS].list;
        struct disk *disk;
        size_t n = 0;
        int r;

        if (!paths[0])
                paths = default_paths;
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

        discover(disk);
        r = host->timer_new(host, "disk: next look", 0, on_timer, disk, &disk->timer);
        if (r >= 0)
                r = dir_watch_new(
                        host, "disk: changes", disk->path_list, COALESCE_USEC, on_change, disk, &disk->watch);
        if (r < 0) {
                disk_destroy(disk);
                return r;
        }
        measure_all(disk);
        *ret_sensor = disk;
        return 0;
}

const struct sg_sensor disk_sensor = {
        .name = "disk",
        .summary = "Space and inodes of file systems",
        .readings = readings,
        .reads = (const char *const[]){"/proc/self/mountinfo", "/var/spool/postfix", "/var/log",
                DISK_STATE_DIR, "@paths", NULL},
        .create = disk_create,
        .destroy = disk_destroy,
};
