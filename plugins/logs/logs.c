/* SPDX-License-Identifier: MIT */
/*
 * logs - how large the logs are and how fast they grow, and room made among those that were rotated away
 *
 * The descriptor of the plugin.  Its sensor (logs_sensor.c and what it is made of) runs in the watcher, its
 * verbs (logs_compress.c, logs_drop.c) in children of the executor.  Neither reads what is in a log: names,
 * sizes and times are enough, and what is compressed goes through gzip unseen.
 *
 * Owns nothing.  Links nothing but the C library.
 */
#include "logs/logs.h"

static const struct sg_option options[] = {
        [LOGS_OPTION_DIRECTORIES] = {.name = "directories",
                .type = SG_TYPE_LIST,
                .fallback = "/var/log",
                .doc = "Directories whose logs are followed, with three levels below them on the same file "
                       "system, and whose rotated logs may be compressed or dropped. The journal's own "
                       "directory is left out."},
        {0},
};

static const struct sg_sensor *const sensors[] = {&logs_sensor, NULL};
static const struct sg_verb *const verbs[] = {&logs_compress, &logs_drop_rotated, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "logs",
        .version = "1",
        .summary = "Size and growth of log files, and room made among the rotated ones",
        .options = options,
        .sensors = sensors,
        .verbs = verbs,
};
