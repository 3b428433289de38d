/* SPDX-License-Identifier: MIT */
/*
 * logs - how large the logs are and how fast they grow, and room made among those that were rotated away
 *
 * The descriptor of the plugin.  Its sensor (logs_sensor.c and what it is made of) runs in the watcher, its verbs
 * (logs_compress.c, logs_drop.c, logs_reopen.c, logs_rotate.c, logs_trim.c, logs_who.c) in children of the executor.
 * Names, sizes and times are enough for nearly all of it, and what is compressed goes through gzip unseen.  Lines are
 * read in the watcher alone, those of a log that is to be trimmed (logs_select.c).
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
        [LOGS_OPTION_SPARE_DIRECTORY] = {.name = "spare_directory",
                .type = SG_TYPE_TEXT,
                .fallback = "/var/lib/spoolguard",
                .doc = "Where the copy of a compressed log may lie for a moment when there is no room for it "
                       "beside the log. It must be on another file system and belong to root alone, and the "
                       "unit must be allowed to write there (ReadWritePaths=). Empty: nowhere."},
        [LOGS_OPTION_REOPEN_UNITS] = {.name = "reopen_units",
                .type = SG_TYPE_LIST,
                .fallback = "rsyslog.service,syslog-ng.service,inetutils-syslogd.service,"
                            "busybox-syslogd.service",
                .doc = "Units whose main process reopens its logs at SIGHUP: these are sent one when they "
                       "hold "
                       "a log that was deleted. Postfix's own postlogd needs no entry."},
        {0},
};

static const struct sg_sensor *const sensors[] = {&logs_sensor, NULL};
static const struct sg_verb *const verbs[] = {
        &logs_compress, &logs_drop_rotated, &logs_reopen, &logs_trim, &logs_rotate, &logs_writers, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "logs",
        .version = "1",
        .summary = "Size and growth of log files, and room made among the rotated ones",
        .options = options,
        .sensors = sensors,
        .verbs = verbs,
};
