/* SPDX-License-Identifier: MIT */
/*
 * spool_mount - whether a file system is missing on which a spool ought to be
 *
 * Runs in the watcher and in children of the executor.  What lies below a mount point may look like a spool, since
 * the package makes one wherever it is installed.  It would be counted as a queue that is nearly empty, and a lease
 * that holds mail on the other file system would find nothing to release there and be over.  What ought to be mounted
 * is told by systemd's mount units, which its generator also makes of /etc/fstab.
 *
 * Owns nothing.  Cannot fail: what cannot be told is not missing.
 * Limits: mounted is what is on another device than the directory above it, or is the root of a mount, as a bound
 * directory is.  The unit makes such a root of /var/spool, so one that is to be mounted itself and is not is not told;
 * nor is a file system missing that was mounted by hand and that no unit knows of.
 */
#include "postfix/spool_mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "postfix/instance.h"

#define PATH_SIZE (4 * POSTFIX_PATH_MAX)
#define UNIT_SIZE (4 * POSTFIX_PATH_MAX + 8)

/* The first of them that has the name decides; one that is masked there leads to a device. */
static bool has_unit(const char *root, const char *unit) {
        static const char *const places[] = {
                "/etc/systemd/system", "/run/systemd/generator", "/usr/lib/systemd/system"};
        char path[PATH_SIZE + UNIT_SIZE];
        struct stat status;

        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                snprintf(path, sizeof(path), "%.512s%s/%s", root, places[i], unit);
                if (lstat(path, &status) == 0)
                        return stat(path, &status) == 0 && S_ISREG(status.st_mode);
        }
        return false;
}

static bool is_mounted(const char *root, const char *directory, size_t length) {
        struct statx here, above;
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "%.512s%.*s", root, (int)length, directory);
        if (statx(AT_FDCWD, path, 0, STATX_TYPE, &here) < 0)
                return false;
        if (here.stx_attributes & here.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
                return true;
        strcat(path, "/..");
        return statx(AT_FDCWD, path, 0, STATX_TYPE, &above) == 0 &&
                (here.stx_dev_major != above.stx_dev_major || here.stx_dev_minor != above.stx_dev_minor);
}

/* As systemd-escape --path does, for the letters that the path of a spool may have. */
static char *escape(char *end, char letter) {
        if (letter == '-')
                return stpcpy(end, "\\x2d");
        *end = letter == '/' ? '-' : letter;
        return end + 1;
}

bool spool_mount_is_missing(const char *root, const char *spool, char ret_why[static SPOOL_MOUNT_WHY_MAX]) {
        char unit[UNIT_SIZE], *end = unit;

        if (spool[0] != '/' || strlen(spool) >= POSTFIX_PATH_MAX)
                return false;
        for (const char *at = spool + 1;; at++) {
                if (*at == '/' || *at == '\0') {
                        strcpy(end, ".mount");
                        if (has_unit(root, unit) && !is_mounted(root, spool, (size_t)(at - spool))) {
                                snprintf(ret_why, SPOOL_MOUNT_WHY_MAX,
                                        "%.100s is to be on a file system that is not mounted (%.80s)", spool,
                                        unit);
                                return true;
                        }
                }
                if (*at == '\0')
                        return false;
                end = escape(end, *at);
        }
}
