/* SPDX-License-Identifier: MIT */
/* loader_pipe - read what a child writes, bounded in size and time, and see it end */
#ifndef LOADER_LOADER_PIPE_H
#define LOADER_LOADER_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One pipe of a child.  What does not fit in `max` bytes is read and dropped, and `overflow` says so. */
struct loader_stream {
        int fd; /* closed by loader_pipe_collect() */
        size_t max;

        char *text; /* malloc, ended by NUL */
        size_t size;
        bool overflow;
};

/*
 * Reads the streams until all are at their end, then waits for the child.  A child that is not done after
 * `usec` is killed: -ETIME.  *ret_status as from waitpid().  The caller frees the texts in any case.
 */
int loader_pipe_collect(pid_t pid, struct loader_stream streams[], size_t n, uint64_t usec, int *ret_status);

#endif
