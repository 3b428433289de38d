/* SPDX-License-Identifier: MIT */
/*
 * state_file_kind - write something at its place in a file that has its size already
 *
 * Runs in: executor.  Owns nothing, and syncs nothing.
 *
 * Fails with a negative errno value; -EIO when only a part of it was taken.
 */
#include "executor/state_file_kind.h"

#include <errno.h>
#include <unistd.h>

int state_file_put(int fd, off_t at, const void *bytes, size_t size) {
        ssize_t n;

        do
                n = pwrite(fd, bytes, size, at);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}
