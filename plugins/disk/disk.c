/* SPDX-License-Identifier: MIT */
/*
 * disk - how full the file systems are that a mail relay dies of, and a reserve for the worst moment
 *
 * The descriptor of the plugin.  Its sensor (disk_sensor.c) runs in the watcher, its verbs (disk_ballast.c,
 * disk_ballast_build.c, disk_deleted.c) in children of the executor.  The rest are pure functions.
 *
 * Owns nothing.  Links nothing but the C library.
 */
#include "disk/disk.h"

static const struct sg_option options[] = {
        [DISK_OPTION_PATHS] = {.name = "paths",
                .type = SG_TYPE_LIST,
                .fallback = "",
                .doc = "Directories whose file systems are watched. Empty: those that carry "
                       "/var/spool/postfix, "
                       "/var/log, /var/log/journal and /var/lib/spoolguard."},
        [DISK_OPTION_BALLAST] = {.name = "ballast",
                .type = SG_TYPE_SIZE,
                .fallback = "16M",
                .doc = "Size of a file without use that is given back when nothing else is left, so that "
                       "Postfix and "
                       "the logs go on while the cause is dealt with. More than the reserve of the file "
                       "system that "
                       "has to be refilled first is of use. 0: none.",
                .min = 0,
                .max = 1073741824},
        {0},
};

static const struct sg_sensor *const sensors[] = {&disk_sensor, NULL};
static const struct sg_verb *const verbs[] = {
        &disk_free_ballast, &disk_build_ballast, &disk_deleted_open, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "disk",
        .version = "1",
        .summary = "Space and inodes of the file systems that a relay needs, and a ballast file",
        .options = options,
        .sensors = sensors,
        .verbs = verbs,
};
