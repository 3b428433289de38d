/* SPDX-License-Identifier: MIT */
/*
 * state_file - a file of fixed size that still takes writes when its disk is full: allocated once, overwritten
 * in place, with a mirror on tmpfs for when the disk takes none
 */
#ifndef EXECUTOR_STATE_FILE_H
#define EXECUTOR_STATE_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "executor/state_file_kind.h"

enum state_place {
        STATE_NOWHERE,  /* neither place takes it */
        STATE_VOLATILE, /* in run_dir, which a reboot forgets */
        STATE_DURABLE,
};

struct state_file {
        const struct state_file_kind *kind;
        int durable, mirror; /* -1: there is none */
        bool apart;          /* state and run directory are two places */
        bool copies;         /* the file system does not overwrite in place: there is always a mirror */
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
/* The one to read, which has everything; -1: nowhere. */
int state_file_fd(const struct state_file *file);
/*
 * `sync`: return only when it is on disk.  After a write error the mirror takes the place of the file, which
 * shows in `place`.  Negative: it is written nowhere.
 */
int state_file_write(struct state_file *file, off_t at, const void *bytes, size_t size, bool sync);
/* Tries the disk again if it took no write before; true: it does now, and has all that was written meanwhile. */
bool state_file_mend(struct state_file *file);

#endif
