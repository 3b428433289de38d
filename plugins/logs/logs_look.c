/* SPDX-License-Identifier: MIT */
/*
 * logs_look - measure the files that changed since the last look
 *
 * Runs in the watcher.  Only the files that inotify names are measured, however often they were written to since.
 * In a directory that is written to very much all files are measured instead, and nobody is told of each line
 * (logs_pace.c).  What a name cannot tell is left to a walk.
 *
 * Owns nothing.  Fails: what cannot be measured makes a walk wanted.  Limits: those of logs_sensor.h.
 */
#include "logs/logs_parts.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#define READ_BYTES 65536
#define READS_MAX 80 /* more than the kernel's queue can hold by default */

void logs_look_listen(struct logs *logs, struct logs_directory *directory) {
        int fd = logs_walk_open(&logs->roots[directory->root], directory->relative);

        logs->walk_wanted |= fd < 0 || logs_walk_listen(logs->fd, fd, directory->pace.busy) != directory->wd;
        if (fd >= 0)
                close(fd);
}

static void measure_at(struct logs *logs, struct logs_directory *directory, int fd, const char *name) {
        struct logs_entry entry, *before;
        struct statx status;

        if (logs_walk_stat(fd, name, &status) < 0) {
                logs->walk_wanted = true;
                return;
        }
        if (!S_ISREG(status.stx_mode) || logs_walk_device(&status) != logs->roots[directory->root].device)
                return;
        entry = logs_observe_entry(directory, &status);
        before = logs_table_find(&logs->table, &entry.identity);
        if (before && entry.size > before->size)
                directory->pace.bytes += entry.size - before->size;
        logs_observe(logs, before, &entry, directory, fd, name);
        logs->states[directory->root].disk_bytes += entry.disk_bytes - (before ? before->disk_bytes : 0);
        if (before)
                *before = entry;
        else if (!logs_table_insert(&logs->table, &entry))
                /* Not known next time either, and then it must not be counted again. */
                logs->states[directory->root].disk_bytes -= entry.disk_bytes;
}

static void measure(struct logs *logs, struct logs_directory *directory, const char *name) {
        int fd = logs_walk_open(&logs->roots[directory->root], directory->relative);

        if (fd < 0) {
                logs->walk_wanted = true;
                return;
        }
        measure_at(logs, directory, fd, name);
        close(fd);
}

struct listing {
        struct logs *logs;
        struct logs_directory *directory;
};

static void on_listed(int fd, const char *name, void *data) {
        const struct listing *listing = data;

        measure_at(listing->logs, listing->directory, fd, name);
}

static void measure_all(struct logs *logs, struct logs_directory *directory) {
        int fd = logs_walk_open(&logs->roots[directory->root], directory->relative), r = fd;

        if (fd >= 0)
                r = logs_walk_list(fd, LOGS_LISTED_MAX, on_listed, &(struct listing){logs, directory});
        if (r == -E2BIG)
                directory->n_entries = LOGS_LISTED_MAX + 1;
        logs->walk_wanted |= r < 0;
}

/* Returns whether there is any busy one. */
static bool go_by_pace(struct logs *logs) {
        uint32_t listed = 0;
        bool any = false;

        for (size_t i = 0; i < logs->directories.n; i++)
                if (logs->directories.items[i].pace.busy)
                        listed += logs->directories.items[i].n_entries;
        for (size_t i = 0; i < logs->directories.n; i++) {
                struct logs_directory *directory = &logs->directories.items[i];
                bool was_busy = directory->pace.busy;
                uint32_t others = was_busy ? listed - directory->n_entries : listed;

                if (was_busy)
                        measure_all(logs, directory);
                if (logs_pace_next(&directory->pace, others + directory->n_entries <= LOGS_LISTED_MAX)) {
                        listed = others + directory->n_entries;
                        any = true;
                } else {
                        listed = others;
                }
                if (directory->pace.busy == was_busy)
                        continue;
                logs_look_listen(logs, directory);
                /* What was written before somebody listened again. */
                if (was_busy)
                        measure_all(logs, directory);
        }
        return any;
}

static void read_events(struct logs *logs) {
        char bytes[READ_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));

        logs_events_clear(&logs->events);
        for (unsigned i = 0; i < READS_MAX; i++) {
                ssize_t n = read(logs->fd, bytes, sizeof(bytes));

                if (n <= 0)
                        return;
                logs_events_parse(&logs->events, bytes, (size_t)n);
        }
}

bool logs_look(struct logs *logs) {
        logs_deleted_read(&logs->deleted);
        read_events(logs);
        logs->walk_wanted |= logs->events.rescan;
        for (size_t i = 0; i < logs->events.n; i++) {
                bool known = false;

                for (size_t j = 0; j < logs->directories.n; j++)
                        if (logs->directories.items[j].wd == logs->events.changed[i].wd) {
                                logs->directories.items[j].pace.events += logs->events.changed[i].times;
                                measure(logs, &logs->directories.items[j],
                                        logs->events.names + logs->events.changed[i].name);
                                known = true;
                        }
                logs->walk_wanted |= !known;
        }
        return go_by_pace(logs) || logs->events.any;
}
