/* SPDX-License-Identifier: MIT */
/*
 * journal - how much disk the systemd journal takes, and making it take less
 *
 * The descriptor of the plugin.  Its sensor (journal_sensor.c) runs in the watcher, its verb (journal_vacuum.c)
 * in a child of the executor.  Neither reads what is in a journal file: names, sizes and times are enough.
 *
 * Owns nothing.  Links nothing but the C library.
 */
#include "journal/journal.h"

static const struct sg_sensor *const sensors[] = {&journal_sensor, NULL};
static const struct sg_verb *const verbs[] = {&journal_vacuum, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "journal",
        .version = "1",
        .summary = "Size of the persistent systemd journal, and removal of its oldest files",
        .sensors = sensors,
        .verbs = verbs,
};
