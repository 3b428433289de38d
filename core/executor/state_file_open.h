/* SPDX-License-Identifier: MIT */
/* state_file_open - finding, making and copying the file of a state_file.c; for that file alone */
#ifndef EXECUTOR_STATE_FILE_OPEN_H
#define EXECUTOR_STATE_FILE_OPEN_H

#include <stdbool.h>

#include "executor/state_file_kind.h"

/* 0: opened; -ENOENT: there is none; -EUCLEAN: not ours; or another negative errno value. */
int state_file_open(const struct state_file_kind *kind, const char *path, int *ret_fd);
/* The one that is there, or a new one; what is not ours is kept as NAME.bad. */
int state_file_open_or_create(const struct state_file_kind *kind, gid_t group, const char *path, int *ret_fd);
/*
 * A new file in the place of any that is there, with all that can be read of `base` (-1: nothing), and what `more`
 * (-1: nothing) adds to it.  A reader of that name finds the old one or the whole new one.
 */
int state_file_create(
        const struct state_file_kind *kind, gid_t group, const char *path, int base, int more, int *ret_fd);
/* The file system writes what is overwritten somewhere else first, so that may need room which is not there. */
bool state_file_copies_on_write(int fd);

#endif
