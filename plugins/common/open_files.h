/* SPDX-License-Identifier: MIT */
/* open_files - who has which file open, as /proc/PID/fd says */
#ifndef COMMON_OPEN_FILES_H
#define COMMON_OPEN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct open_files_id {
        dev_t device;
        ino_t inode;
};

/* One descriptor of one process: a file that is open three times comes three times, and ours come, too. */
struct open_file {
        pid_t pid;
        int fd;
        struct open_files_id id;
        uint64_t links;      /* names that it still has */
        uint64_t size;       /* as ls shows it */
        uint64_t held_bytes; /* its blocks on disk: what comes back with it */
        bool deleted;        /* no name is left */
        bool flags_known;    /* of open(): O_ACCMODE, O_APPEND ... */
        unsigned flags;
        const char *path; /* as /proc shows it, without " (deleted)": the holder may have chosen every byte */
};

/* What is passed over without being asked for more.  All that is set has to hold; zeros: every regular file. */
struct open_files_filter {
        const char *root; /* "" or a directory with a proc in it */
        bool deleted;     /* only files that no name is left of */
        /* Only files of these file systems (st_dev; on btrfs that is one subvolume). */
        const dev_t *devices;
        size_t n_devices;
        /*
         * Only these files, in any order.  The kernel tells a descriptor's inode without going near the file (since
         * 5.14), so that a dead network file system that somebody has open does not stop the walk.
         */
        const struct open_files_id *ids;
        size_t n_ids;
        /* Only files of such a path; asked before the file itself is looked at.  NULL: any. */
        bool (*wants)(const char *path, void *data);
};

struct open_files_seen {
        size_t processes; /* that were looked through */
        size_t hidden;    /* that live and do not let us look: what they hold is unknown */
};

/*
 * Calls on_file() for each descriptor that the filter lets through; both functions get `data`.  Returns 0 at the
 * end, or what on_file() returned when that was not 0, which ends the walk.  -ENOENT: there is not one process to
 * be seen, so nothing is known; another negative errno value when it cannot begin.  `ret_seen` may be NULL.
 */
int open_files_walk(const struct open_files_filter *filter,
        int (*on_file)(const struct open_file *file, void *data), void *data,
        struct open_files_seen *ret_seen);

/* Can it be written through this descriptor?  Yes, when nobody can say. */
bool open_files_writes(const struct open_file *file);

struct open_files_owner {
        char comm[32]; /* the name that the process gave itself, in printable ASCII */
        char unit
                [128]; /* of the system's own manager, "rsyslog.service"; empty: none, or not to be believed */
};
/* False: the process is gone. */
bool open_files_owner(const char *root, pid_t pid, struct open_files_owner *ret_owner);
/* The unit in the text of /proc/PID/cgroup; empty when it names none. */
void open_files_unit(const char *cgroup, char *unit, size_t size);

#endif
