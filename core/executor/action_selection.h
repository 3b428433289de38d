/* SPDX-License-Identifier: MIT */
/* action_selection - may a descriptor that came from the watcher be handed to a verb? */
#ifndef EXECUTOR_ACTION_SELECTION_H
#define EXECUTOR_ACTION_SELECTION_H

/*
 * NULL, and *ret_fd is the caller's: the same file, opened by ourselves, at offset 0 and for reading only.  Or why
 * it is not acceptable.  `fd` (-1: none came) stays the caller's.
 */
const char *action_selection_open(int fd, int *ret_fd);

#endif
