/* SPDX-License-Identifier: MIT */
/*
 * state_file - a file of fixed size that still takes writes when its disk is full: allocated once, overwritten
 * in place, with a stand-in on tmpfs for when the disk cannot be had
 */
#ifndef EXECUTOR_STATE_FILE_H
#define EXECUTOR_STATE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum state_place {
        STATE_NOWHERE,  /* neither place takes it */
        STATE_VOLATILE, /* in run_dir, which a reboot forgets */
        STATE_DURABLE,
};

struct state_file_kind {
        const char *name;    /* of the file */
        const char *title;   /* "the record", for "... is kept in RUN" */
        const char *nowhere; /* "nothing can be recorded" */
        off_t size;
        /* Slots that are ours, and slots that are torn or foreign. */
        int (*count)(int fd, size_t *ret_good, size_t *ret_bad);
        /* Add to the durable file `to` what an earlier start had to keep in `from`. */
        int (*carry)(int to, int from);
};

struct state_file {
        const struct state_file_kind *kind;
        int fd; /* -1: nowhere */
        enum state_place place;
        gid_t group;
        char run_dir[PATH_MAX];
        char trouble[256]; /* one sentence, or "" */
};

/*
 * `group` may read the file (NULL: nobody).  Cannot fail: see `place` for what came of it.  A file that is not
 * ours is moved to NAME.bad.
 */
void state_file_init(struct state_file *file, const struct state_file_kind *kind, const char *state_dir,
        const char *run_dir, const char *group);
void state_file_deinit(struct state_file *file);
/*
 * `sync`: return only when it is on disk.  After a write error the stand-in takes the place of the file, empty,
 * which shows in `place`.  Negative: it is written nowhere.
 */
int state_file_write(struct state_file *file, off_t at, const void *bytes, size_t size, bool sync);
/* All of it at its place in a file, or a negative errno value. */
int state_file_put(int fd, off_t at, const void *bytes, size_t size);

#endif
