/* SPDX-License-Identifier: MIT */
/*
 * disk_place - which file system, or which part of one with limits of its own, a directory belongs to
 *
 * Runs in the watcher, as part of the sensor.  Names are the host's as long as the host has the same file system
 * there as we have; so is the word on whether it can be written, since in our own sandbox nearly everything is
 * mounted read-only.  Without the host's view, only what the file system says of itself counts.
 *
 * A directory with a project quota (ext4, XFS) is a small disk of its own: it has a device in common with the rest,
 * but statvfs() shows the limits, and at these its writers fail.  A project without limits shows what the mount point
 * shows, and is nothing special.
 *
 * Owns nothing.  Fails with what stat() says.  Limits: a mount point whose numbers cannot be seen makes a directory of
 * a project look limited, which is one reading too many and not one too few.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk/disk_place.h"

/* Whose limits statvfs() of the directory shows, if there are any; 0: nobody's. */
static uint32_t project_of(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
        struct fsxattr attributes = {0};

        if (fd < 0)
                return 0;
        if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0 || !(attributes.fsx_xflags & FS_XFLAG_PROJINHERIT))
                attributes.fsx_projid = 0;
        close(fd);
        return attributes.fsx_projid;
}

static bool has_limits(const char *root, const char *point, const char *path) {
        char full[PATH_MAX];
        struct statvfs whole, part;

        if (snprintf(full, sizeof(full), "%s%s", root, point) >= (int)sizeof(full) ||
                statvfs(full, &whole) < 0 || statvfs(path, &part) < 0)
                return true;
        return whole.f_blocks != part.f_blocks || whole.f_files != part.f_files;
}

void disk_place_of(const struct disk_mount *ours, const struct disk_mount *of_host, const char *path,
        dev_t st_dev, struct disk_place *ret_place) {
        bool is_of_host = ours && of_host && strcmp(ours->device, of_host->device) == 0;
        const struct disk_mount *mount = is_of_host ? of_host : ours;

        *ret_place = (struct disk_place){.st_dev = st_dev, .is_of_host = is_of_host};
        snprintf(ret_place->label, sizeof(ret_place->label), "%.255s", mount ? mount->point : path);
        if (!mount) {
                snprintf(ret_place->device, sizeof(ret_place->device), "%u:%u", major(st_dev), minor(st_dev));
                return;
        }
        memcpy(ret_place->device, mount->device, sizeof(ret_place->device));
        ret_place->has_options = true;
        ret_place->is_read_only = mount->is_shut || (is_of_host && mount->is_read_only);
}

static const struct disk_mount *find(const struct disk_mountinfo *mountinfo, enum disk_view view,
        const char *path, struct disk_mount *ret_mount) {
        const char *text = disk_mountinfo_text(mountinfo, view);

        return text && disk_mounts_find(text, path, ret_mount) ? ret_mount : NULL;
}

int disk_place_find(const struct disk_mountinfo *mountinfo, const char *root, const char *path,
        struct disk_place *ret_place) {
        char real[PATH_MAX];
        const char *plain = path + strlen(root), *real_plain = plain;
        struct disk_mount ours, of_host;
        struct stat status;

        if (stat(path, &status) < 0)
                return -errno;
        /* A symbolic link may lead to another file system than that of the names in it. */
        if (realpath(path, real) && strncmp(real, root, strlen(root)) == 0)
                real_plain = real + strlen(root);
        disk_place_of(find(mountinfo, DISK_VIEW_OURS, real_plain, &ours),
                find(mountinfo, DISK_VIEW_HOST, real_plain, &of_host), plain, status.st_dev, ret_place);
        ret_place->project = project_of(path);
        if (ret_place->project > 0 && !has_limits(root, ret_place->label, path))
                ret_place->project = 0;
        if (ret_place->project > 0)
                snprintf(ret_place->label, sizeof(ret_place->label), "%.255s", plain);
        return 0;
}

bool disk_place_is_same(const struct disk_place *a, const struct disk_place *b) {
        return strcmp(a->device, b->device) == 0 && a->project == b->project;
}
